"""See read.sh."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import process

KINDS = ["numbers", "whole", "words", "quotes", "missing"]

PEER = """
import json, sys, time
import {name}
started, cpu = time.perf_counter(), time.process_time()
frame = {name}.read_csv(sys.argv[1])
print(json.dumps({{"read_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu, "rows": len(frame)}}))
"""


def write(path, rows, columns, kind):
    """A table of one kind of columns with a target; of numbers, three columns of words are among thirty, as in a real one."""
    # The most memory that a process takes is no less than that of the one that starts it: all this is for another process.
    import numpy
    import polars

    random = numpy.random.default_rng(1)
    words = numpy.array(["red", "green", "blue", "a longer word", "yellow"])
    quoted = numpy.array(['"so called"', "a, b", "two\nlines", "plain"])
    frame = {}
    for k in range(columns):
        if kind == "quotes":
            frame[f"c{k}"] = random.choice(quoted, rows)
        elif kind == "words" or (kind in ("numbers", "missing") and k % 10 == 9):
            frame[f"c{k}"] = random.choice(words, rows)
        elif kind == "whole":
            frame[f"c{k}"] = random.integers(-1000, 1000, rows)
        else:
            frame[f"c{k}"] = random.standard_normal(rows)
    frame = polars.DataFrame(frame)
    if kind == "missing":
        gaps = [polars.when(polars.Series(random.random(rows) < 0.1)).then(None).otherwise(polars.col(name)).alias(name) for name in frame.columns]
        frame = frame.with_columns(gaps)
    frame.with_columns(y=polars.Series(random.standard_normal(rows))).write_csv(path)


def config(folder, kind):
    path = folder / "config.toml"
    missing = 'missing = "mean"\n' if kind == "missing" else ""
    path.write_text(
        '[data]\nsource = "csv"\npath = "table.csv"\ntarget = "y"\nsplit = { validation = 0.1, test = 0.2 }\n'
        f"{missing}[network]\nhidden = [2]\n[train]\nlearning_rate = 0.1\nepochs = 1\n"
    )
    return path


def built():
    """The benchmark `read`, of the release profile."""
    build = ["cargo", "bench", "--quiet", "--no-run", "--package", "dropwise-benches", "--bench", "read", "--message-format=json"]
    lines = subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    of_it = [message for message in map(json.loads, lines) if message.get("target", {}).get("name") == "read"]
    return next(message["executable"] for message in of_it if message.get("executable"))


def main():
    if sys.argv[1:2] == ["write"]:
        write(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--columns", type=int, nargs="+", default=[3, 33, 300])
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--most", type=int, default=40_000_000, help="cells of a table; larger ones are passed over")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--program", type=Path, help="the built benchmark `read` [default: it is built]")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    process.limit_cpus()
    program = arguments.program or built()
    print(f"{'rows':>9} {'columns':>7} {'kind':8} {'MB':>6} {'numbers':>7}  {'dropwise':>15}  {'polars':>15}  {'pandas':>15}  {'x polars':>8} {'of CPU':>7} {'x numbers':>9}")
    results = []
    for kind in arguments.kinds:
        for columns in arguments.columns:
            for rows in arguments.rows:
                if rows * columns > arguments.most:
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    folder = Path(folder)
                    table = folder / "table.csv"
                    subprocess.run([sys.executable, __file__, "write", table, str(rows), str(columns), kind], check=True)
                    of = {"dropwise": [program, config(folder, kind)]}
                    for name in ("polars", "pandas"):
                        of[name] = [sys.executable, "-c", PEER.format(name=name), table]
                    # Once for all to be in the cache of the file system, then in turn.
                    found = {name: [] for name in of}
                    for _ in range(arguments.times):
                        for name, command in of.items():
                            found[name].append(process.run_once(command))
                    figures = {name: min(runs, key=lambda run: run["read_s"]) for name, runs in found.items()}
                    # On a machine with more to do, times say less than what was taken of the CPUs.
                    ours, polars_ = (min(run["cpu_s"] for run in found[name]) for name in ("dropwise", "polars"))
                    of_cpu = ours / polars_
                    size = table.stat().st_size / 1e6
                numbers = rows * (columns + 1) * 4 / 2**20
                shown = "  ".join(f"{figures[name]['read_s']:6.2f} s {figures[name]['peak_mib']:5.0f}M" for name in of)
                ours, polars_ = figures["dropwise"], figures["polars"]
                print(
                    f"{rows:9} {columns:7} {kind:8} {size:6.0f} {numbers:6.0f}M  {shown}  {ours['read_s'] / polars_['read_s']:8.2f} {of_cpu:7.2f} {ours['peak_mib'] / numbers:9.2f}",
                    flush=True,
                )
                results.append({"rows": rows, "columns": columns, "kind": kind, "mb": size, "cpu_of_polars": of_cpu, **figures})
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
