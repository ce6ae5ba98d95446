// SPDX-License-Identifier: MIT
// Types of tensors: their names in files, their bits, and their numbers as
// floats. Numbers are little-endian and at any address.
#ifndef RNI_DTYPE_H
#define RNI_DTYPE_H

#include <stdbool.h>
#include <stdint.h>

enum { RNI_DTYPES = 22 };

// "F32" and the like; "?" for numbers that are none.
const char *rni_dtype_name(int32_t dtype);
uint32_t rni_dtype_bits(int32_t dtype);

// One number as a float: F32 as it is, F16 and BF16 exactly, F64 rounded to
// the nearest. NULL for the other types.
typedef float (*rni_dtype_reader)(const unsigned char *at);
rni_dtype_reader rni_dtype_read(int32_t dtype);

// `count` numbers that lie one after another.
void rni_dtype_floats(int32_t dtype, const unsigned char *at, uint64_t count,
                      float *values);

// One F64 as it is.
double rni_dtype_double(const unsigned char *at);

// False for an F64 that is finite and beyond the floats.
bool rni_dtype_fits(int32_t dtype, const unsigned char *at);

#endif
