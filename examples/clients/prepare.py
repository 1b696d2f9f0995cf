"""Makes a copy of the OpenAPI document without what one generator stumbles over, for reasons of its own.

    python3 prepare.py openapi-python-client ../../openapi/openapi.json generated/openapi.json
    python3 prepare.py openapi-generator     ../../openapi/openapi.json generated/openapi.json

Nothing is added and no name changes: each step leaves something out that the generated code couldn't use. Delete a
step when its generator has learned it. openapi-typescript needs none of this.
"""

import json
import sys

JSON, PATCH, CSV = "application/json", "application/merge-patch+json", "text/csv"


def operations(document):
    for methods in document["paths"].values():
        for method, operation in methods.items():
            if method in ("get", "put", "post", "patch", "delete"):
                yield operation


def resolved(document, parameter):
    """A parameter itself, where an operation refers to one that several share."""
    if "$ref" not in parameter:
        return parameter
    return document["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]


def without_bytes(document):
    """Leaves out the bytes of attachments: of several media types that are no JSON, generators make no function or a
    wrong one. Whoever wants them asks by his HTTP library."""
    for path in [path for path in document["paths"] if path.startswith("/v1/attachments/{id}/")]:
        operations = document["paths"][path]
        if any(method in operations for method in ("patch", "head")) or path.endswith("/thumbnail"):
            del document["paths"][path]


def for_openapi_python_client(document):
    without_bytes(document)
    for operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        # Two media types of one model: the generated function sends the body twice over and uses a name it doesn't
        # import (its issues 1276 and 1451). Amendments are merge patches; that is the one to keep.
        if PATCH in content:
            content.pop(JSON, None)
        # A file as the body is known to it as bytes only (config.yaml says that CSV is bytes), and of one kind.
        if CSV in content:
            schema = content[CSV]["schema"] | {"format": "binary"}
            operation["requestBody"]["content"] = {CSV: {"schema": schema}}
        # A parameter called `headers` and one that is sent as a header: the generated function calls its own
        # variable `headers` too and fails. The parameter is of CSV answers, which this client doesn't ask for.
        parameters = operation.get("parameters", [])
        told = [resolved(document, parameter) for parameter in parameters]
        if any(parameter["in"] == "header" for parameter in told):
            operation["parameters"] = [each for each in told if each["name"] != "headers"]


def for_openapi_generator(document):
    without_bytes(document)
    # Whether an object may have more fields than it names is said by `additionalProperties`. `false` makes it warn
    # "Failed to get the schema name: null" in OpenAPI 3.1; `true` makes it write Kotlin that doesn't compile
    # (`: HashMap<String, Any>()()`). The same warning comes of every example of an answer that isn't a reference.
    def walk(node):
        if isinstance(node, list):
            for each in node:
                walk(each)
        elif isinstance(node, dict):
            if isinstance(node.get("properties"), dict) and isinstance(node.get("additionalProperties"), bool):
                del node["additionalProperties"]
            for each in node.values():
                walk(each)

    walk(document)
    answers = [response for operation in operations(document) for response in operation["responses"].values()]
    for response in answers + list(document["components"]["responses"].values()):
        for media in response.get("content", {}).values():
            media.pop("examples", None)


PREPARE = {"openapi-python-client": for_openapi_python_client, "openapi-generator": for_openapi_generator}

if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in PREPARE:
        sys.exit(__doc__)
    tool, source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        api = json.load(file)
    PREPARE[tool](api)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(api, file, ensure_ascii=False)
