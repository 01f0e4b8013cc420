#!/usr/bin/env python3
"""Gathers files to compare identification on: for scripts/compare-siegfried.py.

usage: compare-files.py FOLDER [PLACE...]

FOLDER/made gets files that programs made: documents by LibreOffice, images by ImageMagick, sound and film by FFmpeg and
SoX, archives by tar, zip, 7-Zip and others, each in every form that the program has; what is not installed is passed over
and said. FOLDER/damaged gets each of them four times: cut off, shifted, with another behind it, overwritten in places.
FOLDER/list gets the names of up to 25 files of each extension below the PLACEs (default /usr/share, /usr/lib,
/opt, /etc), the same for the same machine.
"""
import collections
import gzip
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import zipfile

PER_EXTENSION = 25
WRITER = "odt fodt ott docx dotx docm doc dot rtf txt html xhtml epub pdf xml uot".split()
CALC = "ods fods ots xlsx xlsm xltx xls xlt csv dif dbf slk html pdf uos xml".split()
IMPRESS = "odp fodp otp pptx pptm potx ppsx ppt pot pps pdf odg svg swf html png jpg emf wmf".split()
DRAW = "odg fodg otg svg pdf emf wmf eps png tiff gif bmp webp".split()
IMAGES = ("bmp bmp2 bmp3 cin dcx dds dpx emf eps eps2 eps3 epsf epsi exr fax fits fl32 flif g3 gif gif87 gray hdr heic hrz "
          "icb ico j2c j2k jbig jng jp2 jpeg jpg jxl mat miff mng mpc mtv otb palm pam pbm pcd pcl pct pcx pdb pdf pfm pgm "
          "pgx picon pict pjpeg png png8 png24 png48 pnm ppm ps ps2 ps3 psb psd ptif qoi ras rgf sgi sun svg tga tiff "
          "tiff64 txt uyvy vicar viff wbmp webp wpg xbm xpm xv xwd yuv").split()
SOUND = ("8svx aif aifc aiff al amb au avr caf cdda cvsd dat fap flac fssd gsm hcom htk ima ircam la lpc mat4 mat5 maud mp3 "
         "nist oga ogg opus paf prc pvf sd2 sds sf snd sndr sndt sox sph ul vms voc vox w64 wav wavpcm wv wve xa xi").split()
FILM = ("3g2 3gp aac ac3 adts aif amr apng asf ass ast au avi caf dv eac3 f4v ffmeta flac flv gif gxf h263 h264 hevc ico ipod "
        "ivf m2ts m4a m4v matroska mka mkv mlp mmf mov mp2 mp3 mp4 mpeg mpg mts mxf nut oga ogg ogv oma opus psp rm roq "
        "rso smjpeg sox spdif srt sup swf tta ts tta vc1 vob voc vtt w64 wav webm webp wma wmv wtv wv yuv4mpeg").split()


def run(*command, **more):
    """Whether a program made something of it; a form that it cannot write is none of ours."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=120, check=False, **more)
        return done.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def lacks(program):
    if shutil.which(program):
        return False
    print(f"compare-files: no {program} here, so nothing is made with it", file=sys.stderr)
    return True


def documents(folder):
    if lacks("soffice"):
        return
    office = ("soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to")
    text = "".join(f"<p>Minute {n}: <b>the committee</b> noted § {n} – naïve café.</p>" for n in range(200))
    with open(f"{folder}/minute.html", "w", encoding="utf-8") as file:
        file.write(f"<html><head><title>Minutes</title></head><body><h1>Minutes</h1>{text}<ul><li>x</li></ul></body></html>")
    with open(f"{folder}/table.csv", "w", encoding="utf-8") as file:
        file.writelines(f"{n},entry {n},{n * 1.5},2026-01-{n % 28 + 1:02d}\n" for n in range(500))
    run(*office, "odt:writer8", "--outdir", folder, "--infilter=HTML (StarWriter)", f"{folder}/minute.html")
    run(*office, "ods", "--outdir", folder, f"{folder}/table.csv")
    run(*office, "fodg", "--outdir", folder, "--infilter=HTML (StarWriter)", f"{folder}/minute.html")
    run("convert-im6.q16", "-size", "300x200", "plasma:red-blue", f"{folder}/drawing.png")
    run(*office, "odg", "--outdir", folder, f"{folder}/drawing.png")
    run(*office, "odp:impress8", "--outdir", folder, "--infilter=impress_png_Export", f"{folder}/drawing.odg")
    for source, forms in [("minute.odt", WRITER), ("table.ods", CALC), ("drawing.odg", DRAW), ("drawing.odp", IMPRESS)]:
        for form in forms:
            if os.path.exists(f"{folder}/{source}") and not source.endswith("." + form):
                run(*office, form, "--outdir", f"{folder}/{source.split('.')[1]}", f"{folder}/{source}")
    shutil.rmtree(f"{folder}/profile", ignore_errors=True)


def images(folder):
    if lacks("convert-im6.q16"):
        return
    for form in IMAGES:
        for kind, more in [("colour", []), ("grey", ["-colorspace", "gray"]), ("bilevel", ["-monochrome"]),
                           ("alpha", ["-alpha", "set", "-channel", "A", "-evaluate", "set", "50%"])]:
            run("convert-im6.q16", "-size", "97x61", "-seed", "1", "plasma:red-blue", *more, "-strip",
                f"{form}:{folder}/{kind}-{form}.{form.rstrip('0123456789') if form[:3] in ('png', 'bmp', 'eps') else form}")
    for packing in ["None", "LZW", "Zip", "RLE", "JPEG", "Group4", "Fax"]:
        run("convert-im6.q16", "-size", "97x61", "plasma:red-blue", "-compress", packing, f"{folder}/{packing}.tif")


def sound(folder):
    if lacks("sox"):
        return
    for form in SOUND:
        run("sox", "-n", "-r", "8000", "-c", "1", f"{folder}/tone-{form}.{form}", "synth", "1", "sine", "440")


def film(folder):
    if lacks("ffmpeg"):
        return
    for form in FILM:
        run("ffmpeg", "-y", "-f", "lavfi", "-i", "testsrc=d=1:s=176x144:r=25", "-f", "lavfi", "-i",
            "sine=d=1:r=48000", "-t", "1", "-strict", "-2", f"{folder}/film-{form}.{form}")
        run("ffmpeg", "-y", "-f", "lavfi", "-i", "sine=d=1:r=8000", "-ac", "1", "-strict", "-2",
            f"{folder}/sound-{form}.{form}")


def archives(folder):
    source = f"{folder}/source"
    os.makedirs(source, exist_ok=True)
    r = random.Random(1)
    for n in range(20):
        with open(f"{source}/letter {n}.txt", "w", encoding="utf-8") as file:
            file.write(" ".join(r.choices(["letter", "of", "the", "council", "1926"], k=500)))
    for form in ["v7", "ustar", "pax", "gnu", "oldgnu"]:
        run("tar", f"--format={form}", "-cf", f"{folder}/{form}.tar", "-C", folder, "source")
    for packer, end in [("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst"), ("lzip", "lz"), ("lzma", "lzma")]:
        if shutil.which(packer):
            run("tar", "-I", packer, "-cf", f"{folder}/packed.tar.{end}", "-C", folder, "source")
    for form in ["newc", "odc", "bin", "crc", "ustar"]:
        with open(f"{folder}/list", "w", encoding="utf-8") as names:
            names.writelines(f"source/letter {n}.txt\n" for n in range(20))
        with open(f"{folder}/list", "rb") as names, open(f"{folder}/{form}.cpio", "wb") as out:
            subprocess.run(["cpio", "-o", "-H", form], stdin=names, stdout=out, stderr=subprocess.DEVNULL, cwd=folder,
                           check=False) if shutil.which("cpio") else None
    for form in ["7zip", "zip", "iso9660", "shar", "xar", "warc", "ar", "cpio"]:
        run("bsdtar", "--format", form, "-cf", f"{folder}/bsd.{form}", "-C", folder, "source")
    for form in ["7z", "zip", "wim", "tar", "xz", "bz2", "gz"]:
        run("7z", "a", f"-t{form}", f"{folder}/seven.{form}", *(f"{source}/letter {n}.txt" for n in (range(5) if form in
            ("7z", "zip", "wim", "tar") else [0])))
    run("7z", "a", "-pcode", f"{folder}/code.zip", source)
    run("7z", "a", "-pcode", "-mhe=on", f"{folder}/code.7z", source)
    for name, method in [("stored", zipfile.ZIP_STORED), ("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)]:
        with zipfile.ZipFile(f"{folder}/{name}.zip", "w", method) as archive:
            archive.write(f"{source}/letter 1.txt", "letter 1.txt")
    with gzip.open(f"{folder}/named.gz", "wb") as file:
        file.write(b"x" * 1000)
    database = sqlite3.connect(f"{folder}/records.sqlite")
    database.execute("CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY, title TEXT)")
    database.commit()
    database.close()


def damaged(made, folder):
    """What was made, hurt in ways that programs and disks have."""
    r = random.Random(1)
    paths = [os.path.join(base, name) for base, _, names in sorted(os.walk(made)) for name in sorted(names)]
    for number, path in enumerate(paths):
        with open(path, "rb") as file:
            data = file.read(4 << 20)
        with open(r.choice(paths), "rb") as file:
            other = file.read(1 << 20)
        hurt = bytearray(data)
        for _ in range(1 + len(data) // 2000):
            if data:
                hurt[r.randrange(len(data))] = r.randrange(256)
        kinds = {"cut": data[:r.randrange(len(data) + 1)], "shifted": r.randbytes(r.randint(1, 600)) + data,
                 "joined": data + other, "overwritten": bytes(hurt)}
        for kind, what in kinds.items():
            with open(f"{folder}/{number:04d}-{kind}-{os.path.basename(path)}", "wb") as file:
                file.write(what)


def sample(places):
    """Up to so many files of each extension, spread over where they lie."""
    by_extension = collections.defaultdict(list)
    for place in places:
        for base, folders, names in os.walk(place):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(base, name)
                if os.path.isfile(path) and not os.path.islink(path) and path.isprintable() and "\\" not in path:
                    extension = name.rsplit(".", 1)[1].lower() if "." in name[1:] else ""
                    by_extension["(version)" if extension.isdigit() else extension].append(path)
    r = random.Random(1)
    for extension in sorted(by_extension):
        paths = by_extension[extension]
        yield from r.sample(paths, min(PER_EXTENSION, len(paths)))


def main():
    folder, *places = sys.argv[1:]
    made = os.path.join(os.path.abspath(folder), "made")
    for kind in (documents, images, sound, film, archives):
        place = os.path.join(made, kind.__name__)
        os.makedirs(place, exist_ok=True)
        kind(place)
        print(f"compare-files: {kind.__name__}: {sum(len(f) for _, _, f in os.walk(place))} files", file=sys.stderr)
    os.makedirs(os.path.join(folder, "damaged"), exist_ok=True)
    damaged(made, os.path.join(folder, "damaged"))
    paths = list(sample(places or ["/usr/share", "/usr/lib", "/opt", "/etc"]))
    with open(os.path.join(folder, "list"), "w", encoding="utf-8") as file:
        file.writelines(path + "\n" for path in paths)
    print(f"compare-files: {len(paths)} files listed", file=sys.stderr)


main()
