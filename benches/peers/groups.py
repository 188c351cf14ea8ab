"""What is compared with what: the programs of each group and the figures that stand beside each other.

A group is made by a function of the folder with MNIST's files, which also builds and prepares what the programs
need. A program is a command; its figures are those of process.run.
"""

import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

PEERS = "benches/peers"
TARGET = Path("target/peers")


@dataclass
class Comparison:
    """A row of the table. `ours` and `theirs` take the figures of a round, by program, and give a number, or None
    where there is none."""

    what: str
    ours: callable
    peer: str
    theirs: callable
    at_most: str = ""
    aim: str = ""
    unit: str = "s"
    is_share: bool = False


@dataclass
class Group:
    """`times` says of a program how often a round runs it, where that is more than once."""

    title: str
    programs: dict
    comparisons: list
    times: dict = field(default_factory=dict)


def figure(program, name):
    """The figure `name` of a program."""
    return lambda found: found.get(program, {}).get(name)


def fastest(programs, name):
    """The least of the figures `name` of several programs."""
    return lambda found: min(found[program][name] for program in programs)


def share(program):
    """What dropout adds to a step, as a share of the step without it."""

    def value(found):
        figures = found.get(program)
        return figures and figures["with_dropout_ms"] / figures["without_dropout_ms"] - 1

    return value


def python(script, *arguments):
    return [sys.executable, f"{PEERS}/{script}", *map(str, arguments)]


def xor_numpy(_mnist):
    return Group(
        "XOR, 60,000 steps with dropout, whole process",
        {"dropwise": [dropwise(), "train", "config/xor.toml"], "NumPy": python("tutorial.py")},
        [Comparison("XOR", figure("dropwise", "seconds"), "NumPy", figure("NumPy", "seconds"), "0.7", "0.4")],
    )


def xor(mnist):
    group = xor_numpy(mnist)
    group.programs["JAX"] = python("xor_jax.py")
    jax = figure("JAX", "seconds")
    group.comparisons.append(Comparison("XOR", figure("dropwise", "seconds"), "JAX", jax, "0.7", "0.4"))
    return group


def step(_mnist):
    ours, with_dropout, without = benchmark("mnist_step"), "with_dropout_ms", "without_dropout_ms"
    programs = {
        "dropwise": ours,
        "PyTorch eager": python("step_torch.py", "eager"),
        "PyTorch compiled": python("step_torch.py", "compiled"),
        "JAX": python("step_jax.py"),
    }
    torch = ["PyTorch eager", "PyTorch compiled"]

    def compare(what, name, peer, theirs, *targets):
        return Comparison(what, figure("dropwise", name), peer, theirs, *targets, unit="ms")

    def adds(peer, *targets):
        return Comparison("what dropout adds", share("dropwise"), peer, share(peer), *targets, is_share=True)

    return group_of(
        "A training step of 784-1024-1024-10, batch 128",
        programs,
        [
            compare("step with dropout", with_dropout, "PyTorch, the faster", fastest(torch, with_dropout), "0.85", "0.65"),
            *(compare("the same", with_dropout, peer, figure(peer, with_dropout)) for peer in torch),
            compare("the same", with_dropout, "JAX", figure("JAX", with_dropout), "1.0", "0.8"),
            compare("step without dropout", without, "PyTorch, the faster", fastest(torch, without)),
            compare("the same", without, "JAX", figure("JAX", without)),
            adds("PyTorch eager", "8%", "4%"),
            adds("PyTorch compiled"),
            adds("JAX"),
        ],
    )


def epoch(mnist):
    programs = {
        "dropwise": [dropwise(), *training(mnist, epochs=2), "--json"],
        "PyTorch": python("epoch_torch.py", mnist, 2),
    }

    def compare(what, name, *targets, unit="s"):
        return Comparison(what, figure("dropwise", name), "PyTorch", figure("PyTorch", name), *targets, unit=unit)

    return group_of(
        "MNIST through the program, data handling and evaluation included",
        programs,
        [
            compare("an epoch, apart from start-up", "epoch_s", "1.0", "0.8"),
            compare("two epochs, whole process", "seconds"),
            compare("peak memory", "peak_mib", "0.5", "0.3", unit="MiB"),
        ],
    )


def predict(mnist):
    ours = benchmark("mnist_predict")
    run, onnx, image = TARGET / "mnist", TARGET / "mnist.onnx", TARGET / "image-idx3-ubyte"
    prepare_model(mnist, run, onnx, image)
    model = run / "best.safetensors"
    programs = {
        "dropwise": ours and [*ours, run, mnist],
        "PyTorch": python("predict_torch.py", model, mnist),
        "ONNX Runtime": python("predict_onnx.py", onnx, mnist),
        "dropwise, one row": [dropwise(), "predict", run, "--input", image],
        "PyTorch, one row": python("predict_torch.py", model, image),
        "ONNX Runtime, one row": python("predict_onnx.py", onnx, image),
    }
    rows = []
    for peer in ("PyTorch", "ONNX Runtime"):
        times = figure("dropwise", "predict_ms"), peer, figure(peer, "predict_ms")
        rows.append(Comparison("10,000 images, warm", *times, "1.0", "0.7", unit="ms"))
    for peer in ("PyTorch", "ONNX Runtime"):
        times = figure("dropwise, one row", "seconds"), peer, figure(f"{peer}, one row", "seconds")
        rows.append(Comparison("one image in a fresh process", *times, "0.05", "0.02"))
    group = group_of("Predictions of a trained 784-1024-1024-10", programs, rows)
    # Short processes, of which the first finds caches that the process before it has filled.
    group.times = {program: 3 for program in programs if program.endswith("one row")}
    return group


def samples(mnist):
    ours = benchmark("mnist_predict")
    run = TARGET / "mnist"
    prepare_model(mnist, run, None, TARGET / "image-idx3-ubyte")
    programs = {
        "dropwise": ours and [*ours, "--samples", run, mnist],
        "PyTorch": python("predict_torch.py", run / "best.safetensors", mnist, "--samples"),
    }

    def compare(what, name, unit, *targets):
        return Comparison(what, figure("dropwise", name), "PyTorch", figure("PyTorch", name), *targets, unit=unit)

    return group_of(
        "100 thinned networks of 784-1024-1024-10, 10,000 images",
        programs,
        [compare("100 samples", "samples_ms", "ms"), compare("the same, in passes", "passes", "passes", "40 passes")],
    )


def replicas(_mnist):
    name = "us_a_network_and_step"
    programs = {
        "dropwise": benchmark("replicas"),
        "NumPy": python("replicas_numpy.py"),
        "JAX": python("replicas_jax.py"),
    }

    def compare(peer):
        return Comparison("a network and step", figure("dropwise", name), peer, figure(peer, name), "1.0", "0.5", "us")

    return group_of("256 XOR networks at once", programs, [compare("NumPy"), compare("JAX")])


ALL = {"xor-numpy": xor_numpy, "xor": xor, "step": step, "epoch": epoch, "predict": predict, "samples": samples, "replicas": replicas}


def group_of(title, programs, comparisons):
    """A group, less the programs that are not there."""
    return Group(title, {name: command for name, command in programs.items() if command}, comparisons)


@functools.cache
def dropwise():
    """The release build of the program; `DROPWISE` names another."""
    if "DROPWISE" in os.environ:
        return os.environ["DROPWISE"]
    subprocess.run(["cargo", "build", "--release", "--quiet"], check=True)
    return "target/release/dropwise"


def benchmark(name):
    """The command of one of our benchmarks, built; None if there is none of that name."""
    metadata = ["cargo", "metadata", "--format-version=1", "--no-deps"]
    packages = json.loads(subprocess.run(metadata, check=True, capture_output=True).stdout)["packages"]
    if not any(target["name"] == name and "bench" in target["kind"] for package in packages for target in package["targets"]):
        print(f"no benchmark `{name}` to compare with", file=sys.stderr)
        return None
    build = ["cargo", "bench", "--quiet", "--no-run", "--package", "dropwise-benches", "--bench", name, "--message-format=json"]
    messages = subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    built = [json.loads(message) for message in messages]
    built = [message["executable"] for message in built if message.get("target", {}).get("name") == name]
    return [next(filter(None, built)), "--bench", "--json"]


def training(mnist, epochs):
    return ["train", "config/mnist.toml", "--set", f"data.dir={mnist}", "--set", f"train.epochs={epochs}"]


def prepare_model(mnist, run, onnx, image):
    """A network that one epoch has trained, the same as ONNX, and an image by itself."""
    if not (run / "report.json").exists():
        subprocess.run([dropwise(), *training(mnist, epochs=1), "--quiet", "--out", run], check=True)
    if onnx and not onnx.exists():
        subprocess.run(python("make_onnx.py", run / "best.safetensors", onnx), check=True)
    with open(f"{mnist}/t10k-images-idx3-ubyte", "rb") as file:
        head, first = file.read(16), file.read(784)
    image.write_bytes(head[:4] + (1).to_bytes(4, "big") + head[8:] + first)
