"""Runs programs on two CPUs and says what they used."""

import json
import os
import subprocess
import sys
import tempfile
import time

# Seconds that the machine's own count may be off by, for it counts in hundredths on each CPU.
TICKS = 0.02


def limit_cpus():
    """Two CPUs and two threads for all that is started from here. JAX takes as many threads as it has CPUs."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    for variable in ("OMP", "MKL", "OPENBLAS", "RAYON"):
        os.environ[f"{variable}_NUM_THREADS"] = "2"


def run(command, times=1):
    """The figures of a run of `command`, of several the one in the middle by time."""
    runs = sorted((run_once(command) for _ in range(times)), key=lambda figures: figures["seconds"])
    return runs[times // 2]


def run_once(command):
    """The figures of one run of `command`:

    seconds   from the start of the process to its end
    epoch_s   from the first line with the word epoch to the second, where there are two
    cpu_s     what it took of the CPUs' time
    peak_mib  the most memory it had at once
    others    the share of the CPUs that other processes (or the machine's other tenants) used meanwhile
    and those of a last line in JSON.
    """
    cpus = len(os.sched_getaffinity(0))
    busy, start = machine_busy(), time.perf_counter()
    with tempfile.TemporaryFile("w+") as problems:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=problems, text=True)
        lines = [(time.perf_counter(), line) for line in process.stdout]
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status != 0:
            problems.seek(0)
            sys.exit(f"{' '.join(map(str, command))} failed:\n{problems.read()}")
    own = usage.ru_utime + usage.ru_stime + TICKS
    figures = {
        "seconds": seconds,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
        "others": max(0.0, machine_busy() - busy - own) / (seconds * cpus),
    }
    # `dropwise train --json` has a line on the validation rows after each epoch.
    epochs = [at for at, line in lines if '"validation"' in line or line.startswith("epoch ")]
    if len(epochs) > 1:
        figures["epoch_s"] = epochs[1] - epochs[0]
    if lines and lines[-1][1].startswith("{"):
        figures.update(json.loads(lines[-1][1]))
    return figures


def machine_busy():
    """Seconds that the CPUs have been busy or taken away since the machine started."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _wait, irq, soft_irq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + soft_irq + steal) / os.sysconf("SC_CLK_TCK")
