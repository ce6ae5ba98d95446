/* SPDX-License-Identifier: MIT */
/** @file cell.h @defgroup cell Cell A step, and unrolling it over a sequence. @{ */
#ifndef RNNC_CELL_H
#define RNNC_CELL_H
#include "rnnc/graph.h"
#ifdef __cplusplus
extern "C" {
#endif
typedef struct rnnc_cell rnnc_cell;

/* writing a cell: the graph owns it; NULL passes through */
RNNC_API rnnc_cell *rnnc_cell_create(rnnc_graph *graph, const char *name);
RNNC_API rnnc_node *rnnc_cell_input(rnnc_cell *cell, int64_t features);        /* a row each step */
RNNC_API rnnc_node *rnnc_cell_input_ids(rnnc_cell *cell, int64_t vocabulary);  /* an id each step */
RNNC_API rnnc_node *rnnc_cell_input_batch(rnnc_cell *cell, int64_t features);  /* one row a sequence */
RNNC_API rnnc_node *rnnc_cell_state(rnnc_cell *cell, const char *name, int64_t features);
RNNC_API rnnc_node *rnnc_cell_parameter(rnnc_cell *cell, const char *name, int64_t rows, int64_t cols, int32_t init, float value); /* graph parameter "cell.name" */
RNNC_API rnnc_node *rnnc_cell_parameter_vector(rnnc_cell *cell, const char *name, int64_t cols, int32_t init, float value);
RNNC_API void rnnc_cell_first(rnnc_cell *cell, rnnc_node *state, rnnc_node *first);  /* static [1, features]: learned or constant */
RNNC_API void rnnc_cell_next(rnnc_cell *cell, rnnc_node *state, rnnc_node *next);
RNNC_API void rnnc_cell_output(rnnc_cell *cell, rnnc_node *output);               /* named by its node's name if it has one */

/* applying it */
RNNC_API rnnc_node *rnnc_unroll(rnnc_cell *cell, rnnc_node *x);   /* its first output */
RNNC_API rnnc_node *rnnc_unroll_with(rnnc_cell *cell, rnnc_node *const *inputs, int32_t n_inputs, rnnc_node *const *first, int32_t n_first); /* first[s]: batch value or NULL */
RNNC_API rnnc_node *rnnc_unroll_output(rnnc_node *unrolled, int32_t index);
RNNC_API rnnc_node *rnnc_unroll_final(rnnc_node *unrolled, const char *state);

/* the cells that ship: one layer, one direction */
enum { RNNC_BIAS_DOUBLE = 0, RNNC_BIAS_SINGLE = 1, RNNC_BIAS_NONE = 2 };
enum { RNNC_GRU_AFTER = 0, RNNC_GRU_BEFORE = 1 };
enum { RNNC_RNN_TANH = 0, RNNC_RNN_RELU = 1, RNNC_RNN_SIGMOID = 2 };
enum { RNNC_CTRNN_BEER = 0, RNNC_CTRNN_RATE = 1 };
enum { RNNC_CELL_RNN = 0, RNNC_CELL_LSTM = 1, RNNC_CELL_GRU = 2, RNNC_CELL_PEEPHOLE = 3, RNNC_CELL_CTRNN = 4 };
enum { RNNC_CELL_INIT_DEFAULT = 0, /* Glorot, orthogonal, zero biases, forget 1 */ RNNC_CELL_INIT_TORCH = 1 /* U(+-1/sqrt(hidden)) */ };
enum { RNNC_MERGE_CONCAT = 0, RNNC_MERGE_SUM = 1, RNNC_MERGE_MUL = 2, RNNC_MERGE_AVERAGE = 3 };

typedef struct rnnc_cell_options {
    uint32_t struct_size;
    int32_t variant;      /* RNNC_RNN_.., RNNC_GRU_.. or RNNC_CTRNN_.. */
    int32_t bias;         /* RNNC_BIAS_.. */
    int32_t init;         /* RNNC_CELL_INIT_.. */
    int32_t layer;        /* k of weight_ih_l{k} */
    int32_t reverse;      /* 1: names end in _reverse */
    int32_t learned_first;/* 1: first states are parameters first_{state}_l{k} */
    float step;           /* CTRNN: length of an Euler step; 0 = 1 */
    float tau_min;        /* CTRNN: tau = tau_min + softplus(tau_raw) */
    uint32_t reserved;
} rnnc_cell_options;

RNNC_API rnnc_cell *rnnc_cell_make(rnnc_graph *graph, const char *name, int32_t which, int64_t inputs, int64_t hidden, const rnnc_cell_options *options);
RNNC_API rnnc_cell *rnnc_cell_rnn(rnnc_graph *graph, const char *name, int64_t inputs, int64_t hidden);
RNNC_API rnnc_cell *rnnc_cell_lstm(rnnc_graph *graph, const char *name, int64_t inputs, int64_t hidden);
RNNC_API rnnc_cell *rnnc_cell_gru(rnnc_graph *graph, const char *name, int64_t inputs, int64_t hidden);
RNNC_API rnnc_cell *rnnc_cell_peephole(rnnc_graph *graph, const char *name, int64_t inputs, int64_t hidden);
RNNC_API rnnc_cell *rnnc_cell_ctrnn(rnnc_graph *graph, const char *name, int64_t inputs, int64_t hidden);

/* two cells, one over the reversed sequence */
RNNC_API rnnc_node *rnnc_bidirectional(rnnc_cell *forward, rnnc_cell *backward, rnnc_node *x, int32_t merge);

/* several layers of one kind */
typedef struct rnnc_layers_options {
    uint32_t struct_size;
    int32_t layers;         /* 0 = 1 */
    int32_t bidirectional;  /* 1: both directions, merged by `merge` */
    int32_t merge;
    float dropout;          /* on the output of every layer but the last */
    uint32_t reserved;
    rnnc_cell_options cell; /* layer and reverse are set by the call */
} rnnc_layers_options;
RNNC_API rnnc_node *rnnc_layers(rnnc_node *x, const char *name, int32_t which, int64_t hidden, const rnnc_layers_options *options);
#ifdef __cplusplus
}
#endif
/** @} */
#endif
