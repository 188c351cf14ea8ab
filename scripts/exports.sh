#!/usr/bin/env bash
# Holds exported models to `dropwise predict`, in the programs that they are for: scripts/exports.py.
#
#     scripts/exports.sh [CASES]
#
# Needs `dropwise` on the PATH. The programs are installed into a virtual environment under target/exports, or into that which
# EXPORTS_VENV names.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${EXPORTS_VENV:-target/exports/venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r scripts/exports.txt
rm -rf target/exports/runs
exec "$venv/bin/python" scripts/exports.py "$(command -v dropwise)" target/exports/runs "$@"
