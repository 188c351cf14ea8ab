"""MNIST's files, and the weights that a run of dropwise kept, in NumPy alone."""

import json
import struct

import numpy as np


def idx(path, opened=open):
    """The bytes of an IDX file as an array of its shape; `opened` may unpack it."""
    with opened(path, "rb") as file:
        content = file.read()
    dims = content[3]
    shape = struct.unpack(f">{dims}I", content[4 : 4 + 4 * dims])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dims).reshape(shape)


def images(directory, part):
    """Images `[rows, 784]` and labels `[rows]` of `train` or `t10k`, as bytes."""
    pixels = idx(f"{directory}/{part}-images-idx3-ubyte")
    return pixels.reshape(len(pixels), -1), idx(f"{directory}/{part}-labels-idx1-ubyte")


def weights(path):
    """The layers of a safetensors file of 32-bit numbers: (weight `[d_output, d_input]`, bias `[d_output]`)."""
    with open(path, "rb") as file:
        content = file.read()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])

    def array(name):
        start, end = header[name]["data_offsets"]
        numbers = np.frombuffer(content[8 + size + start : 8 + size + end], "<f4")
        return numbers.reshape(header[name]["shape"])

    layers = sum(name.endswith(".weight") for name in header)
    return [(array(f"layers.{k}.weight"), array(f"layers.{k}.bias")) for k in range(layers)]
