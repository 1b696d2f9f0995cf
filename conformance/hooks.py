"""How the fuzzer signs in: CALLER is `administrator`, `village` or `key`; tokens are renewed before they end."""

import json
import os
import urllib.request

import schemathesis

BASE = os.environ["SERVICE"]
CALLER = os.environ["CALLER"]
ACCOUNTS = json.load(open(os.environ["ACCOUNTS"], encoding="utf-8"))


def post(path, body, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(BASE + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as response:
        text = response.read()
    return json.loads(text) if text else None


@schemathesis.auth(refresh_interval=240)
class Caller:
    def get(self, case, context):
        if CALLER == "key":
            return ACCOUNTS["key"]
        account = ACCOUNTS[CALLER]
        return post("/v1/auth/login", account)["access_token"]

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}
