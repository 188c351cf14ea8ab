"""Data that memory does not hold: see "Larger than memory" in docs/BENCHMARKS.md.

    python3 benches/peers/large.py table FILE.csv 50000000
    python3 benches/peers/large.py images FOLDER 6000000 data/mnist
    python3 benches/peers/large.py rates FILE.csv 4000 target/release/dropwise
    python3 benches/peers/large.py evaluate FOLDER 50000000 target/release/dropwise

`table` writes rows of 18 numbers of 4 digits, two columns of words and a class that both say something about. `images` repeats the
training images of MNIST with other noise each time, and copies its test images. The same numbers give the same bytes. `rates` trains so many
steps of 128 rows of such a table from memory and from `data.cache`, in turn. `evaluate` trains on 100,000 rows of one and evaluates the network on
a hundredth, a tenth and all of so many others.
"""

import gzip
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import process

CHUNK = 500_000
NUMBERS = 18
WORDS = ["black", "brown", "coral", "green", "white"]


def cells(texts):
    """Texts of one length as rows of bytes."""
    return np.array([list(text.encode()) for text in texts], dtype=np.uint8)


def table(path, rows):
    numbers = cells(f"{k / 100:.2f}," for k in range(1_000, 10_000))
    words = cells(f"{word}," for word in WORDS)
    classes = cells(["0\n", "1\n"])
    weights = np.linspace(-1, 1, NUMBERS)
    with open(path, "wb", buffering=0) as file:
        names = [f"x{k}" for k in range(NUMBERS)] + ["color", "other", "y"]
        file.write((",".join(names) + "\n").encode())
        for chunk, start in enumerate(range(0, rows, CHUNK)):
            count = min(CHUNK, rows - start)
            random = np.random.default_rng([7, chunk])
            x = random.integers(0, len(numbers), (count, NUMBERS), dtype=np.uint16)
            kinds = random.integers(0, len(WORDS), (count, 2), dtype=np.uint8)
            score = (x.astype(np.float32) / len(numbers) - 0.5) @ weights.astype(np.float32)
            score += 0.5 * (kinds[:, 0] == kinds[:, 1]) - 0.1
            y = (score + 0.2 * random.standard_normal(count, dtype=np.float32) > 0).astype(np.uint8)
            parts = [numbers[x].reshape(count, -1), words[kinds].reshape(count, -1), classes[y]]
            file.write(np.concatenate(parts, axis=1).tobytes())


def read(path):
    """The bytes of a file, packed or not."""
    packed = path.with_name(path.name + ".gz")
    return gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()


def images(folder, rows, mnist):
    folder, mnist = pathlib.Path(folder), pathlib.Path(mnist)
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.frombuffer(read(mnist / "train-images-idx3-ubyte"), np.uint8, offset=16).reshape(-1, 784)
    labels = np.frombuffer(read(mnist / "train-labels-idx1-ubyte"), np.uint8, offset=8)
    with open(folder / "train-images-idx3-ubyte", "wb", buffering=0) as file:
        file.write(b"\0\0\x08\x03" + np.array([rows, 28, 28], ">u4").tobytes())
        for k, start in enumerate(range(0, rows, len(pixels))):
            count = min(len(pixels), rows - start)
            noise = np.random.default_rng([7, k]).integers(-16, 17, (count, 784), dtype=np.int16)
            file.write(np.clip(pixels[:count] + noise, 0, 255).astype(np.uint8).tobytes())
    with open(folder / "train-labels-idx1-ubyte", "wb") as file:
        file.write(b"\0\0\x08\x01" + np.array([rows], ">u4").tobytes())
        file.write(np.resize(labels, rows).tobytes())
    for path in mnist.glob("t10k-*"):
        shutil.copy(path, folder)


def rates(path, steps, program):
    process.limit_cpus()
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "config.toml"
        config.write_text(
            f'[data]\nsource = "csv"\npath = "{pathlib.Path(path).absolute()}"\ntarget = "y"\ntask = "binary"\nsplit = {{ test = 0.01 }}\n'
            "[network]\nhidden = [64, 64]\n[dropout]\nhidden = 0.2\n"
            f'[train]\nlearning_rate = 0.01\nbatch_size = 128\nsteps = {steps}\nshuffle = "blocks"\n'
        )
        for hidden in ([64, 64], [256, 256]):
            command = [program, "train", config, "--json", "--set", f"network.hidden={hidden}"]
            cache = ["--set", f"data.cache={folder}/rows"]
            # The first run of each fills the cache.
            runs = [[process.run_once(command + more)["seconds"] for more in ([], cache)] for _ in range(4)][1:]
            memory, disk = (min(times) for times in zip(*runs))
            ratios = ", ".join(f"{memory / disk:.2f}" for memory, disk in runs)
            rows = 128 * steps
            print(f"{hidden}: {rows / memory:,.0f} rows/s from memory, {rows / disk:,.0f} from disk: {memory / disk:.2f} ({ratios})", flush=True)


def evaluate(folder, rows, program):
    process.limit_cpus()
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)

    def write(path, rows):
        # In a process of its own: the most memory that a process takes is no less than that of the one that starts it.
        subprocess.run([sys.executable, __file__, "table", path, str(rows)], check=True)

    write(folder / "train.csv", 100_000)
    config = folder / "config.toml"
    config.write_text(
        '[data]\nsource = "csv"\npath = "train.csv"\ntarget = "y"\ntask = "binary"\nsplit = { test = 0.1 }\n'
        "[network]\nhidden = [64, 64]\n[train]\nlearning_rate = 0.01\nbatch_size = 128\nepochs = 1\n"
    )
    run = folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    process.run_once([program, "train", config, "--json", "--out", run])
    more = folder / "more.csv"
    for count in (rows // 100, rows // 10, rows):
        write(more, count)
        found = process.run_once([program, "evaluate", run, "--json", "--input", more])
        print(f"{count:,} rows: {found['seconds']:.1f} s, {found['peak_mib']:.0f} MiB, ROC AUC {found['metrics']['roc_auc']:.6f}", flush=True)
    more.unlink()


if __name__ == "__main__":
    what, path, rows, *more = sys.argv[1:]
    {"table": table, "images": images, "rates": rates, "evaluate": evaluate}[what](path, int(rows), *more)
