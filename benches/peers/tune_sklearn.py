"""scikit-learn's MLPClassifier after a search over a grid; it has no dropout.

usage: tune_sklearn.py FOLDER TRIALS

The grid: Adam with learning rates 0.0003, 0.001 and 0.003, SGD (momentum 0.9, Nesterov's) with 0.03, 0.1 and 0.3; for
each a penalty on the squares of the weights of 0.00001, 0.001 and 0.1. These are 18 settings; fewer TRIALS take as many
of them, evenly spaced. The one with the fewest errors on the validation rows, of several the one with the smallest loss
there, is trained on training and validation rows with five seeds. Inputs are float32, which the classifier keeps. Prints the errors on the test rows as JSON.
"""

import sys
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import ParameterGrid
from sklearn.neural_network import MLPClassifier

import timing
import tune_data

# All have a fixed number of epochs, which it calls not to have converged.
warnings.simplefilter("ignore", ConvergenceWarning)
folder, trials = sys.argv[1], int(sys.argv[2])
job, train, validation, test = tune_data.load(folder)
ALPHA = [1e-5, 1e-3, 1e-1]
GRID = list(
    ParameterGrid(
        [
            {"solver": ["adam"], "learning_rate_init": [3e-4, 1e-3, 3e-3], "alpha": ALPHA},
            {"solver": ["sgd"], "learning_rate_init": [0.03, 0.1, 0.3], "alpha": ALPHA},
        ]
    )
)


def error_and_loss(setting, seed, rows, others):
    """The share of `others` that a network trained on `rows` gets wrong, and its loss there; the worst, where training
    diverges."""
    network = MLPClassifier(
        hidden_layer_sizes=job["hidden"],
        batch_size=job["batch_size"],
        max_iter=job["epochs"],
        random_state=seed,
        **setting,
    )
    inputs, labels = others
    try:
        probability = network.fit(*rows).predict_proba(inputs)
        return float(np.mean(probability.argmax(1) != labels)), log_loss(labels, probability)
    except ValueError as problem:
        if "NaN" not in str(problem) and "infinit" not in str(problem) and "finite" not in str(problem):
            raise
        return 1.0, np.inf


tried = [GRID[k] for k in np.unique(np.linspace(0, len(GRID) - 1, min(trials, len(GRID))).round().astype(int))]
found = [error_and_loss(setting, 1, train, validation) for setting in tried]
best = tried[found.index(min(found))]
together = tuple(np.concatenate(both) for both in zip(train, validation))
timing.report(
    test_errors=[error_and_loss(best, seed, together, test)[0] for seed in range(1, 6)],
    trials=len(tried),
    validation_error=min(found)[0],
    width=job["hidden"][0],
    chosen={key: best[key] for key in ("solver", "learning_rate_init", "alpha")},
)
