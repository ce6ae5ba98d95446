/* SPDX-License-Identifier: MIT */
/** @file graph.h @defgroup graph Graph Describing a computation. @{ */
#ifndef RNNC_GRAPH_H
#define RNNC_GRAPH_H
#include <stdint.h>
#include "rnnc/context.h"
#ifdef __cplusplus
extern "C" {
#endif
typedef struct rnnc_graph rnnc_graph;
typedef struct rnnc_node rnnc_node;

enum { RNNC_STATIC = 0, RNNC_BATCH = 1, RNNC_SEQUENCE = 2 };   /* kinds of rows */
enum { RNNC_FLOAT = 0, RNNC_IDS = 1 };                          /* types */
enum { RNNC_INIT_ZEROS = 0, RNNC_INIT_CONSTANT = 1, RNNC_INIT_UNIFORM = 2, /* +-value */
       RNNC_INIT_NORMAL = 3,      /* deviation value */
       RNNC_INIT_GLOROT = 4,      /* uniform, times value (0: 1), fans of the block's [rows, cols] */
       RNNC_INIT_ORTHOGONAL = 5,  /* times value (0: 1) */
       RNNC_INIT_IDENTITY = 6     /* times value (0: 1) */ };
enum { RNNC_REDUCE_MEAN = 0, RNNC_REDUCE_SUM = 1, RNNC_REDUCE_NONE = 2 };
enum { RNNC_POOL_LAST = 0, RNNC_POOL_FIRST = 1, RNNC_POOL_MEAN = 2, RNNC_POOL_MAX = 3, RNNC_POOL_SUM = 4 };

RNNC_API rnnc_graph *rnnc_graph_create(rnnc_context *context);
RNNC_API void rnnc_graph_destroy(rnnc_graph *graph);
RNNC_API rnnc_status rnnc_graph_status(const rnnc_graph *graph);
RNNC_API const char *rnnc_graph_message(const rnnc_graph *graph);
/* node of the graph (not of a cell) by name, or NULL (no error recorded) */
RNNC_API rnnc_node *rnnc_graph_node(const rnnc_graph *graph, const char *name);
RNNC_API int32_t rnnc_graph_parameter_count(const rnnc_graph *graph);
RNNC_API rnnc_node *rnnc_graph_parameter(const rnnc_graph *graph, int32_t index);

/* about a node */
RNNC_API rnnc_node *rnnc_name(rnnc_node *node, const char *name);   /* names it, returns it */
RNNC_API const char *rnnc_node_name(const rnnc_node *node);
RNNC_API int32_t rnnc_node_kind(const rnnc_node *node);
RNNC_API int32_t rnnc_node_type(const rnnc_node *node);
RNNC_API int64_t rnnc_node_rows(const rnnc_node *node);
RNNC_API int64_t rnnc_node_cols(const rnnc_node *node);

/* inputs: on the default axis "time", on a named axis, one row a sequence, static */
RNNC_API rnnc_node *rnnc_input_rows(rnnc_graph *graph, const char *name, int64_t features);
RNNC_API rnnc_node *rnnc_input_ids(rnnc_graph *graph, const char *name, int64_t vocabulary);
RNNC_API rnnc_node *rnnc_input_rows_on(rnnc_graph *graph, const char *axis, const char *name, int64_t features);
RNNC_API rnnc_node *rnnc_input_ids_on(rnnc_graph *graph, const char *axis, const char *name, int64_t vocabulary);
RNNC_API rnnc_node *rnnc_input_batch(rnnc_graph *graph, const char *name, int64_t features);
RNNC_API rnnc_node *rnnc_input_batch_ids(rnnc_graph *graph, const char *name, int64_t vocabulary);
RNNC_API rnnc_node *rnnc_input_static(rnnc_graph *graph, const char *name, int64_t rows, int64_t cols);

/* parameters and constants */
RNNC_API rnnc_node *rnnc_parameter(rnnc_graph *graph, const char *name, int64_t rows, int64_t cols, int32_t init, float value);
RNNC_API rnnc_node *rnnc_parameter_vector(rnnc_graph *graph, const char *name, int64_t cols, int32_t init, float value); /* [1, cols], one dimension in files */
RNNC_API rnnc_node *rnnc_init_rows(rnnc_node *parameter, int64_t first, int64_t count, int32_t init, float value);  /* of a vector: columns first.. */
RNNC_API rnnc_node *rnnc_freeze(rnnc_node *parameter, int32_t frozen);
RNNC_API rnnc_node *rnnc_constant(rnnc_graph *graph, int64_t rows, int64_t cols, const float *values);
RNNC_API rnnc_node *rnnc_scalar(rnnc_graph *graph, float value);

/* element by element; static [1, n], [rows, 1] and [1, 1] are broadcast, a batch value over a sequence in a cell or by repeat only */
RNNC_API rnnc_node *rnnc_add(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_sub(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_mul(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_div(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_min(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_max(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_less(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_less_equal(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_equal(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_select(rnnc_node *condition, rnnc_node *yes, rnnc_node *no);
RNNC_API rnnc_node *rnnc_neg(rnnc_node *x);
RNNC_API rnnc_node *rnnc_abs(rnnc_node *x);
RNNC_API rnnc_node *rnnc_exp(rnnc_node *x);
RNNC_API rnnc_node *rnnc_log(rnnc_node *x);
RNNC_API rnnc_node *rnnc_sqrt(rnnc_node *x);
RNNC_API rnnc_node *rnnc_sigmoid(rnnc_node *x);
RNNC_API rnnc_node *rnnc_tanh(rnnc_node *x);
RNNC_API rnnc_node *rnnc_relu(rnnc_node *x);
RNNC_API rnnc_node *rnnc_softplus(rnnc_node *x);
RNNC_API rnnc_node *rnnc_softsign(rnnc_node *x);
RNNC_API rnnc_node *rnnc_elu(rnnc_node *x, float alpha);
RNNC_API rnnc_node *rnnc_hard_sigmoid(rnnc_node *x, float alpha, float beta);
RNNC_API rnnc_node *rnnc_leaky_relu(rnnc_node *x, float alpha);
RNNC_API rnnc_node *rnnc_thresholded_relu(rnnc_node *x, float alpha);
RNNC_API rnnc_node *rnnc_affine(rnnc_node *x, float alpha, float beta);
RNNC_API rnnc_node *rnnc_scaled_tanh(rnnc_node *x, float alpha, float beta);
RNNC_API rnnc_node *rnnc_clip(rnnc_node *x, float low, float high);

/* products */
RNNC_API rnnc_node *rnnc_matmul(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_project(rnnc_node *x, rnnc_node *weight, rnnc_node *bias);  /* x W' + b */
RNNC_API rnnc_node *rnnc_project_unbiased(rnnc_node *x, rnnc_node *weight);  /* x W' */
RNNC_API rnnc_node *rnnc_lookup(rnnc_node *ids, rnnc_node *table);
/* layers that make their parameters: name.weight [out, in], name.bias [out]; name.weight [vocabulary, features] */
RNNC_API rnnc_node *rnnc_linear(rnnc_node *x, const char *name, int64_t features);
RNNC_API rnnc_node *rnnc_embedding(rnnc_node *ids, const char *name, int64_t features);

/* features */
RNNC_API rnnc_node *rnnc_concat(rnnc_node *const *parts, int32_t count);
RNNC_API rnnc_node *rnnc_slice(rnnc_node *x, int64_t first, int64_t count);
RNNC_API rnnc_node *rnnc_rows(rnnc_node *value, int64_t first, int64_t count);  /* rows of a static value */
RNNC_API rnnc_node *rnnc_sum(rnnc_node *x);
RNNC_API rnnc_node *rnnc_mean(rnnc_node *x);
RNNC_API rnnc_node *rnnc_softmax(rnnc_node *x);
RNNC_API rnnc_node *rnnc_log_softmax(rnnc_node *x);
RNNC_API rnnc_node *rnnc_layer_norm(rnnc_node *x, rnnc_node *gain, rnnc_node *bias, float epsilon);
RNNC_API rnnc_node *rnnc_normalize(rnnc_node *x, float epsilon);  /* layer_norm without gain and bias */
RNNC_API rnnc_node *rnnc_dropout(rnnc_node *x, float rate);

/* losses */
typedef struct rnnc_cross_entropy_options {
    uint32_t struct_size;
    int32_t reduction;
    int32_t has_ignore;     /* 1: rows whose id is ignore_index count for nothing */
    int32_t ignore_index;
    float smoothing;
    uint32_t reserved;
    rnnc_node *class_weights;  /* static [1, classes] or NULL */
} rnnc_cross_entropy_options;
RNNC_API rnnc_node *rnnc_cross_entropy(rnnc_node *logits, rnnc_node *ids);   /* mean, ignore -100 */
RNNC_API rnnc_node *rnnc_cross_entropy_with(rnnc_node *logits, rnnc_node *ids, const rnnc_cross_entropy_options *options);
RNNC_API rnnc_node *rnnc_binary_cross_entropy(rnnc_node *logits, rnnc_node *targets, int32_t reduction);
RNNC_API rnnc_node *rnnc_mse(rnnc_node *a, rnnc_node *b, int32_t reduction);
RNNC_API rnnc_node *rnnc_huber(rnnc_node *a, rnnc_node *b, float delta, int32_t reduction);
RNNC_API rnnc_node *rnnc_l2_penalty(rnnc_node *value, float scale);
RNNC_API rnnc_node *rnnc_total(rnnc_node *x);

/* time */
RNNC_API rnnc_node *rnnc_pool(rnnc_node *x, int32_t mode);
RNNC_API rnnc_node *rnnc_repeat(rnnc_node *batch, rnnc_node *like);
RNNC_API rnnc_node *rnnc_shift(rnnc_node *x, int64_t steps);
RNNC_API rnnc_node *rnnc_reverse(rnnc_node *x);
#ifdef __cplusplus
}
#endif
/** @} */
#endif
