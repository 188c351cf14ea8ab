#!/usr/bin/env python3
"""Lists the public API of a crate, a line an item: `python3 scripts/public_api.py dropwise`.

`--check FILE` compares the listing with a kept one, `--write FILE` keeps it. The items come from rustdoc's JSON, which is the same
for the same compiler; the format is unstable, so the compiler has to be told that we know.
"""

import json
import os
import subprocess
import sys
import tempfile


def documented(package):
    """rustdoc's JSON of a package's library."""
    crate = package.replace("-", "_")
    with tempfile.TemporaryDirectory() as folder:
        # rustdoc alone is told so: where the compiler is too, everything is built once more.
        rustdoc = os.path.join(folder, "rustdoc")
        with open(rustdoc, "w") as file:
            file.write('#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc "$@"\n')
        os.chmod(rustdoc, 0o755)
        # All packages, so that features are resolved as they are for `cargo clippy --workspace`, whose build this goes on from.
        environment = {**os.environ, "RUSTDOC": rustdoc, "RUSTDOCFLAGS": "-Zunstable-options --output-format json"}
        subprocess.run(["cargo", "doc", "--quiet", "--workspace", "--no-deps"], check=True, env=environment)
    with open(os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "doc", f"{crate}.json")) as file:
        return json.load(file)


def hidden(item):
    return any("doc(hidden)" in str(attribute) for attribute in item["attrs"])


def listing(api):
    """Sorted lines such as `struct model::MlpConfig` and `fn model::MlpConfig::init`."""
    index = api["index"]
    lines = set()
    places = {}  # the paths that each item has; private modules give their items to whoever re-exports them

    def walk(id, path):
        item = index.get(str(id))
        if item is None or hidden(item):
            return
        ((sort, inner),) = item["inner"].items()
        if sort == "use":
            if not inner["is_glob"] and str(inner["id"]) in index and not hidden(index[str(inner["id"])]):
                places.setdefault(inner["id"], []).append([*path, inner["name"]])
        elif sort == "module":
            for child in inner["items"]:
                walk(child, [*path, item["name"]])
        else:
            places.setdefault(id, []).append([*path, item["name"]])

    def describe(item, path):
        ((sort, inner),) = item["inner"].items()
        lines.add(f"{word(sort, inner)} {'::'.join(path)}")
        if sort == "struct":
            kind = inner["kind"]
            fields = kind["plain"]["fields"] if isinstance(kind, dict) and "plain" in kind else []
            members(fields, path)
        elif sort == "enum":
            members(inner["variants"], path)
        elif sort == "trait":
            members(inner["items"], path)
        for id in inner.get("impls", []):
            implemented = index.get(str(id))
            if implemented is None or implemented["inner"]["impl"]["trait"] is not None:
                continue
            members(implemented["inner"]["impl"]["items"], path)

    def members(ids, path):
        for id in ids:
            item = index.get(str(id))
            if item is None or hidden(item):
                continue
            ((sort, inner),) = item["inner"].items()
            if item["visibility"] in ("public", "default"):
                lines.add(f"{word(sort, inner)} {'::'.join([*path, item['name']])}")

    for child in index[str(api["root"])]["inner"]["module"]["items"]:
        walk(child, [])
    for id, paths in places.items():
        paths.sort(key=lambda path: (-len(path), path))
        describe(index[str(id)], paths[0])
        lines.update(f"use {'::'.join(path)} = {'::'.join(paths[0])}" for path in paths[1:])
    return sorted(lines, key=lambda line: (line.split()[1], line))


def word(sort, inner):
    words = {"function": "fn", "struct_field": "field", "constant": "const", "assoc_const": "const", "assoc_type": "type", "type_alias": "type"}
    return words.get(sort, sort)


def main():
    package, *options = sys.argv[1:]
    text = "".join(line + "\n" for line in listing(documented(package)))
    if not options:
        print(text, end="")
        return 0
    mode, path = options
    if mode == "--write":
        with open(path, "w") as file:
            file.write(text)
        return 0
    with open(path) as file:
        kept = file.read()
    if kept == text:
        return 0
    now, before = set(text.splitlines()), set(kept.splitlines())
    for line in sorted(before - now):
        print(f"- {line}")
    for line in sorted(now - before):
        print(f"+ {line}")
    print(f"The public API of {package} is not what {path} says. If that is meant: python3 scripts/public_api.py {package} --write {path}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
