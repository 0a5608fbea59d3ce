#!/bin/bash
# Runs a test of tests/clients with a Python that has the clients. usage: run.sh BUILD SCRIPT ARGUMENT...
# Exits with 77 (skipped) when no Python is found.
set -euo pipefail
build=$1 && shift
for python in "${ZSPEX_CLIENTS_PYTHON:-}" "$build/clients-python/bin/python" "$(command -v python3 || true)"; do
  [ -n "$python" ] || continue
  [ -z "${ZSPEX_CLIENTS_PYTHON:-}" ] || [ -x "$python" ] ||
    { echo "expected a Python in ZSPEX_CLIENTS_PYTHON, found $python"; exit 1; }
  [ -x "$python" ] && exec "$python" "$@"
done
echo "skipped: no Python was found; scripts/clients_python.sh makes one"
exit 77
