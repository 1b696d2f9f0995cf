#!/bin/sh
# Writes the client to generated/lianfang. Any warning of the generator is an error here.
set -eu
cd "$(dirname "$0")"
document="${OPENAPI:-../../../openapi/openapi.json}"
"${PYTHON:-python3}" ../prepare.py openapi-python-client "$document" generated/openapi.json
"${PYTHON:-python3}" -m openapi_python_client generate --fail-on-warning --overwrite --meta none \
    --config config.yaml --path generated/openapi.json --output-path generated/lianfang
