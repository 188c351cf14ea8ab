"""PyTorch: the training step of 784-1024-1024-10 that `cargo bench --bench mnist_step` times.

usage: step_torch.py eager | compiled

Timed: picking 128 rows of those in memory, forward with dropout 0.2 on the inputs and 0.5 on both hidden layers,
cross-entropy, backward, SGD with momentum 0.9 in one pass (`fused`), reading the loss. `compiled` has torch.compile
for network with loss, and for the optimizer; compiling is not timed. Prints milliseconds a step with dropout and
without.
"""

import logging
import sys

import torch
from torch import nn

import timing

logging.disable(logging.WARNING)
torch.set_num_threads(2)
torch.manual_seed(42)
compiled = {"eager": False, "compiled": True}[sys.argv[1]]
BATCH, ROWS = 128, 128 * 64


def layers(rates):
    sizes = (784, 1024, 1024, 10)
    for k, rate in enumerate(rates):
        if rate > 0:
            yield nn.Dropout(rate)
        yield nn.Linear(sizes[k], sizes[k + 1])
        if k < len(rates) - 1:
            yield nn.ReLU()


def milliseconds(rates):
    network = nn.Sequential(*layers(rates))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, fused=True)
    x, y = torch.rand(ROWS, 784), torch.randint(0, 10, (ROWS,))
    batches = torch.randperm(ROWS).split(BATCH)

    def loss_of(x, y):
        return nn.functional.cross_entropy(network(x), y)

    update = optimizer.step
    if compiled:
        loss_of, update = torch.compile(loss_of), torch.compile(update)

    def run(steps):
        for number in range(steps):
            rows = batches[number]
            loss = loss_of(x[rows], y[rows])
            loss.backward()
            update()
            optimizer.zero_grad(set_to_none=True)
            loss.item()

    return timing.milliseconds_a_step(run)


timing.report(with_dropout_ms=milliseconds((0.2, 0.5, 0.5)), without_dropout_ms=milliseconds((0, 0, 0)))
