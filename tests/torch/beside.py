# SPDX-License-Identifier: MIT
"""An optimizer of the library and one of PyTorch, fed the same gradients."""
from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any, Union

import numpy as np
import torch

import rnnc
from rnnc._library import lib

# Names and shapes of what is trained.
SHAPES: dict[str, tuple[int, ...]] = {
    "cell.weight": (6, 5), "cell.bias": (5,), "out.weight": (4, 3),
    "out.bias": (3,)}
BIASES = "*.bias"

Options = Mapping[str, float]


class Failure(Exception):
    """A call of the library did not do what it should."""


def message_of(noun: str, handle: int) -> str:
    text = getattr(lib, f"rnnc_{noun}_message")(handle)
    return text.decode() if text else ""


def need(noun: str, handle: int, status: int) -> None:
    """Raises what the library says, unless all is well."""
    if status:
        raise Failure(message_of(noun, handle))


class Ours:
    """Parameters whose gradients are given, and an optimizer of them.

    The loss is the sum of p c over all parameters p with a frozen parameter c
    for each, so the gradient of p is c.
    """

    def __init__(self, kind: str, options: Options,
                 of_biases: Union[Options, None]) -> None:
        graph = rnnc.Graph()
        loss = None
        for name, shape in SHAPES.items():
            pair = [self._parameter(graph, full, shape)
                    for full in (name, "gradient." + name)]
            rnnc.freeze(pair[1])
            term = rnnc.total(rnnc.mul(*pair))
            loss = term if loss is None else rnnc.add(loss, term)
        assert loss is not None
        self.weights = rnnc.Weights(graph)
        plan = rnnc.Plan(graph, rnnc.TRAIN, loss=loss)
        self.run = rnnc.Run(plan, self.weights)
        self.address = lib.rnnc_optimizer_create(
            self.weights._owner, getattr(rnnc, kind.upper()))
        self.groups = 1
        self.set(0, options)
        if of_biases is not None:
            group = ctypes.c_int32()
            need("optimizer", self.address, lib.rnnc_optimizer_add_group(
                self.address, BIASES, ctypes.byref(group)))
            self.groups = 2
            self.set(group.value, of_biases)

    @staticmethod
    def _parameter(graph: Any, name: str, shape: tuple[int, ...]) -> Any:
        if len(shape) == 1:
            return rnnc.parameter_vector(graph, name, shape[0])
        return rnnc.parameter(graph, name, *shape)

    def set(self, group: int, options: Options) -> None:
        for name, value in options.items():
            number = getattr(rnnc, "OPT_" + name.upper())
            need("optimizer", self.address, lib.rnnc_optimizer_set_in_group(
                self.address, group, number, value))

    def get(self, group: int, name: str) -> float:
        value = ctypes.c_double()
        need("optimizer", self.address, lib.rnnc_optimizer_get_in_group(
            self.address, group, getattr(rnnc, "OPT_" + name.upper()),
            ctypes.byref(value)))
        return value.value

    def write(self, name: str, values: np.ndarray) -> None:
        flat = np.ascontiguousarray(values, np.float32).reshape(-1)
        need("weights", self.weights._owner, lib.rnnc_weights_set(
            self.weights._owner, name, flat, flat.size))

    def read(self, name: str) -> np.ndarray:
        values = np.empty(SHAPES[name], np.float32)
        need("weights", self.weights._owner, lib.rnnc_weights_get(
            self.weights._owner, name, values, values.size))
        return values

    def step(self, gradients: Mapping[str, np.ndarray]) -> None:
        for name, values in gradients.items():
            self.write("gradient." + name, values)
        lib.rnnc_weights_zero_gradients(self.weights._owner)
        self.run.forward()
        self.run.backward()
        need("optimizer", self.address, lib.rnnc_optimizer_step(self.address))

    def state(self) -> dict[str, np.ndarray]:
        """Averages by their names in a record: NAME/exp_avg and so on."""
        record = lib.rnnc_record_create(None)
        need("optimizer", self.address,
             lib.rnnc_optimizer_save(self.address, record))
        found = {}
        for entry in range(lib.rnnc_record_count(record)):
            name = lib.rnnc_record_name(record, entry).decode()
            if lib.rnnc_record_type(record, entry) == rnnc.RECORD_FLOATS:
                values = np.empty(lib.rnnc_record_size(record, entry),
                                  np.float32)
                need("record", record, lib.rnnc_record_get_floats(
                    record, name, values, values.size))
                found[name.removeprefix("optimizer.state/")] = values
        lib.rnnc_record_destroy(record)
        return found

    def close(self) -> None:
        lib.rnnc_optimizer_destroy(self.address)


class Theirs:
    """The same in PyTorch."""

    def __init__(self, make: Any, options: Mapping[str, Any],
                 of_biases: Union[Mapping[str, Any], None]) -> None:
        self.parameters = {name: torch.zeros(shape, requires_grad=True)
                           for name, shape in SHAPES.items()}
        biases = [p for name, p in self.parameters.items()
                  if of_biases is not None and name.endswith(".bias")]
        rest = [p for name, p in self.parameters.items()
                if of_biases is None or not name.endswith(".bias")]
        groups: list[dict[str, Any]] = [{"params": rest}]
        if of_biases is not None:
            groups.append({"params": biases, **of_biases})
        self.optimizer = make(groups, **options)

    def write(self, name: str, values: np.ndarray) -> None:
        with torch.no_grad():
            self.parameters[name].copy_(torch.from_numpy(values))

    def read(self, name: str) -> np.ndarray:
        return self.parameters[name].detach().numpy()

    def step(self, gradients: Mapping[str, np.ndarray]) -> None:
        for name, values in gradients.items():
            self.parameters[name].grad = torch.from_numpy(values.copy())
        self.optimizer.step()

    def state(self) -> dict[str, np.ndarray]:
        found = {}
        for name, parameter in self.parameters.items():
            for key, value in self.optimizer.state[parameter].items():
                if torch.is_tensor(value) and value.ndim > 0:
                    found[f"{name}/{key}"] = value.numpy().reshape(-1)
        return found


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference, as a share of the largest number."""
    most = np.abs(b).max()
    difference = np.abs(a.astype(np.float64) - b).max()
    return float(difference / most) if most > 0 else float(difference)
