#!/bin/bash
# Makes a Python that has desispec and Redrock, for the tests in tests/clients.
#
#   scripts/clients_python.sh [FOLDER]          # a virtual environment; default: build/clients-python
#   ZSPEX_CLIENTS_PYTHON=FOLDER/bin/python ctest --test-dir build -R clients
#
# Without ZSPEX_CLIENTS_PYTHON the tests look into build/clients-python, then for python3 in PATH, and skip where that
# has no desispec. PYTHON names the Python to start from, of version 3.10 or later.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$top/build/clients-python}
"${PYTHON:-python3}" -m venv "$folder" ||
  { echo "expected a Python that makes virtual environments; on Debian: apt install python3-venv" >&2; exit 1; }
"$folder/bin/pip" install --quiet --upgrade pip
"$folder/bin/pip" install --quiet -r "$top/tests/clients/requirements.txt"
"$folder/bin/python" -c "import desispec, redrock; print('$folder/bin/python has desispec', desispec.__version__)"
