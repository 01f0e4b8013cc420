"""Pages that follow what goes on at the archive, while it is stopped and started: a real browser and a real server.

    browser_live.py TDR CASE FOLDER [SCREENSHOTS]

As browser.py.
"""

import fcntl
import os
import re
import socket

from browser import PASSWORD, Browser, check, download_bag, records, run

LOST = "The connection to the archive is interrupted"


class Hold:
    """Keeps everybody from working on a consignment, as another process that works on it does."""

    def __init__(self, archive, path):
        folder = archive.folder / "store" / "locks"
        folder.mkdir(mode=0o700, exist_ok=True)
        self.file = os.open(folder / path.rsplit("/", 1)[1], os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def release(self):
        os.close(self.file)


def mark(browser):
    """From now on it shows whether the page was loaded again, and what its counts have said is kept."""
    browser.driver.execute_script(
        "window.marked = true; sessionStorage.setItem('said', '[]');"
        "const note = () => { const said = JSON.parse(sessionStorage.getItem('said'));"
        "said.push(Object.fromEntries([...document.querySelectorAll('.check:not([hidden])')].map((one) =>"
        " [one.querySelector('progress').dataset.kind,"
        " [one.querySelector('p').textContent, one.querySelector('progress').value]])));"
        "sessionStorage.setItem('said', JSON.stringify(said)); };"
        "new MutationObserver(note).observe(document.getElementById('checks'),"
        " { subtree: true, childList: true, characterData: true, attributes: true });")


def is_same_page(browser):
    return browser.driver.execute_script("return window.marked === true")


def goes_on(archive, browser, name):
    """The server stops in good order and starts again; the page says so and goes on by itself."""
    archive.stop()
    browser.wait(lambda: LOST in browser.text, "the page does not say that the archive is away")
    browser.look(name)
    archive.start()
    browser.wait(lambda: LOST not in browser.text, "the page does not come back by itself")
    check(is_same_page(browser), "the page was loaded again")


def checks(archive, shots):
    """The bars of the checks move by themselves, also after the server was stopped and started."""
    archive.people()
    archive.start()
    browser = Browser(archive.url, shots)
    try:
        browser.sign_in("maria")
        browser.at("/transfers$")
        path = browser.begin()
        hold = Hold(archive, path)
        browser.choose(records(archive.folder / "Live", {f"{n}.txt": f"{n}\n" for n in range(7)}))
        browser.click("Start the upload")
        browser.at("/checks$")
        browser.wait(lambda: "0 of 7 files" in browser.text, "no counts")
        mark(browser)
        goes_on(archive, browser, "checks-lost")
        check("0 of 7 files" in browser.text and "7 of 7 files" not in browser.text, browser.text)
        hold.release()
        browser.wait(lambda: "All checks are done" in browser.text, "the page does not end by itself")
        # By events alone, before the page showed the outcome.
        said = browser.driver.execute_script("return JSON.parse(sessionStorage.getItem('said'))")
        # Without a scanner there is no antivirus check, which is known only when the checks have begun.
        check(set(said[-1]) == {"checksum", "format", *(["antivirus"] if archive.clamd else [])}, said)
        for kind, (text, _) in said[-1].items():
            counts = [one[kind][1] for one in said if kind in one]
            check(counts == sorted(counts) and counts[0] == 0 and counts[-1] == 7, counts)
            check(text == "7 of 7 files", said)
    finally:
        browser.close()
    archive.stop()


def export(archive, shots):
    """How far an export is is shown to whoever transfers and to administrators, and its end by itself."""
    archive.people()
    archive.run("user", "add", "root", "--name", "Ruth Root", "--email", "root@example.org", "--role", "administrator")
    archive.run("user", "password", "root", text=PASSWORD + "\n")
    # A place that takes what comes, and never says a word: the export stays where it is.
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen(64)
    archive.target = "s3://archive/in"
    archive.more = ["--endpoint", f"http://127.0.0.1:{silent.getsockname()[1]}"]
    archive.environment.update(
        AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="testing123456", AWS_DEFAULT_REGION="us-east-1")
    archive.start()
    browser, root = Browser(archive.url, shots), Browser(archive.url, shots)
    try:
        browser.sign_in("maria")
        browser.at("/transfers$")
        path = browser.begin()
        browser.choose(records(archive.folder / "Live", {f"{n}.txt": f"{n}\n" for n in range(7)}))
        browser.click("Start the upload")
        browser.at("/(checks|results|metadata)$")
        browser.checked(path)
        browser.click("Go on without a table")
        browser.at("/confirm$")
        browser.tick()
        browser.click("Confirm the transfer")
        browser.at("/export$")
        browser.click("Start the export")
        browser.wait(lambda: re.search(r"\d of 7 files, .* of 14 B", browser.text), "no number")
        browser.look("exporting")
        root.sign_in("root")
        root.at("/admin$")
        root.go("/admin/work")
        check(re.search(r"\d of 7 files, .* of 14 B", root.text), root.text)
        root.look("work")
        browser.driver.execute_script("window.marked = true")
        archive.kill()
        browser.wait(lambda: LOST in browser.text, "the page does not say that the archive is away")
        check(is_same_page(browser), "the page was loaded again")
        archive.target, archive.more = str(archive.exports), []
        archive.start()
        browser.wait(lambda: "is complete" in browser.text, "the page does not end by itself")
        download_bag(archive, browser, path)
    finally:
        browser.close()
        root.close()
    silent.close()
    archive.stop()


if __name__ == "__main__":
    run({"checks": checks, "export": export})
