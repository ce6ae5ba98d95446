// SPDX-License-Identifier: MIT
// The vocabulary of the kernels in plain C: one float. Its verbs are the
// definition that the vectors of every other simd_*.h follow lane by lane,
// to the bit (sse2 apart: no fused multiply-add; NaNs: any NaN will do).
// One of these headers is included by one translation unit.
#ifndef RNI_SIMD_SCALAR_H
#define RNI_SIMD_SCALAR_H

#include <stdint.h>
#include <string.h>

#define VF_INLINE   static inline __attribute__((always_inline))
#define VF_WIDTH    1 // floats in a vector
#define VF_IS_FUSED 1 // 0 where vf_fma rounds the product first

typedef float vf;   // VF_WIDTH floats
typedef int vm;     // a mask: true or false for each of them
typedef int32_t vi; // VF_WIDTH integers

// ---- Bits ----

VF_INLINE vi vf_bits(vf a)
{
    int32_t bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}

VF_INLINE vf vf_from_bits(vi a)
{
    float x;
    memcpy(&x, &a, sizeof x);
    return x;
}

// ---- Memory: no verb asks for alignment ----

VF_INLINE vf vf_load(const float *p)
{
    return *p;
}

// The first n floats, 0 <= n < VF_WIDTH, and zeros; reads no more than n.
VF_INLINE vf vf_load_part(const float *p, int64_t n)
{
    (void)p, (void)n;
    return 0.0f;
}

VF_INLINE void vf_store(float *p, vf a)
{
    *p = a;
}

// Writes the first n lanes, 0 <= n < VF_WIDTH.
VF_INLINE void vf_store_part(float *p, vf a, int64_t n)
{
    (void)p, (void)a, (void)n;
}

VF_INLINE vf vf_set1(float x)
{
    return x;
}

VF_INLINE vf vf_zero(void)
{
    return 0.0f;
}

// The first lane.
VF_INLINE float vf_first(vf a)
{
    return a;
}

// The first n lanes, 0 <= n < VF_WIDTH, and zeros.
VF_INLINE vf vf_keep(vf a, int64_t n)
{
    (void)a, (void)n;
    return 0.0f;
}

// ---- Arithmetic: each verb rounds once, to nearest even ----

VF_INLINE vf vf_add(vf a, vf b)
{
    return a + b;
}

VF_INLINE vf vf_sub(vf a, vf b)
{
    return a - b;
}

VF_INLINE vf vf_mul(vf a, vf b)
{
    return a * b;
}

VF_INLINE vf vf_div(vf a, vf b)
{
    return a / b;
}

// a b + c, rounded once. The product is exact in double precision; the sum is
// rounded to odd there, and so the rounding to float is right.
VF_INLINE vf vf_fma(vf a, vf b, vf c)
{
    const double product = (double)a * (double)b;
    double sum = product + (double)c;
    const double part = sum - product;
    const double error = (product - (sum - part)) + ((double)c - part);
    int64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    // Not where nothing was lost, and not where error is NaN.
    if ((error < 0.0 || error > 0.0) && (bits & 1) == 0)
        bits += (error > 0.0) == (sum > 0.0) ? 1 : -1;
    memcpy(&sum, &bits, sizeof sum);
    return (float)sum;
}

// c - a b, rounded once.
VF_INLINE vf vf_fnma(vf a, vf b, vf c)
{
    return vf_fma(-a, b, c);
}

// The integer root of the significand, one bit at a time.
VF_INLINE uint32_t vf_root_bits(uint64_t square, int *inexact)
{
    uint64_t root = 0;
    for (int bit = 25; bit >= 0; bit--) {
        const uint64_t next = root | (uint64_t)1 << bit;
        if (next * next <= square)
            root = next;
    }
    *inexact = root * root != square;
    return (uint32_t)root;
}

VF_INLINE vf vf_sqrt(vf a)
{
    if (!(a > 0.0f) || a - a != 0.0f) // 0, negative, inf, NaN
        return a < 0.0f ? (a - a) / (a - a) : a;
    const int tiny = a < 0x1p-100f;
    const int32_t bits = vf_bits(tiny ? a * 0x1p48f : a);
    int32_t power = (bits >> 23) - 127 - 23;
    uint64_t square = (uint64_t)((bits & 0x7fffff) | 0x800000) << 26;
    if (power & 1)
        square <<= 1, power -= 1;
    int inexact;
    const uint32_t root = vf_root_bits(square, &inexact) << 1;
    // 26 or 27 bits and a sticky one: the conversion rounds once.
    const float rounded = (float)(root | (uint32_t)inexact);
    const int32_t half = power / 2 - 14 - (tiny ? 24 : 0);
    return rounded * vf_from_bits((int32_t)((uint32_t)(half + 127) << 23));
}

// a < b ? a : b, so b where one of them is NaN or both are zero.
VF_INLINE vf vf_min(vf a, vf b)
{
    return a < b ? a : b;
}

// a > b ? a : b, likewise.
VF_INLINE vf vf_max(vf a, vf b)
{
    return a > b ? a : b;
}

VF_INLINE vf vf_neg(vf a)
{
    return -a;
}

VF_INLINE vf vf_abs(vf a)
{
    return vf_from_bits(vf_bits(a) & 0x7fffffff);
}

// -|a|
VF_INLINE vf vf_neg_abs(vf a)
{
    return -vf_abs(a);
}

// |a| with the sign of `sign`.
VF_INLINE vf vf_copysign(vf a, vf sign)
{
    const uint32_t top = (uint32_t)vf_bits(sign) & 0x80000000u;
    return vf_from_bits((int32_t)((uint32_t)vf_bits(vf_abs(a)) | top));
}

// ---- Choices: false where one is NaN, but for vf_ne ----

VF_INLINE vm vf_lt(vf a, vf b)
{
    return a < b;
}

VF_INLINE vm vf_le(vf a, vf b)
{
    return a <= b;
}

VF_INLINE vm vf_eq(vf a, vf b)
{
    return a == b;
}

VF_INLINE vm vf_ne(vf a, vf b)
{
    return a != b;
}

VF_INLINE vm vf_and(vm a, vm b)
{
    return a && b;
}

// m ? a : b
VF_INLINE vf vf_select(vm m, vf a, vf b)
{
    return m ? a : b;
}

// ---- Integers: they wrap ----

VF_INLINE vf vf_from_int(vi a)
{
    return (float)a;
}

// Bits at p, whatever they mean.
VF_INLINE vi vf_load_bits(const float *p)
{
    int32_t bits;
    memcpy(&bits, p, sizeof bits);
    return bits;
}

// Byte `part` (0: the lowest) of the word at p, as its highest; zeros below.
// May read up to three bytes before p: loading there costs less than shifting.
VF_INLINE vi vf_load_byte(const float *p, int part)
{
    return (int32_t)((uint32_t)vf_load_bits(p) << (24 - 8 * part) &
                     0xff000000u);
}

VF_INLINE vi vf_int_and(vi a, vi b)
{
    return a & b;
}

VF_INLINE vi vf_int_set1(int32_t x)
{
    return x;
}

VF_INLINE vi vf_int_add(vi a, vi b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

VF_INLINE vi vf_int_sub(vi a, vi b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

// By a constant n; vf_int_sra keeps the sign.
VF_INLINE vi vf_int_shl(vi a, int n)
{
    return (int32_t)((uint32_t)a << n);
}

VF_INLINE vi vf_int_sra(vi a, int n)
{
    return a >> n;
}

// a 2^n, rounded once; n a whole number in [-252, 254], 0.5 <= |a| < 2.
VF_INLINE vf vf_scale(vf a, vf n)
{
    // Adding 1.5 * 2^23 leaves the whole number in the low bits.
    const vi whole = vf_int_sub(vf_bits(n + 0x1.8p23f), vf_bits(0x1.8p23f));
    const vi half = vf_int_sra(whole, 1), rest = vf_int_sub(whole, half);
    const vf by_half = vf_from_bits(vf_int_shl(vf_int_add(half, 127), 23));
    const vf by_rest = vf_from_bits(vf_int_shl(vf_int_add(rest, 127), 23));
    return a * by_half * by_rest;
}

// The same for n in [-190, 0].
VF_INLINE vf vf_scale_fall(vf a, vf n)
{
    return vf_scale(a, n);
}

#endif
