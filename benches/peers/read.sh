#!/usr/bin/env bash
# Times reading a table beside pandas and polars, with the most memory that each takes; see docs/BENCHMARKS.md.
#
#     benches/peers/read.sh [--rows N...] [--columns N...] [--json FILE]
#
# The packages are installed into a virtual environment under target/peers, or into that which PEERS_VENV names.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=${PEERS_VENV:-target/peers/read}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -c benches/peers/requirements-tables.txt numpy pandas polars
exec "$venv/bin/python" benches/peers/read.py "$@"
