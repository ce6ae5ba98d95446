# SPDX-License-Identifier: MIT
"""What `rnnc.from_torch` takes besides plain layers, and what it refuses.

Cells, LSTMs with a projection, Sequentials, batch_first or not: outputs as
PyTorch's to 1e-5, weights back to the bit. Refusals name what they refuse.
"""
from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

import rnnc

BOUND = 1e-5


def repeated(cell: Any, x: Any) -> Any:
    """A cell of PyTorch over [batch, time, features]."""
    state, outputs = None, []
    for step in range(x.shape[1]):
        state = cell(x[:, step], state)
        outputs.append(state[0] if isinstance(state, tuple) else state)
    return torch.stack(outputs, 1)


def evaluated(module: Any, x: Any) -> Any:
    """PyTorch's output, recurrent parts by their outputs alone."""
    for part in module if isinstance(module, nn.Sequential) else [module]:
        if isinstance(part, nn.Sequential):
            x = evaluated(part, x)
        elif isinstance(part, nn.RNNCellBase):
            x = repeated(part, x)
        elif isinstance(part, nn.RNNBase):
            x = part(x)[0]
        else:
            x = part(x)
    return x


def nested() -> nn.Sequential:
    return nn.Sequential(
        nn.Embedding(11, 6), nn.Dropout(0.3),
        nn.Sequential(nn.GRUCell(6, 5), nn.Tanh()),
        nn.LSTM(5, 4, 2, bidirectional=True, proj_size=3, dropout=0.2,
                batch_first=True),
        nn.ReLU(), nn.Sigmoid(), nn.Linear(6, 7, bias=False))


def frozen() -> nn.Linear:
    module = nn.Linear(3, 4)
    module.weight.requires_grad_(False)
    return module


MODULES: dict[str, Callable[[], Any]] = {
    "RNNCell": lambda: nn.RNNCell(3, 4),
    "RNNCell relu": lambda: nn.RNNCell(3, 4, nonlinearity="relu"),
    "LSTMCell": lambda: nn.LSTMCell(3, 4),
    "LSTMCell unbiased": lambda: nn.LSTMCell(3, 4, bias=False),
    "GRUCell": lambda: nn.GRUCell(3, 4),
    "projected": lambda: nn.LSTM(3, 8, 2, proj_size=2),
    "projected, both ways": lambda: nn.LSTM(
        3, 8, proj_size=2, bias=False, bidirectional=True, batch_first=True),
    "Linear": lambda: nn.Linear(3, 4), "frozen": frozen,
    "Embedding": lambda: nn.Embedding(11, 5), "nested": nested,
}


def tied() -> nn.Sequential:
    layer = nn.Linear(4, 4)
    return nn.Sequential(layer, layer)


REFUSED: dict[str, Callable[[], Any]] = {
    "Conv1d": lambda: nn.Conv1d(3, 4, 1),
    "1 is a Bilinear": lambda: nn.Sequential(nn.Linear(3, 3),
                                             nn.Bilinear(3, 3, 3)),
    "max_norm": lambda: nn.Embedding(5, 3, max_norm=1.0),
    "come first": lambda: nn.Sequential(nn.Linear(3, 3),
                                        nn.Embedding(5, 3)),
    "float64": lambda: nn.GRU(3, 4).double(),
    "takes 5 features": lambda: nn.Sequential(nn.Linear(3, 4),
                                              nn.GRU(5, 2)),
    "batch_first": lambda: nn.Sequential(nn.GRU(3, 3),
                                         nn.GRU(3, 3, batch_first=True)),
    "one tensor": tied, "empty": lambda: nn.Sequential(),
    "Parametrized": lambda: nn.utils.parametrizations.weight_norm(
        nn.Linear(3, 3)),
    "weight_orig": lambda: nn.utils.spectral_norm(nn.Linear(3, 3)),
    "so its width": lambda: nn.Sequential(nn.Tanh()),
}


def ours(net: rnnc.Network, x: np.ndarray) -> np.ndarray:
    run = rnnc.Run(rnnc.Plan(net.graph, outputs=[net.output]), net.weights)
    run.input(net.input, rnnc.Sequence(x, layout=net.layout))
    run.forward()
    return run.get(net.output, layout=net.layout)


def check_module(name: str, module: Any) -> float:
    """The largest difference; weights there and back are asserted equal."""
    net = rnnc.from_torch(module.eval())
    words = net.input.type == rnnc.IDS
    x = (torch.randint(11, (4, 6)) if words
         else torch.randn(4, 6, net.input.cols))
    right = evaluated(module, x).detach().numpy()
    before = {key: value.clone() for key, value in
              module.state_dict().items()}
    state = rnnc.to_torch(net)
    assert set(state) == set(before)
    assert all(torch.equal(state[key], before[key]) for key in before)
    found = ours(net, x.numpy())
    for key in net.weights:
        net.weights[key] = net.weights[key] + 1
    rnnc.to_torch(net, module)
    assert all(torch.equal(module.state_dict()[key], before[key] + 1)
               for key in before)
    return float(np.abs(found - right).max() / np.abs(right).max())


def check_refusals() -> int:
    bad = 0
    for words, make in REFUSED.items():
        try:
            rnnc.from_torch(make())
            print(f"taken, though it has '{words}'")
        except rnnc.Error as error:
            if words in str(error):
                continue
            print(f"'{words}' is not in: {error}")
        bad += 1
    return bad


def check_options() -> None:
    """Frozen tensors, and the row that PyTorch does not train."""
    net = rnnc.from_torch(frozen())
    run = rnnc.Run(rnnc.Plan(net.graph, rnnc.TRAIN, loss=rnnc.total(
        net.output)), net.weights)
    run.input(net.input, np.ones((1, 2, 3)))
    run.forward()
    run.backward()
    assert not net.weights.gradient("weight").any()
    assert (net.weights.gradient("bias") == 2).all()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rnnc.from_torch(nn.Embedding(5, 3, padding_idx=0))
    assert len(caught) == 1 and "padding_idx" in str(caught[0].message)


def main() -> int:
    torch.manual_seed(1)
    bad = 0
    for name, make in MODULES.items():
        apart = check_module(name, make())
        print(f"{name}: {apart:.1e}")
        bad += not apart <= BOUND
    check_options()
    bad += check_refusals()
    print(f"{len(MODULES)} modules, {len(REFUSED)} refusals, {bad} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
