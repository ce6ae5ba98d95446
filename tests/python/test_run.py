# SPDX-License-Identifier: MIT
"""Runs, sequences and references."""
from __future__ import annotations

import pathlib

import numpy as np
import pytest
from conftest import Net

import rnnc

LENGTHS = np.array([4, 0, 7, 2])


def data(draw: np.random.Generator, features: int) -> list[np.ndarray]:
    return [draw.normal(size=(length, features)).astype(np.float32)
            for length in LENGTHS]


def trained(net: Net, draw: np.random.Generator) -> rnnc.Run:
    plan = rnnc.Plan(net.graph, rnnc.TRAIN, loss=net.loss, outputs=[net.y],
                     gradients=[net.x])
    run = rnnc.Run(plan, net.weights)
    run.input(net.x, data(draw, 3))
    run.input(net.target, data(draw, 2))
    run.forward()
    run.backward()
    return run


def test_values_and_gradients_are_the_reference_s(
        net: Net, draw: np.random.Generator) -> None:
    run = trained(net, draw)
    draw = np.random.default_rng(3)
    reference = rnnc.Reference(net.weights)
    reference.input(net.x, rnnc.Sequence(data(draw, 3)))
    reference.input(net.target, data(draw, 2))
    np.testing.assert_allclose(run.get(net.y), reference.value(net.y),
                               rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(run.loss(), reference.value(net.loss)[0, 0],
                               rtol=1e-5)
    np.testing.assert_allclose(
        run.gradient(net.x), reference.gradient(net.loss, net.x),
        rtol=1e-4, atol=1e-6)
    for name in net.weights:
        node = net.graph.node(name)
        np.testing.assert_allclose(
            np.atleast_2d(net.weights.gradient(name)),
            reference.gradient(net.loss, node), rtol=1e-4, atol=1e-6)
    assert reference.check(net.loss) < 1e-6


def test_results_lie_as_asked(net: Net, draw: np.random.Generator) -> None:
    run = trained(net, draw)
    assert run.batch == 4
    np.testing.assert_array_equal(run.lengths(net.y), LENGTHS)
    padded = run.get(net.y, padding=-1)
    assert padded.shape == (4, 7, 2) and padded.dtype == np.float32
    assert (padded[0, 4:] == -1).all() and (padded[1] == -1).all()
    by_time = run.get(net.y, layout=rnnc.TIME_MAJOR, padding=-1)
    np.testing.assert_array_equal(by_time.swapaxes(0, 1), padded)
    np.testing.assert_array_equal(run.get_rows(net.y, 2), padded[2])
    out = np.empty((4, 7, 2), np.float32)
    assert run.get(net.y, padding=-1, out=out) is out
    np.testing.assert_array_equal(out, padded)
    with pytest.raises(rnnc.ShapeError):
        run.get(net.y, out=np.empty((4, 7, 3), np.float32))
    with pytest.raises(IndexError):
        run.get_rows(net.y, 4)


def test_carrying_on_is_one_long_run(net: Net,
                                     draw: np.random.Generator) -> None:
    rows = draw.normal(size=(2, 9, 3)).astype(np.float32)
    run = rnnc.Run(rnnc.Plan(net.graph, outputs=[net.y]), net.weights)
    run.input(net.x, rows)
    run.forward()
    whole = run.get(net.y)
    run.input(net.x, rows[:, :4])
    run.forward()
    run.carry(np.array([True, False]))
    run.input(net.x, rows[:, 4:])
    run.forward()
    parts = run.get(net.y)
    np.testing.assert_array_equal(parts[0], whole[0, 4:])
    assert not np.array_equal(parts[1], whole[1, 4:])


def test_inputs_of_every_kind(draw: np.random.Generator) -> None:
    graph = rnnc.Graph()
    ids = rnnc.input_ids(graph, "ids", 10)
    batch = rnnc.input_batch(graph, "batch", 2)
    label = rnnc.input_batch_ids(graph, "label", 3)
    scale = rnnc.input_static(graph, "scale", 1, 2)
    table = rnnc.constant(graph, np.arange(20).reshape(10, 2))
    words = rnnc.lookup(ids, table) * scale
    both = rnnc.pool(words, rnnc.POOL_SUM) + batch + rnnc.lookup(
        label, np.eye(3, 2))
    run = rnnc.Run(rnnc.Plan(graph, outputs=[words, both]),
                   rnnc.Weights(graph))
    run.input(ids, [[1, 2, 3], [9]])
    run.input(batch, [[1, 1], [2, 2]])
    run.input(label, [0, 2])
    run.input(scale, [2, 1])
    run.forward()
    np.testing.assert_array_equal(run.get_rows(words, 1), [[36, 19]])
    np.testing.assert_array_equal(run.get(both), [[26, 16], [38, 21]])
    run.input(ids, np.array([[1, 2], [10, 0]]))
    with pytest.raises(rnnc.DataError, match="ids"):
        run.forward()
    with pytest.raises(rnnc.ArgumentError):
        run.input(ids, [[0.5]])
    with pytest.raises(rnnc.ShapeError):
        run.input(batch, [[1, 1, 1]])
    with pytest.raises(rnnc.DataError):
        run.input(label, np.array([0, 2**40]))


def test_sequences_come_back_as_they_went_in(
        draw: np.random.Generator) -> None:
    rows = data(draw, 3)
    sequence = rnnc.Sequence(rows)
    assert (sequence.batch, sequence.features, sequence.longest,
            sequence.total) == (4, 3, 7, 13)
    np.testing.assert_array_equal(sequence.lengths, LENGTHS)
    for found, row in zip(sequence, rows):
        np.testing.assert_array_equal(found, row)
    padded = sequence.get_padded(padding=5)
    again = rnnc.Sequence(padded, LENGTHS)
    np.testing.assert_array_equal(again.get_padded(padding=5), padded)
    turned = rnnc.Sequence(padded.swapaxes(0, 1), LENGTHS,
                           layout=rnnc.TIME_MAJOR)
    np.testing.assert_array_equal(turned.get_padded(padding=5), padded)
    assert len(sequence) == 4 and sequence[-1].shape == (2, 3)
    with pytest.raises(IndexError):
        sequence[4]


def test_sequences_of_ids() -> None:
    sequence = rnnc.Sequence([[1, 2, 3], [4]])
    assert sequence.features == 0 and sequence.total == 4
    np.testing.assert_array_equal(sequence[0], [1, 2, 3])
    padded = rnnc.Sequence(np.array([[1, 2], [3, 4]]), [2, 1])
    np.testing.assert_array_equal(padded[1], [3])
    sequence.set([])
    assert len(sequence) == 0
    with pytest.raises(rnnc.DataError):
        padded.set_padded_ids(np.array([[1, 2]]), [3])
    with pytest.raises(rnnc.ShapeError):
        padded.set_rows([np.zeros((2, 3)), np.zeros((2, 4))])


def test_dropout_is_seeded(draw: np.random.Generator) -> None:
    graph = rnnc.Graph()
    x = rnnc.input_rows(graph, "x", 50)
    y = rnnc.dropout(x, 0.5)
    plan = rnnc.Plan(graph, rnnc.TRAIN, loss=rnnc.total(y), outputs=[y])
    run = rnnc.Run(plan, rnnc.Weights(graph))
    run.input(x, np.ones((1, 20, 50), np.float32))
    found = []
    for seed in (5, 6, 5):
        run.seed(seed)
        run.forward()
        found.append(run.get(y))
    assert set(np.unique(found[0])) == {0.0, 2.0}
    np.testing.assert_array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[1])


def test_order_of_calls_is_checked(net: Net) -> None:
    run = rnnc.Run(rnnc.Plan(net.graph, outputs=[net.y]), net.weights)
    with pytest.raises(rnnc.StateError):
        run.forward()
    with pytest.raises(rnnc.StateError):
        run.get(net.y)
    run.reserve(4, 10, 40)
    assert run.memory > 0 and run.isa == rnnc.isa()


def test_contexts(net: Net, tmp_path: pathlib.Path) -> None:
    with pytest.raises(rnnc.ArgumentError, match="threads"):
        rnnc.Context(threads=1000)
    path = tmp_path / "model.safetensors"
    rnnc.model_save(net.weights, path)
    with pytest.raises(rnnc.LimitError):
        rnnc.Model(path, rnnc.Context(file_limit=10))


def test_memory_by_the_caller() -> None:
    import ctypes
    blocks: dict[int, object] = {}

    def allocate(size: int) -> int:
        block = ctypes.create_string_buffer(size + 16)
        address = (ctypes.addressof(block) + 15) // 16 * 16
        blocks[address] = block
        return address

    context = rnnc.Context(allocate=allocate, release=blocks.__delitem__)
    graph = rnnc.Graph(context)
    context.close()
    del context
    x = rnnc.input_rows(graph, "x", 2)
    weights = rnnc.Weights(graph)
    run = rnnc.Run(rnnc.Plan(graph, outputs=[rnnc.tanh(x)]), weights)
    copied = weights.copy()
    del graph, x, weights
    assert blocks
    del run, copied
    assert not blocks


def test_failed_allocations_raise() -> None:
    with pytest.raises(MemoryError):
        rnnc.Context(allocate=lambda size: None, release=lambda block: None)
