"""An S3 server of a few operations that keeps its objects in memory, checks every digest and fails as it is told.

Prints its address. s3-fault-server.py FAULT: one of none, busy (3 requests of 10 get 503, by a fixed seed), cut (the
connection is cut in the middle of the first try of each part), late-error (the first completion answers 200 with an
error in it), lost-upload (the upload is forgotten before the second part), wrong-etag (once), always-wrong-etag,
always-busy, trickle (answers come byte by byte), lost-answer (the first completion works and its answer is cut),
unconditional (If-None-Match on a PUT is answered with 501, as OpenStack Swift does), full (no room after the first
part, until GET /-/room), skew (the server's clock is an hour ahead), denied (nothing may be written), wrong-secret,
expired, redirect (to another region), cut-read (the connection is cut in the middle of the first try of each range),
no-ranges (whole objects are sent instead), changing (the object changes after the first range), encrypted (by a key of
its own: ETags look like MD5 and are none, another for each copy; SHA-256 are kept, and wanted for each part when an upload
is completed, as AWS does), damaged-copy (the same, and every copy differs by a bit).

GET /-/log prints a line for each part that was taken, each completion and each range that was read; GET /-/uploads the
unfinished uploads; GET /-/keys the keys; GET /-/asked the method and key of every request so far; GET /-/down has every connection cut until GET /-/up; GET /-/flip?KEY changes a byte in the middle of an object, GET /-/remove?KEY takes it away.
"""
import base64
import calendar
import hashlib
import itertools
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

fault = sys.argv[1]
lock = threading.Lock()
chance = random.Random(503)
objects, uploads, log, seen, asked = {}, {}, [], set(), []
encrypts = fault in ("encrypted", "damaged-copy")
kept = {}  # of each object, when encrypted: ETag and SHA-256, as AWS would have them
numbers = itertools.count(1)


def base64_of(digest):
    return base64.b64encode(digest).decode()


def part_etag(part):
    return hashlib.md5((b"by a key" if encrypts else b"") + part).hexdigest()


def keep(key, whole, checksum=None):
    """Makes an object, with the SHA-256 of its bytes or of its parts."""
    objects[key] = whole
    kept[key] = (hashlib.md5(b"%d" % next(numbers)).hexdigest(),
                 checksum or base64_of(hashlib.sha256(whole).digest()))


def once(name):
    with lock:
        if name in seen:
            return False
        seen.add(name)
        return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name == "content-length" for name, _ in headers):
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "trickle" and len(body) < 2000:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.001)
        else:
            self.wfile.write(body)

    def error(self, status, code):
        self.answer(status, f"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def cut(self):
        self.close_connection = True
        self.connection.shutdown(2)

    def handle_any(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        if url.path == "/-/log":
            return self.answer(200, "\n".join(log).encode())
        if url.path == "/-/uploads":
            return self.answer(200, "\n".join(uploads).encode())
        if url.path == "/-/keys":
            return self.answer(200, "\n".join(sorted(objects)).encode())
        if url.path == "/-/asked":
            return self.answer(200, "\n".join(asked).encode())
        if url.path in ("/-/down", "/-/up"):
            seen.discard("down")
            if url.path == "/-/down":
                seen.add("down")
            return self.answer(200)
        if "down" in seen:
            return self.cut()
        if url.path == "/-/room":
            once("room")
            return self.answer(200)
        if url.path == "/-/flip":
            whole = bytearray(objects[unquote(url.query)])
            whole[len(whole) // 2] ^= 1
            objects[unquote(url.query)] = bytes(whole)  # a server that damages what it has does not know of it
            return self.answer(200)
        if url.path == "/-/remove":
            del objects[unquote(url.query)]
            return self.answer(200)
        _, bucket, *rest = unquote(url.path).split("/")
        key = "/".join(rest)
        asked.append(f"{self.command} {key}")
        length = int(self.headers.get("content-length") or 0)
        if fault == "cut" and "partNumber" in query and once("cut" + query["partNumber"]):
            self.rfile.read(length // 2)
            return self.cut()
        body = self.rfile.read(length)
        if fault == "always-busy" and self.command in ("PUT", "POST"):
            return self.error(503, "SlowDown")
        if fault == "busy":
            with lock:
                refused = chance.random() < 0.3
            if refused:
                return self.error(503, "SlowDown")
        refusal = self.refusal(query)
        if refusal:
            return self.error(*refusal)
        if not (self.headers.get("authorization") or "").startswith("AWS4-HMAC-SHA256 Credential=key/"):
            return self.error(403, "AccessDenied")
        if self.headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
            return self.error(400, "XAmzContentSHA256Mismatch")
        if self.command == "PUT" and "x-amz-copy-source" not in self.headers:
            checksum = base64_of(hashlib.sha256(body).digest())
            if self.headers.get("x-amz-checksum-sha256") != checksum:
                return self.error(400, "BadDigest")
        if bucket != "archive":
            return self.error(404, "NoSuchBucket")
        self.serve(key, query, body)

    def refusal(self, query):
        """The status and code of what the server refuses by itself; None for what it does."""
        writes = self.command in ("PUT", "POST")
        if fault == "full" and writes and query.get("partNumber", "1") != "1" and "room" not in seen:
            return 507, "InsufficientStorage"
        if fault == "denied" and writes:
            return 403, "AccessDenied"
        if fault == "skew":
            date = self.headers.get("x-amz-date") or "19700101T000000Z"
            if abs(time.time() + 3600 - calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))) > 900:
                return 403, "RequestTimeTooSkewed"
        return {"wrong-secret": (403, "SignatureDoesNotMatch"), "expired": (400, "ExpiredToken"),
                "redirect": (301, "PermanentRedirect")}.get(fault)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

    def serve(self, key, query, body):
        method = self.command
        if method == "GET" and "uploads" in query:
            found = "".join(
                f"<Upload><Key>{escape(name)}</Key><UploadId>{id}</UploadId></Upload>"
                for id, (name, _) in uploads.items() if name.startswith(query.get("prefix", "")))
            return self.answer(200, f"<ListMultipartUploadsResult>{found}</ListMultipartUploadsResult>".encode())
        if method == "GET" and query.get("list-type") == "2":
            return self.serve_list(query)
        if method == "POST" and "uploads" in query:
            id = f"upload-{next(numbers)}"
            uploads[id] = (key, {})
            return self.answer(
                200, f"<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>".encode())
        if "uploadId" in query:
            if fault == "lost-upload" and query.get("partNumber") == "2" and once("lost"):
                uploads.pop(query["uploadId"], None)
            if query["uploadId"] not in uploads:
                return self.error(404, "NoSuchUpload")
            return self.serve_upload(key, query, body)
        if method == "PUT" and "x-amz-copy-source" in self.headers:
            source = unquote(self.headers["x-amz-copy-source"]).removeprefix("/archive/")
            if source not in objects:
                return self.error(404, "NoSuchKey")
            log.append(f"copy {len(objects[source])}")
            keep(key, self.copied(objects[source]))
            return self.answer(200, b"<CopyObjectResult><ETag>x</ETag></CopyObjectResult>")
        if method == "DELETE":
            objects.pop(key, None)
            return self.answer(204)
        if method == "PUT":
            if fault == "unconditional" and "if-none-match" in self.headers:
                return self.error(501, "NotImplemented")
            if self.headers.get("if-none-match") == "*" and key in objects:
                return self.error(412, "PreconditionFailed")
            keep(key, body)
            if encrypts:
                return self.answer(200, headers=self.facts(key))
            return self.answer(200, headers=[("etag", f'"{self.etag(hashlib.md5(body).hexdigest())}"')])
        if key not in objects:
            return self.error(404, "NoSuchKey")
        wanted = self.headers.get("range")
        if method == "GET" and wanted and fault != "no-ranges":
            return self.serve_range(key, wanted)
        self.answer(
            200, objects[key], [("content-length", str(len(objects[key])))] + self.facts(key))

    def facts(self, key):
        """The headers that say what an object is."""
        if not encrypts:
            return [("etag", '"whole"')]
        etag, checksum = kept[key]
        return [("etag", f'"{etag}"'), ("x-amz-server-side-encryption", "aws:kms"), ("x-amz-checksum-sha256", checksum)]

    def copied(self, source):
        return source[:-1] + bytes([source[-1] ^ 1]) if fault == "damaged-copy" and source else source

    def serve_list(self, query):
        after = query.get("start-after", "")
        keys = sorted(key for key in objects if key.startswith(query.get("prefix", "")) and key > after)
        most = int(query.get("max-keys", "1000"))
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(objects[key])}</Size></Contents>" for key in keys[:most])
        cut = "true" if len(keys) > most else "false"
        self.answer(
            200, f"<ListBucketResult><IsTruncated>{cut}</IsTruncated>{found}</ListBucketResult>".encode())

    def serve_range(self, key, wanted):
        with lock:
            log.append(f"read {wanted}")
            changed = fault == "changing" and sum(line.startswith("read") for line in log) > 1
        if changed or self.headers.get("if-match") != self.facts(key)[0][1]:
            return self.error(412, "PreconditionFailed")
        first, last = (int(number) for number in wanted.removeprefix("bytes=").split("-"))
        piece = objects[key][first:last + 1]
        if fault == "cut-read" and once("cut" + wanted):
            self.send_response(206)
            self.send_header("content-length", str(len(piece)))
            self.end_headers()
            self.wfile.write(piece[:len(piece) // 2])
            return self.cut()
        self.answer(206, piece, [("content-range", f"bytes {first}-{last}/{len(objects[key])}")])

    def etag(self, true):
        wrong = fault == "always-wrong-etag" or fault == "wrong-etag" and once("etag")
        return hashlib.md5(b"something else").hexdigest() if wrong else true

    def serve_part(self, number, parts, body):
        copies = "x-amz-copy-source" in self.headers
        if copies:
            source = unquote(self.headers["x-amz-copy-source"]).removeprefix("/archive/")
            if source not in objects:
                return self.error(404, "NoSuchKey")
            if self.headers.get("x-amz-copy-source-if-match") != self.facts(source)[0][1]:
                return self.error(412, "PreconditionFailed")
            first, last = map(int, self.headers["x-amz-copy-source-range"].removeprefix("bytes=").split("-"))
            body = self.copied(objects[source][first:last + 1])
        parts[number] = body
        log.append(f"{'copied' if copies else 'part'} {number} {len(body)}")
        etag, checksum = self.etag(part_etag(body)), base64_of(hashlib.sha256(body).digest())
        if copies:
            known = f"<ChecksumSHA256>{checksum}</ChecksumSHA256>" if encrypts else ""
            return self.answer(
                200, f"<CopyPartResult><ETag>&quot;{etag}&quot;</ETag>{known}</CopyPartResult>".encode())
        self.answer(200, headers=[("etag", f'"{etag}"')] + ([
            ("x-amz-server-side-encryption", "aws:kms"), ("x-amz-checksum-sha256", checksum)] if encrypts else []))

    def serve_upload(self, key, query, body):
        id = query["uploadId"]
        parts = uploads[id][1]
        if self.command == "PUT":
            return self.serve_part(int(query["partNumber"]), parts, body)
        if self.command == "GET":
            found = "".join(
                f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{part_etag(part)}&quot;</ETag>"
                f"<Size>{len(part)}</Size></Part>" for number, part in sorted(parts.items()))
            return self.answer(
                200, f"<ListPartsResult><IsTruncated>false</IsTruncated>{found}</ListPartsResult>".encode())
        if self.command == "DELETE":
            del uploads[id]
            return self.answer(204)
        if fault == "late-error" and once("late"):
            return self.error(200, "InternalError")
        if self.headers.get("if-none-match") == "*" and key in objects:
            return self.error(412, "PreconditionFailed")
        space = "{http://s3.amazonaws.com/doc/2006-03-01/}"
        wanted = [
            (int(part.findtext(space + "PartNumber")), part.findtext(space + "ETag").strip('"'),
             part.findtext(space + "ChecksumSHA256"))
            for part in ElementTree.fromstring(body).findall(space + "Part")]
        digests = b""
        for number, etag, checksum in wanted:
            if number not in parts or part_etag(parts[number]) != etag:
                return self.error(400, "InvalidPart")
            digest = hashlib.sha256(parts[number]).digest()
            digests += digest
            if encrypts and checksum != base64_of(digest):
                return self.error(400, "InvalidRequest")
        keep(key, b"".join(parts[number] for number, *_ in wanted),
             f"{base64_of(hashlib.sha256(digests).digest())}-{len(wanted)}")
        del uploads[id]
        log.append(f"complete {len(wanted)}")
        if fault == "lost-answer" and once("answer"):
            return self.cut()
        self.answer(200, b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
