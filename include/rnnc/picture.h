/* SPDX-License-Identifier: MIT */
/**
 * @file picture.h
 * @defgroup picture Picture
 * Graphs drawn by Graphviz.
 *
 * Both calls write DOT text. Values are boxes, parameters ellipses, and edges
 * carry the shape of the value that flows along them; a cell is one box where
 * it is unrolled. `dot -Tsvg` makes a picture of it.
 * @{
 */
#ifndef RNNC_PICTURE_H
#define RNNC_PICTURE_H

#include <stddef.h>

#include "rnnc/cell.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The graph: inputs at the top, each unrolled cell as one box.
 * @param graph a graph or NULL
 * @param text receives at most `size` bytes, with a closing 0 where size > 0;
 *   may be NULL where it is 0
 * @param size bytes of `text`
 * @return bytes of the whole text without the closing 0; 0 for NULL
 * @note any thread that may read the graph
 */
RNNC_API size_t rnnc_graph_picture(const rnnc_graph *graph, char *text,
                                   size_t size);

/**
 * A cell unrolled: a cluster for each step, states carried from one to the
 * next, and parameters, which all steps share, drawn once.
 * @param cell a cell or NULL; it need not be complete
 * @param steps from 1 to 1000; others are taken as the nearest
 * @param text receives at most `size` bytes, with a closing 0 where size > 0;
 *   may be NULL where it is 0
 * @param size bytes of `text`
 * @return bytes of the whole text without the closing 0; 0 for NULL, and where
 *   memory ran out
 * @note any thread that may read the graph
 */
RNNC_API size_t rnnc_cell_picture(const rnnc_cell *cell, int32_t steps,
                                  char *text, size_t size);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
