"""Reads every list as a table with the Python package: what comes must fit what the package knows of its fields.

The address and the account are in LIANFANG_URL, LIANFANG_USERNAME and LIANFANG_PASSWORD.
"""

import os
import sys

import pandas

from lianfang import Lianfang, Problem
from lianfang._frames import types

# Rooms that are closed to administrators, too.
CLOSED = {"corrections_checks", "corrections_subjects", "counseling_sessions"}


def unmoved(api: Lianfang, kind: str) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """A list, and the same brought up to date while nothing was written: the service's own work goes on beside this."""
    for _ in range(20):
        before = api.request("GET", "/v1/ledger/head")["since"]
        table = api.frame(kind)
        fresh = api.follow_into(table)
        if api.request("GET", "/v1/ledger/head")["since"] == before:
            break
    return table, fresh


def main() -> int:
    account = {"username": os.environ["LIANFANG_USERNAME"], "password": os.environ["LIANFANG_PASSWORD"]}
    faults, filled = [], 0
    with Lianfang(os.environ["LIANFANG_URL"], **account) as api:
        for kind, fields in types().items():
            try:
                table, fresh = unmoved(api, kind)
            except Problem as problem:
                if (kind in CLOSED) != (problem.status == 403):
                    faults.append(f"{kind}: {problem}")
                continue
            filled += not table.empty
            if set(table.columns) != set(fields):
                faults.append(f"{kind}: {set(table.columns) ^ set(fields)}")
            if len(fresh) != len(table) or not fresh.dtypes.equals(table.dtypes):
                faults.append(f"{kind}: another table after nothing was written")
    print(*faults, f"{len(types())} lists, {filled} with records, {len(faults)} faults", sep="\n")
    return 1 if faults or filled < 40 else 0


sys.exit(main())
