#!/usr/bin/env python3
"""Writes tdr's manual pages from its commands: make-man.py TDR FOLDER

Names, options and help texts come from `TDR --experimental-dump-help`; what a manual page has beyond that is below.
Of a command's discussion, indented lines become examples and "Exit codes:" the table of exit codes. The date is that of
the version in CHANGELOG.md, so that the same commands always give the same pages.
"""
import datetime
import json
import os
import re
import subprocess
import sys
import textwrap

STORE = {"upload", "check", "status", "export", "verify", "doctor"}  # the commands that work on the store
ENVIRONMENT = [
    ("TDR_STORE", STORE, "The folder of the store, unless --store names one."),
    ("XDG_DATA_HOME", STORE | {"identify", "signatures"},
     "The folder that holds tdr/, the store unless TDR_STORE names one; default ~/.local/share."),
    ("TDR_ANTIVIRUS", {"check", "doctor"}, "The antivirus engine, unless --antivirus names one: auto, clamd or none."),
    ("TDR_CLAMD", {"check", "doctor"}, "The socket of clamd or its clamd.conf, unless --clamd names one."),
    ("TDR_FORMAT_POLICY", {"check"},
     "A JSON file that says which formats are refused, unless --format-policy names one."),
    ("TDR_CONTACT_NAME", {"upload"}, "Who transfers: first and last name, unless --contact-name says it."),
    ("TDR_CONTACT_EMAIL", {"upload"}, "Who transfers: e-mail, unless --contact-email says it."),
    ("TDR_CLOCK", STORE,
     "A time such as 2026-01-31T12:00:00Z that is taken for now, to repeat a run exactly. For tests."),
    ("TMPDIR", {"check", "doctor"},
     "The folder for bytes that nobody needs for long; default /tmp. It must not lie in a folder that is checked."),
    ("NO_COLOR", set(), "Makes no difference: tdr colours nothing."),
]
FILES = [
    ("tdr.sqlite", STORE, "In the store: all that is known of consignments, files, checks and exports, and the history."),
    ("objects/", STORE, "In the store: the bytes of the uploaded files, by number, never by name."),
    ("locks/", STORE, "In the store: one file for each consignment, held by the process that works on it."),
    ("~/.local/share/tdr/signatures/", {"check", "doctor", "identify", "signatures"},
     "Signatures that were imported; in XDG_DATA_HOME when that is set."),
]


def text(words):
    """Running text: escaped, each sentence on lines of its own, as mdoc wants it."""
    sentences = re.sub(r"(?<=[.:;]) +(?=[A-Z])", "\n", words.replace("\\", "\\e")).split("\n")
    lines = [line for sentence in sentences
             for line in textwrap.wrap(sentence, 78, break_on_hyphens=False, break_long_words=False)]
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in lines)


def argument(word):
    """A word as an argument of a macro."""
    return '"' + word.replace("\\", "\\e").replace('"', '""') + '"' if re.search(r"[\s\"|]", word) else word


def split(discussion):
    """Paragraphs, examples and exit codes of a discussion."""
    paragraphs, examples, codes = [], [], []
    for part in discussion.split("\n\n"):
        if part.startswith("  "):
            examples += [line[2:] for line in part.split("\n")]
        elif part.startswith("Exit codes:"):
            for entry in part.removeprefix("Exit codes:").rstrip(".").split(";"):
                numbers, words = re.match(r"\s*((?:\d+(?:, | and )?)+)\s+(.*)", entry, re.DOTALL).groups()
                codes.append((numbers.strip(), words))
        elif part:
            paragraphs.append(part)
    return paragraphs, examples, codes


def flags(option):
    """The forms of an option, short before long, in macros."""
    names = sorted(option["names"], key=lambda name: name["kind"] != "short")
    forms = [f"Fl {'-' if name['kind'] == 'long' else ''}{name['name']}" for name in names]
    return forms, (f" Ar {argument(option['valueName'])}" if option["kind"] == "option" else "")


def synopsis(command, name):
    lines = [f".Nm {name}"]
    for entry in shown(command):
        if entry["kind"] == "positional":
            continue
        forms, value = flags(entry)
        optional = entry["isOptional"]
        lines.append((".Op " if optional else ".") + forms[-1] + value)
    for entry in shown(command):
        if entry["kind"] == "positional":
            value = f"Ar {argument(entry['valueName'])}" + (" ..." if entry["isRepeating"] else "")
            lines.append(f".Op {value}" if entry["isOptional"] else f".{value}")
    return lines


def shown(command):
    return [entry for entry in command.get("arguments", [])
            if entry["shouldDisplay"] and entry["valueName"] not in ("help", "version")]


def nested(command):
    """The commands of a command, `tdr signatures import`."""
    return [part for part in command.get("subcommands", []) if part["shouldDisplay"] and part["commandName"] != "help"]


def options(command):
    lines = [".Bl -tag -width Ds"]
    for entry in shown(command):
        if entry["kind"] == "positional":
            lines.append(f".It Ar {argument(entry['valueName'])}")
        else:
            forms, value = flags(entry)
            lines.append(".It " + " , ".join(form + value for form in forms))
        lines.append(text(entry["abstract"]))
        if "allValues" in entry and entry["kind"] == "option":
            lines.append("One of " + ", ".join(entry["allValues"]) + "."
                         + (f"\nDefault: {entry['defaultValue']}." if "defaultValue" in entry else ""))
    return lines + [".El"]


def table(rows, macro, width):
    return ([f".Bl -tag -width {width}"]
            + [line for name, words in rows for line in (f".It {macro}{name}", text(words))] + [".El"])


def literal(examples):
    """Lines as they are; nothing when there are none."""
    return [".Bd -literal"] + [line.replace("\\", "\\e") for line in examples] + [".Ed"] if examples else []


def page(command, date, version, siblings):
    own = command["commandName"]
    is_root = own == "tdr"
    title = "tdr" if is_root else f"tdr-{own}"
    name = "tdr" if is_root else f"tdr {own}"
    paragraphs, examples, codes = split(command.get("discussion", ""))
    lines = [
        '.\\" Made from the commands by scripts/make-man.py; do not edit.',
        f".Dd {date}", f".Dt {title.upper()} 1", f".Os tdr {version}",
        ".Sh NAME", f".Nm {title}", f".Nd {command['abstract'][0].lower()}{command['abstract'][1:].rstrip('.')}",
        ".Sh SYNOPSIS"]
    if is_root:
        lines += [".Nm tdr", ".Ar command", ".Op Ar options", ".Nm tdr", ".Fl -version", ".Nm tdr Cm help",
                  ".Op Ar command"]
    elif nested(command):
        lines += [f".Nm tdr {own}", ".Op Ar command"]
    else:
        lines += synopsis(command, f"tdr {own}")
    lines += [".Sh DESCRIPTION"]
    for number, paragraph in enumerate([command["abstract"]] + paragraphs):
        lines += ([".Pp"] if number else []) + [text(paragraph)]
    if is_root:
        lines += [".Pp", "The answer of a command goes to stdout, all else to stderr.", "The commands:"]
        lines += [".Bl -tag -width Ds"]
        for sibling in siblings:
            lines += [f".It Cm {sibling['commandName']}", text(sibling["abstract"]),
                      "See", f".Xr tdr-{sibling['commandName']} 1 ."]
        lines += [".El"]
    elif nested(command):
        for part in nested(command):
            lines += [f".Ss tdr {own} {part['commandName']}", text(part["abstract"])]
            words, samples, _ = split(part.get("discussion", ""))
            lines += [line for paragraph in words for line in (".Pp", text(paragraph))]
            lines += literal(samples) + options(part)
    else:
        lines += [".Pp", "The arguments and options:"] + options(command)
    variables = [(variable, words) for variable, users, words in ENVIRONMENT if is_root or own in users]
    if variables:
        lines += [".Sh ENVIRONMENT"] + table(variables, "Ev ", "TDR_CONTACT_EMAIL")
    files = [(file, words) for file, users, words in FILES if is_root or own in users]
    if files:
        lines += [".Sh FILES"] + table(files, "Pa ", "tdr.sqlite")
    if codes:
        lines += [".Sh EXIT STATUS"] + table(codes, "", "143000")
    if examples:
        lines += [".Sh EXAMPLES"] + literal(examples)
    others = [f"tdr-{sibling['commandName']}" for sibling in siblings if sibling["commandName"] != own]
    pages = sorted((["clamd 8"] if own in ("tdr", "check") else [])
                   + [f"{other} 1" for other in others + ([] if is_root else ["tdr"])],
                   key=lambda page: (page.split()[1], page))
    lines += [".Sh SEE ALSO"] + [f".Xr {page}" + (" ," if page != pages[-1] else "") for page in pages]
    if own in ("tdr", "export", "verify"):
        lines += [".Sh STANDARDS", "Bags are those of RFC 8493, The BagIt File Packaging Format (V1.0)."]
    return "\n".join(lines) + "\n"


def date_of(version):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "CHANGELOG.md")
    with open(path, encoding="utf-8") as file:
        found = re.search(rf"^## \[{re.escape(version)}\] - (\d+-\d+-\d+)$", file.read(), re.MULTILINE)
    if not found:
        sys.exit(f"make-man: CHANGELOG.md has no line '## [{version}] - DATE'; write one")
    day = datetime.date.fromisoformat(found.group(1))
    return f"{day:%B} {day.day}, {day.year}"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    tdr, folder = sys.argv[1:]

    def answer(option):
        return subprocess.run([tdr, option], check=True, stdout=subprocess.PIPE).stdout.decode()

    version = answer("--version").strip()
    root = json.loads(answer("--experimental-dump-help"))["command"]
    commands = [command for command in root["subcommands"]
                if command["shouldDisplay"] and command["commandName"] != "help"]
    for command in [root] + commands:
        own = command["commandName"]
        path = os.path.join(folder, "tdr.1" if own == "tdr" else f"tdr-{own}.1")
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(page(command, date_of(version), version, commands))


main()
