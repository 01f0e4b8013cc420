#!/usr/bin/env python3
"""The forms of tdr export beside tar with sha256sum, gzip and pigz:

    Benchmarks/run.sh compress [--runs N] [--record] [a] [b] [c] [FOLDER...]

Each command runs N times after one that is not counted, in turn, and the median counts. The others do less than tdr: none
proves what it reads, none waits for the disk, and only the one with sha256sum makes a digest at all. --record writes the
table into docs/performance.md. BENCH_CORPUS names where the corpora are or go.
"""
import argparse
import os
import shutil
import signal
import sys
import tempfile

import bench
import corpora


def bytes_of(folder):
    return sum(os.lstat(os.path.join(at, name)).st_size for at, _, names in os.walk(folder) for name in names)


def measure(b, folder, runs):
    """The rows of one folder."""
    jobs, (parent, name) = os.cpu_count(), os.path.split(folder)
    w = f"'{b.work}'"
    store, ref, out = f"TDR_STORE={w}/store {bench.TDR}", f"$(cat {w}/ref)", f"{b.work}/out"
    b.shell(f"{store} upload -q '{folder}' --series B --body Bench >{w}/ref;"
            f"{store} check -q --antivirus none {ref} >{w}/log || [ $? -eq 2 ]")
    export = f"{store} export -q {ref} --to '{out}' {bench.ALLOW} --form "
    tar = f"set -o pipefail; tar -cf - -C '{parent}' '{name}'"
    # What, which command, and the rows it is compared with.
    commands = {
        "`tar`, `sha256sum`": (f"{tar} | tee '{out}/x' | sha256sum", ()),
        "`tdr export --form tar`": (export + "tar", ("`tar`, `sha256sum`",)),
        "`tar`, `gzip`": (f"{tar} | gzip >'{out}/x'", ()),
        f"`tar`, `pigz -p {jobs}`": (f"{tar} | pigz -p {jobs} >'{out}/x'", ()),
        "`tdr export --form tar.gz`": (export + "tar.gz", (f"`tar`, `pigz -p {jobs}`", "`tar`, `gzip`")),
        "`tdr export --form tar.zst`": (export + "tar.zst", (f"`tar`, `pigz -p {jobs}`",)),
        "`tdr export --form zip`": (export + "zip", (f"`tar`, `pigz -p {jobs}`",)),
    }
    results, sizes = {key: [] for key in commands}, {}
    for number in range(runs + 1):
        for key, (command, _) in commands.items():
            os.mkdir(out)
            result = bench.once(command, (0,))
            if number:
                results[key].append(result)
            sizes[key] = max(os.path.getsize(os.path.join(out, each)) for each in os.listdir(out))
            shutil.rmtree(out)
            print(f"bench: {key}, {name}: {result[0]:.2f} s, {result[1]:.2f} s CPU", file=sys.stderr, flush=True)
    b.shell(f"rm -rf {w}/*")
    total, medians, rows = bytes_of(folder), {key: bench.Result(runs) for key, runs in results.items()}, []
    for key, (_, peers) in commands.items():
        one = medians[key]
        against = ", ".join(f"{medians[peer].wall / one.wall:.1f} × {peer}, {sizes[key] / sizes[peer]:.3f} of its size"
                            for peer in peers)
        rows.append(f"| {key} | {name} | {one.wall:.2f} | {one.cpu:.2f} | {total / 1e6 / one.wall:,.0f} MB/s "
                    f"| {sizes[key] / 1e6:,.0f} MB | {against} | {one.foreign:.1f} |")
    return rows


def main():
    options = argparse.ArgumentParser(prog="Benchmarks/run.sh compress")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--record", action="store_true")
    options.add_argument("folders", nargs="*", metavar="a|b|c|FOLDER")
    chosen = options.parse_args()
    corpus = os.path.abspath(os.environ.get("BENCH_CORPUS") or os.path.join(bench.ROOT, ".build/bench"))
    os.makedirs(corpus, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = tempfile.mkdtemp(prefix="work-", dir=corpus)
    titles = ("what", "corpus", "wall s", "CPU s", "rate", "size", "speed beside", "foreign cores")
    lines = ["| " + " | ".join(row) + " |" for row in (titles, ["---"] * len(titles))]
    try:
        b = bench.Bench(chosen.runs, corpus, work)
        for name in chosen.folders or ["a", "b", "c"]:
            folder = os.path.abspath(name)
            if name in ("a", "b", "c"):
                folder = os.path.join(corpus, name)
                corpora.make(name, folder)
            lines += measure(b, folder, chosen.runs)
    finally:
        shutil.rmtree(work)
    text = f"{bench.heading(chosen.runs)}\n\n" + "\n".join(lines) + "\n"
    print(text)
    if chosen.record:
        bench.record(text, "compress")


if __name__ == "__main__":
    main()
