# SPDX-License-Identifier: MIT
"""A moving average of weights, often a better model than the last ones."""
from __future__ import annotations

from ._abi import constants
from ._handle import Handle
from ._library import lib
from ._record import Record
from ._weights import Weights


class Average(Handle):
    """A moving average of weights, as ``torch.optim.swa_utils`` has it.

    Parameters
    ----------
    weights : Weights
        What is averaged.
    kind : int
        ``AVERAGE_EXPONENTIAL`` or ``AVERAGE_EQUAL``.
    decay : float
        Of an exponential average, usually 0.99 to 0.9999; 0 of an equal one.
    """

    _noun = "average"

    def __init__(self, weights: Weights,
                 kind: int = constants.AVERAGE_EXPONENTIAL,
                 decay: float = 0.999) -> None:
        if kind == constants.AVERAGE_EQUAL and decay == 0.999:
            decay = 0.0
        self._take(lib.rnnc_average_create(weights._owner, kind, decay),
                   weights._owner)

    def update(self) -> None:
        """Take the present values of all parameters into the average."""
        self._check(lib.rnnc_average_update(self._owner))

    @property
    def count(self) -> int:
        """How many updates it has had."""
        return int(lib.rnnc_average_count(self._owner))

    @property
    def weights(self) -> Weights:
        """The average as weights, which keep it alive."""
        return Weights._of(lib.rnnc_average_weights(self._owner),
                           self._owner)

    def swap(self) -> None:
        """Exchange the values of the weights and of their average."""
        self._check(lib.rnnc_average_swap(self._owner))

    def save(self, record: Record) -> None:
        """Write the average and its count into a record.

        Parameters
        ----------
        record : Record
        """
        self._check(lib.rnnc_average_save(self._owner, record._owner))

    def restore(self, record: Record) -> None:
        """Take back what `save` wrote.

        Parameters
        ----------
        record : Record
        """
        self._check(lib.rnnc_average_restore(self._owner, record._owner))
