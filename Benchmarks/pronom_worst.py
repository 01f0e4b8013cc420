#!/usr/bin/env python3
"""Makes the worst cases of format identification and times them.

usage: pronom_worst.py PRONOM-BENCH SIGNATURES FOLDER      FOLDER gets about 2.3 GB
"""
import os
import random
import struct
import subprocess
import sys
import zipfile

MB = 1 << 20


def put(folder, name, *pieces):
    with open(os.path.join(folder, name), "wb") as file:
        for piece, times in pieces:
            for _ in range(times):
                file.write(piece)


def looping_ole2():
    """A FAT, a mini FAT, a DIFAT and a directory tree that all lead back to themselves."""
    header = bytearray(512)
    header[:8] = bytes.fromhex("D0CF11E0A1B11AE1")
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIIIIIIIII", header, 40, 0, 1, 1, 0, 4096, 2, 65000, 3, 99, 0)
    fat = b"".join(struct.pack("<I", x) for x in [0xFFFFFFFD, 1, 2, 3] + [4] * 124)

    def entry(name, kind, left, right, child, start, size):
        text = name.encode("utf-16le") + b"\0\0"
        record = bytearray(128)
        record[: len(text)] = text
        struct.pack_into("<HBBIII", record, 64, len(text), kind, 1, left, right, child)
        struct.pack_into("<II", record, 116, start, size)
        return bytes(record)

    tree = entry("Root Entry", 5, 0, 0, 1, 4, 1 << 30) + entry("WordDocument", 2, 2, 1, 0xFFFFFFFF, 4, 0x7FFFFFFF)
    tree += entry("\x01CompObj", 2, 1, 3, 1, 2, 100) + entry("S", 1, 3, 2, 1, 0, 0)
    return bytes(header) + fat + tree + struct.pack("<I", 2) * 128 + struct.pack("<I", 3) * 128 + bytes(512 * 200)


def make(folder):
    noise = random.Random(1).randbytes(4 * MB)
    page = b"<< /Type /Page /Parent 3 0 R >> pdfaid:par <rdf:Description xmlns:pdf='x'> endobj\n" * 8000
    end = (b"\nstartxref\n0\n%%EOF\n", 1)
    put(folder, "zeros.bin", (bytes(MB), 256))
    put(folder, "fffb.mp3", (b"\xff\xfb" * (MB // 2), 128))
    put(folder, "noise.pdf", (b"%PDF-1.4\n", 1), (noise, 256), end)
    put(folder, "pages.pdf", (b"%PDF-1.4\n", 1), (page, 256), end)
    put(folder, "gap.tif", (b"II*\0\0\0\0\0", 1), (b"\x1c\x02" * (MB // 2), 8))
    put(folder, "loop.doc", (looping_ole2(), 1))
    put(folder, "sections.dxf", (b"  0\r\nSECTION\r\n" * MB, 8), (b"  0\r\nEOF\r\n", 1))
    put(folder, "angle.xml", (b"<?xml version='1.0'?>\n", 1), (b"<" * MB, 128))
    with zipfile.ZipFile(os.path.join(folder, "many.zip"), "w") as archive:
        for number in range(100_000):
            archive.writestr(f"dir{number % 100}/file{number}.txt", b"")
    with zipfile.ZipFile(os.path.join(folder, "bomb.docx"), "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ["[Content_Types].xml", "mimetype", "META-INF/manifest.xml"]:
            archive.writestr(name, bytes(400 * MB))


def table(bench, signatures, folder):
    """Makes the worst cases in `folder` and times them: a Markdown table."""
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(os.path.join(folder, "bomb.docx")):
        make(folder)
    lines = ["| worst case | MiB | ms CPU | RSS MB |", "| --- | --: | --: | --: |"]
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        runs = subprocess.run([bench, "time", "3", signatures, path], capture_output=True, text=True, check=True).stdout
        words = [line.split() for line in runs.splitlines()]
        best = min(float(line[line.index("cpu") + 1]) for line in words)
        rss = int(words[-1][words[-1].index("rss") + 1]) * 1024 / 1e6
        lines.append(f"| {name} | {os.path.getsize(path) / MB:,.1f} | {best * 1000:,.2f} | {rss:.0f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(*sys.argv[1:]))
