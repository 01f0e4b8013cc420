#!/usr/bin/env python3
"""Makes a folder with files that fail in many ways: failing-records.py FOLDER bad | mended

`bad` makes all of them, beside good ones. `mended` writes good content over those that a person would mend at the source.
What makes a scanner cry is put there by the tests, since no file of this source may hold it.
"""
import io
import os
import struct
import sys
import zipfile


def pdf(encrypted):
    parts = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
             b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"]
    if encrypted:
        parts.append(b"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <" + b"00" * 32 + b"> /U <" + b"11" * 32 + b"> >>")
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"/Root 1 0 R /Size %d" % (len(parts) + 1) + (b" /Encrypt 4 0 R" if encrypted else b"")
    return (out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + table
            + b"trailer << " + trailer + b" >>\nstartxref\n%d\n%%%%EOF\n" % len(out))


def ole2(*names):
    """A compound file with these streams of 4096 bytes each."""
    count = 2 + 8 * len(names)
    table = [0xFFFFFFFD, 0xFFFFFFFE]
    for index in range(len(names)):
        first = 2 + 8 * index
        table += [*range(first + 1, first + 8), 0xFFFFFFFE]
    table += [0xFFFFFFFF] * (128 - len(table))

    def entry(name, kind, child, right, start, size):
        text = name.encode("utf-16-le") + b"\0\0"
        return (text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, 0xFFFFFFFF, right, child)
                + bytes(36) + struct.pack("<IQ", start, size))
    entries = [entry("Root Entry", 5, 1, 0xFFFFFFFF, 0xFFFFFFFE, 0)]
    for index, name in enumerate(names):
        right = index + 2 if index + 1 < len(names) else 0xFFFFFFFF
        entries.append(entry(name, 2, 0xFFFFFFFF, right, 2 + 8 * index, 4096))
    while len(entries) < 4:
        entries.append(bytes(64) + struct.pack("<HBBIII", 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF) + bytes(48))
    header = (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + bytes(16)
              + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
              + struct.pack("<I", 0) + b"\xFF\xFF\xFF\xFF" * 108)
    body = struct.pack("<128I", *table) + b"".join(entries) + b"\x04\0\x04\0".ljust(4096, b"\0") * len(names)
    assert len(header) == 512 and len(body) == 512 * count
    return header + body


def packed():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("minutes.txt", (2020, 9, 13, 12, 0, 0)), b"Minutes\n")
    return out.getvalue()


def program():
    head = bytearray(b"MZ".ljust(0x80, b"\0"))
    head[0x3C:0x40] = struct.pack("<I", 0x80)
    optional = struct.pack("<H", 0x10B).ljust(224, b"\0")
    return bytes(head) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x14C, 1, 0, 0, 0, 224, 0x102) + optional + bytes(512)


def docx():
    types = ('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Types xmlns="http://schemas.openxmlformats.org/'
             'package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/'
             'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in (("[Content_Types].xml", types), ("_rels/.rels", "<Relationships/>"),
                           ("word/document.xml", "<w:document/>")):
            archive.writestr(zipfile.ZipInfo(name, (2020, 9, 13, 12, 0, 0)), text)
    return out.getvalue()


def word():
    whole = ole2("WordDocument", "\x01CompObj")
    place = whole.rindex(b"\x04\0\x04\0")
    object_ = (b"\x01\0\xfe\xff\x03\x0a\0\0\xff\xff\xff\xff\x06\x09\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"
               b"\x18\0\0\0Microsoft Word-Dokument\0\x0a\0\0\0MSWordDoc\0\x10\0\0\0Word.Document.8\0\xf4\x39\xb2\x71")
    return whole[:place] + object_ + whole[place + len(object_):]


NOISE = bytes((n * n * 31 + n // 7) % 256 for n in range(4000))
BAD = {
    "good.txt": b"A good file.\n",
    "kept/also good.txt": b"Another good file.\n",
    "1 empty.txt": b"",
    "2 packed.zip": packed(),
    "3 it's a program.exe": program(),
    "4 locked.docx": ole2("EncryptedPackage", "EncryptionInfo"),
    "5 locked.pdf": pdf(True),
    "6 shortcut.lnk": b"\x4C\0\0\0\x01\x14\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46" + bytes(56),
    "7 $(touch gone) `unknown`": NOISE,
    "8 infected.txt": b"to be infected\n",
    "9 closed.txt": b"nobody may read this\n",
    "10 altered.txt": b"bytes that the disk will lose\n" * 100,
    "11 pictures\nof the house": ole2("Catalog"),
    "12 letter.dot": b"a template\n",
    "13 several.doc": NOISE,
    "15 letter.bak": b"an older letter\n",
    "14 settings": b"\0\0\0\x01Bud1" + bytes(56),
}
MENDED = {
    "1 empty.txt": b"no longer empty\n",
    "4 locked.docx": docx(),
    "5 locked.pdf": pdf(False),
    "7 $(touch gone) `unknown`": b"the text that was meant\n",
    "8 infected.txt": b"a clean copy\n",
    "9 closed.txt": b"everybody may read this\n",
    "13 several.doc": word(),
}


def main():
    root, which = sys.argv[1:]
    for path, content in {"bad": BAD, "mended": MENDED}[which].items():
        target = os.path.join(root, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.exists(target):
            os.chmod(target, 0o644)
        with open(target, "wb") as file:
            file.write(content)


main()
