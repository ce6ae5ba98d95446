/* SPDX-License-Identifier: MIT */
/**
 * @file import.h
 * @defgroup import Import
 * Weights from a safetensors file that somebody else wrote.
 *
 * An import is a map from their names to ours. A tensor that no entry names
 * goes to the parameter of its own name, after the first prefix rule that fits
 * has changed it. Every parameter must be filled and every tensor must have a
 * place; what differs is an error that names both sides, and nothing is
 * skipped, turned over or put in another order unless an entry says so.
 * @code{.c}
 * rnnc_import *import = rnnc_import_create(NULL);
 * rnnc_import_prefix(import, "model.rnn.", "lstm.");
 * rnnc_import_map(import, "model.head.weight", "out.weight", NULL);
 * rnnc_import_prefix(import, "decoder.", NULL);             // not wanted
 * if (rnnc_import_load(import, weights, "theirs.safetensors") != RNNC_OK)
 *     fail(rnnc_import_message(import));
 * @endcode
 *
 * Types: F32 as it is; F16 and BF16 exactly; F64 rounded to the nearest
 * float, ties to even, where a finite number beyond the floats is an error; I8
 * where there are scales for it (see @ref model). Other types are errors. A
 * load that fails leaves the weights as they were.
 * @{
 */
#ifndef RNNC_IMPORT_H
#define RNNC_IMPORT_H

#include <stddef.h>

#include "rnnc/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A map of names, and what its last load found. */
typedef struct rnnc_import rnnc_import;

/** Lists of the last load. */
enum {
    RNNC_IMPORT_MISSING = 0,   /**< parameters that no tensor fills */
    RNNC_IMPORT_LEFT_OVER = 1, /**< tensors without a parameter */
    RNNC_IMPORT_SKIPPED = 2,   /**< tensors that the map does not want */
    RNNC_IMPORT_MISFIT = 3     /**< sentences, one for each that does not fit */
};

/** How one tensor becomes a parameter. Zero in a field means its default.
 *
 * First rows of theirs are chosen, then the matrix is turned over, then its
 * blocks are put in our order, and what comes out must have the shape of the
 * rows of ours that it is for. A row of a vector is one element of it; one row
 * chosen from many (`count` 1) has one dimension less. */
typedef struct rnnc_import_options {
    uint32_t struct_size;  /**< sizeof(rnnc_import_options) */
    int32_t transpose;     /**< 1: their [a, b] is our [b, a] */
    int64_t first;         /**< the first row of theirs */
    int64_t count;         /**< rows of theirs; 0: all */
    int64_t to_first;      /**< the first row of ours */
    int64_t to_count;      /**< rows of ours; 0: all */
    const int32_t *blocks; /**< our block i of rows is block blocks[i] of
                                theirs; copied; NULL: the same order */
    int32_t n_blocks;      /**< gates: 4 of an LSTM, 3 of a GRU */
    uint32_t reserved;     /**< 0 */
} rnnc_import_options;

/**
 * Makes an empty map: every name stands for itself.
 * @param context memory and limits of files; NULL for the defaults
 * @return a handle (see @ref status), or NULL where memory ran out
 */
RNNC_API rnnc_import *rnnc_import_create(rnnc_context *context);

/** Lets go of a map. @param import NULL is allowed */
RNNC_API void rnnc_import_destroy(rnnc_import *import);

/**
 * The first call that refused an entry of the map, or else the last load.
 * @param import a map or NULL
 * @return a status; ::RNNC_E_MEMORY for NULL
 */
RNNC_API rnnc_status rnnc_import_status(const rnnc_import *import);

/** @param import a map or NULL @return its message, "" where all is well */
RNNC_API const char *rnnc_import_message(const rnnc_import *import);

/**
 * An entry: one tensor of theirs is for one parameter of ours. A tensor may
 * have several entries (one for each of two biases, say), and a parameter may
 * be filled by several that share out its rows. Entries go before prefixes.
 *
 * Weights of Keras, say, whose kernels are [inputs, gates * units]: the GRU has
 * its gates as z r h, ours are r z n, and its bias has a row for each of our
 * two.
 * @code{.c}
 * static const int32_t zrh[3] = {1, 0, 2};
 * rnnc_import_options o = {.struct_size = sizeof o, .transpose = 1,
 *                          .blocks = zrh, .n_blocks = 3};
 * rnnc_import_map(import, "gru/kernel", "gru.weight_ih_l0", &o);
 * rnnc_import_map(import, "gru/recurrent_kernel", "gru.weight_hh_l0", &o);
 * o.transpose = 0;
 * o.count = 1;
 * rnnc_import_map(import, "gru/bias", "gru.bias_ih_l0", &o);
 * o.first = 1;
 * rnnc_import_map(import, "gru/bias", "gru.bias_hh_l0", &o);
 * @endcode
 * Blocks of others for an LSTM (ours i f g o): Keras and TFLite {0, 1, 2, 3},
 * ONNX {0, 2, 3, 1}, TensorFlow 1 {0, 2, 1, 3}, Core ML {0, 1, 3, 2}; for a
 * GRU (ours r z n): Keras, ONNX and oneDNN {1, 0, 2}.
 * @param import a map
 * @param theirs a tensor's name
 * @param ours a parameter's name; NULL: the tensor is not wanted
 * @param options how; NULL: as it is
 * @return RNNC_OK; RNNC_E_ARGUMENT: a NULL, a negative number, blocks that are
 *   no order of 0 to n_blocks - 1; RNNC_E_MEMORY; RNNC_E_UNSUPPORTED: a field
 *   that this version does not know. The first error stands: loads return it
 */
RNNC_API rnnc_status rnnc_import_map(rnnc_import *import, const char *theirs,
                                     const char *ours,
                                     const rnnc_import_options *options);

/**
 * A rule: names that begin with `theirs` begin with `ours` here. The first
 * rule that fits a name is applied, once.
 * @param import a map
 * @param theirs a beginning; "" fits every name
 * @param ours what stands in its place, may be ""; NULL: tensors of such names
 *   are not wanted
 * @return as rnnc_import_map()
 */
RNNC_API rnnc_status rnnc_import_prefix(rnnc_import *import, const char *theirs,
                                        const char *ours);

/**
 * What later loads put up with.
 * @param import a map
 * @param missing 1: parameters that no tensor fills keep their values
 * @param left_over 1: tensors without a parameter are left alone
 * @return RNNC_OK; RNNC_E_ARGUMENT: not 0 or 1
 */
RNNC_API rnnc_status rnnc_import_allow(rnnc_import *import, int32_t missing,
                                       int32_t left_over);

/**
 * Loads a file through the map.
 * @param import a map; its lists are those of this load after the call
 * @param weights weights to be replaced; unchanged where it fails
 * @param path a safetensors file
 * @return RNNC_OK, and the weights have a new version; or
 *   RNNC_E_NAME: parameters or tensors are without a partner, two tensors are
 *   for one parameter, an entry names what is not there;
 *   RNNC_E_SHAPE: a shape, type or number of rows does not fit;
 *   RNNC_E_VALUE: an F64 number is beyond the floats;
 *   RNNC_E_IO, RNNC_E_FORMAT, RNNC_E_LIMIT, RNNC_E_MEMORY as
 *   rnnc_model_load(); RNNC_E_ARGUMENT: a NULL; the status of weights that
 *   could not be made
 */
RNNC_API rnnc_status rnnc_import_load(rnnc_import *import,
                                      rnnc_weights *weights, const char *path);

/**
 * Loads from memory.
 * @param import a map
 * @param weights weights to be replaced; unchanged where it fails
 * @param bytes a whole file; not needed any more after the call
 * @param size its bytes
 * @return as rnnc_import_load()
 */
RNNC_API rnnc_status rnnc_import_load_memory(rnnc_import *import,
                                             rnnc_weights *weights,
                                             const void *bytes, size_t size);

/**
 * The length of a list of the last load, whether it succeeded or not.
 * @param import a map or NULL
 * @param list RNNC_IMPORT_MISSING, ...
 * @return its items; 0 for a list that there is not
 */
RNNC_API int32_t rnnc_import_count(const rnnc_import *import, int32_t list);

/**
 * An item of a list of the last load: a name, or a sentence.
 * @param import a map or NULL
 * @param list RNNC_IMPORT_MISSING, ...
 * @param index from 0
 * @return borrowed until the next load; NULL where there is no such item
 */
RNNC_API const char *rnnc_import_item(const rnnc_import *import, int32_t list,
                                      int32_t index);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
