// SPDX-License-Identifier: MIT
// What the reference and the vector row operations share: arithmetic on single
// numbers, so that both take the same steps. Included after functions.h.
#ifndef RNI_ROW_COMMON_H
#define RNI_ROW_COMMON_H

#include "base/random.h"
#include "kernel/kernel.h"

enum { ROW_SUMS = 16 }; // partial sums, whatever the width of a vector

static inline float row_exp_one(float x)
{
    return vf_first(vf_exp(vf_set1(x)));
}

static inline float row_log_one(float x)
{
    return vf_first(vf_log(vf_set1(x)));
}

static inline float row_root_one(float x)
{
    return vf_first(vf_sqrt(vf_set1(x)));
}

static inline float row_fma_one(float a, float b, float c)
{
    return vf_first(vf_fma(vf_set1(a), vf_set1(b), vf_set1(c)));
}

// partial[(first + r) % 16] += x[r, 0]
static inline void row_total(int64_t rows, int64_t first, const float *x,
                             int64_t x_stride, float partial[ROW_SUMS])
{
    for (int64_t r = 0; r < rows; r++)
        partial[(uint64_t)(first + r) % ROW_SUMS] += x[r * x_stride];
}

static inline void row_squares(int64_t count, const float *x,
                               double partial[ROW_SUMS])
{
    int64_t i = 0;
    for (; i + ROW_SUMS <= count; i += ROW_SUMS)
        for (int64_t j = 0; j < ROW_SUMS; j++)
            partial[j] += (double)x[i + j] * (double)x[i + j];
    for (int64_t j = 0; i + j < count; j++)
        partial[j] += (double)x[i + j] * (double)x[i + j];
}

// The mask of feature c: word c % 4 of block c / 4 at least `limit`, that is
// rate * 2^32, rounded up.
static inline void row_dropout(int64_t cols, float rate, uint64_t key,
                               uint32_t row, uint64_t time, const float *x,
                               float *y)
{
    const double scaled = (double)rate * 0x1p32;
    uint64_t limit = (uint64_t)scaled;
    limit += (double)limit < scaled;
    const float scale = 1.0f / (1.0f - rate);
    uint32_t words[4] = {0};
    for (int64_t c = 0; c < cols; c++) {
        if (c % 4 == 0) {
            const uint32_t counter[4] = {
                row, (uint32_t)time, (uint32_t)(time >> 32), (uint32_t)(c / 4)};
            rni_random_block(key, counter, words);
        }
        y[c] = words[c % 4] >= limit ? x[c] * scale : 0.0f;
    }
}

// Cross-entropy of one row: what both loss and gradient are made of.
typedef struct row_target {
    float weight; // w[id] (1 - s)
    float spread; // s / cols
} row_target;

static inline row_target row_target_make(const float *w, int32_t id,
                                         float smoothing, int64_t cols)
{
    const row_target t = {(w ? w[id] : 1.0f) * (1.0f - smoothing),
                          smoothing / (float)cols};
    return t;
}

#endif
