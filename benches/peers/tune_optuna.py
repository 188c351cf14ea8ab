"""Optuna's TPE over the space of `dropwise tune`, with PyTorch.

usage: tune_optuna.py FOLDER TRIALS

Searched: the dropout rate of hidden layers (0 to 0.8), that of the input (0 to 0.25), the bound on the norm of a unit's
incoming weights (off, or 1 to 5), the learning rate (0.01 to 1, logarithmic) and the momentum (0.9 to 0.99). The first
trial is the paper's advice: 0.5, 0.2, a bound of 3, 0.1, 0.95. After each epoch the median pruner sees the error on
the validation rows, of which the last counts. A network is made as `dropwise` makes it: ReLU, He's initial weights,
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
SIZES = (job["features"], *job["hidden"], 10)
torch.set_num_threads(1 if job["data"] == "digits" else 2)
cross_entropy = nn.functional.cross_entropy


def network_of(setting):
    """The layers with weights, and all of them."""
    linear = [nn.Linear(m, n) for m, n in zip(SIZES, SIZES[1:])]
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
def error_rate(network, x, y):
    network.eval()
    errors = sum((network(x).argmax(1) != y).sum().item() for x, y in zip(x.split(500), y.split(500)))
    network.train()
    return errors / len(y)


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
    bounded = trial.suggest_categorical("bound", [True, False])
    return {
        "hidden": trial.suggest_float("hidden", 0.0, 0.8),
        "input": trial.suggest_float("input", 0.0, 0.25),
        "max_norm": trial.suggest_float("max_norm", 1.0, 5.0) if bounded else None,
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 1.0, log=True),
        "momentum": trial.suggest_float("momentum", 0.9, 0.99),
    }


def objective(trial):
    setting = setting_of(trial)
    trial.set_user_attr("setting", setting)
    error = None

    def judge(network, epoch):
        nonlocal error
        error = error_rate(network, *validation)
        trial.report(error, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    fit(setting, 1, train, judge)
    return error


optuna.logging.set_verbosity(optuna.logging.WARNING)
pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=max(1, job["epochs"] // 5))
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1), pruner=pruner)
advice = {"hidden": 0.5, "input": 0.2, "bound": True, "max_norm": 3.0, "learning_rate": 0.1, "momentum": 0.95}
study.enqueue_trial(advice)
study.optimize(objective, n_trials=trials)

best = study.best_trial.user_attrs["setting"]
together = tuple(torch.cat(both) for both in zip(train, validation))
networks = [fit(best, seed, together, lambda *_: None) for seed in range(1, 6)]
timing.report(
    test_errors=[error_rate(network, *test) for network in networks],
    trials=trials,
    pruned=sum(trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials),
    validation_error=study.best_value,
    chosen={key: value for key, value in best.items() if value is not None},
)
