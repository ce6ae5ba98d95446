// SPDX-License-Identifier: MIT
// Floats for tests of kernels: drawn numbers, guarded blocks, errors in ULP.
#include "support/floats.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/guarded.h"

static const float GUARD = 1234567.0f;

float floats_from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

uint32_t floats_to_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

uint32_t floats_draw_word(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

int64_t floats_draw_up_to(int64_t most)
{
    return (int64_t)(floats_draw_word() % (uint32_t)(most + 1));
}

float floats_draw(float most)
{
    const double unit = floats_draw_word() / 4294967295.0;
    return (float)((2.0 * unit - 1.0) * (double)most);
}

const float floats_special[] = {
    0.0f,     -0.0f,   1.0f,     -1.0f,     0.5f,       -0.5f,
    2.0f,     -2.0f,   INFINITY, NAN,       -INFINITY,  FLT_MAX,
    -FLT_MAX, FLT_MIN, -FLT_MIN, 0x1p-149f, -0x1p-149f, 0x1.8p-140f,
    88.7f,    88.73f,  -87.3f,   -87.4f,    -103.9f,    -104.1f,
    0.75f,    1.5f,    9.0f,     -9.0f,     0x1p24f,    -0x1p24f,
};
const size_t floats_special_count =
    sizeof floats_special / sizeof floats_special[0];

double floats_ulp(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t exponent = (int64_t)(bits >> 52 & 0x7ff) - 1023 - 23;
    exponent = exponent < -149 ? -149 : exponent > 104 ? 104 : exponent;
    bits = (uint64_t)(exponent + 1023) << 52;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// What rounds to infinity is as far away as the next power of two.
static double within_range(double x)
{
    return x > 0x1p128 ? 0x1p128 : x < -0x1p128 ? -0x1p128 : x;
}

double floats_error(float got, double want)
{
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want) ? 0.0 : HUGE_VAL;
    want = within_range(want);
    return fabs(within_range((double)got) - want) / floats_ulp(want);
}

bool floats_same(float a, float b)
{
    return floats_to_bits(a) == floats_to_bits(b) || (isnan(a) && isnan(b));
}

// ---- Matrices --------------------------------------------------------------

static size_t matrix_floats(matrix m)
{
    return m.rows > 0 ? (size_t)((m.rows - 1) * m.stride + m.cols) : 0;
}

matrix matrix_create(int64_t rows, int64_t cols, int64_t stride)
{
    matrix m = {rows, cols, stride, NULL};
    const size_t floats = matrix_floats(m);
    m.data = guarded_create(floats);
    for (size_t i = 0; i < floats; i++)
        m.data[i] = GUARD;
    return m;
}

matrix matrix_draw(int64_t rows, int64_t cols, int64_t stride, float most)
{
    matrix m = matrix_create(rows, cols, stride);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++)
            m.data[r * stride + c] = floats_draw(most);
    return m;
}

matrix matrix_copy(matrix from)
{
    matrix m = matrix_create(from.rows, from.cols, from.stride);
    if (matrix_floats(m) > 0)
        memcpy(m.data, from.data, matrix_floats(m) * sizeof(float));
    return m;
}

void matrix_destroy(matrix m)
{
    guarded_destroy(m.data);
}

void matrix_check_same(matrix got, matrix want)
{
    for (size_t i = 0; i < matrix_floats(got); i++)
        if (!floats_same(got.data[i], want.data[i]))
            fail_msg("[%lld, %lld] of [%lld, %lld], stride %lld: %a, not %a",
                     (long long)i / got.stride, (long long)i % got.stride,
                     (long long)got.rows, (long long)got.cols,
                     (long long)got.stride, (double)got.data[i],
                     (double)want.data[i]);
}
