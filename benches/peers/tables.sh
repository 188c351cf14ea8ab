#!/usr/bin/env bash
# What `dropwise init` writes, untouched, against boosting, a forest, a linear model and scikit-learn's network, on real tables; see
# docs/BOOSTING.md.
#
#     benches/peers/tables.sh [--splits N] [--tables NAME...] [--more] [--linear] [--rows N] [--set KEY=VALUE...] [--json FILE]
#
# The tables come with Python packages, which are installed into a virtual environment under target/peers, or into that which
# PEERS_VENV names. The program is target/release/dropwise, or that which DROPWISE names.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=${PEERS_VENV:-target/peers/tables}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r benches/peers/requirements-tables.txt
exec "$venv/bin/python" benches/peers/tables.py "$@"
