# SPDX-License-Identifier: MIT
"""Weights, files of them, and optimizers."""
from __future__ import annotations

import json
import pathlib
import struct
from typing import Any

import numpy as np
import pytest
from conftest import Net

import rnnc


def tensors(data: bytes) -> dict[str, Any]:
    """A safetensors file by its own description of the format."""
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    found = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + size + begin:8 + size + end], "<f4")
        found[name] = values.reshape(entry["shape"])
    return found


def file_of(values: dict[str, np.ndarray]) -> bytes:
    header, body = {}, b""
    for name, array in values.items():
        raw = np.ascontiguousarray(array, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def test_weights_are_a_mapping(net: Net) -> None:
    weights = net.weights
    assert "out.bias" in weights and "nothing" not in weights
    assert len(weights) == 6 == len(weights.items())
    assert weights["out.weight"].shape == (2, 5)
    assert weights["out.bias"].shape == (2,) and weights.count(
        "out.bias") == 2
    version = weights.version
    weights["out.bias"] = [3, 4]
    assert weights.version > version
    np.testing.assert_array_equal(weights["out.bias"], [3, 4])
    out = np.empty(2, np.float32)
    assert weights.get("out.bias", out) is out and out[1] == 4
    assert not weights.gradient("out.bias").any()
    with pytest.raises(rnnc.UnknownNameError, match="nothing"):
        weights["nothing"]
    with pytest.raises(rnnc.ShapeError, match="out.bias"):
        weights["out.bias"] = [1, 2, 3]


def test_a_copy_is_its_own(net: Net) -> None:
    copied = net.weights.copy()
    net.weights["out.bias"] = [9, 9]
    assert not copied["out.bias"].any()
    assert copied.graph.node("y") == net.y


def test_models_go_through_files_and_memory(net: Net,
                                            tmp_path: pathlib.Path) -> None:
    path = tmp_path / "model.safetensors"
    rnnc.model_save(net.weights, path)
    assert path.read_bytes() == rnnc.model_save_memory(net.weights)
    for model in (rnnc.Model(path), rnnc.Model(path.read_bytes())):
        weights, y = model.weights, model.graph.node("y")
        model.close()
        del model
        for name, values in net.weights.items():
            np.testing.assert_array_equal(weights[name], values)
        run = rnnc.Run(rnnc.Plan(y.graph, outputs=[y]), weights)
        run.input(weights.graph.node("x"), np.zeros((1, 2, 3)))
        run.forward()


def test_files_hold_what_the_weights_hold(net: Net,
                                          tmp_path: pathlib.Path) -> None:
    path = tmp_path / "weights.safetensors"
    net.weights.save(path)
    assert path.read_bytes() == net.weights.save_memory()
    found = tensors(path.read_bytes())
    assert set(found) == set(net.weights)
    for name, values in found.items():
        np.testing.assert_array_equal(net.weights[name], values)
    other = rnnc.Weights(net.graph, seed=8)
    other.load(path)
    other.load(path.read_bytes())
    np.testing.assert_array_equal(other["out.weight"], found["out.weight"])


def test_file_errors(net: Net, tmp_path: pathlib.Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        rnnc.Model(tmp_path / "nowhere")
    with pytest.raises(rnnc.FormatError):
        rnnc.Model(b"no model")
    with pytest.raises(rnnc.FileError):
        rnnc.model_save(net.weights, tmp_path / "no" / "such" / "folder")
    with pytest.raises(rnnc.UnknownNameError, match="theirs"):
        net.weights.load(file_of({"theirs": np.zeros(3)}))


def test_weights_of_others(net: Net) -> None:
    values = dict(net.weights.items())
    theirs = {"model." + name: array + 1 for name, array in values.items()
              if name != "out.weight"}
    theirs["head"] = values["out.weight"].T + 1
    theirs["step"] = np.zeros(1)
    with rnnc.Import() as names:
        names.prefix("model.", "")
        names.map("head", "out.weight", transpose=True)
        with pytest.raises(rnnc.UnknownNameError):
            names.load(net.weights, file_of(theirs))
        assert names.left_over == ["step"] and names.missing == []
        np.testing.assert_array_equal(net.weights["out.bias"],
                                      values["out.bias"])
        names.map("step", None)
        names.load(net.weights, file_of(theirs))
        assert names.skipped == ["step"] and names.misfits == []
    for name, array in values.items():
        np.testing.assert_array_equal(net.weights[name], array + 1)


def gradients(net: Net) -> rnnc.Run:
    run = rnnc.Run(rnnc.Plan(net.graph, rnnc.TRAIN, loss=net.loss),
                   net.weights)
    run.input(net.x, np.ones((2, 3, 3)))
    run.input(net.target, np.ones((2, 3, 2)))
    run.forward()
    run.backward()
    return run


def test_sgd_is_a_subtraction(net: Net) -> None:
    with pytest.raises(rnnc.StateError):
        rnnc.clip_norm(net.weights, 1.0)
    gradients(net)
    before = dict(net.weights.items())
    slopes = {name: net.weights.gradient(name) for name in before}
    norm = np.sqrt(sum(np.square(s.astype(np.float64)).sum()
                       for s in slopes.values()))
    assert abs(rnnc.clip_norm(net.weights, 1e9) - norm) < 1e-5
    rnnc.scale_gradients(net.weights, 0.5)
    sgd = rnnc.Optimizer(net.weights, rnnc.SGD, learning_rate=0.1)
    sgd.step()
    for name, values in before.items():
        np.testing.assert_allclose(net.weights[name],
                                   values - 0.05 * slopes[name], rtol=1e-5,
                                   atol=1e-7)
    rnnc.clip_value(net.weights, 1e-3)
    assert np.abs(net.weights.gradient("out.bias")).max() <= np.float32(1e-3)
    net.weights.zero_gradients()
    assert not net.weights.gradient("out.bias").any()


def test_options_and_groups(net: Net) -> None:
    adam = rnnc.Optimizer(net.weights, rnnc.ADAMW, beta1=0.8)
    assert adam["beta1"] == 0.8 and adam["learning_rate"] == 1e-3
    biases = adam.add_group("*bias*", weight_decay=0.0)
    assert adam.groups == 2 and adam.group_of("out.bias") == biases
    assert adam.get("weight_decay", biases) == 0
    assert adam["weight_decay"] == 1e-2
    adam.add_to_group(biases, "out.weight")
    assert adam.group_of("out.weight") == biases
    with pytest.raises(rnnc.ArgumentError, match="beta1"):
        adam["beta"] = 1
    with pytest.raises(rnnc.ArgumentError):
        adam["beta1"] = 1.5
    with pytest.raises(rnnc.UnknownNameError):
        adam.group_of("nothing")


def test_training_goes_on_from_records(net: Net) -> None:
    def train(steps: int, begin: Any) -> Any:
        weights, state = begin
        adam = rnnc.Optimizer(weights, rnnc.ADAM)
        fall = rnnc.Schedule(adam, rnnc.SCHEDULE_EXPONENTIAL, gamma=0.9)
        mean = rnnc.Average(weights, decay=0.9)
        if state is not None:
            for part in (adam, fall, mean):
                part.restore(state)
        run = rnnc.Run(rnnc.Plan(net.graph, rnnc.TRAIN, loss=net.loss),
                       weights)
        run.input(net.x, np.ones((2, 3, 3)))
        run.input(net.target, np.ones((2, 3, 2)))
        for _ in range(steps):
            rnnc.train_step(run, adam)
            fall.step()
            mean.update()
        state = rnnc.Record()
        for part in (adam, fall, mean):
            part.save(state)
        return (weights, state), mean.weights

    whole, mean = train(6, (net.weights.copy(), None))
    half, _ = train(3, (net.weights.copy(), None))
    copied = rnnc.Record()
    for name, values in half[1].items():
        copied[name] = values
    resumed, again = train(3, (half[0], copied))
    for name in net.weights:
        np.testing.assert_array_equal(whole[0][name], resumed[0][name])
        np.testing.assert_array_equal(mean[name], again[name])
    assert whole[1].keys() == resumed[1].keys() and len(whole[1]) > 10
    assert "optimizer.groups/0/learning_rate" in whole[1]
    with pytest.raises(rnnc.UnknownNameError):
        whole[1]["nothing"]


def test_schedules(net: Net) -> None:
    sgd = rnnc.Optimizer(net.weights, rnnc.SGD, learning_rate=1.0)
    steps = rnnc.Schedule(sgd, rnnc.SCHEDULE_MULTI_STEP, gamma=0.1,
                          milestone=[1, 3])
    rates = []
    for _ in range(3):
        steps.step()
        rates.append(sgd["learning_rate"])
    np.testing.assert_allclose(rates, [0.1, 0.1, 0.01])
    assert steps.count == 3
    with pytest.raises(rnnc.ArgumentError, match="period"):
        rnnc.Schedule(sgd, rnnc.SCHEDULE_COSINE, perriod=3)
    with pytest.raises(rnnc.StateError):
        steps.observe(1.0)


def test_schedules_by_a_function(net: Net) -> None:
    sgd = rnnc.Optimizer(net.weights, rnnc.SGD, learning_rate=1.0)
    own = rnnc.Schedule.lambda_(sgd, lambda t: 1 / (1 + t))
    chain = rnnc.Schedule.chain([own])
    del own
    chain.step()
    assert sgd["learning_rate"] == 0.5
    bad = rnnc.Schedule.lambda_(
        sgd, lambda t: 1 / (1 - t))  # divides by zero at 1
    with pytest.raises(ZeroDivisionError):
        bad.step()
    with pytest.raises(rnnc.ArgumentError, match="milestones"):
        rnnc.Schedule.sequence([chain], [1])


def test_plateau_and_nt_asgd(net: Net) -> None:
    sgd = rnnc.Optimizer(net.weights, rnnc.SGD, learning_rate=1.0)
    plateau = rnnc.Schedule(sgd, rnnc.SCHEDULE_PLATEAU, patience=1,
                            factor=0.5)
    for loss in (1, 2, 2):
        plateau.observe(loss)
    assert sgd["learning_rate"] == 0.5
    asgd = rnnc.Optimizer(net.weights, rnnc.ASGD, nonmonotone=1, **{
        "lambda": 0.0})
    begun = [asgd.observe(loss) for loss in (3, 2, 2.5, 2.7)]
    assert begun[0] is False and begun[-1] is True
    gradients(net)
    asgd.step()
    asgd.swap_average()
    asgd.swap_average()


def test_weights_in_fewer_bits(net: Net) -> None:
    weights = net.weights.copy()
    weights.store(rnnc.STORE_BF16, "out.weight")
    assert weights.storage("out.weight") == rnnc.STORE_BF16
    np.testing.assert_allclose(weights["out.weight"],
                               net.weights["out.weight"], rtol=2**-8)


def test_budgets(net: Net) -> None:
    run = rnnc.Run(rnnc.Plan(net.graph, rnnc.TRAIN, loss=net.loss),
                   net.weights)
    needed = run.measure(rnnc.KEEP_RESULTS, 2, 3, 6)
    assert needed > 0 and run.kept == -1
    run.budget(needed // 100)
    run.input(net.x, np.ones((2, 3, 3)))
    run.input(net.target, np.ones((2, 3, 2)))
    with pytest.raises(MemoryError):
        run.forward()
    run.budget(0)
    run.forward()
    assert run.kept == rnnc.KEEP_RESULTS
    assert 0 < run.row_memory <= run.memory


def test_segments_change_no_bit(net: Net) -> None:
    found = []
    for options in ({}, {"keep": rnnc.KEEP_SEGMENTS, "segment_rows": 4}):
        net.weights.zero_gradients()
        run = rnnc.Run(rnnc.Plan(net.graph, rnnc.TRAIN, loss=net.loss,
                                 **options), net.weights)
        run.input(net.x, np.ones((2, 30, 3)))
        run.input(net.target, np.ones((2, 30, 2)))
        run.forward()
        run.backward()
        found.append(net.weights.gradient("gru.weight_hh_l0"))
    assert run.kept == rnnc.KEEP_SEGMENTS
    np.testing.assert_array_equal(*found)
