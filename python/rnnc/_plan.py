# SPDX-License-Identifier: MIT
"""A graph made ready for one use."""
from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Optional

from . import _array
from ._abi import constants, types
from ._graph import Graph, Node
from ._handle import Handle
from ._library import lib, struct_of, text_from

_USES = ("infer", "train", "stream")


class Plan(Handle):
    """How to compute what is wanted of a graph.

    Any number of runs and streams, on any threads, may share a plan.

    Parameters
    ----------
    graph : Graph
    use : int
        ``INFER``, ``TRAIN`` or ``STREAM``.
    outputs : sequence of Node
        Whose values a run must be able to give.
    loss : Node, optional
        What to minimise, static [1, 1]; needed for ``TRAIN``.
    gradients : sequence of Node
        ``TRAIN``: float inputs whose gradient is wanted too.
    axis : str, optional
        ``STREAM``: the axis that steps; "time" if not given.
    block_rows : int
        Rows of a time block to aim at; 0: the library chooses.
    keep : int
        ``TRAIN``: one of ``KEEP_``.
    segment_rows : int
        ``KEEP_SEGMENTS`` and ``KEEP_BUDGET``: rows of a segment to aim at;
        0: the library chooses.

    Attributes
    ----------
    graph : Graph
    use : int
    outputs, gradients : tuple of Node
    loss : Node or None

    Raises
    ------
    ArgumentError
        No output and no loss, no loss to train by, a node of a cell.
    UnsupportedError
        A stream through a reversal, which needs the end of a sequence.
    """

    _noun = "plan"

    def __init__(self, graph: Graph, use: int = constants.INFER, *,
                 outputs: Sequence[Node] = (), loss: Optional[Node] = None,
                 gradients: Sequence[Node] = (), axis: Optional[str] = None,
                 block_rows: int = 0, keep: int = constants.KEEP_RESULTS,
                 segment_rows: int = 0) -> None:
        self.graph, self.use, self.loss = graph, use, loss
        self.outputs, self.gradients = tuple(outputs), tuple(gradients)
        options = struct_of(
            types.rnnc_plan_options, use=use,
            outputs=_array.pointers(outputs), n_outputs=len(outputs),
            loss=None if loss is None else loss._as_parameter_,
            gradients=_array.pointers(gradients),
            n_gradients=len(gradients), block_rows=block_rows, keep=keep,
            axis=axis, segment_rows=segment_rows)
        self._take(lib.rnnc_plan_create(graph._owner, ctypes.byref(options)),
                   graph._owner)

    def print(self) -> str:
        """The plan as text for people; its form may change."""
        return text_from(lib.rnnc_plan_print, self._owner)

    def __str__(self) -> str:
        return self.print()

    def _repr_svg_(self) -> str:
        from ._picture import svg_of_text
        return svg_of_text(self.print())

    def __repr__(self) -> str:
        if self.closed:
            return "<rnnc.Plan, closed>"
        return (f"<rnnc.Plan to {_USES[self.use]}, {len(self.outputs)} "
                f"outputs>")
