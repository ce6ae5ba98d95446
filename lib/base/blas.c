// SPDX-License-Identifier: MIT
// The CBLAS door. Declares the one function it needs, so that no header of any
// particular BLAS is asked for.
#include "base/blas.h"

#include <limits.h>

// The largest size that one call takes; tests set a small one.
#ifndef RNI_BLAS_LIMIT
#define RNI_BLAS_LIMIT INT_MAX
#endif

enum { ROW_MAJOR = 101, AS_IT_IS = 111, TRANSPOSED = 112 };

// The enumerations of cblas.h are passed as int.
extern void cblas_sgemm(int order, int transpose_a, int transpose_b, int m,
                        int n, int k, float alpha, const float *a, int lda,
                        const float *b, int ldb, float beta, float *c, int ldc);

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

// A leading dimension as the BLAS checks it. One that does not fit belongs to
// calls of a single row, where any that is long enough does.
static int leading(int64_t ld)
{
    return (int)(ld < 1 ? 1 : least(ld, RNI_BLAS_LIMIT));
}

// C[m, n] = beta * C; C is not read where beta is 0.
static void scale(int64_t m, int64_t n, float beta, float *c, int64_t ldc)
{
    for (int64_t i = 0; i < m && beta != 1; i++)
        for (int64_t j = 0; j < n; j++)
            c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
}

// How much of each dimension one call takes: all that fits an int, or a single
// row where the rows of its matrix are too far apart.
typedef struct cut {
    int64_t m, n, k;
} cut;

static cut cut_of(bool transpose_a, bool transpose_b, int64_t lda, int64_t ldb,
                  int64_t ldc)
{
    cut step = {RNI_BLAS_LIMIT, RNI_BLAS_LIMIT, RNI_BLAS_LIMIT};
    if (lda > RNI_BLAS_LIMIT)
        *(transpose_a ? &step.k : &step.m) = 1;
    if (ldb > RNI_BLAS_LIMIT)
        *(transpose_b ? &step.n : &step.k) = 1;
    if (ldc > RNI_BLAS_LIMIT)
        step.m = 1;
    return step;
}

void rni_blas_product(bool transpose_a, bool transpose_b, int64_t m, int64_t n,
                      int64_t k, float alpha, const float *a, int64_t lda,
                      const float *b, int64_t ldb, float beta, float *c,
                      int64_t ldc)
{
    if (k <= 0) {
        scale(m, n, beta, c, ldc);
        return;
    }
    int ta = transpose_a ? TRANSPOSED : AS_IT_IS;
    int tb = transpose_b ? TRANSPOSED : AS_IT_IS;
    cut step = cut_of(transpose_a, transpose_b, lda, ldb, ldc);
    for (int64_t i = 0; i < m; i += step.m)
        for (int64_t j = 0; j < n; j += step.n)
            for (int64_t p = 0; p < k; p += step.k)
                cblas_sgemm(
                    ROW_MAJOR, ta, tb, (int)least(m - i, step.m),
                    (int)least(n - j, step.n), (int)least(k - p, step.k), alpha,
                    a + (transpose_a ? p * lda + i : i * lda + p), leading(lda),
                    b + (transpose_b ? j * ldb + p : p * ldb + j), leading(ldb),
                    p == 0 ? beta : 1, c + i * ldc + j, leading(ldc));
}
