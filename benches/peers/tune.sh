#!/usr/bin/env bash
# Tunes a network with dropwise, with Optuna on PyTorch and with scikit-learn, and prints a table of test errors.
#
#     benches/peers/tune.sh DATA [--data DIR] [--trials N] [--epochs N] [--max-width W] [--only PROGRAM...]
#
# DATA: digits or fashion-mnist, as in config/DATA.toml. The Python packages (some gigabytes) are installed into a
# virtual environment under target/peers, or into that which PEERS_VENV names.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=${PEERS_VENV:-target/peers/venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r benches/peers/requirements-tune.txt
exec "$venv/bin/python" benches/peers/tune.py "$@"
