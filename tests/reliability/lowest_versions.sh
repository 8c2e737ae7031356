#!/bin/sh
# Run the service's tests with exactly the lower bounds of setup.py, on the lowest Python: what pip may choose must work.
#
#   PYTHON=python3.10 sh tests/reliability/lowest_versions.sh FOLDER [options for pytest]
#
# FOLDER is for the virtual environment; one of an earlier run with the same bounds is used again.
set -eu
[ $# -ge 1 ] || { sed -n 's/^# \{0,1\}//; 2,7p' "$0"; exit 2; } >&2
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/../.."

# One `name==bound` for each line of DEPENDENCIES in setup.py.
bounds=$(sed -n "/^DEPENDENCIES/,/^]/s/^ *'\([a-z-]*\)>=\([0-9.]*\).*/\1==\2/p" setup.py)
if [ "$(cat "$folder/bounds.txt" 2>/dev/null)" != "$bounds" ]; then
    rm -f "$folder/bounds.txt"
    "${PYTHON:-python3.10}" -m venv --clear "$folder/venv"
    # shellcheck disable=SC2086
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        $bounds 'pytest>=8.3' 'pytest-timeout>=2.3' 'hypothesis>=6.100' 'httpx>=0.27'
    echo "$bounds" > "$folder/bounds.txt"
fi
"$folder/venv/bin/python" -V
echo "$bounds"
exec "$folder/venv/bin/python" -m pytest -q tests/arm tests/service -p no:cacheprovider \
    --ignore=tests/service/real --ignore=tests/service/containers --ignore=tests/arm/test_schemas.py "$@"
