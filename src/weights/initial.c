// SPDX-License-Identifier: MIT
// Initialisers. They use nothing of libm but the square root, which is exact,
// so a seed gives the same weights everywhere.
#include "weights/initial.h"

#include <math.h>
#include <string.h>

#include "base/random.h"

// Consecutive rows of a parameter.
typedef struct block {
    const rni_memory *memory;
    rni_random *random;
    float value;
    int64_t rows, cols;
    float *values; // [rows, cols]
} block;

typedef bool fill_rule(const block *b);

static bool fill_constant(const block *b)
{
    for (int64_t i = 0; i < b->rows * b->cols; i++)
        b->values[i] = b->value;
    return true;
}

static bool fill_zeros(const block *b)
{
    memset(b->values, 0, (size_t)(b->rows * b->cols) * sizeof *b->values);
    return true;
}

static bool draw_uniform(const block *b, float bound)
{
    for (int64_t i = 0; i < b->rows * b->cols; i++)
        b->values[i] = bound * (2 * rni_random_uniform(b->random) - 1);
    return true;
}

static bool fill_uniform(const block *b)
{
    return draw_uniform(b, b->value);
}

static bool fill_normal(const block *b)
{
    for (int64_t i = 0; i < b->rows * b->cols; i++)
        b->values[i] = (float)((double)b->value * rni_random_normal(b->random));
    return true;
}

// A factor of 0 stands for 1.
static double factor(const block *b)
{
    return b->value == 0 ? 1 : (double)b->value;
}

// Glorot and Bengio 2010: variance 2 / (fan in + fan out).
static bool fill_glorot(const block *b)
{
    double fans = (double)b->rows + (double)b->cols;
    return draw_uniform(b, (float)(factor(b) * sqrt(6 / fans)));
}

static bool fill_identity(const block *b)
{
    fill_zeros(b);
    for (int64_t i = 0; i < b->rows && i < b->cols; i++)
        b->values[i * b->cols + i] = (float)factor(b);
    return true;
}

// ---- Orthogonal (Saxe, McClelland and Ganguli 2014) -----------------------

enum { LANES = 8 };

// In eight partial sums, so that it can be vectorised and stays one number.
static double dot(const double *a, const double *b, int64_t n)
{
    double lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += a[i + j] * b[i + j];
    for (int j = 0; i < n; i++, j++)
        lane[j] += a[i] * b[i];
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static void subtract(double *restrict a, const double *restrict b, double scale,
                     int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        a[i] -= scale * b[i];
}

// Rows [count, size], count <= size, become orthonormal by the modified
// Gram-Schmidt process. Rows of normal numbers are never near dependent.
static void orthonormalise(double *rows, int64_t count, int64_t size)
{
    for (int64_t r = 0; r < count; r++) {
        double *row = rows + r * size;
        for (int64_t q = 0; q < r; q++)
            subtract(row, rows + q * size, dot(rows + q * size, row, size),
                     size);
        double norm = sqrt(dot(row, row, size));
        for (int64_t i = 0; i < size && norm > 0; i++)
            row[i] /= norm;
    }
}

// The shorter side's vectors are orthonormal, uniform over all such (Haar).
static bool fill_orthogonal(const block *b)
{
    bool wide = b->rows <= b->cols;
    int64_t count = wide ? b->rows : b->cols, size = wide ? b->cols : b->rows;
    double *rows =
        rni_memory_zeroed(b->memory, (size_t)(count * size), sizeof *rows);
    if (rows == NULL)
        return false;
    for (int64_t i = 0; i < count * size; i++)
        rows[i] = rni_random_normal(b->random);
    orthonormalise(rows, count, size);
    for (int64_t r = 0; r < count; r++)
        for (int64_t i = 0; i < size; i++)
            b->values[wide ? r * size + i : i * count + r] =
                (float)(factor(b) * rows[r * size + i]);
    rni_memory_release(b->memory, rows);
    return true;
}

static fill_rule *const rules[] = {
    [RNNC_INIT_ZEROS] = fill_zeros,
    [RNNC_INIT_CONSTANT] = fill_constant,
    [RNNC_INIT_UNIFORM] = fill_uniform,
    [RNNC_INIT_NORMAL] = fill_normal,
    [RNNC_INIT_GLOROT] = fill_glorot,
    [RNNC_INIT_ORTHOGONAL] = fill_orthogonal,
    [RNNC_INIT_IDENTITY] = fill_identity,
};

bool rni_initial_fill(const rni_memory *memory, const rni_parameter *parameter,
                      uint64_t seed, float *values)
{
    rni_random random;
    rni_random_init(&random, seed, parameter->name);
    // What counts as a row of a vector is one number.
    bool vector = parameter->rank == 1;
    for (const rni_initial *i = parameter->initial; i != NULL; i = i->next) {
        block b = {.memory = memory,
                   .random = &random,
                   .value = i->value,
                   .rows = vector ? 1 : i->count,
                   .cols = vector ? i->count : parameter->cols,
                   .values =
                       values + i->first * (vector ? 1 : parameter->cols)};
        if (!rules[i->init](&b))
            return false;
    }
    return true;
}
