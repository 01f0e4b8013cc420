#!/usr/bin/env python3
"""Identification speed against siegfried, on the same files, in the same run, one thread each.

usage: pronom.py PRONOM-BENCH SIGNATURES [--rounds N] FOLDER...

PRONOM-BENCH is the release build's program, SIGNATURES the compiled form of V122 with container file 20260119;
siegfried is pygfried 0.15.1 (siegfried 1.11.4 with the same data). Both sides take turns, N rounds each (5); the median of
the CPU seconds counts, since other work on the machine disturbs wall time. Python's start and siegfried's load are
left out (they are given apart), file names are collected beforehand on both sides.
"""
import os
import resource
import statistics
import subprocess
import sys
import time

os.environ.setdefault("GOMAXPROCS", "1")


def siegfried(folder, rounds):
    """One child process that identifies the folder `rounds` times, on a word from the parent each time."""
    import pygfried

    paths = []
    for base, folders, names in os.walk(folder):
        folders.sort()
        paths += [p for p in (os.path.join(base, n) for n in sorted(names)) if os.path.isfile(p) and not os.path.islink(p)]
    start = time.process_time()
    pygfried.identify(__file__)
    print(time.process_time() - start, flush=True)
    for _ in range(rounds):
        sys.stdin.readline()
        start, wall = time.process_time(), time.monotonic()
        for path in paths:
            try:
                pygfried.identify(path)
            except Exception:  # pygfried raises Go errors for damaged containers; the work was done
                pass
        print(time.process_time() - start, time.monotonic() - wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


def main():
    bench, signatures, *rest = sys.argv[1:]
    rounds = 5
    if rest[0] == "--rounds":
        rounds, rest = int(rest[1]), rest[2:]
    for folder in rest:
        child = subprocess.Popen([sys.executable, __file__, "--child", folder, str(rounds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        load = float(child.stdout.readline())
        ours, theirs = [], []
        for _ in range(rounds):
            line = subprocess.run([bench, "time", "1", signatures, folder], capture_output=True, text=True, check=True).stdout.split()
            ours.append((float(line[line.index("cpu") + 1]), float(line[line.index("wall") + 1]), int(line[line.index("rss") + 1])))
            files, size = int(line[1]), int(line[3])
            child.stdin.write("\n")
            child.stdin.flush()
            theirs.append(tuple(float(x) for x in child.stdout.readline().split()))
        child.wait()
        cpu, other = statistics.median(x[0] for x in ours), statistics.median(x[0] for x in theirs)
        wall, other_wall = statistics.median(x[1] for x in ours), statistics.median(x[1] for x in theirs)
        print(
            f"{folder}: {files} files, {size / 1e6:.1f} MB | tdr {cpu:.3f} s CPU, {wall:.3f} s wall, {max(x[2] for x in ours) // 1024} MiB"
            f" | siegfried {other:.3f} s CPU, {other_wall:.3f} s wall, {int(max(x[2] for x in theirs)) // 1024} MiB, load {load:.2f} s"
            f" | ratio {other / cpu:.1f} CPU, {other_wall / wall:.1f} wall",
            flush=True,
        )


if sys.argv[1] == "--child":
    siegfried(sys.argv[2], int(sys.argv[3]))
else:
    main()
