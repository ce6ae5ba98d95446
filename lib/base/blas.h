// SPDX-License-Identifier: MIT
// The CBLAS door: the one place that calls a BLAS. LP64 only.
#ifndef RNI_BLAS_H
#define RNI_BLAS_H

#include <stdbool.h>
#include <stdint.h>

// C[m, n] = alpha * op(A) op(B) + beta * C, row-major, op transposes where
// asked. Sizes beyond int are cut into calls that fit. m, n or k may be 0.
void rni_blas_product(bool transpose_a, bool transpose_b, int64_t m, int64_t n,
                      int64_t k, float alpha, const float *a, int64_t lda,
                      const float *b, int64_t ldb, float beta, float *c,
                      int64_t ldc);

#endif
