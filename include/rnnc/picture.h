/* SPDX-License-Identifier: MIT */
/** @file picture.h @defgroup picture Picture Graphs drawn by Graphviz. @{ */
#ifndef RNNC_PICTURE_H
#define RNNC_PICTURE_H
#include <stddef.h>
#include "rnnc/cell.h"
#ifdef __cplusplus
extern "C" {
#endif
/* as DOT text; sizes as rnnc_plan_print */
RNNC_API size_t rnnc_graph_picture(const rnnc_graph *graph, char *text, size_t size);
/* the cell unrolled for `steps` steps, shared parameters drawn once */
RNNC_API size_t rnnc_cell_picture(const rnnc_cell *cell, int32_t steps, char *text, size_t size);
#ifdef __cplusplus
}
#endif
/** @} */
#endif
