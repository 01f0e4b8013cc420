"""Checks premis.xml and mets.xml of a bag folder, or one PREMIS document alone, and says "ok".

    check-bag-xml.py BAG                  what they refer to is there, and nothing is told twice or left out
    check-bag-xml.py --schemas BAG XSD    with lxml: PREMIS by our subset, METS by the published schema (from eark-validator)
    check-bag-xml.py --schemas FILE XSD   the same for one PREMIS document
"""

import csv
import importlib.util
import os
import sys
import xml.etree.ElementTree as ET
from urllib.parse import unquote_to_bytes

PREMIS = "{http://www.loc.gov/premis/v3}"
METS = "{http://www.loc.gov/METS/}"
HREF = "{http://www.w3.org/1999/xlink}href"


def originals(bag):
    """Path in the bag -> path as it was, both as bytes and below data/."""
    paths = {}
    name = os.path.join(bag, "portable-names.csv")
    if os.path.exists(name):
        with open(name, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                paths[row["Filepath"].encode()[5:]] = bytes.fromhex(row["OriginalFilepathHex"])
    return paths


def payload(bag):
    """Path below data/ -> digest, of the manifest."""
    found = {}
    with open(os.path.join(bag, "manifest-sha256.txt"), "rb") as file:
        for line in file:
            digest, path = line.rstrip(b"\n").split(b"  ", 1)
            path = path.replace(b"%0A", b"\n").replace(b"%0D", b"\r").replace(b"%25", b"%")
            found[path[5:]] = digest.decode()
    return found


def values(element, path):
    return [found.text for found in element.iterfind("/".join(PREMIS + step for step in path.split("/")))]


def check_premis(root, files, named):
    events = values(root, "event/eventIdentifier/eventIdentifierValue")
    agents = values(root, "agent/agentIdentifier/agentIdentifierValue")
    objects = values(root, "object/objectIdentifier/objectIdentifierValue")
    for names in (events, agents, objects):
        assert len(names) == len(set(names)), "something is told twice"
    used = set(values(root, "object/linkingEventIdentifier/linkingEventIdentifierValue"))
    assert used <= set(events), used - set(events)
    assert set(values(root, "event/linkingAgentIdentifier/linkingAgentIdentifierValue")) == set(agents)
    assert set(values(root, "event/linkingObjectIdentifier/linkingObjectIdentifierValue")) <= set(objects)
    if files is None:
        return
    found = {}
    for item in root.iterfind(PREMIS + "object"):
        place = values(item, "storage/contentLocation/contentLocationValue")
        if not place:
            continue
        path = unquote_to_bytes(place[0])[5:]
        assert unquote_to_bytes(values(item, "originalName")[0]) == named.get(path, path)
        assert values(item, "linkingEventIdentifier/linkingEventIdentifierValue"), path
        (found[path],) = values(item, "objectCharacteristics/fixity/messageDigest")
    assert found == files, "the objects are not the files of the manifest"


def check_mets(root, bag, files, named):
    found = {}
    ids = {}
    for item in root.iter(METS + "file"):
        path = unquote_to_bytes(item.find(METS + "FLocat").get(HREF))[5:]
        found[path] = item.get("CHECKSUM")
        ids[item.get("ID")] = path
        assert int(item.get("SIZE")) == os.path.getsize(os.path.join(os.fsencode(bag), b"data", path))
    assert found == files, "the files are not those of the manifest"
    for item in root.iter(METS + "mdRef"):
        assert os.path.exists(os.path.join(bag, item.get(HREF))), item.get(HREF)
    paths = []

    def walk(div, above):
        for below in div.iterfind(METS + "div"):
            path = above + [unquote_to_bytes(below.get("LABEL"))]
            for pointer in below.iterfind(METS + "fptr"):
                bag_path = ids.pop(pointer.get("FILEID"))
                assert named.get(bag_path, bag_path) == b"/".join(path), path
            paths.append(b"/".join(path))
            walk(below, path)

    walk(root.find(METS + "structMap").find(METS + "div"), [])
    assert not ids, "files without a place in the structure"
    assert len(paths) == len(set(paths)), "a folder stands in the structure twice"


def check_schemas(target, subset):
    from lxml import etree

    class Local(etree.Resolver):
        def resolve(self, url, identifier, context):
            return self.resolve_filename(os.path.join(schemas, os.path.basename(url)), context)

    schemas = os.path.join(os.path.dirname(importlib.util.find_spec("eark_validator").origin), "ipxml/resources/schema")
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local())

    def check(document, schema):
        schema.assertValid(etree.parse(document, etree.XMLParser(huge_tree=True, no_network=True)))

    premis = etree.XMLSchema(etree.parse(subset))
    if not os.path.isdir(target):
        return check(target, premis)
    check(os.path.join(target, "premis.xml"), premis)
    check(os.path.join(target, "mets.xml"), etree.XMLSchema(etree.parse(os.path.join(schemas, "mets.xsd"), parser)))


if sys.argv[1] == "--schemas":
    check_schemas(sys.argv[2], sys.argv[3])
elif os.path.isdir(sys.argv[1]):
    sys.setrecursionlimit(10_000)
    bag = sys.argv[1]
    files, named = payload(bag), originals(bag)
    check_premis(ET.parse(os.path.join(bag, "premis.xml")).getroot(), files, named)
    check_mets(ET.parse(os.path.join(bag, "mets.xml")).getroot(), bag, files, named)
else:
    check_premis(ET.parse(sys.argv[1]).getroot(), None, None)
print("ok")
