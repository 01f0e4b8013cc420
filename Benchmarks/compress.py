#!/usr/bin/env python3
"""The forms of tdr export beside tar with sha256sum, gzip and pigz:

    Benchmarks/run.sh compress [--runs N] [--record] [a] [b] [c] [FOLDER...]

tdr, and tar with sha256sum, run N times in turn after one run that is not counted, and the median counts; gzip and pigz are
slow and keep nothing from one run to the next, so they run once, over the whole corpus all the same. The others do less than
tdr: none proves what it reads, none waits for the disk, and only the one with sha256sum makes a digest at all. --record
writes the table into docs/performance.md. BENCH_CORPUS names where the corpora are or go.
"""
import argparse
import os
import shutil
import sys
import tempfile

import bench
import corpora

NOTE = "`gzip` and `pigz` ran once each, over the whole corpus."


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
    digest, gzip, pigz = "`tar`, `sha256sum`", "`tar`, `gzip`", f"`tar`, `pigz -p {jobs}`"
    peers = {
        digest: f"{tar} | tee '{out}/x' | sha256sum",
        gzip: f"{tar} | gzip >'{out}/x'",
        pigz: f"{tar} | pigz -p {jobs} >'{out}/x'",
    }
    # Each with what it is compared with.
    ours = {"tar": (digest,), "tar.gz": (pigz, gzip), "tar.zst": (pigz,), "zip": (pigz,)}
    results, sizes = {}, {}

    def run(key, command, counts=True):
        os.mkdir(out)
        result = bench.once(command, (0,))
        if counts:
            results.setdefault(key, []).append(result)
        sizes[key] = max(os.path.getsize(os.path.join(out, each)) for each in os.listdir(out))
        shutil.rmtree(out)
        print(f"bench: {key}, {name}: {result[0]:.2f} s, {result[1]:.2f} s CPU", file=sys.stderr, flush=True)

    for number in range(runs + 1):
        run(digest, peers[digest], counts=number > 0)
        for form in ours:
            run(f"`tdr export --form {form}`", export + form, counts=number > 0)
    for key in (gzip, pigz):
        run(key, peers[key])
    b.shell(f"rm -rf {w}/*")
    total, medians, rows = bytes_of(folder), {key: bench.Result(runs) for key, runs in results.items()}, []
    for key in [*peers, *(f"`tdr export --form {form}`" for form in ours)]:
        one = medians[key]
        against = [f"{medians[peer].wall / one.wall:.1f} × {peer}, {sizes[key] / sizes[peer]:.3f} of its size"
                   for form, beside in ours.items() if key.endswith(f" {form}`") for peer in beside]
        if key.endswith(" tar`"):
            # Every byte twice: each file is proved, and the archive gets a digest.
            against.append(f"{2 * total / 1e9 / one.cpu:.2f} GB hashed in a CPU second")
        rows.append(f"| {key} | {name} | {one.wall:.2f} | {one.cpu:.2f} | {total / 1e6 / one.wall:,.0f} MB/s "
                    f"| {sizes[key] / 1e6:,.0f} MB | {one.rss:,.0f} | {'; '.join(against)} | {one.foreign:.1f} |")
    return rows


def main():
    options = argparse.ArgumentParser(prog="Benchmarks/run.sh compress")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--record", action="store_true")
    options.add_argument("folders", nargs="*", metavar="a|b|c|FOLDER")
    chosen = options.parse_args()
    corpus = bench.corpus_folder()
    bench.end_when_told()
    work = tempfile.mkdtemp(prefix="work-", dir=corpus)
    titles = ("what", "corpus", "wall s", "CPU s", "rate", "size", "peak RSS MB", "speed beside", "foreign cores")
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
    peers = [bench.first_line(name, "--version") for name in ("tar", "sha256sum", "gzip", "pigz")]
    text = f"{bench.heading(chosen.runs, *peers)} {NOTE}\n\n" + "\n".join(lines) + "\n"
    print(text)
    if chosen.record:
        bench.record(text, "compress")


if __name__ == "__main__":
    main()
