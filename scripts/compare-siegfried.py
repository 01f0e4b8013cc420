#!/usr/bin/env python3
"""Lists every file that pronom-bench and siegfried (pygfried 0.15.1) identify differently.

usage: compare-siegfried.py PRONOM-BENCH SIGNATURES PATH|@LIST...

A LIST has a path a line, as scripts/compare-files.py makes it. SIGNATURES is the compiled form of V122 with container file
20260119, the data inside pygfried 0.15.1: `pronom-bench compile` makes it. Differences are grouped into classes; the class
"other" must be empty.
"""
import collections
import csv
import os
import subprocess
import sys

import pygfried


def files(roots):
    for root in roots:
        if root.startswith("@"):
            with open(root[1:], encoding="utf-8") as names:
                yield from names.read().splitlines()
            continue
        if os.path.isfile(root):
            yield root
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path) and "\\" not in path and path.isprintable():
                    yield path


def ours(bench, signatures, paths, flag=()):
    out = {}
    for start in range(0, len(paths), 500):
        done = subprocess.run([bench, "list", *flag, signatures, *paths[start : start + 500]], capture_output=True, text=True, check=True)
        for line in done.stdout.splitlines():
            path, *rest = line.split("\t")
            out[path] = rest
    return out


def theirs(path):
    try:
        found = pygfried.identify(path, detailed=True)
    except Exception as fault:  # pygfried raises its Go errors as bare exceptions
        return None, str(fault), ""
    match = found["files"][0]["matches"][0]
    return match["id"], match["basis"], match["warning"]


def classify(droid, method, single, basis, other, other_basis, other_warning):
    if single == other:
        return "same"
    if other is None:
        return "siegfried gives up with an error"
    if other in droid and len(droid) > 1:
        return "several formats without a priority relation: siegfried names another of them"
    if other in droid:
        return "same by DROID's rules"
    if other == "x-fmt/263" and method == "Container" and not other_basis.startswith("byte match at [[0 "):
        return "a ZIP that does not begin at 0: siegfried looks into those only"
    return "other"


def main():
    bench, signatures, *roots = sys.argv[1:]
    paths = list(files(roots))
    all_matches = ours(bench, signatures, paths)
    single = ours(bench, signatures, paths, ["--siegfried"])
    classes = collections.Counter()
    formats = collections.Counter()
    warnings = collections.Counter()
    lines = []
    for path in paths:
        droid, method = all_matches[path][0].split(), all_matches[path][1]
        other, other_basis, other_warning = theirs(path)
        kind = classify(droid, method, single[path][0], single[path][1], other, other_basis, other_warning)
        classes[kind] += 1
        formats[other] += 1
        if kind == "same" and single[path][2] != other_warning:
            warnings[single[path][2], other_warning] += 1
        if kind != "same":
            lines.append([kind, path, " ".join(droid), method, single[path][0], single[path][1], other, other_basis, other_warning])
    table = csv.writer(sys.stdout, delimiter="\t")
    table.writerow("class path droid method ours-as-siegfried basis siegfried basis warning".split())
    table.writerows(sorted(lines))
    print(f"{len(paths)} files, {len(formats)} answers, {formats['UNKNOWN']} times unknown", file=sys.stderr)
    for kind, count in classes.most_common():
        print(f"{count}\t{kind}", file=sys.stderr)
    for (mine, other), count in warnings.most_common(20):
        print(f"{count}\twarning '{mine}' where siegfried says '{other}'", file=sys.stderr)


main()
