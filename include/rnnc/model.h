/* SPDX-License-Identifier: MIT */
/**
 * @file model.h
 * @defgroup model Model
 * A graph and its weights in one safetensors file.
 *
 * A tensor for each parameter, under its name; the graph as one JSON string
 * "librnnc.graph" in the file's metadata. So any reader of safetensors opens
 * the weights, in Python by
 * @code{.py}
 * weights = safetensors.torch.load_file("model.safetensors")
 * @endcode
 * A parameter that is stored in fewer bits (see rnnc_weights_store()) is a
 * tensor of type BF16, or one of I8 with the scales of its rows, F32 [rows, 1],
 * in another tensor under "scale." and its name; `tensor.float() * scale` are
 * the values.
 *
 * A file holds no code, no path and nothing that is run. Loading checks
 * everything before it is used, allocates nothing that the size of the file
 * does not bear out, and goes through the calls that describe a graph, with
 * their checks and the limits of the context (`file_limit`, `node_limit`,
 * `depth_limit`, `name_limit`). It gives a whole model or none.
 * @{
 */
#ifndef RNNC_MODEL_H
#define RNNC_MODEL_H

#include <stddef.h>

#include "rnnc/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A graph with its weights, from a file. */
typedef struct rnnc_model rnnc_model;

/**
 * Loads a model.
 * @param context memory and limits; NULL for the defaults
 * @param path a file that rnnc_model_save() wrote
 * @return a handle (see @ref status), or NULL where memory ran out
 * @note RNNC_E_IO: the file cannot be read. RNNC_E_FORMAT: it is damaged, or
 *   no model. RNNC_E_LIMIT: it is beyond a limit. RNNC_E_UNSUPPORTED: a later
 *   version wrote it. RNNC_E_NAME, RNNC_E_SHAPE: graph and tensors differ
 */
RNNC_API rnnc_model *rnnc_model_load(rnnc_context *context, const char *path);

/**
 * Loads a model from memory.
 * @param context memory and limits; NULL for the defaults
 * @param bytes a whole file; not needed any more after the call
 * @param size its bytes
 * @return as rnnc_model_load()
 */
RNNC_API rnnc_model *rnnc_model_load_memory(rnnc_context *context,
                                            const void *bytes, size_t size);

/** Lets go of a model. @param model NULL is allowed */
RNNC_API void rnnc_model_destroy(rnnc_model *model);

/** @param model a model or NULL @return how its loading went */
RNNC_API rnnc_status rnnc_model_status(const rnnc_model *model);

/** @param model a model or NULL @return why, "" where all is well */
RNNC_API const char *rnnc_model_message(const rnnc_model *model);

/**
 * The graph of a model. Plans and weights made with it keep it alive.
 * @param model a model
 * @return borrowed from the model; NULL where it was not loaded
 */
RNNC_API rnnc_graph *rnnc_model_graph(const rnnc_model *model);

/**
 * The weights of a model. Runs and streams made with them keep them alive.
 * @param model a model
 * @return borrowed from the model; NULL where it was not loaded
 */
RNNC_API rnnc_weights *rnnc_model_weights(const rnnc_model *model);

/**
 * Saves weights and their graph. The file is written beside its place, and
 * takes it when it is whole and on the disk; where that fails the old file is
 * as it was, unless the folder alone could not be synced: then the new one is
 * there, whole, but a power cut may bring the old one back.
 * @param weights weights that nobody changes during the call
 * @param path where to; a file that is there is replaced
 * @param message receives the reason where it fails; may be NULL
 * @param message_size bytes of `message`, closing 0 included
 * @return RNNC_OK, RNNC_E_IO, RNNC_E_MEMORY, RNNC_E_LIMIT (a header of more
 *   than 100 MB), RNNC_E_NAME (a parameter has the name that the scales of
 *   another one need) or RNNC_E_ARGUMENT
 */
RNNC_API rnnc_status rnnc_model_save(const rnnc_weights *weights,
                                     const char *path, char *message,
                                     size_t message_size);

/**
 * Saves into memory. Call it with size 0 for the size, then with the bytes.
 * @param weights weights that nobody changes during the call
 * @param bytes receives the file; may be NULL where `size` is 0
 * @param size room there
 * @param needed receives the size of the whole file
 * @return RNNC_OK; RNNC_E_ARGUMENT where `size` is neither 0 nor enough, and
 *   then `bytes` is as it was; RNNC_E_MEMORY, RNNC_E_LIMIT, RNNC_E_NAME
 */
RNNC_API rnnc_status rnnc_model_save_memory(const rnnc_weights *weights,
                                            void *bytes, size_t size,
                                            size_t *needed);

/**
 * Saves weights alone under their names, without the graph: what
 * `load_state_dict` in PyTorch takes, after `load_file` of safetensors.
 * @param weights weights that nobody changes during the call
 * @param path where to; a file that is there is replaced
 * @param message receives the reason where it fails; may be NULL
 * @param message_size bytes of `message`, closing 0 included
 * @return as rnnc_model_save()
 */
RNNC_API rnnc_status rnnc_weights_save(const rnnc_weights *weights,
                                       const char *path, char *message,
                                       size_t message_size);

/**
 * Saves weights alone into memory.
 * @param weights weights that nobody changes during the call
 * @param bytes receives the file; may be NULL where `size` is 0
 * @param size room there
 * @param needed receives the size of the whole file
 * @return as rnnc_model_save_memory()
 */
RNNC_API rnnc_status rnnc_weights_save_memory(const rnnc_weights *weights,
                                              void *bytes, size_t size,
                                              size_t *needed);

/**
 * Loads weights alone, into a graph that is there: a file of any origin whose
 * tensors have exactly the names and shapes of the parameters. Left-over and
 * missing names are errors; in files of this library, constants and what a
 * checkpoint holds ("constant.", "training.") are passed over, and the
 * parameters take the storage that they have there; from files of others they
 * are float32. Where names or orders differ, see @ref import, which also says
 * what types are read.
 * @param weights weights to be replaced; unchanged where it fails
 * @param path a safetensors file
 * @return as rnnc_import_load(), with the reason in rnnc_weights_message()
 */
RNNC_API rnnc_status rnnc_weights_load(rnnc_weights *weights, const char *path);

/**
 * Loads weights alone from memory.
 * @param weights weights to be replaced; unchanged where it fails
 * @param bytes a whole file; not needed any more after the call
 * @param size its bytes
 * @return as rnnc_weights_load()
 */
RNNC_API rnnc_status rnnc_weights_load_memory(rnnc_weights *weights,
                                              const void *bytes, size_t size);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
