#!/bin/sh
# Makes .venv with everything that requirements.lock pins, and this project in it, editable.
# Needs Python >= 3.11 and nothing else. Does nothing where that was done for the same lock in
# the same folder. PYTHON=/path/to/python chooses the interpreter of a new .venv.
set -eu
cd "$(dirname "$0")/.."

new_enough='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
stamp=.venv/installed

# A candidate is run, not only looked up: version managers put names on PATH that do not start,
# and some systems ship a Python without venv.
find_python() {
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14 python; do
        if [ -n "$candidate" ] && "$candidate" -c "$new_enough" >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    echo "statepipe needs Python 3.11 or newer with its venv module, and found none." >&2
    echo "Install one (on Debian: python3 and python3-venv), or name it: PYTHON=/path/to/python make ..." >&2
    exit 1
}

what_is_wanted() {
    pwd
    cat requirements.lock
}

if [ -f "$stamp" ] && what_is_wanted | cmp -s - "$stamp"; then
    exit 0
fi
if ! .venv/bin/python -c "$new_enough" >/dev/null 2>&1; then
    python=$(find_python)
    echo "Setting up .venv with $("$python" --version) (once, about a minute) ..."
    "$python" -m venv --clear .venv
fi
# A .venv that uv made has no pip.
.venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
pip() {
    .venv/bin/python -m pip --disable-pip-version-check install --quiet "$@"
}
pip --require-hashes -r requirements.lock
pip --no-deps --no-build-isolation -e .
what_is_wanted > "$stamp"
