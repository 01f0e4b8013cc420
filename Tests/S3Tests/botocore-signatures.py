"""Signs requests by botocore and prints the signatures: the second opinion on our signer.

Reads lines of JSON: {"key", "query": [[name, value]], "token", "seconds"}; prints a line of hexadecimal digits each.
"""
import datetime
import json
import sys
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def encoded(text, safe=""):
    return quote(text, safe="-._~" + safe)


for line in sys.stdin:
    case = json.loads(line)
    moment = datetime.datetime.fromtimestamp(case["seconds"], datetime.timezone.utc).replace(tzinfo=None)

    class Fixed(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return moment

        @classmethod
        def now(cls, tz=None):
            return moment

    botocore.auth.datetime = Fixed if not hasattr(botocore.auth.datetime, "datetime") else botocore.auth.datetime
    if hasattr(botocore.auth, "get_current_datetime"):
        botocore.auth.get_current_datetime = lambda remove_tzinfo=True: moment
    query = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in case["query"])
    url = "https://bucket.example.org/" + encoded(case["key"], "/") + ("?" + query if query else "")
    request = AWSRequest(method="GET", url=url)
    signer = botocore.auth.S3SigV4Auth(Credentials("AKID", "s3cr3t/+", case["token"]), "s3", "eu-west-2")
    signer.add_auth(request)
    print(request.headers["Authorization"].rsplit("=", 1)[1])
