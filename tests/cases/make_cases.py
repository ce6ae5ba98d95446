#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the case files beside it: cells as their papers have them, in NumPy.

Everything is double precision and written out by hand, the back-propagation
through time too; before a case is written its gradients are compared with
central differences. Needs NumPy alone. Usage: make_cases.py [folder]
"""
import pathlib
import sys

import numpy as np

INPUTS, HIDDEN = 3, 4
LENGTHS = [4, 1, 0, 3]
STEP, TAU_MIN = 0.5, 0.25


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def softplus(a):
    return np.log(1 + np.exp(a))


# ---- Cells -------------------------------------------------------------------
# forward(p, x): outputs [steps, H] and what backward needs.
# backward(p, x, kept, dy): gradient of x, and adds to the gradients in g.


class Lstm:
    peephole = False

    @staticmethod
    def shapes():
        return {"weight_ih": (4 * HIDDEN, INPUTS),
                "weight_hh": (4 * HIDDEN, HIDDEN),
                "bias_ih": (4 * HIDDEN,), "bias_hh": (4 * HIDDEN,)}

    @classmethod
    def forward(cls, p, x):
        h, c = np.zeros(HIDDEN), np.zeros(HIDDEN)
        p_i, p_f, p_o = (p["weight_ph"] if cls.peephole
                         else np.zeros((3, HIDDEN)))
        ys, kept = [], []
        for x_t in x:
            a = (p["weight_ih"] @ x_t + p["bias_ih"]
                 + p["weight_hh"] @ h + p["bias_hh"])
            a_i, a_f, a_g, a_o = np.split(a, 4)
            i = sigmoid(a_i + p_i * c)
            f = sigmoid(a_f + p_f * c)
            g = np.tanh(a_g)
            c_new = f * c + i * g
            o = sigmoid(a_o + p_o * c_new)
            h_new = o * np.tanh(c_new)
            kept.append((h, c, i, f, g, o, c_new))
            h, c = h_new, c_new
            ys.append(h)
        return np.array(ys).reshape(len(x), HIDDEN), kept

    @classmethod
    def backward(cls, p, x, kept, dy, grad):
        dx = np.zeros_like(x)
        dh, dc = np.zeros(HIDDEN), np.zeros(HIDDEN)
        p_i, p_f, p_o = (p["weight_ph"] if cls.peephole
                         else np.zeros((3, HIDDEN)))
        for t in reversed(range(len(x))):
            h, c, i, f, g, o, c_new = kept[t]
            dh = dh + dy[t]
            th = np.tanh(c_new)
            da_o = dh * th * o * (1 - o)
            dc_new = dc + dh * o * (1 - th * th) + da_o * p_o
            da_i = dc_new * g * i * (1 - i)
            da_f = dc_new * c * f * (1 - f)
            da_g = dc_new * i * (1 - g * g)
            da = np.concatenate([da_i, da_f, da_g, da_o])
            grad["weight_ih"] += np.outer(da, x[t])
            grad["weight_hh"] += np.outer(da, h)
            grad["bias_ih"] += da
            grad["bias_hh"] += da
            if cls.peephole:
                grad["weight_ph"] += [da_i * c, da_f * c, da_o * c_new]
            dx[t] = p["weight_ih"].T @ da
            dh = p["weight_hh"].T @ da
            dc = dc_new * f + da_i * p_i + da_f * p_f
        return dx


class Peephole(Lstm):
    peephole = True

    @staticmethod
    def shapes():
        return dict(Lstm.shapes(), weight_ph=(3, HIDDEN))


class Gru:
    """Reset after the product, as torch.nn.GRU."""

    @staticmethod
    def shapes():
        return {"weight_ih": (3 * HIDDEN, INPUTS),
                "weight_hh": (3 * HIDDEN, HIDDEN),
                "bias_ih": (3 * HIDDEN,), "bias_hh": (3 * HIDDEN,)}

    @staticmethod
    def forward(p, x):
        h, ys, kept = np.zeros(HIDDEN), [], []
        for x_t in x:
            u_r, u_z, u_n = np.split(p["weight_ih"] @ x_t + p["bias_ih"], 3)
            v_r, v_z, v_n = np.split(p["weight_hh"] @ h + p["bias_hh"], 3)
            r = sigmoid(u_r + v_r)
            z = sigmoid(u_z + v_z)
            n = np.tanh(u_n + r * v_n)
            kept.append((h, r, z, n, v_n))
            h = (1 - z) * n + z * h
            ys.append(h)
        return np.array(ys).reshape(len(x), HIDDEN), kept

    @staticmethod
    def backward(p, x, kept, dy, grad):
        dx, dh = np.zeros_like(x), np.zeros(HIDDEN)
        for t in reversed(range(len(x))):
            h, r, z, n, v_n = kept[t]
            dh = dh + dy[t]
            da_n = dh * (1 - z) * (1 - n * n)
            da_r = da_n * v_n * r * (1 - r)
            da_z = dh * (h - n) * z * (1 - z)
            du = np.concatenate([da_r, da_z, da_n])
            dv = np.concatenate([da_r, da_z, da_n * r])
            grad["weight_ih"] += np.outer(du, x[t])
            grad["bias_ih"] += du
            grad["weight_hh"] += np.outer(dv, h)
            grad["bias_hh"] += dv
            dx[t] = p["weight_ih"].T @ du
            dh = dh * z + p["weight_hh"].T @ dv
        return dx


class Ctrnn:
    @staticmethod
    def shapes():
        return {"weight_ih": (HIDDEN, INPUTS), "weight_hh": (HIDDEN, HIDDEN),
                "bias": (HIDDEN,), "tau_raw": (HIDDEN,)}

    @staticmethod
    def rate(p):
        """Step / tau, and its derivative by tau_raw."""
        tau = TAU_MIN + softplus(p["tau_raw"])
        return STEP / tau, -STEP / tau ** 2 * sigmoid(p["tau_raw"])


class CtrnnBeer(Ctrnn):
    """tau dy/dt = -y + W_hh sigmoid(y + b) + W_ih x; gives sigmoid(y + b)."""

    @staticmethod
    def forward(p, x):
        y, outs, kept = np.zeros(HIDDEN), [], []
        k, _ = Ctrnn.rate(p)
        for x_t in x:
            s = sigmoid(y + p["bias"])
            target = p["weight_hh"] @ s + p["weight_ih"] @ x_t
            y_new = y + k * (target - y)
            o = sigmoid(y_new + p["bias"])
            kept.append((y, s, target, o))
            y = y_new
            outs.append(o)
        return np.array(outs).reshape(len(x), HIDDEN), kept

    @staticmethod
    def backward(p, x, kept, dy, grad):
        dx, d_state = np.zeros_like(x), np.zeros(HIDDEN)
        k, dk = Ctrnn.rate(p)
        for t in reversed(range(len(x))):
            y, s, target, o = kept[t]
            da_o = dy[t] * o * (1 - o)
            d_new = d_state + da_o
            d_target = d_new * k
            da_s = p["weight_hh"].T @ d_target * s * (1 - s)
            grad["weight_ih"] += np.outer(d_target, x[t])
            grad["weight_hh"] += np.outer(d_target, s)
            grad["bias"] += da_o + da_s
            grad["tau_raw"] += d_new * (target - y) * dk
            dx[t] = p["weight_ih"].T @ d_target
            d_state = d_new * (1 - k) + da_s
        return dx


class CtrnnRate(Ctrnn):
    """tau dr/dt = -r + sigmoid(W_ih x + W_hh r + b); gives r."""

    @staticmethod
    def forward(p, x):
        r, outs, kept = np.zeros(HIDDEN), [], []
        k, _ = Ctrnn.rate(p)
        for x_t in x:
            s = sigmoid(p["weight_ih"] @ x_t + p["weight_hh"] @ r + p["bias"])
            kept.append((r, s))
            r = r + k * (s - r)
            outs.append(r)
        return np.array(outs).reshape(len(x), HIDDEN), kept

    @staticmethod
    def backward(p, x, kept, dy, grad):
        dx, d_state = np.zeros_like(x), np.zeros(HIDDEN)
        k, dk = Ctrnn.rate(p)
        for t in reversed(range(len(x))):
            r, s = kept[t]
            d_new = d_state + dy[t]
            da = d_new * k * s * (1 - s)
            grad["weight_ih"] += np.outer(da, x[t])
            grad["weight_hh"] += np.outer(da, r)
            grad["bias"] += da
            grad["tau_raw"] += d_new * (s - r) * dk
            dx[t] = p["weight_ih"].T @ da
            d_state = d_new * (1 - k) + p["weight_hh"].T @ da
        return dx


# ---- Directions --------------------------------------------------------------


def concat(a, b):
    return np.concatenate([a, b], axis=1)


MERGES = {
    # the merged rows, and the gradients of both sides from theirs
    "concat": (concat, lambda d, a, b: (d[:, :HIDDEN], d[:, HIDDEN:])),
    "sum": (lambda a, b: a + b, lambda d, a, b: (d, d)),
    "mul": (lambda a, b: a * b, lambda d, a, b: (d * b, d * a)),
    "average": (lambda a, b: (a + b) / 2, lambda d, a, b: (d / 2, d / 2)),
}


class Bidirectional:
    """The second direction sees each sequence from its own end."""

    def __init__(self, cell, merge):
        self.cell, (self.merge, self.split) = cell, MERGES[merge]
        self.width = 2 * HIDDEN if merge == "concat" else HIDDEN

    def shapes(self):
        shapes = {}
        for end in ("_l0", "_l0_reverse"):
            for name, shape in self.cell.shapes().items():
                shapes[name + end] = shape
        return shapes

    @staticmethod
    def side(values, end):
        return {name[:-len(end)]: value for name, value in values.items()
                if name.endswith(end)}

    def forward(self, p, x):
        a, kept_a = self.cell.forward(self.side(p, "_l0"), x)
        b, kept_b = self.cell.forward(self.side(p, "_l0_reverse"), x[::-1])
        b = b[::-1]
        return self.merge(a, b), (kept_a, kept_b, a, b)

    def backward(self, p, x, kept, dy, grad):
        kept_a, kept_b, a, b = kept
        da, db = self.split(dy, a, b)
        dx = self.cell.backward(self.side(p, "_l0"), x, kept_a, da,
                                self.side(grad, "_l0"))
        dx_back = self.cell.backward(self.side(p, "_l0_reverse"), x[::-1],
                                     kept_b, db[::-1],
                                     self.side(grad, "_l0_reverse"))
        return dx + dx_back[::-1]


class OneDirection:
    width = HIDDEN

    def __init__(self, cell):
        self.cell = cell

    def shapes(self):
        return {name + "_l0": shape
                for name, shape in self.cell.shapes().items()}

    def forward(self, p, x):
        return self.cell.forward(Bidirectional.side(p, "_l0"), x)

    def backward(self, p, x, kept, dy, grad):
        return self.cell.backward(Bidirectional.side(p, "_l0"), x, kept, dy,
                                  Bidirectional.side(grad, "_l0"))


# ---- A case ------------------------------------------------------------------


def draw(random, shape, scale):
    """Numbers that a float holds exactly and few digits write."""
    return np.round(random.uniform(-scale, scale, shape) * 1024) / 1024


def loss_of(model, p, x, w):
    return sum(np.sum(model.forward(p, x[b, :n])[0] * w[b, :n])
               for b, n in enumerate(LENGTHS))


def differences(model, p, x, w, array):
    found = np.zeros_like(array)
    for i in np.ndindex(array.shape):
        before, h = array[i], 1e-5
        array[i] = before + h
        high = loss_of(model, p, x, w)
        array[i] = before - h
        low = loss_of(model, p, x, w)
        array[i] = before
        found[i] = (high - low) / (2 * h)
    return found


def solve(model, p, x, w):
    """Padded outputs, gradient of x, gradients of parameters; all checked."""
    grad = {name: np.zeros_like(value) for name, value in p.items()}
    y, dx = np.zeros_like(w), np.zeros_like(x)
    for b, n in enumerate(LENGTHS):
        y[b, :n], kept = model.forward(p, x[b, :n])
        dx[b, :n] = model.backward(p, x[b, :n], kept, w[b, :n], grad)
    for name, value in p.items():
        assert np.allclose(grad[name], differences(model, p, x, w, value),
                           rtol=1e-7, atol=1e-8), name
    assert np.allclose(dx, differences(model, p, x, w, x), rtol=1e-7,
                       atol=1e-8)
    return y, dx, grad


def c_array(name, values):
    text, line = f"static const double {name}[] = {{\n", "   "
    for value in np.ravel(values):
        word = f" {float(value)!r},"
        if len(line) + len(word) > 79:
            text, line = text + line + "\n", "   "
        line += word
    return text + line + "\n};\n"


def write_case(folder, name, model, seed):
    random = np.random.default_rng(seed)
    p = {part: draw(random, shape, 0.8)
         for part, shape in model.shapes().items()}
    x = np.zeros((len(LENGTHS), max(LENGTHS), INPUTS))
    w = np.zeros((len(LENGTHS), max(LENGTHS), model.width))
    for b, n in enumerate(LENGTHS):
        x[b, :n] = draw(random, (n, INPUTS), 1.5)
        w[b, :n] = draw(random, (n, model.width), 1)
    y, dx, grad = solve(model, p, x, w)
    text = ("// SPDX-License-Identifier: MIT\n"
            "// Written by make_cases.py: do not edit.\n")
    for part, values in (("x", x), ("weights", w), ("y", y), ("dx", dx)):
        text += c_array(f"{name}_{part}", values)
    rows = ""
    for part in p:
        text += c_array(f"{name}_{part}", p[part])
        text += c_array(f"{name}_d_{part}", grad[part])
        rows += (f'    {{"{part}", {p[part].size},\n     {name}_{part},\n'
                 f"     {name}_d_{part}}},\n")
    text += (f"static const case_parameter {name}_parameters[] = {{\n"
             f"{rows}}};\n"
             f"static const case_data {name}_data = {{\n"
             f"    {len(p)}, {model.width}, {name}_x, {name}_weights,\n"
             f"    {name}_y, {name}_dx, {name}_parameters,\n}};\n")
    (folder / f"{name}.h").write_text(text)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1
                          else pathlib.Path(__file__).resolve().parent)
    models = {"peephole": OneDirection(Peephole),
              "ctrnn_beer": OneDirection(CtrnnBeer),
              "ctrnn_rate": OneDirection(CtrnnRate)}
    for cell in (Lstm, Gru):
        for merge in MERGES:
            name = f"{cell.__name__.lower()}_{merge}"
            models[name] = Bidirectional(cell, merge)
    for seed, (name, model) in enumerate(models.items()):
        write_case(folder, name, model, 20250 + seed)


if __name__ == "__main__":
    main()
