"""A whole transfer with the client library gql, which checks every request against the schema it was told.

Prints where the bag is. Arguments: the server's address, a token, a folder with one file in it.
"""

import hashlib
import os
import sys
import time

import graphql
import requests
from gql import Client, gql
from gql.transport.requests import RequestsHTTPTransport

url, token, folder = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}"}
client = Client(
    transport=RequestsHTTPTransport(url=f"{url}/graphql", headers=headers),
    fetch_schema_from_transport=True,
)


def ask(text, **variables):
    query = gql(text)
    query.variable_values = variables
    return client.execute(query)


# That it does check: this one never leaves.
try:
    ask("{ nothingOfThisName }")
except graphql.GraphQLError:
    pass
else:
    raise SystemExit("a query that is not valid was not refused by the client")

body = ask("{ me { body } }")["me"]["body"]
series = ask("query($body: String!) { getSeries(body: $body) { seriesid } }", body=body)["getSeries"][0]["seriesid"]
made = ask(
    """mutation($series: UUID!) {
        addConsignment(addConsignmentInput: { consignmentType: "standard", seriesid: $series }) { consignmentid }
    }""",
    series=series,
)["addConsignment"]["consignmentid"]
name = os.path.basename(folder)
ask(
    """mutation($id: UUID!, $name: String!) {
        startUpload(startUploadInput: { consignmentId: $id, parentFolder: $name })
    }""",
    id=made,
    name=name,
)
files = []
for entry in sorted(os.listdir(folder)):
    with open(os.path.join(folder, entry), "rb") as file:
        data = file.read()
    files.append(
        {
            "originalPath": f"{name}/{entry}",
            "checksum": hashlib.sha256(data).hexdigest(),
            "lastModified": 1600000000000,
            "fileSize": len(data),
            "matchId": entry,
        }
    )
matches = ask(
    """mutation($input: AddFileAndMetadataInput!) {
        addFilesAndMetadata(addFilesAndMetadataInput: $input) { fileId matchId }
    }""",
    input={"consignmentId": made, "metadataInput": files},
)["addFilesAndMetadata"]
for match in matches:
    with open(os.path.join(folder, match["matchId"]), "rb") as file:
        sent = requests.put(f"{url}/consignments/{made}/files/{match['fileId']}", data=file, headers=headers, timeout=60)
    assert sent.status_code == 201, sent.text


def until(field, text):
    for _ in range(600):
        value = ask(text, id=made)["getConsignment"][field]
        if value:
            return value
        time.sleep(0.1)
    raise SystemExit(f"{field} never came")


until("allChecksSucceeded", "query($id: UUID!) { getConsignment(consignmentid: $id) { allChecksSucceeded } }")
ask(
    """mutation($id: UUID!) {
        addFinalTransferConfirmation(
            addFinalTransferConfirmationInput: { consignmentId: $id, legalCustodyTransferConfirmed: true }
        ) { legalCustodyTransferConfirmed }
    }""",
    id=made,
)
ask("mutation($id: UUID!) { startExport(consignmentid: $id) { consignmentid } }", id=made)
print(until("exportLocation", "query($id: UUID!) { getConsignment(consignmentid: $id) { exportLocation } }"))
