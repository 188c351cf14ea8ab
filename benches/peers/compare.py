"""Runs dropwise and its peers in turn and prints their figures and ratios as Markdown. Called by run.sh.

A round runs every program of a group once, one after the other, on the same two CPUs and with two threads. A ratio
is ours to the peer's in the same round; the table has the median over the rounds and the range. What other
processes of the machine used meanwhile is told, and a round in which they used much is taken again.
"""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

import groups
from process import limit_cpus, run

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "target/peers/results.jsonl"
# A share of the CPUs that others use, over which a round does not count; and rounds that may be lost to it.
DISTURBED, LOST = 0.10, 2


def main():
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(groups.ALL))
    parser.add_argument("--pairs", type=int, default=5, metavar="N", help="rounds [5]")
    parser.add_argument("--mnist", default="target/data/mnist", metavar="DIR", help="the IDX files [target/data/mnist]")
    parser.add_argument("--more", action="store_true", help="add to the rounds that are in " + str(RESULTS))
    parser.add_argument("--prepare", action="store_true", help="build and train what the groups need, and end")
    arguments = parser.parse_args()
    for name in arguments.groups:
        if name not in groups.ALL:
            parser.error(f"no group {name!r}; there are {', '.join(groups.ALL)}")

    os.chdir(ROOT)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    limit_cpus()

    names = arguments.groups or [name for name in groups.ALL if name != "xor-numpy"]
    recorded = read() if arguments.more else {}
    for name in names:
        group = groups.ALL[name](arguments.mnist)
        if arguments.prepare:
            continue
        rounds = recorded.get(name, []) + measure(name, group, arguments.pairs)
        print(table(group, rounds), flush=True)


def measure(name, group, pairs):
    """So many rounds in which the machine was ours. Each is kept in RESULTS."""
    rounds, lost = [], 0
    while len(rounds) < pairs:
        found = {who: run(command, group.times.get(who, 1)) for who, command in group.programs.items()}
        others = max(figures["others"] for figures in found.values())
        if others > DISTURBED and lost < LOST * pairs:
            lost += 1
            print(f"{name}: a round is taken again, others used {others:.0%} of the CPUs", file=sys.stderr)
            continue
        check(found)
        rounds.append(found)
        with RESULTS.open("a") as file:
            print(json.dumps({"group": name, "round": found}), file=file)
    return rounds


def check(found):
    """Those that predict the same images with the same weights must make the same errors, but for rounding."""
    errors = {who: figures["errors"] for who, figures in found.items() if "errors" in figures}
    if errors and max(errors.values()) - min(errors.values()) > 2:
        sys.exit(f"the programs do not predict the same: {errors}")


def read():
    """The rounds kept so far, by group."""
    rounds = {}
    for line in RESULTS.read_text().splitlines() if RESULTS.exists() else []:
        line = json.loads(line)
        rounds.setdefault(line["group"], []).append(line["round"])
    return rounds


def table(group, rounds):
    """The comparisons of a group over its rounds."""
    others = max(figures["others"] for found in rounds for figures in found.values())
    lines = [
        f"### {group.title}",
        "",
        f"{len(rounds)} rounds; others used at most {others:.0%} of the CPUs.",
        "",
        "| what | ours | peer | its | ratio (range) | at most | aim |",
        "|---|---|---|---|---|---|---|",
    ]
    for comparison in group.comparisons:
        lines.append(row(comparison, rounds))
    return "\n".join(lines) + "\n"


def row(comparison, rounds):
    ours, theirs = [[value(found) for found in rounds] for value in (comparison.ours, comparison.theirs)]
    cells = [comparison.what, shown(comparison, ours), comparison.peer, shown(comparison, theirs)]
    if None in ours or None in theirs or comparison.is_share:
        ratio = ""
    else:
        ratios = sorted(a / b for a, b in zip(ours, theirs))
        ratio = f"**{statistics.median(ratios):.2f}** ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    return "| " + " | ".join([*cells, ratio, comparison.at_most, comparison.aim]) + " |"


def shown(comparison, values):
    """The median, in the comparison's unit."""
    if None in values:
        return "-"
    if comparison.is_share:
        return f"{statistics.median(values):.1%}"
    return f"{statistics.median(values):.3g} {comparison.unit}"


if __name__ == "__main__":
    main()
