"""Signing in and administration at the web pages: a real browser, a real server, a real provider.

    administration.py TDR CASE FOLDER [SCREENSHOTS]

Ends with 0 when all went as it should; else says on stderr what did not.
"""

import base64
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid

from browser import PASSWORD, Archive, Browser, By, Client, check
from openid_provider import Provider

EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
NEW_PASSWORD = "another horse, another battery"


def is_in(client):
    """Whether a client is signed in."""
    status, headers, _ = client.ask("/account")
    check(status == 200 or headers.get("Location", "").startswith("/login"), (status, headers))
    return status == 200


def history(archive):
    """What the history of people says, as text."""
    client = Client(archive.url)
    client.sign_in("root")
    text = client.ask("/admin/events")[2]
    check("<table" in text, text)
    return text


def administrator(archive):
    archive.run("user", "add", "root", "--name", "Ruth Root", "--email", "root@example.org", "--role", "administrator")
    archive.run("user", "password", "root", text=PASSWORD + "\n")


# A provider


def begin(client, place=""):
    """What the browser is sent to the provider with."""
    status, headers, text = client.ask("/login/provider" + (f"?next={urllib.parse.quote(place, safe='')}" if place else ""))
    check(status == 303, (status, text))
    return dict(urllib.parse.parse_qsl(urllib.parse.urlparse(headers["Location"]).query))


def back(client, **query):
    return client.ask("/login/provider/callback?" + urllib.parse.urlencode(query))


def whole(archive, provider, account, place=""):
    """A sign-in from end to end: the client, and what the last request came to."""
    client = Client(archive.url)
    asked = begin(client, place)
    return client, *back(client, code=provider.grant(asked, account), state=asked["state"])


def sign_in_by_provider(archive, shots):
    """The happy way in a browser; everything that must fail by plain requests."""
    archive.people()
    administrator(archive)
    mine = json.loads(archive.run("user", "list", "--json").splitlines()[0])
    provider = Provider(archive.folder)
    provider.redirect = archive.url + "/login/provider/callback"
    petra = {
        "user_id": str(uuid.uuid4()), "name": "Petra <i>Provider</i>", "email": "petra@example.org", "body": "TDR-MOCK",
        "standard_user": True,
    }
    provider.accounts = {
        "petra": petra,
        # Others than the accounts of the archive that have these names or ids.
        "maria": {**petra, "user_id": str(uuid.uuid4())},
        "twin": {**petra, "user_id": mine["id"]},
        "lost": {**petra, "user_id": str(uuid.uuid4()), "body": "TDR-NOWHERE"},
        "nobody": {**petra, "user_id": str(uuid.uuid4()), "standard_user": False},
        "would-be": {
            **petra, "user_id": str(uuid.uuid4()), "administrator": True,
            "resource_access": {"tdr": {"roles": ["administrator"]}},
        },
    }
    archive.more = ["--oidc-issuer", provider.issuer, "--oidc-client", provider.client]
    archive.environment["TDR_OIDC_SECRET"] = provider.secret
    archive.start()

    browser = Browser(archive.url, shots)
    try:
        browser.go("/account")
        browser.at("/login$")
        browser.look("login-provider")
        browser.click("Sign in with your organisation")
        browser.wait(lambda: browser.driver.title == "Provider", "the provider does not ask")
        browser.click("petra")
        browser.at("/account$")
        check("Petra <i>Provider</i>" in browser.text and "standard_user" in browser.text, browser.text)
        # Signing out here signs out there, by the token with which one came; the page between has a link as well.
        browser.click("Sign out")
        browser.at("/login$")
        check(len(provider.left) == 1, provider.left)
        left = provider.left[0]
        token = left.pop("id_token_hint")
        check(left == {
            "theme": "plain", "client_id": provider.client, "post_logout_redirect_uri": archive.url + "/login",
        }, left)
        claims = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        check(claims["sub"] == "petra" and token not in archive.said(), claims)
        # What the provider says counts anew with each sign-in.
        provider.accounts["petra"] = {**petra, "judgment_user": "true", "standard_user": False}
        browser.click("Sign in with your organisation")
        browser.wait(lambda: browser.driver.title == "Provider", "the provider does not ask")
        browser.click("petra")
        browser.at("/transfers$")
        check("Transfer a judgment" in browser.text and "Begin a transfer" not in browser.text, browser.text)
        browser.go("/login/provider/callback?state=x&code=y")
        check("The sign-in does not count" in browser.text, browser.text)
        browser.look("sign-in-refused")
    finally:
        browser.close()
    check(not provider.faults, provider.faults)
    provider.accounts["petra"] = petra

    # Each sign-in has secrets of its own, and the code is of no use without them.
    client = Client(archive.url)
    first, second = begin(client), begin(client)
    for name in ("state", "nonce", "code_challenge"):
        check(first[name] != second[name] and len(first[name]) >= 43, (name, first, second))
    refused = "The sign-in does not count"

    def must_fail(client, answer, status, words):
        check(answer[0] == status and words in answer[2], answer)
        check(client.cookie("tdr-session") is None, "a session was given")
        check("<code>" in answer[2] or status == 404, answer[2])

    # States that are made up, left out, of another browser, or used before.
    code = provider.grant(first, "petra")
    must_fail(client, back(client, code=code), 400, refused)
    must_fail(client, back(client, code=code, state="0" * 64), 400, refused)
    other = Client(archive.url)
    begin(other)
    must_fail(other, back(other, code=code, state=first["state"]), 400, refused)
    must_fail(client, back(client, code=code, state=first["state"]), 400, refused)
    check(provider.asked[-1].get("code") != code, "the provider was asked with a state that does not count")
    visit = client.cookie("tdr-visit")
    code = provider.grant(second, "petra")
    status, headers, text = back(client, code=code, state=second["state"])
    check(status == 303 and headers["Location"] == "/transfers", (status, headers, text))
    check("HttpOnly" in str(headers) and "SameSite=Lax" in str(headers), headers)
    check(is_in(client), "not signed in")
    thief = Client(archive.url)
    address = "/login/provider/callback?" + urllib.parse.urlencode({"code": code, "state": second["state"]})
    answer = thief.ask(address, headers={"Cookie": f"tdr-visit={visit}"})
    must_fail(thief, answer, 400, refused)
    # A code that was used, and one that was asked for in another sign-in.
    again = Client(archive.url)
    asked = begin(again)
    must_fail(again, back(again, code=code, state=asked["state"]), 401, "invalid_grant: no such &lt;code&gt;")
    injected, victim = Client(archive.url), Client(archive.url)
    stolen = provider.grant(begin(victim), "petra")
    asked = begin(injected)
    must_fail(injected, back(injected, code=stolen, state=asked["state"]), 401, "invalid_grant")
    # The provider's own refusal, and the answer of another provider.
    asked = begin(again)
    answer = back(again, error="access_denied", error_description="<script>alert(1)</script>", state=asked["state"])
    must_fail(again, answer, 401, "access_denied: &lt;script&gt;")
    check("<script>alert" not in answer[2], answer[2])
    asked = begin(again)
    answer = back(again, code=provider.grant(asked, "petra"), state=asked["state"], iss="https://evil.example")
    must_fail(again, answer, 401, "cannot be trusted")

    # ID tokens that do not count.
    for change in [
        {"claims": {"nonce": "0" * 64}}, {"claims": {"nonce": None}}, {"claims": {"iss": "https://evil.example"}},
        {"claims": {"aud": "another-client"}}, {"claims": {"aud": [provider.client, "another"], "azp": "another"}},
        {"claims": {"aud": [provider.client, "another"], "azp": None}}, {"claims": {"azp": "another"}},
        {"claims": {"exp": 1_600_000_000}}, {"claims": {"exp": None}}, {"claims": {"user_id": None}},
        {"claims": {"nbf": 9_000_000_000}}, {"header": {"alg": "none"}, "unsigned": True},
        {"header": {"alg": "none"}}, {"unsigned": True}, {"key": "foreign"}, {"header": {"alg": "HS256"}},
        {"header": {"kid": "unknown"}}, {"header": {"crit": ["x"]}},
    ]:
        for name, value in {"claims": {}, "header": {}, "key": "own", "unsigned": False, **change}.items():
            setattr(provider, name, value)
        client, *answer = whole(archive, provider, "petra")
        check(answer[0] == 401 and "cannot be trusted" in answer[2], (change, answer))
        check(client.cookie("tdr-session") is None and not is_in(client), change)
    provider.claims, provider.header, provider.key, provider.unsigned = {}, {}, "own", False

    # Accounts that are not the provider's to give, and what an account needs.
    for account, words in [
        ("maria", "is not that of the provider"), ("twin", "is not that of the provider"), ("lost", "TDR-NOWHERE"),
        ("nobody", "no role"),
    ]:
        client, *answer = whole(archive, provider, account)
        check(answer[0] == 403 and words in answer[2], (account, answer))
        check(client.cookie("tdr-session") is None, account)
    client, *answer = whole(archive, provider, "would-be")
    check(answer[0] == 303 and client.ask("/admin")[0] == 404, "a provider makes administrators")
    archive.run("user", "disable", "would-be")
    check(not is_in(client), "a session goes on after its owner was kept out")
    client, *answer = whole(archive, provider, "would-be")
    check(answer[0] == 403 and "keeps" in answer[2], answer)

    # Who leaves is out here at once; who came with a password never goes there; who came before the server was started
    # anew goes there without a token.
    client, *answer = whole(archive, provider, "petra")
    status, _, text = client.ask("/logout", {"csrf": client.token("/account")})
    check(status == 200 and "You are signed out of this archive" in text and not is_in(client), (status, text))
    check(re.search(r'http-equiv="refresh" content="0; url=[^"]+id_token_hint=', text), text)
    client = Client(archive.url)
    client.sign_in("maria")
    status, headers, _ = client.ask("/logout", {"csrf": client.token("/account")})
    check(status == 303 and headers["Location"] == "/login", (status, headers))
    client, *answer = whole(archive, provider, "petra")
    archive.stop()
    archive.start()
    status, _, text = client.ask("/logout", {"csrf": client.token("/account")})
    check(status == 200 and "post_logout_redirect_uri=" in text and "id_token_hint" not in text, (status, text))

    # Afterwards one goes to a place of ours.
    for place in ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example"]:
        _, status, headers, _ = whole(archive, provider, "petra", place)
        check(status == 303 and headers["Location"] == "/transfers", (place, headers))
    _, status, headers, _ = whole(archive, provider, "petra", "/account")
    check(headers.get("Location") == "/account", headers)

    told = history(archive)
    for words in ["SignedIn", "SignInFailed", "UserAdded", "RolesChanged", "petra"]:
        check(words in told, f"the history does not tell of {words}")

    # The provider away: a page says so, and passwords go on.
    client = Client(archive.url)
    asked = begin(client)
    code = provider.grant(asked, "petra")
    provider.stop()
    status, _, text = back(client, code=code, state=asked["state"])
    check(status == 503 and "cannot be reached" in text, (status, text))
    check(client.sign_in("maria")[0] == 303, "no sign-in by password")
    for secret in (provider.secret, code, asked["state"], asked["nonce"]):
        check(secret not in archive.said(), "a secret is in the log")
    archive.stop()

    # With addresses in place of a discovery document, and as a public client.
    provider = Provider(archive.folder, secret=None)
    provider.redirect = archive.url + "/login/provider/callback"
    provider.accounts = {"paula": {**petra, "user_id": str(uuid.uuid4())}}
    del archive.environment["TDR_OIDC_SECRET"]
    archive.more = [
        "--oidc-issuer", provider.issuer, "--oidc-client", provider.client, "--oidc-authorize",
        provider.issuer + "/authorize", "--oidc-token", provider.issuer + "/token", "--oidc-keys", provider.issuer + "/keys",
    ]
    archive.start()
    client, *answer = whole(archive, provider, "paula")
    check(answer[0] == 303 and is_in(client), answer)
    archive.stop()
    # A provider that announces no such place is left alone, and so is one whose place is open to others.
    archive.more = ["--oidc-issuer", provider.issuer, "--oidc-client", provider.client]
    provider.ends_sessions = False
    archive.start()
    client, *answer = whole(archive, provider, "paula")
    check(answer[0] == 303 and is_in(client), answer)
    status, headers, _ = client.ask("/logout", {"csrf": client.token("/account")})
    check(status == 303 and headers["Location"] == "/login" and not is_in(client), (status, headers))
    archive.stop()

    # Tries are counted by where they come from, those with passwords by themselves.
    clock = archive.environment.copy()
    archive.stop_clock()
    archive.start()
    tries = [Client(archive.url).ask("/login/provider") for _ in range(121)]
    check({one[0] for one in tries[:-1]} == {303}, tries[0])
    status, headers, text = tries[-1]
    check(status == 429 and headers["Retry-After"] == "1" and "too many tries" in text, tries[-1])
    elsewhere = {"X-Forwarded-For": "192.0.2.7, 198.51.100.1"}
    check(Client(archive.url).ask("/login/provider", headers=elsewhere)[0] == 303, "all places are taken for one")
    check(Client(archive.url).sign_in("maria")[0] == 303, "no sign-in by password")
    archive.stop()
    archive.environment = clock

    # The document of another issuer is not taken, and does not keep the server from serving.
    archive.more = [
        "--oidc-issuer", "https://id.example.org", "--oidc-client", provider.client, "--oidc-discovery",
        provider.issuer + "/.well-known/openid-configuration",
    ]
    archive.start()
    status, _, text = Client(archive.url).ask("/login/provider")
    check(status == 503 and "cannot be reached" in text, (status, text))
    check("check --oidc-issuer" in archive.said(), archive.said()[-2000:])
    archive.stop()
    provider.stop()


# Sessions


def sessions(archive, _):
    """What people see of their sessions, and how these end."""
    archive.stop_clock()
    archive.people()
    archive.start()
    here, there, third, stranger = (Client(archive.url) for _ in range(4))
    for client, agent in [(here, "Browser/1"), (there, "Browser/2 <b>"), (third, "Browser/3"), (stranger, "Other/1")]:
        client.opener.addheaders = [("User-Agent", agent)]
        status, _, _ = client.sign_in("stranger" if client is stranger else "maria")
        check(status == 303, status)
    text = here.ask("/account")[2]
    check("Browser/2 &lt;b&gt;" in text and "This browser" in text and "Other/1" not in text, text)
    ids = re.findall(r'name="session" value="(\d+)"', text)
    check(len(ids) == 2, text)
    # Nobody ends another's, nor without the form's token.
    status, _, _ = stranger.ask("/account/sessions", {"csrf": stranger.token("/account"), "session": ids[0]})
    check(status == 303 and is_in(there) and is_in(third), "a stranger ended a session")
    check(here.ask("/account/sessions", {"session": ids[0]})[0] == 403, "ended without a token")
    # The newest is the first in the list: the third.
    check(here.ask("/account/sessions", {"csrf": here.token("/account"), "session": ids[0]})[0] == 303, "not ended")
    check(not is_in(third) and is_in(there) and is_in(here), "another session has ended")
    # Its cookie is of no use any more, not even with a new one beside it.
    check(third.sign_in("maria")[0] == 303 and is_in(third), "cannot sign in again")
    check(here.ask("/account/sessions", {"csrf": here.token("/account")})[0] == 303, "not ended")
    check(not is_in(third) and not is_in(there) and is_in(here), "all others have not ended")

    # A new password: with the old one only, twice the same, a good one; then everybody is out.
    change = "/account/password"
    good = {"old": PASSWORD, "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    check(there.sign_in("maria")[0] == 303, "no second session")
    check(here.ask(change, good)[0] == 403, "changed without a token")
    for wrong, words in [
        ({"old": "wrong"}, "The present password is wrong"), ({"again": "x"}, "are not the same"),
        ({"password": "short", "again": "short"}, "refused"), ({"password": "maria", "again": "maria"}, "refused"),
    ]:
        status, _, text = here.ask(change, {**good, **wrong, "csrf": here.token("/account")})
        check(status == 422 and words in text, (wrong, status, text))
        check(is_in(there), "a refused change ended a session")
    old = here.cookie("tdr-session")
    status, _, text = here.ask(change, {**good, "csrf": here.token("/account")})
    check(status == 200 and "Your password is changed" in text, (status, text))
    check(not is_in(here) and not is_in(there), "sessions go on after a new password")
    status, headers, _ = Client(archive.url).ask("/account", headers={"Cookie": f"tdr-session={old}"})
    check(headers.get("Location", "").startswith("/login"), "a copied cookie still counts")
    check(Client(archive.url).sign_in("maria")[0] == 401, "the old password still counts")
    check(Client(archive.url).sign_in("maria", NEW_PASSWORD)[0] == 303, "the new password does not count")

    # A browser left open is no way to guess the password: after some tries even the right one has to wait.
    guesser = Client(archive.url)
    guesser.sign_in("stranger")
    for _ in range(6):
        guesser.ask(change, {**good, "old": "wrong", "csrf": guesser.token("/account")})
    status, _, text = guesser.ask(change, {**good, "csrf": guesser.token("/account")})
    check(status == 422 and "Too many tries" in text, (status, text))
    # The pages of somebody who was signed in are kept in no cache.
    check(guesser.ask("/account")[1]["Cache-Control"] == "no-store", "a page may be cached")
    for secret in (PASSWORD, NEW_PASSWORD, old):
        check(secret not in archive.said(), "a secret is in the log")
    archive.stop()


# Administration


def graphql(archive, token):
    """The status of a small question with a token."""
    request = urllib.request.Request(
        archive.url + "/graphql", data=json.dumps({"query": "{ __typename }"}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def administration(archive, shots):
    """People, tokens, sessions, quarantine, work: by an administrator, and by nobody else."""
    archive.stop_clock()
    archive.people()
    administrator(archive)
    infected = archive.folder / "Infected"
    infected.mkdir()
    for name in ("a <b>.com", "b.com"):
        (infected / name).write_text(EICAR)
    (infected / "good.txt").write_text("good\n")
    reference = archive.run("upload", str(infected), "--series", "MOCK 1", "--body", "Body <MOCK>", "--new")
    archive.run("check", reference, "--antivirus", "yara")
    held = [json.loads(line) for line in archive.run("quarantine", "list", "--json").splitlines()]
    check([one["state"] for one in held] == ["Held", "Held"], held)
    archive.more = ["--antivirus", "yara"]
    archive.start()
    maria, second = Client(archive.url), Client(archive.url)
    maria.sign_in("maria")
    second.sign_in("maria")
    admin = Browser(archive.url, shots)
    try:
        admin.sign_in("root")
        admin.at("/admin$")
        admin.look("admin")
        for card in ["Under way", "Quarantine"]:
            check(card in admin.text, admin.text)
        admin.go("/admin/users")
        admin.look("users")
        admin.click("maria")
        admin.at("/admin/users/maria$")

        def press(form, words):
            admin.find(f"{form} button").click()
            admin.wait(lambda: words in admin.text, f"{form} does not say {words!r}")

        # Roles count at once, for sessions that are there, too.
        check(maria.ask("/transfers", {"csrf": maria.token("/transfers"), "type": "standard"})[0] == 303, "no transfer")
        for role in ("standard_user", "reporting"):
            admin.find(f"#roles input[value={role}]").click()
        press("#roles", "The roles of maria have been saved")
        check(admin.find("#roles input[value=reporting]").is_selected(), "the role is not shown")
        status, _, _ = maria.ask("/transfers", {"csrf": maria.token("/account"), "type": "standard"})
        check(status == 404, f"a role that was taken away still counts: {status}")
        admin.find("#roles input[value=standard_user]").click()
        press("#roles", "The roles of maria have been saved")
        # Somebody of a body needs one.
        admin.find("#roles option[value='']").click()
        press("#roles", "belongs to a transferring body")

        # A token, shown once.
        admin.go("/admin/users/maria")
        admin.driver.find_element(By.CSS_SELECTOR, "details summary").click()
        admin.find("#token-name").send_keys("scanner <1>")
        press("#make-token", "it cannot be shown again")
        secret = admin.find("#secret").text
        check(re.fullmatch(r"tdr_[0-9a-f]{64}", secret), secret)
        admin.look("person-token")
        check(graphql(archive, secret) == 200, "the token opens nothing")
        admin.go("/admin/users/maria")
        check(secret not in admin.driver.page_source and "scanner <1>" in admin.text, admin.text)
        admin.look("person")
        admin.driver.find_element(By.CSS_SELECTOR, "details summary").click()
        admin.find("#token-name").send_keys("scanner <1>")
        press("#make-token", "has a valid token")
        press("ul.cards form[action$='/tokens/revoke']", "1 tokens of maria have ended")
        check(graphql(archive, secret) == 401, "a revoked token still counts")

        # Sessions: one ends, the other goes on.
        admin.go("/admin/users/maria")
        check(len(admin.driver.find_elements(By.CSS_SELECTOR, "input[name=session]")) == 2, admin.text)
        press("ul.cards form[action$='/sessions']", "have ended")
        check(is_in(maria) and not is_in(second), "the wrong session has ended")
        # Kept out, and let in again.
        press("form[action$='/state']", "This user is kept out")
        check(not is_in(maria) and maria.sign_in("maria")[0] == 401, "somebody who is kept out is in")
        press("form[action$='/state']", "maria has been changed")
        check(maria.sign_in("maria")[0] == 303, "not let in again")
        # Too many failed tries: forgotten by the administrator, so that the right password counts at once.
        guesser = Client(archive.url)
        for number in range(7):
            guesser.sign_in("stranger", f"wrong {number}")
        check(guesser.sign_in("stranger")[0] == 429, "the right password did not have to wait")
        admin.go("/admin/users/stranger")
        check("Failed tries to sign in" in admin.text and "No further try counts before" in admin.text, admin.text)
        press("form[action$='/unlock']", "stranger may try again now")
        check(guesser.sign_in("stranger")[0] == 303, "the failed tries are not forgotten")
        # The only administrator stays one, and does not keep themselves out.
        admin.go("/admin/users/root")
        check(not admin.driver.find_elements(By.CSS_SELECTOR, "form[action$='/state']"), "root can keep themselves out")
        admin.find("#roles input[value=administrator]").click()
        press("#roles", "is the only administrator")

        # Quarantine: with a reason, which is kept.
        admin.go("/admin/quarantine")
        check("a <b>.com" in admin.text, admin.text)
        admin.driver.find_elements(By.CSS_SELECTOR, "summary")[0].click()
        admin.look("quarantine")
        form = admin.driver.find_elements(By.CSS_SELECTOR, "form[action$='/purge']")[0]
        gone = form.get_attribute("action").rsplit("/", 2)[1]
        form.find_element(By.NAME, "reason").send_keys("really <bad>")
        form.find_element(By.TAG_NAME, "button").click()
        admin.wait(lambda: "The bytes of the file are gone" in admin.text, "not purged")
        admin.driver.find_elements(By.CSS_SELECTOR, "summary")[0].click()
        form = admin.driver.find_elements(By.CSS_SELECTOR, "form[action$='/release']")[0]
        form.find_element(By.NAME, "reason").send_keys("false alarm")
        form.find_element(By.TAG_NAME, "button").click()
        admin.wait(lambda: "The file has been released" in admin.text, "not released")
        admin.look("quarantine-decided")

        def kept():
            return [json.loads(line) for line in archive.run("quarantine", "list", "--json").splitlines()]

        # What was released is checked again by itself, and found again.
        admin.wait(lambda: {one["state"] for one in kept()} == {"Purged", "Held"}, "the released file is not checked")
        check([one["reason"] for one in kept() if one["state"] == "Purged"] == ["really <bad>"], kept())
        check("false alarm" in archive.run("history", reference), "the history does not tell why")
        objects = [one.name for one in (archive.folder / "store").rglob("*") if one.is_file()]
        check(gone not in objects, "the bytes are still there")

        # What is under way: an upload that has begun.
        identity = maria.ask("/transfers", {"csrf": maria.token("/transfers"), "type": "judgment"})[1]["Location"].split("/")[2]
        status, _, text = maria.ask(
            f"/pages/consignments/{identity}/list",
            json.dumps({
                "parentFolder": "", "includeTopLevelFolder": False, "emptyFolders": [], "more": True,
                "files": [{"path": "j.docx", "checksum": "0" * 64, "lastModified": 0, "size": 5, "matchId": "0"}],
            }).encode(), {"Content-Type": "application/json", "X-CSRF-Token": maria.token("/transfers")})
        check(status == 200, text)
        admin.go("/admin/work")
        check("Upload" in admin.text and "0 of 1 files" in admin.text, admin.text)
        admin.look("work")
        admin.go("/admin/doctor")
        check("signatures" in admin.text, admin.text)
        admin.look("doctor")
        admin.go("/admin/events")
        for words in ["RolesChanged", "TokenMade", "TokensRevoked", "SignedOut", "UserDisabled", "FailedTriesForgotten"]:
            check(words in admin.text, f"the history does not tell of {words}")
        admin.look("events")
        bad = [one for one in admin.complaints() if "422" not in one]
        check(not bad, f"the browser complains: {bad}")
    finally:
        admin.close()

    # For others there is none of it.
    token = maria.token("/transfers")
    root = Client(archive.url)
    root.sign_in("root")
    for page in ["/admin/users/root", "/admin/work", "/admin/quarantine"]:
        check(maria.ask(page)[0] == 404 and root.ask(page)[0] == 200, page)
    for page in ["password", "state", "unlock", "roles", "sessions", "tokens", "tokens/revoke"]:
        form = {"csrf": token, "name": "x", "scope": "admin", "role": "administrator", "password": NEW_PASSWORD}
        check(maria.ask(f"/admin/users/maria/{page}", form)[0] == 404, page)
        check(root.ask(f"/admin/users/maria/{page}", {**form, "csrf": token})[0] == 403, f"{page} with another's token")
    for act in ("release", "purge"):
        place = f"/admin/quarantine/{reference}/{gone}/{act}"
        check(maria.ask(place, {"csrf": token, "reason": "x"})[0] == 404, act)
        status, _, text = root.ask(place, {"csrf": root.token("/admin/quarantine"), "reason": "again"})
        check(status == 422 and "not in quarantine any more" in text, (status, text))
        check(root.ask(place, {"csrf": root.token("/admin/quarantine"), "reason": " "})[0] == 422, "without a reason")
    check(root.ask("/admin/users/nobody")[0] == 404, "a page for nobody")
    check(is_in(root) and PASSWORD not in archive.said() and secret not in archive.said(), "a secret is in the log")
    archive.stop()


CASES = {"provider": sign_in_by_provider, "sessions": sessions, "administration": administration}

if __name__ == "__main__":
    served = Archive(sys.argv[1], sys.argv[3])
    try:
        CASES[sys.argv[2]](served, sys.argv[4] if len(sys.argv) > 4 else None)
    finally:
        if served.server and served.server.poll() is None:
            served.kill()
