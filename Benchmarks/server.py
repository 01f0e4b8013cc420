#!/usr/bin/env python3
"""`tdr serve-api` beside graphql-core on uvicorn, over the same store, and beside nginx's PUT (dav):

    Benchmarks/run.sh server [--record] [--files N] [--seconds N] [--runs N]

One consignment of so many files (400,000) is declared and sent through the server alone, and asked for its progress and its
pages while it is checked. What graphql-core is asked as well is asked of one of 20,000 files whose checks are over: nothing
changes meanwhile, so that both say the same. It is asked twice: as it comes, where each request is parsed and validated, and
with its documents remembered. All in all it takes about six minutes. The server keeps its access log; uvicorn has as many
workers as there are cores and keeps none, nginx neither. nginx leaves what it wrote to the kernel; tdr hashes it, compares and
syncs before it answers.
"""
import argparse
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

import bench

PYTHON = os.path.join(bench.ROOT, ".build/venv-bench/bin/python")
HERE = os.path.dirname(os.path.abspath(__file__))
RECORD = b"A small record.\n"
SIMPLE = "query($id: ID!) { getConsignment(consignmentid: $id) { consignmentid consignmentReference } }"
PROGRESS = """query($id: ID!) { getConsignment(consignmentid: $id) {
    consignmentReference totalFiles allChecksSucceeded consignmentStatuses { statusType value }
    fileChecks { antivirusProgress { filesProcessed } checksumProgress { filesProcessed } ffidProgress { filesProcessed } }
} }"""
PAGE = """query($id: ID!, $cursor: String) { getConsignment(consignmentid: $id) {
    paginatedFiles(paginationInput: { limit: 1000, currentCursor: $cursor%s }) {
        edges { cursor node { fileId originalFilePath fileStatuses { statusType statusValue } fileMetadata { name value }
            ffidMetadata { software matches { puid identificationBasis } } } }
        pageInfo { hasNextPage endCursor } totalItems
    } } }"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until_open(port, process):
    for _ in range(600):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            sys.exit(f"server: {process.args[0]} has ended")
        time.sleep(0.05)
    sys.exit(f"server: {process.args[0]} does not start")


class Peak:
    """The greatest resident memory of a process, which the kernel counts, since the last time it was asked."""

    def __init__(self, pid):
        self.pid, self.most = pid, 0

    def take(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            peak = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) * 1024 / 1e6
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
        self.most = max(self.most, peak)
        return peak


class Ours:
    def __init__(self, work):
        self.work, self.environment = work, os.environ | {"TDR_STORE": f"{work}/store"}
        os.mkdir(f"{work}/seed")
        with open(f"{work}/seed/seed.txt", "wb") as file:
            file.write(RECORD)
        self.tdr("upload", "-q", f"{work}/seed", "--series", "B 1", "--body", "Bench", "--body-code", "TDR-BENCH")
        self.tdr("user", "add", "bench", "--name", "Ben Ch", "--email", "bench@example.org", "--body", "TDR-BENCH",
                 "--role", "standard_user")
        self.token = self.tdr("user", "token", "bench", "--name", "t", "--scope", "read,transfer,check,export").strip()
        self.port = free_port()
        with open(f"{work}/log", "wb") as log:
            self.process = subprocess.Popen(
                [bench.TDR, "serve-api", "--listen", f"127.0.0.1:{self.port}", "--antivirus", "none"],
                env=self.environment, stdout=subprocess.DEVNULL, stderr=log)
        until_open(self.port, self.process)
        self.url, self.peak = f"http://127.0.0.1:{self.port}", Peak(self.process.pid)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)

    def tdr(self, *words):
        done = subprocess.run([bench.TDR, *words], env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"server: tdr {words[0]}: {done.stderr}")
        return done.stdout

    def ask(self, query, port=None, **variables):
        """The data, and the seconds until the last byte of it had come."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        # One that nobody used for a while would have been closed.
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=600)
        start = time.perf_counter()
        connection.request("POST", "/graphql", body,
                           {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        data = connection.getresponse().read()
        took = time.perf_counter() - start
        connection.close()
        answer = json.loads(data)
        if "errors" in answer:
            sys.exit(f"server: {answer['errors']}")
        return answer["data"], took

    def received(self, consignment):
        return self.ask("query($id: UUID!) { getConsignment(consignmentid: $id) { filesReceived } }",
                        id=consignment)[0]["getConsignment"]["filesReceived"]

    def begin(self, folder):
        series = self.ask('{ getSeries(body: "TDR-BENCH") { seriesid } }')[0]["getSeries"][0]["seriesid"]
        made = self.ask("""mutation($series: UUID!) { addConsignment(addConsignmentInput:
            { consignmentType: "standard", seriesid: $series }) { consignmentid } }""", series=series)[0]
        made = made["addConsignment"]["consignmentid"]
        self.ask("""mutation($id: UUID!, $name: String!) {
            startUpload(startUploadInput: { consignmentId: $id, parentFolder: $name }) }""", id=made, name=folder)
        return made

    def declare(self, consignment, files, more):
        """Declares files: (path, size, SHA-256); their ids, and the seconds that it took."""
        listed = [{"originalPath": path, "checksum": digest, "lastModified": 1600000000000, "fileSize": size,
                   "matchId": str(at)} for at, (path, size, digest) in enumerate(files)]
        data, took = self.ask(
            "mutation($input: AddFileAndMetadataInput!) { addFilesAndMetadata(addFilesAndMetadataInput: $input) { fileId } }",
            input={"consignmentId": consignment, "metadataInput": listed, "more": more})
        return [match["fileId"] for match in data["addFilesAndMetadata"]], took

    def stop(self):
        self.process.terminate()
        self.process.wait()


def wrk(url, script, connections, seconds, *words):
    """Requests a second, the latencies of half of the requests and of 99 of 100 in milliseconds."""
    done = subprocess.run(
        ["wrk", "-t2", f"-c{connections}", f"-d{seconds}", "--timeout", "60", "--latency", "-s", script, url, *words],
        capture_output=True, text=True, check=False)
    if done.returncode or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"server: wrk: {done.stdout}{done.stderr}")
    unit = {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}
    latency = lambda share: next(float(number) * unit[word] for number, word in
                                 re.findall(rf"\s{share}%\s+([\d.]+)([a-z]+)", done.stdout))
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1)), latency(50), latency(99)


def script_for(work, name, query, variables, token):
    """A wrk script that asks one query again and again."""
    path = f"{work}/{name}.lua"
    body = json.dumps({"query": query, "variables": variables})
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'wrk.method = "POST"\nwrk.body = [==[{body}]==]\nwrk.headers["Content-Type"] = "application/json"\n'
                   f'wrk.headers["Authorization"] = "Bearer {token}"\n')
    return path


SENDING = """
local counter = 0
function setup(thread) thread:set("number", counter) counter = counter + 1 end
function init(arguments)
    ids, at = {}, 0
    local count = 0
    for line in io.lines(arguments[1]) do
        if count %% 2 == number then ids[#ids + 1] = line end
        count = count + 1
    end
    wrk.headers["Authorization"] = "Bearer %(token)s"
end
function request()
    -- wrk makes one request that it does not send: the first comes round again.
    at = at %% #ids + 1
    return wrk.format("PUT", "/consignments/%(consignment)s/files/" .. ids[at], nil, "%(record)s")
end
"""


class Peer:
    def __init__(self, ours, remembers):
        self.port = free_port()
        self.process = subprocess.Popen(
            [PYTHON, "-m", "uvicorn", "graphql_peer:app", "--app-dir", HERE, "--port", str(self.port), "--workers",
             str(os.cpu_count()), "--no-access-log", "--log-level", "warning", "--loop", "uvloop", "--http", "httptools"],
            env=os.environ | {"PEER_STORE": f"{ours.work}/store", "PEER_REMEMBERS": "1" if remembers else ""})
        until_open(self.port, self.process)
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Nginx:
    def __init__(self, work):
        self.port, self.folder = free_port(), f"{work}/dav"
        os.mkdir(self.folder)
        user = "user root;" if os.geteuid() == 0 else ""
        with open(f"{work}/nginx.conf", "w", encoding="utf-8") as file:
            file.write(f"""{user} worker_processes {os.cpu_count()}; daemon off; pid {work}/nginx.pid;
                error_log {work}/nginx.log; events {{ worker_connections 1024; }}
                http {{ access_log off; client_max_body_size 0; client_body_temp_path {self.folder}/tmp;
                    server {{ listen 127.0.0.1:{self.port}; root {self.folder};
                        location / {{ dav_methods PUT; create_full_put_path on; }} }} }}""")
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        self.process = subprocess.Popen([program, "-c", f"{work}/nginx.conf", "-e", f"{work}/nginx.log"])
        until_open(self.port, self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def send(pairs, token):
    """Sends files by curl, as many at once as there are pairs of file and URL; the seconds that it takes."""
    lines = []
    for path, url in pairs:
        lines.append(f'upload-file = "{path}"\nurl = "{url}"\noutput = "/dev/null"\n')
    config = "next\n".join(f'{line}header = "Authorization: Bearer {token}"\nheader = "Expect:"\nfail\nsilent\nshow-error\n'
                           for line in lines)
    with tempfile.NamedTemporaryFile("w", suffix=".curl") as file:
        file.write(config)
        file.flush()
        start = time.perf_counter()
        subprocess.run(["curl", "--no-progress-meter", "--parallel", "--parallel-immediate", "--parallel-max", str(len(pairs)), "-K", file.name],
                       check=True)
        return time.perf_counter() - start


class Figures:
    def __init__(self):
        self.rows = []

    def add(self, what, goal, ours, peer="", holds=None, rss=None):
        verdict = "" if holds is None else "met" if holds else "**missed**"
        self.rows.append((what, goal, ours, peer, verdict, "" if rss is None else f"{rss:,.0f} MB"))
        print("server: " + " | ".join(self.rows[-1]), file=sys.stderr, flush=True)

    def table(self):
        titles = ("what", "goal", "`tdr serve-api`", "peer", "", "peak RSS")
        return "\n".join("| " + " | ".join(row) + " |" for row in [titles, ("---",) * len(titles), *self.rows])


def declared(ours, consignment, count, folder):
    """Declares so many files: their ids, and the seconds of each call."""
    digest = sha256(RECORD)
    times, ids = [], []
    for first in range(0, count, 10_000):
        last = min(first + 10_000, count)
        files = [(f"{folder}/box {at // 1000:04d}/item {at:07d}.txt", len(RECORD), digest) for at in range(first, last)]
        more, took = ours.declare(consignment, files, last < count)
        ids += more
        times.append(took)
    return ids, times


def declaring(ours, figures, consignment, count):
    ids, times = declared(ours, consignment, count, "Records")
    rss = ours.peak.take()
    slowest = max(times)
    figures.add("`addFilesAndMetadata`, 10,000 files, the slowest call", "< 1 s", f"{slowest:.2f} s", "", slowest < 1, rss)
    figures.add(f"{count:,} files in calls of 10,000", "< 60 s", f"{sum(times):.1f} s", "", sum(times) < 60, rss)
    return ids


def bundling(ours, figures, consignment, ids):
    """Sends files in bundles of 2,000: what a request of its own costs each is measured by `sending`."""
    start = time.perf_counter()
    for first in range(0, len(ids), 2000):
        body = b"".join(uuid.UUID(one).bytes + len(RECORD).to_bytes(8, "big") + RECORD for one in ids[first:first + 2000])
        ours.connection.request("POST", f"/consignments/{consignment}/files", body,
                                {"Authorization": f"Bearer {ours.token}", "Content-Type": "application/octet-stream"})
        answer = json.loads(ours.connection.getresponse().read())
        if answer.get("received") != len(ids[first:first + 2000]):
            sys.exit(f"server: a bundle was not taken: {answer}")
    took = time.perf_counter() - start
    figures.add(f"{len(ids):,} files of {len(RECORD)} bytes in bundles of 2,000", "", f"{len(ids) / took:,.0f} a second", "",
                None, ours.peak.take())


def sending(ours, figures, consignment, ids):
    before = ours.received(consignment)
    with open(f"{ours.work}/ids", "w", encoding="ascii") as file:
        file.write("\n".join(ids) + "\n")
    with open(f"{ours.work}/send.lua", "w", encoding="ascii") as file:
        file.write(SENDING % {"token": ours.token, "consignment": consignment,
                              "record": RECORD.decode().replace("\n", "\\n")})
    start = time.perf_counter()
    # It stays for as long as it is told, also when its threads are done.
    sender = subprocess.Popen(["wrk", "-t2", "-c64", "-d3600", "--timeout", "60", "-s", f"{ours.work}/send.lua", ours.url,
                               f"{ours.work}/ids"], stdout=subprocess.PIPE)
    received = before
    try:
        while received < before + len(ids):
            if sender.poll() is not None:
                sys.exit(f"server: wrk has ended: {sender.stdout.read().decode()}")
            time.sleep(0.1)
            received = ours.received(consignment)
    finally:
        took = time.perf_counter() - start
        sender.send_signal(signal.SIGINT)
        sender.communicate()
    figures.add(f"{len(ids):,} uploads of {len(RECORD)} bytes, 64 at once", "", f"{len(ids) / took:,.0f} a second", "", None,
                ours.peak.take())


def progressing(ours, figures, consignment, seconds):
    """While the check runs: it began when the last file was there."""
    script = script_for(ours.work, "progress", PROGRESS.replace("ID!", "UUID!"), {"id": consignment}, ours.token)
    before = processed(ours, consignment)
    rate, half, most = wrk(f"{ours.url}/graphql", script, 32, seconds)
    after = processed(ours, consignment)
    if after == before:
        sys.exit("server: no check ran meanwhile")
    figures.add("progress, 32 clients, while a check runs: 99 of 100", "< 10 ms", f"{most:.1f} ms", "", most < 10,
                ours.peak.take())
    figures.add("the same: the half", "", f"{half:.1f} ms, {rate:,.0f} requests/s")
    figures.add("the check meanwhile", "", f"{(after - before) / seconds:,.0f} files/s")


def processed(ours, consignment):
    data = ours.ask(PROGRESS.replace("ID!", "UUID!"), id=consignment)[0]["getConsignment"]
    return data["fileChecks"]["ffidProgress"]["filesProcessed"]


def until_checked(ours, consignment, count):
    start = time.perf_counter()
    while processed(ours, consignment) < count:
        time.sleep(0.5)
    # The steps are rolled up after the last file.
    while ours.ask("query($id: UUID!) { getConsignment(consignmentid: $id) { isBeingWorkedOn } }",
                   id=consignment)[0]["getConsignment"]["isBeingWorkedOn"]:
        time.sleep(0.5)
    return time.perf_counter() - start


OUR_PAGE = PAGE.replace("ID!", "UUID!") % ', fileFilters: { fileTypeIdentifier: "File" }'


def pages_while_checked(ours, figures, consignment, count):
    """Pages from the beginning, where the check has been already."""
    times, cursor, seen = [], None, 0
    for _ in range(min(20, count // 1000)):
        data, took = ours.ask(OUR_PAGE, id=consignment, cursor=cursor)
        times.append(took)
        page = data["getConsignment"]["paginatedFiles"]
        cursor = page["pageInfo"]["endCursor"]
        seen += sum(edge["node"]["ffidMetadata"] is not None for edge in page["edges"])
    most = max(times)
    figures.add(f"page of 1,000 of {count:,} files, while they are checked ({seen:,} had their matches): the slowest of 20",
                "< 50 ms", f"{most * 1000:.0f} ms", "", most < 0.05, ours.peak.take())


def pages(ours, peer, consignment, count):
    """Seconds of each page, ours and theirs, and whether they say the same."""
    theirs_text = PAGE % ""
    times, theirs, cursor, their_cursor = [], [], None, None
    for _ in range(min(20, count // 1000)):
        data, took = ours.ask(OUR_PAGE, id=consignment, cursor=cursor)
        times.append(took)
        page = data["getConsignment"]["paginatedFiles"]
        cursor = page["pageInfo"]["endCursor"]
        data, took = ours.ask(theirs_text, peer.port, id=consignment, cursor=their_cursor)
        theirs.append(took)
        other = data["getConsignment"]["paginatedFiles"]
        their_cursor = other["pageInfo"]["endCursor"]
        same = lambda one: [(edge["node"]["fileId"], edge["node"]["fileStatuses"], edge["node"]["ffidMetadata"])
                            for edge in one["edges"]]
        if same(page) != same(other):
            sys.exit("server: the two do not say the same of a page")
    return times, theirs


def against_peer(ours, figures, consignment, count, seconds):
    peers = [Peer(ours, remembers=False), Peer(ours, remembers=True)]
    try:
        for name, query in [("me", "{ me { login } }"), ("one consignment by id", SIMPLE), ("progress", PROGRESS)]:
            variables = {"id": consignment} if "$id" in query else {}
            text = query.replace("ID!", "UUID!")
            for peer in peers:
                if ours.ask(text, **variables)[0] != ours.ask(query, peer.port, **variables)[0]:
                    sys.exit(f"server: the two do not answer {name} the same")
            rate, half, most = wrk(f"{ours.url}/graphql", script_for(ours.work, "o", text, variables, ours.token), 32, seconds)
            rss, simple = ours.peak.take(), name != "progress"
            script = script_for(ours.work, "p", query, variables, ours.token)
            for peer, how, goal in [(peers[0], "", simple), (peers[1], "; its documents remembered", False)]:
                other, _, _ = wrk(f"{peer.url}/graphql", script, 32, seconds)
                figures.add(f"{name}, 32 clients{how}", "≥ 5 × peer" if goal else "", f"{rate:,.0f} requests/s",
                            f"{other:,.0f} ({rate / other:.1f} ×)", rate >= 5 * other if goal else None, rss)
            figures.add("the same: half of the requests, 99 of 100", "", f"{half:.1f} ms, {most:.1f} ms")
        times, theirs = pages(ours, peers[1], consignment, count)
        most = max(times)
        figures.add("page of 1,000 files with statuses, metadata, matches: the slowest of 20", "< 50 ms",
                    f"{most * 1000:.0f} ms", f"{max(theirs) * 1000:.0f} ms", most < 0.05, ours.peak.take())
        figures.add("the same: the half", "", f"{statistics.median(times) * 1000:.0f} ms",
                    f"{statistics.median(theirs) * 1000:.0f} ms")
    finally:
        for peer in peers:
            peer.stop()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def uploading(ours, figures, runs):
    folder = f"{ours.work}/files"
    os.mkdir(folder)
    large, digests = f"{folder}/large", {}
    noise = os.urandom(1 << 24)
    with open(large, "wb") as file:
        for at in range(64):
            file.write(noise[at:] + noise[:at])
    for at in range(64):
        with open(f"{folder}/{at}", "wb") as file:
            file.write(noise[at:] + noise[:at])
        digests[at] = sha256(noise[at:] + noise[:at])
    digests["large"] = first_word("sha256sum", large)
    nginx = Nginx(ours.work)
    try:
        for name, files in [("a file of 1 GiB", ["large"]), ("64 files of 16 MiB, all at once", list(range(64)))]:
            size = sum(os.path.getsize(f"{folder}/{file}") for file in files)
            times, theirs = [], []
            for run in range(runs + 1):
                consignment = ours.begin("Records")
                ids, _ = ours.declare(consignment, [
                    (f"Records/{file}", os.path.getsize(f"{folder}/{file}"), digests[file]) for file in files], True)
                times.append(send([(f"{folder}/{file}", f"{ours.url}/consignments/{consignment}/files/{one}")
                                   for file, one in zip(files, ids)], ours.token))
                theirs.append(send([(f"{folder}/{file}", f"http://127.0.0.1:{nginx.port}/{run}/{file}") for file in files],
                                   "none"))
                for path in [f"{nginx.folder}/{run}", f"{ours.work}/store/objects/{consignment}"]:
                    shutil.rmtree(path)
            mine, other = (statistics.median(each[1:]) for each in (times, theirs))
            figures.add(f"upload of {name}", "≥ 0.75 × nginx", f"{size / mine / 1e6:,.0f} MB/s",
                        f"{size / other / 1e6:,.0f} MB/s ({other / mine:.2f} ×)", other / mine >= 0.75, ours.peak.take())
    finally:
        nginx.stop()


def heading(chosen):
    base = bench.heading(chosen.runs).split(" Medians of ")[0].replace(", bagit-python 1.9.0", "")
    nginx = subprocess.run([shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"), "-v"], stderr=subprocess.PIPE,
                           check=True, text=True).stderr.split("/")[-1].strip()
    packages = first_word(PYTHON, "-c", "import graphql, uvicorn; print(f'{graphql.version}/{uvicorn.__version__}')")
    core, uvicorn = packages.split("/")
    return (f"{base} graphql-core {core}, uvicorn {uvicorn}, nginx {nginx}, wrk and curl of Debian. {chosen.seconds} s of each "
            f"query; medians of {chosen.runs} uploads after one that is not counted.")


def first_word(*command):
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()[0].removeprefix("\\")


def main():
    options = argparse.ArgumentParser(prog="Benchmarks/run.sh server")
    options.add_argument("--files", type=int, default=400_000)
    options.add_argument("--seconds", type=int, default=10, help="of each measurement by wrk")
    options.add_argument("--runs", type=int, default=3, help="of each upload")
    options.add_argument("--no-uploads", action="store_true", help="of large files")
    options.add_argument("--record", action="store_true")
    chosen = options.parse_args()
    corpus = os.path.abspath(os.environ.get("BENCH_CORPUS") or os.path.join(bench.ROOT, ".build/bench"))
    os.makedirs(corpus, exist_ok=True)
    bench.end_when_told()
    work, figures = tempfile.mkdtemp(prefix="work-", dir=corpus), Figures()
    ours = Ours(work)
    try:
        ours.peak.take()
        if not chosen.no_uploads:
            uploading(ours, figures, chosen.runs)
        few = min(chosen.files, 20_000)
        consignment = ours.begin("Few")
        ids = declared(ours, consignment, few, "Few")[0]
        sending(ours, figures, consignment, ids)
        until_checked(ours, consignment, few)
        ours.peak.take()
        against_peer(ours, figures, consignment, few, chosen.seconds)
        consignment = ours.begin("Records")
        ids = declaring(ours, figures, consignment, chosen.files)
        bundling(ours, figures, consignment, ids)
        progressing(ours, figures, consignment, chosen.seconds)
        pages_while_checked(ours, figures, consignment, chosen.files)
        figures.add("memory of the server, at its most", "< 300 MB", f"{ours.peak.most:.0f} MB", "", ours.peak.most < 300)
    finally:
        ours.stop()
        shutil.rmtree(work)
    text = f"{heading(chosen)}\n\n{figures.table()}\n"
    print(text)
    if chosen.record:
        bench.record(text, "server")


main()
