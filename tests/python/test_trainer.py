# SPDX-License-Identifier: MIT
"""Trainers, datasets and checkpoints."""
from __future__ import annotations

import gc
import os
import pathlib
import signal
from typing import Any, Optional

import numpy as np
import pytest
from conftest import Net

import rnnc

EXAMPLES, BATCH = 10, 4


def new_net() -> Net:
    graph = rnnc.Graph()
    x = rnnc.input_rows(graph, "x", 3)
    target = rnnc.input_rows(graph, "target", 2)
    h = rnnc.dropout(rnnc.unroll(rnnc.cell_gru(graph, "gru", 3, 5), x), 0.2)
    y = rnnc.name(rnnc.linear(h, "out", 2), "y")
    return Net(graph, x, target, y, rnnc.mse(y, target),
               rnnc.Weights(graph, seed=7))


def new_net_like(net: Net) -> Net:
    """The same network with the first weights."""
    return Net(net.graph, net.x, net.target, net.y, net.loss,
               rnnc.Weights(net.graph, seed=7))


def examples() -> list[Any]:
    draw = np.random.default_rng(5)
    return [draw.standard_normal((4 + k % 5, 3), dtype=np.float32)
            for k in range(EXAMPLES)]


def dataset(net: Net) -> rnnc.Dataset:
    data = rnnc.Dataset(net.graph)
    data.set(net.x, examples())
    data.set(net.target, [rows[:, :2].copy() for rows in examples()])
    return data


def trainer(net: Net, **options: Any) -> rnnc.Trainer:
    adam = rnnc.Optimizer(net.weights, rnnc.ADAM, learning_rate=0.02)
    options = {"batch": BATCH, "epochs": 4, "clip_norm": 1.0, "seed": 3,
               "data": dataset(net), **options}
    return rnnc.Trainer(adam, net.loss, **options)


def values(net: Net) -> dict[str, Any]:
    return dict(net.weights.items())


def same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return all(left[name].tobytes() == right[name].tobytes()
               for name in left) and left.keys() == right.keys()


def fill_of(net: Net) -> rnnc._trainer.Fill:
    rows = examples()

    def fill(run: rnnc.Run, epoch: int, batch: int) -> bool:
        part = rows[batch * BATCH:(batch + 1) * BATCH]
        if part:
            run.input(net.x, part)
            run.input(net.target, [row[:, :2] for row in part])
        return bool(part)

    return fill


def test_it_does_what_a_loop_by_hand_does(net: Net) -> None:
    other = Net(net.graph, net.x, net.target, net.y, net.loss,
                net.weights.copy())
    made = trainer(net, order=rnnc.ORDER_GIVEN, epochs=3)
    assert made.train() == rnnc.ENDED_EPOCHS
    assert (made.steps, made.epochs) == (9, 3)
    run = rnnc.Run(rnnc.Plan(net.graph, rnnc.TRAIN, loss=net.loss),
                   other.weights)
    adam = rnnc.Optimizer(other.weights, rnnc.ADAM, learning_rate=0.02)
    fill = fill_of(net)
    for step in range(9):
        assert fill(run, step // 3, step % 3)
        rnnc.train_step(run, adam, 1.0)
    assert same(values(net), values(other))


@pytest.mark.parametrize("whose", ["dataset", "fill"])
def test_resumed_training_has_the_same_bits(tmp_path: pathlib.Path,
                                            whose: str) -> None:
    def make(**options: Any) -> tuple[Net, rnnc.Trainer]:
        net = new_net()
        if whose == "fill":
            options.update(data=None, fill=fill_of(net))
        return net, trainer(net, **options)

    whole, never_stopped = make()
    never_stopped.train()
    first, stopped = make(checkpoints=tmp_path / "run", checkpoint_steps=1,
                          progress=lambda progress: progress.step == 5)
    assert stopped.train() == rnnc.ENDED_CALLER and stopped.steps == 5
    second, resumed = make(checkpoints=tmp_path / "run")
    with pytest.raises(rnnc.StateError):
        resumed.train()
    assert resumed.resume() == 5 and resumed.notice == ""
    assert same(values(first), values(second))
    assert resumed.train() == rnnc.ENDED_EPOCHS
    assert resumed.steps == never_stopped.steps == 12
    assert same(values(whole), values(second))
    assert not same(values(first), values(second))


def test_a_record_and_weights_are_a_checkpoint_too(net: Net) -> None:
    made = trainer(net, steps=5)
    assert made.train() == rnnc.ENDED_STEPS
    record, middle = rnnc.Record(), values(net)
    made.save(record)
    again = trainer(net)
    again.train()
    end = values(net)
    for name, value in middle.items():
        net.weights[name] = value
    again.restore(record)
    assert again.steps == 5
    again.train()
    assert again.steps == 12
    whole = new_net_like(net)
    trainer(whole).train()
    assert same(values(net), values(whole)) and not same(values(net), end)


def test_what_a_callback_raises_comes_through(net: Net) -> None:
    class Mine(Exception):
        pass

    def tell(progress: rnnc.Progress) -> None:
        if progress.step == 2:
            raise Mine("here")

    made = trainer(net, progress=tell)
    with pytest.raises(Mine, match="here"):
        made.train()
    assert made.steps == 2
    assert made.train() == rnnc.ENDED_EPOCHS and made.steps == 12
    whole = new_net_like(net)
    trainer(whole).train()
    assert same(values(net), values(whole))


def test_what_fill_and_a_schedule_raise_comes_through(net: Net) -> None:
    def fill(run: rnnc.Run, epoch: int, batch: int) -> bool:
        raise LookupError("no data")

    before = values(net)
    with pytest.raises(LookupError, match="no data"):
        trainer(net, data=None, fill=fill).train()
    assert same(values(net), before)
    adam = rnnc.Optimizer(net.weights, rnnc.ADAM)
    bad = rnnc.Schedule.lambda_(adam, lambda step: 1 / (1 - step))
    with pytest.raises(ZeroDivisionError):
        rnnc.Trainer(adam, net.loss, data=dataset(net), schedule=bad,
                     epochs=2).train()


@pytest.mark.parametrize("told", [True, False])
def test_ctrl_c_ends_it_after_a_whole_step(net: Net, told: bool) -> None:
    """Also where it comes while the library computes."""
    previous = signal.getsignal(signal.SIGINT)
    fill = fill_of(net)

    def interrupted(run: rnnc.Run, epoch: int, batch: int) -> bool:
        if epoch == 1 and not told:
            os.kill(os.getpid(), signal.SIGINT)
        return fill(run, epoch, batch)

    def tell(progress: rnnc.Progress) -> Optional[bool]:
        if progress.step == 4 and told:
            os.kill(os.getpid(), signal.SIGINT)
        return None

    made = trainer(net, data=None, fill=interrupted,
                   progress=tell if told else None)
    with pytest.raises(KeyboardInterrupt):
        made.train()
    assert made.steps == 4
    assert signal.getsignal(signal.SIGINT) is previous


def test_held_out_data(net: Net) -> None:
    seen: list[rnnc.Progress] = []
    made = trainer(net, held_out=dataset(net), progress=seen.append)
    assert np.isnan(made.best_loss)
    before = made.measure()
    made.train()
    after = [p for p in seen if p.event == rnnc.PROGRESS_VALIDATION]
    assert len(after) == 4 and after[-1].held_out < before
    assert made.best_loss == min(p.held_out for p in after) == after[-1].best
    assert made.held_out_run is not None
    best = made.best
    made.close()
    gc.collect()
    assert len(best) == len(net.weights)


def test_what_a_trainer_needs_stays(net: Net) -> None:
    made = trainer(net, held_out=dataset(net))
    run = made.run
    gc.collect()
    made.train()
    made.close()
    assert run.isa and run.batch > 0
    with pytest.raises(rnnc.StateError, match="closed"):
        made.run


def test_it_refuses(net: Net) -> None:
    adam = rnnc.Optimizer(net.weights, rnnc.ADAM)
    for options in ({}, {"bach": 3}, {"batch": 1.5}, {"batch": -1}):
        with pytest.raises(rnnc.ArgumentError):
            rnnc.Trainer(adam, net.loss,
                         data=dataset(net) if options else None, **options)
    data = dataset(net)
    with pytest.raises(rnnc.ShapeError, match="example 1"):
        data.set(net.x, [np.zeros((2, 3)), np.zeros((2, 4))])
    with pytest.raises(rnnc.ShapeError):
        data.set(net.x, examples()[1:])
    assert len(data) == EXAMPLES and repr(data).count("10 examples")


def test_labels_and_ids() -> None:
    graph = rnnc.Graph()
    x = rnnc.input_ids(graph, "x", 6)
    label = rnnc.input_batch_ids(graph, "label", 2)
    h = rnnc.unroll(rnnc.cell_rnn(graph, "rnn", 4, 5),
                    rnnc.embedding(x, "embedding", 4))
    h = rnnc.pool(h, rnnc.POOL_MEAN)
    loss = rnnc.cross_entropy(rnnc.linear(h, "out", 2), label)
    data = rnnc.Dataset(graph)
    data.set(x, [np.arange(k % 4 + 1) for k in range(8)])
    data.set(label, np.arange(8) % 2)
    adam = rnnc.Optimizer(rnnc.Weights(graph), rnnc.ADAM, learning_rate=0.05)
    made = rnnc.Trainer(adam, loss, data=data, held_out=data, epochs=30)
    before = made.measure()
    made.train()
    assert made.best_loss < 0.2 * before


def test_checkpoints_of_a_loop_of_one_s_own(net: Net, tmp_path: pathlib.Path
                                            ) -> None:
    record = rnnc.Record()
    record["mine"] = [1.0, 2.0]
    kept = rnnc.Checkpoints(tmp_path / "own", keep=2)
    assert kept.load(net.weights, rnnc.Record()) is None
    assert kept.newest() is None
    for step in (3, 6, 9):
        kept.save(step, net.weights, record)
    assert kept.newest() == 9 and kept.newest(9) == 6
    assert not os.path.exists(kept.path(3))
    written = values(net)
    net.weights["out.bias"] = np.ones(2)
    pathlib.Path(kept.path(9)).write_bytes(b"cut short")
    found = rnnc.Record()
    again = rnnc.Checkpoints(tmp_path / "own")
    assert again.load(net.weights, found) == 6
    assert "checkpoint-000000000009" in again.notice
    assert same(values(net), written) and list(found["mine"]) == [1, 2]


def test_states_of_a_run(net: Net) -> None:
    run = rnnc.Run(rnnc.Plan(net.graph, outputs=[net.y]), net.weights)
    rows = np.random.default_rng(1).standard_normal((2, 6, 3))
    run.input(net.x, rows)
    run.forward()
    whole = run.get(net.y)
    run.input(net.x, rows[:, :4])
    run.forward()
    states = run.state_get()
    assert states.shape == (2, run.state_count) == (2, 5)
    other = rnnc.Run(run.plan, net.weights)
    other.state_set(states)
    other.input(net.x, rows[:, 4:])
    other.carry([True, True])
    other.forward()
    np.testing.assert_array_equal(other.get(net.y), whole[:, 4:])
    with pytest.raises(rnnc.ShapeError, match="states"):
        run.state_set(states[0])
