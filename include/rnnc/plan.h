/* SPDX-License-Identifier: MIT */
/**
 * @file plan.h
 * @defgroup plan Plan
 * A graph made ready for one use.
 *
 * A plan sorts the work of a graph into stages: what is static, what has a row
 * for each sequence, and, along each time axis, what can be done for many
 * steps at once and what must be done step by step. It is plain data, does not
 * depend on batch, lengths, threads or instruction set, and never changes: any
 * number of runs and streams, on any threads, may share it.
 * @{
 */
#ifndef RNNC_PLAN_H
#define RNNC_PLAN_H

#include <stddef.h>

#include "rnnc/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How to compute what is wanted of a graph. */
typedef struct rnnc_plan rnnc_plan;

/** Uses of a plan. */
enum {
    RNNC_INFER = 0, /**< forward over whole sequences; dropout is off */
    RNNC_TRAIN = 1, /**< forward and backward; dropout is on */
    RNNC_STREAM = 2 /**< step by step or in chunks; dropout is off */
};

/** What a training run keeps of its forward pass. Every way gives the same
 * bits. */
enum {
    /** the fewest floats a row from which the backward pass can be computed
     * without repeating a product: six a unit and step for an LSTM */
    RNNC_KEEP_RESULTS = 0,
    /** states only: products are repeated too, for a third more work; two
     * floats a unit and step for an LSTM */
    RNNC_KEEP_STATES = 1,
    /** the states at the borders of segments: the backward pass computes each
     * segment again, and keeps the results of one alone. Memory grows with the
     * square root of the length, for a third more work. What needs a whole
     * sequence stays whole: both sides of a reversal, results and gradients
     * of inputs that are asked for. */
    RNNC_KEEP_SEGMENTS = 2,
    /** one of the three, whichever is fastest of those that a run's budget
     * allows for the batch at hand: see rnnc_run_budget() */
    RNNC_KEEP_BUDGET = 3
};

/** What is wanted of a graph. Zero in a field means its default. */
typedef struct rnnc_plan_options {
    uint32_t struct_size; /**< sizeof(rnnc_plan_options) */
    int32_t use;          /**< RNNC_INFER, RNNC_TRAIN or RNNC_STREAM */
    /** nodes of the graph whose values a run must be able to give */
    rnnc_node *const *outputs;
    /** RNNC_TRAIN: what to minimise, a static [1, 1] value; otherwise an
     * output like the others, or NULL */
    rnnc_node *loss;
    /** RNNC_TRAIN: float inputs whose gradient is wanted too; that of every
     * parameter that is not frozen always is */
    rnnc_node *const *gradients;
    int32_t n_outputs;   /**< how many outputs */
    int32_t n_gradients; /**< how many inputs in `gradients` */
    /** RNNC_STREAM: the axis that steps; NULL: "time" */
    const char *axis;
    /** Rows of a time block to aim at; 0: the library chooses. It bounds the
     * memory of what is computed for many steps at once and changes no bit of
     * any result. */
    int64_t block_rows;
    int32_t keep;      /**< RNNC_TRAIN: RNNC_KEEP_RESULTS or another of them */
    uint32_t reserved; /**< 0 */
    /** RNNC_KEEP_SEGMENTS and RNNC_KEEP_BUDGET: rows of a segment to aim at, a
     * whole number of steps; 0: the library chooses about the square root of
     * all rows. It changes no bit of any result. */
    int64_t segment_rows;
} rnnc_plan_options;

/**
 * Plans a graph for one use. The graph is kept alive by the plan and may be
 * described further afterwards; the plan does not see that.
 * @param graph a graph whose status is RNNC_OK
 * @param options what is wanted; read during the call only
 * @return a handle (see @ref status), or NULL where memory ran out or `graph`
 *   is NULL
 * @note The handle's status is the graph's own error where it has one;
 *   RNNC_E_ARGUMENT for options that make no sense: no output and no loss, no
 *   loss to train by, a NULL node, a node of a cell or of another graph, a
 *   gradient by what is no float input, an unknown use or keep, a keep
 *   without a use for it; RNNC_E_SHAPE for a loss that is not a static [1, 1];
 * RNNC_E_NAME for an unknown axis; RNNC_E_LIMIT for more values than the
 * context's node_limit allows; RNNC_E_UNSUPPORTED for a stream through a
 * reversal, which would need the end of a sequence first (the message names the
 * node), and for options of a newer version; RNNC_E_MEMORY.
 * @note Safe from several threads on one graph that nobody changes meanwhile.
 */
RNNC_API rnnc_plan *rnnc_plan_create(rnnc_graph *graph,
                                     const rnnc_plan_options *options);

/**
 * Lets go of a plan. Runs and streams made from it keep it alive.
 * @param plan NULL is allowed
 */
RNNC_API void rnnc_plan_destroy(rnnc_plan *plan);

/**
 * @param plan a plan or NULL
 * @return its status, RNNC_E_MEMORY for NULL
 */
RNNC_API rnnc_status rnnc_plan_status(const rnnc_plan *plan);

/**
 * @param plan a plan or NULL
 * @return its message, "" where all is well; lives as long as the plan
 */
RNNC_API const char *rnnc_plan_message(const rnnc_plan *plan);

/**
 * Writes the plan as text for people: stages, sections, instructions, where
 * each value lies and how much memory a row takes. The form of the text may
 * change from version to version.
 * @param plan a plan; one in error, or NULL, prints nothing
 * @param[out] text room for `size` bytes, or NULL with size 0
 * @param size bytes of `text`; at most so many are written, a closing 0
 *   included wherever size > 0
 * @return bytes that the whole text needs, without the closing 0
 * @note Safe from several threads.
 */
RNNC_API size_t rnnc_plan_print(const rnnc_plan *plan, char *text, size_t size);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
