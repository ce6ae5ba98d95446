// SPDX-License-Identifier: MIT
// A graph as JSON, the string "librnnc.graph" in a model file's metadata:
//
// { "format": 1, "features": [...],         what a reader must know
//   "axes": ["time", ...],
//   "cells": [{"name", "inputs": [id], "outputs": [id],
//              "states": [{"node": id, "next": id, "first": id}]}],
//   "nodes": [{"id", "op", "version", "name", "scope": cell, "inputs": [id],
//              "kind", "type", "axis": index, "rows", "cols",
//              words of graph/ops.def with their values, and
//              of parameters "frozen" and "initial": [{"init", "value",
//              "first", "count"}], of constants "tensor"}] }
//
// Nodes are in the order they were made and ids count from 0. What is absent
// is none. A parameter's name is that of its tensor.
#ifndef RNI_GRAPH_JSON_H
#define RNI_GRAPH_JSON_H

#include "file/safetensors.h"
#include "graph/names.h"
#include "graph/node.h"

enum { RNI_GRAPH_FORMAT = 1, RNI_GRAPH_AXES = 256, RNI_GRAPH_CELLS = 65536 };

// The tensor that holds a constant: "constant.<id>", or "constant.<id>_<n>"
// with the first n from 1 on that is no parameter's name.
enum { RNI_CONSTANT_TEXT = 64 };
void rni_constant_name(const rnnc_node *constant, char text[RNI_CONSTANT_TEXT]);

// Words of the format, in the order of the enumerations they name.
extern const char *const rni_kind_words[3];
extern const char *const rni_type_words[2];
extern const char *const rni_init_words[7];

void rni_graph_write(const rnnc_graph *graph, rni_text *text);

// Builds the graph that `json` describes into `graph`, which is empty, through
// the builder calls. Constants and shapes of parameters must be in `file`.
rnnc_status rni_graph_read(rnnc_graph *graph, const rni_json *json,
                           const rni_safetensors *file, rni_error *error);

#endif
