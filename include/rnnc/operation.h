/* SPDX-License-Identifier: MIT */
/**
 * @file operation.h
 * @defgroup operation Operation
 * What a graph computes.
 *
 * Each call makes a node over nodes of one graph. Where it fails it returns
 * NULL and the graph keeps the reason, as @ref graph says. "floats" are values
 * of any kind that are not ids; [.., n] is a value of any kind with n columns.
 * @{
 */
#ifndef RNNC_OPERATION_H
#define RNNC_OPERATION_H

#include "rnnc/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a loss makes of the losses of its rows. */
enum {
    RNNC_REDUCE_MEAN = 0, /**< their mean over all elements: static [1, 1] */
    RNNC_REDUCE_SUM = 1,  /**< their sum over all elements: static [1, 1] */
    RNNC_REDUCE_NONE = 2  /**< a column: each row's mean over its features */
};

/** What rnnc_pool() takes of a sequence. */
enum {
    RNNC_POOL_LAST = 0,  /**< its last row */
    RNNC_POOL_FIRST = 1, /**< its first row */
    RNNC_POOL_MEAN = 2,  /**< the mean of its rows */
    RNNC_POOL_MAX = 3,   /**< the greatest of each feature */
    RNNC_POOL_SUM = 4    /**< the sum of its rows */
};

/**
 * @name Element by element
 * Operands have equal columns, or one column that goes with all. Static
 * operands have equal rows, or one row that goes with all; beside batch or
 * sequence values a static operand has one row. A batch value goes with a
 * sequence only through rnnc_repeat(); inside a cell it goes with the step's
 * row by itself. The result has the kind of the operand that has most:
 * static, batch, sequence.
 *
 * At a kink the derivative is 0 for rnnc_relu() and rnnc_abs(), 1 for
 * rnnc_clip() on both of its bounds, and goes to the first operand of
 * rnnc_min() and rnnc_max(). NaN stays NaN, but for comparisons, which are
 * false, and rnnc_min() and rnnc_max(), which give their second operand where
 * either is NaN.
 * @{
 */

/** a + b. @param a floats @param b floats @return as said above */
RNNC_API rnnc_node *rnnc_add(rnnc_node *a, rnnc_node *b);

/** a - b. @param a floats @param b floats @return as said above */
RNNC_API rnnc_node *rnnc_sub(rnnc_node *a, rnnc_node *b);

/** a b. @param a floats @param b floats @return as said above */
RNNC_API rnnc_node *rnnc_mul(rnnc_node *a, rnnc_node *b);

/** a / b. @param a floats @param b floats @return as said above */
RNNC_API rnnc_node *rnnc_div(rnnc_node *a, rnnc_node *b);

/** a where a <= b, else b. @param a floats @param b floats @return as above */
RNNC_API rnnc_node *rnnc_min(rnnc_node *a, rnnc_node *b);

/** a where a >= b, else b. @param a floats @param b floats @return as above */
RNNC_API rnnc_node *rnnc_max(rnnc_node *a, rnnc_node *b);

/** 1 where a < b, else 0; no gradient. @param a floats @param b floats
 * @return as said above */
RNNC_API rnnc_node *rnnc_less(rnnc_node *a, rnnc_node *b);

/** 1 where a <= b, else 0; no gradient. @param a floats @param b floats
 * @return as said above */
RNNC_API rnnc_node *rnnc_less_equal(rnnc_node *a, rnnc_node *b);

/** 1 where a == b, else 0; no gradient. @param a floats @param b floats
 * @return as said above */
RNNC_API rnnc_node *rnnc_equal(rnnc_node *a, rnnc_node *b);

/**
 * `yes` where the condition is not 0, else `no`.
 * @param condition floats, without gradient
 * @param yes floats
 * @param no floats
 * @return as said above
 */
RNNC_API rnnc_node *rnnc_select(rnnc_node *condition, rnnc_node *yes,
                                rnnc_node *no);

/** -x. @param x floats @return the shape of x */
RNNC_API rnnc_node *rnnc_neg(rnnc_node *x);

/** |x|. @param x floats @return the shape of x */
RNNC_API rnnc_node *rnnc_abs(rnnc_node *x);

/** e to the x. @param x floats @return the shape of x */
RNNC_API rnnc_node *rnnc_exp(rnnc_node *x);

/** Natural logarithm. @param x floats @return the shape of x */
RNNC_API rnnc_node *rnnc_log(rnnc_node *x);

/** Square root. @param x floats @return the shape of x */
RNNC_API rnnc_node *rnnc_sqrt(rnnc_node *x);

/** 1 / (1 + exp(-x)). @param x floats @return the shape of x */
RNNC_API rnnc_node *rnnc_sigmoid(rnnc_node *x);

/** Hyperbolic tangent. @param x floats @return the shape of x */
RNNC_API rnnc_node *rnnc_tanh(rnnc_node *x);

/** 0 where x < 0, else x. @param x floats @return the shape of x */
RNNC_API rnnc_node *rnnc_relu(rnnc_node *x);

/** log(1 + exp(x)). @param x floats @return the shape of x */
RNNC_API rnnc_node *rnnc_softplus(rnnc_node *x);

/** x / (1 + |x|). @param x floats @return the shape of x */
RNNC_API rnnc_node *rnnc_softsign(rnnc_node *x);

/** x where x > 0, else alpha (exp(x) - 1), as ONNX Elu.
 * @param x floats @param alpha finite @return the shape of x */
RNNC_API rnnc_node *rnnc_elu(rnnc_node *x, float alpha);

/** min(max(alpha x + beta, 0), 1), as ONNX HardSigmoid (0.2 and 0.5 there).
 * @param x floats @param alpha finite @param beta finite
 * @return the shape of x */
RNNC_API rnnc_node *rnnc_hard_sigmoid(rnnc_node *x, float alpha, float beta);

/** x where x > 0, else alpha x. @param x floats @param alpha finite
 * @return the shape of x */
RNNC_API rnnc_node *rnnc_leaky_relu(rnnc_node *x, float alpha);

/** 0 where x <= alpha, else x. @param x floats @param alpha finite
 * @return the shape of x */
RNNC_API rnnc_node *rnnc_thresholded_relu(rnnc_node *x, float alpha);

/** alpha x + beta. @param x floats @param alpha finite @param beta finite
 * @return the shape of x */
RNNC_API rnnc_node *rnnc_affine(rnnc_node *x, float alpha, float beta);

/** alpha tanh(beta x), as ONNX ScaledTanh.
 * @param x floats @param alpha finite @param beta finite
 * @return the shape of x */
RNNC_API rnnc_node *rnnc_scaled_tanh(rnnc_node *x, float alpha, float beta);

/** min(max(x, low), high). @param x floats @param low finite, at most `high`
 * @param high finite @return the shape of x */
RNNC_API rnnc_node *rnnc_clip(rnnc_node *x, float low, float high);

/** @} */

/**
 * @name Products
 * @{
 */

/**
 * The matrix product a b.
 * @param a [.., k] of any kind
 * @param b static [k, n]
 * @return [.., n] of the kind of a
 */
RNNC_API rnnc_node *rnnc_matmul(rnnc_node *a, rnnc_node *b);

/**
 * x weight' + bias, as torch.nn.functional.linear.
 * @param x [.., k] of any kind
 * @param weight static [n, k]
 * @param bias static [1, n]
 * @return [.., n] of the kind of x
 */
RNNC_API rnnc_node *rnnc_project(rnnc_node *x, rnnc_node *weight,
                                 rnnc_node *bias);

/**
 * x weight'. A call of its own, since a NULL bias is a node that failed.
 * @param x [.., k] of any kind
 * @param weight static [n, k]
 * @return [.., n] of the kind of x
 */
RNNC_API rnnc_node *rnnc_project_unbiased(rnnc_node *x, rnnc_node *weight);

/**
 * The rows of a table that ids name.
 * @param ids ids of any kind
 * @param table static [vocabulary or more, n]
 * @return [n] of the kind of ids
 */
RNNC_API rnnc_node *rnnc_lookup(rnnc_node *ids, rnnc_node *table);

/**
 * A layer: rnnc_project() with parameters of its own, `name`.weight
 * [features, columns of x] (Glorot) and `name`.bias [features] (zero).
 * @param x [.., k] of any kind
 * @param name of the layer; "" or NULL: plain "weight" and "bias"
 * @param features at least 1
 * @return [.., features] of the kind of x
 */
RNNC_API rnnc_node *rnnc_linear(rnnc_node *x, const char *name,
                                int64_t features);

/**
 * A layer: rnnc_lookup() with a table of its own, `name`.weight [vocabulary,
 * features] (normal, deviation 1, as torch.nn.Embedding).
 * @param ids ids of any kind
 * @param name of the layer; "" or NULL: plain "weight"
 * @param features at least 1
 * @return [features] of the kind of ids
 */
RNNC_API rnnc_node *rnnc_embedding(rnnc_node *ids, const char *name,
                                   int64_t features);

/** @} */

/**
 * @name Features
 * @{
 */

/**
 * Puts values side by side.
 * @param parts floats, all static with equal rows, or all of one kind and axis;
 *   inside a cell batch and step rows go together
 * @param count at least 1
 * @return columns of all parts, in their order
 */
RNNC_API rnnc_node *rnnc_concat(rnnc_node *const *parts, int32_t count);

/**
 * Some columns.
 * @param x floats of any kind
 * @param first first column
 * @param count columns, at least 1
 * @return [.., count] of the kind of x
 */
RNNC_API rnnc_node *rnnc_slice(rnnc_node *x, int64_t first, int64_t count);

/**
 * Some rows of a static value, such as one gate's part of a weight matrix.
 * @param value static [rows, cols]
 * @param first first row
 * @param count rows, at least 1
 * @return static [count, cols]
 */
RNNC_API rnnc_node *rnnc_rows(rnnc_node *value, int64_t first, int64_t count);

/** Sum over the features of each row. @param x floats @return one column */
RNNC_API rnnc_node *rnnc_sum(rnnc_node *x);

/** Mean over the features of each row. @param x floats @return one column */
RNNC_API rnnc_node *rnnc_mean(rnnc_node *x);

/** exp(x) over its sum, for each row. @param x floats @return shape of x */
RNNC_API rnnc_node *rnnc_softmax(rnnc_node *x);

/** log of rnnc_softmax(), without the loss of digits.
 * @param x floats @return shape of x */
RNNC_API rnnc_node *rnnc_log_softmax(rnnc_node *x);

/**
 * Layer normalisation (Ba, Kiros and Hinton 2016): gain (x - mean) /
 * sqrt(variance + epsilon) + bias over the features of each row, with the
 * biased variance.
 * @param x [.., n] of any kind
 * @param gain static [1, n]
 * @param bias static [1, n]
 * @param epsilon more than 0; 1e-5 in PyTorch
 * @return shape of x
 */
RNNC_API rnnc_node *rnnc_layer_norm(rnnc_node *x, rnnc_node *gain,
                                    rnnc_node *bias, float epsilon);

/**
 * rnnc_layer_norm() without gain and bias.
 * @param x [.., n] of any kind
 * @param epsilon more than 0
 * @return shape of x
 */
RNNC_API rnnc_node *rnnc_normalize(rnnc_node *x, float epsilon);

/**
 * In training, sets elements to 0 with probability `rate` and scales the rest
 * by 1 / (1 - rate) (Srivastava et al. 2014); else x itself. The mask of an
 * element depends on the run's seed and counter, this node, the sequence, the
 * step and the feature, and on nothing else.
 * @param x floats of any kind; a batch value is masked once a sequence
 * @param rate 0 up to but not 1
 * @return shape of x
 */
RNNC_API rnnc_node *rnnc_dropout(rnnc_node *x, float rate);

/** @} */

/**
 * @name Losses
 * Rows count alike, whatever sequence they belong to. Inside a cell only
 * ::RNNC_REDUCE_NONE is possible.
 * @{
 */

/** Options of rnnc_cross_entropy_with(); all zero: the mean over all rows. */
typedef struct rnnc_cross_entropy_options {
    uint32_t struct_size;     /**< sizeof(rnnc_cross_entropy_options) */
    int32_t reduction;        /**< one of RNNC_REDUCE_ */
    int32_t has_ignore;       /**< 1: rows whose id is `ignore_index` count for
                                   nothing */
    int32_t ignore_index;     /**< often -100 */
    float smoothing;          /**< share of the target spread over all classes:
                                   0 up to but not 1 */
    uint32_t reserved;        /**< 0 */
    rnnc_node *class_weights; /**< static [1, classes], without gradient, or
                                   NULL: all 1 */
} rnnc_cross_entropy_options;

/**
 * -log softmax(logits)[id], the mean over all rows whose id is not -100, as
 * torch.nn.CrossEntropyLoss.
 * @param logits [.., classes] of any kind
 * @param ids an id below classes for each row of logits
 * @return static [1, 1]; 0 where no row counts
 */
RNNC_API rnnc_node *rnnc_cross_entropy(rnnc_node *logits, rnnc_node *ids);

/**
 * Cross-entropy with weights w, smoothing s and a reduction, as
 * torch.nn.CrossEntropyLoss: a row's loss is w[id] (1 - s) nll(id) + s /
 * classes * sum over c of w[c] nll(c); the mean divides by the sum of w[id].
 * @param logits [.., classes] of any kind
 * @param ids an id below classes for each row of logits
 * @param options NULL: as rnnc_cross_entropy()
 * @return static [1, 1], or a column
 */
RNNC_API rnnc_node *
rnnc_cross_entropy_with(rnnc_node *logits, rnnc_node *ids,
                        const rnnc_cross_entropy_options *options);

/**
 * softplus(x) - x y for logits x and targets y, as
 * torch.nn.BCEWithLogitsLoss.
 * @param logits floats
 * @param targets the same shape, from 0 to 1
 * @param reduction one of RNNC_REDUCE_
 * @return static [1, 1], or a column
 */
RNNC_API rnnc_node *rnnc_binary_cross_entropy(rnnc_node *logits,
                                              rnnc_node *targets,
                                              int32_t reduction);

/**
 * (a - b)^2.
 * @param a floats
 * @param b the same shape
 * @param reduction one of RNNC_REDUCE_
 * @return static [1, 1], or a column
 */
RNNC_API rnnc_node *rnnc_mse(rnnc_node *a, rnnc_node *b, int32_t reduction);

/**
 * With d = |a - b|: d d / 2 up to delta, delta (d - delta / 2) beyond (Huber
 * 1964), as torch.nn.HuberLoss.
 * @param a floats
 * @param b the same shape
 * @param delta more than 0
 * @param reduction one of RNNC_REDUCE_
 * @return static [1, 1], or a column
 */
RNNC_API rnnc_node *rnnc_huber(rnnc_node *a, rnnc_node *b, float delta,
                               int32_t reduction);

/**
 * scale times the sum of the squares, to be added to a loss.
 * @param value static, usually a parameter
 * @param scale finite
 * @return static [1, 1]
 */
RNNC_API rnnc_node *rnnc_l2_penalty(rnnc_node *value, float scale);

/**
 * The sum of all elements of all rows.
 * @param x floats of any kind, not inside a cell
 * @return static [1, 1]
 */
RNNC_API rnnc_node *rnnc_total(rnnc_node *x);

/** @} */

/**
 * @name Time
 * What crosses the rows of a sequence, besides rnnc_unroll(). Not inside a
 * cell.
 * @{
 */

/**
 * One row of each sequence.
 * @param x sequence [n]
 * @param mode one of RNNC_POOL_
 * @return batch [n]; 0 for a sequence without rows
 */
RNNC_API rnnc_node *rnnc_pool(rnnc_node *x, int32_t mode);

/**
 * The row of each sequence at all its steps.
 * @param batch batch [n]
 * @param like any sequence, whose axis the result has
 * @return sequence [n]
 */
RNNC_API rnnc_node *rnnc_repeat(rnnc_node *batch, rnnc_node *like);

/**
 * Every row moves to a later step: row t is x at t - steps.
 * @param x sequence [n], or a sequence of ids
 * @param steps 1 to 10,000, each kept as a state; zeros (id 0) come in at the
 *   beginning
 * @return the shape of x
 */
RNNC_API rnnc_node *rnnc_shift(rnnc_node *x, int64_t steps);

/**
 * Each sequence backwards, by its own length.
 * @param x sequence [n], or a sequence of ids
 * @return the shape of x
 */
RNNC_API rnnc_node *rnnc_reverse(rnnc_node *x);

/** @} */

#ifdef __cplusplus
}
#endif
/** @} */
#endif
