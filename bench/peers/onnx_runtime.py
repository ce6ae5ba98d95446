# SPDX-License-Identifier: MIT
"""ONNX Runtime: a graph of one LSTM or GRU, buffers bound beforehand."""
import fill
import numpy as np
import onnxruntime
import session
from onnx import TensorProto, helper, numpy_helper
from session import Absent, Work

# ONNX's order of gates, as places in PyTorch's.
OPERATIONS = {"lstm": ("LSTM", [0, 3, 1, 2]), "gru": ("GRU", [1, 0, 2])}


def parameters(row):
    """W, R and B of the operation from the weights under PyTorch's names."""
    order, n = OPERATIONS[row.cell][1], row.hidden

    def gates(name, *shape):
        stacked = fill.weight(name, n, len(order), n, *shape)
        return np.concatenate([stacked[place] for place in order])

    bias = np.concatenate([gates("bias_ih_l0"), gates("bias_hh_l0")])
    return {"W": gates("weight_ih_l0", row.inputs)[None],
            "R": gates("weight_hh_l0", n)[None], "B": bias[None]}


def states(row):
    return ["h", "c"] if row.cell == "lstm" else ["h"]


def model(row):
    shape, names = [1, row.batch, row.hidden], states(row)
    extra = {"linear_before_reset": 1} if row.cell == "gru" else {}
    node = helper.make_node(
        OPERATIONS[row.cell][0], ["x", "W", "R", "B", "", *names],
        ["y", *(name + "_new" for name in names)],
        hidden_size=row.hidden, **extra)

    def value(name, dims):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)

    graph = helper.make_graph(
        [node], row.cell,
        [value("x", [row.steps, row.batch, row.inputs]),
         *(value(name, shape) for name in names)],
        [value("y", [row.steps, 1, row.batch, row.hidden]),
         *(value(name + "_new", shape) for name in names)],
        [numpy_helper.from_array(array, name)
         for name, array in parameters(row).items()])
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def open_session(row):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = session.threads()
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model(row).SerializeToString(), options,
        providers=["CPUExecutionProvider"])


class Steps:
    """States go from one buffer to another and back, without a copy."""

    def __init__(self, row):
        self.run = open_session(row)
        self.names, shape = states(row), (1, row.batch, row.hidden)
        x = fill.floats("x", (row.batch, row.steps, row.inputs))
        self.x = value(np.ascontiguousarray(x.swapaxes(0, 1)))
        self.y = value(np.zeros((row.steps, *shape), np.float32))
        self.buffers = [[value(np.zeros(shape, np.float32))
                         for _ in self.names] for _ in range(2)]
        self.bindings = [self.bind(0, 1), self.bind(1, 0)]
        self.turn = 0

    def bind(self, before, after):
        binding = self.run.io_binding()
        binding.bind_ortvalue_input("x", self.x)
        binding.bind_ortvalue_output("y", self.y)
        for name, old, new in zip(self.names, self.buffers[before],
                                  self.buffers[after]):
            binding.bind_ortvalue_input(name, old)
            binding.bind_ortvalue_output(name + "_new", new)
        return binding

    def reset(self):
        self.turn = 0
        for buffer in self.buffers[0]:
            buffer.update_inplace(np.zeros(buffer.shape(), np.float32))

    def act(self):
        self.run.run_with_iobinding(self.bindings[self.turn])
        self.turn = 1 - self.turn

    def output(self):
        """[batch, steps, hidden]"""
        return self.y.numpy()[:, 0].swapaxes(0, 1).copy()


def value(array):
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)


def stream(row):
    steps = Steps(row)

    def show():
        steps.reset()
        outputs = []
        for _ in range(fill.STREAM_SHOWN):
            steps.act()
            outputs.append(steps.output())
        return {"y": np.stack(outputs)}
    return Work(steps.act, show)


def sequence(row):
    """From states of zero each time."""
    steps = Steps(row)

    def act():
        steps.run.run_with_iobinding(steps.bindings[0])

    def show():
        act()
        return {"y": steps.output()}
    return Work(act, show)


KINDS = {"stream": stream, "sequence": sequence}


def make(row):
    if row.kind not in KINDS or row.cell not in OPERATIONS:
        raise Absent("ONNX Runtime does not train, and has no such cell")
    return KINDS[row.kind](row)


def about():
    return (f"ONNX Runtime {onnxruntime.__version__}, "
            f"threads: {session.threads()}")


if __name__ == "__main__":
    session.serve(about, make)
