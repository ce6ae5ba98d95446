/* SPDX-License-Identifier: MIT */
/**
 * @file graph.h
 * @defgroup graph Graph
 * Describing a computation.
 *
 * A graph is a list of nodes, each an operation on nodes made before it. A
 * node's value is a matrix of float32 or of ids, and its *kind* says what the
 * rows stand for: nothing (static), the sequences of a batch (batch), or the
 * steps of those sequences (sequence). How many sequences there are, and how
 * long they are, is not known before a run; all else is checked when a node is
 * made. A sequence belongs to a time axis, and rows of different axes meet only
 * through operations that cross rows.
 *
 * Every builder call returns a new node, owned by the graph, or NULL where it
 * fails; see @ref operation and @ref cell for most of them. The first failure
 * stays on the graph, all later calls return NULL, and a NULL operand is passed
 * through; so a description is checked once at its end with
 * rnnc_graph_status(). Its statuses, for all builder calls:
 * - ::RNNC_E_SHAPE: shapes, kinds, types or axes that do not go together,
 *   nodes of another graph's cell, a row of the graph used inside a cell
 * - ::RNNC_E_ARGUMENT: a size, option or number out of range, a NULL operand
 *   that no earlier error explains, a node of another graph
 * - ::RNNC_E_NAME: a name that is taken, empty, longer than 255 bytes, or not
 *   printable UTF-8
 * - ::RNNC_E_STATE: a cell changed after it was unrolled
 * - ::RNNC_E_UNSUPPORTED: an operation on whole sequences inside a cell
 * - ::RNNC_E_MEMORY: memory ran out
 *
 * One thread at a time may describe a graph. Once it is described, any number
 * of threads may read it, plan it and run it.
 * @{
 */
#ifndef RNNC_GRAPH_H
#define RNNC_GRAPH_H

#include <stdint.h>

#include "rnnc/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A description: nodes, cells and parameters. */
typedef struct rnnc_graph rnnc_graph;

/** One operation of a graph and its value. Lives as long as the graph. */
typedef struct rnnc_node rnnc_node;

/** What the rows of a value stand for. */
enum {
    RNNC_STATIC = 0,  /**< nothing: a shape of its own */
    RNNC_BATCH = 1,   /**< a row for each sequence */
    RNNC_SEQUENCE = 2 /**< a row for each step of each sequence */
};

/** The type of a value. */
enum {
    RNNC_FLOAT = 0, /**< float32 */
    RNNC_IDS = 1    /**< int32 from 0 up to a vocabulary, one column */
};

/** How a parameter, or a block of its rows, begins. Each takes a `value`. */
enum {
    RNNC_INIT_ZEROS = 0,    /**< 0; `value` has no meaning */
    RNNC_INIT_CONSTANT = 1, /**< `value` */
    RNNC_INIT_UNIFORM = 2,  /**< uniform from -`value` up to `value` */
    RNNC_INIT_NORMAL = 3,   /**< normal, mean 0, deviation `value` */
    RNNC_INIT_GLOROT = 4,   /**< uniform, +-`value` sqrt(6 / (rows + columns of
                                 the block)), 0 as 1; Glorot, Bengio 2010 */
    RNNC_INIT_ORTHOGONAL = 5, /**< the shorter side's vectors orthonormal,
                                   times `value`, 0 as 1; Saxe et al. 2014 */
    RNNC_INIT_IDENTITY = 6    /**< `value` (0 as 1) on the diagonal, else 0;
                                   Le, Jaitly and Hinton 2015 */
};

/**
 * @name The graph
 * @{
 */

/**
 * Makes an empty graph.
 * @param context where memory comes from, kept alive; NULL for the defaults
 * @return a handle (see @ref status), or NULL where memory ran out. A context
 *   that carries an error hands it on.
 */
RNNC_API rnnc_graph *rnnc_graph_create(rnnc_context *context);

/**
 * Lets go of a graph. Weights, plans and runs made from it keep it alive;
 * without them its nodes and cells are gone.
 * @param graph NULL is allowed
 */
RNNC_API void rnnc_graph_destroy(rnnc_graph *graph);

/**
 * How the description went.
 * @param graph a graph or NULL
 * @return the first error of all its builder calls, or ::RNNC_OK;
 *   ::RNNC_E_MEMORY for NULL
 */
RNNC_API rnnc_status rnnc_graph_status(const rnnc_graph *graph);

/**
 * The first error in words: the operation, the nodes and shapes it was given,
 * and what was expected.
 * @param graph a graph or NULL
 * @return a string that lives as long as the graph, "" where all is well
 */
RNNC_API const char *rnnc_graph_message(const rnnc_graph *graph);

/**
 * Finds a node by its name.
 * @param graph a graph or NULL
 * @param name name of an input, a parameter, or what rnnc_name() gave
 * @return a node of the graph itself, not of a cell; NULL where there is none,
 *   which is no error
 */
RNNC_API rnnc_node *rnnc_graph_node(const rnnc_graph *graph, const char *name);

/** @param graph a graph or NULL @return how many parameters it has */
RNNC_API int32_t rnnc_graph_parameter_count(const rnnc_graph *graph);

/**
 * A parameter by its place in the order in which they were made.
 * @param graph a graph or NULL
 * @param index 0 up to rnnc_graph_parameter_count()
 * @return its node, or NULL where there is none
 */
RNNC_API rnnc_node *rnnc_graph_parameter(const rnnc_graph *graph,
                                         int32_t index);

/** @} */

/**
 * @name About a node
 * @{
 */

/**
 * Names a node that has no name yet.
 * @param node any node; the name is unique among the nodes of the graph, or of
 *   its cell
 * @param name copied
 * @return `node`, so that a call can stand around a builder call
 */
RNNC_API rnnc_node *rnnc_name(rnnc_node *node, const char *name);

/** @param node a node or NULL @return its name, NULL where it has none */
RNNC_API const char *rnnc_node_name(const rnnc_node *node);

/**
 * What its rows stand for.
 * @param node a node or NULL
 * @return ::RNNC_STATIC, ::RNNC_BATCH or ::RNNC_SEQUENCE (inside a cell: a row
 *   of the step); -1 for NULL
 */
RNNC_API int32_t rnnc_node_kind(const rnnc_node *node);

/** @param node a node or NULL @return RNNC_FLOAT or RNNC_IDS; -1 for NULL */
RNNC_API int32_t rnnc_node_type(const rnnc_node *node);

/** @param node a node or NULL @return rows of a static value, 1 of others; 0
 * for NULL */
RNNC_API int64_t rnnc_node_rows(const rnnc_node *node);

/** @param node a node or NULL @return columns (features); 0 for NULL */
RNNC_API int64_t rnnc_node_cols(const rnnc_node *node);

/**
 * The axis of a sequence.
 * @param node a node or NULL
 * @return its name, "time" for the default one, which lives as long as the
 *   graph; NULL for static and batch values and inside a cell
 */
RNNC_API const char *rnnc_node_axis(const rnnc_node *node);

/** @param node a node or NULL @return dimensions of its tensor in files: 1 for
 * a parameter that is a vector, else 2; 0 for NULL */
RNNC_API int32_t rnnc_node_dimensions(const rnnc_node *node);

/** @} */

/**
 * @name Inputs
 * What a run is given. Names are unique. All inputs of one axis have the same
 * lengths in a run, and all axes the same number of sequences.
 * @{
 */

/**
 * Rows of floats along the default axis, "time".
 * @param graph NULL is passed through
 * @param name copied
 * @param features columns, at least 1
 * @return sequence [features]
 */
RNNC_API rnnc_node *rnnc_input_rows(rnnc_graph *graph, const char *name,
                                    int64_t features);

/**
 * Ids along the default axis, "time".
 * @param graph NULL is passed through
 * @param name copied
 * @param vocabulary ids are below it; at least 1
 * @return sequence of ids
 */
RNNC_API rnnc_node *rnnc_input_ids(rnnc_graph *graph, const char *name,
                                   int64_t vocabulary);

/**
 * Rows of floats along an axis of their own, as a translator's source and
 * target.
 * @param graph NULL is passed through
 * @param axis its name, made at its first use; NULL: "time"
 * @param name copied
 * @param features columns, at least 1
 * @return sequence [features]
 */
RNNC_API rnnc_node *rnnc_input_rows_on(rnnc_graph *graph, const char *axis,
                                       const char *name, int64_t features);

/**
 * Ids along an axis of their own.
 * @param graph NULL is passed through
 * @param axis its name, made at its first use; NULL: "time"
 * @param name copied
 * @param vocabulary ids are below it; at least 1
 * @return sequence of ids
 */
RNNC_API rnnc_node *rnnc_input_ids_on(rnnc_graph *graph, const char *axis,
                                      const char *name, int64_t vocabulary);

/**
 * One row of floats for each sequence.
 * @param graph NULL is passed through
 * @param name copied
 * @param features columns, at least 1
 * @return batch [features]
 */
RNNC_API rnnc_node *rnnc_input_batch(rnnc_graph *graph, const char *name,
                                     int64_t features);

/**
 * One id for each sequence, such as a label.
 * @param graph NULL is passed through
 * @param name copied
 * @param vocabulary ids are below it; at least 1
 * @return batch of ids
 */
RNNC_API rnnc_node *rnnc_input_batch_ids(rnnc_graph *graph, const char *name,
                                         int64_t vocabulary);

/**
 * A matrix that has nothing to do with sequences.
 * @param graph NULL is passed through
 * @param name copied
 * @param rows at least 1
 * @param cols at least 1
 * @return static [rows, cols]
 */
RNNC_API rnnc_node *rnnc_input_static(rnnc_graph *graph, const char *name,
                                      int64_t rows, int64_t cols);

/** @} */

/**
 * @name Parameters and constants
 * Their values live in @ref weights. A node of a parameter may be used at any
 * number of places; it is still one tensor, and its gradient is the sum.
 * @{
 */

/**
 * A matrix to be learned.
 * @param graph NULL is passed through
 * @param name its tensor's name in files, unique
 * @param rows at least 1
 * @param cols at least 1
 * @param init one of RNNC_INIT_
 * @param value of the initialiser
 * @return static [rows, cols]
 */
RNNC_API rnnc_node *rnnc_parameter(rnnc_graph *graph, const char *name,
                                   int64_t rows, int64_t cols, int32_t init,
                                   float value);

/**
 * A vector to be learned, such as a bias: one dimension in files.
 * @param graph NULL is passed through
 * @param name its tensor's name in files, unique
 * @param cols at least 1
 * @param init one of RNNC_INIT_
 * @param value of the initialiser
 * @return static [1, cols]
 */
RNNC_API rnnc_node *rnnc_parameter_vector(rnnc_graph *graph, const char *name,
                                          int64_t cols, int32_t init,
                                          float value);

/**
 * Lets a block of a parameter begin in a way of its own, such as the gates of
 * a weight matrix. A later call overrides an earlier one. Weights that exist
 * already stay as they are.
 * @param parameter a node that is a parameter
 * @param first first row of the block; of a vector, its first element
 * @param count rows (elements), at least 1
 * @param init one of RNNC_INIT_; its rows and columns are the block's
 * @param value of the initialiser
 * @return `parameter`
 */
RNNC_API rnnc_node *rnnc_init_rows(rnnc_node *parameter, int64_t first,
                                   int64_t count, int32_t init, float value);

/**
 * Says whether training leaves a parameter as it is. Holds for plans made
 * afterwards.
 * @param parameter a node that is a parameter
 * @param frozen 1: it has no gradient; 0: it has
 * @return `parameter`
 */
RNNC_API rnnc_node *rnnc_freeze(rnnc_node *parameter, int32_t frozen);

/**
 * A matrix that never changes.
 * @param graph NULL is passed through
 * @param rows at least 1
 * @param cols at least 1
 * @param values rows * cols floats, row after row; copied
 * @return static [rows, cols]
 */
RNNC_API rnnc_node *rnnc_constant(rnnc_graph *graph, int64_t rows, int64_t cols,
                                  const float *values);

/**
 * A number that never changes.
 * @param graph NULL is passed through
 * @param value any float
 * @return static [1, 1]
 */
RNNC_API rnnc_node *rnnc_scalar(rnnc_graph *graph, float value);

/** @} */

#ifdef __cplusplus
}
#endif
/** @} */
#endif
