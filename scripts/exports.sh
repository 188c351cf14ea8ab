#!/usr/bin/env bash
# Holds exported models to `dropwise predict`, in the programs that they are for: scripts/exports.py.
#
#     scripts/exports.sh [CASES]
#
# Needs `dropwise` on the PATH and a Python that has PyTorch: `python3`, Debian's (`apt-get install python3-torch`, which brings no
# CUDA), or that which TORCH_PYTHON names. All else is installed under target/exports.
set -euo pipefail
cd "$(dirname "$0")/.."

for python in ${TORCH_PYTHON:-python3 /usr/bin/python3}; do
    ! "$python" -c 'import torch' 2>/dev/null || torch=$python
done
if [ -z "${torch-}" ]; then
    echo "no Python with PyTorch: apt-get install python3-torch, or TORCH_PYTHON=..." >&2
    exit 1
fi
venv=target/exports/venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r scripts/exports.txt
rm -rf target/exports/runs
# The one package that PyTorch's Python may lack is the same for every version of Python.
export PYTHONPATH=$PWD/target/exports/safetensors
"$venv/bin/pip" install --quiet --disable-pip-version-check --upgrade --no-deps --target "$PYTHONPATH" safetensors==0.8.0
"$venv/bin/python" scripts/exports.py "$(command -v dropwise)" "$torch" target/exports/runs "$@"
