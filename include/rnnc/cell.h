/* SPDX-License-Identifier: MIT */
/**
 * @file cell.h
 * @defgroup cell Cell
 * A step, and unrolling it over a sequence.
 *
 * A cell is a small graph: from the state before a step and the inputs of the
 * step it computes the state after it and outputs. rnnc_unroll() repeats it
 * along a time axis. The cells that ship are written with the calls below and
 * nothing else.
 *
 * Inside a cell every @ref operation works on the row of the step;
 * those that cross rows (pool, repeat, shift, reverse, unroll, sums over all
 * rows) are not possible there. A cell's nodes may use nodes of the same cell
 * and static nodes of the graph: parameters, constants, static inputs and
 * expressions of these. Rows of the graph come in through the cell's inputs.
 *
 * A failure is recorded on the cell's graph as for all builder calls, and NULL
 * is passed through. The first rnnc_unroll() seals the cell: changing it
 * afterwards is an ::RNNC_E_STATE.
 * @{
 */
#ifndef RNNC_CELL_H
#define RNNC_CELL_H

#include "rnnc/operation.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A step under a name. Owned by its graph. */
typedef struct rnnc_cell rnnc_cell;

/**
 * @name Writing a cell
 * @{
 */

/**
 * Makes an empty cell.
 * @param graph NULL is passed through
 * @param name copied; parameters of the cell are named `name`.parameter. ""
 *   leaves their names as they are. Several cells may share a name as long as
 *   their parameters' names differ.
 * @return the cell, or NULL with the error on the graph
 */
RNNC_API rnnc_cell *rnnc_cell_create(rnnc_graph *graph, const char *name);

/**
 * Declares the next input: a row each step.
 * @param cell NULL is passed through
 * @param features columns, at least 1
 * @return the row of the step, [features]
 */
RNNC_API rnnc_node *rnnc_cell_input(rnnc_cell *cell, int64_t features);

/**
 * Declares the next input: an id each step.
 * @param cell NULL is passed through
 * @param vocabulary ids are below it; at least 1
 * @return the id of the step
 */
RNNC_API rnnc_node *rnnc_cell_input_ids(rnnc_cell *cell, int64_t vocabulary);

/**
 * Declares the next input: one row a sequence, the same at all its steps, such
 * as an encoder's summary.
 * @param cell NULL is passed through
 * @param features columns, at least 1
 * @return batch [features]
 */
RNNC_API rnnc_node *rnnc_cell_input_batch(rnnc_cell *cell, int64_t features);

/**
 * Declares a state. It begins at zero unless rnnc_cell_first() or
 * rnnc_unroll_with() says otherwise, and needs an rnnc_cell_next().
 * @param cell NULL is passed through; it has 48 states at most (::RNNC_E_LIMIT)
 * @param name unique in the cell
 * @param features columns, at least 1
 * @return the state before the step, [features]
 */
RNNC_API rnnc_node *rnnc_cell_state(rnnc_cell *cell, const char *name,
                                    int64_t features);

/**
 * A parameter of the graph under the name "cell.name", or "name" where the
 * cell's name is empty.
 * @param cell NULL is passed through
 * @param name copied
 * @param rows at least 1
 * @param cols at least 1
 * @param init one of RNNC_INIT_
 * @param value of the initialiser
 * @return static [rows, cols]
 */
RNNC_API rnnc_node *rnnc_cell_parameter(rnnc_cell *cell, const char *name,
                                        int64_t rows, int64_t cols,
                                        int32_t init, float value);

/**
 * The same as a vector, see rnnc_parameter_vector().
 * @param cell NULL is passed through
 * @param name copied
 * @param cols at least 1
 * @param init one of RNNC_INIT_
 * @param value of the initialiser
 * @return static [1, cols]
 */
RNNC_API rnnc_node *rnnc_cell_parameter_vector(rnnc_cell *cell,
                                               const char *name, int64_t cols,
                                               int32_t init, float value);

/**
 * Says what a state begins with in every sequence that is given nothing else.
 * A parameter is learned, from fresh sequences alone (Gers et al. 2002).
 * @param cell NULL is passed through
 * @param state a state of this cell, which has no first yet
 * @param first static [1, features of the state]
 */
RNNC_API void rnnc_cell_first(rnnc_cell *cell, rnnc_node *state,
                              rnnc_node *first);

/**
 * Says what a state is after the step.
 * @param cell NULL is passed through
 * @param state a state of this cell, which has no next yet
 * @param next a node of this cell, another state included, or a static row;
 *   as wide as the state
 */
RNNC_API void rnnc_cell_next(rnnc_cell *cell, rnnc_node *state,
                             rnnc_node *next);

/**
 * Adds an output; their order is the index of rnnc_unroll_output().
 * @param cell NULL is passed through
 * @param output a node of this cell, or a static row; its name, if it has one,
 *   is the output's
 */
RNNC_API void rnnc_cell_output(rnnc_cell *cell, rnnc_node *output);

/** @} */

/**
 * @name Applying it
 * A cell may be unrolled any number of times; all share its parameters.
 * @{
 */

/**
 * Repeats a cell with one input along the axis of x.
 * @param cell NULL is passed through
 * @param x what the cell's only input declares: a sequence of rows or ids
 * @return sequence: the cell's first output at each step
 * @note ::RNNC_E_STATE where a state has no next or there is no output
 */
RNNC_API rnnc_node *rnnc_unroll(rnnc_cell *cell, rnnc_node *x);

/**
 * Repeats a cell with any inputs, and with first states from the graph.
 * @param cell NULL is passed through
 * @param inputs one for each input of the cell, in the order they were
 *   declared: a sequence for each row or id of a step, all of one axis, a batch
 *   value for each row of a sequence. At least one is a sequence.
 * @param n_inputs how many
 * @param first one for each state in the order they were declared: a batch
 *   value as wide as the state, or NULL for the cell's own first
 * @param n_first number of states, or 0: none is given
 * @return sequence: the cell's first output at each step
 */
RNNC_API rnnc_node *rnnc_unroll_with(rnnc_cell *cell, rnnc_node *const *inputs,
                                     int32_t n_inputs, rnnc_node *const *first,
                                     int32_t n_first);

/**
 * Another output of an unrolled cell.
 * @param unrolled what rnnc_unroll(), rnnc_unroll_with() or this call returned
 * @param index from 0, in the order of rnnc_cell_output()
 * @return sequence; for index 0 the unrolled node itself
 */
RNNC_API rnnc_node *rnnc_unroll_output(rnnc_node *unrolled, int32_t index);

/**
 * A state after the last step of each sequence; its first state where a
 * sequence has no steps.
 * @param unrolled as for rnnc_unroll_output()
 * @param state name of the state (::RNNC_E_NAME where there is none)
 * @return batch, in the caller's order of sequences
 */
RNNC_API rnnc_node *rnnc_unroll_final(rnnc_node *unrolled, const char *state);

/** @} */

/**
 * @name The cells that ship
 * Names, shapes and the order of gates are PyTorch's: `name`.weight_ih_l{k}
 * [gates * hidden, inputs], `name`.weight_hh_l{k} [gates * hidden, hidden],
 * `name`.bias_ih_l{k} and `name`.bias_hh_l{k} [gates * hidden], with _reverse
 * at the end for the direction from the last step to the first. So weights of
 * torch.nn.RNN, LSTM and GRU load as they are.
 *
 * | kind | gates | states | outputs |
 * |---|---|---|---|
 * | RNN | 1 | h | h |
 * | LSTM | i f g o | h, c | h |
 * | GRU | r z n | h | h |
 * | peephole LSTM | i f g o; weight_ph_l{k} [3, hidden], rows i f o | h, c | h
 * | | CTRNN, Beer | 1; bias_l{k}, tau_raw_l{k} [hidden] | y | sigmoid(y + b), y
 * | | CTRNN, rate | 1; bias_l{k}, tau_raw_l{k} [hidden] | r | r |
 * @{
 */

/** Which biases a cell has. A CTRNN has one or none. */
enum {
    RNNC_BIAS_DOUBLE = 0, /**< bias_ih and bias_hh, as PyTorch */
    RNNC_BIAS_SINGLE = 1, /**< bias_ih alone */
    RNNC_BIAS_NONE = 2    /**< none */
};

/** Where a GRU applies its reset gate. */
enum {
    RNNC_GRU_AFTER = 0, /**< r (W_hn h + b_hn), as PyTorch */
    RNNC_GRU_BEFORE = 1 /**< W_hn (r h) + b_hn, as Cho et al. 2014 */
};

/** The function of a plain recurrent network. */
enum {
    RNNC_RNN_TANH = 0,   /**< tanh */
    RNNC_RNN_RELU = 1,   /**< relu */
    RNNC_RNN_SIGMOID = 2 /**< sigmoid */
};

/** The form of a continuous-time network. */
enum {
    RNNC_CTRNN_BEER = 0, /**< tau dy/dt = -y + W_hh sigmoid(y + b) + W_ih x */
    RNNC_CTRNN_RATE = 1  /**< tau dr/dt = -r + sigmoid(W_ih x + W_hh r + b) */
};

/** Kinds of cells for rnnc_cell_make() and rnnc_layers(). */
enum {
    RNNC_CELL_RNN = 0,      /**< rnnc_cell_rnn() */
    RNNC_CELL_LSTM = 1,     /**< rnnc_cell_lstm() */
    RNNC_CELL_GRU = 2,      /**< rnnc_cell_gru() */
    RNNC_CELL_PEEPHOLE = 3, /**< rnnc_cell_peephole() */
    RNNC_CELL_CTRNN = 4     /**< rnnc_cell_ctrnn() */
};

/** How the parameters of a cell begin. */
enum {
    RNNC_CELL_INIT_DEFAULT = 0, /**< for each gate: weight_ih Glorot, weight_hh
                                     orthogonal; biases and peepholes 0, but the
                                     forget gate's bias_ih 1 */
    RNNC_CELL_INIT_TORCH = 1 /**< all uniform, +-1 / sqrt(hidden), as PyTorch;
                                  tau_raw and first states as by default */
};

/** How the two directions of rnnc_bidirectional() become one sequence. */
enum {
    RNNC_MERGE_CONCAT = 0, /**< features of the forward one, then the other's */
    RNNC_MERGE_SUM = 1,    /**< their sum */
    RNNC_MERGE_MUL = 2,    /**< their product, element by element */
    RNNC_MERGE_AVERAGE = 3 /**< half their sum */
};

/** Options of a cell; all zero: layer 0 as PyTorch has it. */
typedef struct rnnc_cell_options {
    uint32_t struct_size; /**< sizeof(rnnc_cell_options) */
    int32_t variant;      /**< RNNC_RNN_, RNNC_GRU_ or RNNC_CTRNN_; else 0 */
    int32_t bias;         /**< one of RNNC_BIAS_ */
    int32_t init;         /**< one of RNNC_CELL_INIT_ */
    int32_t layer;        /**< k of weight_ih_l{k} */
    int32_t reverse;      /**< 1: names end in _reverse. It does not reverse. */
    int32_t learned_first; /**< 1: states begin with parameters
                                first_{state}_l{k}, which begin at 0 */
    float step;            /**< CTRNN: length of an Euler step, 0 as 1; stable
                                while it is below 2 tau */
    float tau_min;         /**< CTRNN: tau = tau_min + softplus(tau_raw), where
                                softplus(tau_raw) begins at 1 */
    uint32_t reserved;     /**< 0 */
} rnnc_cell_options;

/**
 * A cell of any kind: one layer in one direction.
 * @param graph NULL is passed through
 * @param name as for rnnc_cell_create()
 * @param which one of RNNC_CELL_
 * @param inputs features of its input, at least 1
 * @param hidden features of its states, at least 1
 * @param options NULL: all zero
 * @return the cell, or NULL with the error on the graph
 */
RNNC_API rnnc_cell *rnnc_cell_make(rnnc_graph *graph, const char *name,
                                   int32_t which, int64_t inputs,
                                   int64_t hidden,
                                   const rnnc_cell_options *options);

/**
 * The plain recurrent network (Elman 1990) as torch.nn.RNN:
 * h' = tanh(W_ih x + b_ih + W_hh h + b_hh).
 * @param graph NULL is passed through
 * @param name as for rnnc_cell_create()
 * @param inputs features of its input, at least 1
 * @param hidden features of its state, at least 1
 * @return the cell, or NULL with the error on the graph
 */
RNNC_API rnnc_cell *rnnc_cell_rnn(rnnc_graph *graph, const char *name,
                                  int64_t inputs, int64_t hidden);

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000)
 * as torch.nn.LSTM: i, f, o = sigmoid(W_ih x + b_ih + W_hh h + b_hh),
 * g = tanh(the same), c' = f c + i g, h' = o tanh(c').
 * @param graph NULL is passed through
 * @param name as for rnnc_cell_create()
 * @param inputs features of its input, at least 1
 * @param hidden features of its states, at least 1
 * @return the cell, or NULL with the error on the graph
 */
RNNC_API rnnc_cell *rnnc_cell_lstm(rnnc_graph *graph, const char *name,
                                   int64_t inputs, int64_t hidden);

/**
 * The gated recurrent unit (Cho et al. 2014) as torch.nn.GRU: r, z =
 * sigmoid(W_ih x + b_ih + W_hh h + b_hh), n = tanh(W_in x + b_in + r (W_hn h +
 * b_hn)), h' = (1 - z) n + z h.
 * @param graph NULL is passed through
 * @param name as for rnnc_cell_create()
 * @param inputs features of its input, at least 1
 * @param hidden features of its state, at least 1
 * @return the cell, or NULL with the error on the graph
 */
RNNC_API rnnc_cell *rnnc_cell_gru(rnnc_graph *graph, const char *name,
                                  int64_t inputs, int64_t hidden);

/**
 * LSTM whose gates see the cell (Gers, Schraudolph and Schmidhuber 2002): i
 * and f have p_i c and p_f c added before the sigmoid, o has p_o c'. Gradients
 * are full.
 * @param graph NULL is passed through
 * @param name as for rnnc_cell_create()
 * @param inputs features of its input, at least 1
 * @param hidden features of its states, at least 1
 * @return the cell, or NULL with the error on the graph
 */
RNNC_API rnnc_cell *rnnc_cell_peephole(rnnc_graph *graph, const char *name,
                                       int64_t inputs, int64_t hidden);

/**
 * A continuous-time network (Beer 1995) by Euler's method with steps of 1:
 * tau dy/dt = -y + W_hh sigmoid(y + b) + W_ih x. A row of W_hh belongs to the
 * unit it acts on; gains are 1; x is held over the step.
 * @param graph NULL is passed through
 * @param name as for rnnc_cell_create()
 * @param inputs features of its input, at least 1
 * @param hidden units, at least 1
 * @return the cell, or NULL with the error on the graph
 */
RNNC_API rnnc_cell *rnnc_cell_ctrnn(rnnc_graph *graph, const char *name,
                                    int64_t inputs, int64_t hidden);

/** @} */

/**
 * @name Cells over cells
 * @{
 */

/**
 * Two cells over one sequence, one from its last step to its first (Schuster
 * and Paliwal 1997). Each sequence is reversed by its own length.
 * @param forward a cell with one input
 * @param backward another one
 * @param x what both declare
 * @param merge one of RNNC_MERGE_
 * @return sequence: the first outputs of both, merged step by step
 */
RNNC_API rnnc_node *rnnc_bidirectional(rnnc_cell *forward, rnnc_cell *backward,
                                       rnnc_node *x, int32_t merge);

/** Options of rnnc_layers(); all zero: one layer, one direction. */
typedef struct rnnc_layers_options {
    uint32_t struct_size;   /**< sizeof(rnnc_layers_options) */
    int32_t layers;         /**< 0 as 1 */
    int32_t bidirectional;  /**< 1: both directions, merged by `merge` */
    int32_t merge;          /**< one of RNNC_MERGE_ */
    float dropout;          /**< on the output of every layer but the last */
    uint32_t reserved;      /**< 0 */
    rnnc_cell_options cell; /**< of each cell; its struct_size may be 0, layer
                                 and reverse are set by the call */
} rnnc_layers_options;

/**
 * Layers of one kind, as torch.nn.RNN, LSTM and GRU with num_layers,
 * bidirectional and dropout. The unroll of layer k is the node "name.l{k}",
 * backwards "name.l{k}_reverse", so rnnc_graph_node() finds it for
 * rnnc_unroll_final().
 * @param x sequence [n]
 * @param name of all its cells; "" or NULL: parameters and layers are named
 *   without it
 * @param which one of RNNC_CELL_
 * @param hidden features of each cell's states, at least 1
 * @param options NULL: all zero
 * @return sequence: the output of the last layer
 */
RNNC_API rnnc_node *rnnc_layers(rnnc_node *x, const char *name, int32_t which,
                                int64_t hidden,
                                const rnnc_layers_options *options);

/** @} */

#ifdef __cplusplus
}
#endif
/** @} */
#endif
