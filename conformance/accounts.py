"""Makes the three callers from the demo's accounts: prints their credentials as JSON for the fuzzer's hooks."""

import datetime
import json
import sys
import urllib.request

BASE, DEMO = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
PASSWORD = "Yucheng-2020-conformance"
ONCE = {account["username"]: account["one_time_password"] for account in DEMO["accounts"]}


def post(path, body, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(BASE + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as response:
        text = response.read()
    return json.loads(text) if text else None


def ready(username):
    """Changes the one-time password; the account with the new one."""
    token = post("/v1/auth/login", {"username": username, "password": ONCE[username]})["access_token"]
    post("/v1/auth/password", {"current_password": ONCE[username], "new_password": PASSWORD}, token)
    return {"username": username, "password": PASSWORD}


administrator, village = ready("demo.command"), ready("demo.village.203")
token = post("/v1/auth/login", administrator)["access_token"]
expires_at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).isoformat(timespec="seconds")
key = {"name": "conformance", "role": "statistics_reader", "area_code": "511802", "scopes": ["statistics"], "expires_at": expires_at}
print(json.dumps({"administrator": administrator, "village": village, "key": post("/v1/api-keys", key, token)["key"]}))
