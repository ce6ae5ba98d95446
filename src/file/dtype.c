// SPDX-License-Identifier: MIT
// The table of tensors' types, which is that of the safetensors format.
#include "file/dtype.h"

#include <stddef.h>
#include <string.h>

static uint64_t read_bits(const unsigned char *at, int32_t bytes)
{
    uint64_t bits = 0;
    for (int32_t i = bytes - 1; i >= 0; i--)
        bits = bits << 8 | at[i];
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double rni_dtype_double(const unsigned char *at)
{
    uint64_t bits = read_bits(at, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float read_f32(const unsigned char *at)
{
    return float_of((uint32_t)read_bits(at, 4));
}

static float read_bf16(const unsigned char *at)
{
    return float_of((uint32_t)read_bits(at, 2) << 16);
}

// 1 sign, 5 exponent (bias 15), 10 fraction. Below the normal ones the value is
// fraction * 2^-24, which a float holds exactly.
static float read_f16(const unsigned char *at)
{
    uint32_t half = (uint32_t)read_bits(at, 2);
    uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31;
    uint32_t fraction = half & 0x3ffu;
    if (exponent == 31)
        return float_of(sign | 0x7f800000u | fraction << 13);
    if (exponent > 0)
        return float_of(sign | (exponent + 112) << 23 | fraction << 13);
    float value = (float)fraction * 0x1p-24f;
    return sign != 0 ? -value : value;
}

static float read_f64(const unsigned char *at)
{
    return (float)rni_dtype_double(at);
}

static const struct {
    const char *name;
    uint32_t bits;
    rni_dtype_reader read;
} dtypes[RNI_DTYPES] = {
    {"BOOL", 8, NULL},        {"F4", 4, NULL},          {"F6_E2M3", 6, NULL},
    {"F6_E3M2", 6, NULL},     {"U8", 8, NULL},          {"I8", 8, NULL},
    {"F8_E5M2", 8, NULL},     {"F8_E4M3", 8, NULL},     {"F8_E8M0", 8, NULL},
    {"F8_E4M3FNUZ", 8, NULL}, {"F8_E5M2FNUZ", 8, NULL}, {"I16", 16, NULL},
    {"U16", 16, NULL},        {"F16", 16, read_f16},    {"BF16", 16, read_bf16},
    {"I32", 32, NULL},        {"U32", 32, NULL},        {"F32", 32, read_f32},
    {"C64", 64, NULL},        {"F64", 64, read_f64},    {"I64", 64, NULL},
    {"U64", 64, NULL},
};

const char *rni_dtype_name(int32_t dtype)
{
    return dtype >= 0 && dtype < RNI_DTYPES ? dtypes[dtype].name : "?";
}

uint32_t rni_dtype_bits(int32_t dtype)
{
    return dtypes[dtype].bits;
}

rni_dtype_reader rni_dtype_read(int32_t dtype)
{
    return dtypes[dtype].read;
}

// Whether a float of this machine lies in memory as F32 does in a file.
static bool are_alike(void)
{
    const float one = 1;
    unsigned char bytes[sizeof one];
    memcpy(bytes, &one, sizeof one);
    return read_f32(bytes) == one;
}

void rni_dtype_floats(int32_t dtype, const unsigned char *at, uint64_t count,
                      float *values)
{
    rni_dtype_reader read = dtypes[dtype].read;
    uint32_t bytes = dtypes[dtype].bits / 8;
    if (read == read_f32 &&
        are_alike()) { // Never: false on a little-endian machine.
        memcpy(values, at, (size_t)count * sizeof *values);
        return;
    }
    for (uint64_t i = 0; i < count; i++)
        values[i] = read(at + bytes * i);
}

bool rni_dtype_fits(int32_t dtype, const unsigned char *at)
{
    static const double most = 3.4028235677973362e38; // rounds to a float
    static const uint64_t infinity = 0x7ff0000000000000u;
    if (dtypes[dtype].read != read_f64)
        return true;
    double value = rni_dtype_double(at);
    return (read_bits(at, 8) & infinity) == infinity ||
           (value <= most && value >= -most);
}
