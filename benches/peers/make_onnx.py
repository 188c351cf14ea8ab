"""Writes the network of a run's safetensors file as ONNX: pixels `[rows, 784]` to probabilities `[rows, 10]`.

usage: make_onnx.py MODEL.safetensors MODEL.onnx
"""

import sys

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

import mnist

source, target = sys.argv[1:]
layers = mnist.weights(source)
nodes, constants, value = [], [], "pixels"
for k, (weight, bias) in enumerate(layers):
    # Turned here, so that the product takes both as they lie in memory.
    constants.append(numpy_helper.from_array(np.ascontiguousarray(weight.T), f"weight{k}"))
    constants.append(numpy_helper.from_array(bias, f"bias{k}"))
    nodes.append(helper.make_node("Gemm", [value, f"weight{k}", f"bias{k}"], [f"sum{k}"]))
    last = k == len(layers) - 1
    value = "probabilities" if last else f"hidden{k}"
    nodes.append(helper.make_node("Softmax" if last else "Relu", [f"sum{k}"], [value]))

sizes = layers[0][0].shape[1], layers[-1][0].shape[0]
graph = helper.make_graph(
    nodes,
    "mlp",
    [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["rows", sizes[0]])],
    [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", sizes[1]])],
    constants,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
checker.check_model(model)
save(model, target)
