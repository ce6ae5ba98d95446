/* SPDX-License-Identifier: MIT */
/**
 * @file record.h
 * @defgroup record Record
 * What training has learned beside the weights: named floats and numbers.
 *
 * An optimizer, a schedule and an average of weights write all they need into
 * a record and take it back from one, so that training can go on as if it had
 * never stopped. A record is a copy; it may be read, written anywhere, and put
 * together again entry by entry. Names look like
 * `optimizer.state/lstm.weight_ih_l0/exp_avg`.
 *
 * @code
 * rnnc_record *record = rnnc_record_create(NULL);
 * rnnc_optimizer_save(adam, record);
 * rnnc_schedule_save(warmup, record);
 * for (int32_t i = 0; i < rnnc_record_count(record); i++)
 *     keep(rnnc_record_name(record, i), rnnc_record_type(record, i),
 *          rnnc_record_size(record, i));
 * ...
 * rnnc_optimizer_restore(fresh, record);
 * @endcode
 *
 * One thread at a time may use a record.
 * @{
 */
#ifndef RNNC_RECORD_H
#define RNNC_RECORD_H

#include "rnnc/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Named floats and numbers. */
typedef struct rnnc_record rnnc_record;

/** What an entry holds. */
enum {
    RNNC_RECORD_FLOATS = 0, /**< float, 4 bytes each: a moving average */
    RNNC_RECORD_NUMBERS = 1 /**< double, 8 bytes each: counts, options */
};

/**
 * Makes an empty record.
 * @param context whose memory it uses, kept alive; NULL for the defaults
 * @return a handle (see @ref status), or NULL where memory ran out
 */
RNNC_API rnnc_record *rnnc_record_create(rnnc_context *context);

/** Lets go of a record. @param record NULL is allowed */
RNNC_API void rnnc_record_destroy(rnnc_record *record);

/** @param record a record or NULL @return how its last call went */
RNNC_API rnnc_status rnnc_record_status(const rnnc_record *record);

/** @param record a record or NULL @return why, "" where all is well */
RNNC_API const char *rnnc_record_message(const rnnc_record *record);

/** @param record a record or NULL @return how many entries it has */
RNNC_API int32_t rnnc_record_count(const rnnc_record *record);

/**
 * The name of an entry. Entries stay in the order in which they were written.
 * @param record a record or NULL
 * @param entry 0 to count - 1
 * @return its name, which lives as long as the record; NULL where there is no
 *   such entry
 */
RNNC_API const char *rnnc_record_name(const rnnc_record *record, int32_t entry);

/**
 * Where a name stands.
 * @param record a record or NULL
 * @param name of an entry
 * @return its index; -1 where there is none
 */
RNNC_API int32_t rnnc_record_find(const rnnc_record *record, const char *name);

/**
 * What an entry holds.
 * @param record a record or NULL
 * @param entry 0 to count - 1
 * @return ::RNNC_RECORD_FLOATS or ::RNNC_RECORD_NUMBERS; -1 where there is no
 *   such entry
 */
RNNC_API int32_t rnnc_record_type(const rnnc_record *record, int32_t entry);

/**
 * How much an entry holds.
 * @param record a record or NULL
 * @param entry 0 to count - 1
 * @return how many floats or numbers; -1 where there is no such entry
 */
RNNC_API int64_t rnnc_record_size(const rnnc_record *record, int32_t entry);

/**
 * Copies out an entry of floats.
 * @param record where from
 * @param name of the entry
 * @param values receives `size` floats
 * @param size of the entry
 * @return ::RNNC_OK; ::RNNC_E_NAME where there is no such entry;
 *   ::RNNC_E_SHAPE where it holds another type or size; ::RNNC_E_ARGUMENT for
 *   a NULL
 */
RNNC_API rnnc_status rnnc_record_get_floats(const rnnc_record *record,
                                            const char *name, float *values,
                                            int64_t size);

/**
 * Copies out an entry of numbers.
 * @param record where from
 * @param name of the entry
 * @param values receives `size` numbers
 * @param size of the entry
 * @return as rnnc_record_get_floats()
 */
RNNC_API rnnc_status rnnc_record_get_numbers(const rnnc_record *record,
                                             const char *name, double *values,
                                             int64_t size);

/**
 * Writes an entry of floats, new or over what it holds.
 * @param record where to
 * @param name of the entry; copied
 * @param values `size` floats; copied
 * @param size 0 or more
 * @return ::RNNC_OK; ::RNNC_E_SHAPE where the entry holds another type or
 *   size; ::RNNC_E_ARGUMENT for a NULL, an empty name or a negative size;
 *   ::RNNC_E_MEMORY; then nothing has changed
 */
RNNC_API rnnc_status rnnc_record_set_floats(rnnc_record *record,
                                            const char *name,
                                            const float *values, int64_t size);

/**
 * Writes an entry of numbers, new or over what it holds.
 * @param record where to
 * @param name of the entry; copied
 * @param values `size` numbers; copied
 * @param size 0 or more
 * @return as rnnc_record_set_floats()
 */
RNNC_API rnnc_status rnnc_record_set_numbers(rnnc_record *record,
                                             const char *name,
                                             const double *values,
                                             int64_t size);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
