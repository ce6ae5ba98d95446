/* SPDX-License-Identifier: MIT */
/**
 * @file optimizer.h
 * @defgroup optimizer Optimizer
 * Updating weights from their gradients.
 *
 * The definitions and defaults are PyTorch's (2.13). One step over every
 * parameter that is not frozen, with p its value, g its gradient, t the number
 * of steps of this parameter with this one, averages zero before the first:
 *
 * - all: with maximize g = -g; then g = g + weight_decay p, or, decoupled
 *   (Loshchilov and Hutter 2019), p = p - rate weight_decay p
 * - ::RNNC_SGD: m = momentum m + (1 - dampening) g, or m = g at the first step;
 *   u = m, with nesterov u = g + momentum m, without momentum u = g;
 *   p = p - rate u
 * - ::RNNC_ADAGRAD (Duchi 2011): s = s + g g, s before the first step
 *   initial_accumulator;
 *   p = p - rate / (1 + (t - 1) lr_decay) g / (sqrt(s) + epsilon)
 * - ::RNNC_ADADELTA (Zeiler 2012): v = rho v + (1 - rho) g g;
 *   d = sqrt(a + epsilon) / sqrt(v + epsilon) g; a = rho a + (1 - rho) d d;
 *   p = p - rate d
 * - ::RNNC_RMSPROP (Hinton 2012): v = alpha v + (1 - alpha) g g;
 *   s = sqrt(v) + epsilon, or, centered (Graves 2013), a = a + (1 - alpha)
 *   (g - a) and s = sqrt(v - a a) + epsilon; m = momentum m + g / s;
 *   p = p - rate m
 * - ::RNNC_ADAM (Kingma and Ba 2015): m = m + (1 - beta1) (g - m);
 *   v = beta2 v + (1 - beta2) g g; with amsgrad (Reddi 2018) w = max(w, v),
 *   without it w = v;
 *   p = p - rate / (1 - beta1^t) m / (sqrt(w) / sqrt(1 - beta2^t) + epsilon)
 * - ::RNNC_ADAMW: Adam with decoupled weight decay
 * - ::RNNC_NADAM (Dozat 2016): m and v as Adam's;
 *   u(t) = beta1 (1 - 0.96^(t momentum_decay) / 2), U = u(1) u(2) ... u(t);
 *   p = p - rate ((1 - u(t)) / (1 - U) g + u(t + 1) / (1 - U u(t + 1)) m)
 *   / (sqrt(v / (1 - beta2^t)) + epsilon)
 * - ::RNNC_RADAM (Liu 2020): m and v as Adam's; R = 2 / (1 - beta2) - 1,
 *   r = R - 2 t beta2^t / (1 - beta2^t);
 *   p = p - rate / (1 - beta1^t) m f, where f = 1 while r <= 5 and then
 *   f = sqrt((r - 4) (r - 2) R / ((R - 4) (R - 2) r)) sqrt(1 - beta2^t)
 *   / (sqrt(v) + epsilon)
 * - ::RNNC_ADAMAX (Kingma and Ba 2015): m as Adam's;
 *   n = max(beta2 n, |g| + epsilon); p = p - rate / (1 - beta1^t) m / n
 * - ::RNNC_ASGD (Polyak and Juditsky 1992; Bottou): p = p - lambda e p - e g;
 *   a = a + u (p - a), a = p while u = 1; then, for the next step,
 *   e = rate / (1 + lambda rate t)^alpha and u = 1 / max(1, t - t0); at the
 *   first step e = rate and u = 1. The model to use is a:
 *   rnnc_optimizer_swap_average(). With lambda 0 and
 *   rnnc_optimizer_observe() it is NT-ASGD (Merity 2018).
 *
 * The same gradients give the same bits on every instruction set with a fused
 * multiply-add and with any number of threads.
 *
 * @code
 * rnnc_optimizer *adam = rnnc_optimizer_create(weights, RNNC_ADAMW);
 * rnnc_optimizer_set(adam, RNNC_OPT_LEARNING_RATE, 2e-3);
 * int32_t biases;
 * rnnc_optimizer_add_group(adam, "*bias*", &biases);
 * rnnc_optimizer_set_in_group(adam, biases, RNNC_OPT_WEIGHT_DECAY, 0);
 * for (...) {
 *     rnnc_weights_zero_gradients(weights);
 *     rnnc_run_forward(run);
 *     rnnc_run_backward(run);
 *     rnnc_clip_norm(weights, 1.0f, NULL);
 *     rnnc_optimizer_step(adam);
 * }
 * @endcode
 *
 * One thread at a time may use an optimizer and change its weights.
 * @{
 */
#ifndef RNNC_OPTIMIZER_H
#define RNNC_OPTIMIZER_H

#include "rnnc/record.h"
#include "rnnc/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An algorithm, its options and its moving averages. */
typedef struct rnnc_optimizer rnnc_optimizer;

/** Algorithms. */
enum {
    RNNC_SGD = 0,      /**< gradient descent, with momentum if asked for */
    RNNC_RMSPROP = 1,  /**< divides by a moving root mean square */
    RNNC_ADAM = 2,     /**< moving mean over moving root mean square */
    RNNC_ADAGRAD = 3,  /**< divides by the root of the sum of squares */
    RNNC_ADADELTA = 4, /**< steps in the unit of the parameter */
    RNNC_ADAMW = 5,    /**< Adam with decoupled weight decay */
    RNNC_NADAM = 6,    /**< Adam with Nesterov's momentum */
    RNNC_RADAM = 7,    /**< Adam that warms up by itself */
    RNNC_ADAMAX = 8,   /**< Adam with the largest gradient */
    RNNC_ASGD = 9      /**< descent that averages the weights */
};

/** Options. Each may be set between any two steps. */
enum {
    RNNC_OPT_LEARNING_RATE = 0, /**< all; >= 0. SGD, Adam, AdamW, RAdam 1e-3;
                                     RMSprop, Adagrad, ASGD 1e-2; NAdam, Adamax
                                     2e-3; Adadelta 1 */
    RNNC_OPT_MOMENTUM = 1,      /**< SGD, RMSprop; >= 0, default 0 */
    RNNC_OPT_DAMPENING = 2,     /**< SGD; default 0 */
    RNNC_OPT_NESTEROV = 3,      /**< SGD; 0 (default) or 1 */
    RNNC_OPT_WEIGHT_DECAY = 4,  /**< all; >= 0, default 0, AdamW 1e-2 */
    RNNC_OPT_ALPHA = 5,         /**< 0..1; RMSprop 0.99; ASGD 0.75 */
    RNNC_OPT_EPSILON = 6,       /**< all but SGD, ASGD; >= 0, default 1e-8,
                                     Adagrad 1e-10, Adadelta 1e-6 */
    RNNC_OPT_CENTERED = 7,      /**< RMSprop; 0 (default) or 1 */
    RNNC_OPT_BETA1 = 8,         /**< the Adams; 0 <= beta1 < 1, default 0.9 */
    RNNC_OPT_BETA2 = 9,         /**< the Adams; 0 <= beta2 < 1, default 0.999 */
    RNNC_OPT_MAXIMIZE = 10,     /**< all; 1: ascend; default 0 */
    RNNC_OPT_AMSGRAD = 11,      /**< Adam, AdamW; 0 (default) or 1 */
    RNNC_OPT_DECOUPLED = 12,    /**< Adam, NAdam, RAdam: weight decay apart
                                     from the gradient; 0 (default) or 1 */
    RNNC_OPT_MOMENTUM_DECAY = 13,      /**< NAdam; >= 0, default 4e-3 */
    RNNC_OPT_LR_DECAY = 14,            /**< Adagrad; >= 0, default 0 */
    RNNC_OPT_INITIAL_ACCUMULATOR = 15, /**< Adagrad; >= 0, default 0; read at
                                            the first step of a parameter */
    RNNC_OPT_RHO = 16,                 /**< Adadelta; 0..1, default 0.9 */
    RNNC_OPT_LAMBDA = 17,              /**< ASGD; >= 0, default 1e-4 */
    RNNC_OPT_T0 = 18,                  /**< ASGD: averaging begins after so many
                                            steps; >= 0, default 1e6 */
    RNNC_OPT_NONMONOTONE = 19          /**< ASGD: see rnnc_optimizer_observe();
                                            whole, 0..64, default 5 */
};

/**
 * Makes an optimizer with the defaults of its kind.
 * @param weights what it will update; kept alive by the optimizer
 * @param kind one of the algorithms, ::RNNC_SGD to ::RNNC_ASGD
 * @return a handle (see @ref status), or NULL where memory ran out
 * @note RNNC_E_ARGUMENT: an unknown kind, or weights NULL
 */
RNNC_API rnnc_optimizer *rnnc_optimizer_create(rnnc_weights *weights,
                                               int32_t kind);

/** Lets go of an optimizer. Schedules made for it keep it alive.
 * @param optimizer NULL is allowed */
RNNC_API void rnnc_optimizer_destroy(rnnc_optimizer *optimizer);

/** @param optimizer an optimizer or NULL @return how its last call went */
RNNC_API rnnc_status rnnc_optimizer_status(const rnnc_optimizer *optimizer);

/** @param optimizer an optimizer or NULL @return why, "" where all is well */
RNNC_API const char *rnnc_optimizer_message(const rnnc_optimizer *optimizer);

/**
 * Sets an option of all parameters but those whose group has set it for
 * itself. Momentum, centered and amsgrad allocate the average that they need,
 * so that a step never allocates.
 * @param optimizer an optimizer
 * @param option one of the RNNC_OPT_ values that its kind has
 * @param value within the bounds of the option
 * @return RNNC_OK, RNNC_E_ARGUMENT or RNNC_E_MEMORY; then nothing has changed
 */
RNNC_API rnnc_status rnnc_optimizer_set(rnnc_optimizer *optimizer,
                                        int32_t option, double value);

/**
 * Reads an option of the parameters that are in no group.
 * @param optimizer an optimizer
 * @param option one of the RNNC_OPT_ values that its kind has
 * @param value receives it
 * @return RNNC_OK or RNNC_E_ARGUMENT
 */
RNNC_API rnnc_status rnnc_optimizer_get(const rnnc_optimizer *optimizer,
                                        int32_t option, double *value);

/**
 * Makes a group of parameters that may have options of their own. Options that
 * a group does not set are those of rnnc_optimizer_set(), also when that
 * changes later. Group 0 is all parameters that are in no other group.
 * @param optimizer an optimizer
 * @param pattern of their names: `*` stands for any characters, `?` for one
 * @param group receives its number, 1 for the first
 * @return RNNC_OK; RNNC_E_NAME where no parameter fits; RNNC_E_ARGUMENT where
 *   one of them is in a group already, or for a NULL; RNNC_E_MEMORY; then
 *   nothing has changed
 */
RNNC_API rnnc_status rnnc_optimizer_add_group(rnnc_optimizer *optimizer,
                                              const char *pattern,
                                              int32_t *group);

/**
 * Moves more parameters from group 0 into a group.
 * @param optimizer an optimizer
 * @param group of rnnc_optimizer_add_group()
 * @param pattern of their names
 * @return as rnnc_optimizer_add_group()
 */
RNNC_API rnnc_status rnnc_optimizer_add_to_group(rnnc_optimizer *optimizer,
                                                 int32_t group,
                                                 const char *pattern);

/** @param optimizer an optimizer or NULL
 * @return how many groups it has, group 0 among them; 0 for NULL */
RNNC_API int32_t rnnc_optimizer_groups(const rnnc_optimizer *optimizer);

/**
 * The group of a parameter.
 * @param optimizer an optimizer or NULL
 * @param name of a parameter
 * @return its group; -1 where there is no such parameter
 */
RNNC_API int32_t rnnc_optimizer_group_of(const rnnc_optimizer *optimizer,
                                         const char *name);

/**
 * Sets an option of a group.
 * @param optimizer an optimizer
 * @param group 0: as rnnc_optimizer_set()
 * @param option one of the RNNC_OPT_ values that its kind has
 * @param value within the bounds of the option
 * @return RNNC_OK, RNNC_E_ARGUMENT or RNNC_E_MEMORY; then nothing has changed
 */
RNNC_API rnnc_status rnnc_optimizer_set_in_group(rnnc_optimizer *optimizer,
                                                 int32_t group, int32_t option,
                                                 double value);

/**
 * Reads an option of a group, set by itself or not.
 * @param optimizer an optimizer
 * @param group 0 to rnnc_optimizer_groups() - 1
 * @param option one of the RNNC_OPT_ values that its kind has
 * @param value receives it
 * @return RNNC_OK or RNNC_E_ARGUMENT
 */
RNNC_API rnnc_status
rnnc_optimizer_get_in_group(const rnnc_optimizer *optimizer, int32_t group,
                            int32_t option, double *value);

/**
 * Updates every parameter that is not frozen from its gradient. The gradients
 * stay as they are; set them to zero before the next backward pass. Runs of
 * these weights take the new values at their next call. Allocates nothing.
 * @param optimizer an optimizer
 * @return RNNC_OK; RNNC_E_STATE where no backward pass has made gradients yet,
 *   or the averages stand in the weights' place; RNNC_E_ARGUMENT for nesterov
 *   without momentum, or with dampening; RNNC_E_UNSUPPORTED where one of them
 *   is stored in fewer bits (see rnnc_weights_store())
 */
RNNC_API rnnc_status rnnc_optimizer_step(rnnc_optimizer *optimizer);

/**
 * NT-ASGD's switch (Merity, Keskar and Socher 2018, algorithm 1): tells ASGD
 * the loss on held-out data. Averaging begins (t0 is set to the number of
 * steps so far, in all groups) at the first loss that is larger than the least
 * of all but the last `nonmonotone` losses before it.
 * @param optimizer one of kind ::RNNC_ASGD; set t0 large, which it is by
 *   default, and for NT-ASGD proper lambda to 0
 * @param loss the smaller the better; perplexities do as well
 * @param averaging receives 1 where averaging has begun, else 0; may be NULL
 * @return RNNC_OK; RNNC_E_UNSUPPORTED for another kind; RNNC_E_VALUE where
 *   the loss is not a number
 */
RNNC_API rnnc_status rnnc_optimizer_observe(rnnc_optimizer *optimizer,
                                            double loss, int32_t *averaging);

/**
 * Exchanges the values of the weights and ASGD's averages of them: to measure
 * or keep the averaged model, and then once more to go on. Parameters that no
 * step has changed stay as they are.
 * @param optimizer one of kind ::RNNC_ASGD
 * @return RNNC_OK; RNNC_E_UNSUPPORTED for another kind, or where one of them
 *   is stored in fewer bits
 */
RNNC_API rnnc_status rnnc_optimizer_swap_average(rnnc_optimizer *optimizer);

/**
 * Writes all that later steps depend on, but for the weights, into a record:
 * averages and counts of each parameter under PyTorch's names
 * (`optimizer.state/NAME/exp_avg`), options of each group
 * (`optimizer.groups/0/learning_rate`).
 * @param optimizer an optimizer
 * @param record receives new entries, or the values of those it has
 * @return RNNC_OK; RNNC_E_STATE while the averages stand in the weights'
 *   place; RNNC_E_SHAPE where the record has an entry of such a name with
 *   another type or size; RNNC_E_MEMORY; then nothing has changed
 */
RNNC_API rnnc_status rnnc_optimizer_save(rnnc_optimizer *optimizer,
                                         rnnc_record *record);

/**
 * Takes back what rnnc_optimizer_save() wrote: options, averages, counts. The
 * optimizer must be of the same kind with the same groups.
 * @param optimizer an optimizer of the same graph
 * @param record what was saved
 * @return RNNC_OK; RNNC_E_NAME where an entry is missing; RNNC_E_SHAPE where
 *   one has another type or size; RNNC_E_VALUE where a number is out of bounds
 *   or the kind or the groups are others; RNNC_E_STATE while the averages
 *   stand in the weights' place; RNNC_E_MEMORY; then nothing has changed
 */
RNNC_API rnnc_status rnnc_optimizer_restore(rnnc_optimizer *optimizer,
                                            const rnnc_record *record);

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

/**
 * Multiplies the gradients of all parameters that are not frozen. Backward
 * passes add to the gradients, so a batch may be done in parts: set them to
 * zero, run forward and backward for each of n parts of equal size, scale by
 * 1 / n, clip, step.
 * @code
 * rnnc_weights_zero_gradients(weights);
 * for (int32_t part = 0; part < n; part++) {
 *     ...                              // inputs of this part
 *     rnnc_run_forward(run);
 *     rnnc_run_backward(run);
 * }
 * rnnc_scale_gradients(weights, 1.0f / n);
 * rnnc_optimizer_step(adam);
 * @endcode
 * @param weights weights with gradients
 * @param factor finite
 * @return RNNC_OK; RNNC_E_STATE where there are no gradients; RNNC_E_ARGUMENT
 */
RNNC_API rnnc_status rnnc_scale_gradients(rnnc_weights *weights, float factor);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
