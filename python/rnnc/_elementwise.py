# SPDX-License-Identifier: MIT
"""Operations element by element.

Operands have equal columns, or one column that goes with all; beside batch or
sequence values a static operand has one row. Numbers and arrays become
constants of the graph. The result has the kind of the operand that has most:
static, batch, sequence.
"""
from __future__ import annotations

from ._graph import Node, Operand, call, call_with


def add(a: Operand, b: Operand) -> Node:
    """a + b.

    Parameters
    ----------
    a, b : Node, number or array
        One of them a node.

    Returns
    -------
    Node
    """
    return call_with("add", a, b)


def sub(a: Operand, b: Operand) -> Node:
    """a - b.

    Parameters
    ----------
    a, b : Node, number or array
        One of them a node.

    Returns
    -------
    Node
    """
    return call_with("sub", a, b)


def mul(a: Operand, b: Operand) -> Node:
    """a b.

    Parameters
    ----------
    a, b : Node, number or array
        One of them a node.

    Returns
    -------
    Node
    """
    return call_with("mul", a, b)


def div(a: Operand, b: Operand) -> Node:
    """a / b.

    Parameters
    ----------
    a, b : Node, number or array
        One of them a node.

    Returns
    -------
    Node
    """
    return call_with("div", a, b)


def min(a: Operand, b: Operand) -> Node:
    """a where a <= b, else b.

    Parameters
    ----------
    a, b : Node, number or array
        One of them a node.

    Returns
    -------
    Node
    """
    return call_with("min", a, b)


def max(a: Operand, b: Operand) -> Node:
    """a where a >= b, else b.

    Parameters
    ----------
    a, b : Node, number or array
        One of them a node.

    Returns
    -------
    Node
    """
    return call_with("max", a, b)


def less(a: Operand, b: Operand) -> Node:
    """1 where a < b, else 0; no gradient.

    Parameters
    ----------
    a, b : Node, number or array
        One of them a node.

    Returns
    -------
    Node
    """
    return call_with("less", a, b)


def less_equal(a: Operand, b: Operand) -> Node:
    """1 where a <= b, else 0; no gradient.

    Parameters
    ----------
    a, b : Node, number or array
        One of them a node.

    Returns
    -------
    Node
    """
    return call_with("less_equal", a, b)


def equal(a: Operand, b: Operand) -> Node:
    """1 where a == b, else 0; no gradient.

    Parameters
    ----------
    a, b : Node, number or array
        One of them a node.

    Returns
    -------
    Node
    """
    return call_with("equal", a, b)


def select(condition: Operand, yes: Operand, no: Operand) -> Node:
    """`yes` where the condition is not 0, else `no`.

    Parameters
    ----------
    condition : Node, number or array
        Has no gradient.
    yes, no : Node, number or array

    Returns
    -------
    Node
    """
    return call_with("select", condition, yes, no)


def neg(x: Node) -> Node:
    """-x.

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        the shape of x
    """
    return call("neg", x)


def abs(x: Node) -> Node:
    """|x|.

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        the shape of x
    """
    return call("abs", x)


def exp(x: Node) -> Node:
    """e to the x.

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        the shape of x
    """
    return call("exp", x)


def log(x: Node) -> Node:
    """Natural logarithm.

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        the shape of x
    """
    return call("log", x)


def sqrt(x: Node) -> Node:
    """Square root.

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        the shape of x
    """
    return call("sqrt", x)


def sigmoid(x: Node) -> Node:
    """1 / (1 + exp(-x)).

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        the shape of x
    """
    return call("sigmoid", x)


def tanh(x: Node) -> Node:
    """Hyperbolic tangent.

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        the shape of x
    """
    return call("tanh", x)


def relu(x: Node) -> Node:
    """x where x > 0, else 0.

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        the shape of x
    """
    return call("relu", x)


def softplus(x: Node) -> Node:
    """log(1 + exp(x)).

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        the shape of x
    """
    return call("softplus", x)


def softsign(x: Node) -> Node:
    """x / (1 + |x|).

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        the shape of x
    """
    return call("softsign", x)


def elu(x: Node, alpha: float = 1.0) -> Node:
    """x where x > 0, else alpha (exp(x) - 1), as ONNX Elu.

    Parameters
    ----------
    x : Node
    alpha : float
        Finite.

    Returns
    -------
    Node
        the shape of x
    """
    return call("elu", x, alpha)


def hard_sigmoid(x: Node, alpha: float = 0.2, beta: float = 0.5) -> Node:
    """min(max(alpha x + beta, 0), 1), as ONNX HardSigmoid.

    Parameters
    ----------
    x : Node
    alpha, beta : float
        Finite.

    Returns
    -------
    Node
        the shape of x
    """
    return call("hard_sigmoid", x, alpha, beta)


def leaky_relu(x: Node, alpha: float = 0.01) -> Node:
    """x where x > 0, else alpha x.

    Parameters
    ----------
    x : Node
    alpha : float
        Finite.

    Returns
    -------
    Node
        the shape of x
    """
    return call("leaky_relu", x, alpha)


def thresholded_relu(x: Node, alpha: float = 1.0) -> Node:
    """x where x > alpha, else 0.

    Parameters
    ----------
    x : Node
    alpha : float
        Finite.

    Returns
    -------
    Node
        the shape of x
    """
    return call("thresholded_relu", x, alpha)


def affine(x: Node, alpha: float, beta: float) -> Node:
    """alpha x + beta.

    Parameters
    ----------
    x : Node
    alpha, beta : float
        Finite.

    Returns
    -------
    Node
        the shape of x
    """
    return call("affine", x, alpha, beta)


def scaled_tanh(x: Node, alpha: float, beta: float) -> Node:
    """alpha tanh(beta x), as ONNX ScaledTanh.

    Parameters
    ----------
    x : Node
    alpha, beta : float
        Finite.

    Returns
    -------
    Node
        the shape of x
    """
    return call("scaled_tanh", x, alpha, beta)


def clip(x: Node, low: float, high: float) -> Node:
    """min(max(x, low), high).

    Parameters
    ----------
    x : Node
    low, high : float
        Finite.

    Returns
    -------
    Node
        the shape of x
    """
    return call("clip", x, low, high)
