# SPDX-License-Identifier: MIT
"""Descriptions: operators against NumPy, errors, cells of one's own."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rnnc

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b, "div": lambda a, b: a / b,
    "number": lambda a, b: 2 - a + 1.5, "product": lambda a, b: 3 * a,
    "quotient": lambda a, b: 1 / b, "by": lambda a, b: a / 4,
    "minus": lambda a, b: a - 1, "neg": lambda a, b: -a,
    "abs": lambda a, b: abs(a), "matmul": lambda a, b: a @ b.T,
    "array": lambda a, b: np.arange(3, dtype=np.float32) + a,
    "less": lambda a, b: a < b, "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b, "greater_equal": lambda a, b: a >= 0.5,
}


def evaluate(output: rnnc.Node, values: dict[rnnc.Node, Any]) -> Any:
    graph = output.graph
    run = rnnc.Run(rnnc.Plan(graph, outputs=[output]), rnnc.Weights(graph))
    for node, value in values.items():
        run.input(node, value)
    run.forward()
    return run.get(output)


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_mean_what_numpy_means(name: str,
                                         draw: np.random.Generator) -> None:
    a, b = draw.normal(size=(2, 3, 3)).astype(np.float32)
    graph = rnnc.Graph()
    nodes = [rnnc.input_static(graph, text, 3, 3) for text in "ab"]
    values = {nodes[0]: a, nodes[1]: b}
    if name == "matmul":
        values[nodes[1]] = b.T
        made = nodes[0] @ nodes[1]
    else:
        made = OPERATORS[name](*nodes)
    found = evaluate(made, values)
    np.testing.assert_allclose(found, OPERATORS[name](a, b).astype(
        np.float32), rtol=1e-6, atol=1e-6)


def test_nodes_tell_about_themselves() -> None:
    graph = rnnc.Graph()
    x = rnnc.input_rows_on(graph, "source", "x", 4)
    ids = rnnc.input_batch_ids(graph, "label", 9)
    bias = rnnc.parameter_vector(graph, "bias", 4)
    assert (x.name, x.kind, x.type, x.cols, x.axis) == (
        "x", rnnc.SEQUENCE, rnnc.FLOAT, 4, "source")
    assert (ids.kind, ids.type, ids.axis) == (rnnc.BATCH, rnnc.IDS, None)
    assert bias.shape == (4,) and (bias.rows, bias.cols) == (1, 4)
    assert rnnc.parameter(graph, "w", 2, 3).shape == (2, 3)
    assert graph.node("x") == x and hash(graph.node("x")) == hash(x)
    assert graph.node("x") != bias and "x" in graph and "y" not in graph
    assert [node.name for node in graph.parameters] == ["bias", "w"]
    assert "sequence [4]" in repr(x) and "of ids" in repr(ids)


def test_a_bad_description_raises_with_the_library_s_words() -> None:
    graph = rnnc.Graph()
    x = rnnc.input_rows(graph, "x", 4)
    with pytest.raises(rnnc.ShapeError, match="matmul") as caught:
        rnnc.matmul(x, x)
    assert caught.value.status == rnnc.E_SHAPE
    assert isinstance(caught.value, (rnnc.Error, ValueError))
    with pytest.raises(rnnc.ShapeError):  # the first error stands
        rnnc.input_rows(graph, "y", 4)


@pytest.mark.parametrize("kind, heritage", [
    (rnnc.ArgumentError, ValueError), (rnnc.OutOfMemoryError, MemoryError),
    (rnnc.UnknownNameError, LookupError), (rnnc.StateError, RuntimeError),
    (rnnc.FileError, OSError), (rnnc.UnsupportedError, NotImplementedError)])
def test_errors_are_of_python_s_families(kind: type, heritage: type) -> None:
    assert issubclass(kind, heritage) and issubclass(kind, rnnc.Error)
    assert str(kind("words")) == "words"


def test_unknown_names() -> None:
    graph = rnnc.Graph()
    with pytest.raises(LookupError, match="nothing"):
        graph.node("nothing")
    with pytest.raises(rnnc.UnknownNameError, match="taken"):
        rnnc.input_rows(graph, "x", 1)
        rnnc.input_rows(graph, "x", 1)


def test_a_cell_of_ones_own(draw: np.random.Generator) -> None:
    """A leaky integrator, against a loop in NumPy."""
    graph = rnnc.Graph()
    x = rnnc.input_rows(graph, "x", 2)
    start = rnnc.input_batch(graph, "start", 2)
    cell = rnnc.Cell(graph, "leaky")
    drive, state = cell.input(2), cell.state("s", 2)
    rate = cell.parameter_vector("rate", 2, rnnc.INIT_CONSTANT, 0.25)
    after = state + rate * (drive - state)
    cell.next(state, after)
    cell.output(after)
    cell.output(drive * 2)
    y = rnnc.unroll_with(cell, [x], [start])
    twice, last = rnnc.unroll_output(y, 1), rnnc.unroll_final(y, "s")
    plan = rnnc.Plan(graph, outputs=[y, twice, last])
    run = rnnc.Run(plan, rnnc.Weights(graph))
    rows = draw.normal(size=(3, 6, 2)).astype(np.float32)
    s = draw.normal(size=(3, 2)).astype(np.float32)
    run.input(x, rows)
    run.input(start, s)
    run.forward()
    for step in range(6):
        s = s + np.float32(0.25) * (rows[:, step] - s)
        np.testing.assert_allclose(run.get(y)[:, step], s, rtol=1e-5,
                                   atol=1e-6)
    np.testing.assert_allclose(run.get(last), s, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(run.get(twice), 2 * rows)


def test_layers_and_their_finals() -> None:
    graph = rnnc.Graph()
    x = rnnc.input_rows(graph, "x", 2)
    y = rnnc.layers(x, "net", rnnc.CELL_LSTM, 3, layers=2,
                    bidirectional=True, init=rnnc.CELL_INIT_TORCH)
    assert y.cols == 6
    final = rnnc.unroll_final(graph.node("net.l1_reverse"), "c")
    assert final.kind == rnnc.BATCH and final.cols == 3
    names = [node.name for node in graph.parameters]
    assert "net.weight_hh_l1_reverse" in names and len(names) == 16


def test_losses_with_options(draw: np.random.Generator) -> None:
    graph = rnnc.Graph()
    logits = rnnc.input_batch(graph, "logits", 4)
    ids = rnnc.input_batch_ids(graph, "ids", 4)
    weights = np.array([1, 2, 3, 4], np.float32)
    loss = rnnc.cross_entropy(logits, ids, class_weights=weights,
                              ignore_index=2)
    values = draw.normal(size=(5, 4)).astype(np.float32)
    labels = np.array([0, 1, 2, 3, 1])
    found = evaluate(loss, {logits: values, ids: labels})
    log = values - np.log(np.exp(values).sum(1, keepdims=True))
    kept = labels != 2
    each = -log[np.arange(5), labels] * weights[labels]
    expected = each[kept].sum() / weights[labels][kept].sum()
    np.testing.assert_allclose(found, [[expected]], rtol=1e-5)
