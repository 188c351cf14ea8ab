"""Files of PyTorch's `torch.save` for the tests of `dropwise import`: a 4-3-3-1 whose weights are 0, 1, 2 and so on, over 64.

    python3 tests/golden/torch_files.py [FOLDER]      # with PyTorch 1.13
"""

import pathlib
import sys
from collections import OrderedDict

import torch
from torch import nn

FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "torch")


def network():
    network = nn.Sequential(nn.Dropout(0.1), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))
    first = 0
    for parameter in network.parameters():
        numbers = torch.arange(first, first + parameter.numel(), dtype=torch.float32) / 64
        first += parameter.numel()
        parameter.data = numbers.reshape(parameter.shape)
    return network


FOLDER.mkdir(exist_ok=True)
state = network().state_dict()
torch.save(state, FOLDER / "state.pt")
torch.save(state, FOLDER / "old.pt", _use_new_zipfile_serialization=False)
torch.save(network(), FOLDER / "module.pth")
trained = network()
optimizer = torch.optim.Adam(trained.parameters(), 0.0)
trained(torch.ones(2, 4)).sum().backward()
optimizer.step()
torch.save({"epoch": 3, "optimizer": optimizer.state_dict(), "model": trained.state_dict()}, FOLDER / "checkpoint.pt")
halves = {key: value.to(torch.float16 if "weight" in key else torch.bfloat16) for key, value in state.items()}
torch.save(OrderedDict(halves), FOLDER / "half.pt")
# Arrays that share their numbers and lie in another order.
shared = torch.cat([value.t().reshape(-1) for value in state.values()])
views, first = {}, 0
for key, value in state.items():
    views[key] = shared[first : first + value.numel()].reshape(value.t().shape).t()
    first += value.numel()
assert all(torch.equal(views[key], state[key]) for key in state)
torch.save(views, FOLDER / "views.pt")

# What is no network for us, each in the older and smaller form.
refused = {
    "conv": nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(4, 3)).state_dict(),
    "long": {"0.weight": torch.ones(3, 4, dtype=torch.int64), "0.bias": torch.ones(3)},
    "nan": {**state, "3.bias": torch.full([3], torch.nan)},
    "quantized": {**state, "3.weight": torch.quantize_per_tensor(torch.ones(3, 3), 0.1, 0, torch.qint8)},
    "two": {"student": state, "teacher": state},
    "none": {"epoch": 3, "losses": [0.5, 0.25], "rows": torch.ones(3, 4)},
}
for name, value in refused.items():
    torch.save(value, FOLDER / f"{name}.pt", _use_new_zipfile_serialization=False)
