"""Reads all there is to read with the client generated for Python: what the service answers must fit what the document
says of it, down to every field. `reads.py SERVICE ACCOUNTS`, with the generated package on PYTHONPATH.
"""

import datetime
import importlib
import inspect
import json
import pkgutil
import re
import sys

import httpx
import lianfang.api
from lianfang import AuthenticatedClient, Client
from lianfang.api.auth import create_session
from lianfang.models import CreateSessionBody

SERVICE, ACCOUNTS = sys.argv[1:]
# What is needed beyond an id, by the parameter's name.
KNOWN = {"code": "511802", "baseline_on": datetime.date(2020, 1, 21), "template": "district-daily"}
# Doesn't end by itself.
STREAMS = {"stream_changes"}
# As good an answer: a case that isn't released has no certificate yet.
FITTING = {200, 404, 409}
# Rooms that are closed to administrators, too.
CLOSED = ("/v1/corrections-", "/v1/counseling-sessions")


def reads():
    """Every operation that reads, as (name, address, module); the lists first, for their ids."""
    found = []
    for entry in pkgutil.walk_packages(lianfang.api.__path__, "lianfang.api."):
        if entry.ispkg:
            continue
        module = importlib.import_module(entry.name)
        source = inspect.getsource(module._get_kwargs)
        if '"method": "get"' in source:
            found.append((entry.name.split(".")[-1], re.search(r'"url": "([^"]+)"', source)[1], module))
    return sorted(found, key=lambda each: each[1].count("{"))


def main():
    with open(ACCOUNTS, encoding="utf-8") as file:
        account = json.load(file)["administrator"]
    pair = create_session.sync(client=Client(SERVICE), body=CreateSessionBody(username=account["username"], password=account["password"]))
    client = AuthenticatedClient(SERVICE, pair.access_token, timeout=httpx.Timeout(60))
    ids, done, skipped, faults = {}, 0, [], []
    for name, address, module in reads():
        parameters = inspect.signature(module.sync_detailed).parameters
        # Lists filter by codes of their own.
        values = {each: KNOWN[each] for each in parameters if each in KNOWN and (each != "code" or "{code}" in address)}
        if "{id}" in address:
            values["id"] = ids.get(address.split("/{id}")[0])
        needed = [each.name for each in parameters.values() if each.default is each.empty and each.name != "client"]
        if name in STREAMS or any(values.get(each) is None for each in needed):
            skipped.append(name)
            continue
        try:
            answer = module.sync_detailed(client=client, **values)
        except Exception as fault:  # the answer doesn't fit the model
            faults.append(f"{name}: {type(fault).__name__}: {fault}")
            continue
        if answer.status_code not in ({403} if address.startswith(CLOSED) else FITTING):
            faults.append(f"{name}: {answer.status_code.value}: {answer.content[:300].decode(errors='replace')}")
            continue
        done += 1
        items = getattr(answer.parsed, "items", None)
        if isinstance(items, list) and items and hasattr(items[0], "id"):
            ids[address] = items[0].id
    print(*faults, f"{done} operations read, {len(faults)} faults; not read, for want of data: {', '.join(skipped)}", sep="\n")
    return 1 if faults or done < 120 else 0


sys.exit(main())
