/* SPDX-License-Identifier: MIT */
/* The public headers of librnnc 0.1 as they were when this ABI began, in one
 * file and without their comments. Frozen: old_program.c is compiled with it
 * and runs with the library of today. */
#ifndef RNNC_0_1_H
#define RNNC_0_1_H
#include <stdint.h>
#include <stddef.h>
#include <stdint.h>
#include <stdint.h>
#if defined(__GNUC__)
#define RNNC_API __attribute__((visibility("default")))
#else
#define RNNC_API
#endif
typedef int32_t rnnc_status;
enum {
    RNNC_OK = 0,
    RNNC_E_ARGUMENT = 1,
    RNNC_E_SHAPE = 2,
    RNNC_E_MEMORY = 3,
    RNNC_E_STATE = 4,
    RNNC_E_NAME = 5,
    RNNC_E_VALUE = 6,
    RNNC_E_LIMIT = 7,
    RNNC_E_IO = 8,
    RNNC_E_FORMAT = 9,
    RNNC_E_UNSUPPORTED = 10
};
RNNC_API const char *rnnc_status_string(rnnc_status status);
typedef struct rnnc_context rnnc_context;
typedef void *(*rnnc_allocate)(void *user, size_t bytes);
typedef void (*rnnc_release)(void *user, void *block);
typedef struct rnnc_context_options {
    uint32_t struct_size;
    int32_t threads;
    rnnc_allocate allocate;
    rnnc_release release;
    void *user;
    uint64_t file_limit;
    uint32_t node_limit;
    uint32_t reserved;
} rnnc_context_options;
RNNC_API rnnc_context *rnnc_context_create(const rnnc_context_options *options);
RNNC_API void rnnc_context_destroy(rnnc_context *context);
RNNC_API rnnc_status rnnc_context_status(const rnnc_context *context);
RNNC_API const char *rnnc_context_message(const rnnc_context *context);
RNNC_API const char *rnnc_isa(void);
typedef struct rnnc_graph rnnc_graph;
typedef struct rnnc_node rnnc_node;
enum { RNNC_STATIC = 0, RNNC_BATCH = 1, RNNC_SEQUENCE = 2 };
enum { RNNC_FLOAT = 0, RNNC_IDS = 1 };
enum {
    RNNC_INIT_ZEROS = 0,
    RNNC_INIT_CONSTANT = 1,
    RNNC_INIT_UNIFORM = 2,
    RNNC_INIT_NORMAL = 3,
    RNNC_INIT_GLOROT = 4,
    RNNC_INIT_ORTHOGONAL = 5,
    RNNC_INIT_IDENTITY = 6
};
RNNC_API rnnc_graph *rnnc_graph_create(rnnc_context *context);
RNNC_API void rnnc_graph_destroy(rnnc_graph *graph);
RNNC_API rnnc_status rnnc_graph_status(const rnnc_graph *graph);
RNNC_API const char *rnnc_graph_message(const rnnc_graph *graph);
RNNC_API rnnc_node *rnnc_graph_node(const rnnc_graph *graph, const char *name);
RNNC_API int32_t rnnc_graph_parameter_count(const rnnc_graph *graph);
RNNC_API rnnc_node *rnnc_graph_parameter(const rnnc_graph *graph,
                                         int32_t index);
RNNC_API rnnc_node *rnnc_name(rnnc_node *node, const char *name);
RNNC_API const char *rnnc_node_name(const rnnc_node *node);
RNNC_API int32_t rnnc_node_kind(const rnnc_node *node);
RNNC_API int32_t rnnc_node_type(const rnnc_node *node);
RNNC_API int64_t rnnc_node_rows(const rnnc_node *node);
RNNC_API int64_t rnnc_node_cols(const rnnc_node *node);
RNNC_API rnnc_node *rnnc_input_rows(rnnc_graph *graph, const char *name,
                                    int64_t features);
RNNC_API rnnc_node *rnnc_input_ids(rnnc_graph *graph, const char *name,
                                   int64_t vocabulary);
RNNC_API rnnc_node *rnnc_input_rows_on(rnnc_graph *graph, const char *axis,
                                       const char *name, int64_t features);
RNNC_API rnnc_node *rnnc_input_ids_on(rnnc_graph *graph, const char *axis,
                                      const char *name, int64_t vocabulary);
RNNC_API rnnc_node *rnnc_input_batch(rnnc_graph *graph, const char *name,
                                     int64_t features);
RNNC_API rnnc_node *rnnc_input_batch_ids(rnnc_graph *graph, const char *name,
                                         int64_t vocabulary);
RNNC_API rnnc_node *rnnc_input_static(rnnc_graph *graph, const char *name,
                                      int64_t rows, int64_t cols);
RNNC_API rnnc_node *rnnc_parameter(rnnc_graph *graph, const char *name,
                                   int64_t rows, int64_t cols, int32_t init,
                                   float value);
RNNC_API rnnc_node *rnnc_parameter_vector(rnnc_graph *graph, const char *name,
                                          int64_t cols, int32_t init,
                                          float value);
RNNC_API rnnc_node *rnnc_init_rows(rnnc_node *parameter, int64_t first,
                                   int64_t count, int32_t init, float value);
RNNC_API rnnc_node *rnnc_freeze(rnnc_node *parameter, int32_t frozen);
RNNC_API rnnc_node *rnnc_constant(rnnc_graph *graph, int64_t rows, int64_t cols,
                                  const float *values);
RNNC_API rnnc_node *rnnc_scalar(rnnc_graph *graph, float value);
enum { RNNC_REDUCE_MEAN = 0, RNNC_REDUCE_SUM = 1, RNNC_REDUCE_NONE = 2 };
enum {
    RNNC_POOL_LAST = 0,
    RNNC_POOL_FIRST = 1,
    RNNC_POOL_MEAN = 2,
    RNNC_POOL_MAX = 3,
    RNNC_POOL_SUM = 4
};
RNNC_API rnnc_node *rnnc_add(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_sub(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_mul(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_div(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_min(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_max(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_less(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_less_equal(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_equal(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_select(rnnc_node *condition, rnnc_node *yes,
                                rnnc_node *no);
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
RNNC_API rnnc_node *rnnc_matmul(rnnc_node *a, rnnc_node *b);
RNNC_API rnnc_node *rnnc_project(rnnc_node *x, rnnc_node *weight,
                                 rnnc_node *bias);
RNNC_API rnnc_node *rnnc_project_unbiased(rnnc_node *x, rnnc_node *weight);
RNNC_API rnnc_node *rnnc_lookup(rnnc_node *ids, rnnc_node *table);
RNNC_API rnnc_node *rnnc_linear(rnnc_node *x, const char *name,
                                int64_t features);
RNNC_API rnnc_node *rnnc_embedding(rnnc_node *ids, const char *name,
                                   int64_t features);
RNNC_API rnnc_node *rnnc_concat(rnnc_node *const *parts, int32_t count);
RNNC_API rnnc_node *rnnc_slice(rnnc_node *x, int64_t first, int64_t count);
RNNC_API rnnc_node *rnnc_rows(rnnc_node *value, int64_t first, int64_t count);
RNNC_API rnnc_node *rnnc_sum(rnnc_node *x);
RNNC_API rnnc_node *rnnc_mean(rnnc_node *x);
RNNC_API rnnc_node *rnnc_softmax(rnnc_node *x);
RNNC_API rnnc_node *rnnc_log_softmax(rnnc_node *x);
RNNC_API rnnc_node *rnnc_layer_norm(rnnc_node *x, rnnc_node *gain,
                                    rnnc_node *bias, float epsilon);
RNNC_API rnnc_node *rnnc_normalize(rnnc_node *x, float epsilon);
RNNC_API rnnc_node *rnnc_dropout(rnnc_node *x, float rate);
typedef struct rnnc_cross_entropy_options {
    uint32_t struct_size;
    int32_t reduction;
    int32_t has_ignore;
    int32_t ignore_index;
    float smoothing;
    uint32_t reserved;
    rnnc_node *class_weights;
} rnnc_cross_entropy_options;
RNNC_API rnnc_node *rnnc_cross_entropy(rnnc_node *logits, rnnc_node *ids);
RNNC_API rnnc_node *
rnnc_cross_entropy_with(rnnc_node *logits, rnnc_node *ids,
                        const rnnc_cross_entropy_options *options);
RNNC_API rnnc_node *rnnc_binary_cross_entropy(rnnc_node *logits,
                                              rnnc_node *targets,
                                              int32_t reduction);
RNNC_API rnnc_node *rnnc_mse(rnnc_node *a, rnnc_node *b, int32_t reduction);
RNNC_API rnnc_node *rnnc_huber(rnnc_node *a, rnnc_node *b, float delta,
                               int32_t reduction);
RNNC_API rnnc_node *rnnc_l2_penalty(rnnc_node *value, float scale);
RNNC_API rnnc_node *rnnc_total(rnnc_node *x);
RNNC_API rnnc_node *rnnc_pool(rnnc_node *x, int32_t mode);
RNNC_API rnnc_node *rnnc_repeat(rnnc_node *batch, rnnc_node *like);
RNNC_API rnnc_node *rnnc_shift(rnnc_node *x, int64_t steps);
RNNC_API rnnc_node *rnnc_reverse(rnnc_node *x);
typedef struct rnnc_cell rnnc_cell;
RNNC_API rnnc_cell *rnnc_cell_create(rnnc_graph *graph, const char *name);
RNNC_API rnnc_node *rnnc_cell_input(rnnc_cell *cell, int64_t features);
RNNC_API rnnc_node *rnnc_cell_input_ids(rnnc_cell *cell, int64_t vocabulary);
RNNC_API rnnc_node *rnnc_cell_input_batch(rnnc_cell *cell, int64_t features);
RNNC_API rnnc_node *rnnc_cell_state(rnnc_cell *cell, const char *name,
                                    int64_t features);
RNNC_API rnnc_node *rnnc_cell_parameter(rnnc_cell *cell, const char *name,
                                        int64_t rows, int64_t cols,
                                        int32_t init, float value);
RNNC_API rnnc_node *rnnc_cell_parameter_vector(rnnc_cell *cell,
                                               const char *name, int64_t cols,
                                               int32_t init, float value);
RNNC_API void rnnc_cell_first(rnnc_cell *cell, rnnc_node *state,
                              rnnc_node *first);
RNNC_API void rnnc_cell_next(rnnc_cell *cell, rnnc_node *state,
                             rnnc_node *next);
RNNC_API void rnnc_cell_output(rnnc_cell *cell, rnnc_node *output);
RNNC_API rnnc_node *rnnc_unroll(rnnc_cell *cell, rnnc_node *x);
RNNC_API rnnc_node *rnnc_unroll_with(rnnc_cell *cell, rnnc_node *const *inputs,
                                     int32_t n_inputs, rnnc_node *const *first,
                                     int32_t n_first);
RNNC_API rnnc_node *rnnc_unroll_output(rnnc_node *unrolled, int32_t index);
RNNC_API rnnc_node *rnnc_unroll_final(rnnc_node *unrolled, const char *state);
enum { RNNC_BIAS_DOUBLE = 0, RNNC_BIAS_SINGLE = 1, RNNC_BIAS_NONE = 2 };
enum { RNNC_GRU_AFTER = 0, RNNC_GRU_BEFORE = 1 };
enum { RNNC_RNN_TANH = 0, RNNC_RNN_RELU = 1, RNNC_RNN_SIGMOID = 2 };
enum { RNNC_CTRNN_BEER = 0, RNNC_CTRNN_RATE = 1 };
enum {
    RNNC_CELL_RNN = 0,
    RNNC_CELL_LSTM = 1,
    RNNC_CELL_GRU = 2,
    RNNC_CELL_PEEPHOLE = 3,
    RNNC_CELL_CTRNN = 4
};
enum { RNNC_CELL_INIT_DEFAULT = 0, RNNC_CELL_INIT_TORCH = 1 };
enum {
    RNNC_MERGE_CONCAT = 0,
    RNNC_MERGE_SUM = 1,
    RNNC_MERGE_MUL = 2,
    RNNC_MERGE_AVERAGE = 3
};
typedef struct rnnc_cell_options {
    uint32_t struct_size;
    int32_t variant;
    int32_t bias;
    int32_t init;
    int32_t layer;
    int32_t reverse;
    int32_t learned_first;
    float step;
    float tau_min;
    uint32_t reserved;
} rnnc_cell_options;
RNNC_API rnnc_cell *rnnc_cell_make(rnnc_graph *graph, const char *name,
                                   int32_t which, int64_t inputs,
                                   int64_t hidden,
                                   const rnnc_cell_options *options);
RNNC_API rnnc_cell *rnnc_cell_rnn(rnnc_graph *graph, const char *name,
                                  int64_t inputs, int64_t hidden);
RNNC_API rnnc_cell *rnnc_cell_lstm(rnnc_graph *graph, const char *name,
                                   int64_t inputs, int64_t hidden);
RNNC_API rnnc_cell *rnnc_cell_gru(rnnc_graph *graph, const char *name,
                                  int64_t inputs, int64_t hidden);
RNNC_API rnnc_cell *rnnc_cell_peephole(rnnc_graph *graph, const char *name,
                                       int64_t inputs, int64_t hidden);
RNNC_API rnnc_cell *rnnc_cell_ctrnn(rnnc_graph *graph, const char *name,
                                    int64_t inputs, int64_t hidden);
RNNC_API rnnc_node *rnnc_bidirectional(rnnc_cell *forward, rnnc_cell *backward,
                                       rnnc_node *x, int32_t merge);
typedef struct rnnc_layers_options {
    uint32_t struct_size;
    int32_t layers;
    int32_t bidirectional;
    int32_t merge;
    float dropout;
    uint32_t reserved;
    rnnc_cell_options cell;
} rnnc_layers_options;
RNNC_API rnnc_node *rnnc_layers(rnnc_node *x, const char *name, int32_t which,
                                int64_t hidden,
                                const rnnc_layers_options *options);
#include <stddef.h>
typedef struct rnnc_weights rnnc_weights;
RNNC_API rnnc_weights *rnnc_weights_create(rnnc_graph *graph, uint64_t seed);
RNNC_API void rnnc_weights_destroy(rnnc_weights *weights);
RNNC_API rnnc_status rnnc_weights_status(const rnnc_weights *weights);
RNNC_API const char *rnnc_weights_message(const rnnc_weights *weights);
RNNC_API rnnc_graph *rnnc_weights_graph(const rnnc_weights *weights);
RNNC_API int64_t rnnc_weights_count(const rnnc_weights *weights,
                                    const char *name);
RNNC_API rnnc_status rnnc_weights_get(const rnnc_weights *weights,
                                      const char *name, float *values,
                                      int64_t count);
RNNC_API rnnc_status rnnc_weights_set(rnnc_weights *weights, const char *name,
                                      const float *values, int64_t count);
RNNC_API rnnc_status rnnc_weights_gradient(const rnnc_weights *weights,
                                           const char *name, float *values,
                                           int64_t count);
RNNC_API rnnc_status rnnc_weights_zero_gradients(rnnc_weights *weights);
RNNC_API rnnc_weights *rnnc_weights_copy(const rnnc_weights *weights);
RNNC_API uint64_t rnnc_weights_version(const rnnc_weights *weights);
typedef struct rnnc_model rnnc_model;
RNNC_API rnnc_model *rnnc_model_load(rnnc_context *context, const char *path);
RNNC_API rnnc_model *rnnc_model_load_memory(rnnc_context *context,
                                            const void *bytes, size_t size);
RNNC_API void rnnc_model_destroy(rnnc_model *model);
RNNC_API rnnc_status rnnc_model_status(const rnnc_model *model);
RNNC_API const char *rnnc_model_message(const rnnc_model *model);
RNNC_API rnnc_graph *rnnc_model_graph(const rnnc_model *model);
RNNC_API rnnc_weights *rnnc_model_weights(const rnnc_model *model);
RNNC_API rnnc_status rnnc_model_save(const rnnc_weights *weights,
                                     const char *path, char *message,
                                     size_t message_size);
RNNC_API rnnc_status rnnc_model_save_memory(const rnnc_weights *weights,
                                            void *bytes, size_t size,
                                            size_t *needed);
RNNC_API rnnc_status rnnc_weights_load(rnnc_weights *weights, const char *path);
typedef struct rnnc_optimizer rnnc_optimizer;
enum { RNNC_SGD = 0, RNNC_RMSPROP = 1, RNNC_ADAM = 2 };
enum {
    RNNC_OPT_LEARNING_RATE = 0,
    RNNC_OPT_MOMENTUM = 1,
    RNNC_OPT_DAMPENING = 2,
    RNNC_OPT_NESTEROV = 3,
    RNNC_OPT_WEIGHT_DECAY = 4,
    RNNC_OPT_ALPHA = 5,
    RNNC_OPT_EPSILON = 6,
    RNNC_OPT_CENTERED = 7,
    RNNC_OPT_BETA1 = 8,
    RNNC_OPT_BETA2 = 9
};
RNNC_API rnnc_optimizer *rnnc_optimizer_create(rnnc_weights *weights,
                                               int32_t kind);
RNNC_API void rnnc_optimizer_destroy(rnnc_optimizer *optimizer);
RNNC_API rnnc_status rnnc_optimizer_status(const rnnc_optimizer *optimizer);
RNNC_API const char *rnnc_optimizer_message(const rnnc_optimizer *optimizer);
RNNC_API rnnc_status rnnc_optimizer_set(rnnc_optimizer *optimizer,
                                        int32_t option, double value);
RNNC_API rnnc_status rnnc_optimizer_get(const rnnc_optimizer *optimizer,
                                        int32_t option, double *value);
RNNC_API rnnc_status rnnc_optimizer_step(rnnc_optimizer *optimizer);
RNNC_API rnnc_status rnnc_clip_norm(rnnc_weights *weights, float most,
                                    float *norm);
RNNC_API rnnc_status rnnc_clip_value(rnnc_weights *weights, float most);
#include <stddef.h>
RNNC_API size_t rnnc_graph_picture(const rnnc_graph *graph, char *text,
                                   size_t size);
RNNC_API size_t rnnc_cell_picture(const rnnc_cell *cell, int32_t steps,
                                  char *text, size_t size);
#include <stddef.h>
typedef struct rnnc_plan rnnc_plan;
enum { RNNC_INFER = 0, RNNC_TRAIN = 1, RNNC_STREAM = 2 };
enum { RNNC_KEEP_RESULTS = 0, RNNC_KEEP_STATES = 1 };
typedef struct rnnc_plan_options {
    uint32_t struct_size;
    int32_t use;
    rnnc_node *const *outputs;
    rnnc_node *loss;
    rnnc_node *const *gradients;
    int32_t n_outputs;
    int32_t n_gradients;
    const char *axis;
    int64_t block_rows;
    int32_t keep;
    uint32_t reserved;
} rnnc_plan_options;
RNNC_API rnnc_plan *rnnc_plan_create(rnnc_graph *graph,
                                     const rnnc_plan_options *options);
RNNC_API void rnnc_plan_destroy(rnnc_plan *plan);
RNNC_API rnnc_status rnnc_plan_status(const rnnc_plan *plan);
RNNC_API const char *rnnc_plan_message(const rnnc_plan *plan);
RNNC_API size_t rnnc_plan_print(const rnnc_plan *plan, char *text, size_t size);
typedef struct rnnc_sequence rnnc_sequence;
enum { RNNC_BATCH_MAJOR = 0, RNNC_TIME_MAJOR = 1 };
RNNC_API rnnc_sequence *rnnc_sequence_create(rnnc_context *context);
RNNC_API void rnnc_sequence_destroy(rnnc_sequence *sequence);
RNNC_API rnnc_status rnnc_sequence_status(const rnnc_sequence *sequence);
RNNC_API const char *rnnc_sequence_message(const rnnc_sequence *sequence);
RNNC_API rnnc_status rnnc_sequence_set_rows(rnnc_sequence *sequence,
                                            const float *const *rows,
                                            const int64_t *lengths,
                                            int64_t batch, int64_t features);
RNNC_API rnnc_status rnnc_sequence_set_ids(rnnc_sequence *sequence,
                                           const int32_t *const *ids,
                                           const int64_t *lengths,
                                           int64_t batch);
RNNC_API rnnc_status rnnc_sequence_set_padded(rnnc_sequence *sequence,
                                              const float *data,
                                              const int64_t *lengths,
                                              int64_t batch, int64_t time,
                                              int64_t features, int32_t layout);
RNNC_API rnnc_status rnnc_sequence_set_padded_ids(rnnc_sequence *sequence,
                                                  const int32_t *data,
                                                  const int64_t *lengths,
                                                  int64_t batch, int64_t time,
                                                  int32_t layout);
RNNC_API int64_t rnnc_sequence_batch(const rnnc_sequence *sequence);
RNNC_API int64_t rnnc_sequence_features(const rnnc_sequence *sequence);
RNNC_API int64_t rnnc_sequence_length(const rnnc_sequence *sequence,
                                      int64_t row);
RNNC_API int64_t rnnc_sequence_longest(const rnnc_sequence *sequence);
RNNC_API int64_t rnnc_sequence_total(const rnnc_sequence *sequence);
RNNC_API rnnc_status rnnc_sequence_get_row(const rnnc_sequence *sequence,
                                           int64_t row, float *data);
RNNC_API rnnc_status rnnc_sequence_get_row_ids(const rnnc_sequence *sequence,
                                               int64_t row, int32_t *ids);
RNNC_API rnnc_status rnnc_sequence_get_padded(const rnnc_sequence *sequence,
                                              float *data, int64_t time,
                                              int32_t layout, float padding);
typedef struct rnnc_reference rnnc_reference;
RNNC_API rnnc_reference *rnnc_reference_create(const rnnc_weights *weights);
RNNC_API void rnnc_reference_destroy(rnnc_reference *reference);
RNNC_API rnnc_status rnnc_reference_status(const rnnc_reference *reference);
RNNC_API const char *rnnc_reference_message(const rnnc_reference *reference);
RNNC_API rnnc_status rnnc_reference_input(rnnc_reference *reference,
                                          rnnc_node *input,
                                          const rnnc_sequence *sequence);
RNNC_API rnnc_status rnnc_reference_input_batch(rnnc_reference *reference,
                                                rnnc_node *input,
                                                const float *rows,
                                                int64_t batch);
RNNC_API rnnc_status rnnc_reference_input_batch_ids(rnnc_reference *reference,
                                                    rnnc_node *input,
                                                    const int32_t *ids,
                                                    int64_t batch);
RNNC_API rnnc_status rnnc_reference_input_static(rnnc_reference *reference,
                                                 rnnc_node *input,
                                                 const float *values);
RNNC_API rnnc_status rnnc_reference_train(rnnc_reference *reference,
                                          int32_t train, uint64_t seed,
                                          uint64_t counter);
RNNC_API rnnc_status rnnc_reference_carry(rnnc_reference *reference,
                                          const uint8_t *carried,
                                          int64_t batch);
RNNC_API rnnc_status rnnc_reference_value(rnnc_reference *reference,
                                          rnnc_node *node, double *values,
                                          int64_t count);
RNNC_API rnnc_status rnnc_reference_gradient(rnnc_reference *reference,
                                             rnnc_node *loss, rnnc_node *of,
                                             double *values, int64_t count);
RNNC_API rnnc_status rnnc_reference_difference(rnnc_reference *reference,
                                               rnnc_node *loss, rnnc_node *of,
                                               double h, double *values,
                                               int64_t count);
RNNC_API double rnnc_reference_kink(const rnnc_reference *reference);
RNNC_API rnnc_status rnnc_reference_check(rnnc_reference *reference,
                                          rnnc_node *loss, double h,
                                          double *worst);
typedef struct rnnc_run rnnc_run;
RNNC_API rnnc_run *rnnc_run_create(rnnc_plan *plan, rnnc_weights *weights);
RNNC_API void rnnc_run_destroy(rnnc_run *run);
RNNC_API rnnc_status rnnc_run_status(const rnnc_run *run);
RNNC_API const char *rnnc_run_message(const rnnc_run *run);
RNNC_API rnnc_status rnnc_run_reserve(rnnc_run *run, int64_t batch,
                                      int64_t longest, int64_t total_rows);
RNNC_API rnnc_status rnnc_run_input(rnnc_run *run, rnnc_node *input,
                                    const rnnc_sequence *sequence);
RNNC_API rnnc_status rnnc_run_input_batch(rnnc_run *run, rnnc_node *input,
                                          const float *rows, int64_t batch);
RNNC_API rnnc_status rnnc_run_input_batch_ids(rnnc_run *run, rnnc_node *input,
                                              const int32_t *ids,
                                              int64_t batch);
RNNC_API rnnc_status rnnc_run_input_static(rnnc_run *run, rnnc_node *input,
                                           const float *values);
RNNC_API rnnc_status rnnc_run_carry(rnnc_run *run, const uint8_t *carried,
                                    int64_t batch);
RNNC_API rnnc_status rnnc_run_seed(rnnc_run *run, uint64_t seed,
                                   uint64_t counter);
RNNC_API rnnc_status rnnc_run_forward(rnnc_run *run);
RNNC_API rnnc_status rnnc_run_backward(rnnc_run *run);
RNNC_API rnnc_status rnnc_run_loss(const rnnc_run *run, float *loss);
RNNC_API rnnc_status rnnc_run_get_static(const rnnc_run *run, rnnc_node *output,
                                         float *values);
RNNC_API rnnc_status rnnc_run_get_batch(const rnnc_run *run, rnnc_node *output,
                                        float *rows);
RNNC_API rnnc_status rnnc_run_get_rows(const rnnc_run *run, rnnc_node *output,
                                       int64_t row, float *values);
RNNC_API rnnc_status rnnc_run_get_padded(const rnnc_run *run, rnnc_node *output,
                                         float *values, int64_t time,
                                         int32_t layout, float padding);
RNNC_API rnnc_status rnnc_run_gradient_static(const rnnc_run *run,
                                              rnnc_node *input, float *values);
RNNC_API rnnc_status rnnc_run_gradient_batch(const rnnc_run *run,
                                             rnnc_node *input, float *rows);
RNNC_API rnnc_status rnnc_run_gradient_padded(const rnnc_run *run,
                                              rnnc_node *input, float *values,
                                              int64_t time, int32_t layout,
                                              float padding);
RNNC_API int64_t rnnc_run_memory(const rnnc_run *run);
RNNC_API const char *rnnc_run_isa(const rnnc_run *run);
typedef struct rnnc_stream rnnc_stream;
RNNC_API rnnc_stream *rnnc_stream_create(rnnc_plan *plan, rnnc_weights *weights,
                                         int64_t rows);
RNNC_API void rnnc_stream_destroy(rnnc_stream *stream);
RNNC_API rnnc_status rnnc_stream_status(const rnnc_stream *stream);
RNNC_API const char *rnnc_stream_message(const rnnc_stream *stream);
RNNC_API rnnc_status rnnc_stream_input_batch(rnnc_stream *stream,
                                             rnnc_node *input,
                                             const float *rows);
RNNC_API rnnc_status rnnc_stream_input_static(rnnc_stream *stream,
                                              rnnc_node *input,
                                              const float *values);
RNNC_API rnnc_status rnnc_stream_begin(rnnc_stream *stream);
RNNC_API float *rnnc_stream_in(rnnc_stream *stream, rnnc_node *input);
RNNC_API int32_t *rnnc_stream_in_ids(rnnc_stream *stream, rnnc_node *input);
RNNC_API const float *rnnc_stream_out(rnnc_stream *stream, rnnc_node *output);
RNNC_API rnnc_status rnnc_stream_step(rnnc_stream *stream);
RNNC_API rnnc_status rnnc_stream_chunk_input(rnnc_stream *stream,
                                             rnnc_node *input,
                                             const rnnc_sequence *sequence);
RNNC_API rnnc_status rnnc_stream_chunk(rnnc_stream *stream);
RNNC_API rnnc_status rnnc_stream_chunk_reserve(rnnc_stream *stream,
                                               int64_t longest);
RNNC_API rnnc_status rnnc_stream_chunk_padded(const rnnc_stream *stream,
                                              rnnc_node *output, float *values,
                                              int64_t time, int32_t layout,
                                              float padding);
RNNC_API rnnc_status rnnc_stream_reset(rnnc_stream *stream, int64_t row);
RNNC_API int64_t rnnc_stream_state_count(const rnnc_stream *stream);
RNNC_API rnnc_status rnnc_stream_state_get(const rnnc_stream *stream,
                                           int64_t row, float *state);
RNNC_API rnnc_status rnnc_stream_state_set(rnnc_stream *stream, int64_t row,
                                           const float *state);
RNNC_API rnnc_status rnnc_stream_reorder(rnnc_stream *stream,
                                         const int64_t *from);
RNNC_API rnnc_status rnnc_stream_copy_row(rnnc_stream *to, int64_t to_row,
                                          const rnnc_stream *from,
                                          int64_t from_row);
RNNC_API rnnc_status rnnc_stream_refresh(rnnc_stream *stream);
#include <stdint.h>
#define RNNC_VERSION_MAJOR 0
#define RNNC_VERSION_MINOR 1
#define RNNC_VERSION_PATCH 0
#define RNNC_ABI_VERSION   0
RNNC_API const char *rnnc_version(void);
RNNC_API uint32_t rnnc_abi_version(void);
#endif
