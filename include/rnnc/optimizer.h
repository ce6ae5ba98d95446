/* SPDX-License-Identifier: MIT */
/** @file optimizer.h @defgroup optimizer Optimizer Updating weights from their gradients. @{ */
#ifndef RNNC_OPTIMIZER_H
#define RNNC_OPTIMIZER_H
#include "rnnc/weights.h"
#ifdef __cplusplus
extern "C" {
#endif
typedef struct rnnc_optimizer rnnc_optimizer;
enum { RNNC_SGD = 0, RNNC_RMSPROP = 1, RNNC_ADAM = 2 };
/* PyTorch's definitions; set by number so that the set can grow */
enum { RNNC_OPT_LEARNING_RATE = 0, RNNC_OPT_MOMENTUM = 1, RNNC_OPT_DAMPENING = 2, RNNC_OPT_NESTEROV = 3, RNNC_OPT_WEIGHT_DECAY = 4,
       RNNC_OPT_ALPHA = 5, RNNC_OPT_EPSILON = 6, RNNC_OPT_CENTERED = 7, RNNC_OPT_BETA1 = 8, RNNC_OPT_BETA2 = 9 };
RNNC_API rnnc_optimizer *rnnc_optimizer_create(rnnc_weights *weights, int32_t kind);
RNNC_API void rnnc_optimizer_destroy(rnnc_optimizer *optimizer);
RNNC_API rnnc_status rnnc_optimizer_status(const rnnc_optimizer *optimizer);
RNNC_API const char *rnnc_optimizer_message(const rnnc_optimizer *optimizer);
RNNC_API rnnc_status rnnc_optimizer_set(rnnc_optimizer *optimizer, int32_t option, double value);
RNNC_API rnnc_status rnnc_optimizer_get(const rnnc_optimizer *optimizer, int32_t option, double *value);
RNNC_API rnnc_status rnnc_optimizer_step(rnnc_optimizer *optimizer);          /* frozen parameters stay */
/* PyTorch's clip_grad_norm_ (2-norm) and clip_grad_value_ */
RNNC_API rnnc_status rnnc_clip_norm(rnnc_weights *weights, float most, float *norm);   /* norm may be NULL */
RNNC_API rnnc_status rnnc_clip_value(rnnc_weights *weights, float most);
#ifdef __cplusplus
}
#endif
/** @} */
#endif
