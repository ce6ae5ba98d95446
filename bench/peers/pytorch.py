# SPDX-License-Identifier: MIT
"""PyTorch, eager: its modules, and cells of a user, written by hand.

Forms of a row: "packed" and "padded" for a ragged batch, "cell" for a stream
through nn.LSTMCell or nn.GRUCell, "compiled" for the peephole LSTM.
"""
import os
import re
import subprocess
import sys

import fill
import session
import torch
from drawn import Drawing
from session import Absent, Work
from torch import nn
from torch.nn.functional import cross_entropy, linear
from torch.nn.utils.rnn import (PackedSequence, pack_padded_sequence,
                                pad_packed_sequence)

CELLS = {"lstm": nn.LSTMCell, "gru": nn.GRUCell}


class Own(nn.Module):
    """Four gates in one product; that of x is hoisted by hand."""

    letters = "0123"  # of the gates, in librnnc's names

    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden = hidden
        self.w = nn.Parameter(torch.empty(4 * hidden, inputs))
        self.u = nn.Parameter(torch.empty(4 * hidden, hidden))
        self.b = nn.Parameter(torch.empty(4 * hidden))

    def forward(self, x):
        h = c = x.new_zeros(x.shape[1], self.hidden)
        u, outputs = self.u.t(), []
        for of_x in linear(x, self.w, self.b).unbind(0):
            h, c = self.step(torch.addmm(of_x, h, u).chunk(4, 1), h, c)
            outputs.append(h)
        return torch.stack(outputs), None


class Peephole(Own):
    letters = "ifgo"

    def __init__(self, inputs, hidden):
        super().__init__(inputs, hidden)
        for name in ("p_i", "p_f", "p_o"):
            setattr(self, name, nn.Parameter(torch.empty(hidden)))

    def step(self, gates, h, c):
        i, f, g, o = gates
        i = torch.sigmoid(i + self.p_i * c)
        f = torch.sigmoid(f + self.p_f * c)
        c = f * c + i * torch.tanh(g)
        return torch.sigmoid(o + self.p_o * c) * torch.tanh(c), c


def drawn(label):
    """The class of a drawn cell."""
    class Drawn(Own):
        drawing = Drawing(label, torch.sigmoid, torch.tanh)

        def step(self, gates, h, c):
            return self.drawing.step(gates, h, c)
    return Drawn


MODULES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN,
           "peephole": Peephole}


def parts(module, of=lambda parameter: parameter):
    """(name in librnnc, its part of a parameter, or of its gradient)"""
    for name, parameter in module.named_parameters():
        if isinstance(module, Own) and name in "wub":
            for letter, part in zip(module.letters, of(parameter).chunk(4)):
                yield f"{name}_{letter}", part
        else:
            yield name, of(parameter)


def gradients(module):
    return dict(parts(module, lambda parameter: parameter.grad))


def filled(module, hidden):
    with torch.no_grad():
        for name, part in parts(module):
            name = re.sub(r"^(weight|bias)_(ih|hh)$", r"\1_\2_l0", name)
            part.copy_(torch.from_numpy(
                fill.weight(name, hidden, *part.shape)))
    return module


def layer(row):
    make = MODULES.get(row.cell) or drawn(row.cell)
    return filled(make(row.inputs, row.hidden), row.hidden)


def time_major(row):
    """[steps, batch, inputs], the layout that PyTorch is fastest with"""
    x = fill.floats("x", (row.batch, row.steps, row.inputs))
    return torch.from_numpy(x).transpose(0, 1).contiguous()


def training(module, x, forward):
    """forward() gives the values whose sum is the loss."""
    def act():
        module.zero_grad(set_to_none=True)
        x.grad = None
        values = forward()
        values.sum().backward()
        return values
    return act


def train(row):
    module, x = layer(row), time_major(row).requires_grad_()
    run = torch.compile(module) if row.form == "compiled" else module
    act = training(module, x, lambda: run(x)[0])

    def show():
        y = act()
        return {"y": y.detach().transpose(0, 1), "x": x.grad.transpose(0, 1),
                **gradients(module)}
    return Work(act, show)


def ragged_padded(row):
    module, x = layer(row), time_major(row).requires_grad_()
    steps = torch.arange(row.steps)[:, None]
    mask = (steps < torch.tensor(fill.lengths(row))).float()[:, :, None]
    act = training(module, x, lambda: module(x)[0] * mask)

    def show():
        y = act()
        return {"y": y.detach().transpose(0, 1), "x": x.grad.transpose(0, 1),
                **gradients(module)}
    return Work(act, show)


def ragged_packed(row):
    module = layer(row)
    packed = pack_padded_sequence(time_major(row),
                                  torch.tensor(fill.lengths(row)),
                                  enforce_sorted=False)
    x = packed.data.clone().requires_grad_()
    batch = PackedSequence(x, *packed[1:])

    def padded(values):
        return pad_packed_sequence(PackedSequence(values, *packed[1:]),
                                   batch_first=True, total_length=row.steps)[0]

    act = training(module, x, lambda: module(batch)[0].data)

    def show():
        y = act()
        return {"y": padded(y.detach()), "x": padded(x.grad),
                **gradients(module)}
    return Work(act, show)


def ragged(row):
    return (ragged_packed if row.form == "packed" else ragged_padded)(row)


def sequence(row):
    module, x = layer(row).eval(), time_major(row)

    def act():
        return module(x)[0]
    return Work(act, lambda: {"y": act().transpose(0, 1)},
                torch.inference_mode)


class Stream:
    """One step a call through a module of one layer."""

    def __init__(self, row):
        self.module, self.state = layer(row).eval(), None
        x = fill.floats("x", (row.batch, row.inputs))
        self.x = torch.from_numpy(x)[None]

    def act(self):
        y, self.state = self.module(self.x, self.state)
        return y

    def show(self):
        self.state = None
        return {"y": torch.stack([self.act() for _ in
                                  range(fill.STREAM_SHOWN)])}


class CellStream(Stream):
    """The same through a module that is a step."""

    def __init__(self, row):
        super().__init__(row)
        make = CELLS[row.cell]
        self.module = filled(make(row.inputs, row.hidden), row.hidden).eval()
        self.x = self.x[0]

    def act(self):
        self.state = self.module(self.x, self.state)
        return self.state[0] if isinstance(self.state, tuple) else self.state


def stream(row):
    made = (CellStream if row.form == "cell" else Stream)(row)
    return Work(made.act, made.show, torch.inference_mode)


class Words(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.embed = nn.Embedding(fill.WORDS, hidden)
        self.lstm = nn.LSTM(hidden, hidden, fill.LAYERS)
        self.out = nn.Linear(hidden, fill.WORDS)

    def forward(self, ids):
        return self.out(self.lstm(self.embed(ids))[0])


def words(row):
    model = filled(Words(row.hidden), row.hidden)
    optimizer = torch.optim.SGD(model.parameters(), 1.0)
    x, after = (torch.from_numpy(fill.ids(name, (row.batch, row.steps)))
                .long().t().contiguous() for name in ("x", "next"))

    def act():
        optimizer.zero_grad(set_to_none=True)
        loss = cross_entropy(model(x).flatten(0, 1), after.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        return loss

    def show():
        losses = [act().item() for _ in range(fill.UPDATES_SHOWN)]
        return {"loss": losses, **gradients(model)}
    return Work(act, show)


KINDS = {"train": train, "ragged": ragged, "sequence": sequence,
         "stream": stream, "words": words}


def make(row):
    if row.kind not in KINDS:
        raise Absent("no such kind")
    if row.cell not in MODULES and not row.cell.startswith("drawn"):
        raise Absent("no such cell")
    return KINDS[row.kind](row)


# One product in a process of its own, since MKL and oneDNN say what they
# chose on the standard output.
ASK = """import torch
torch.mm(torch.ones(64, 64), torch.ones(64, 64))
with torch.inference_mode():
    torch.nn.LSTM(64, 64)(torch.ones(2, 2, 64))
"""


def chosen():
    """What MKL and oneDNN say of their kernels."""
    said = subprocess.run(
        [sys.executable, "-c", ASK], capture_output=True, text=True,
        check=False, env=os.environ | {"MKL_VERBOSE": "1",
                                       "ONEDNN_VERBOSE": "1"}).stdout
    found = re.findall(r"MKL_VERBOSE (oneMKL.*?) Lnx"
                       r"|onednn_verbose\S*?,info,(oneDNN v[\d.]+)"
                       r"|onednn_verbose\S*?,info,cpu,isa:([^\n]+)", said)
    return "; ".join(filter(None, (word for words in found
                                   for word in words)))


def about():
    return (f"PyTorch {torch.__version__}, "
            f"{torch.backends.cpu.get_cpu_capability()} kernels, "
            f"threads: {torch.get_num_threads()}; {chosen()}")


if __name__ == "__main__":
    torch.set_num_threads(session.threads())
    session.serve(about, make)
