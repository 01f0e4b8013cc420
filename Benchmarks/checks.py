#!/usr/bin/env python3
"""All three checks beside the three tools that make them today, one after the other, with the same clamd:

    Benchmarks/run.sh checks [--runs N] [--record] [--soak MINUTES] [a] [b]

The tools are `clamdscan --fdpass --multiscan`, siegfried (pygfried 0.15.1) and `bagit.py`. The clamd is started here,
with a database of its own of a few signatures: what counts is how files are handed over and unpacked, not how long its
full database takes. Its CPU counts on both sides. --soak checks a mix of sizes again and again for so many minutes with
four workers and says how the memory went.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

import bench
import corpora

PYTHON = os.path.join(bench.ROOT, ".build/venv-bench/bin/python")
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SIEGFRIED = ("import pygfried, sys; print(len(pygfried.identify_dir(sys.argv[1], workers=int(sys.argv[2]))['files']))")


class Clamd:
    """A clamd of our own; it lies in /tmp, where Debian's AppArmor profile lets it read."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tdr-bench-clamd-", dir="/tmp")
        database = os.path.join(self.folder, "db")
        os.mkdir(database)
        with open(os.path.join(database, "local.ndb"), "w", encoding="ascii") as file:
            file.write(f"Eicar-Bench:0:*:{EICAR.hex()}\n")
        self.configuration = os.path.join(self.folder, "clamd.conf")
        with open(self.configuration, "w", encoding="ascii") as file:
            file.write(f"LocalSocket {self.folder}/socket\nDatabaseDirectory {database}\nForeground yes\n"
                       f"LogFile {self.folder}/log\nMaxThreads {os.cpu_count()}\nSelfCheck 0\n"
                       "MaxScanSize 4000M\nMaxFileSize 2000M\nStreamMaxLength 2000M\n")
        program = shutil.which("clamd", path=os.environ["PATH"] + ":/usr/sbin")
        # A new database is a warning that would only be in the way.
        self.process = subprocess.Popen([program, "--config-file", self.configuration], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(300):
            if os.path.exists(f"{self.folder}/socket"):
                return
            time.sleep(0.1)
        sys.exit("checks: clamd does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


def corpus_rows(b, name, clamd):
    folder = os.path.join(b.corpus, name)
    corpora.make(name, folder)
    size = ("MB", sum(os.lstat(os.path.join(p, f)).st_size for p, _, files in os.walk(folder) for f in files))
    w, jobs = f"'{b.work}'", os.cpu_count()
    tdr = f"TDR_STORE={w}/store TDR_CLAMD={clamd.configuration} {bench.TDR}"
    check = f"{tdr} check -q $(cat {w}/ref)"
    b.shell(f"rm -rf {w}/store; {tdr} upload -q '{folder}' --series B --body Bench >{w}/ref")
    b.shell(f"rm -rf {w}/kept; mkdir {w}/kept; cp {w}/store/tdr.sqlite* {w}/kept")
    back = f"rm -f {w}/store/tdr.sqlite*; cp {w}/kept/* {w}/store"
    copy = f"rm -rf {w}/copy; cp -al '{folder}' {w}/copy"

    scan = f"clamdscan --config-file={clamd.configuration} --fdpass --multiscan --infected --no-summary '{folder}'"
    siegfried = f"{PYTHON} -c \"{SIEGFRIED}\" '{folder}' {jobs}"
    bag = f"{bench.BAGIT} --quiet --sha256 --processes {jobs} {w}/copy"
    b.measure("`clamdscan --fdpass --multiscan`", name, scan, unit=size)
    b.measure("siegfried", name, siegfried, unit=size)
    b.measure("`bagit.py`", name, bag, copy, unit=size)
    peer = b.measure("the three, one after the other", name, f"{scan} && {siegfried} && {bag}", copy, unit=size)
    b.measure("`tdr check`, clamd", name, check, back, codes=(0, 2), peer=peer, unit=size)
    b.measure("`tdr check`, clamd, without libmagic", name, f"{check} --no-second-opinion", back, codes=(0, 2), peer=peer,
              unit=size)
    b.measure("`tdr check`, YARA", name, f"{check} --antivirus yara", back, codes=(0, 2), peer=peer, unit=size)
    for kind in ["checksum", "format", "antivirus"]:
        b.measure(f"`tdr check --only {kind}`" + (", YARA" if kind == "antivirus" else ""), name,
                  f"{check} --only {kind}" + (" --antivirus yara" if kind == "antivirus" else ""), back, codes=(0, 2),
                  unit=size)
    b.shell(f"rm -rf {w}/*")


def soak(work, minutes):
    """Checks files of 1 byte to 4 GB, four at once, again and again; the memory of each round."""
    folder = os.path.join(work, "mix")
    os.mkdir(folder)
    for exponent in range(32):
        for more in (0, 1):
            with open(f"{folder}/{exponent:02d}-{more}.bin", "wb") as file:
                file.write(os.urandom(min(2 ** exponent, 4096)))
                file.truncate(2 ** exponent + more)
    with open(f"{folder}/4GB.bin", "wb") as file:
        file.write(b"%PDF-1.4\n")
        file.truncate(4_000_000_000)
    peaks, end = [], time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        result = bench.once(f"{bench.TDR} check -q -j 4 --antivirus yara '{folder}'", (0, 2))
        peaks.append(result[2])
    shutil.rmtree(folder)
    return (f"Soak: {len(peaks)} rounds of 65 files from 1 byte to 4 GB with 4 workers and YARA in {minutes} minutes: peak RSS "
            f"{min(peaks):.0f} to {max(peaks):.0f} MB, in the first round {peaks[0]:.0f}, in the last {peaks[-1]:.0f}.")


def main():
    options = argparse.ArgumentParser(prog="Benchmarks/run.sh checks")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--record", action="store_true")
    options.add_argument("--soak", type=float, default=0, metavar="MINUTES")
    options.add_argument("corpora", nargs="*", metavar="a|b")
    chosen = options.parse_args()
    corpus = os.path.abspath(os.environ.get("BENCH_CORPUS") or os.path.join(bench.ROOT, ".build/bench"))
    os.makedirs(corpus, exist_ok=True)
    bench.end_when_told()
    work, clamd = tempfile.mkdtemp(prefix="work-", dir=corpus), Clamd()
    try:
        b = bench.Bench(chosen.runs, corpus, work, [clamd.process.pid])
        for name in chosen.corpora or ["a", "b"]:
            corpus_rows(b, name, clamd)
        text = f"{bench.heading(chosen.runs)}\n\n{b.table()}\n"
        if chosen.soak:
            text += "\n" + soak(work, chosen.soak) + "\n"
    finally:
        shutil.rmtree(work)
        clamd.stop()
    print(text)
    if chosen.record:
        bench.record(text, "checks")


main()
