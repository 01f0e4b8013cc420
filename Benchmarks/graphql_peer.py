"""What `tdr serve-api` is measured against: graphql-core behind uvicorn, over the database of the same store.

It answers a part of the schema, by the same names, from the same tables. Tokens are looked up as in tdr. A document is
parsed and validated each time it comes, as `graphql.graphql` does; with PEER_REMEMBERS=1 it is once, and then remembered,
which graphql-core leaves to whoever uses it.
"""
import functools
import hashlib
import json
import os
import sqlite3

import graphql

SCHEMA = graphql.build_schema("""
    type Query { me: Me! getConsignment(consignmentid: ID!): Consignment }
    type Me { login: String! name: String! }
    type Consignment {
        consignmentid: ID consignmentReference: String! totalFiles: Int! allChecksSucceeded: Boolean!
        consignmentStatuses: [ConsignmentStatus!]! fileChecks: FileChecks!
        paginatedFiles(paginationInput: PaginationInput): FileConnection!
    }
    type ConsignmentStatus { statusType: String! value: String! }
    type FileChecks {
        antivirusProgress: Progress! checksumProgress: Progress! ffidProgress: Progress!
    }
    type Progress { filesProcessed: Int! }
    input PaginationInput { limit: Int currentCursor: String }
    type FileConnection { edges: [FileEdge!]! pageInfo: PageInfo! totalItems: Int! }
    type FileEdge { node: File! cursor: String! }
    type PageInfo { hasNextPage: Boolean! endCursor: String }
    type File {
        fileId: ID! originalFilePath: String fileStatuses: [FileStatus!]! fileMetadata: [FileMetadata!]!
        ffidMetadata: FFIDMetadata
    }
    type FileStatus { statusType: String! statusValue: String! }
    type FileMetadata { name: String! value: String! }
    type FFIDMetadata { software: String! matches: [Match!]! }
    type Match { puid: String identificationBasis: String! }
""")
STATUSES = ["Upload", "ClientChecks", "ClientChecksum", "ClientFilePath", "Antivirus", "ChecksumMatch", "ServerChecksum",
            "FFID", "Redaction"]
STEPS = ["Series", "TransferAgreement", "Upload", "ClientChecks", "ServerAntivirus", "ServerChecksum", "ServerFFID",
         "ServerRedaction", "DraftMetadata", "DraftMetadataUpload", "MetadataReview", "ConfirmTransfer", "Export"]
PROCESSED = {"antivirus": ["Antivirus"], "checksum": ["ServerChecksum", "ChecksumMatch"], "ffid": ["FFID"]}


@functools.cache
def database():
    made = sqlite3.connect(f"file:{os.environ['PEER_STORE']}/tdr.sqlite?mode=ro", uri=True, check_same_thread=False)
    made.row_factory = sqlite3.Row
    made.execute("PRAGMA cache_size = -16000")
    return made


def rows(sql, *arguments):
    return database().execute(sql, arguments).fetchall()


def uuid(value):
    text = value.hex()
    return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])


class Consignment:
    def __init__(self, row):
        self.row, self.consignmentid, self.consignmentReference = row["id"], uuid(row["uuid"]), row["reference"]

    @functools.cached_property
    def tally(self):
        return {(kind, value): count for kind, value, count in
                rows("SELECT statusType, value, count FROM tally WHERE consignmentId = ?", self.row)}

    def totalFiles(self, _):
        return self.tally.get(("Type", "File"), 0)

    def allChecksSucceeded(self, _):
        files = self.totalFiles(None)
        unscanned = rows("SELECT 1 FROM consignmentMetadata WHERE consignmentId = ? AND propertyName = 'AntivirusPolicy' "
                         "AND value = 'none'", self.row)
        return files > 0 and all(self.tally.get((kind, "Success")) == files for name, kinds in PROCESSED.items()
                                 if name != "antivirus" or not unscanned for kind in kinds)

    def consignmentStatuses(self, _):
        return sorted(rows("SELECT statusType, value FROM consignmentStatus WHERE consignmentId = ?", self.row),
                      key=lambda row: STEPS.index(row["statusType"]))

    def fileChecks(self, _):
        count = lambda kind: sum(n for (type_, _), n in self.tally.items() if type_ == kind)
        return {f"{name}Progress": {"filesProcessed": min(map(count, kinds))} for name, kinds in PROCESSED.items()}

    def paginatedFiles(self, _, paginationInput):
        limit, cursor = paginationInput.get("limit", 100), paginationInput.get("currentCursor")
        files = rows(f"""
            SELECT file.*, {', '.join(STATUSES)} FROM file LEFT JOIN fileStatus ON fileStatus.fileId = file.id
            WHERE file.consignmentId = ? AND fileType = 'File' AND path > ? ORDER BY path LIMIT ?
            """, self.row, bytes.fromhex(cursor) if cursor else b"", limit + 1)
        page = files[:limit]
        ids = json.dumps([file["id"] for file in page])
        own, matches = {}, {}
        for file, name, value in rows("SELECT fileId, propertyName, value FROM fileMetadata WHERE fileId IN "
                                      "(SELECT value FROM json_each(?))", ids):
            own.setdefault(file, {})[name] = value
        for match in rows("SELECT fileId, puid, identificationBasis, software FROM formatMatch JOIN engine ON engine.id = "
                          "engineId WHERE fileId IN (SELECT value FROM json_each(?)) ORDER BY fileId, position", ids):
            matches.setdefault(match["fileId"], []).append(match)
        defaults = dict(map(tuple, rows("SELECT propertyName, value FROM fileDefault WHERE consignmentId = ?", self.row)))
        return {
            "edges": [{"cursor": file["path"].hex(), "node": node(file, defaults | own.get(file["id"], {}),
                                                                  matches.get(file["id"]))} for file in page],
            "pageInfo": {"hasNextPage": len(files) > limit, "endCursor": page[-1]["path"].hex() if page else None},
            "totalItems": self.totalFiles(None),
        }


def node(file, properties, matches):
    path = file["path"].decode()
    properties |= {
        "ClientSideOriginalFilepath": path, "Filename": path.rpartition("/")[2], "FileType": file["fileType"],
        "UUID": uuid(file["uuid"]), "ClientSideFileSize": str(file["size"]),
        "SHA256ClientSideChecksum": file["sha256"].hex(),
    }
    return {
        "fileId": uuid(file["uuid"]), "originalFilePath": path,
        "fileStatuses": [{"statusType": kind, "statusValue": file[kind]} for kind in STATUSES if file[kind]],
        "fileMetadata": [{"name": name, "value": value} for name, value in sorted(properties.items())],
        "ffidMetadata": matches and {"software": matches[0]["software"], "matches": matches},
    }


class Root:
    def __init__(self, user):
        self.user = user

    def me(self, _):
        return self.user

    def getConsignment(self, _, consignmentid):
        found = rows("SELECT id, uuid, reference FROM consignment WHERE uuid = ?",
                     bytes.fromhex(consignmentid.replace("-", "")))
        return Consignment(found[0]) if found else None


def resolve(source, info, **arguments):
    name = info.field_name
    if isinstance(source, (dict, sqlite3.Row)):
        return source[name]
    value = getattr(source, name)
    return value(info, **arguments) if callable(value) else value


def prepared(text):
    document = graphql.parse(text)
    return document, graphql.validate(SCHEMA, document)


if os.environ.get("PEER_REMEMBERS"):
    prepared = functools.lru_cache(256)(prepared)


def user(headers):
    word = dict(headers).get(b"authorization", b"").partition(b" ")[2]
    found = rows("""SELECT login, user.name FROM token JOIN user ON user.id = userId
                    WHERE digest = ? AND revoked IS NULL AND disabled = 0""", hashlib.sha256(word).digest())
    return found[0] if found else None


def answer(headers, body):
    asking = user(headers)
    if asking is None:
        return 401, {"errors": [{"message": "a token is needed"}]}
    asked = json.loads(body)
    document, errors = prepared(asked["query"])
    if errors:
        return 400, {"errors": [error.formatted for error in errors]}
    result = graphql.execute(SCHEMA, document, Root(asking), variable_values=asked.get("variables"),
                             field_resolver=resolve)
    return 200, result.formatted


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    while True:
        part = await receive()
        body += part.get("body", b"")
        if not part.get("more_body"):
            break
    status, value = answer(scope["headers"], body)
    data = json.dumps(value, separators=(",", ":")).encode()
    await send({"type": "http.response.start", "status": status, "headers": [
        (b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]})
    await send({"type": "http.response.body", "body": data})
