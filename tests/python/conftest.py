# SPDX-License-Identifier: MIT
"""What several tests share."""
from __future__ import annotations

import os
import pathlib
from typing import NamedTuple

import numpy as np
import pytest

import rnnc

ROOT = pathlib.Path(os.environ["RNNC_SOURCE"])


class Net(NamedTuple):
    """A small network with a loss, and its values."""

    graph: rnnc.Graph
    x: rnnc.Node
    target: rnnc.Node
    y: rnnc.Node
    loss: rnnc.Node
    weights: rnnc.Weights


@pytest.fixture
def net() -> Net:
    graph = rnnc.Graph()
    x = rnnc.input_rows(graph, "x", 3)
    target = rnnc.input_rows(graph, "target", 2)
    h = rnnc.unroll(rnnc.cell_gru(graph, "gru", 3, 5), x)
    y = rnnc.name(rnnc.linear(h, "out", 2), "y")
    return Net(graph, x, target, y, rnnc.mse(y, target),
               rnnc.Weights(graph, seed=7))


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(3)
