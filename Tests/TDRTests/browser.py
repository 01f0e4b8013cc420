"""People at the web pages: a real browser and a real server.

    browser.py TDR CASE FOLDER [SCREENSHOTS]

Ends with 0 when all went as it should; else says on stderr what did not. TDR is the program, FOLDER an empty folder.
"""

import base64
import csv
import hashlib
import http.cookiejar
import io
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

# Names of files are UTF-8 here, whatever the machine's own language is: the browser asks the locale.
os.environ["LC_ALL"] = "C.UTF-8"
PASSWORD = "correct horse battery"
# A sanitizer makes everything ten times as slow.
SECONDS = 900 if os.environ.get("SANITIZE") else 90

AWKWARD = {
    "plain.txt": "some text\n",
    "two words.txt": "words\n",
    "grüße – naïve 😀.txt": "text\n",
    "<img src=x onerror=document.title='broken'>.txt": "hostile\n",
    "'\"&amp;.txt": "hostile, too\n",
    "=HYPERLINK(1).txt": "formula\n",
    # No "%": RFC 8493 wants it escaped in manifests, and bagit.py takes the escape for a part of the name.
    "a#1?b=c&d.txt": "signs of addresses\n",
    "deep/er/and deeper/leaf.txt": "leaf\n",
    "page.html": "<!doctype html><title>x</title><script>alert(1)</script>\n",
}


def check(is_so, what):
    if not is_so:
        raise AssertionError(what)


def free_port():
    """One that nobody listens on, from below those that the system gives to connections by itself."""
    while True:
        port = random.randint(20_000, 31_999)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class Archive:
    """A store, and the server on it, which can be killed and started again."""

    def __init__(self, tdr, folder):
        self.tdr = tdr
        # A scanner that looks at every file, where a test has one.
        self.clamd = os.environ.get("TDR_TEST_CLAMD")
        self.folder = Path(folder)
        self.exports = self.folder / "exports"
        self.exports.mkdir(exist_ok=True)
        self.target = str(self.exports)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = None
        self.more = []
        self.log = open(self.folder / "server.log", "ab+")
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "TDR_STORE": str(self.folder / "store"),
        }
        # How a sanitizer reports is said from outside.
        for name in ("TSAN_OPTIONS", "ASAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        if self.clamd:
            self.environment["TDR_CLAMD"] = self.clamd

    def stop_clock(self):
        """It is always the same moment: whoever has to wait has to wait, however slow the machine is."""
        self.environment["TDR_CLOCK"] = "2026-11-25T12:00:00Z"

    def start(self):
        self.server = subprocess.Popen(
            [
                self.tdr, "serve-api", "--listen", f"127.0.0.1:{self.port}", "--export-to", self.target,
                "--offer-bags", *([] if self.clamd else ["--antivirus", "none"]), *self.more,
            ], stdout=subprocess.PIPE, stderr=self.log, env=self.environment)
        line = self.server.stdout.readline().decode().strip()
        check(line == self.url, f"the server says {line!r}: {self.said()[-2000:]}")

    def kill(self):
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()

    def stop(self):
        self.server.send_signal(signal.SIGTERM)
        check(self.server.wait(60) == 0, f"the server ended badly: {self.said()[-2000:]}")

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def run(self, *arguments, text=None):
        done = subprocess.run(
            [self.tdr, *arguments], env=self.environment, input=text, capture_output=True, text=True, check=False)
        check(done.returncode in (0, 2), f"{arguments}: {done.stderr}")
        return done.stdout.strip()

    def people(self):
        """A body with a series, two people of it, and one of another."""
        seed = self.folder / "Seed"
        seed.mkdir()
        (seed / "seed.txt").write_text("seed")
        for code, body in [("MOCK 1", "MOCK"), ("OTHER 1", "OTHER")]:
            self.run(
                "upload", str(seed), "--series", code, "--body", f"Body <{body}>", "--body-code", f"TDR-{body}",
                "--new", "--contact-name", "Ann Other", "--contact-email", "ann@example.org")
        for login, body in [("maria", "TDR-MOCK"), ("stranger", "TDR-OTHER")]:
            self.run(
                "user", "add", login, "--name", f"{login.title()} <b>Bold</b>", "--email", f"{login}@example.org",
                "--body", body, "--role", "standard_user,judgment_user")
            self.run("user", "password", login, text=PASSWORD + "\n")


class Browser:
    """A browser, by what people do with it."""

    def __init__(self, url, shots=None, scripts=True, prompts="dismiss and notify"):
        self.scripts = scripts
        options = webdriver.ChromeOptions()
        options.unhandled_prompt_behavior = prompts
        if not scripts:
            # Pages run none; the driver itself still can ask.
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.binary_location = "/usr/bin/chromium"
        for word in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1100,900"]:
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.url = url
        self.shots = Path(shots) if shots else None
        self.axe = None

    def close(self):
        self.driver.quit()

    def go(self, path):
        self.driver.get(self.url + path)

    @property
    def path(self):
        return urllib.parse.urlparse(self.driver.current_url).path

    @property
    def text(self):
        # A page that loads again takes its elements away from under the question; then it is asked anew.
        for _ in range(20):
            try:
                return self.driver.find_element(By.TAG_NAME, "body").text
            except WebDriverException as error:
                fault = error
        raise fault

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def wait(self, condition, what):
        try:
            # Pages that load again take their elements away from under the question, which the driver tells of in
            # several ways.
            WebDriverWait(
                self.driver, SECONDS, poll_frequency=0.1, ignored_exceptions=[WebDriverException]
            ).until(lambda _: condition())
        except Exception as error:
            raise AssertionError(f"{what}; at {self.path} there is: {self.text[:1500]}; {self.complaints()}") from error

    def at(self, end):
        self.wait(lambda: re.search(end, self.path), f"did not come to {end}")

    def fill(self, **values):
        for name, value in values.items():
            field = next(
                one for one in self.driver.find_elements(By.CSS_SELECTOR, f"[name={name}]") if one.is_displayed())
            field.clear()
            field.send_keys(value)

    def click(self, text):
        for one in self.driver.find_elements(By.CSS_SELECTOR, "button, a"):
            if one.is_displayed() and one.text.strip() == text:
                one.click()
                return
        raise AssertionError(f"nothing says {text!r} at {self.path}: {self.text[:1500]}")

    def tick(self, selector="main input[type=checkbox]"):
        for one in self.driver.find_elements(By.CSS_SELECTOR, selector):
            self.wait(lambda: one.is_selected() or (one.click(), one.is_selected())[1], "it cannot be ticked")

    def sign_in(self, login, password=PASSWORD):
        self.go("/login")
        self.fill(login=login, password=password)
        self.find("main button").click()

    def complaints(self):
        """What the browser itself had to complain about."""
        return [one["message"] for one in self.driver.get_log("browser") if one["level"] == "SEVERE"]

    def look(self, name):
        """The page wide and narrow, in light and in the dark: whether it fits, what axe-core has to say, and a picture."""
        before = self.driver.execute_script("return window.innerWidth")
        for width in (1000, 400):
            self.resize(width, 800)
            wide = self.driver.execute_script("return document.documentElement.scrollWidth")
            check(wide <= width, f"{name} is {wide} wide on a screen of {width}")
            if self.shots:
                high = self.driver.execute_script("return document.documentElement.scrollHeight")
                self.resize(width, min(high, 2400))
                self.driver.save_screenshot(str(self.shots / f"{name}-{width}.png"))
            for scheme in ("light", "dark"):
                self.driver.execute_cdp_cmd(
                    "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
                self.ask_axe(f"{name}, {width} wide, {scheme}", only=None if scheme == "light" else "color-contrast")
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        # Else the next click would go to where something was.
        self.wait(lambda: self.driver.execute_script("return window.innerWidth") == before, f"{name} stays narrow")

    def resize(self, width, height):
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def ask_axe(self, name, only=None):
        # It is a script of the page for the browser, and only one that runs scripts lets it work.
        if not self.scripts:
            return
        if self.axe is None:
            import axe_core_python

            self.axe = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": "window.axe || (() => {" + self.axe + "})()"})
        # Colours that fade into others are looked at when they have settled.
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "const options = arguments[0] ? { runOnly: { type: 'rule', values: [arguments[0]] } } : {};"
            "Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)))"
            ".then(() => axe.run(options)).then((all) => done({ passed: all.passes.length,"
            " bad: all.violations.map((one) => ({ id: one.id, impact: one.impact,"
            " nodes: one.nodes.map((node) => node.html).slice(0, 3) })) }), (error) => done({ passed: 0, bad: [String(error)] }));",
            only)
        check(found["passed"] > 0, f"axe-core looked at nothing on {name}: {found}")
        grave = [one for one in found["bad"] if one["impact"] in ("serious", "critical")]
        check(not grave, f"axe-core finds on {name}: {json.dumps(grave)}")

    def begin(self, series="MOCK 1", status="public"):
        """A standard transfer up to its upload; its path."""
        self.go("/transfers")
        self.click("Begin a transfer")
        self.at("/series$")
        self.look("series")
        for one in self.driver.find_elements(By.CSS_SELECTOR, "label.choice"):
            if series in one.text:
                one.click()
        self.click("Continue")
        self.at("/agreement$")
        self.look("agreement")
        self.tick(f"input[name=status][value={status}]")
        self.tick()
        self.click("Continue")
        self.at("/upload$")
        return self.path.rsplit("/", 1)[0]

    def begin_judgment(self, **said):
        """A judgment up to its upload, with what is said of it; its path."""
        self.go("/transfers")
        self.click("Transfer a judgment")
        self.at("/details$")
        self.look("details" if self.scripts else "details-plain")
        self.fill(**said)
        self.click("Continue")
        self.at("/upload$")
        return self.path.rsplit("/", 1)[0]

    def choose(self, folder):
        self.find("#pick").send_keys(str(folder))
        self.wait(lambda: self.find("#listed").is_displayed() or self.find("#trouble").is_displayed(), "no list came")

    def throttle(self, throughput):
        """How many bytes a second go out; -1 for as many as can."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": throughput})

    def checked(self, path, end="/metadata"):
        """Waits until the checks have ended, and led there."""
        self.wait(lambda: (self.go(path), self.path.endswith(end))[1], f"the checks do not lead to {end}")

    def drop(self, *paths):
        """As a hand does it, which brings empty folders along."""
        spot = self.driver.execute_script(
            "const r = document.getElementById('drop').getBoundingClientRect();"
            "return { x: r.x + r.width / 2, y: r.y + r.height / 2 }")
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.driver.execute_cdp_cmd("Input.dispatchDragEvent", {"type": kind, **spot, "data": data})
        self.wait(lambda: self.find("#listed").is_displayed() or self.find("#trouble").is_displayed(), "no list came")


class Client:
    """Requests that no browser would make."""

    def __init__(self, url):
        self.url = url
        self.cookies = http.cookiejar.CookieJar()

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None

        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies), Stay)

    def ask(self, path, form=None, headers=None, method=None):
        data = urllib.parse.urlencode(form).encode() if isinstance(form, dict) else form
        request = urllib.request.Request(
            self.url + path, data=data, headers={"Accept": "text/html", **(headers or {})}, method=method)
        try:
            answer = self.opener.open(request)
        except urllib.error.HTTPError as error:
            answer = error
        return answer.status, dict(answer.headers), answer.read().decode(errors="replace")

    def token(self, path):
        return re.search(r'name="csrf" value="([0-9a-f]{64})"', self.ask(path)[2])[1]

    def sign_in(self, login, password=PASSWORD):
        return self.ask("/login", {"csrf": self.token("/login"), "login": login, "password": password})

    def cookie(self, name):
        return next((one.value for one in self.cookies if one.name == name), None)


def fetched(archive, browser, path):
    """A download: its headers and its bytes."""
    cookie = browser.driver.get_cookie("tdr-session")["value"]
    request = urllib.request.Request(archive.url + path, headers={"Cookie": f"tdr-session={cookie}"})
    with urllib.request.urlopen(request) as answer:
        check("attachment" in answer.headers["Content-Disposition"], answer.headers)
        check(answer.headers["X-Content-Type-Options"] == "nosniff", answer.headers)
        return answer.headers, answer.read()


def download_bag(archive, browser, path):
    """The bag from the page, which is what the page, the answer and the file beside it say."""
    browser.go(path + "/export")
    link = next(one for one in browser.driver.find_elements(By.TAG_NAME, "a") if one.text == "Download the package")
    headers, bag = fetched(archive, browser, urllib.parse.urlparse(link.get_attribute("href")).path)
    digest = hashlib.sha256(bag)
    check(int(headers["Content-Length"]) == len(bag), headers)
    check(headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:", headers)
    check(digest.hexdigest() in browser.text, browser.text)
    name = re.search(r'filename="([^"]+)"', headers["Content-Disposition"])[1]
    check((archive.exports / name).read_bytes() == bag, "another file")
    check((archive.exports / f"{name}.sha256").read_text() == f"{digest.hexdigest()}  {name}\n", "the file beside it")


def records(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def whole_transfer(archive, shots):
    """From an empty store to a bag: everything on pages."""
    archive.start()
    # On stderr, before the address on stdout; another file, so it may be seen a little later.
    while not (link := re.search(r"http://\S+(/setup/\w{64})", archive.said())):
        time.sleep(0.02)
    setup = link[1]
    admin = Browser(archive.url, shots)
    browser = Browser(archive.url, shots)
    try:
        admin.go(setup)
        admin.look("setup")
        admin.fill(login="root", name="Ruth Root", email="root@example.org", password=PASSWORD, again=PASSWORD)
        admin.click("Make the account")
        admin.at("/admin$")
        admin.look("admin")
        status, _, _ = Client(archive.url).ask(setup)
        check(status == 404, f"the link works twice: {status}")
        admin.go("/admin/bodies")
        admin.fill(name="Mock <i>Body</i>", code="TDR-MOCK")
        admin.click("Add a body")
        admin.wait(lambda: "Mock <i>Body</i>" in admin.text, "no body")
        admin.find("#series-code").send_keys("MOCK 1")
        admin.find("#series-name").send_keys("Mock <script>alert(1)</script>")
        admin.click("Add a series")
        admin.wait(lambda: "MOCK 1" in admin.text, "no series")
        admin.look("bodies")
        admin.go("/admin/users")
        admin.fill(login="maria", name="Maria Muster", email="maria@example.org", password=PASSWORD)
        admin.find("option[value=TDR-MOCK]").click()
        admin.find("input[value=standard_user]").click()
        admin.find("form.narrow button").click()
        admin.wait(lambda: "maria can sign in now" in admin.text, "no user")
        admin.look("users")
        for name in ("quarantine", "doctor", "events"):
            admin.go(f"/admin/{name}")
            admin.look(name)
        admin.go("/nowhere")
        check("There is nothing here" in admin.text, admin.text)
        admin.look("error")

        browser.go("/login")
        browser.look("login")
        browser.sign_in("maria")
        browser.at("/transfers$")
        browser.look("transfers-empty")
        path = browser.begin()
        browser.look("upload")
        folder = records(archive.folder / "Records <b>&", AWKWARD)
        (folder / "empty" / "emptier").mkdir(parents=True)
        (folder / "Thumbs.db").write_text("x")
        browser.drop(folder)
        check("Files: 9 · empty folders: 1 ·" in browser.text, browser.text)
        check("Thumbs.db" in browser.text, browser.text)
        browser.look("upload-listed")
        browser.click("Start the upload")
        browser.at("/(checks|results|metadata)$")
        browser.checked(path)
        browser.look("metadata")
        browser.click("Go on without a table")
        browser.at("/confirm$")
        browser.look("confirm")
        browser.go(path + "/checks")
        browser.look("checks")
        browser.go(path + "/results?show=all")
        check("<img src=x onerror=document.title='broken'>.txt" in browser.text, browser.text)
        check("broken" not in browser.driver.title, "a script in a file name ran")
        browser.look("results")
        browser.driver.find_elements(By.CSS_SELECTOR, "td a")[0].click()
        browser.at("/files/")
        browser.look("file")
        browser.go(path + "/confirm")
        browser.tick()
        browser.click("Confirm the transfer")
        browser.at("/export$")
        browser.look("export")
        browser.click("Start the export")
        browser.wait(lambda: "is complete" in browser.text, "the export does not end")
        browser.look("complete")
        download_bag(archive, browser, path)
        browser.go("/transfers")
        check("Transferred" in browser.text, browser.text)
        browser.look("transfers")
        browser.go("/account")
        browser.look("account")
        bad = [one for one in browser.complaints() + admin.complaints() if "404" not in one]
        check(not bad, f"the browser complains: {bad}")
    finally:
        admin.close()
        browser.close()
    archive.stop()
    bags = list(archive.exports.glob("*.tar.gz"))
    check(len(bags) == 1, f"{bags}")
    unpacked = archive.folder / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "-xzf", bags[0], "-C", unpacked], check=True)
    bag = next(unpacked.iterdir())
    import bagit

    bagit.Bag(str(bag)).validate()
    there = {str(one.relative_to(bag / "data")) for one in (bag / "data").rglob("*") if one.is_file()}
    for name, text in AWKWARD.items():
        found = [one for one in there if one == name or one.endswith("/" + name)]
        check(found, f"{name} is not in the bag: {there}")
        check((bag / "data" / found[0]).read_text() == text, f"{name} is another file in the bag")
    check(not any("Thumbs" in one for one in there), "what the system keeps was sent")


def failures(archive, shots):
    """Files with findings, in words, and the report; a judgment."""
    archive.people()
    archive.start()
    browser = Browser(archive.url, shots)
    try:
        browser.sign_in("maria")
        browser.at("/transfers$")
        path = browser.begin()
        folder = records(archive.folder / "Mixed", {"good.txt": "good\n", "=empty.txt": ""})
        subprocess.run(
            [sys.executable, "-c", "import zipfile,sys; zipfile.ZipFile(sys.argv[1],'w').writestr('a','b')",
             str(folder / "packed.zip")], check=True)
        browser.choose(folder)
        browser.click("Start the upload")
        browser.at("/(checks|results)$")
        browser.wait(lambda: (browser.go(path), browser.path.endswith("/results"))[1], "no results")
        check("2 of 3 files need attention" in browser.text, browser.text)
        check("Unpack it" in browser.text and "Is empty" in browser.text, browser.text)
        browser.look("results-failed")
        browser.driver.find_elements(By.CSS_SELECTOR, "td a")[0].click()
        browser.at("/files/")
        browser.look("file-failed")
        # Nobody gets past it.
        browser.go(path + "/confirm")
        browser.at("/results$")
        client = Client(archive.url)
        client.sign_in("maria")
        status, headers, text = client.ask(path + "/failures.csv")
        check(status == 200 and "attachment" in headers["Content-Disposition"], headers)
        rows = list(csv.reader(io.StringIO(text, newline="")))
        check(sorted(row[1] for row in rows[1:]) == ["'=empty.txt", "packed.zip"], rows)
        formulas = [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r")]
        check(not formulas, f"a spreadsheet would compute {formulas}")

        # Nothing has to be said of a judgment.
        browser.begin_judgment()
        judgment = archive.folder / "judgment.docx"
        judgment.write_text("not what it says\n")
        browser.choose(judgment)
        check("Files: 1 ·" in browser.text, browser.text)
        browser.look("upload-judgment")
        browser.click("Start the upload")
        browser.at("/(checks|results|confirm)$")
    finally:
        browser.close()
    archive.stop()


def resume(archive, shots):
    """Two thousand files, the server killed twice in between, and the page loaded again."""
    archive.people()
    archive.start()
    folder = records(archive.folder / "Many", {f"{n // 50}/file {n}.txt": f"{n:04d}\n" * 2400 for n in range(2000)})
    browser = Browser(archive.url, shots, prompts="accept")
    try:
        browser.sign_in("maria")
        browser.at("/transfers$")
        path = browser.begin()
        browser.choose(folder)

        def sent():
            found = re.match(r"([\d,]+) of", browser.find("#send-says").text)
            return int(found[1].replace(",", "")) if found else 0

        def asks():
            """Whether the page would have the browser ask before it is left."""
            return browser.driver.execute_script(
                "const leaving = new Event('beforeunload', { cancelable: true });"
                "window.dispatchEvent(leaving); return leaving.defaultPrevented;")

        check(not asks(), "the page holds people back before anything is sent")
        # So slow that there is an in between; then nearly still, so that it lasts.
        browser.throttle(1_000_000)
        browser.click("Start the upload")
        before = 0
        for name in ("uploading", None):
            browser.wait(lambda: sent() >= before + 20, "nothing is sent")
            if name:
                check(asks(), "the page can be left though that interrupts the upload")
                browser.wait(
                    lambda: re.fullmatch(r"[\d.]+ (B|kB|MB)/s, about [\d.]+ (s|min|h) left", browser.find("#rate").text),
                    "neither rate nor time left is shown")
            browser.throttle(1000)
            if name:
                browser.look(name)
            archive.kill()
            # What is not written to is not seen to be gone.
            browser.throttle(1_000_000)
            browser.wait(lambda: "cannot be reached" in browser.text, "the loss of the server is not told")
            if name:
                browser.look(f"{name}-offline")
            browser.throttle(1000)
            archive.start()
            before = sent()
            browser.throttle(1_000_000 if name else 1000)
        check(sent() < 2000, "all was sent before the page was loaded again")
        # Leaving interrupts something, so the browser asks; the answer is yes.
        browser.driver.execute_cdp_cmd("Page.enable", {})
        browser.driver.execute_cdp_cmd("Page.navigate", {"url": archive.url + path + "/upload"})
        browser.wait(lambda: "This upload has begun" in browser.text, "the page does not tell what is there")
        check(not asks(), "a page that was loaded again holds people back")
        browser.look("upload-again")
        browser.throttle(-1)
        browser.choose(folder)
        browser.click("Start the upload")
        browser.at("/(checks|results|metadata)$")
        browser.checked(path)
    finally:
        browser.close()
    archive.stop()
    reference = next(
        one["reference"] for one in json.loads(archive.run("status", "--json")) if one["totalFiles"] == 2000)
    listed = [json.loads(line) for line in archive.run("status", reference, "--files", "--json").splitlines()]
    there = sorted(one["path"] for one in listed if one["path"].endswith(".txt"))
    check(there == sorted(f"Many/{n // 50}/file {n}.txt" for n in range(2000)), f"{len(there)} files: {there[:5]}")
    check(len({one["fileReference"] for one in listed}) == len(listed), "a reference was given twice")
    # Each once: as many objects as files, and those of the seed.
    objects = [one for one in (archive.folder / "store" / "objects").rglob("*") if one.is_file()]
    check(len(objects) == 2000 + 2, len(objects))


def large(archive, _):
    """A file so large that it is sent while its checksum is computed; the server killed while it comes."""
    archive.people()
    archive.start()
    folder = archive.folder / "Film"
    folder.mkdir()
    # No multiple of anything that it is read or sent by, and no piece like another.
    data = b"".join(hashlib.sha256(b"%d" % number).digest() * 1024 for number in range(2100)) + b"the end"
    (folder / "film.bin").write_bytes(data)
    browser = Browser(archive.url)
    try:
        browser.sign_in("maria")
        browser.at("/transfers$")
        path = browser.begin()
        browser.choose(folder)
        browser.throttle(4_000_000)
        browser.click("Start the upload")
        browser.wait(lambda: browser.driver.execute_script("return document.getElementById('send-bar').value > 0"),
                     "nothing is sent")
        archive.kill()
        browser.wait(lambda: "cannot be reached" in browser.text, "the loss of the server is not told")
        archive.start()
        browser.throttle(-1)
        browser.at("/(checks|results|metadata)$")
        browser.wait(lambda: (browser.go(path), browser.path.endswith(("/results", "/metadata")))[1], "the checks do not end")
    finally:
        browser.close()
    archive.stop()
    listed = [
        json.loads(line) for one in json.loads(archive.run("status", "--json")) if one["totalFiles"] == 1
        for line in archive.run("status", one["reference"], "--files", "--json").splitlines()]
    found = [one for one in listed if one["path"] == "Film/film.bin"]
    check(len(found) == 1, listed)
    objects = [one for one in (archive.folder / "store" / "objects").rglob("*")
               if one.is_file() and one.stat().st_size == len(data)]
    check(len(objects) == 1 and objects[0].read_bytes() == data, "the bytes are others")


def security(archive, _):
    """What must fail."""
    archive.stop_clock()
    archive.people()
    archive.start()
    # A session that somebody else has planted is not taken over.
    client = Client(archive.url)
    status, headers, _ = client.ask("/login")
    check(status == 200, status)
    policy = headers["Content-Security-Policy"]
    check("unsafe" not in policy and "frame-ancestors 'none'" in policy and "default-src 'none'" in policy, policy)
    check(headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "same-origin", headers)
    status, headers, _ = client.sign_in("maria")
    check(status == 303 and headers["Location"] == "/transfers", (status, headers))
    check("HttpOnly" in str(headers) and "SameSite=Lax" in str(headers), headers)
    first = client.cookie("tdr-session")
    planted = Client(archive.url)
    planted.cookies.set_cookie(http.cookiejar.Cookie(
        0, "tdr-session", "a" * 64, None, False, "127.0.0.1", True, False, "/", True, False, None, False, None, None, {}))
    planted.sign_in("maria")
    check(planted.cookie("tdr-session") not in ("a" * 64, first, None), "a planted session was taken over")

    # Changes need the form's token of this very session, and come from our own pages.
    token = client.token("/transfers")
    for form, headers in [
        ({"type": "standard"}, {}),
        ({"type": "standard", "csrf": "0" * 64}, {}),
        ({"type": "standard", "csrf": planted.token("/transfers")}, {}),
        ({"type": "standard", "csrf": token}, {"Origin": "http://evil.example"}),
        ({"type": "standard", "csrf": token}, {"Sec-Fetch-Site": "cross-site"}),
    ]:
        status, _, text = client.ask("/transfers", form, headers)
        check(status == 403 and "Nothing was changed" in text, (status, text))
    status, headers, _ = client.ask("/transfers", {"type": "standard", "csrf": token})
    check(status == 303, status)
    mine = headers["Location"]
    identity = mine.rsplit("/", 1)[1]
    for token_headers in [{}, {"X-CSRF-Token": "0" * 64}]:
        status, _, _ = client.ask(
            f"/pages/consignments/{identity}/list", b"{}", {"Content-Type": "application/json", **token_headers})
        check(status == 403, f"the list needs no token: {status}")

    # Without JavaScript: plain forms lead to the upload, whose page says how else to send the files.
    text = client.ask(mine + "/series")[2]
    token = re.search(r'name="csrf" value="([0-9a-f]{64})"', text)[1]
    series = re.search(r'name="series" value="([0-9a-f-]{36})"', text)[1]
    check(client.ask(mine + "/confirm")[0] == 303, "the steps can be left out")
    status, _, text = client.ask(mine + "/agreement", {"csrf": token})
    check(status == 303, f"agreed before the series was chosen: {status}")
    check(client.ask(mine + "/series", {"csrf": token, "series": series})[0] == 303, "no series")
    status, _, text = client.ask(mine + "/agreement", {"csrf": token, "status": "welsh", "appraisal": "yes"})
    check(status == 422 and "All of them" in text, status)
    # What was said already is kept on the page that asks again.
    check(re.search(r'value="welsh" checked', text) and re.search(r'name="appraisal" value="yes" checked', text), text)
    agreed = {"csrf": token, "appraisal": "yes", "sensitivity": "yes"}
    for wrong in ({}, {"status": "<b>mine</b>"}):
        status, _, text = client.ask(mine + "/agreement", {**agreed, **wrong})
        check(status == 422 and "Choose the legal status" in text and "<b>mine" not in text, (status, text))
    agreed["status"] = "public"
    check(client.ask(mine + "/agreement", agreed)[0] == 303, "not agreed")
    text = client.ask(mine + "/upload")[2]
    check("<noscript>" in text and f"--server {archive.url}" in text, text)

    # What is another's looks like what is not there.
    other = Client(archive.url)
    other.sign_in("stranger")
    token = other.token("/transfers")
    nowhere = "/transfers/00000000-0000-4000-8000-000000000000"
    for page in [
        "", "/series", "/agreement", "/details", "/upload", "/checks", "/results", "/metadata", "/metadata.csv", "/review", "/confirm",
        "/export", "/bag", "/failures.csv", "/failures.xlsx", "/failures.html",
    ]:
        seen = other.ask(mine + page)
        none = other.ask(nowhere + page)
        clean = lambda text: re.sub(r"<code>.*?</code>", "", text)
        check(seen[0] == 404 and clean(seen[2]) == clean(none[2]), (page, seen[0]))
    for page in ["/series", "/agreement", "/details", "/checks", "/metadata/none", "/review", "/confirm", "/export"]:
        status, _, _ = other.ask(mine + page, {"csrf": token})
        check(status == 404, (page, status))
    status, _, _ = other.ask(
        f"/pages/consignments/{identity}/list",
        json.dumps({"parentFolder": "R", "includeTopLevelFolder": False, "files": [], "emptyFolders": [], "more": True}).encode(),
        {"Content-Type": "application/json", "X-CSRF-Token": token})
    check(status == 404, status)
    for page in ["/admin", "/admin/users", "/admin/events", "/admin/doctor", "/admin/bodies", "/admin/quarantine"]:
        check(other.ask(page)[0] == 404, page)
    check(other.ask("/admin/users", {"csrf": token, "login": "x"})[0] == 404, "a stranger adds users")

    # Signing out ends the session itself, not only the cookie.
    secret = other.cookie("tdr-session")
    other.ask("/logout", {"csrf": token})
    thief = Client(archive.url)
    status, headers, _ = thief.ask("/transfers", headers={"Cookie": f"tdr-session={secret}"})
    check(status == 303 and headers["Location"].startswith("/login"), (status, headers))
    # Where to go after signing in is a place of ours.
    for place in ["//evil.example", "https://evil.example", "/\\evil.example"]:
        one = Client(archive.url)
        status, headers, _ = one.ask(
            "/login", {"csrf": one.token("/login"), "login": "maria", "password": PASSWORD, "next": place})
        check(headers.get("Location") == "/transfers", headers)

    # Guessing: after some tries even the right password has to wait.
    guesser = Client(archive.url)
    seen = [guesser.sign_in("stranger", f"wrong {n}")[0] for n in range(8)]
    check(seen[0] == 401 and 429 in seen, seen)
    check(guesser.sign_in("stranger")[0] in (429, 401), "the right password did not have to wait")
    for secret in (PASSWORD, first, secret):
        check(secret not in archive.said(), "a secret is in the log")
    check(client.ask("/assets/../en.json")[0] == 404 and client.ask("/assets/nothing")[0] == 404, "assets")
    archive.stop()


def run(cases):
    served = Archive(sys.argv[1], sys.argv[3])
    try:
        cases[sys.argv[2]](served, sys.argv[4] if len(sys.argv) > 4 else None)
    finally:
        if served.server and served.server.poll() is None:
            served.kill()


CASES = {"transfer": whole_transfer, "failures": failures, "resume": resume, "large": large, "security": security}

if __name__ == "__main__":
    run(CASES)
