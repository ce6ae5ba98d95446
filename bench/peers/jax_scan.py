# SPDX-License-Identifier: MIT
"""JAX: cells written by hand, lax.scan over time, the whole step jitted. The
product of the input is hoisted out of the scan by hand."""
import fill
import jax
import jax.numpy as jnp
import numpy as np
import session
from jax.nn import sigmoid
from session import Absent, Work


def lstm(p, of_x, state):
    h, c = state
    i, f, g, o = jnp.split(of_x + h @ p["weight_hh_l0"] + p["bias_hh_l0"], 4,
                           axis=1)
    c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    h = sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def gru(p, of_x, state):
    h, = state
    of_h = h @ p["weight_hh_l0"] + p["bias_hh_l0"]
    (r_x, z_x, n_x), (r_h, z_h, n_h) = (jnp.split(v, 3, axis=1)
                                        for v in (of_x, of_h))
    z = sigmoid(z_x + z_h)
    h = (1 - z) * jnp.tanh(n_x + sigmoid(r_x + r_h) * n_h) + z * h
    return (h,), h


def rnn(p, of_x, state):
    h = jnp.tanh(of_x + state[0] @ p["weight_hh_l0"] + p["bias_hh_l0"])
    return (h,), h


def peephole(p, of_x, state):
    h, c = state
    i, f, g, o = jnp.split(of_x + h @ p["u"], 4, axis=1)
    i, f = sigmoid(i + p["p_i"] * c), sigmoid(f + p["p_f"] * c)
    c = f * c + i * jnp.tanh(g)
    h = sigmoid(o + p["p_o"] * c) * jnp.tanh(c)
    return (h, c), h


# The step, how many states, and the names of the input's product and bias.
CELLS = {"lstm": (lstm, 2, "weight_ih_l0", "bias_ih_l0"),
         "gru": (gru, 1, "weight_ih_l0", "bias_ih_l0"),
         "rnn": (rnn, 1, "weight_ih_l0", "bias_ih_l0"),
         "peephole": (peephole, 2, "w", "b")}


def parameters(row):
    """Matrices are [from, to] here."""
    n, gates = row.hidden, session.GATES[row.cell]
    if row.cell != "peephole":
        shapes = {"weight_ih_l0": (gates * n, row.inputs),
                  "bias_ih_l0": (gates * n,),
                  "weight_hh_l0": (gates * n, n), "bias_hh_l0": (gates * n,)}
        return {name: fill.weight(name, n, *shape).T
                for name, shape in shapes.items()}
    made = {name: np.concatenate([fill.weight(f"{name}_{g}", n, *shape)
                                  for g in "ifgo"]).T
            for name, shape in (("w", (n, row.inputs)), ("u", (n, n)),
                                ("b", (n,)))}
    return made | {p: fill.weight(p, n, n) for p in ("p_i", "p_f", "p_o")}


def shown(row, gradients):
    """Under the names that librnnc has."""
    for name, array in gradients.items():
        array = np.asarray(array).T
        if name in "wub":
            for letter, part in zip("ifgo", np.split(array, 4)):
                yield f"{name}_{letter}", part
        else:
            yield name, array


def training_step(row):
    step, states, weight, bias = CELLS[row.cell]
    zero = jnp.zeros((row.batch, row.hidden))

    def loss(p, x):
        of_x = x @ p[weight] + p[bias]
        y = jax.lax.scan(lambda state, row_x: step(p, row_x, state),
                         (zero,) * states, of_x)[1]
        return y.sum(), y

    return jax.jit(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))


def train(row):
    run = training_step(row)
    p = {name: jnp.asarray(array) for name, array in parameters(row).items()}
    x = fill.floats("x", (row.batch, row.steps, row.inputs)).swapaxes(0, 1)
    x = jnp.asarray(np.ascontiguousarray(x))

    def act():
        return jax.block_until_ready(run(p, x))

    def show():
        (_, y), (of_p, of_x) = act()
        return {"y": np.asarray(y).swapaxes(0, 1),
                "x": np.asarray(of_x).swapaxes(0, 1),
                **dict(shown(row, of_p))}
    return Work(act, show)


def make(row):
    if row.kind != "train" or row.cell not in CELLS:
        raise Absent("training rows alone")
    return train(row)


def about():
    return (f"JAX {jax.__version__}, jaxlib {jax.lib.__version__}: XLA's own "
            "products (Eigen)")


if __name__ == "__main__":
    session.serve(about, make)
