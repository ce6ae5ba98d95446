// SPDX-License-Identifier: MIT
// Floats for tests of kernels: drawn numbers, guarded blocks, errors in ULP.
#ifndef RNNC_TEST_FLOATS_H
#define RNNC_TEST_FLOATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

float floats_from_bits(uint32_t bits);
uint32_t floats_to_bits(float x);

// The same sequence in every run of a program.
uint32_t floats_draw_word(void);
int64_t floats_draw_up_to(int64_t most); // 0 to most
float floats_draw(float most);           // -most to most

// 0, 1, infinities, NaN, the smallest and the largest, and such.
extern const float floats_special[];
extern const size_t floats_special_count;

// The distance from |x| to the next float; 2^-149 below 2^-126.
double floats_ulp(double x);

// The distance from the exact value in ULP of that value;
// infinite where one is NaN and the other is not.
double floats_error(float got, double want);

// The same bits, or two NaNs.
bool floats_same(float a, float b);

// A matrix between pages that nobody may touch (support/guarded.h); between
// cols and stride lie guards.
typedef struct matrix {
    int64_t rows, cols, stride;
    float *data;
} matrix;

matrix matrix_create(int64_t rows, int64_t cols, int64_t stride);
matrix matrix_draw(int64_t rows, int64_t cols, int64_t stride, float most);
matrix matrix_copy(matrix from);
void matrix_destroy(matrix m);

// Fails where an element differs, or a guard has been written to.
void matrix_check_same(matrix got, matrix want);

#endif
