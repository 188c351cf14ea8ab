"""How the peers are timed inside a process, and how they tell their figures."""

import json
import statistics
import time


def milliseconds_a_step(run, warm_up=20, samples=11, steps=15):
    """The median over `samples` of the time of `run(steps)`, a step; `run` returns when all is computed."""
    run(warm_up)
    found = []
    for _ in range(samples):
        start = time.perf_counter()
        run(steps)
        found.append((time.perf_counter() - start) / steps)
    return 1e3 * statistics.median(found)


def report(**figures):
    """The last line of a peer: its figures as JSON."""
    print(json.dumps(figures), flush=True)
