"""Makes optimizers.json: where PyTorch's optimizers, schedules and clipping take a small network.

    python3 optimizers.py > optimizers.json

The network is 3-5-2 with tanh, the loss a mean squared error over a full batch of 7 rows, all in float64.
With a full batch an epoch is a step, so that PyTorch's schedulers advance after each step. `train` is what
stands under `[train]` in the same experiment of dropwise.
"""

import json

import torch
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, StepLR

STEPS = 20
torch.set_default_dtype(torch.float64)
torch.manual_seed(1)

X, Y = torch.randn(7, 3), torch.randn(7, 2)
INITIAL = [(torch.randn(3, 5), torch.randn(5)), (torch.randn(5, 2), torch.randn(2))]

# What stands under `[train]`; optimizer; schedule; clipping.
CASES = [
    ("learning_rate = 0.1", lambda p: SGD(p, lr=0.1), None, None),
    (
        "learning_rate = 0.05\nmomentum = 0.9\nweight_decay = 0.01",
        lambda p: SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01),
        None,
        None,
    ),
    ("optimizer = 'adam'\nlearning_rate = 0.02", lambda p: Adam(p, lr=0.02), None, None),
    (
        "optimizer = 'adam'\nlearning_rate = 0.02\nweight_decay = 0.1",
        lambda p: Adam(p, lr=0.02, weight_decay=0.1),
        None,
        None,
    ),
    (
        "optimizer = 'adamw'\nlearning_rate = 0.02\nweight_decay = 0.1",
        lambda p: AdamW(p, lr=0.02, weight_decay=0.1),
        None,
        None,
    ),
    (
        "learning_rate = 0.1\nmomentum = 0.5\nschedule = 'cosine'",
        lambda p: SGD(p, lr=0.1, momentum=0.5),
        lambda o: CosineAnnealingLR(o, T_max=STEPS),
        None,
    ),
    (
        "learning_rate = 0.1\nschedule = { step = { every = 6, factor = 0.3 } }",
        lambda p: SGD(p, lr=0.1),
        lambda o: StepLR(o, step_size=6, gamma=0.3),
        None,
    ),
    (
        "optimizer = 'adam'\nlearning_rate = 0.05\nschedule = { exponential = 0.9 }",
        lambda p: Adam(p, lr=0.05),
        lambda o: ExponentialLR(o, gamma=0.9),
        None,
    ),
    (
        "learning_rate = 0.1\nclip = { norm = 0.8 }",
        lambda p: SGD(p, lr=0.1),
        None,
        lambda p: torch.nn.utils.clip_grad_norm_(p, 0.8),
    ),
    (
        "learning_rate = 0.1\nclip = { value = 0.2 }",
        lambda p: SGD(p, lr=0.1),
        None,
        lambda p: torch.nn.utils.clip_grad_value_(p, 0.2),
    ),
]


def layers(parameters):
    numbers = [parameter.detach().tolist() for parameter in parameters]
    return [{"weight": w, "bias": b} for w, b in zip(numbers[::2], numbers[1::2])]


def run(train, optimizer, schedule, clip):
    parameters = [t.clone().requires_grad_() for layer in INITIAL for t in layer]
    w1, b1, w2, b2 = parameters
    optimizer = optimizer(parameters)
    schedule = schedule(optimizer) if schedule else None
    after, norms = {}, []
    for step in range(1, STEPS + 1):
        optimizer.zero_grad()
        output = torch.tanh(X @ w1 + b1) @ w2 + b2
        torch.nn.functional.mse_loss(output, Y).backward()
        norms.append(torch.cat([p.grad.flatten() for p in parameters]).norm().item())
        if clip:
            clip(parameters)
        optimizer.step()
        if schedule:
            schedule.step()
        if step in (1, STEPS):
            after[str(step)] = layers(parameters)
    return {"train": train, "gradient_norms": norms, "after": after}


print(
    json.dumps(
        {
            "source": f"PyTorch {torch.__version__}, float64",
            "steps": STEPS,
            "inputs": X.tolist(),
            "targets": Y.tolist(),
            "initial": layers([t for layer in INITIAL for t in layer]),
            "cases": [run(*case) for case in CASES],
        }
    )
)
