/* SPDX-License-Identifier: MIT */
/**
 * @file context.h
 * @defgroup context Context
 * Where memory and threads come from.
 *
 * A context is optional: wherever one is asked for, NULL means malloc, one
 * thread and the default limits. Handles keep what they were made from alive,
 * so things may be destroyed in any order.
 * @{
 */
#ifndef RNNC_CONTEXT_H
#define RNNC_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "rnnc/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Memory, threads and limits shared by the handles made with it. */
typedef struct rnnc_context rnnc_context;

/** Gives `bytes` of memory aligned for any C type, or NULL. Called from any
 * thread that uses a handle of the context. */
typedef void *(*rnnc_allocate)(void *user, size_t bytes);

/** Takes back a block; never NULL. */
typedef void (*rnnc_release)(void *user, void *block);

/** Options of a context. Zero in a field means its default. */
typedef struct rnnc_context_options {
    uint32_t struct_size; /**< sizeof(rnnc_context_options) */
    int32_t threads;      /**< at most so many, the caller's included; 0 = 1 */
    rnnc_allocate allocate; /**< NULL: malloc */
    rnnc_release
        release;         /**< NULL: free; given with `allocate` or not at all */
    void *user;          /**< handed to both */
    uint64_t file_limit; /**< bytes of a model file at most; 0 = 16 GiB */
    /** nodes of a loaded graph at most, and an eighth of the values that a plan
     * may have when cells and shifts are written out; 0 = 1,000,000 */
    uint32_t node_limit;
    uint32_t reserved;    /**< 0 */
    uint32_t depth_limit; /**< levels of a file's JSON at most; 0 = 16 */
    uint32_t name_limit;  /**< bytes of a name in a file at most; 0 = 1,024 */
} rnnc_context_options;

/**
 * Makes a context. No thread starts before a run asks for one.
 * @param options NULL for the defaults
 * @return a handle (see @ref status), or NULL where memory ran out
 * @note RNNC_E_ARGUMENT: threads outside 0..256, only one of allocate and
 *   release, a struct_size too small, or a non-zero field this version does
 *   not know (RNNC_E_UNSUPPORTED)
 */
RNNC_API rnnc_context *rnnc_context_create(const rnnc_context_options *options);

/** Lets go of a context. @param context NULL is allowed */
RNNC_API void rnnc_context_destroy(rnnc_context *context);

/** @param context a context or NULL @return its status */
RNNC_API rnnc_status rnnc_context_status(const rnnc_context *context);

/** @param context a context or NULL @return its message, "" where all is well
 */
RNNC_API const char *rnnc_context_message(const rnnc_context *context);

/**
 * The instruction set that the kernels of new runs use: the best this machine
 * has, capped by the environment variable RNNC_ISA (scalar, sse2, avx2,
 * avx512, neon).
 * @return a constant string
 */
RNNC_API const char *rnnc_isa(void);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
