// SPDX-License-Identifier: MIT
// Numbers that every peer makes alike, so that results can be compared.
#ifndef BENCH_FILL_H
#define BENCH_FILL_H

#include <stdint.h>

// Number `index` of the array `name`: 32 bits.
uint32_t bench_bits(const char *name, uint32_t index);

// `count` floats from -scale up to scale, keyed by the name of the array.
void bench_fill(float *to, int64_t count, const char *name, float scale);

// How wide the weights of a row are: 1 / sqrt(hidden), PyTorch's own choice.
float bench_scale(int64_t hidden);

// `count` ids below `vocabulary`.
void bench_fill_ids(int32_t *to, int64_t count, const char *name,
                    int32_t vocabulary);

#endif
