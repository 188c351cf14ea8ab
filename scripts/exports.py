"""Holds exported models to what `dropwise predict` says: trains small networks on made-up tables, exports each, and lets the
programs that the files are for answer rows that the networks have not seen. scripts/exports.sh installs those.

usage: exports.py DROPWISE PYTHON FOLDER [CASES]

PYTHON has torch and safetensors.
"""

import ast
import csv
import datetime
import io
import json
import pathlib
import random
import re
import subprocess
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

DROPWISE = pathlib.Path(sys.argv[1]).resolve()
PYTHON = sys.argv[2]
FOLDER = pathlib.Path(sys.argv[3]).resolve()
CASES = int(sys.argv[4]) if len(sys.argv) > 4 else 24
BOUND = 1e-6
WORDS = ["red", "green", "blue", "dark blue", "1", "true", "é", "a,b", "Yes", "yes"]
# The same, as others write it.
SPELLINGS = {"1": "1.0", "true": "TRUE"}
ACTIVATIONS = ["sigmoid", "relu", "tanh", "gelu", "silu", "selu", "identity"]


def dropwise(*arguments, status=0, stdin=None):
    done = subprocess.run([DROPWISE, *map(str, arguments)], cwd=FOLDER, input=stdin, capture_output=True, text=True)
    assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout if status == 0 else done.stderr


class Table:
    """A random table: numbers of any size and words, some missing."""

    def __init__(self, draw):
        self.draw = draw
        kinds = [draw.choice(["number", "number", "word", "word", "date", "time"]) for _ in range(draw.randint(1, 6))]
        self.mark = draw.choice(["", "?", "-999"])
        self.missing = draw.choice(["error", "drop", "mean", "median", "mode"])
        self.rate = 0 if self.missing == "error" else draw.choice([0, 0.1])
        self.columns = []
        for k, kind in enumerate(kinds):
            name = draw.choice([f"column {k}", f"label{k}" if k else "label", f"prediction{k}" if k else "probabilities"])
            if kind == "number":
                self.columns.append((name, (10.0 ** draw.randint(-3, 5), 10.0 ** draw.randint(-3, 3))))
            elif kind in ["date", "time"]:
                self.columns.append((name, kind))
            else:
                self.columns.append((name, draw.sample(WORDS, draw.randint(2, 5))))

    def value(self, kind):
        if self.draw.random() < self.rate:
            return None
        if isinstance(kind, tuple):
            return kind[0] + kind[1] * self.draw.gauss(0, 1)
        if kind in ["date", "time"]:
            then = datetime.datetime(1880, 1, 1) + datetime.timedelta(self.draw.randint(0, 80_000), 60 * self.draw.randint(0, 1_439))
            return then.isoformat(" ", "minutes") if kind == "time" else then.date().isoformat()
        return self.draw.choice(kind)

    def row(self):
        return [self.value(kind) for _, kind in self.columns]

    def fields(self, row):
        return [self.mark if value is None else value for value in row]

    def names(self):
        return [name for name, _ in self.columns]


def text(rows):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def case(k):
    """A random table, a network trained on it, and what the two make of rows that the network has not seen."""
    draw = random.Random(k)
    table = Table(draw)
    task = draw.choice(["regression", "binary", "classification"])
    classes = draw.sample(["no", "yes", "perhaps", "ça"], 2 if task == "binary" else 3)
    rows = [table.row() for _ in range(60)]
    target = [draw.gauss(1e4, 30) if task == "regression" else classes[n % len(classes)] for n in range(60)]
    (FOLDER / f"{k}.csv").write_text(text([[*table.names(), "target"], *([*table.fields(r), t] for r, t in zip(rows, target))]))
    settings = {
        "source": "csv",
        "path": f"{k}.csv",
        "target": "target",
        "task": task,
        "missing": table.missing,
        "missing_values": ["", "?", "NaN", "-999"],
        "new_category": draw.choice(["error", "ignore"]),
        "categorical": [name for name, kind in table.columns if isinstance(kind, list)],
        "dates": [name for name, kind in table.columns if isinstance(kind, str)],
    }
    settings |= draw.choice([{}, {}, {"standardize": False}, {"scaling": "robust"}, {"scaling": "robust"}])
    if table.missing not in ["error", "drop"]:
        settings["missing_indicator"] = draw.random() < 0.5
    hidden = [draw.randint(1, 20) for _ in range(draw.randint(0, 3))]
    activation = draw.choice(ACTIVATIONS)
    losses = {"regression": ["mean-squared-error", "squared-error"], "binary": ["binary-cross-entropy", "squared-error"]}
    loss = draw.choice(losses.get(task, ["cross-entropy", "binary-cross-entropy", "mean-squared-error"]))
    kind = draw.choice(["bernoulli", "gaussian", "dropconnect"])
    precision = draw.choice(["float32", "float32", "float64"])
    network = f"hidden = {hidden}\nactivation = '{activation}'\nbias = {json.dumps(draw.random() < 0.8)}"
    data = "\n".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items())
    (FOLDER / f"{k}.toml").write_text(
        f"precision = '{precision}'\nseed = {k}\n[data]\n{data}\n[network]\n{network}\n[dropout]\nkind = '{kind}'\ninput = 0.1\n"
        f"[train]\nloss = '{loss}'\noptimizer = 'adam'\nlearning_rate = 0.01\nbatch_size = 16\nepochs = 3\n"
    )
    dropwise("train", f"{k}.toml", "--quiet", "--out", k)
    unseen = [table.row() for _ in range(40)]
    numbers = [kind if not isinstance(kind, list) else None for _, kind in table.columns]
    for row in unseen[10:20]:
        row[:] = [SPELLINGS.get(value, value) for value in row]
    if settings["new_category"] == "ignore":
        for row in unseen[:10]:
            row[:] = [value if number or value is None else "unheard of" for value, number in zip(row, numbers)]
    if table.missing in ["error", "drop"]:
        unseen = [row for row in unseen if None not in row]
    exact = 1.0 if task != "regression" else 1e4
    print(f"{k}: {task}, {loss}, {activation} {hidden}, {precision}, {len(numbers)} columns, missing {table.missing}", flush=True)
    onnx_answers(k, table, unseen, numbers, exact)
    if k % 4 == 0:
        torch_answers(k, table, unseen, numbers, exact)


def predicted(run, names, rows, probabilities):
    """The header and the answers of the program, each answer a list of texts."""
    more = ["--proba"] if probabilities else []
    answers = dropwise("predict", run, "--input", "-", *more, stdin=text([names, *rows]))
    header, *answers = csv.reader(io.StringIO(answers))
    return header, answers


def days(text):
    """Days since 1970 of a date, which is what ONNX Runtime takes."""
    if not isinstance(text, str):
        return text
    return (datetime.datetime.fromisoformat(text) - datetime.datetime(1970, 1, 1)) / datetime.timedelta(1)


def feeds(table, rows, numbers):
    """What ONNX Runtime takes for rows of values, None being a missing one."""
    feed = {}
    for k, name in enumerate(table.names()):
        column = [row[k] for row in rows]
        number = float(table.mark) if table.mark == "-999" and not isinstance(numbers[k], str) else np.nan
        if numbers[k]:
            feed[name] = np.array([[number if value is None else days(value) if isinstance(numbers[k], str) else value] for value in column], dtype=float)
        else:
            feed[name] = np.array([[table.mark if value is None else value] for value in column], dtype=object)
    return feed


def session(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]), model


def answers_of(found, feed):
    return dict(zip([output.name for output in found.get_outputs()], found.run(None, feed)))


def onnx_answers(run, table, rows, numbers, scale):
    path = FOLDER / f"{run}.onnx"
    dropwise("export", run, "--out", path)
    found, model = session(path)
    properties = {pair.key: pair.value for pair in model.metadata_props}
    assert {"config.toml", "preparation.json", "seed", "data_sha256", "step"} <= properties.keys(), properties.keys()
    names = table.names()
    assert [place.name for place in found.get_inputs()] == names
    feed = feeds(table, rows, numbers)
    together = answers_of(found, feed)
    gives = [name.rsplit("_", 1)[0] for name in together]
    header, expected = predicted(run, names, [table.fields(row) for row in rows], "probabilities" in gives)
    *_, values = together.values()
    width = 1 if gives == ["prediction"] else len(header) - 1
    if gives[-1] != "scores":
        exact = np.array([answer[-width:] for answer in expected], dtype=float)
        assert np.abs(values - exact).max() <= BOUND * scale, np.abs(values - exact).max()
    if len(gives) == 2:
        label = list(together.values())[0]
        assert list(label) == [answer[0] for answer in expected]
    for n in range(len(rows)):
        alone = answers_of(found, {name: column[n : n + 1] for name, column in feed.items()})
        for name, value in alone.items():
            if value.dtype == object:
                assert value[0] == together[name][n]
            else:
                assert np.abs(value[0] - together[name][n]).max() <= BOUND * scale
    # What the program refuses is refused.
    for row in refused(run, table, rows, numbers):
        answer = answers_of(found, feeds(table, [row, rows[0]], numbers))
        *labels, values = answer.values()
        assert np.isnan(values[0]).all() and not np.isnan(values[1]).any(), (row, values)
        assert all(label[0] == "" != label[1] for label in labels)


def refused(run, table, rows, numbers):
    """Rows that the program refuses."""
    for k, number in enumerate(numbers):
        bad = [np.inf] if number else []
        if isinstance(number, tuple) and "robust" not in (FOLDER / f"{run}.toml").read_text():
            bad.append(1e300)
        if table.missing in ["error", "drop"]:
            bad.append(None)
        if not number and 'new_category = "error"' in (FOLDER / f"{run}.toml").read_text():
            bad.append("unheard of")
        for value in bad:
            row = list(rows[0])
            row[k] = value
            dropwise("predict", run, "--input", "-", stdin=text([table.names(), table.fields(row)]), status=1)
            yield row


def torch_program(run, names, rows):
    """What the exported Python program prints, a value a row; none if it refuses a row."""
    (FOLDER / "rows.csv").write_text(text([names, *rows]))
    done = subprocess.run([PYTHON, FOLDER / f"{run}.py", FOLDER / "rows.csv"], capture_output=True, text=True)
    if done.returncode:
        assert "ValueError" in done.stderr, done.stderr
        return None
    return [ast.literal_eval(line) for line in done.stdout.splitlines()]


def compare_torch(run, names, rows, scale):
    answers = torch_program(run, names, rows)
    labels = isinstance(answers[0], tuple)
    try:
        _, expected = predicted(run, names, rows, labels)
    except AssertionError:  # outputs that are no probabilities
        _, expected = predicted(run, names, rows, False)
    for answer, found in zip(answers, expected, strict=True):
        numbers = answer
        if labels:
            label, numbers = answer
            assert label == found.pop(0), run
        if found:
            assert np.abs(np.array(numbers) - np.array(found, dtype=float)).max() <= BOUND * scale, run


def torch_answers(run, table, rows, numbers, scale):
    rows = [table.fields(row) for row in rows]
    for ending in ["safetensors", "pt"]:
        dropwise("export", run, "--out", f"{run}.{ending}")
        compare_torch(run, table.names(), rows, scale)
        # And back: the very network.
        dropwise("import", f"{run}.{ending}", "--config", f"{run}.toml", "--out", f"{run}-{ending}", "--quiet")
        assert predicted(f"{run}-{ending}", table.names(), rows, False) == predicted(run, table.names(), rows, False)
    for row in list(refused(run, table, rows, numbers))[:2]:
        assert torch_program(run, table.names(), [table.fields(row)]) is None, row


def digits():
    """Images: pixels go in as they are; and their autoencoder."""
    config = "[data]\nsource = 'digits'\nsplit = { test = 0.2 }\n%s[network]\nhidden = [32]\nactivation = 'relu'\n[dropout]\nhidden = 0.2\n" \
        "[train]\noptimizer = 'adam'\nlearning_rate = 0.005\nbatch_size = 64\nepochs = 3\n"
    pixels = np.random.default_rng(1).integers(0, 17, [50, 64]).astype(np.float32)
    names = [f"pixel{k}" for k in range(64)]
    for run, more in [("digits", ""), ("auto", "autoencoder = true\n")]:
        (FOLDER / f"{run}.toml").write_text(config % more)
        dropwise("train", f"{run}.toml", "--quiet", "--out", run)
        for inputs in ["columns", "matrix"]:
            path = FOLDER / f"{run}-{inputs}.onnx"
            dropwise("export", run, "--out", path, "--inputs", inputs)
            found, _ = session(path)
            feed = {"pixels": pixels} if inputs == "columns" else {"inputs": pixels / 16}
            answer = answers_of(found, feed)
            _, expected = predicted(run, names, pixels.astype(int).tolist(), run == "digits")
            *labels, values = answer.values()
            expected = [row[len(labels) :] for row in expected]
            assert np.abs(values - np.array(expected, dtype=float)).max() <= BOUND, run
        dropwise("export", run, "--out", f"{run}.safetensors")
        compare_torch(run, names, pixels[:5].astype(int).tolist(), 1)
        bad = pixels[:3].copy()
        bad[0, 3], bad[1, 5] = 0.5, 17
        found, _ = session(FOLDER / f"{run}-columns.onnx")
        *_, values = answers_of(found, {"pixels": bad}).values()
        assert np.isnan(values[:2]).all() and not np.isnan(values[2]).any()
    print("digits: images and their autoencoder", flush=True)


TORCH = """
import sys
import torch
from safetensors.torch import save_file
from torch import nn

torch.manual_seed(1)
x, y = torch.rand(200, 64), torch.arange(200) % 10
network = nn.Sequential(nn.Dropout(0.1), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = torch.optim.Adam(network.parameters(), 0.01)
for _ in range(50):
    optimizer.zero_grad()
    nn.functional.cross_entropy(network(x), y).backward()
    optimizer.step()
state = network.state_dict()
if sys.argv[2] == "half":
    state = {key: value.half() for key, value in state.items()}
    network.load_state_dict({key: value.float() for key, value in state.items()})
match sys.argv[2]:
    case "plain" | "half":
        save_file({key: value.contiguous() for key, value in state.items()}, sys.argv[1])
    case "state":
        torch.save(state, sys.argv[1])
    case "old":
        torch.save(state, sys.argv[1], _use_new_zipfile_serialization=False)
    case "module":
        torch.save(network.eval(), sys.argv[1])
    case "checkpoint":
        torch.save({"epoch": 50, "optimizer": optimizer.state_dict(), "network": state}, sys.argv[1])
    case "script":
        torch.jit.script(network.eval()).save(sys.argv[1])
with torch.no_grad():
    print(torch.softmax(network.eval()(torch.arange(640).reshape(10, 64) % 17 / 16), 1).tolist())
"""


def imports():
    """A network that PyTorch trained becomes a run that answers as PyTorch does, and is trained on."""
    (FOLDER / "torch.toml").write_text(
        "[data]\nsource = 'digits'\nsplit = { test = 0.2, validation = 0.2 }\n[network]\nhidden = [32, 32]\nactivation = 'relu'\n"
        "[dropout]\ninput = 0.1\nhidden = [0.2, 0]\n[train]\noptimizer = 'adam'\nlearning_rate = 0.003\nbatch_size = 32\nepochs = 2\n"
    )
    (FOLDER / "trained.py").write_text(TORCH)
    rows = (np.arange(640).reshape(10, 64) % 17).tolist()
    names = [f"pixel{k}" for k in range(64)]
    for kind in ["plain", "half", "state", "old", "module", "checkpoint", "script"]:
        done = subprocess.run([PYTHON, FOLDER / "trained.py", FOLDER / kind, kind], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        run = f"torch-{kind}"
        if kind == "script":
            assert "found one of TorchScript" in dropwise("import", kind, "--config", "torch.toml", "--out", run, status=1)
            continue
        dropwise("import", kind, "--config", "torch.toml", "--out", run)
        _, found = predicted(run, names, rows, True)
        found = np.array([row[1:] for row in found], dtype=float)
        assert np.abs(found - np.array(ast.literal_eval(done.stdout))).max() <= BOUND, kind
    before = json.loads(dropwise("evaluate", "torch-plain", "--json"))["metrics"]["loss"]
    dropwise("train", "--resume", "torch-plain", "--quiet")
    assert json.loads(dropwise("evaluate", "torch-plain", "--json"))["metrics"]["loss"] < before
    dropwise("report", "torch-plain", "--out", "torch.html")
    print("networks that PyTorch trained", flush=True)


def scikit_learn():
    """A network that scikit-learn trained becomes a run by the lines of docs/EXPORT.md, and answers as it does."""
    page = (pathlib.Path(__file__).parent.parent / "docs/EXPORT.md").read_text()
    lines = next(block for block in re.findall("```python\n(.*?)```", page, re.DOTALL) if "model.coefs_" in block)
    draw = np.random.default_rng(1)
    inputs = draw.normal(size=[120, 3])
    sums = inputs @ [1.0, -2.0, 0.5]
    digits = load_digits()
    column = "[data]\nsource = 'csv'\npath = '%s.csv'\ntarget = 'target'\nstandardize = false\n"
    for name, model, x, y, rows, data in [
        ("digits", MLPClassifier([32, 16], max_iter=20), digits.data / 16, digits.target, digits.data.astype(int), "[data]\nsource = 'digits'\n"),
        ("binary", MLPClassifier([8], activation="logistic", max_iter=100), inputs, np.where(sums > 0, "yes", "no"), inputs, column),
        ("regression", MLPRegressor(hidden_layer_sizes=[8, 4], activation="tanh", max_iter=100), inputs, sums, inputs, column),
    ]:
        run = f"sklearn-{name}"
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            model.set_params(random_state=1).fit(x, y)
        names = [f"pixel{k}" for k in range(64)] if name == "digits" else ["a", "b", "c"]
        (FOLDER / f"{run}.csv").write_text(text([[*names, "target"], *([*row, t] for row, t in zip(x.tolist(), y.tolist()))]))
        activation = {"logistic": "sigmoid"}.get(model.activation, model.activation)
        data = data % run if "%" in data else data
        (FOLDER / f"{run}.toml").write_text(f"{data}[network]\nhidden = {model.hidden_layer_sizes}\nactivation = '{activation}'\n[train]\nlearning_rate = 0.1\nepochs = 1\n")
        exec(lines.replace("model.safetensors", str(FOLDER / f"{run}.safetensors")), {"model": model})
        dropwise("import", f"{run}.safetensors", "--config", f"{run}.toml", "--out", run)
        _, found = predicted(run, names, rows.tolist(), name != "regression")
        if name == "regression":
            expected = model.predict(x)[:, None]
        else:
            assert [row.pop(0) for row in found] == [str(label) for label in model.predict(x)]
            expected = model.predict_proba(x)
        assert np.abs(np.array(found, dtype=float) - expected).max() <= BOUND, name
    print("networks that scikit-learn trained", flush=True)


def events_of(folder):
    events = EventAccumulator(str(FOLDER / folder), size_guidance={"histograms": 0, "scalars": 0})
    return events.Reload()


def tensorboard():
    """TensorBoard reads what a training wrote, what it wrote again after it was killed, and what is exported of the run."""
    config = "[data]\nsource = 'digits'\nsplit = { validation = 0.2 }\n[network]\nhidden = [8]\n[train]\nlearning_rate = 1\nbatch_size = 64\n"
    (FOLDER / "board.toml").write_text(config + "epochs = 5\n")
    dropwise("train", "board.toml", "--quiet", "--out", "board", "--tensorboard", "events")
    dropwise("train", "--resume", "board", "--epochs", "8", "--quiet", "--tensorboard", "events")
    dropwise("export", "board", "--format", "tensorboard", "--out", "exported")
    lines = [json.loads(line) for line in (FOLDER / "board/metrics.jsonl").read_text().splitlines()]
    for folder in ["events", "exported"]:
        events = events_of(folder)
        for tag, split, name in [("loss/validation", "validation", "loss"), ("training_loss", "train", "training_loss")]:
            expected = [(line["step"], np.float32(line[name])) for line in lines if line["split"] == split]
            assert [(event.step, event.value) for event in events.Scalars(tag)] == expected, (folder, tag)
        assert len(expected) == 8
        histograms = [f"layers.{k}/{part}" for k in range(2) for part in ["bias", "weight"]]
        assert sorted(events.Tags()["histograms"]) == sorted([*histograms, "layers.0/activations"])
        histogram = events.Histograms("layers.0/activations")[-1].histogram_value
        # Sigmoid units on the validation rows.
        assert histogram.num == 8 * json.loads((FOLDER / "board/report.json").read_text())["validation"]["rows"]
        assert 0 <= histogram.min < histogram.max <= 1
        histogram = events.Histograms("layers.0/weight")[-1].histogram_value
        assert histogram.num == sum(histogram.bucket) == 64 * 8 and histogram.bucket_limit[-1] == histogram.max
    print("TensorBoard's reader", flush=True)


FOLDER.mkdir(parents=True, exist_ok=True)
imports()
scikit_learn()
tensorboard()
digits()
for number in range(CASES):
    case(number)
print(f"{CASES} random tables and networks: onnx {onnx.__version__}, ONNX Runtime {onnxruntime.__version__} and PyTorch answer as dropwise does")
