/* SPDX-License-Identifier: MIT */
/**
 * @file version.h
 * @defgroup version Version
 * Which version a program was compiled with, and which one it runs with.
 * @{
 */
#ifndef RNNC_VERSION_H
#define RNNC_VERSION_H

#include <stdint.h>

#include "rnnc/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Version of these headers (semantic versioning). */
#define RNNC_VERSION_MAJOR 0
#define RNNC_VERSION_MINOR 1 /**< see ::RNNC_VERSION_MAJOR */
#define RNNC_VERSION_PATCH 0 /**< see ::RNNC_VERSION_MAJOR */

/** Raised whenever a program must be compiled anew; the number in the name of
 * the shared library. */
#define RNNC_ABI_VERSION 0

/**
 * The version of the library that is running.
 * @return a constant string such as "0.1.0"
 * @note safe from any thread
 */
RNNC_API const char *rnnc_version(void);

/**
 * The binary interface of the library that is running.
 * @return its ::RNNC_ABI_VERSION
 * @note safe from any thread
 */
RNNC_API uint32_t rnnc_abi_version(void);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
