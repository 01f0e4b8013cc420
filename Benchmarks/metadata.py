#!/usr/bin/env python3
"""Measures `tdr metadata validate` and `apply` of a table with many rows.

    Benchmarks/metadata.py path/to/tdr [rows]

Makes as many empty-ish files in a temporary folder, uploads them, writes a table in which every third row is closed
with two periods and codes, and prints seconds and the greatest resident size of each run. Then it breaks every row and
measures the list of all errors.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time


def run(words, environment, stdout):
    """Seconds, peak kilobytes and exit code of one command."""
    begun = time.monotonic()
    child = subprocess.Popen(words, env=environment, stdout=stdout, stderr=subprocess.PIPE)
    errors = child.stderr.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    return time.monotonic() - begun, usage.ru_maxrss, os.waitstatus_to_exitcode(status), errors


def table(path, rows, broken):
    with open(path, "w", encoding="utf-8", newline="") as out:
        out.write(
            "filepath,date of the record,description,closure status,closure start date,closure period,"
            "foi exemption code,foi schedule date,is filename closed,alternate filename,is description closed,language\r\n")
        for number in range(rows):
            name = f"Records/{number // 1000:04}/file {number:07}.txt"
            if broken:
                out.write(f'"{name}",soon,"A, record",Shut,,151;30,27(1),2999-01-01,perhaps,,No,English\r\n')
            elif number % 3 == 0:
                out.write(
                    f'"{name}",1990-01-02,"Minutes, with\r\ntwo lines {number}",Closed,1991-02-03,30;40,27(1);40(2),'
                    "1992-03-04,Yes,A file,No,English;Welsh\r\n")
            else:
                out.write(f'"{name}",1990-01-02,Letter {number},Open,,,,,No,,No,English\r\n')


def main():
    tdr = os.path.abspath(sys.argv[1])
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    folder = tempfile.mkdtemp(prefix="tdr-metadata-")
    try:
        for number in range(rows):
            place = f"{folder}/Records/{number // 1000:04}"
            if number % 1000 == 0:
                os.makedirs(place)
            with open(f"{place}/file {number:07}.txt", "w", encoding="utf-8") as out:
                out.write(str(number))
        environment = dict(os.environ, TDR_STORE=f"{folder}/store", HOME=folder)
        upload = subprocess.run(
            [tdr, "upload", f"{folder}/Records", "--series", "B 1", "--body", "Bench", "--quiet"],
            env=environment, check=True, capture_output=True, text=True)
        reference = upload.stdout.strip()
        good, bad = f"{folder}/good.csv", f"{folder}/bad.csv"
        table(good, rows, False)
        table(bad, rows, True)
        print(f"{rows} rows, {os.path.getsize(good) / 1e6:.1f} MB of CSV")
        for words, file in [("validate", good), ("validate", bad), ("apply", good), ("validate", good)]:
            with open(f"{folder}/answer", "wb") as answer:
                seconds, peak, code, errors = run(
                    [tdr, "metadata", words, reference, file, "--csv"], environment, answer)
            last = errors.strip().splitlines()[-1] if errors.strip() else ""
            print(f"{words:9} {os.path.basename(file):9} {seconds:6.2f} s  {peak / 1024:6.1f} MB  exit {code}  {last}")
        with open(f"{folder}/answer", "wb") as answer:
            seconds, peak, code, _ = run([tdr, "metadata", "template", reference], environment, answer)
        print(f"template            {seconds:6.2f} s  {peak / 1024:6.1f} MB  exit {code}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
