// SPDX-License-Identifier: MIT
// Names of the status values.
#include "rnnc/status.h"

#include <stddef.h>

static const char *const names[] = {
    [RNNC_OK] = "ok",
    [RNNC_E_ARGUMENT] = "bad argument",
    [RNNC_E_SHAPE] = "shapes do not fit",
    [RNNC_E_MEMORY] = "out of memory",
    [RNNC_E_STATE] = "call out of order",
    [RNNC_E_NAME] = "unknown or taken name",
    [RNNC_E_VALUE] = "value out of range",
    [RNNC_E_LIMIT] = "limit exceeded",
    [RNNC_E_IO] = "input or output failed",
    [RNNC_E_FORMAT] = "bad file format",
    [RNNC_E_UNSUPPORTED] = "not supported",
};

const char *rnnc_status_string(rnnc_status status)
{
    if (status < 0 || (size_t)status >= sizeof names / sizeof names[0])
        return "unknown status";
    return names[status];
}
