#!/usr/bin/env bash
# The real readers of the export formats, each in a virtual environment of its own, since their
# requirements fight with ours and with each other's.
#
#     scripts/make_oracles.sh [NAME...]
#
# makes .oracles/NAME for each name, or for all; what is there already is left alone.
# tests/oracles/test_NAME.py run the readers and skip where an environment is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

ORACLES=${ORACLES:-.oracles}
PYTHON=${PYTHON:-python3}

# environment NAME: a new environment; its pip is $pip
environment() {
    "$PYTHON" -m venv "$ORACLES/$1.tmp"
    pip="$ORACLES/$1.tmp/bin/python -m pip install -q --disable-pip-version-check"
}

# Rasa's own requirements end at Python 3.10; its reader of training data needs only these.
rasa() {
    environment rasa
    $pip 'attrs<22.2' docopt 'jsonpickle<3.1' 'jsonschema<4.18' numpy 'packaging<21' 'pluggy<2' \
        'portalocker<3' pykwalify==1.8.0 'python-dateutil<2.9' ruamel.yaml==0.17.21 scipy \
        'setuptools<71' 'structlog<24'
    $pip --no-deps --ignore-requires-python rasa==3.6.21
}

# Amazon's own model of interaction models, with its serialiser.
alexa() {
    environment alexa
    $pip ask-smapi-model==1.36.0 ask-sdk-model-runtime==1.0.1
}

# Lex's API as Amazon describes it: patterns, enums, limits.
lex() {
    environment lex
    $pip 'botocore>=1.44'
}

# The messages of Dialogflow CX; agents of ES are read by Rasa.
dialogflow() {
    environment dialogflow
    $pip 'google-cloud-dialogflow-cx>=2.9'
}

# The parser of speech grammars, in C.
jsgf() {
    environment jsgf
    $pip 'pocketsphinx>=5,<6'
}

# ConvLab's loader of the unified format needs none of what the rest of ConvLab requires.
convlab() {
    environment convlab
    $pip 'setuptools<81' wheel
    $pip --no-deps --no-build-isolation convlab==3.0.1
}

ALL=(rasa alexa lex dialogflow jsgf convlab)

for name in "${@:-${ALL[@]}}"; do
    if [ -d "$ORACLES/$name" ]; then
        echo "$ORACLES/$name is there"
        continue
    fi
    rm -rf "$ORACLES/$name.tmp"
    "$name"
    # Scripts with the old path in them are not used: readers run as modules of its Python.
    mv "$ORACLES/$name.tmp" "$ORACLES/$name"
    echo "$ORACLES/$name"
done
