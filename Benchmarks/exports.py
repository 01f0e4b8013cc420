#!/usr/bin/env python3
"""The sets of files that the original's exports were measured with, and exports into S3 beside `aws s3 cp`:

    Benchmarks/run.sh exports [--runs N] [--record] [--s3] [SET...]

Each set goes through upload, check, export as tar.gz and verify, once; the times of the original (2019, AWS Fargate) stand
beside it: download, bag, archive and upload. --s3 also exports corpus b as tar into the strict S3 server of the tests,
beside `aws s3 cp` of an archive that is there already, to the same server; "--s3 none" measures that alone. The files are
random bytes, as images and films are to a packer; they are made anew and taken away again.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile

import bench
import corpora

# Name: count, bytes of one, what was published.
SETS = {
    "1,000 × 10 kB": (1000, 10_000, "72 s"),
    "10,000 × 10 kB": (10_000, 10_000, "out of memory"),
    "500 × 1.8 MB": (500, 1_800_000, "456 s"),
    "10 × 610 MB": (10, 610_000_000, "out of disk"),
    "1 × 1.6 GB": (1, 1_600_000_000, "573 s"),
    "1 × 5.4 GB": (1, 5_400_000_000, "out of disk"),
    "3 × 2 GB": (3, 2_000_000_000, "not published"),
}


def make(folder, count, size):
    r = random.Random(count)
    for i in range(count):
        with open(f"{folder}/{i:05d}.bin", "wb") as file:
            left = size
            while left:
                piece = r.randbytes(min(left, 16 << 20))
                file.write(piece)
                left -= len(piece)


def set_rows(b, name):
    count, size, published = SETS[name]
    folder = os.path.join(b.work, "set")
    os.mkdir(folder)
    make(folder, count, size)
    w = f"'{b.work}'"
    tdr = f"TDR_STORE={w}/store {bench.TDR}"
    b.shell(f"mkdir {w}/out")
    one = dict(runs=1, warm=False, codes=(0, 2), unit=("MB", count * size))
    steps = [b.measure("`tdr upload`", name, f"{tdr} upload -q '{folder}' --series B --body Bench >{w}/ref", **one),
             b.measure("`tdr check --antivirus yara`", name, f"{tdr} check -q --antivirus yara $(cat {w}/ref)", **one)]
    shutil.rmtree(folder)
    result = b.measure("`tdr export`, tar.gz", name, f"{tdr} export -q $(cat {w}/ref) --to {w}/out {bench.ALLOW}", **one)
    steps.append(b.measure("`tdr verify`", name, f"{bench.TDR} verify -q {w}/out/*.gz", **one))
    # No scratch space: what lies there afterwards is the archive and the store, nothing more was made on the way.
    b.shell(f"rm -rf {w}/*")
    peak = max(step.rss for step in [*steps, result])
    return f"| {name} | {published} | {result.wall:.1f} s | {result.rss:.0f} MB | {peak:.0f} MB |"


def s3_rows(b):
    folder = os.path.join(b.corpus, "b")
    corpora.make("b", folder)
    size = ("MB", sum(os.lstat(os.path.join(p, f)).st_size for p, _, files in os.walk(folder) for f in files))
    w, script = f"'{b.work}'", os.path.join(bench.ROOT, "scripts/s3-server.sh")
    server = os.path.join(b.work, "server")
    endpoint = subprocess.run([script, "start", server], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    try:
        keys = "AWS_ACCESS_KEY_ID=test:tester AWS_SECRET_ACCESS_KEY=testing123456 AWS_DEFAULT_REGION=us-east-1"
        aws = f"{keys} /usr/bin/aws --endpoint-url {endpoint} s3"
        tdr = f"{keys} TDR_STORE={w}/store {bench.TDR}"
        b.shell(f"mkdir {w}/out; {aws} mb s3://archive; {tdr} upload -q '{folder}' --series B --body Bench >{w}/ref;"
                f"{tdr} check -q --antivirus none $(cat {w}/ref) || true;"
                f"{tdr} export -q $(cat {w}/ref) --form tar --to {w}/out {bench.ALLOW}")
        empty = f"{aws} rm --recursive --quiet s3://archive || true"
        b.beside([
            ("`aws s3 cp` of a finished tar", "b", f"{aws} cp --quiet {w}/out/*.tar s3://archive/x.tar"),
            ("`tdr export --form tar` into S3", "b",
             f"{tdr} export -q $(cat {w}/ref) --form tar --to s3://archive/in --endpoint {endpoint} {bench.ALLOW}"),
        ], empty, unit=size)
    finally:
        subprocess.run([script, "stop", server], check=True)


def main():
    options = argparse.ArgumentParser(prog="Benchmarks/run.sh exports")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--record", action="store_true")
    options.add_argument("--s3", action="store_true")
    options.add_argument("sets", nargs="*", metavar="SET")
    chosen = options.parse_args()
    names = [] if chosen.sets == ["none"] else chosen.sets or list(SETS)
    if not set(names) <= set(SETS):
        options.error(f"the sets are {', '.join(SETS)}, or none")
    corpus = bench.corpus_folder()
    bench.end_when_told()
    work = tempfile.mkdtemp(prefix="work-", dir=corpus)
    lines = ["| set | published, whole export | `tdr export` | peak RSS | … of the whole way |",
             "| --- | --- | --: | --: | --: |"]
    try:
        b = bench.Bench(chosen.runs, corpus, work)
        for name in names:
            lines.append(set_rows(b, name))
        if chosen.s3:
            s3_rows(b)
    finally:
        shutil.rmtree(work)
    sets = "\n".join(lines) + "\n\n" if names else ""
    text = f"{bench.heading(chosen.runs)}\n\n{sets}{b.table()}\n"
    print(text)
    if chosen.record:
        bench.record(text, "exports")


main()
