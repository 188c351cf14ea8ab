#!/usr/bin/env python3
"""Random tables, written by pandas and polars in every way they know, go in as the same values.

    pip install pandas polars
    cargo build --example rows
    scripts/written_tables.py [--tables 60] [--seed 1] [--rows PROGRAM] [--parquet]

A table has columns of whole numbers, numbers, truth values and words, with gaps; it is written with a random delimiter, quoting,
mark of what is missing, decimal sign, encoding, line end and packing, and read with a configuration that says so. Each value
that comes out of the example `rows` is compared with the frame's, exactly. With `--parquet`, for an example that is built with that
feature, the tables are Parquet files of every type of a column, packing, and size of row groups; with pyarrow their pages vary too.
"""

import argparse
import csv
import decimal
import json
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import pandas
import polars

try:
    import pyarrow
    import pyarrow.parquet
except ImportError:
    pyarrow = None

WORDS = ["red", "blue", "green, dark", "a;b", "a|b", 'so "called"', "two\nlines", "K\u00f6ln", "\u00e9t\u00e9", "true", "inf", "1e5x", "-", "x y"]


def column(random, rows):
    """A kind, and values of it, None where one is missing."""
    kind = random.choice(["whole", "number", "truth", "words"])
    make = {
        "whole": lambda: random.randrange(-10**random.randrange(1, 15), 10**6),
        "number": lambda: random.choice([random.uniform(-9, 9), random.gauss(0, 1) * 10 ** random.randrange(-20, 20), 0.1, -0.0]),
        "truth": lambda: random.random() < 0.5,
        "words": lambda: random.choice(WORDS),
    }[kind]
    values = [make() for _ in range(rows)]
    if random.random() < 0.5:
        values = [None if random.random() < 0.2 else value for value in values]
    # A column has a value, and of words two at least, or there is nothing to compare.
    values[:2] = {"truth": [True, False], "words": ["red", "blue"]}.get(kind, [make(), make()])
    return kind, values


def written(random, path, columns):
    """Writes the table, and says how: keys of the configuration."""
    frame = {name: values for name, (_, values) in columns.items()}
    missing = random.choice(["", "NA", "NaN", "?", "n/a"])
    keys = {} if missing != "n/a" else {"missing_values": ["n/a"]}
    delimiter = random.choice([",", ";", "\t", "|"])
    if delimiter != ",":
        keys["delimiter"] = delimiter
    if random.random() < 0.3:
        polars.DataFrame(frame, strict=False).write_csv(
            path,
            separator=delimiter,
            null_value=missing,
            quote_style=random.choice(["necessary", "always", "non_numeric"]),
            line_terminator=random.choice(["\n", "\r\n"]),
            include_bom=random.random() < 0.3,
        )
        return keys
    encoding = random.choice(["utf-8", "utf-8-sig", "utf-16-le", "cp1252"])
    keys |= {"utf-16-le": {"encoding": "utf-16le"}, "cp1252": {"encoding": "windows-1252"}}.get(encoding, {})
    sign = random.choice([".", ","]) if delimiter != "," else "."
    if sign == ",":
        keys["decimal"] = ","
    frame = pandas.DataFrame({name: pandas.Series(values, dtype=object) for name, values in frame.items()})
    for name, (kind, _) in columns.items():
        dtype = {"whole": "Int64", "number": "float64", "truth": "boolean"}.get(kind)
        frame[name] = frame[name].astype(dtype) if dtype else frame[name]
    frame.to_csv(
        path,
        index=False,
        sep=delimiter,
        na_rep=missing,
        decimal=sign,
        encoding=encoding,
        quoting=random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        lineterminator=random.choice(["\n", "\r\n"]),
        compression=random.choice([None, "gzip"]),
    )
    return keys


WIDTHS = ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"]


def as_parquet(random, path, columns):
    """The same as Parquet, each column in a type that holds it; values change to what the type makes of them."""
    series = []
    for name, (kind, values) in columns.items():
        present = [value for value in values if value is not None]
        dtype = {"truth": "Boolean", "words": random.choice(["String", "Categorical"]), "number": "Float64"}.get(kind)
        if kind == "whole":
            bounds = {width: (0 if width[0] == "U" else -(1 << (int(width.strip("UInt")) - 1)), 1 << (int(width.strip("UInt")) - (width[0] != "U"))) for width in WIDTHS}
            fitting = [width for width, (low, high) in bounds.items() if low <= min(present) and max(present) < high]
            dtype = random.choice(fitting)
        elif kind == "number" and name != "y":
            form = random.choice(["Float64", "Float32", "Decimal"])
            if form == "Float32":
                dtype = "Float32"
                # The number that a file of text would show.
                values[:] = [value and float(str(numpy.float32(value))) for value in values]
            elif form == "Decimal":
                scale = random.randrange(0, 6)
                values[:] = [None if value is None else round(max(-9e9, min(9e9, value)), scale) for value in values]
                as_decimals = [None if value is None else decimal.Decimal(f"{value:.{scale}f}") for value in values]
                series.append(polars.Series(name, as_decimals, dtype=polars.Decimal(24, scale)))
                continue
        series.append(polars.Series(name, values, dtype=getattr(polars, dtype), strict=False))
    frame = polars.DataFrame(series)
    group = random.choice([1, 7, 1000])
    if pyarrow and random.random() < 0.5:
        pyarrow.parquet.write_table(
            frame.to_arrow(compat_level=polars.CompatLevel.oldest()),
            path,
            row_group_size=group,
            use_dictionary=random.random() < 0.5,
            data_page_version=random.choice(["1.0", "2.0"]),
            data_page_size=random.choice([64, 1 << 20]),
            compression=random.choice(["none", "snappy", "gzip", "brotli", "zstd", "lz4"]),
            store_decimal_as_integer=random.random() < 0.5,
        )
    else:
        frame.write_parquet(path, row_group_size=group, compression=random.choice(["uncompressed", "snappy", "gzip", "brotli", "zstd", "lz4"]))
    return {}


def check(random, folder, rows_program, parquet):
    """One table; the first difference, if there is one."""
    rows = random.randrange(20, 60)
    columns = {f"c {k}": column(random, rows) for k in range(random.randrange(1, 6))}
    columns["y"] = ("number", [random.uniform(-5, 5) for _ in range(rows)])
    kind = "parquet" if parquet else "csv"
    path = folder / f"table.{kind}"
    keys = (as_parquet if parquet else written)(random, path, columns)
    keys |= {"source": kind, "path": path.name, "target": "y", "standardize": False, "missing": "median", "missing_indicator": True}
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    config = "[data]\n" + "\n".join(lines) + "\n[network]\nhidden = [2]\n[train]\nlearning_rate = 0.1\nepochs = 1\n"
    (folder / "config.toml").write_text(config)
    done = subprocess.run([rows_program, "config.toml"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        return f"{config}\n{done.stderr}"
    read = [json.loads(line) for line in done.stdout.splitlines()]
    if len(read) != rows:
        return f"{config}\n{len(read)} rows in place of {rows}"
    for row, found in enumerate(read):
        inputs = found["inputs"]
        expected = {"y": columns["y"][1][row]}
        if found["targets"] != [expected["y"]]:
            return f"{config}\nrow {row}: target {found['targets']}, expected {expected['y']}"
        for name, (kind, values) in columns.items():
            if name == "y":
                continue
            value = values[row]
            misses = value is None or (isinstance(value, float) and math.isnan(value))
            if inputs.get(f"{name} is missing", 0.0) != float(misses):
                return f"{config}\nrow {row}, {name}: {value!r} is missing or not"
            if misses:
                continue
            if kind in ("whole", "number"):
                same = inputs.get(name) == float(value)
            else:
                # White space around a word does not count, and truth values have one spelling of several.
                word = str(value)
                chosen = [key for key, one in inputs.items() if key.startswith(f"{name}=") and one == 1.0]
                same = [key.lower() if kind == "truth" else key for key in chosen] == [f"{name}={word.lower() if kind == 'truth' else word}"]
            if not same:
                return f"{config}\nrow {row}, {name}: expected {value!r}, found {inputs}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parquet", action="store_true")
    parser.add_argument("--rows", default="target/debug/examples/rows")
    arguments = parser.parse_args()
    program = str(Path(arguments.rows).resolve())
    for number in range(arguments.tables):
        seed = f"{arguments.seed} {number}"
        with tempfile.TemporaryDirectory() as folder:
            difference = check(random.Random(seed), Path(folder), program, arguments.parquet)
        if difference:
            sys.exit(f"table {number} of seed {arguments.seed}:\n{difference}")
    print(f"{arguments.tables} tables, all values the same")


if __name__ == "__main__":
    main()
