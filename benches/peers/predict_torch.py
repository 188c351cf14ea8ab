"""PyTorch: predictions of a trained 784-1024-1024-10.

usage: predict_torch.py MODEL DIR      the 10,000 test images, again and again in one process
       predict_torch.py MODEL IMAGE    one image in a fresh process
       predict_torch.py MODEL DIR --samples    100 passes with dropout on beside one without, in turn

Timed in the first form: from the pixels in memory, as 32-bit numbers, to the probabilities of all classes in
memory. In the second the process as a whole: import, weights from the safetensors file, the answer on one line. In the third
the mean of the probabilities over 100 passes with dropout 0.2 on the inputs and 0.5 on the hidden units, in training mode, as PyTorch's
users write it; every row then has masks of its own.
"""

import os
import statistics
import sys
import time

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
if "--samples" in sys.argv:
    layers = [nn.Dropout(0.2), *(module for k in range(0, len(layers), 2) for module in (*layers[k : k + 2], nn.Dropout(0.5)))][:-1]
network = nn.Sequential(*layers[:-1], nn.Softmax(1)).eval()


def compare_samples(batches, turns=3, passes=5, samples=100):
    """The median over turns of the time of the samples in passes."""

    def timed(work):
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    def sampled():
        for batch in batches:
            mean = torch.zeros(len(batch), 10)
            for _ in range(samples):
                mean += network(batch)

    found = []
    for _ in range(turns):
        network.eval()
        one = statistics.median(timed(lambda: [network(batch) for batch in batches]) for _ in range(passes))
        network.train()
        found.append((one, timed(sampled)))
    ones, many = zip(*found)
    timing.report(
        predict_ms=1e3 * statistics.median(ones),
        samples_ms=1e3 * statistics.median(many),
        passes=statistics.median(b / a for a, b in found),
    )

with torch.inference_mode():
    if os.path.isdir(data):
        pixels, labels = mnist.images(data, "t10k")
        x = torch.from_numpy(pixels.copy()).float().div_(255)
        batches = x.split(1_000)  # takes less time than all at once, or 500

        def run(times):
            for _ in range(times):
                torch.cat([network(batch) for batch in batches])

        if "--samples" in sys.argv:
            compare_samples(batches)
            sys.exit()
        predicted = network(x).argmax(1).numpy()
        timing.report(
            predict_ms=timing.milliseconds_a_step(run, warm_up=2, samples=7, steps=1),
            errors=int((predicted != labels).sum()),
        )
    else:
        image = mnist.idx(data).reshape(1, -1)
        print(network(torch.from_numpy(image.copy()).float().div_(255)).argmax(1).item())
