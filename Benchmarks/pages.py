#!/usr/bin/env python3
"""The web pages in headless Chromium, on this machine:

    Benchmarks/run.sh pages [--record] [--runs N] [small] [large] [paint] [results]

small: 10,000 files of 10 kB through the upload page; large: one of 5 GB, beside `curl -T` of the same file to the same
server; paint: bytes and first paint of every page; results: those of a consignment of 400,000 files. Memory is the
proportional set size (a shared page counts once) of the renderer that runs the page, and of all Chromium processes
together, at its peak while files are sent.
"""
import argparse
import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import bench
import corpora

sys.path.insert(0, os.path.join(bench.ROOT, "Tests/TDRTests"))
import browser  # noqa: E402  pylint: disable=wrong-import-position

LARGE = 5_000_000_000
# What the pages promise.
GOALS = {"small": "< 60 s", "large": "< 2 × curl", "memory": "< 300 MB", "page": "< 50 kB", "paint": "< 300 ms", "results": "< 200 ms"}


def tree(root):
    """A process and all below it."""
    children = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            children.setdefault(int(bench.stat_fields(pid)[1]), []).append(int(pid))
        except (OSError, IndexError):
            pass  # it has ended
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def memory(pids):
    """Megabytes, each shared page counted once."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                total += int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M)[1])
        except (OSError, TypeError):
            pass  # it has ended
    return total * 1024 / 1e6


def kind(pid):
    """What a Chromium process is: `renderer` runs the page; the one without a type is the browser itself."""
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            found = re.search(r"--type=([a-z-]+)", file.read())
        return found[1] if found else "browser"
    except OSError:
        return "gone"


class Watch:
    """The peak of a browser's memory while something is done: of all its processes, and of the one that runs the page."""

    def __init__(self, one):
        # Without the driver, which no user has.
        self.root = one.driver.service.process.pid
        self.peak = (0.0, 0.0)
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def measure(self):
        each = {pid: memory([pid]) for pid in tree(self.root) if pid != self.root}
        if os.environ.get("BENCH_VERBOSE"):
            print({f"{kind(pid)} {pid}": round(one) for pid, one in each.items()}, file=sys.stderr)
        # Chromium has renderers of its own beside that of the page, which is the largest as soon as it does something.
        return sum(each.values()), max((one for pid, one in each.items() if kind(pid) == "renderer"), default=0.0)

    def look(self):
        while not self.done.wait(0.1):
            self.peak = tuple(map(max, self.peak, self.measure()))

    def __enter__(self):
        self.peak = self.measure()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def begun(client):
    """A transfer that waits for its upload: its path."""
    path = client.ask("/transfers", {"csrf": client.token("/transfers"), "type": "standard"})[1]["Location"]
    text = client.ask(path + "/series")[2]
    csrf = client.token(path + "/series")
    series = re.search(r'name="series" value="([0-9a-f-]{36})"', text)[1]
    client.ask(path + "/series", {"csrf": csrf, "series": series})
    client.ask(path + "/agreement", {"csrf": csrf, "status": "public", "appraisal": "yes", "sensitivity": "yes"})
    return path


def upload(archive, client, folder):
    """A folder through the page: seconds from the press of the button to the page that follows; megabytes before, at the
    peak."""
    path = begun(client)
    one = browser.Browser(archive.url)
    try:
        one.sign_in("maria")
        one.at("/transfers$")
        one.go(path + "/upload")
        watch = Watch(one)
        before = watch.measure()
        one.choose(folder)
        with watch:
            start = time.perf_counter()
            one.click("Start the upload")
            while not re.search("/(checks|results|confirm)$", one.path):
                if one.driver.find_elements(browser.By.CSS_SELECTOR, "#trouble:not([hidden])"):
                    sys.exit(f"bench: the upload has ended: {one.text}")
                time.sleep(0.05)
            seconds = time.perf_counter() - start
        return seconds, before, watch.peak
    finally:
        one.close()


def memory_rows(results):
    """The memory of uploads: of the renderer, which runs the page, and of the whole browser before and meanwhile."""
    (all_before, mine_before), (all_peak, mine_peak) = (
        [statistics.median(one[which][part] for one in results) for part in (0, 1)] for which in (1, 2))
    return [
        ("… the memory of the page's process before, and at the peak", f"{mine_before:.0f} and {mine_peak:.0f} MB", GOALS["memory"]),
        ("… the same of all of Chromium's processes", f"{all_before:.0f} and {all_peak:.0f} MB", ""),
    ]


def curl(archive, client, file):
    """A file by curl: seconds."""
    identity = begun(client).rsplit("/", 1)[1]
    with open(file, "rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    csrf = client.token("/transfers")
    headers = {"Content-Type": "application/json", "X-CSRF-Token": csrf}
    entry = {"path": "R/large", "checksum": digest, "lastModified": 0, "size": os.path.getsize(file), "matchId": "0"}
    status, _, text = client.ask(
        f"/pages/consignments/{identity}/list", json.dumps({
            "parentFolder": "R", "includeTopLevelFolder": False, "emptyFolders": [], "more": False, "files": [entry],
        }).encode(), headers)
    if status != 200:
        sys.exit(f"bench: {text}")
    place = f"{archive.url}/pages/consignments/{identity}/files/{json.loads(text)['files'][0]['id']}"
    start = time.perf_counter()
    subprocess.run(
        ["curl", "-sS", "--fail", "-o", "/dev/null", "-T", file, "-H", f"Cookie: tdr-session={client.cookie('tdr-session')}",
         "-H", f"X-CSRF-Token: {csrf}", place], check=True)
    return time.perf_counter() - start


def uploads(archive, client, work, names, runs):
    rows = []
    if "small" in names:
        folder = os.path.join(work, "small")
        os.mkdir(folder)
        for number in range(10_000):
            with open(f"{folder}/{number:05d}.bin", "wb") as file:
                file.write(os.urandom(10_000))
        results = [upload(archive, client, folder) for _ in range(runs)]
        seconds = statistics.median(one[0] for one in results)
        rows.append(("10,000 × 10 kB through the page", f"{seconds:.1f} s", GOALS["small"]))
        rows += memory_rows(results)
        shutil.rmtree(folder)
    if "large" in names:
        folder = os.path.join(work, "large")
        os.mkdir(folder)
        path = os.path.join(folder, "large.bin")
        with open(path, "wb") as file:
            left = LARGE
            while left:
                left -= file.write(os.urandom(min(left, 16 << 20)))
        peers, results = [], []
        for _ in range(runs):
            peers.append(curl(archive, client, path))
            results.append(upload(archive, client, folder))
        peer = statistics.median(peers)
        seconds = statistics.median(one[0] for one in results)
        rows.append(("1 × 5 GB by `curl -T`", f"{peer:.1f} s", ""))
        rows.append(("1 × 5 GB through the page", f"{seconds:.1f} s, {seconds / peer:.2f} × curl", GOALS["large"]))
        rows += memory_rows(results)
        shutil.rmtree(folder)
    return rows


def painted(one, path):
    """Milliseconds to the first paint of a page, loaded without a cache."""
    one.go(path)
    entry = "performance.getEntriesByName('first-paint')[0]"
    one.wait(lambda: one.driver.execute_script(f"return {entry} !== undefined"), "nothing is painted")
    return one.driver.execute_script(f"return {entry}.startTime")


def paint(archive, client, root):
    places = {
        client: ["/transfers", begun(client) + "/upload", "/account"],
        root: ["/admin", "/admin/users", "/admin/users/maria", "/admin/bodies", "/admin/work", "/admin/quarantine",
               "/admin/doctor", "/admin/events"],
        browser.Client(archive.url): ["/login"],
    }
    sizes, paints = {}, {}
    for login in ("maria", "root", None):
        one = browser.Browser(archive.url)
        try:
            if login:
                one.sign_in(login)
                one.at("/(transfers|admin)$")
            one.driver.execute_cdp_cmd("Network.enable", {})
            one.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
            who = {"maria": client, "root": root}.get(login)
            for who_, paths in places.items():
                if (who is None and who_ in (client, root)) or (who is not None and who_ is not who):
                    continue
                for path in paths:
                    sizes[path] = len(who_.ask(path)[2].encode())
                    # The first one warms up what no page can do anything about.
                    paints[path] = statistics.median([painted(one, path) for _ in range(6)][1:])
        finally:
            one.close()
    def named(path):
        return re.sub(r"[0-9a-f-]{36}", "…", path)
    big, slow = max(sizes, key=sizes.get), max(paints, key=paints.get)
    return [
        (f"the largest of {len(sizes)} pages (`{named(big)}`)", f"{sizes[big] / 1000:.1f} kB", GOALS["page"]),
        (f"the slowest first paint of them (`{named(slow)}`)", f"{paints[slow]:.0f} ms", GOALS["paint"]),
    ]


def results_page(root, reference, files):
    rows = []
    for what, query in [("all files", "?show=all"), ("files that need attention", "?show=failed")]:
        times = []
        for _ in range(11):
            start = time.perf_counter()
            status, _, text = root.ask(f"/transfers/{reference}/results{query}")
            times.append(time.perf_counter() - start)
            if status != 200:
                sys.exit(f"bench: the results answer {status}: {text[:500]}")
        rows.append((f"results of {files:,} files, {what}", f"{statistics.median(times[1:]) * 1000:.0f} ms", GOALS["results"]))
    return rows


def main():
    options = argparse.ArgumentParser(prog="Benchmarks/run.sh pages")
    options.add_argument("--record", action="store_true")
    options.add_argument("--runs", type=int, default=1)
    options.add_argument("--files", type=int, default=400_000, help="of the consignment whose results are shown")
    options.add_argument("what", nargs="*", metavar="small|large|paint|results")
    chosen = options.parse_args()
    known = ["small", "large", "paint", "results"]
    names = chosen.what or known
    if not set(names) <= set(known):
        options.error("there are small, large, paint and results")
    corpus = os.path.abspath(os.environ.get("BENCH_CORPUS") or os.path.join(bench.ROOT, ".build/bench"))
    os.makedirs(corpus, exist_ok=True)
    bench.end_when_told()
    work = tempfile.mkdtemp(prefix="pages-", dir=corpus)
    archive = browser.Archive(bench.TDR, work)
    try:
        archive.people()
        archive.run("user", "add", "root", "--name", "Ruth Root", "--email", "root@example.org", "--role", "administrator")
        archive.run("user", "password", "root", text=browser.PASSWORD + "\n")
        reference = None
        if "results" in names:
            folder = os.path.join(corpus, f"tiny-{chosen.files}")
            print(f"bench: {chosen.files:,} tiny files", file=sys.stderr, flush=True)
            corpora.tiny(folder, chosen.files)
            reference = archive.run("upload", "-q", folder, "--series", "MOCK 1", "--body", "Body <MOCK>", "--new")
            archive.run("check", "-q", "--antivirus", "none", reference)
        archive.more = ["--no-access-log"]
        archive.start()
        client, root = browser.Client(archive.url), browser.Client(archive.url)
        client.sign_in("maria")
        root.sign_in("root")
        rows = uploads(archive, client, work, names, chosen.runs)
        if "paint" in names:
            rows += paint(archive, client, root)
        if reference:
            rows += results_page(root, reference, chosen.files)
        archive.stop()
    finally:
        if archive.server and archive.server.poll() is None:
            archive.kill()
        shutil.rmtree(work)
    chromium = bench.first_line("chromium", "--version")
    lines = ["| what | measured | goal |", "| --- | --- | --- |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    text = (f"{bench.heading(chosen.runs).split('. Medians')[0]}; {chromium}, headless; memory is the proportional set "
            "size: what processes share counts once.\n\n" + "\n".join(lines) + "\n")
    print(text)
    if chosen.record:
        bench.record(text, "pages")


if __name__ == "__main__":
    main()
