"""What the fuzzer must know beside the document: who calls, what can't be guessed, and which refusals are rules.

CALLER is `administrator`, `village` or `key`; ACCOUNTS is the file that `accounts.py` printed.
"""

import datetime
import itertools
import json
import os
import re
import urllib.request

import jsonschema_rs
import schemathesis
from hypothesis import strategies

BASE, CALLER = os.environ["SERVICE"], os.environ["CALLER"]
ACCOUNTS = json.load(open(os.environ["ACCOUNTS"], encoding="utf-8"))
DOCUMENT = json.load(open(os.environ["DOCUMENT"], encoding="utf-8"))
OWN_IDS = {account["id"] for account in ACCOUNTS.values()}
NOBODY = "0198c0de-ffff-7000-8000-000000000000"

# --- Who calls


def sign_in():
    account = ACCOUNTS[CALLER]
    body = {name: account[name] for name in ("username", "password", "device_id")}
    request = urllib.request.Request(
        BASE + "/v1/auth/login", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["access_token"]


SESSIONS = itertools.count()


def session_of(case, context):
    """One session for everything; signing out ends a session of its own."""
    return f"own-{next(SESSIONS)}" if context.operation.path == "/v1/auth/logout" else "shared"


# An access token lasts ten minutes.
@schemathesis.auth(refresh_interval=240, cache_by_key=session_of)
class Caller:
    def get(self, case, context):
        return ACCOUNTS["key"]["key"] if CALLER == "key" else sign_in()

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


# --- What is sent

# What takes the callers' own access: it is sent to nobody's account instead.
LOCKS_OUT = {"/v1/users/{id}", "/v1/users/{id}:reset-password", "/v1/api-keys/{id}:revoke"}


# What would erase the records that others are tried on: it is only told.
ERASES = {"/v1/purges", "/v1/retention-policies", "/v1/retention-policies:batch"}


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.operation.path in ERASES and case.method == "POST" and keeps_to_the_document(case):
        spare(case)
    if case.operation.path in LOCKS_OUT and str(case.path_parameters.get("id", "")).lower() in OWN_IDS:
        if case.method != "GET":
            case.path_parameters["id"] = NOBODY


def spare(case):
    """Lets an order be told instead of carried out, and a policy begin when nobody looks any more."""
    body = case.body if isinstance(case.body, dict) else {}
    if case.operation.path == "/v1/purges" and body:
        body["validate_only"] = True
    for policy in [body, *(body.get("items") if isinstance(body.get("items"), list) else [])]:
        if isinstance(policy, dict) and "kept_days" in policy:
            policy["effective_on"] = "2199-01-01"


# What takes files of any bytes.
BYTES = {"/v1/imports", "/v1/attachments/{id}/content"}


@schemathesis.hook
def filter_case(context, case):
    """A file of any bytes is a file: there is no body of these that its schema refuses."""
    if case.operation.path not in BYTES or case.meta is None:
        return True
    return not case.meta.is_negative_at(schemathesis.core.parameters.ParameterLocation.BODY)


# Days and instants are taken from 1900 to 2199; without these nearly all that the fuzzer makes up is thrown away again.
YEARS = {"min_value": datetime.date(1900, 1, 2), "max_value": datetime.date(2199, 12, 30)}
days = strategies.dates(**YEARS).map(datetime.date.isoformat)
times = strategies.times().map(lambda time: time.replace(tzinfo=None).isoformat("seconds"))
zones = strategies.sampled_from(["Z", "+08:00", "-11:30"])
schemathesis.openapi.format("date", days)
schemathesis.openapi.format("date-time", strategies.builds("{}T{}{}".format, days, times, zones))


def as_text(context, value):
    return {"data": value.encode() if isinstance(value, str) else json.dumps(value).encode()}


for media_type in (
    "application/offset+octet-stream",
    "text/csv",
    "application/x-ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
):
    schemathesis.serializer(media_type)(as_text)

# --- What is answered

# Codes of form: where the document is kept, they aren't answered. Every other code is a rule that no schema can say
# (references exist, days lie in order, check digits fit) and may refuse what keeps to the document.
OF_FORM = set(
    """unknown_field duplicate_field unknown_parameter repeated_parameter bad_parameter nul_character not_an_object
    required not_null read_only create_only wrong_type too_short too_long too_many too_few out_of_range
    too_many_decimals bad_format control_character not_in_vocabulary malformed_json malformed_request
    bad_idempotency_key bad_if_match bad_if_none_match unsupported_media_type body_too_large""".split()
)
# Rules that use a code of form: (code, end of the pointer). Why is said in openapi/README.md.
RULES = {
    # The exact bounds of a decimal string stand in its description; its pattern says sign, digits and places.
    ("out_of_range", "decimal"),
    # Forms that depend on another field: the type of a document, of a plate; how phones are written.
    ("bad_format", "/document_number"),
    ("bad_format", "/phone"),
    ("bad_format", "/contact_phone"),
    ("bad_format", "/plate_number"),
    # Which kinds an attachment may be of is said by the theme of each; a kind that takes none is refused by name.
    ("not_in_vocabulary", "/subject_kind"),
    # Needed only beside another field or where another one says so.
    ("required", "/document_number"),
    ("required", "/area_code"),
    ("required", "/latitude"),
    ("required", "/longitude"),
    ("required", "/due_minute"),
    ("required", "/opens_minute"),
    ("required", "/baseline_on"),
    ("required", "/price_unit"),
    ("required", "/quantity_unit"),
    ("required", "?purpose"),
    ("required", "/reason"),
    ("required", "/hospital"),
    ("required", "/diagnosis_class"),
    ("required", "/receiving_area_code"),
    ("required", "/last_seen_at"),
    ("required", "/anchored_on"),
    ("required", "/operating_status"),
    ("required", "/category"),
    ("required", "/name_zh"),
    ("required", "/verification"),
    ("required", "/end_reason"),
    ("required", "/ended_on"),
    ("required", "/until_on"),
    ("required", "/person_id"),
    ("required", "/household_id"),
    ("too_few", "/lines"),
    # Bounded by another field.
    ("out_of_range", "/within_minutes"),
    ("out_of_range", "/abnormal"),
    ("too_many", "/place_ids"),
    # Weights name commodities; each once.
    ("bad_parameter", "?weights"),
}


def faults_of(problem):
    """The codes of form in a problem, with their pointers; its own code where it lists no faults."""
    listed = problem.get("errors") or [{"code": problem.get("code"), "pointer": ""}]
    return {(fault["code"], fault["pointer"]) for fault in listed if fault["code"] in OF_FORM}


def is_rule(fault, case_query, body):
    code, pointer = fault
    if any(code == rule and pointer.endswith(end) for rule, end in RULES):
        return True
    # The forms of GeoJSON are those of RFC 7946, which the document names.
    if pointer.startswith("/features") or pointer == "/type":
        return True
    # Goods are an open vocabulary: districts add their own, so the document names none.
    if code == "not_in_vocabulary" and re.search(r"/commodit(y|ies/\d+)$", pointer):
        return True
    return code in ("out_of_range", "bad_parameter") and is_decimal(pointer, case_query, body)


def is_decimal(pointer, query, body):
    """Whether a pointer leads to a decimal string."""
    value = (query or {}).get(pointer[1:]) if pointer.startswith("?") else at(body, pointer)
    return isinstance(value, str) and value.lstrip("-").replace(".", "", 1).isdigit()


def at(value, pointer):
    for part in [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def keeps_to_the_document(case):
    return case.meta is not None and all(part.mode.is_positive for part in case.meta.components.values())


@schemathesis.check
def the_document_says_what_is_checked(ctx, response, case):
    """What keeps to the document may be refused by a rule, never for its form."""
    if not keeps_to_the_document(case) or response.status_code not in (400, 422):
        return
    problem = response.json()
    if problem.get("code") == "bad_cursor" and case.query.get("cursor"):
        return  # A cursor is given by the service; nobody can make one up.
    found = {fault for fault in faults_of(problem) if not is_rule(fault, case.query, case.body)}
    assert not found, f"refused for its form, which the document allows: {sorted(found)}"


VALIDATORS = {}


def validator(path):
    """Of one item of a batch or a push."""
    if path not in VALIDATORS:
        content = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        schema = content["schema"]
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        schema = {**schema["properties"]["items"]["items"], "components": DOCUMENT["components"]}
        VALIDATORS[path] = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return VALIDATORS[path]


@schemathesis.check
def events_are_changes(ctx, response, case):
    """OpenAPI 3.1 can say of a stream only that it is text: its events are held against the schema of a change."""
    if case.operation.path != "/v1/changes/stream" or response.status_code != 200:
        return
    schema = {"$ref": "#/components/schemas/Change", "components": DOCUMENT["components"]}
    change = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    for event in response.content.decode().split("\n\n")[:-1]:
        for line in event.splitlines():
            if line.startswith("data: "):
                change.validate(json.loads(line[len("data: "):]))


WRITTEN = {"created", "same", "known", "valid", "revised", "merged"}


@schemathesis.check
def items_are_judged_one_by_one(ctx, response, case):
    """A 207 is no acceptance: of its items those against the schema are refused, the others not for their form."""
    if response.status_code != 207 or (isinstance(case.body, dict) and "items" not in case.body):
        return  # What is handed on by a filter has outcomes, too, but no items.
    items = case.body["items"] if isinstance(case.body, dict) else []
    results = response.json()["results"]
    assert len(results) == len(items), "one result an item"
    for item, result in zip(items, results):
        if not validator(case.operation.path).is_valid(item):
            assert result["outcome"] not in WRITTEN, f"an item against its schema was taken: {item}"
            continue
        body = item.get("body") if case.operation.path == "/v1/sync/push" else item
        if case.operation.path.endswith(":batch") and result["problem"]:
            found = {fault for fault in faults_of(result["problem"]) if not is_rule(fault, {}, body)}
            assert not found, f"an item refused for its form, which its schema allows: {sorted(found)} {item}"
