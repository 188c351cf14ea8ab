"""PyTorch: MNIST as `dropwise train config/mnist.toml` trains it, tensors in memory.

usage: epoch_torch.py DIR EPOCHS

The same work: 54,000 rows to train on, reshuffled every epoch, and 6,000 to validate on; 784-1024-1024-10, ReLU,
dropout 0.2 / 0.5 / 0.5, He's initial weights; batch 128, SGD with momentum 0.9, the cosine schedule from 0.1, a bound
of 2 on the norm of each unit's incoming weights; after each epoch the error and loss on the validation rows and a
copy of the best weights, and at the end those of the best network on the training, validation and test rows. Images
lie in memory as bytes, which takes no more time than 32-bit numbers and less memory. A line is printed after each
epoch: the time from the first to the second is that of an epoch without what a process does once.
"""

import math
import sys

import torch
from torch import nn

import mnist

torch.set_num_threads(2)
torch.manual_seed(42)
directory, epochs = sys.argv[1], int(sys.argv[2])
BATCH = 128


def rows(part):
    pixels, labels = mnist.images(directory, part)
    return torch.from_numpy(pixels.copy()), torch.from_numpy(labels).long()


x, y = rows("train")
x_test, y_test = rows("t10k")
split = torch.randperm(len(x))
x_validation, y_validation = x[split[54_000:]], y[split[54_000:]]
x, y = x[split[:54_000]], y[split[:54_000]]

sizes = (784, 1024, 1024, 10)
linear = [nn.Linear(m, n) for m, n in zip(sizes, sizes[1:])]
for layer in linear:
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
network = nn.Sequential(
    nn.Dropout(0.2), linear[0], nn.ReLU(),
    nn.Dropout(0.5), linear[1], nn.ReLU(),
    nn.Dropout(0.5), linear[2],
)  # fmt: skip
optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, fused=True)
cross_entropy = nn.functional.cross_entropy


@torch.no_grad()
def bound_norms():
    for layer in linear:
        norms = torch.linalg.vector_norm(layer.weight, dim=1, keepdim=True)
        layer.weight.mul_(2.0 / norms.clamp_(min=2.0))


@torch.inference_mode()
def evaluate(x, y):
    """Mean loss and error rate."""
    network.eval()
    loss = errors = 0.0
    for x, y in zip(x.split(500), y.split(500)):
        output = network(x.float().div_(255))
        loss += cross_entropy(output, y, reduction="sum").item()
        errors += (output.argmax(1) != y).sum().item()
    network.train()
    return loss, errors


best = (math.inf, None)
steps_an_epoch = math.ceil(len(x) / BATCH)
step = 0
for epoch in range(1, epochs + 1):
    training_loss = 0.0
    for batch in torch.randperm(len(x)).split(BATCH):
        # The cosine falls once a step, from the full rate to nothing.
        rate = 0.1 * 0.5 * (1 + math.cos(math.pi * step / (steps_an_epoch * epochs)))
        optimizer.param_groups[0]["lr"] = rate
        loss = cross_entropy(network(x[batch].float().div_(255)), y[batch])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        bound_norms()
        training_loss += loss.item() * len(batch)
        step += 1
    loss, errors = evaluate(x_validation, y_validation)
    if loss < best[0]:
        best = (loss, [p.detach().clone() for p in network.parameters()])
    print(f"epoch {epoch}: loss {training_loss / len(x):.4f}, validation {errors / len(y_validation):.2%}", flush=True)

with torch.no_grad():
    for parameter, value in zip(network.parameters(), best[1]):
        parameter.copy_(value)
for name, rows in {"training": (x, y), "validation": (x_validation, y_validation), "test": (x_test, y_test)}.items():
    loss, errors = evaluate(*rows)
    print(f"{name}: loss {loss / len(rows[1]):.4f}, error {errors / len(rows[1]):.2%}", flush=True)
