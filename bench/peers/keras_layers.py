# SPDX-License-Identifier: MIT
"""Keras on TensorFlow: its layers, the whole step a tf.function."""
import fill
import keras
import numpy as np
import session
import tensorflow as tf
from session import Absent, Work

# Keras' layer, and PyTorch's gates in Keras' order.
LAYERS = {"lstm": (keras.layers.LSTM, [0, 1, 2, 3]),
          "gru": (keras.layers.GRU, [1, 0, 2]),
          "rnn": (keras.layers.SimpleRNN, [0])}


def ordered(array, order):
    """Blocks of rows, one a gate, in another order; its own inverse."""
    parts = np.split(array, len(order))
    return np.concatenate([parts[place] for place in order])


def values(row, order):
    """Keras' three arrays, from the weights under PyTorch's names."""
    n, rows = row.hidden, len(order) * row.hidden

    def made(name, *shape):
        return ordered(fill.weight(name, n, rows, *shape), order)

    biases = [made("bias_ih_l0"), made("bias_hh_l0")]
    bias = np.stack(biases) if row.cell == "gru" else sum(biases)
    return [made("weight_ih_l0", row.inputs).T,
            made("weight_hh_l0", row.hidden).T, bias]


def shown(row, order, gradients):
    """Gradients of Keras' arrays under PyTorch's names."""
    kernel, recurrent, bias = (g.numpy() for g in gradients)
    of_input, of_state = bias if row.cell == "gru" else (bias, bias)
    return {name: ordered(array, order) for name, array in (
        ("weight_ih_l0", kernel.T), ("weight_hh_l0", recurrent.T),
        ("bias_ih_l0", of_input), ("bias_hh_l0", of_state))}


def opened(row):
    """(the layer with its weights, the order of its gates, the input)"""
    make, order = LAYERS[row.cell]
    layer = make(row.hidden, return_sequences=True)
    x = fill.floats("x", (row.batch, row.steps, row.inputs))
    layer.build(x.shape)
    layer.set_weights(values(row, order))
    return layer, order, tf.constant(x)


def train(row):
    layer, order, x = opened(row)

    @tf.function
    def act():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            loss = tf.reduce_sum(y)
        return y, tape.gradient(
            loss, [x] + [v.value for v in layer.trainable_variables])

    def show():
        y, (of_x, *gradients) = act()
        return {"y": y, "x": of_x, **shown(row, order, gradients)}
    return Work(act, show)


def sequence(row):
    layer, _, x = opened(row)
    run = tf.function(lambda: layer(x))
    return Work(run, lambda: {"y": run()})


KINDS = {"train": train, "sequence": sequence}


def make(row):
    if row.kind not in KINDS or row.cell not in LAYERS:
        raise Absent("no such kind or cell")
    return KINDS[row.kind](row)


def about():
    return (f"Keras {keras.__version__}, TensorFlow {tf.__version__}, "
            f"threads: {session.threads()}")


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(session.threads())
    tf.config.threading.set_inter_op_parallelism_threads(1)
    session.serve(about, make)
