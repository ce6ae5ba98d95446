# SPDX-License-Identifier: MIT
"""librnnc: recurrent neural networks, where a cell is data.

Names are those of the C library without ``rnnc_``. What belongs to a handle
is a method of its class (`Run.forward` is ``rnnc_run_forward``), everything
else a function of this module (`linear` is ``rnnc_linear``), and constants
are in capitals (`TRAIN` is ``RNNC_TRAIN``). Errors are exceptions.
"""
from ._abi.constants import *  # noqa: F401,F403
from ._average import Average
from ._cell import (Cell, bidirectional, cell_ctrnn, cell_gru, cell_lstm,
                    cell_make, cell_peephole, cell_rnn, layers, unroll,
                    unroll_final, unroll_output, unroll_with)
from ._checkpoint import Checkpoints
from ._context import Context, isa
from ._dataset import Dataset
from ._elementwise import (abs, add, affine, clip, div, elu, equal, exp,
                           hard_sigmoid, leaky_relu, less, less_equal, log,
                           max, min, mul, neg, relu, scaled_tanh, select,
                           sigmoid, softplus, softsign, sqrt, sub, tanh,
                           thresholded_relu)
from ._error import (ArgumentError, DataError, Error, FileError, FormatError,
                     LimitError, OutOfMemoryError, ShapeError, StateError,
                     UnknownNameError, UnsupportedError)
from ._features import (concat, dropout, layer_norm, log_softmax, mean,
                        normalize, rows, slice, softmax, sum)
from ._fit import fit, train_step
from ._graph import Graph, Node
from ._import import Import
from ._leaves import (constant, freeze, init_rows, input_batch,
                      input_batch_ids, input_ids, input_ids_on, input_rows,
                      input_rows_on, input_static, name, parameter,
                      parameter_vector, scalar)
from ._library import lib, text_of
from ._losses import (binary_cross_entropy, cross_entropy, huber, l2_penalty,
                      mse, total)
from ._model import Model, model_save, model_save_memory
from ._optimizer import Optimizer, clip_norm, clip_value, scale_gradients
from ._plan import Plan
from ._products import (embedding, linear, lookup, matmul, project,
                        project_unbiased)
from ._record import Record
from ._reference import Reference
from ._run import Run
from ._schedule import Schedule
from ._sequence import Sequence
from ._stream import Stream
from ._time import pool, repeat, reverse, shift
from ._torch import Network, from_torch, to_torch
from ._trainer import Progress, Trainer
from ._weights import Weights

__version__ = text_of(lib.rnnc_version())
