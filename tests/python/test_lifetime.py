# SPDX-License-Identifier: MIT
"""What keeps what alive, threads, and Ctrl-C."""
from __future__ import annotations

import gc
import itertools
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import Net

import rnnc


def parts() -> dict[str, rnnc.Graph]:
    graph = rnnc.Graph(rnnc.Context(threads=2))
    x = rnnc.input_rows(graph, "x", 4)
    y = rnnc.unroll(rnnc.cell_lstm(graph, "lstm", 4, 6), x)
    plan = rnnc.Plan(graph, outputs=[y])
    weights = rnnc.Weights(graph, seed=1)
    sequence = rnnc.Sequence(np.ones((2, 5, 4)))
    run = rnnc.Run(plan, weights)
    run.input(x, sequence)
    return {"graph": graph, "plan": plan, "weights": weights,
            "sequence": sequence, "run": run, "x": x, "y": y}


@pytest.mark.parametrize("order", list(itertools.permutations(
    ["graph", "plan", "weights", "sequence"])))
def test_closing_in_any_order_leaves_the_run_whole(
        order: tuple[str, ...]) -> None:
    made = parts()
    expected = made["run"]
    expected.forward()
    before = expected.get(made["y"])
    for name in order:
        made[name].close()
        del made[name]
        gc.collect()
        made["run"].forward()
        np.testing.assert_array_equal(made["run"].get(made["y"]), before)
    assert made["y"].cols == 6


def test_nodes_keep_their_graph() -> None:
    made = parts()
    y = made["y"]
    del made
    gc.collect()
    assert y.name is None and rnnc.tanh(y).cols == 6
    again = rnnc.Weights(y.graph)
    assert "lstm.weight_ih_l0" in again


def test_handles_are_context_managers(net: Net) -> None:
    with rnnc.Graph() as graph:
        x = rnnc.input_rows(graph, "x", 1)
    assert graph.closed and repr(graph) == "<rnnc.Graph, closed>"
    assert x.cols == 1
    with pytest.raises(rnnc.StateError, match="closed"):
        graph.node("x")


def test_calls_leave_python_free(net: Net) -> None:
    """Another thread gets on while a long call is under way."""
    graph = rnnc.Graph()
    x = rnnc.input_rows(graph, "x", 256)
    y = rnnc.unroll(rnnc.cell_lstm(graph, "lstm", 256, 256), x)
    run = rnnc.Run(rnnc.Plan(graph, outputs=[y]), rnnc.Weights(graph))
    run.input(x, np.ones((16, 400, 256), np.float32))
    ticks, done = [], threading.Event()

    def count() -> None:
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    began = time.perf_counter()
    run.forward()
    ended = time.perf_counter()
    done.set()
    thread.join()
    assert sum(began < tick < ended for tick in ticks) > 3


def test_threads_share_a_model(net: Net) -> None:
    plan = rnnc.Plan(net.graph, rnnc.STREAM, outputs=[net.y])
    results: list[np.ndarray] = []

    def work() -> None:
        stream = rnnc.Stream(plan, net.weights)
        for step in range(200):
            stream.in_(net.x)[:] = step
            stream.step()
        results.append(stream.out(net.y).copy())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result, results[0])


def test_closing_while_another_thread_calls(net: Net) -> None:
    """The call holds what it works on."""
    for _ in range(20):
        run = parts()["run"]
        thread = threading.Thread(target=run.forward)
        thread.start()
        run.close()
        thread.join()


TRAINING = """
import numpy as np, rnnc, sys
graph = rnnc.Graph()
x = rnnc.input_rows(graph, "x", 1)
loss = rnnc.total(rnnc.linear(x, "out", 1))
run = rnnc.Run(rnnc.Plan(graph, rnnc.TRAIN, loss=loss), rnnc.Weights(graph))
adam = rnnc.Optimizer(run.weights, rnnc.ADAM)
print("ready", flush=True)
try:
    rnnc.fit(run, adam, [{x: np.ones((1, 50, 1))}] * 100000000)
except KeyboardInterrupt:
    print("stopped", np.isfinite(run.weights["out.bias"]).all())
"""


def test_control_c_ends_training() -> None:
    process = subprocess.Popen([sys.executable, "-c", TRAINING],
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert output == "stopped True\n" and process.returncode == 0
