"""The corpora of the benchmarks: the same bytes on every machine.

a: 20,000 files of 1 to 64 KiB in nested folders (40 % prose, 30 % random, 30 % with a real magic number)
b: 200 files of 1 to 32 MiB, half random, half repetitive text
c: one file of 4 GiB of random bytes
"""
import os
import random

WORDS = ("transfer consignment series department record body closure reference archive minute file "
         "folder metadata checksum the of and to in for a is was by with on at from as it be").split()
MAGIC = [("pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", b"\n%%EOF\n"),
         ("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\0\0\0\0IEND\xaeB`\x82"),
         ("jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\x01\0H\0H\0\0", b"\xff\xd9"),
         ("gif", b"GIF89a", b"\0;"), ("rtf", b"{\\rtf1\\ansi ", b"}"),
         ("tif", b"II*\0\x08\0\0\0", b""), ("doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b""),
         ("xml", b'<?xml version="1.0" encoding="UTF-8"?>\n<r>', b"</r>\n")]


def make(name, folder):
    """Makes a corpus in `folder`, unless it is there; it appears under its name only when it is complete."""
    if os.path.isdir(folder):
        return
    partial = folder + ".partial"
    {"a": small, "b": medium, "c": large}[name](partial)
    os.rename(partial, folder)


def small(folder):
    r = random.Random(1001)
    for i in range(20000):
        n = r.randint(1024, 65536)
        k = r.random()
        place = f"{folder}/series-{i % 7}/dept {i % 31:02d}/year-{1970 + i % 53}/box_{i % 11}"
        if k < .4:
            put(f"{place}/minute {i:05d}.{r.choice(['txt', 'csv', 'html', 'eml'])}", prose(r, n))
        elif k < .7:
            put(f"{place}/blob{i:05d}.{r.choice(['bin', 'dat', 'db'])}", r.randbytes(n))
        else:
            suffix, head, tail = r.choice(MAGIC)
            put(f"{place}/file-{i:05d}.{suffix}", head + r.randbytes(max(0, n - len(head) - len(tail))) + tail)


def medium(folder):
    r = random.Random(1002)
    for i in range(200):
        n = r.randint(1 << 20, 32 << 20)
        put(f"{folder}/batch-{i % 5}/item{i:03d}.{'txt' if i % 2 else 'bin'}", prose(r, n) if i % 2 else r.randbytes(n))


def large(folder):
    r = random.Random(1003)
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/master.mov", "wb") as file:
        for _ in range(256):
            file.write(r.randbytes(16 << 20))


def tiny(folder, count):
    """`count` files in folders of a thousand, every other one empty, the others a few bytes."""
    if os.path.isdir(folder):
        return
    partial = folder + ".partial"
    for i in range(count):
        put(f"{partial}/box {i // 1000:04d}/item {i:07d}.txt", b"" if i % 2 else b"%d\n" % i)
    os.rename(partial, folder)


def prose(r, n):
    block = " ".join(r.choices(WORDS, k=3000)).encode()
    parts, left = [], n
    while left > 0:
        k = r.randrange(len(block) // 2)
        parts.append(block[k:k + left])
        left -= len(parts[-1])
    return b"".join(parts)[:n]


def put(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
