// SPDX-License-Identifier: MIT
// Option structs of the public face: they begin with their size and only grow.
#ifndef RNI_OPTIONS_H
#define RNI_OPTIONS_H

#include <stddef.h>

#include "base/error.h"

// Copies the caller's options into `to` (`size` bytes, all zero before), as
// far as both sides know them. `least` is the size of the first version of the
// struct. An error where the caller's is shorter, or sets what we do not know.
rnnc_status rni_options_read(void *to, size_t size, size_t least,
                             const void *options, rni_error *error);

#endif
