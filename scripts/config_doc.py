#!/usr/bin/env python3
"""The tables of docs/CONFIG.md, made from the doc comments in src/config: `scripts/config_doc.py --write` or `--check`.

A table stands between `<!-- keys of NAME -->` and `<!-- end -->`, where NAME is the structure that its keys are the fields of.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/CONFIG.md"
SOURCES = [ROOT / "src/config.rs", *sorted((ROOT / "src/config").glob("*.rs"))]


def fields(name):
    """Names and doc comments of a structure's public fields, in order."""
    for source in SOURCES:
        match = re.search(rf"^pub struct {name} {{\n(.*?)^}}", source.read_text(), re.M | re.S)
        if match:
            break
    else:
        sys.exit(f"no structure `{name}` in src/config")
    words, found = [], []
    for line in map(str.strip, match.group(1).splitlines()):
        if line.startswith("///"):
            words.append(line[3:].strip())
        elif key := re.match(r"pub (\w+):", line):
            found.append((key.group(1), " ".join(words)))
            words = []
    return found


def plain(words):
    """Without Rust's links and line breaks."""
    words = re.sub(r"\[(`[^`\]]*`|[^\]]*)\]\((?:crate|super|Self)[^)]*\)", r"\1", words)
    words = re.sub(r"\[(`[^`\]]*`)\](?!\()", r"\1", words)
    return words.replace("|", "\\|")


def table(name, left_out):
    rows = [f"| `{key}` | {plain(words)} |" for key, words in fields(name) if key not in left_out]
    return "\n".join(["| key | |", "|---|---|", *rows])


def page(text):
    def filled(match):
        name, *left_out = match.group(1).split()
        return f"<!-- keys of {match.group(1)} -->\n{table(name, left_out)}\n<!-- end -->"

    return re.sub(r"<!-- keys of ([\w ]+) -->\n.*?<!-- end -->", filled, text, flags=re.S)


def main():
    kept = PAGE.read_text()
    text = page(kept)
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(text)
    elif sys.argv[1:] != ["--check"]:
        sys.exit(__doc__)
    elif text != kept:
        sys.exit("docs/CONFIG.md is not what the doc comments in src/config say: scripts/config_doc.py --write")


if __name__ == "__main__":
    main()
