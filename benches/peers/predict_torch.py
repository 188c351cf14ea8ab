"""PyTorch: predictions of a trained 784-1024-1024-10.

usage: predict_torch.py MODEL DIR      the 10,000 test images, again and again in one process
       predict_torch.py MODEL IMAGE    one image in a fresh process

Timed in the first form: from the pixels in memory, as 32-bit numbers, to the probabilities of all classes in
memory. In the second the process as a whole: import, weights from the safetensors file, the answer on one line.
"""

import os
import sys

import torch
from torch import nn

import mnist
import timing

torch.set_num_threads(2)
model, data = sys.argv[1], sys.argv[2]

layers = []
for weight, bias in mnist.weights(model):
    linear = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    linear.weight = nn.Parameter(torch.from_numpy(weight.copy()))
    linear.bias = nn.Parameter(torch.from_numpy(bias.copy()))
    layers += [linear, nn.ReLU()]
network = nn.Sequential(*layers[:-1], nn.Softmax(1)).eval()

with torch.inference_mode():
    if os.path.isdir(data):
        pixels, labels = mnist.images(data, "t10k")
        x = torch.from_numpy(pixels.copy()).float().div_(255)
        batches = x.split(1_000)  # takes less time than all at once, or 500

        def run(times):
            for _ in range(times):
                torch.cat([network(batch) for batch in batches])

        predicted = network(x).argmax(1).numpy()
        timing.report(
            predict_ms=timing.milliseconds_a_step(run, warm_up=2, samples=7, steps=1),
            errors=int((predicted != labels).sum()),
        )
    else:
        image = mnist.idx(data).reshape(1, -1)
        print(network(torch.from_numpy(image.copy()).float().div_(255)).argmax(1).item())
