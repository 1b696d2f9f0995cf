"""Makes the three callers from the demo's accounts: prints their credentials as JSON for the fuzzer's hooks.

    python3 conformance/accounts.py http://127.0.0.1:8080 demo.json > accounts.json

`demo.json` is what `lianfang demo --json` printed. Once a demo, for one-time passwords are used up.
"""

import datetime
import json
import secrets
import sys
import urllib.request

BASE, DEMO = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
PASSWORD = "Yucheng-2020-conformance"
# A device that signed in before and can't be guessed has a line of its own: the fuzzer's guesses at passwords don't
# slow it down.
DEVICE = f"conformance-{secrets.token_hex(16)}"
ONCE = {account["username"]: account["one_time_password"] for account in DEMO["accounts"]}


def send(path, body, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(BASE + path, data, headers)) as response:
        text = response.read()
    return json.loads(text) if text else None


def sign_in(username, password):
    return send("/v1/auth/login", {"username": username, "password": password, "device_id": DEVICE})["access_token"]


def ready(username):
    """Changes the one-time password; the account with the new one, signed in once more from its device."""
    change = {"current_password": ONCE[username], "new_password": PASSWORD}
    send("/v1/auth/password", change, sign_in(username, ONCE[username]))
    token = sign_in(username, PASSWORD)
    account = {"username": username, "password": PASSWORD, "device_id": DEVICE}
    return token, {**account, "id": send("/v1/auth/me", None, token)["id"]}


token, administrator = ready("demo.command")
_, village = ready("demo.village.203")
expires_at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).isoformat(timespec="seconds")
wanted = {"name": "conformance", "role": "statistics_reader", "area_code": "511802", "scopes": ["statistics"]}
made = send("/v1/api-keys", {**wanted, "expires_at": expires_at}, token)
key = {"key": made["key"], "id": made["id"]}
print(json.dumps({"administrator": administrator, "village": village, "key": key}))
