/* SPDX-License-Identifier: MIT */
/**
 * @file optimizer.h
 * @defgroup optimizer Optimizer
 * Updating weights from their gradients.
 *
 * The definitions and defaults are PyTorch's. One step over every parameter
 * that is not frozen, with p its value and g its gradient:
 *
 * - all: g = g + weight_decay p
 * - ::RNNC_SGD: m = momentum m + (1 - dampening) g, or m = g at the first step;
 *   u = m, with nesterov u = g + momentum m, without momentum u = g;
 *   p = p - rate u
 * - ::RNNC_RMSPROP: v = alpha v + (1 - alpha) g g; s = sqrt(v) + epsilon, or,
 *   centered, a = a + (1 - alpha) (g - a) and s = sqrt(v - a a) + epsilon;
 *   m = momentum m + g / s; p = p - rate m
 * - ::RNNC_ADAM: m = m + (1 - beta1) (g - m); v = beta2 v + (1 - beta2) g g;
 *   p = p - rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon),
 *   t the number of steps of this parameter
 *
 * The same gradients give the same bits on every instruction set with a fused
 * multiply-add and with any number of threads.
 *
 * @code
 * rnnc_optimizer *adam = rnnc_optimizer_create(weights, RNNC_ADAM);
 * rnnc_optimizer_set(adam, RNNC_OPT_LEARNING_RATE, 2e-3);
 * for (...) {
 *     rnnc_weights_zero_gradients(weights);
 *     rnnc_run_forward(run);
 *     rnnc_run_backward(run);
 *     rnnc_clip_norm(weights, 1.0f, NULL);
 *     rnnc_optimizer_step(adam);
 * }
 * @endcode
 * @{
 */
#ifndef RNNC_OPTIMIZER_H
#define RNNC_OPTIMIZER_H

#include "rnnc/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An algorithm, its options and its moving averages. */
typedef struct rnnc_optimizer rnnc_optimizer;

/** Algorithms. */
enum {
    RNNC_SGD = 0,     /**< gradient descent, with momentum if asked for */
    RNNC_RMSPROP = 1, /**< Hinton 2012; centered: Graves 2013 */
    RNNC_ADAM = 2     /**< Kingma and Ba 2015 */
};

/** Options. Each may be set between any two steps. */
enum {
    RNNC_OPT_LEARNING_RATE = 0, /**< all; >= 0. SGD 1e-3, RMSprop 1e-2, Adam
                                     1e-3 */
    RNNC_OPT_MOMENTUM = 1,      /**< SGD, RMSprop; >= 0, default 0 */
    RNNC_OPT_DAMPENING = 2,     /**< SGD; default 0 */
    RNNC_OPT_NESTEROV = 3,      /**< SGD; 0 (default) or 1 */
    RNNC_OPT_WEIGHT_DECAY = 4,  /**< all; >= 0, default 0 */
    RNNC_OPT_ALPHA = 5,         /**< RMSprop; 0..1, default 0.99 */
    RNNC_OPT_EPSILON = 6,       /**< RMSprop, Adam; >= 0, default 1e-8 */
    RNNC_OPT_CENTERED = 7,      /**< RMSprop; 0 (default) or 1 */
    RNNC_OPT_BETA1 = 8,         /**< Adam; 0 <= beta1 < 1, default 0.9 */
    RNNC_OPT_BETA2 = 9          /**< Adam; 0 <= beta2 < 1, default 0.999 */
};

/**
 * Makes an optimizer with the defaults of its kind.
 * @param weights what it will update; kept alive by the optimizer
 * @param kind ::RNNC_SGD, ::RNNC_RMSPROP or ::RNNC_ADAM
 * @return a handle (see @ref status), or NULL where memory ran out
 * @note RNNC_E_ARGUMENT: an unknown kind, or weights NULL
 */
RNNC_API rnnc_optimizer *rnnc_optimizer_create(rnnc_weights *weights,
                                               int32_t kind);

/** Lets go of an optimizer. @param optimizer NULL is allowed */
RNNC_API void rnnc_optimizer_destroy(rnnc_optimizer *optimizer);

/** @param optimizer an optimizer or NULL @return how its last call went */
RNNC_API rnnc_status rnnc_optimizer_status(const rnnc_optimizer *optimizer);

/** @param optimizer an optimizer or NULL @return why, "" where all is well */
RNNC_API const char *rnnc_optimizer_message(const rnnc_optimizer *optimizer);

/**
 * Sets an option. Momentum and centered allocate the average that they need,
 * so that a step never allocates.
 * @param optimizer an optimizer
 * @param option one of the RNNC_OPT_ values that its kind has
 * @param value within the bounds of the option
 * @return RNNC_OK, RNNC_E_ARGUMENT or RNNC_E_MEMORY; then nothing has changed
 */
RNNC_API rnnc_status rnnc_optimizer_set(rnnc_optimizer *optimizer,
                                        int32_t option, double value);

/**
 * Reads an option.
 * @param optimizer an optimizer
 * @param option one of the RNNC_OPT_ values that its kind has
 * @param value receives it
 * @return RNNC_OK or RNNC_E_ARGUMENT
 */
RNNC_API rnnc_status rnnc_optimizer_get(const rnnc_optimizer *optimizer,
                                        int32_t option, double *value);

/**
 * Updates every parameter that is not frozen from its gradient. The gradients
 * stay as they are; set them to zero before the next backward pass. Runs of
 * these weights take the new values at their next call. Allocates nothing.
 * @param optimizer an optimizer
 * @return RNNC_OK; RNNC_E_STATE where no backward pass has made gradients yet;
 *   RNNC_E_ARGUMENT for nesterov without momentum, or with dampening;
 *   RNNC_E_UNSUPPORTED where one of them is stored in fewer bits (see
 *   rnnc_weights_store())
 */
RNNC_API rnnc_status rnnc_optimizer_step(rnnc_optimizer *optimizer);

/**
 * PyTorch's clip_grad_norm_: scales the gradients of all parameters that are
 * not frozen by min(1, most / (norm + 1e-6)), where norm is the 2-norm of all
 * of them together.
 * @param weights weights with gradients
 * @param most the largest norm that stays as it is; >= 0
 * @param norm receives the norm before; may be NULL
 * @return RNNC_OK; RNNC_E_STATE where there are no gradients; RNNC_E_ARGUMENT
 * @note a norm that is not finite makes gradients that are not finite, or
 *   zero, as in PyTorch: look at `norm` before a step
 */
RNNC_API rnnc_status rnnc_clip_norm(rnnc_weights *weights, float most,
                                    float *norm);

/**
 * PyTorch's clip_grad_value_: every gradient of a parameter that is not frozen
 * is clipped to -most..most. A NaN stays a NaN.
 * @param weights weights with gradients
 * @param most the bound; >= 0
 * @return RNNC_OK; RNNC_E_STATE where there are no gradients; RNNC_E_ARGUMENT
 */
RNNC_API rnnc_status rnnc_clip_value(rnnc_weights *weights, float most);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
