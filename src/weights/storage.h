// SPDX-License-Identifier: MIT
// How values are stored: float32, bf16, or int8 with a scale for each row.
// Storing rounds the values where they are, as floats: what is stored is then
// known from a float and, for int8, from the scale that its row gives.
#ifndef RNI_STORAGE_H
#define RNI_STORAGE_H

#include "rnnc/weights.h"

// "float32", "bf16", "int8"; NULL for numbers that are none.
const char *rni_storage_name(int32_t storage);

// A row that cannot be stored so, or -1.
int64_t rni_storage_misfit(int32_t storage, int64_t rows, int64_t cols,
                           const float *values);

// Rounds what fits. Values that are stored so already do not change.
void rni_storage_round(int32_t storage, int64_t rows, int64_t cols,
                       float *values);

// The scale of a row in int8.
float rni_storage_scale(const float *row, int64_t cols);

#endif
