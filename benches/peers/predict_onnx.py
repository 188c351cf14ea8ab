"""ONNX Runtime: predictions of a trained 784-1024-1024-10, as predict_torch.py.

usage: predict_onnx.py MODEL DIR | IMAGE
"""

import os
import sys

import numpy as np
import onnxruntime

import mnist
import timing

model, data = sys.argv[1], sys.argv[2]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 2
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def probabilities(x):
    return session.run(None, {"pixels": x})[0]


if os.path.isdir(data):
    pixels, labels = mnist.images(data, "t10k")
    x = pixels.astype(np.float32) / 255
    batches = np.split(x, 10)  # takes less time than all at once

    def run(times):
        for _ in range(times):
            np.concatenate([probabilities(batch) for batch in batches])

    timing.report(
        predict_ms=timing.milliseconds_a_step(run, warm_up=2, samples=7, steps=1),
        errors=int((probabilities(x).argmax(1) != labels).sum()),
    )
else:
    image = mnist.idx(data).reshape(1, -1).astype(np.float32) / 255
    print(probabilities(image).argmax())
