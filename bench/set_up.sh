#!/bin/sh
# Makes bench/.venv: statepipe with its locked dependencies, and the peers. A peer that cannot be
# installed is left out; the results then name it as missing.
set -eu
cd "$(dirname "$0")/.."

stamp=bench/.venv/installed
what_is_wanted() {
    pwd
    cat requirements.lock bench/requirements.txt
}
pip() {
    bench/.venv/bin/python -m pip --disable-pip-version-check install --quiet "$@"
}

if [ -f "$stamp" ] && what_is_wanted | cmp -s - "$stamp"; then
    exit 0
fi
echo "Setting up bench/.venv with the peers (once) ..."
.venv/bin/python -m venv --clear bench/.venv
pip --require-hashes -r requirements.lock
pip --no-deps --no-build-isolation -e .
grep -v '^#' bench/requirements.txt | while read -r peer; do
    pip "$peer" || echo "not installed: $peer"
done
what_is_wanted > "$stamp"
