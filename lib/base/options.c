// SPDX-License-Identifier: MIT
// Reading an option struct that may be older or newer than this library.
#include "base/options.h"

#include <stdint.h>
#include <string.h>

rnnc_status rni_options_read(void *to, size_t size, size_t least,
                             const void *options, rni_error *error)
{
    const unsigned char *bytes = options;
    uint32_t given;
    memcpy(&given, bytes, sizeof given);
    if (given < least)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "options: struct_size is %lu, expected %lu",
                             (unsigned long)given, (unsigned long)size);
    for (size_t i = size; i < given; i++)
        if (bytes[i] != 0)
            return rni_error_set(error, RNNC_E_UNSUPPORTED,
                                 "options: byte %lu is set, but this version "
                                 "knows %lu bytes",
                                 (unsigned long)i, (unsigned long)size);
    memcpy(to, bytes, given < size ? given : size);
    return RNNC_OK;
}
