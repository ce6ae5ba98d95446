// SPDX-License-Identifier: MIT
// FNV-1a for the name, the finaliser of MurmurHash3 for the index; the same in
// bench/peers/numbers.py.
#include "fill.h"

#include <math.h>

uint32_t bench_bits(const char *name, uint32_t index)
{
    uint32_t hash = 2166136261u;
    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    hash += index * 2654435769u;
    hash = (hash ^ (hash >> 16)) * 2246822507u;
    hash = (hash ^ (hash >> 13)) * 3266489909u;
    return hash ^ (hash >> 16);
}

void bench_fill(float *to, int64_t count, const char *name, float scale)
{
    for (int64_t i = 0; i < count; i++) {
        // 24 bits fit a float, so this rounds nowhere but in the product.
        int32_t top = (int32_t)(bench_bits(name, (uint32_t)i) >> 8);
        to[i] = (float)(top - 8388608) / 8388608.0f * scale;
    }
}

float bench_scale(int64_t hidden)
{
    return 1.0f / sqrtf((float)hidden);
}

void bench_fill_ids(int32_t *to, int64_t count, const char *name,
                    int32_t vocabulary)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = (int32_t)(bench_bits(name, (uint32_t)i) % (uint32_t)vocabulary);
}
