/* SPDX-License-Identifier: MIT */
/**
 * @file checkpoint.h
 * @defgroup checkpoint Checkpoints
 * A folder of checkpoints: weights, and a record of all that training needs to
 * go on as if it had never stopped.
 *
 * A checkpoint is one safetensors file, `checkpoint-000000001200.safetensors`
 * after step 1,200: a model file (see @ref model) with the entries of a record
 * as more tensors, named `training.` and their name, F32 or F64, and a checksum
 * in the last eight bytes. It is written beside its place, synced, renamed, and
 * only then are older ones removed. So whenever a process is killed, or the
 * power is cut, the folder has the last checkpoint or the one before it, whole.
 *
 * @ref trainer does all of this by itself. In a loop of one's own:
 * @code
 * rnnc_checkpoints *kept = rnnc_checkpoints_create(NULL, "run-7", 3);
 * rnnc_record *record = rnnc_record_create(NULL);
 * int64_t step;
 * if (rnnc_checkpoints_load(kept, weights, record, &step) == RNNC_OK &&
 *     step >= 0)
 *     rnnc_optimizer_restore(adam, record);
 * for (step = step < 0 ? 0 : step; step < 10000; step++) {
 *     ...
 *     if (step % 500 == 499) {
 *         rnnc_optimizer_save(adam, record);
 *         rnnc_checkpoints_save(kept, step + 1, weights, record);
 *     }
 * }
 * @endcode
 *
 * One process at a time writes into a folder; one thread at a time uses a
 * handle.
 * @{
 */
#ifndef RNNC_CHECKPOINT_H
#define RNNC_CHECKPOINT_H

#include "rnnc/record.h"
#include "rnnc/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A folder of checkpoints. */
typedef struct rnnc_checkpoints rnnc_checkpoints;

/**
 * Names a folder. Nothing is read or written yet.
 * @param context memory and limits of files; NULL for the defaults
 * @param folder made at the first save where it is not there; what contains it
 *   must be there
 * @param keep how many checkpoints stay, at least 1; 0: 3
 * @return a handle (see @ref status), or NULL where memory ran out
 * @note RNNC_E_ARGUMENT: folder NULL or empty, keep below 0
 */
RNNC_API rnnc_checkpoints *rnnc_checkpoints_create(rnnc_context *context,
                                                   const char *folder,
                                                   int32_t keep);

/** Lets go of a handle; files stay. @param checkpoints NULL is allowed */
RNNC_API void rnnc_checkpoints_destroy(rnnc_checkpoints *checkpoints);

/** @param checkpoints a handle or NULL @return how its last call went */
RNNC_API rnnc_status
rnnc_checkpoints_status(const rnnc_checkpoints *checkpoints);

/** @param checkpoints a handle or NULL @return why, "" where all is well */
RNNC_API const char *
rnnc_checkpoints_message(const rnnc_checkpoints *checkpoints);

/**
 * Writes a checkpoint. When it is whole and on the disk, those before the last
 * `keep` are removed, with what a process that was killed has left half
 * written, and with damaged files of later steps that the last load has passed
 * over.
 * @param checkpoints a folder
 * @param step of training, 0 to INT64_MAX - 1; a file of the same step is
 *   replaced
 * @param weights weights that nobody changes during the call
 * @param record what else there is to keep
 * @return RNNC_OK; RNNC_E_STATE where the folder has checkpoints that this
 *   handle has neither loaded nor written, as those would be mixed with the
 *   ones of another training; RNNC_E_ARGUMENT; or as rnnc_model_save(), and
 *   then all files are as they were, but for a new one whose folder could not
 *   be synced: it is there, whole, though perhaps not after a power cut
 */
RNNC_API rnnc_status rnnc_checkpoints_save(rnnc_checkpoints *checkpoints,
                                           int64_t step,
                                           const rnnc_weights *weights,
                                           const rnnc_record *record);

/**
 * Reads the newest checkpoint that is whole. One that is damaged (cut short, or
 * with another checksum) or cannot be read is passed over, and
 * rnnc_checkpoints_notice() says so.
 * @param checkpoints a folder
 * @param weights receives the values of all parameters, by name, and how they
 *   are stored; unchanged where the call fails or finds none
 * @param record receives all entries, new or over those of the same type and
 *   size
 * @param step receives the step; -1: the folder has no checkpoint, or is not
 *   there
 * @return RNNC_OK; RNNC_E_FORMAT: there are checkpoints, and none is whole;
 *   RNNC_E_NAME, RNNC_E_SHAPE: it is one of other weights, or of another
 *   record; RNNC_E_IO: the folder cannot be read; RNNC_E_LIMIT,
 *   RNNC_E_MEMORY, RNNC_E_ARGUMENT
 */
RNNC_API rnnc_status rnnc_checkpoints_load(rnnc_checkpoints *checkpoints,
                                           rnnc_weights *weights,
                                           rnnc_record *record, int64_t *step);

/**
 * What the last load had to pass over, for a person.
 * @param checkpoints a handle or NULL
 * @return a sentence that names the newest damaged file and why, and to which
 *   step it went back; "" where nothing was passed over
 */
RNNC_API const char *
rnnc_checkpoints_notice(const rnnc_checkpoints *checkpoints);

/**
 * The file of a step, whether it is there or not.
 * @param checkpoints a handle or NULL
 * @param step 0 or more
 * @return its path, until the next call of the handle; NULL for a NULL, a
 *   negative step or a handle that could not be made
 */
RNNC_API const char *rnnc_checkpoints_path(rnnc_checkpoints *checkpoints,
                                           int64_t step);

/**
 * The newest checkpoint of a step before another one, whole or not.
 * @param checkpoints a handle or NULL
 * @param before a step; INT64_MAX for the newest of all
 * @return its step; -1: there is none, or, with RNNC_E_IO as the handle's
 *   status, the folder cannot be read
 */
RNNC_API int64_t rnnc_checkpoints_newest(rnnc_checkpoints *checkpoints,
                                         int64_t before);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
