# SPDX-License-Identifier: MIT
"""Recurrent layers beside PyTorch's: values, final states, all gradients.

check_recurrent.py [COUNT]

Random configurations of nn.RNN (tanh, relu), LSTM and GRU: 1 to 3 layers, one
direction or both, with and without biases, padded and packed, with and
without first states. Weights cross by `rnnc.from_torch`. The largest
difference of each tensor, by the largest value in it, stays below 1e-5.
"""
from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import rnnc

BOUND, SEED = 1e-5, 20241
KINDS = ("RNN_TANH", "RNN_RELU", "LSTM", "GRU")


class Case:
    """A random module with its inputs."""

    def __init__(self, draw: np.random.Generator, number: int) -> None:
        torch.manual_seed(number)
        self.kind = KINDS[number % len(KINDS)]
        self.layers = int(draw.integers(1, 4))
        self.both, self.bias, self.packed, self.first = (
            bool(draw.integers(2)) for _ in range(4))
        self.inputs, self.hidden = (int(draw.integers(1, 40))
                                    for _ in range(2))
        self.batch, self.time = (int(draw.integers(1, 13))
                                 for _ in range(2))
        self.lengths = draw.integers(1, self.time + 1, self.batch)
        if not self.packed:
            self.lengths[:] = self.time
        self.time = int(self.lengths.max())
        self.module = self.make()
        self.x = torch.randn(self.batch, self.time, self.inputs,
                             requires_grad=True)
        sides = self.layers * (2 if self.both else 1)
        self.states = [torch.randn(sides, self.batch, self.hidden,
                                   requires_grad=True)
                       for _ in range(2 if self.kind == "LSTM" else 1)]

    def make(self) -> Any:
        options = {"num_layers": self.layers, "bidirectional": self.both,
                   "bias": self.bias, "batch_first": True}
        if self.kind.startswith("RNN"):
            options["nonlinearity"] = self.kind[4:].lower()
        return getattr(nn, self.kind[:4].rstrip("_"))(
            self.inputs, self.hidden, **options)

    def __str__(self) -> str:
        return (f"{self.kind} {self.inputs}->{self.hidden}, {self.layers} "
                f"layers{' both ways' * self.both}{' biased' * self.bias}"
                f"{' packed' * self.packed}{' first' * self.first}, "
                f"lengths {self.lengths.tolist()}")


def results(case: Case, y: Any, final: list[Any]) -> dict[str, Any]:
    """PyTorch's output and final states, padded."""
    found = {"output": y}
    for name, value in zip("hc", final):
        found[f"final {name}"] = value
    return found


def theirs(case: Case, pull: dict[str, Any]) -> dict[str, np.ndarray]:
    """Values and gradients by PyTorch."""
    given = None
    if case.first:
        given = tuple(case.states)
        given = given if case.kind == "LSTM" else given[0]
    data: Any = case.x
    if case.packed:
        data = pack_padded_sequence(data, torch.from_numpy(case.lengths),
                                    batch_first=True, enforce_sorted=False)
    y, final = case.module(data, given)
    if case.packed:
        y, _ = pad_packed_sequence(y, batch_first=True)
    final = list(final) if case.kind == "LSTM" else [final]
    values = results(case, y, final)
    if not pull:
        for name, value in values.items():
            pull[name] = torch.randn_like(value)
    loss = sum((value * pull[name]).sum() for name, value in values.items())
    loss.backward()
    found = {name: value.detach().numpy() for name, value in values.items()}
    found["d x"] = case.x.grad.numpy()
    for name, tensor in case.module.named_parameters():
        found[f"d {name}"] = tensor.grad.numpy()
    if case.first:
        for name, state in zip("hc", case.states):
            found[f"d first {name}"] = state.grad.numpy()
    return found


def loss_of(net: rnnc.Network, pulled: Any) -> tuple[Any, dict[Any, Any]]:
    """The sum of all results times what pulls at them, and its inputs."""
    fed, terms = {}, []
    pull = rnnc.input_rows(net.graph, "pull", net.output.cols)
    fed[pull] = pulled["output"].numpy()
    terms.append(rnnc.total(net.output * pull))
    for name, nodes in states_of(net.final).items():
        for side, node in enumerate(nodes):
            pull = rnnc.input_batch(net.graph, f"pull {name} {side}",
                                    node.cols)
            fed[pull] = pulled[f"final {name}"][side].numpy()
            terms.append(rnnc.total(node * pull))
    loss = terms[0]
    for term in terms[1:]:
        loss = loss + term
    return loss, fed


def states_of(nodes: dict[str, Any]) -> dict[str, list[Any]]:
    """{state: its nodes}, in PyTorch's order of layers and directions."""
    found: dict[str, list[Any]] = {}
    for name, node in nodes.items():
        found.setdefault(name.split("_")[1], []).append(node)
    return found


def ours(case: Case, pull: dict[str, Any]) -> dict[str, np.ndarray]:
    """Values and gradients by the library."""
    net = rnnc.from_torch(case.module, first_states=case.first)
    loss, fed = loss_of(net, pull)
    fed[net.input] = case.x.detach().numpy()
    first = states_of(net.first)
    for name, state in zip("hc", case.states):
        for side, node in enumerate(first.get(name, ())):
            fed[node] = state[side].detach().numpy()
    wanted = [net.input] + list(net.first.values())
    plan = rnnc.Plan(net.graph, rnnc.TRAIN, loss=loss, gradients=wanted,
                     outputs=[net.output, *net.final.values()])
    run = rnnc.Run(plan, net.weights)
    for node, values in fed.items():
        if node.kind == rnnc.SEQUENCE:
            values = rnnc.Sequence(values, case.lengths)
        run.input(node, values)
    run.forward()
    run.backward()
    found = {"output": run.get(net.output), "d x": run.gradient(net.input)}
    for name, nodes in states_of(net.final).items():
        found[f"final {name}"] = np.stack([run.get(n) for n in nodes])
    for name, nodes in first.items():
        found[f"d first {name}"] = np.stack([run.gradient(n) for n in nodes])
    for name in net.weights:
        found[f"d {name}"] = net.weights.gradient(name)
    return found


def difference(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape, (a.shape, b.shape)
    largest = float(np.abs(b).max(initial=0))
    apart = float(np.abs(a - b).max(initial=0))
    return apart / largest if largest else apart


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    draw = np.random.default_rng(SEED)
    worst: dict[str, float] = {}
    bad = 0
    for number in range(count):
        case = Case(draw, number)
        pull: dict[str, Any] = {}
        right, found = theirs(case, pull), ours(case, pull)
        assert set(right) == set(found), set(right) ^ set(found)
        for name, value in right.items():
            apart = difference(found[name], value)
            kind = name if not name.startswith("d ") or name in (
                "d x", "d first h", "d first c") else "d parameters"
            worst[kind] = max(worst.get(kind, 0.0), apart)
            if not apart <= BOUND:
                bad += 1
                print(f"{number}: {case}: {name} differs by {apart:.1e}")
    for name, apart in sorted(worst.items()):
        print(f"{name}: {apart:.1e} at most")
    print(f"{count} configurations, {bad} tensors beyond {BOUND:.0e}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
