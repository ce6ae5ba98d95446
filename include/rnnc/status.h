/* SPDX-License-Identifier: MIT */
/**
 * @file status.h
 * @defgroup status Status
 * What a call says of how it went.
 *
 * Every call that can fail returns an @ref rnnc_status, or gives back a handle
 * that carries one. A handle that could not be made whole is still a handle:
 * it answers `rnnc_..._status` and `rnnc_..._message`, every other call on it
 * returns its error, and it is destroyed as usual. NULL stands for a handle
 * that memory did not suffice for; asking it gives ::RNNC_E_MEMORY.
 * @{
 */
#ifndef RNNC_STATUS_H
#define RNNC_STATUS_H

#include <stdint.h>

#include "rnnc/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One of the RNNC_OK and RNNC_E_ values. */
typedef int32_t rnnc_status;

/** Values of @ref rnnc_status; never renumbered. */
enum {
    RNNC_OK = 0,         /**< done */
    RNNC_E_ARGUMENT = 1, /**< an argument makes no sense by itself */
    RNNC_E_SHAPE = 2,    /**< shapes, kinds, types or axes do not fit */
    RNNC_E_MEMORY = 3, /**< the allocator returned NULL, or a size overflows */
    RNNC_E_STATE = 4,  /**< the call came in the wrong order */
    RNNC_E_NAME = 5,   /**< a name is unknown, or taken */
    RNNC_E_VALUE = 6,  /**< data out of range: an id, a length */
    RNNC_E_LIMIT = 7,  /**< a limit of the context or the format */
    RNNC_E_IO = 8,     /**< the operating system refused a file operation */
    RNNC_E_FORMAT = 9, /**< a file is damaged or not of this format */
    RNNC_E_UNSUPPORTED = 10 /**< well formed, but not possible here */
};

/**
 * A short name of a status.
 * @param status any value
 * @return a constant string, "unknown status" for values not listed
 * @note safe from any thread
 */
RNNC_API const char *rnnc_status_string(rnnc_status status);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
