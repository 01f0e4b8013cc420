#!/usr/bin/env python3
"""Identification of formats beside siegfried and `file`, on the same files, in the same run, one thread each:

    Benchmarks/run.sh pronom [--runs N] [--worst] [--record] [FOLDER...]

siegfried is pygfried 0.15.1 (siegfried 1.11.4), and both have the same data: PRONOM V122 with container file 20260119,
which must lie in ../shared/pronom. The two take turns; medians of the CPU seconds count, since other work on the machine
disturbs wall time. File names are collected beforehand on both sides; start and load are left out, and told apart.
Without FOLDER: the skeleton suite of ../shared, corpora a and b, and the documents under /usr/share/doc.
--worst also makes the worst cases (2.3 GB) and times them.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import bench
import corpora
import pronom_worst

SHARED = os.path.join(os.path.dirname(bench.ROOT), "shared")
BINARY = os.path.join(SHARED, "pronom/DROID_SignatureFile_V122.xml")
CONTAINER = os.path.join(SHARED, "pronom/container-signature-20260119.xml")
SUITE = os.path.join(SHARED, "corpora/skeleton/skeleton.tar.gz")
PROGRAM = os.path.join(bench.ROOT, ".build/release/pronom-bench")
COUNTER = os.path.join(bench.ROOT, ".build/allocations.so")
PYTHON = os.path.join(bench.ROOT, ".build/venv-bench/bin/python")


def files(folder):
    """The regular files below a folder, in order."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def peak():
    """Peak resident bytes of this program alone; what getrusage says holds what it was forked from."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def siegfried(folder, runs):
    """A child process that identifies the folder so many times, each time on a word from its parent."""
    import pygfried

    paths = list(files(folder))
    pygfried.identify(__file__)
    print(time.process_time(), peak(), flush=True)
    for _ in range(runs):
        sys.stdin.readline()
        cpu, wall = time.process_time(), time.monotonic()
        for path in paths:
            try:
                pygfried.identify(path)
            except Exception:  # Go errors for damaged containers, as they are; the work was done
                pass
        print(time.process_time() - cpu, time.monotonic() - wall, peak(), flush=True)


def ours(verb, *arguments):
    """What a verb of pronom-bench says, and the CPU seconds of the whole process."""
    before = os.times()
    out = subprocess.run([PROGRAM, verb, *arguments], stdout=subprocess.PIPE, check=True, text=True).stdout
    after = os.times()
    return out, after.children_user + after.children_system - before.children_user - before.children_system


def field(text, name):
    words = text.split()
    return float(words[words.index(name) + 1])


def megabytes(size):
    return f"{size / 1e6:,.0f}"


def compare(name, folder, signatures, runs):
    """A row: this folder by tdr, by siegfried, by `file`."""
    child = subprocess.Popen([PYTHON, __file__, "--siegfried", folder, str(runs + 1)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True, env={**os.environ, "GOMAXPROCS": "1"})
    start = float(child.stdout.readline().split()[0])
    mine, theirs, whole = [], [], []
    for number in range(runs + 1):
        text, cpu = ours("time", "1", signatures, folder)
        child.stdin.write("\n")
        child.stdin.flush()
        result = tuple(map(float, child.stdout.readline().split()))
        if number:
            mine.append((field(text, "cpu"), field(text, "wall"), field(text, "rss") * 1024))
            whole.append(cpu)
            theirs.append(result)
    child.communicate()
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", errors="surrogateescape") as names:
        names.write("".join(path + "\n" for path in files(folder) if "\n" not in path))
        names.flush()
        before = os.times()
        subprocess.run(["file", "--brief", "--files-from", names.name], stdout=subprocess.DEVNULL, check=False)
        after = os.times()
    magic = after.children_user + after.children_system - before.children_user - before.children_system
    cpu, wall, rss = (statistics.median(column) for column in zip(*mine))
    other, other_wall, other_rss = (statistics.median(column) for column in zip(*theirs))
    row = (name, f"{field(text, 'files'):,.0f}", megabytes(field(text, "bytes")), f"{cpu:.3f}", f"{other:.3f}",
           f"{other / cpu:.1f} ({other_wall / wall:.1f})", f"{(start + other) / statistics.median(whole):.1f}",
           f"{magic:.2f}", megabytes(rss), megabytes(other_rss))
    print("bench:", ", ".join(row), file=sys.stderr, flush=True)
    return row


def hashing(folder, signatures, runs):
    """CPU seconds of SHA-256 alone and with the scan in the same pass, taking turns."""
    results = [[field(ours(verb, signatures, folder)[0], "cpu") for verb in ("hash", "hashscan")] for _ in range(runs + 1)]
    return [statistics.median(column) for column in zip(*results[1:])]


def allocations(folders, signatures):
    """Lines: how often the allocator is called per file."""
    out = subprocess.run([PROGRAM, "allocations", signatures, *folders], stdout=subprocess.PIPE, check=True, text=True,
                         env={**os.environ, "LD_PRELOAD": COUNTER}).stdout
    for line in out.splitlines():
        count, calls = field(line, "files"), field(line, "allocations")
        yield (f"{line.split()[0]}: {count:,.0f} files, {calls:,.0f} calls" +
               (f", {calls / count:.1f} a file, at most {field(line, 'most'):.0f}" if calls else ""))


def report(chosen, corpus, work):
    signatures = os.path.join(work, "V122.signatures")
    ours("compile", BINARY, CONTAINER, signatures)
    subprocess.run(["tar", "xzf", SUITE, "-C", work], check=True)
    folders = [("skeleton suite", os.path.join(work, "skeleton"))]
    for name in ["a", "b"]:
        corpora.make(name, os.path.join(corpus, name))
        folders.append((f"corpus {name}", os.path.join(corpus, name)))
    folders.append(("/usr/share/doc", "/usr/share/doc"))
    if chosen.folders:
        folders = [(folder, folder) for folder in chosen.folders]
    titles = ("files", "count", "MB", "tdr, CPU s", "siegfried, CPU s", "× tdr: CPU (wall)", "with start and load",
              "`file`, CPU s", "RSS MB", "siegfried's")
    rows = [titles, ["---"] * 2 + ["--:"] * (len(titles) - 2)]
    rows += [compare(name, folder, signatures, chosen.runs) for name, folder in folders]
    text = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    large = folders[2][1] if len(folders) > 2 else folders[-1][1]
    alone, both = hashing(large, signatures, chosen.runs)
    text += (f"\n\nSHA-256 of {os.path.basename(large)}: {alone:.3f} s CPU alone, {both:.3f} s with identification in the "
             f"same pass, {100 * (both / alone - 1):+.1f} %.\n")
    ready = ours("load", signatures)[0].splitlines()
    text += (f"\nReady in {min(field(line, 'bundled') for line in ready[:2]):.1f} ms with the built-in signatures, "
             f"{min(field(line, 'map') + field(line, 'scan') for line in ready[2:]):.1f} ms with a mapped cache.\n")
    text += "\nCalls of the allocator on a second pass over all of these files, by how they were identified:\n\n"
    text += "".join(f"- {line}\n" for line in allocations([folder for _, folder in folders], signatures))
    if chosen.worst:
        text += "\n" + pronom_worst.table(PROGRAM, signatures, os.path.join(work, "worst"))
    return text


def main():
    if sys.argv[1:2] == ["--siegfried"]:
        return siegfried(sys.argv[2], int(sys.argv[3]))
    options = argparse.ArgumentParser(prog="Benchmarks/run.sh pronom")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--record", action="store_true")
    options.add_argument("--worst", action="store_true")
    options.add_argument("folders", nargs="*", metavar="FOLDER")
    chosen = options.parse_args()
    if missing := [path for path in (BINARY, CONTAINER, SUITE) if not os.path.exists(path)]:
        sys.exit(f"pronom: not measured, since {missing[0]} is not there")
    corpus = bench.corpus_folder()
    work = tempfile.mkdtemp(prefix="work-", dir=corpus)
    try:
        text = f"{bench.heading(chosen.runs, 'pygfried 0.15.1')}\n\n{report(chosen, corpus, work)}"
    finally:
        shutil.rmtree(work)
    print(text)
    if chosen.record:
        bench.record(text, "pronom")


if __name__ == "__main__":
    main()
