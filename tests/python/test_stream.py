# SPDX-License-Identifier: MIT
"""Streams, and the memory that views of them hold."""
from __future__ import annotations

import gc

import numpy as np
import pytest
from conftest import Net

import rnnc


def stream_of(net: Net, rows: int) -> rnnc.Stream:
    plan = rnnc.Plan(net.graph, rnnc.STREAM, outputs=[net.y])
    return rnnc.Stream(plan, net.weights, rows)


def whole(net: Net, rows: np.ndarray) -> np.ndarray:
    run = rnnc.Run(rnnc.Plan(net.graph, outputs=[net.y]), net.weights)
    run.input(net.x, rows)
    run.forward()
    return run.get(net.y)


def test_steps_and_chunks_are_one_run_bit_for_bit(
        net: Net, draw: np.random.Generator) -> None:
    rows = draw.normal(size=(2, 9, 3)).astype(np.float32)
    expected = whole(net, rows)
    with stream_of(net, 2) as stream:
        heard, said = stream.in_(net.x), stream.out(net.y)
        for step in range(3):
            heard[:] = rows[:, step]
            stream.step()
            np.testing.assert_array_equal(said, expected[:, step])
        stream.chunk_reserve(6)
        stream.input(net.x, rows[:, 3:])
        stream.chunk()
        np.testing.assert_array_equal(stream.chunk_get(net.y),
                                      expected[:, 3:])


def test_views_hold_the_stream(net: Net) -> None:
    stream = stream_of(net, 4)
    heard, said = stream.in_(net.x), stream.out(net.y)
    assert heard.shape == (4, 3) and said.shape == (4, 2)
    assert heard.flags.writeable and not said.flags.writeable
    heard[:] = 1
    stream.step()
    kept = said.copy()
    part = said[1:, 0]
    stream.close()
    del stream, said
    gc.collect()
    heard[:] = 2  # memory of the stream, still there
    np.testing.assert_array_equal(part, kept[1:, 0])


def test_states_can_be_moved(net: Net, draw: np.random.Generator) -> None:
    stream = stream_of(net, 3)
    stream.begin()
    stream.in_(net.x)[:] = draw.normal(size=(3, 3))
    stream.step()
    states = [stream.state_get(row) for row in range(3)]
    assert stream.state_count == 5 == len(states[0])
    stream.reorder([2, 2, 0])
    for row, source in enumerate([2, 2, 0]):
        np.testing.assert_array_equal(stream.state_get(row), states[source])
    stream.state_set(states[1], 0)
    np.testing.assert_array_equal(stream.state_get(0), states[1])
    other = rnnc.Stream(stream.plan, net.weights, 1)
    other.begin()
    other.copy_row(0, stream, 2)
    np.testing.assert_array_equal(other.state_get(), states[0])
    stream.reset(1)
    assert not stream.state_get(1).any()
    stream.reset()
    assert not stream.state_get(0).any()
    with pytest.raises(rnnc.ShapeError):
        stream.state_set([1.0], 0)


def test_weights_move_on_when_told(net: Net) -> None:
    stream = stream_of(net, 1)
    stream.in_(net.x)[:] = 1
    stream.step()
    before = stream.out(net.y).copy()
    net.weights["out.bias"] = net.weights["out.bias"] + 1
    stream.reset()
    stream.step()
    np.testing.assert_array_equal(stream.out(net.y), before)
    stream.reset()
    stream.refresh()
    stream.step()
    np.testing.assert_allclose(stream.out(net.y), before + 1, rtol=1e-5)


def test_inputs_beside_the_axis() -> None:
    graph = rnnc.Graph()
    ids = rnnc.input_ids(graph, "ids", 4)
    offset = rnnc.input_batch(graph, "offset", 2)
    scale = rnnc.input_static(graph, "scale", 1, 2)
    table = rnnc.constant(graph, np.arange(8).reshape(4, 2))
    y = rnnc.lookup(ids, table) * scale + rnnc.repeat(offset, ids)
    plan = rnnc.Plan(graph, rnnc.STREAM, outputs=[y])
    stream = rnnc.Stream(plan, rnnc.Weights(graph), 2)
    with pytest.raises(rnnc.StateError):
        stream.step()
    stream.input(offset, [[1, 1], [2, 2]])
    stream.input(scale, [1, 10])
    stream.in_(ids)[:] = [3, 1]
    stream.step()
    np.testing.assert_array_equal(stream.out(y), [[7, 71], [4, 32]])
    stream.in_(ids)[:] = [4, 0]
    with pytest.raises(rnnc.DataError, match="ids"):
        stream.step()
    with pytest.raises(rnnc.ShapeError):
        stream.input(offset, [[1, 1]])


def test_a_stream_through_a_reversal_is_refused() -> None:
    graph = rnnc.Graph()
    y = rnnc.reverse(rnnc.input_rows(graph, "x", 2))
    with pytest.raises(rnnc.UnsupportedError, match="reverse"):
        rnnc.Plan(graph, rnnc.STREAM, outputs=[y])


def test_a_closed_stream_says_so(net: Net) -> None:
    stream = stream_of(net, 1)
    stream.close()
    stream.close()
    assert stream.closed
    with pytest.raises(rnnc.StateError, match="closed"):
        stream.step()
    with pytest.raises(rnnc.StateError):
        stream_of(net, 1).copy_row(0, stream, 0)
