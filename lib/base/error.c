// SPDX-License-Identifier: MIT
// The first error of a handle. A text that is too long ends in "...".
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

rnnc_status rni_error_set(rni_error *error, rnnc_status status,
                          const char *format, ...)
{
    if (error->status != RNNC_OK)
        return error->status;
    error->status = status;
    va_list values;
    va_start(values, format);
    int length = vsnprintf(error->text, sizeof error->text, format, values);
    va_end(values);
    if (length < 0) // more bytes than an int counts, or no characters
        memcpy(error->text, "...", 4);
    else if (length >= RNI_ERROR_TEXT)
        memcpy(error->text + RNI_ERROR_TEXT - 4, "...", 4);
    return status;
}

rnnc_status rni_error_memory(rni_error *error)
{
    return rni_error_set(error, RNNC_E_MEMORY, "out of memory");
}

rnnc_status rni_error_copy(rni_error *error, const rni_error *from)
{
    if (error->status == RNNC_OK)
        *error = *from;
    return error->status;
}

void rni_error_clear(rni_error *error)
{
    error->status = RNNC_OK;
    error->text[0] = '\0';
}
