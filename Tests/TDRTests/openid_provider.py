"""An OpenID provider, small and real: discovery, authorisation with PKCE, tokens signed by openssl, keys. For tests.

What it says of people is theirs to choose: ``accounts`` has claims by name, ``claims`` changes those of every token,
``header`` and ``key`` how it is signed.
"""

import base64
import hashlib
import html
import http.server
import json
import secrets
import subprocess
import threading
import time
import urllib.parse
from pathlib import Path


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """Listens on a port of its own until it is stopped."""

    def __init__(self, folder, client="tdr-pages", secret="a secret: with / signs"):
        self.folder = Path(folder)
        self.client = client
        self.secret = secret
        self.redirect = None
        self.accounts = {}
        self.claims = {}
        self.header = {}
        self.key = "own"
        self.unsigned = False
        self.ends_sessions = True
        self.codes = {}
        self.asked = []
        self.faults = []
        # What people who sign out came with.
        self.left = []
        for name in ("own", "foreign"):
            subprocess.run(
                ["openssl", "genrsa", "-out", str(self.folder / f"{name}.pem"), "2048"], check=True, capture_output=True)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):  # pylint: disable=invalid-name
                outer.get(self)

            def do_POST(self):  # pylint: disable=invalid-name
                outer.post(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/realms/tdr"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    # What it answers

    @staticmethod
    def answer(handler, status, body, kind="application/json", **headers):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    def get(self, handler):
        url = urllib.parse.urlparse(handler.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path.endswith("/.well-known/openid-configuration"):
            self.answer(handler, 200, {
                "issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize",
                "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/keys",
                **({"end_session_endpoint": self.issuer + "/logout?theme=plain"} if self.ends_sessions else {}),
                "response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"],
            })
        elif url.path.endswith("/keys"):
            modulus = subprocess.run(
                ["openssl", "rsa", "-in", str(self.folder / "own.pem"), "-noout", "-modulus"], check=True,
                capture_output=True, text=True).stdout.strip().split("=")[1]
            self.answer(handler, 200, {"keys": [{
                "kty": "RSA", "kid": "own", "use": "sig", "alg": "RS256", "n": b64(bytes.fromhex(modulus)), "e": "AQAB",
            }]})
        elif url.path.endswith("/authorize"):
            buttons = "".join(
                f'<p><a href="{html.escape(self.issuer)}/as/{html.escape(name)}?{html.escape(url.query)}">{html.escape(name)}</a></p>'
                for name in self.accounts)
            self.answer(handler, 200, f"<!doctype html><title>Provider</title>{buttons}", "text/html; charset=utf-8")
        elif url.path.endswith("/logout"):
            self.left.append(query)
            self.answer(handler, 302, "", Location=query["post_logout_redirect_uri"])
        elif "/as/" in url.path:
            code = self.grant(query, urllib.parse.unquote(url.path.rsplit("/", 1)[1]))
            place = query["redirect_uri"] + "?" + urllib.parse.urlencode(
                {"code": code, "state": query["state"], "iss": self.issuer})
            self.answer(handler, 302, "", Location=place)
        else:
            self.answer(handler, 404, {})

    def grant(self, query, account):
        """A code for somebody who has agreed, as long as the request is what it should be."""
        for name, value in {
            "response_type": "code", "client_id": self.client, "redirect_uri": self.redirect,
            "code_challenge_method": "S256",
        }.items():
            if query.get(name) != value:
                self.faults.append(f"{name} is {query.get(name)!r} and not {value!r}")
        if "openid" not in query.get("scope", "").split() or len(query.get("code_challenge", "")) != 43:
            self.faults.append(f"scope or challenge: {query}")
        code = secrets.token_urlsafe(24)
        self.codes[code] = {**query, "account": account}
        return code

    def post(self, handler):
        form = dict(urllib.parse.parse_qsl(handler.rfile.read(int(handler.headers["Content-Length"])).decode()))
        self.asked.append(form)
        pair = f"{urllib.parse.quote(self.client, safe='')}:{urllib.parse.quote(self.secret or '', safe='')}"
        wanted = "Basic " + base64.b64encode(pair.encode()).decode()
        if self.secret:
            is_client = handler.headers["Authorization"] == wanted
        else:
            is_client = form.get("client_id") == self.client and handler.headers["Authorization"] is None
        if not is_client:
            self.answer(handler, 401, {"error": "invalid_client"})
            return
        # Once only, whatever comes of it.
        grant = self.codes.pop(form.get("code"), None)
        challenge = b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (grant is None or form.get("grant_type") != "authorization_code"
                or form.get("redirect_uri") != grant["redirect_uri"] or challenge != grant["code_challenge"]):
            self.answer(handler, 400, {"error": "invalid_grant", "error_description": "no such <code>"})
            return
        self.answer(handler, 200, {
            "access_token": "unused", "token_type": "Bearer", "id_token": self.token(grant)})

    def token(self, grant):
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": self.client, "azp": self.client, "iat": now, "exp": now + 300,
            "nonce": grant["nonce"], "sub": grant["account"], "preferred_username": grant["account"],
            **self.accounts[grant["account"]], **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "own", "typ": "JWT", **self.header}
        text = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
        if self.unsigned:
            return text + "."
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", str(self.folder / f"{self.key}.pem")], check=True, capture_output=True,
            input=text.encode()).stdout
        return text + "." + b64(signature)
