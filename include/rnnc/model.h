/* SPDX-License-Identifier: MIT */
/** @file model.h @defgroup model Model A graph and its weights in one safetensors file. @{ */
#ifndef RNNC_MODEL_H
#define RNNC_MODEL_H
#include <stddef.h>
#include "rnnc/weights.h"
#ifdef __cplusplus
extern "C" {
#endif
typedef struct rnnc_model rnnc_model;
RNNC_API rnnc_model *rnnc_model_load(rnnc_context *context, const char *path);
RNNC_API rnnc_model *rnnc_model_load_memory(rnnc_context *context, const void *bytes, size_t size);
RNNC_API void rnnc_model_destroy(rnnc_model *model);
RNNC_API rnnc_status rnnc_model_status(const rnnc_model *model);
RNNC_API const char *rnnc_model_message(const rnnc_model *model);
RNNC_API rnnc_graph *rnnc_model_graph(const rnnc_model *model);       /* borrowed: lives as long as the model */
RNNC_API rnnc_weights *rnnc_model_weights(const rnnc_model *model);   /* borrowed */
/* message: `message_size` bytes that receive the reason where it fails; may be NULL */
RNNC_API rnnc_status rnnc_model_save(const rnnc_weights *weights, const char *path, char *message, size_t message_size);
/* writes at most `size` bytes into `bytes` (may be NULL with size 0); *needed gets the size of the whole file */
RNNC_API rnnc_status rnnc_model_save_memory(const rnnc_weights *weights, void *bytes, size_t size, size_t *needed);
/* only the weights, into a graph that exists; names and shapes must match exactly */
RNNC_API rnnc_status rnnc_weights_load(rnnc_weights *weights, const char *path);
#ifdef __cplusplus
}
#endif
/** @} */
#endif
