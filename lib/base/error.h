// SPDX-License-Identifier: MIT
// The first error of a handle: its status and a message for a person.
#ifndef RNI_ERROR_H
#define RNI_ERROR_H

#include "rnnc/status.h"

enum { RNI_ERROR_TEXT = 480 };

typedef struct rni_error {
    rnnc_status status;
    char text[RNI_ERROR_TEXT];
} rni_error;

#if defined(__GNUC__)
#define RNI_FORMAT(at, rest) __attribute__((format(printf, at, rest)))
#else
#define RNI_FORMAT(at, rest)
#endif

// Records `status` and the message unless an earlier error still stands.
// Returns the status that stands, so a caller writes `return
// rni_error_set(..)`. Needs no allocation, so it can also report that memory
// ran out.
rnnc_status rni_error_set(rni_error *error, rnnc_status status,
                          const char *format, ...) RNI_FORMAT(3, 4);

// The usual report for an allocation that failed.
rnnc_status rni_error_memory(rni_error *error);

// Copies `from` over `error` unless an earlier error still stands there.
rnnc_status rni_error_copy(rni_error *error, const rni_error *from);

void rni_error_clear(rni_error *error);

#endif
