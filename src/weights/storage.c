// SPDX-License-Identifier: MIT
// Rounding of values to what bf16 or int8 with a scale for each row can hold.
#include "weights/storage.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct storage_row {
    const char *name;
    bool (*fits)(const float *row, int64_t cols);
    void (*round)(float *row, int64_t cols);
} storage_row;

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// Bits without the lowest n of them, to nearest, ties to even.
static uint32_t round_bits(uint32_t bits, int n)
{
    uint32_t half = (1u << (n - 1)) - 1u;
    return (bits + half + (bits >> n & 1u)) & ~((1u << n) - 1u);
}

// ---- bf16: the upper half of a float ----------------------------------------

static float round_bf16(float value)
{
    static const uint32_t quiet = 0x00400000u;
    uint32_t bits = bits_of(value);
    bool number = value <= value;
    return float_of(number ? round_bits(bits, 16)
                           : (bits | quiet) & 0xffff0000u);
}

static void round_row_bf16(float *row, int64_t cols)
{
    for (int64_t c = 0; c < cols; c++)
        row[c] = round_bf16(row[c]);
}

// ---- int8 -------------------------------------------------------------------

static float largest(const float *row, int64_t cols)
{
    float most = 0;
    for (int64_t c = 0; c < cols; c++) {
        float size = row[c] < 0 ? -row[c] : row[c];
        most = size > most ? size : most;
    }
    return most;
}

static bool fits_int8(const float *row, int64_t cols)
{
    for (int64_t c = 0; c < cols; c++)
        if (!(row[c] < 0x1p127f && row[c] > -0x1p127f))
            return false;
    return true;
}

// Sixteen significant bits, so that a scale times a byte is a float. The least
// of them leaves room for kernels that take a byte times 2^24.
float rni_storage_scale(const float *row, int64_t cols)
{
    static const float least = 0x1p-100f;
    float scale = float_of(round_bits(bits_of(largest(row, cols) / 127.0f), 8));
    return scale > least ? scale : least;
}

// To the nearest integer, ties to even; |x| is far below 2^51.
static double round_even(double x)
{
    static const double shift = 0x1.8p52;
    return (x + shift) - shift;
}

// A byte has but one zero.
static void round_row_int8(float *row, int64_t cols)
{
    float scale = rni_storage_scale(row, cols);
    for (int64_t c = 0; c < cols; c++) {
        double byte = round_even((double)row[c] / (double)scale);
        row[c] = (float)byte * scale + 0.0f;
    }
}

// ---- The table --------------------------------------------------------------

static bool fits_always(const float *row, int64_t cols)
{
    (void)row, (void)cols;
    return true;
}

static void round_nothing(float *row, int64_t cols)
{
    (void)row, (void)cols;
}

static const storage_row table[] = {
    [RNNC_STORE_FLOAT32] = {"float32", fits_always, round_nothing},
    [RNNC_STORE_BF16] = {"bf16", fits_always, round_row_bf16},
    [RNNC_STORE_INT8] = {"int8", fits_int8, round_row_int8},
};

const char *rni_storage_name(int32_t storage)
{
    int32_t count = (int32_t)(sizeof table / sizeof *table);
    return storage >= 0 && storage < count ? table[storage].name : NULL;
}

int64_t rni_storage_misfit(int32_t storage, int64_t rows, int64_t cols,
                           const float *values)
{
    for (int64_t r = 0; r < rows; r++)
        if (!table[storage].fits(values + r * cols, cols))
            return r;
    return -1;
}

void rni_storage_round(int32_t storage, int64_t rows, int64_t cols,
                       float *values)
{
    for (int64_t r = 0; r < rows; r++)
        table[storage].round(values + r * cols, cols);
}
