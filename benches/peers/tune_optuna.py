"""Optuna's TPE over the space of `dropwise tune`, with PyTorch.

usage: tune_optuna.py FOLDER TRIALS

Searched is what `dropwise tune` searched with dropout, in the same ranges: the width, the learning rate over 1 - momentum
(logarithmic), the momentum (1 - momentum logarithmic), the bound on the norm of a unit's incoming weights, and both
dropout rates. The first trials are those that it tried first. After each epoch the median pruner sees the error on the
validation rows, of which the last counts; between equal errors the loss decides. A network is made as `dropwise` makes it: ReLU, He's initial weights,
SGD with momentum, the configuration's batch, epochs and schedule. Prints the errors on the test rows of five networks,
trained on training and validation rows at the best setting, as JSON.

On a CPU with two cores, networks of 64-512-512-10 take less time on one thread than on two.
"""

import math
import sys

import optuna
import torch
from torch import nn

import timing
import tune_data

folder, trials = sys.argv[1], int(sys.argv[2])
job, *parts = tune_data.load(folder)
train, validation, test = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in parts]
SPACE = {dimension["kind"]: dimension for dimension in job["space"]}
torch.set_num_threads(1 if job["data"] == "digits" else 2)
cross_entropy = nn.functional.cross_entropy


def network_of(setting):
    """The layers with weights, and all of them."""
    sizes = (job["features"], *[setting["width"]] * len(job["hidden"]), 10)
    linear = [nn.Linear(m, n) for m, n in zip(sizes, sizes[1:])]
    layers = []
    for k, layer in enumerate(linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
        layers += [nn.Dropout(setting["hidden"] if k else setting["input"]), layer, nn.ReLU()]
    return linear, nn.Sequential(*layers[:-1])


@torch.no_grad()
def bound_norms(linear, bound):
    for layer in linear:
        norms = torch.linalg.vector_norm(layer.weight, dim=1, keepdim=True)
        layer.weight.mul_(bound / norms.clamp_(min=bound))


@torch.inference_mode()
def error_and_loss(network, x, y):
    network.eval()
    errors = loss = 0.0
    for rows, labels in zip(x.split(500), y.split(500)):
        output = network(rows)
        errors += (output.argmax(1) != labels).sum().item()
        loss += cross_entropy(output, labels, reduction="sum").item()
    network.train()
    return errors / len(y), loss / len(y)


def fit(setting, seed, rows, after_epoch):
    """Trains a network; `after_epoch` gets it with the epoch's number."""
    x, y = rows
    torch.manual_seed(seed)
    linear, network = network_of(setting)
    rate, momentum = setting["learning_rate"], setting["momentum"]
    optimizer = torch.optim.SGD(network.parameters(), lr=rate, momentum=momentum, fused=True)
    steps = job["epochs"] * math.ceil(len(x) / job["batch_size"])
    step = 0
    for epoch in range(job["epochs"]):
        for batch in torch.randperm(len(x)).split(job["batch_size"]):
            if job["schedule"] == "cosine":
                optimizer.param_groups[0]["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            cross_entropy(network(x[batch]), y[batch]).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if setting["max_norm"]:
                bound_norms(linear, setting["max_norm"])
            step += 1
        after_epoch(network, epoch)
    return network


def setting_of(trial):
    def between(name, kind, log=False):
        return trial.suggest_float(name, SPACE[kind]["low"], SPACE[kind]["high"], log=log)

    momentum = SPACE["momentum"]
    rest = trial.suggest_float("rest", 1 - momentum["high"], 1 - momentum["low"], log=True)
    return {
        "width": trial.suggest_categorical("width", SPACE["width"]["choices"]),
        "hidden": between("hidden", "hidden-rate"),
        "input": between("input", "input-rate"),
        "max_norm": trial.suggest_categorical("max_norm", SPACE["max-norm"]["choices"]),
        "learning_rate": between("long_run_rate", "long-run-rate", log=True) * rest,
        "momentum": 1 - rest,
    }


def parameters(setting):
    """A setting as `setting_of` asks for it."""
    rest = 1 - setting["momentum"]
    same = {key: setting.get(key) for key in ("width", "hidden", "input", "max_norm")}
    return {**same, "rest": rest, "long_run_rate": setting["learning_rate"] / rest}


def objective(trial):
    setting = setting_of(trial)
    trial.set_user_attr("setting", setting)
    error = loss = None

    def judge(network, epoch):
        nonlocal error, loss
        error, loss = error_and_loss(network, *validation)
        trial.report(error, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    fit(setting, 1, train, judge)
    trial.set_user_attr("loss", loss)
    return error


optuna.logging.set_verbosity(optuna.logging.WARNING)
pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=max(1, job["epochs"] // 5))
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1), pruner=pruner)
for setting in job["advice"]:
    study.enqueue_trial(parameters(setting))
study.optimize(objective, n_trials=trials)

finished = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
found = min(finished, key=lambda trial: (trial.value, trial.user_attrs["loss"]))
best = found.user_attrs["setting"]
together = tuple(torch.cat(both) for both in zip(train, validation))
networks = [fit(best, seed, together, lambda *_: None) for seed in range(1, 6)]
timing.report(
    test_errors=[error_and_loss(network, *test)[0] for network in networks],
    trials=trials,
    pruned=sum(trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials),
    validation_error=found.value,
    width=best["width"],
    chosen={key: value for key, value in best.items() if key != "width"},
)
