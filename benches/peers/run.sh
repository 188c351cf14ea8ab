#!/usr/bin/env bash
# Times `dropwise train config/xor.toml` against the tutorial's NumPy script, whole processes, in turn,
# and prints medians and the ratio. Makes a virtual environment with a pinned NumPy under target/.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo build --release --quiet
venv=target/peers
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet numpy==2.4.6

"$venv/bin/python" - "${1:-7}" <<'PYTHON'
import statistics, subprocess, sys, time

def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start

ours = ["target/release/dropwise", "train", "config/xor.toml"]
numpy = [sys.executable, "benches/peers/tutorial.py"]
seconds(ours), seconds(numpy)  # warm up
pairs = [(seconds(ours), seconds(numpy)) for _ in range(int(sys.argv[1]))]
ratios = sorted(a / b for a, b in pairs)
print("XOR, 60,000 steps with dropout, whole process, median of", len(pairs))
print(f"  dropwise {statistics.median(a for a, _ in pairs):.2f} s")
print(f"  NumPy    {statistics.median(b for _, b in pairs):.2f} s")
print(f"  ratio    {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
PYTHON
