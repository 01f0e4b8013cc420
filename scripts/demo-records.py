#!/usr/bin/env python3
"""Makes a folder of real and varied records for the demo: demo-records.py FOLDER

Some hundred files come from the packages of this machine (documents, images, programs, data under /usr/share); mail,
archives, sound, pictures and awkward names are made here. Nothing is random: the same machine gives the same folder.

Three kinds of names are left out on purpose, though tdr carries them: a trailing blank, a '%', and two names in one
folder that differ in their Unicode form only. bagit-python 1.9.0 takes them for other names, and the demo's bag is to
be valid there, too.
"""
import gzip
import io
import math
import os
import shutil
import struct
import sys
import tarfile
import zipfile
import zlib

MOMENT = 1_600_000_000  # 13 September 2020: the age of everything made here
PER_SUFFIX = 14
FEWER = {".gz": 4, ".mo": 4}
KINDS = {
    "Documents": (".txt", ".html", ".md", ".rst", ".pdf", ".ps", ".rtf", ".tex", ".docx", ".odt", ""),
    "Images": (".png", ".svg", ".xpm", ".jpg", ".jpeg", ".gif", ".ico", ".tif", ".webp", ".bmp"),
    "Sound and film": (".wav", ".ogg", ".oga", ".mp3", ".flac", ".mp4", ".webm"),
    "Data": (".csv", ".json", ".xml", ".xsd", ".yaml", ".ini", ".conf", ".db", ".sqlite", ".mo", ".tsv"),
    "Programs": (".py", ".pl", ".sh", ".c", ".h", ".js", ".css", ".m4", ".rb", ".el"),
    "Packed": (".gz", ".zip", ".xz", ".bz2", ".jar", ".ttf", ".otf", ".woff2"),
}
PLACES = ("doc", "common-licenses", "icons", "pixmaps", "sounds", "mime", "dict", "python3", "perl", "man", "locale",
          "misc", "fonts", "zoneinfo", "info", "javascript", "gcc", "aclocal", "sgml", "xml", "base-files")


def installed_files():
    """What packages have put under /usr/share: regular files of a reasonable size, in order of their names."""
    for place in PLACES:
        for folder, folders, names in os.walk(os.path.join("/usr/share", place)):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.islink(path) or not os.path.isfile(path) or not os.access(path, os.R_OK):
                    continue
                if 0 < os.path.getsize(path) <= 400_000 and plain(name):
                    yield path


def plain(name):
    return name.isprintable() and name == name.strip() and "%" not in name and "~" not in name


def copy_installed(root):
    kind_of = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes}
    taken = {}
    for path in installed_files():
        suffix = os.path.splitext(path)[1].lower()
        kind = kind_of.get(suffix)
        if kind is None or taken.get(suffix, 0) >= FEWER.get(suffix, PER_SUFFIX):
            continue
        # At most a few from one folder, so that one large package does not fill the demo.
        folder = os.path.dirname(path)
        if taken.get((suffix, folder), 0) >= 4:
            continue
        package = path.split("/")[4] if len(path.split("/")) > 5 else path.split("/")[3]
        target = os.path.join(root, "Office files", kind, package, os.path.basename(path))
        if os.path.exists(target):
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(path, target)
        taken[suffix] = taken.get(suffix, 0) + 1
        taken[suffix, folder] = taken.get((suffix, folder), 0) + 1


def put(root, path, content):
    target = os.path.join(os.fsencode(root), path if isinstance(path, bytes) else os.fsencode(path))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    os.utime(target, (MOMENT, MOMENT))


def letter(number, subject, text, attachment=None):
    head = (f"From: Ada Archivist <ada@example.org>\nTo: Records <records@example.org>\n"
            f"Date: Mon, {number + 1:02d} Jun 2020 10:00:00 +0000\nMessage-ID: <{number}@example.org>\n"
            f"Subject: {subject}\nMIME-Version: 1.0\n")
    if attachment is None:
        return head + f"Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    return (head + 'Content-Type: multipart/mixed; boundary="part"\n\n--part\nContent-Type: text/plain\n\n'
            f'{text}\n--part\nContent-Type: text/csv; name="{attachment}"\n\nyear,boxes\n2019,12\n--part--\n')


def mail(root):
    letters = [letter(n, f"Transfer of box {n}", "The boxes are listed in the attached table.",
                      "boxes.csv" if n % 2 else None) for n in range(6)]
    for number, text in enumerate(letters):
        put(root, f"Mail/2020-06/{number:02d} transfer of box {number}.eml", text)
    put(root, "Mail/archive.mbox",
        "".join(f"From ada@example.org Mon Jun  1 10:00:0{n} 2020\n{text}\n" for n, text in enumerate(letters)))


def picture(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(v for x in range(width) for v in (x % 256, y % 256, (x * y) % 256))
                    for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def sound(seconds, rate=8000):
    samples = b"".join(struct.pack("<h", int(12000 * math.sin(2 * math.pi * 440 * n / rate)))
                       for n in range(seconds * rate))
    return (b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt "
            + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16) + b"data" + struct.pack("<I", len(samples))
            + samples)


def pdf(text):
    stream = f"BT /F1 18 Tf 72 720 Td ({text}) Tj ET".encode()
    parts = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
             b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
             b" /Resources << /Font << /F1 5 0 R >> >> >>",
             b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
             b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + table
            + b"trailer << /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, len(out)))


def archives(root):
    content = {"minutes/2019.txt": b"Minutes of 2019\n", "minutes/2020.txt": b"Minutes of 2020\n"}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 9, 13, 12, 0, 0)), data)
    put(root, "Archives/minutes.zip", packed.getvalue())
    plain_tar = io.BytesIO()
    with tarfile.open(fileobj=plain_tar, mode="w") as archive:
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), MOMENT
            archive.addfile(entry, io.BytesIO(data))
    put(root, "Archives/minutes.tar.gz", gzip.compress(plain_tar.getvalue(), mtime=MOMENT))


def made_here(root):
    put(root, "Minutes/2019/minutes of the committee.pdf", pdf("Minutes of the committee, 2019"))
    put(root, "Minutes/2019/plan of the reading room.png", picture(320, 200))
    put(root, "Minutes/2019/opening speech.wav", sound(3))
    put(root, "Minutes/accounts.csv", "year,income,spent\r\n" + "".join(
        f"{year},{1000 + 7 * (year - 1950)},{900 + 8 * (year - 1950)}\r\n" for year in range(1950, 2021)))
    put(root, "Minutes/a note that was never written.txt", b"")
    put(root, "Minutes/measurements.bin", bytes((n * n * 31 + n // 7) % 256 for n in range(40_000)))
    for name in ("Minutes/2021 (no meetings)", "Loans/returned"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    names = {
        "two  blanks and 'quotes' \"here\".txt": "quotes",
        "-rf": "a name that looks like an option",
        "a line\nbreak.txt": "newline",
        "a tab\there.txt": "tab",
        "back\\slash.txt": "backslash",
        "\U0001F5C4\uFE0F filing cabinet.txt": "emoji",
        "Caf\u00e9 (composed).txt": "one code point for the letter with its accent",
        "Cafe\u0301 (decomposed).txt": "two code points",
        "\u0645\u0644\u0641.txt": "right to left",
        "\u6587\u66f8.txt": "documents",
        "CASE.txt": "capitals", "case.txt": "small letters",
        "semi;colon & ampersand.txt": "shell",
        "$(touch gone).txt": "never run",
        "l" + "o" * 240 + "ng.txt": "a long name",
        "/".join(["deep"] * 40) + "/bottom.txt": "forty folders down",
    }
    for name, text in names.items():
        put(root, "Awkward names/" + name, text + "\n")
    # What operating systems leave behind; tdr leaves it out and says so.
    put(root, "Minutes/Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    put(root, "Mail/.DS_Store", b"\0\0\0\x01Bud1" + bytes(56))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.splitlines()[0])
    root = sys.argv[1]
    os.makedirs(root)
    copy_installed(root)
    mail(root)
    archives(root)
    made_here(root)


main()
