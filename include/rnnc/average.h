/* SPDX-License-Identifier: MIT */
/**
 * @file average.h
 * @defgroup average Average
 * A moving average of weights, often a better model than the last weights.
 *
 * The definitions are those of PyTorch's torch.optim.swa_utils (2.13). With w
 * the weights, a their average and n the updates so far, the first update sets
 * a = w, and each later one
 *
 * - ::RNNC_AVERAGE_EXPONENTIAL (get_ema_avg_fn): a = decay a + (1 - decay) w
 * - ::RNNC_AVERAGE_EQUAL (get_swa_avg_fn; Izmailov 2018): a = a + (w - a) /
 *   (n + 1)
 *
 * computed as a + (1 - decay) (w - a) and a + 1 / (n + 1) (w - a). The same
 * weights give the same bits with any number of threads.
 *
 * @code
 * rnnc_average *average =
 *     rnnc_average_create(weights, RNNC_AVERAGE_EXPONENTIAL, 0.999);
 * for (...) {
 *     ...
 *     rnnc_optimizer_step(adam);
 *     rnnc_average_update(average);
 * }
 * rnnc_run *test = rnnc_run_create(plan, rnnc_average_weights(average));
 * @endcode
 *
 * One thread at a time may use an average and change its weights.
 * @{
 */
#ifndef RNNC_AVERAGE_H
#define RNNC_AVERAGE_H

#include "rnnc/record.h"
#include "rnnc/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A moving average of weights. */
typedef struct rnnc_average rnnc_average;

/** Kinds of averages. */
enum {
    RNNC_AVERAGE_EXPONENTIAL = 0, /**< the past fades */
    RNNC_AVERAGE_EQUAL = 1        /**< all updates count the same */
};

/**
 * Makes an average of weights; until its first update it has their present
 * values.
 * @param weights what is averaged; kept alive
 * @param kind one of the RNNC_AVERAGE_ values
 * @param decay of an exponential average, 0..1, usually 0.99 to 0.9999; 0 for
 *   an equal one
 * @return a handle (see @ref status), or NULL where memory ran out
 * @note RNNC_E_ARGUMENT: an unknown kind, a decay out of bounds, weights NULL
 */
RNNC_API rnnc_average *rnnc_average_create(rnnc_weights *weights, int32_t kind,
                                           double decay);

/** Lets go of an average. @param average NULL is allowed */
RNNC_API void rnnc_average_destroy(rnnc_average *average);

/** @param average an average or NULL @return how its last call went */
RNNC_API rnnc_status rnnc_average_status(const rnnc_average *average);

/** @param average an average or NULL @return why, "" where all is well */
RNNC_API const char *rnnc_average_message(const rnnc_average *average);

/**
 * Takes the present values of all parameters, frozen ones too, into the
 * average. A parameter that is stored in fewer bits (see rnnc_weights_store())
 * is copied. Allocates nothing.
 * @param average an average
 * @return RNNC_OK; RNNC_E_STATE while the average stands in the weights' place
 */
RNNC_API rnnc_status rnnc_average_update(rnnc_average *average);

/** @param average an average or NULL @return how many updates it has had */
RNNC_API int64_t rnnc_average_count(const rnnc_average *average);

/**
 * The average as weights of the same graph: runs and streams may be made with
 * them, they may be saved, or copied with rnnc_weights_copy(). An update raises
 * their version.
 * @param average an average or NULL
 * @return weights that live at least as long as the average; not to be
 *   destroyed by the caller. NULL for NULL
 */
RNNC_API rnnc_weights *rnnc_average_weights(const rnnc_average *average);

/**
 * Exchanges the values of the weights and of their average: to measure or keep
 * the averaged model with the runs that there are, and then once more to go
 * on. Parameters that are stored in fewer bits stay.
 * @param average an average
 * @return RNNC_OK
 */
RNNC_API rnnc_status rnnc_average_swap(rnnc_average *average);

/**
 * Writes the average and its count into a record.
 * @param average an average
 * @param record receives entries named `average/...` and `average.values/NAME`
 * @return RNNC_OK; RNNC_E_STATE while the average stands in the weights'
 *   place; RNNC_E_SHAPE where the record has an entry of such a name with
 *   another type or size; RNNC_E_ARGUMENT for NULL; RNNC_E_MEMORY; then
 *   nothing has changed
 */
RNNC_API rnnc_status rnnc_average_save(rnnc_average *average,
                                       rnnc_record *record);

/**
 * Takes back what rnnc_average_save() wrote, into an average of the same kind
 * and decay.
 * @param average an average
 * @param record what was saved
 * @return RNNC_OK; RNNC_E_NAME where an entry is missing; RNNC_E_SHAPE where
 *   one has another type or size; RNNC_E_VALUE where a number is out of bounds
 *   or the kind or decay is another; RNNC_E_STATE while the average stands in
 *   the weights' place; then nothing has changed
 */
RNNC_API rnnc_status rnnc_average_restore(rnnc_average *average,
                                          const rnnc_record *record);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
