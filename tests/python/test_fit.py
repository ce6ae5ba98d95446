# SPDX-License-Identifier: MIT
"""The training loop and pictures."""
from __future__ import annotations

import sys
import types
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import Net

import rnnc
from rnnc import _picture


def run_of(net: Net) -> rnnc.Run:
    return rnnc.Run(rnnc.Plan(net.graph, rnnc.TRAIN, loss=net.loss),
                    net.weights)


def batch(net: Net) -> dict[Any, Any]:
    wave = np.sin(np.arange(60, dtype=np.float32)).reshape(2, 10, 3)
    return {"x": wave, net.target: wave[:, :, :2]}


def test_fit_learns(net: Net) -> None:
    adam = rnnc.Optimizer(net.weights, rnnc.ADAM, learning_rate=0.02)
    fall = rnnc.Schedule(adam, rnnc.SCHEDULE_EXPONENTIAL, gamma=0.99)
    losses = rnnc.fit(run_of(net), adam, [batch(net)] * 50, epochs=2,
                      clip=1.0, schedule=fall)
    assert len(losses) == 100 and losses[-1] < 0.2 * losses[0]
    assert fall.count == 100


def test_a_callback_ends_it(net: Net) -> None:
    sgd = rnnc.Optimizer(net.weights, rnnc.SGD)
    losses = rnnc.fit(run_of(net), sgd, [batch(net)] * 50,
                      callback=lambda step, loss: step == 7)
    assert len(losses) == 7


def test_a_loss_that_is_not_finite_is_an_error(net: Net) -> None:
    sgd = rnnc.Optimizer(net.weights, rnnc.SGD)
    data = batch(net)
    data[net.target] = np.full((2, 10, 2), np.inf, np.float32)
    before = net.weights["out.bias"]
    with pytest.raises(rnnc.DataError, match="loss"):
        rnnc.fit(run_of(net), sgd, [data])
    np.testing.assert_array_equal(net.weights["out.bias"], before)


def test_the_bar_is_tqdm_s(net: Net, monkeypatch: pytest.MonkeyPatch
                           ) -> None:
    class Bar(list):  # type: ignore[type-arg]
        shown: dict[str, str] = {}

        def __init__(self, items: Any, desc: str) -> None:
            super().__init__(items)

        def set_postfix(self, **values: str) -> None:
            Bar.shown = values

    module = types.ModuleType("tqdm.auto")
    module.tqdm = Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    sgd = rnnc.Optimizer(net.weights, rnnc.SGD)
    losses = rnnc.fit(run_of(net), sgd, [batch(net)] * 3, progress=True)
    assert Bar.shown == {"loss": f"{losses[-1]:.4f}"}
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert len(rnnc.fit(run_of(net), sgd, [batch(net)], progress=True)) == 1


def texts(svg: str) -> str:
    return " ".join(ElementTree.fromstring(svg).itertext())


@pytest.mark.parametrize("installed", [True, False])
def test_pictures(net: Net, monkeypatch: pytest.MonkeyPatch,
                  installed: bool) -> None:
    if not installed:
        monkeypatch.setattr(_picture.shutil, "which", lambda name: None)
    cell = rnnc.cell_rnn(rnnc.Graph(), "rnn", 2, 3)
    for thing, word in ((net.graph, "out.weight"), (cell, "h")):
        assert word in texts(thing._repr_svg_())
    plan = rnnc.Plan(net.graph, outputs=[net.y])
    assert str(plan).split()[0] in texts(plan._repr_svg_())
    assert "digraph" in net.graph.picture()
    assert cell.picture(2) != cell.picture(3)
