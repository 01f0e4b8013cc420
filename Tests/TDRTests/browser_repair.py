"""People who put a transfer right at the web pages: a real browser, a real server and a real scanner.

    browser_repair.py TDR CASE FOLDER [SCREENSHOTS]

As browser.py; TDR_TEST_CLAMD names the socket of a clamd.
"""

import csv
import io
import shlex
import subprocess
import sys
from pathlib import Path

from browser import AWKWARD, PASSWORD, Browser, Client, check, download_bag, fetched, records, run
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

# The harmless file that every scanner calls a virus, in pieces, so that no source file is one.
EICAR = "X5O!P%@AP[4" + "\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!" + "$H+H*"
HOSTILE = "<script>document.title='broken'</script>"
SVG = "<svg xmlns='http://www.w3.org/2000/svg'><script>document.title='broken'</script></svg>\n"


def failing(folder, which):
    """Files that fail in many ways, or those that a person would put in their place."""
    script = Path(__file__).parent / "failing-records.py"
    subprocess.run([sys.executable, script, folder, which], check=True)
    return folder


def people(archive):
    archive.people()
    archive.run(
        "user", "add", "adele", "--name", "Adele Adviser", "--email", "adele@example.org", "--role", "transfer_adviser")
    archive.run("user", "password", "adele", text=PASSWORD + "\n")


def known(archive, browser):
    """A client with the browser's session."""
    client = Client(archive.url)
    cookie = browser.driver.get_cookie("tdr-session")["value"]

    def ask(path, form=None, headers=None, method=None):
        return Client.ask(client, path, form, {"Cookie": f"tdr-session={cookie}", **(headers or {})}, method)

    client.ask = ask
    return client


def unpacked(archive):
    """The one bag that has been exported, valid by bagit.py."""
    import bagit

    bags = list(archive.exports.glob("*.tar.gz"))
    check(len(bags) == 1, f"{bags}")
    folder = archive.folder / "unpacked"
    folder.mkdir()
    subprocess.run(["tar", "-xzf", bags[0], "-C", folder], check=True)
    bag = next(folder.iterdir())
    bagit.Bag(str(bag)).validate()
    return bag


def row(browser, name):
    """The row of a file in the results."""
    for one in browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr"):
        if name in one.text:
            return one
    raise AssertionError(f"no row for {name}: {browser.text[:1500]}")


def put(browser, name, file=None, reason=None):
    """Replaces or withdraws a file in its row of the results."""
    one = row(browser, name)
    one.find_element(By.TAG_NAME, "summary").click()
    if file:
        one.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(file))
        one.find_element(By.CSS_SELECTOR, "form[action$='/replace'] button").click()
        said = "The file is replaced"
    else:
        one.find_element(By.NAME, "reason").send_keys(reason)
        one.find_element(By.CSS_SELECTOR, "form[action$='/withdraw'] button").click()
        said = "The file is withdrawn"
    browser.wait(lambda: said in browser.text, f"{name} is not put right")


def standard(archive, shots):
    """A transfer with infected, encrypted and packed files, put right, described, reviewed, exported."""
    people(archive)
    archive.start()
    browser = Browser(archive.url, shots)
    adviser = Browser(archive.url, shots)
    try:
        browser.sign_in("maria")
        browser.at("/transfers$")
        path = browser.begin(status="welsh")
        folder = records(archive.folder / "Mixed <b>&", {**AWKWARD, "drawing.svg": SVG, "infected.txt": EICAR})
        (folder / "empty" / "emptier").mkdir(parents=True)
        bad = failing(archive.folder / "bad", "bad")
        for name in ("2 packed.zip", "4 locked.docx"):
            (folder / name).write_bytes((bad / name).read_bytes())
        good = failing(archive.folder / "good", "mended")
        check("does not tell of empty" in browser.text or "without its empty folders" in browser.text, browser.text)
        browser.drop(folder)
        check("empty folders: 1 ·" in browser.text, browser.text)
        browser.click("Start the upload")
        browser.at("/(checks|results)$")
        browser.checked(path, "/results")
        check("3 of 13 files need attention" in browser.text, browser.text)
        check("contains malware" in browser.text and "password" in browser.text and "unpack it" in browser.text.lower(),
              browser.text)
        browser.look("results-failed")

        # By reason.
        link = next(
            one for one in browser.driver.find_elements(By.CSS_SELECTOR, ".filters a") if "password" in one.text)
        check("(1)" in link.text, link.text)
        link.click()
        browser.wait(lambda: "show=FFID.PasswordProtected" in browser.driver.current_url, "the filter does nothing")
        check(len(browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr")) == 1, browser.text)
        browser.find("summary").click()
        browser.look("results-filtered")

        # The reports.
        base = f"{path}/failures"
        rows = list(csv.reader(io.StringIO(fetched(archive, browser, base + ".csv")[1].decode(), newline="")))
        check(rows[0] == ["Filepath", "Filename", "Action Required", "Error Details", "File Format", "PUID"], rows)
        check(len(rows) == 4, rows)
        import openpyxl

        sheet = openpyxl.load_workbook(io.BytesIO(fetched(archive, browser, base + ".xlsx")[1]))["Failures"]
        lines = [[cell.value for cell in line] for line in sheet.iter_rows()]
        check(lines[0] == ["StatusType", "StatusValue", *rows[0]], lines[0])
        check([sheet.column_dimensions[name].hidden for name in "ABC"] == [True, True, False], "hidden columns")
        found = sorted((*line[:2], line[3]) for line in lines[1:])
        check(found == [
            ("Antivirus", "VirusDetected", "infected.txt"), ("FFID", "PasswordProtected", "4 locked.docx"),
            ("FFID", "Zip", "2 packed.zip")], found)
        # The same as in the other form, cell by cell.
        check([[cell or "" for cell in line[2:]] for line in lines[1:]] == rows[1:], (lines, rows))
        page = fetched(archive, browser, base + ".html")[1].decode()
        check(page.count("<tr>") == 4 and "tdr upload" not in page, page)

        # Nothing that was uploaded is ever shown, whatever it is.
        client = known(archive, browser)
        browser.go(path + "/results?show=all")
        for name in ("drawing.svg", "page.html"):
            link = row(browser, name).find_element(By.TAG_NAME, "a").get_attribute("href")
            status, headers, text = client.ask(link.removeprefix(archive.url))
            check(status == 200 and HOSTILE not in text and "alert(1)" not in text, text)
            identity = link.rsplit("/", 1)[1]
            for place in (f"/pages/consignments/{path.rsplit('/', 1)[1]}/files/{identity}", f"{link}/content"):
                check(client.ask(place.removeprefix(archive.url))[0] in (404, 405), place)

        # Repairs, right there: the encrypted file by script, the infected one on its own page, the packed one withdrawn.
        browser.go(path + "/results?show=failed")
        put(browser, "4 locked.docx", file=good / "4 locked.docx")
        check("infected.txt" in browser.text, browser.text)
        row(browser, "infected.txt").find_element(By.TAG_NAME, "a").click()
        browser.at("/files/")
        browser.look("file-failed")
        browser.find("form[action$='/withdraw'] button").click()
        check(browser.path.rsplit("/", 1)[1] != "withdraw", "it is withdrawn without a reason")
        browser.find("input[type=file]").send_keys(str(good / "8 infected.txt"))
        browser.click("Replace the file")
        browser.wait(lambda: "The file is replaced" in browser.text, "the infected file is not replaced")
        browser.go(path + "/results?show=failed")
        put(browser, "2 packed.zip", reason=f"its files come in the next transfer {HOSTILE}")
        late = add(archive, browser, path, folder.name)
        browser.checked(path)
        browser.go(path + "/results")
        check(HOSTILE in browser.text and "Withdrawn files: 1" in browser.text, browser.text)
        check("broken" not in browser.driver.title, "a script in a reason ran")
        browser.look("results-repaired")
        row(browser, "infected.txt").find_element(By.TAG_NAME, "a").click()
        browser.at("/files/")
        check("Replaced" in browser.text and "Quarantine" in browser.text, browser.text)
        browser.look("file-repaired")

        describe(archive, browser, path)
        review(browser, adviser, path)

        browser.tick()
        browser.click("Confirm the transfer")
        browser.at("/export$")
        # What is confirmed stays as it is.
        browser.go(path + "/results")
        check(not browser.driver.find_elements(By.CSS_SELECTOR, "form.replace"), "a confirmed file can be replaced")
        browser.go(path + "/export")
        browser.click("Start the export")
        browser.wait(lambda: "is complete" in browser.text, "the export does not end")
        faults = [one for one in browser.complaints() + adviser.complaints() if "422" not in one and "404" not in one]
        check(not faults, f"the browser complains: {faults}")
    finally:
        browser.close()
        adviser.close()
    archive.stop()
    bag = unpacked(archive)
    data = bag / "data" / folder.name
    there = {str(one.relative_to(data)) for one in data.rglob("*") if one.is_file()}
    wanted = {*AWKWARD, "drawing.svg", "infected.txt", "4 locked.docx", f"deep/new {HOSTILE.replace('/', '')}/{late.name}"}
    check(there == wanted, there ^ wanted)
    check(next(data.rglob(late.name)).read_bytes() == late.read_bytes(), "the file that was added")
    check((data / "infected.txt").read_bytes() == (good / "8 infected.txt").read_bytes(), "the infected file")
    check((data / "4 locked.docx").read_bytes() == (good / "4 locked.docx").read_bytes(), "the encrypted file")
    table = list(csv.DictReader(io.StringIO((bag / "file-metadata.csv").read_text(encoding="utf-8"), newline="")))
    check([one["description"] for one in table if one["file_name"] == "plain.txt"] == [HOSTILE], table)
    check({one["legal_status"] for one in table} == {"Welsh Public Record(s)"}, table)
    check(any(one["file_name"] == "emptier" and one["file_type"] == "Folder" for one in table), table)


def add(archive, browser, path, top):
    """A file that was missing: into a new folder, with an awkward name, and so large that it is read in pieces."""
    late = archive.folder / 'came "late" & <i>last</i>.txt'.replace("/", "")
    late.write_bytes(b"a line of it\n" * 1_400_000 + b"end")
    words = "Add a file that is missing"

    def fill(folder, file):
        browser.find("#adding[open] input[name=folder]").clear()
        browser.find("#adding[open] input[name=folder]").send_keys(folder)
        browser.find("#adding[open] input[type=file]").send_keys(str(file))
        before = browser.find("main")
        browser.find("#adding[open] button").click()
        browser.wait(lambda: browser.find("main") != before, f"nothing comes of {folder}")

    browser.go(path + "/results?show=all")
    browser.find("#adding summary").click()
    check(words in browser.text, browser.text)
    browser.look("results-adding")
    for folder, file, said in [
        ("../elsewhere", late, "cannot be used"), (".", late, "cannot be used"),
        (top, archive.folder / top / "plain.txt", "There is a file or folder at"),
        ("plain.txt", late, "is a file in the consignment"),
    ]:
        fill(folder, file)
        check(said in browser.text, f"{folder} is not refused: {browser.text}")
        check(browser.find("#adding[open] input[name=folder]").get_attribute("value") == folder, "what was typed is gone")
    check(not [one for one in browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr") if late.name in one.text],
          browser.text)
    # By nobody else, not without the form's token, and no name that a form may have changed.
    client = known(archive, browser)
    csrf = client.token(path + "/results")

    def sent(client, csrf, name):
        parts = [("csrf", csrf), ("folder", ""), ("sha256", ""), ("modified", ""), ("name", "")]
        body = "".join(f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in parts)
        body += f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\nsome\r\n--x--\r\n'
        return client.ask(path + "/files", body.encode(), {"Content-Type": "multipart/form-data; boundary=x"})

    stranger = Client(archive.url)
    stranger.sign_in("stranger")
    check(sent(stranger, stranger.token("/account"), "a.txt")[0] == 404, "a stranger adds a file")
    check(sent(client, "0" * 64, "a.txt")[0] == 403, "a file is added without a token")
    for name in ("a%0D%0Ab.txt", "..", "", "a%22b.txt", "a/b.txt"):
        status, _, text = sent(client, csrf, name)
        check(status == 422 and "role=\"alert\"" in text, (name, status))
    # As the results show the path, with the top folder in front.
    fill(f"{top}/deep/new {HOSTILE.replace('/', '')}", late)
    browser.wait(lambda: "The file is added" in browser.text, "the file is not added")
    check("broken" not in browser.driver.title, "a script in a folder's name ran")
    browser.wait(lambda: (browser.go(path + "/results?show=all"), late.name in browser.text)[1], "it is not listed")
    return late


def table(browser, file, act):
    browser.find("input[type=file]").send_keys(str(file))
    browser.click(act)


def describe(archive, browser, path):
    """Metadata: the table down, up with errors, up without."""
    browser.go(path + "/metadata")
    rows = list(csv.reader(io.StringIO(fetched(archive, browser, path + "/metadata.csv")[1].decode(), newline="")))
    titles = rows[0]
    description = titles.index("description")
    closure = next(n for n, title in enumerate(titles) if title.startswith("closure status"))

    def write(name):
        file = archive.folder / name
        with open(file, "w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(rows)
        return file

    named = next(one for one in rows if one[0].endswith("/plain.txt"))
    named[description] = HOSTILE
    named[closure] = "<b>Perhaps</b>"
    rows.append(["nowhere.txt", *[""] * (len(titles) - 1)])
    bad = write("bad.csv")
    table(browser, bad, "Take it in")
    browser.wait(lambda: "What is wrong with the table" in browser.text, "no errors are shown")
    check("<b>Perhaps</b>" in browser.text and "nowhere.txt" in browser.text, browser.text)
    check("Nothing was changed" in browser.text and "tdr metadata" not in browser.text, browser.text)
    number = rows.index(named) + 1
    check(any(one.text.strip() == str(number) for one in browser.driver.find_elements(By.CSS_SELECTOR, "td.number")),
          f"no error in row {number}: {browser.text}")
    browser.look("metadata-errors")
    rows.pop()
    named[closure] = "Open"
    good = write("good.csv")
    table(browser, good, "Look at it")
    browser.wait(lambda: "No errors in" in browser.text, "the table is not good")
    table(browser, good, "Take it in")
    browser.wait(lambda: "The metadata is taken in" in browser.text, "the table is not taken in")
    check("broken" not in browser.driver.title, "a script in a table ran")
    browser.look("metadata-applied")


def review(browser, adviser, path):
    """Asked for, rejected, mended, asked for again, approved."""
    browser.click("Ask the archive to review the metadata")
    browser.at("/review$")
    browser.look("review")
    browser.find("textarea").send_keys(f"closure as agreed {HOSTILE}")
    browser.click("Ask for a review")
    browser.wait(lambda: "The archive is reviewing" in browser.text, "no review is asked for")
    browser.look("review-asked")
    browser.go(path + "/confirm")
    browser.at("/review$")

    def decide(word, notes, name):
        adviser.go("/reviews")
        adviser.look("reviews")
        adviser.driver.find_element(By.CSS_SELECTOR, ".cards a").click()
        adviser.at("/reviews/")
        check(HOSTILE in adviser.text and "broken" not in adviser.driver.title, adviser.text)
        if name:
            adviser.look(name)
        adviser.find(f"input[value={word}]").click()
        adviser.find("textarea").send_keys(notes)
        adviser.click("Record the decision")

    adviser.sign_in("adele")
    adviser.at("/reviews$")
    decide("reject", "", "review-case")
    adviser.wait(lambda: "Say why" in adviser.text, "a rejection needs no reason")
    decide("reject", "the description\nsays nothing", None)
    adviser.wait(lambda: "There is no review" in adviser.text, "the decision is not recorded")
    browser.go(path)
    browser.at("/review$")
    check("says nothing" in browser.text, browser.text)
    browser.look("review-rejected")
    browser.click("Mend the metadata")
    browser.at("/metadata$")
    browser.click("Continue")
    browser.at("/review$")
    browser.click("Ask for a review")
    browser.wait(lambda: "The archive is reviewing" in browser.text, "no second review")
    decide("approve", "", None)
    adviser.wait(lambda: "There is no review" in adviser.text, "the approval is not recorded")
    browser.go(path)
    browser.at("/confirm$")


def judgment(archive, shots, scripts=True):
    """A judgment from sign-in to its bag: one that is none is replaced first."""
    people(archive)
    archive.start()
    name = "Jüdgment [2026] UKSC 1.docx"
    good = archive.folder / "good"
    failing(good, "mended")
    folder = records(archive.folder / "Judgment", {name: "not what it says\n"})
    browser = Browser(archive.url, shots, scripts)
    try:
        browser.sign_in("maria")
        browser.at("/transfers$")
        browser.click("Transfer a judgment")
        browser.at("/details$")
        browser.find("input[name=noCitation]").click()
        browser.fill(citation=f"[2026] UKSC 1 {HOSTILE}")
        browser.click("Continue")
        browser.wait(lambda: "There is a neutral citation or there is none" in browser.text, "both are taken")
        check(browser.find("[name=citation]").get_attribute("value") == f"[2026] UKSC 1 {HOSTILE}", "it is forgotten")
        path = browser.begin_judgment(citation="[2026] UKSC 1", reference="UKSC <b>2026</b>/0001")
        # It can still be said otherwise.
        browser.go(path + "/details")
        check(browser.find("[name=citation]").get_attribute("value") == "[2026] UKSC 1", browser.text)
        browser.find("input[value=press_summary]").click()
        browser.fill(update="Typo", updateDetails="a name")
        browser.click("Continue")
        browser.at("/upload$")
        if scripts:
            browser.choose(folder / name)
            check("Files: 1 ·" in browser.text, browser.text)
            browser.look("upload-judgment")
        else:
            browser.find("input[type=file][name=file]").send_keys(str(folder / name))
            browser.look("upload-judgment-plain")
        browser.click("Start the upload")
        browser.at("/(checks|results)$")
        browser.checked(path, "/results")
        put(browser, name, file=good / "4 locked.docx")
        end = browser.wait(
            lambda: (browser.go(path), browser.path.endswith(("/confirm", "/export")))[1], "the checks do not end")
        if browser.path.endswith("/confirm"):
            browser.tick()
            browser.click("Confirm the transfer")
            browser.at("/export$")
            browser.click("Start the export")
        browser.wait(lambda: (browser.go(path + "/export"), "is complete" in browser.text)[1], "the export does not end")
        browser.look("judgment-complete" if scripts else "judgment-complete-plain")
        # What has been exported stays as it is.
        browser.go(path + "/details")
        check("[2026] UKSC 1" in browser.text and not browser.driver.find_elements(By.NAME, "citation"), browser.text)
        browser.look("details-exported" if scripts else "details-exported-plain")
    finally:
        browser.close()
    archive.stop()
    bag = unpacked(archive)
    there = [one for one in (bag / "data").rglob("*") if one.is_file()]
    check([one.name for one in there] == [name], there)
    check(there[0].read_bytes() == (good / "4 locked.docx").read_bytes(), "another judgment")
    table = list(csv.DictReader(io.StringIO((bag / "file-metadata.csv").read_text(encoding="utf-8"), newline="")))
    said = {name: value for one in table if one["file_type"] == "File" for name, value in one.items()}
    check({name: said[name] for name in said if name.startswith("judgment_")} == {
        "judgment_type": "press_summary", "judgment_update": "true", "judgment_update_type": "Typo",
        "judgment_update_details": "a name", "judgment_neutral_citation": "[2026] UKSC 1",
        "judgment_no_neutral_citation": "false", "judgment_reference": "UKSC <b>2026</b>/0001"}, said)


def plain(archive, shots):
    """Without JavaScript: all pages but the upload of a folder, which says how else."""
    judgment(archive, shots, scripts=False)
    archive.run("user", "add", "root", "--name", "Ruth Root", "--email", "root@example.org", "--role", "administrator")
    archive.run("user", "password", "root", text=PASSWORD + "\n")
    archive.start()
    browser, adviser, root = (Browser(archive.url, shots, scripts=False) for _ in range(3))
    try:
        browser.sign_in("maria")
        browser.at("/transfers$")
        browser.begin()
        command = f"tdr upload FOLDER --series 'MOCK 1' --server {archive.url}"
        check(command in browser.text, browser.text)
        check("Choose a folder" not in browser.text, browser.text)
        browser.look("upload-plain")
        path = plain_upload(archive, browser, command)
        plain_results(archive, browser, path)
        describe(archive, browser, path)
        review(browser, adviser, path)
        browser.look("confirm-plain")
        browser.tick()
        browser.click("Confirm the transfer")
        browser.at("/export$")
        browser.click("Start the export")
        browser.wait(
            lambda: (browser.go(path + "/export"), "is complete" in browser.text)[1], "the export does not end")
        browser.look("complete-plain")
        download_bag(archive, browser, path)
        plain_account(archive, browser)
        plain_administration(archive, root)
    finally:
        for one in (browser, adviser, root):
            one.close()
    archive.stop()


def plain_upload(archive, browser, command):
    """The folder that the page says how to send, sent so; the path of its transfer, which is in the list."""
    folder = records(archive.folder / "Plain", {"plain.txt": "a\n", "other.txt": "b\n"})
    (folder / "2 packed.zip").write_bytes((failing(archive.folder / "bad", "bad") / "2 packed.zip").read_bytes())
    archive.environment["TDR_TOKEN"] = archive.run("user", "token", "maria", "--name", "upload", "--scope", "read,transfer")
    words = shlex.split(command.replace("FOLDER", shlex.quote(str(folder))))
    reference = archive.run(*words[1:]).splitlines()[-1]
    del archive.environment["TDR_TOKEN"]
    browser.go("/transfers")
    next(one for one in browser.driver.find_elements(By.TAG_NAME, "a") if reference in one.text).click()
    browser.at("/transfers/[0-9a-f-]{36}/")
    return browser.path.rsplit("/", 1)[0]


def plain_results(archive, browser, path):
    """What the checks found, by reason, and a file withdrawn."""
    browser.checked(path, "/results")
    check("1 of 3 files need attention" in browser.text, browser.text)
    link = next(one for one in browser.driver.find_elements(By.CSS_SELECTOR, ".filters a") if "All files" in one.text)
    link.click()
    browser.wait(lambda: "show=all" in browser.driver.current_url, "the filter does nothing")
    check(len(browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr")) == 3, browser.text)
    browser.go(path + "/results?show=FFID.Zip")
    check(len(browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr")) == 1, browser.text)
    browser.look("results-plain")
    put(browser, "2 packed.zip", reason="its files come in the next transfer")
    browser.checked(path)
    browser.go(path + "/results")
    check("Withdrawn files: 1" in browser.text, browser.text)


def plain_account(archive, browser):
    """The account: another session ended, the password changed."""
    other = Client(archive.url)
    check(other.sign_in("maria")[0] == 303, "no second session")
    browser.go("/account")
    browser.look("account-plain")
    browser.click("End all other sessions")
    browser.wait(lambda: other.ask("/transfers")[0] == 303, "the other session goes on")
    browser.go("/account")
    browser.at("/account$")
    changed = "another horse, another battery"
    browser.fill(old=PASSWORD, password=changed, again=changed)
    browser.click("Change the password")
    browser.wait(lambda: "Your password is changed" in browser.text, "the password is not changed")
    check(Client(archive.url).sign_in("maria")[0] == 401, "the old password still counts")
    browser.sign_in("maria", changed)
    browser.at("/transfers$")


def plain_administration(archive, root):
    """A body, a series, a user; all pages of administrators."""
    root.sign_in("root")
    root.at("/admin$")
    for name in ("quarantine", "work", "doctor", "events", "users", "bodies"):
        root.go(f"/admin/{name}")
        check(root.find("h1").text and "could not do it" not in root.text, root.text)
    root.fill(name="Plain body", code="TDR-PLAIN")
    root.click("Add a body")
    root.wait(lambda: "TDR-PLAIN" in root.text, "no body")
    root.go("/admin/users")
    root.fill(login="plain", name="Paula Plain", email="paula@example.org", password=PASSWORD)
    root.find("option[value=TDR-PLAIN]").click()
    root.find("input[value=standard_user]").click()
    root.find("form.narrow button").click()
    root.wait(lambda: "plain can sign in now" in root.text, "no user")
    check(Client(archive.url).sign_in("plain")[0] == 303, "the new user cannot sign in")


def keyboard(archive, shots):
    """A whole transfer with the keyboard alone; only the dialog for the folder is the system's."""
    people(archive)
    archive.start()
    folder = records(archive.folder / "Keys", {"a.txt": "a\n", "b/c.txt": "c\n"})
    browser = Browser(archive.url, shots)

    def press(*keys):
        ActionChains(browser.driver).send_keys(*keys).perform()

    def focused():
        one = browser.driver.switch_to.active_element
        return one, " ".join([one.text, one.get_attribute("name") or "", one.get_attribute("id") or ""])

    def reach(*words):
        for _ in range(60):
            press(Keys.TAB)
            one, text = focused()
            if any(word in text for word in words):
                ring = one.value_of_css_property("outline-style")
                parent = one.find_element(By.XPATH, "..").value_of_css_property("outline-style")
                check("none" not in (ring, ) or parent != "none", f"nobody sees that {words} has the focus")
                return one
        raise AssertionError(f"{words} cannot be reached at {browser.path}")

    try:
        browser.go("/login")
        reach("login")
        press("maria", Keys.TAB, PASSWORD, Keys.ENTER)
        browser.at("/transfers$")
        reach("Begin a transfer")
        press(Keys.ENTER)
        browser.at("/series$")
        reach("series")
        press(Keys.SPACE)
        reach("Continue")
        press(Keys.ENTER)
        browser.at("/agreement$")
        for name in ("status", "appraisal", "sensitivity"):
            reach(name)
            press(Keys.SPACE)
        reach("Continue")
        press(Keys.ENTER)
        browser.at("/upload$")
        path = browser.path.rsplit("/", 1)[0]
        reach("pick").send_keys(str(folder))
        browser.wait(lambda: focused()[1].startswith("Start the upload"), "the list does not lead on")
        press(Keys.ENTER)
        browser.at("/(checks|results|metadata)$")
        browser.checked(path)
        reach("Go on without a table")
        press(Keys.ENTER)
        browser.at("/confirm$")
        reach("custody")
        press(Keys.SPACE)
        reach("Confirm the transfer")
        press(Keys.ENTER)
        browser.at("/export$")
        reach("Start the export")
        press(Keys.ENTER)
        browser.wait(lambda: "is complete" in browser.text, "the export does not end")
    finally:
        browser.close()
    archive.stop()
    check((unpacked(archive) / "data" / "Keys" / "b" / "c.txt").read_text() == "c\n", "the bag")


if __name__ == "__main__":
    run({"standard": standard, "judgment": judgment, "plain": plain, "keyboard": keyboard})
