"""Reads everything an administrator may read without further knowledge, with the client generated for Python: what the
service answers must fit what the document says of it, down to every field.

    PYTHONPATH=examples/clients/python/generated python3 conformance/clients/reads.py "$SERVICE" "$ACCOUNTS"
"""

import importlib
import inspect
import json
import pkgutil
import sys

import httpx
import lianfang.api
from lianfang import AuthenticatedClient, Client
from lianfang.api.auth import create_session
from lianfang.models import CreateSessionBody

URL, ACCOUNTS = sys.argv[1:]
# What a query or a path needs beyond an id, by the parameter's name.
KNOWN = {"code": "511802", "on": "2020-02-02"}


def modules():
    for package in pkgutil.walk_packages(lianfang.api.__path__, "lianfang.api."):
        if not package.ispkg:
            module = importlib.import_module(package.name)
            if module._get_kwargs.__code__.co_consts and '"method": "get"' in inspect.getsource(module._get_kwargs):
                yield package.name.split("."), module


def required(module):
    parameters = inspect.signature(module.sync_detailed).parameters.values()
    return [each.name for each in parameters if each.default is inspect.Parameter.empty and each.name != "client"]


def main():
    with open(ACCOUNTS, encoding="utf-8") as file:
        account = json.load(file)["administrator"]
    pair = create_session.sync(client=Client(URL), body=CreateSessionBody(**account))
    client = AuthenticatedClient(URL, pair.access_token, timeout=httpx.Timeout(60))
    reads = sorted(modules(), key=lambda each: len(required(each[1])))
    ids, done, faults = {}, 0, []
    for (*_, tag, name), module in reads:
        needed = required(module)
        if name == "stream_changes" or any(each not in ("id", *KNOWN) for each in needed) or ("id" in needed and tag not in ids):
            print(f"not read: {name}({', '.join(needed)})")
            continue
        try:
            answer = module.sync_detailed(client=client, **{each: KNOWN.get(each, ids.get(tag)) for each in needed})
            if answer.status_code != 200:
                raise ValueError(f"{answer.status_code.value}: {answer.content[:300]!r}")
        except Exception as fault:
            faults.append(f"{name}: {type(fault).__name__}: {fault}")
            continue
        done += 1
        items = getattr(answer.parsed, "items", None)
        if name.startswith("list_") and not needed and isinstance(items, list) and items and hasattr(items[0], "id"):
            ids.setdefault(tag, items[0].id)
    print(*faults, f"{done} read, {len(faults)} faults", sep="\n")
    return 1 if faults or done < 100 else 0


sys.exit(main())
