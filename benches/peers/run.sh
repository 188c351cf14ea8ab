#!/usr/bin/env bash
# Times dropwise against its peers, in turn, and prints a table; see docs/BENCHMARKS.md.
#
#     benches/peers/run.sh [--pairs N] [--mnist DIR] [--more] [--prepare] [GROUP...]
#
# GROUP: xor-numpy, xor, step, epoch, predict, samples, replicas; all but the first without one. xor-numpy needs NumPy only,
# the others some gigabytes of Python packages. They are installed into a virtual environment under target/peers,
# or into that which PEERS_VENV names.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [[ " $* " =~ ' xor-numpy ' ]]; then
    venv=${PEERS_VENV:-target/peers/numpy}
    packages=(-c benches/peers/requirements.txt numpy)
else
    venv=${PEERS_VENV:-target/peers/venv}
    packages=(-r benches/peers/requirements.txt)
fi
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
exec "$venv/bin/python" benches/peers/compare.py "$@"
