# SPDX-License-Identifier: MIT
# Written by scripts/python_abi.py from include/rnnc; not to be edited.
"""Callbacks and option structs."""
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_float,
                    c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p)


rnnc_allocate = CFUNCTYPE(c_void_p, c_void_p, c_size_t)


rnnc_release = CFUNCTYPE(None, c_void_p, c_void_p)


rnnc_schedule_factor = CFUNCTYPE(c_double, c_void_p, c_int64)


class rnnc_cell_options(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("variant", c_int32),
        ("bias", c_int32),
        ("init", c_int32),
        ("layer", c_int32),
        ("reverse", c_int32),
        ("learned_first", c_int32),
        ("step", c_float),
        ("tau_min", c_float),
        ("reserved", c_uint32),
    ]


class rnnc_import_options(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("transpose", c_int32),
        ("first", c_int64),
        ("count", c_int64),
        ("to_first", c_int64),
        ("to_count", c_int64),
        ("blocks", POINTER(c_int32)),
        ("n_blocks", c_int32),
        ("reserved", c_uint32),
    ]


class rnnc_cross_entropy_options(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reduction", c_int32),
        ("has_ignore", c_int32),
        ("ignore_index", c_int32),
        ("smoothing", c_float),
        ("reserved", c_uint32),
        ("class_weights", c_void_p),
    ]


class rnnc_plan_options(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("use", c_int32),
        ("outputs", POINTER(c_void_p)),
        ("loss", c_void_p),
        ("gradients", POINTER(c_void_p)),
        ("n_outputs", c_int32),
        ("n_gradients", c_int32),
        ("axis", c_char_p),
        ("block_rows", c_int64),
        ("keep", c_int32),
        ("reserved", c_uint32),
        ("segment_rows", c_int64),
    ]


class rnnc_schedule_setting(Structure):
    _fields_ = [
        ("option", c_int32),
        ("group", c_int32),
        ("value", c_double),
    ]


class rnnc_progress(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("event", c_int32),
        ("epoch", c_int64),
        ("epochs", c_int64),
        ("step", c_int64),
        ("batch", c_int64),
        ("batches", c_int64),
        ("window", c_int64),
        ("loss", c_double),
        ("norm", c_double),
        ("rate", c_double),
        ("held_out", c_double),
        ("best", c_double),
        ("mass", c_int64),
        ("improved", c_int32),
        ("reserved", c_uint32),
    ]


class rnnc_fill_request(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("held_out", c_int32),
        ("epoch", c_int64),
        ("batch", c_int64),
        ("run", c_void_p),
    ]


rnnc_progress_callback = CFUNCTYPE(c_int32, c_void_p, POINTER(rnnc_progress))


rnnc_fill = CFUNCTYPE(c_int32, c_void_p, POINTER(rnnc_fill_request))


class rnnc_layers_options(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("layers", c_int32),
        ("bidirectional", c_int32),
        ("merge", c_int32),
        ("dropout", c_float),
        ("reserved", c_uint32),
        ("cell", rnnc_cell_options),
    ]


class rnnc_context_options(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("threads", c_int32),
        ("allocate", rnnc_allocate),
        ("release", rnnc_release),
        ("user", c_void_p),
        ("file_limit", c_uint64),
        ("node_limit", c_uint32),
        ("reserved", c_uint32),
        ("depth_limit", c_uint32),
        ("name_limit", c_uint32),
    ]


class rnnc_trainer_options(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("order", c_int32),
        ("data", c_void_p),
        ("held_out", c_void_p),
        ("epochs", c_int64),
        ("steps", c_int64),
        ("batch", c_int64),
        ("window", c_int64),
        ("accumulate", c_int32),
        ("count_by", c_int32),
        ("clip_norm", c_double),
        ("clip_value", c_double),
        ("seed", c_uint64),
        ("schedule", c_void_p),
        ("plateau", c_void_p),
        ("average", c_void_p),
        ("schedule_every", c_int32),
        ("patience", c_int32),
        ("least_gain", c_double),
        ("validate_every", c_int64),
        ("fill", rnnc_fill),
        ("fill_held_out", rnnc_fill),
        ("progress", rnnc_progress_callback),
        ("user", c_void_p),
        ("checkpoints", c_char_p),
        ("checkpoint_keep", c_int32),
        ("reserved", c_uint32),
        ("checkpoint_steps", c_int64),
        ("checkpoint_seconds", c_double),
        ("checkpoint_epochs", c_int64),
        ("plan", c_void_p),
    ]
