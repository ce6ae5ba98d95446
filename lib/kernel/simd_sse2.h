// SPDX-License-Identifier: MIT
// The vocabulary of the kernels in SSE2, the baseline of x86-64: four floats
// and no fused multiply-add, so vf_fma rounds the product too.
// What each verb means is written down in simd_scalar.h.
#ifndef RNI_SIMD_SSE2_H
#define RNI_SIMD_SSE2_H

#include <emmintrin.h>
#include <stdint.h>

#define VF_INLINE   static inline __attribute__((always_inline))
#define VF_WIDTH    4
#define VF_IS_FUSED 0

typedef __m128 vf;
typedef __m128 vm;
typedef __m128i vi;

// ---- Memory ----

VF_INLINE __m128 vf_first_lanes(int64_t n)
{
    const __m128i lane = _mm_setr_epi32(0, 1, 2, 3);
    return _mm_castsi128_ps(_mm_cmpgt_epi32(_mm_set1_epi32((int32_t)n), lane));
}

VF_INLINE vf vf_load(const float *p)
{
    return _mm_loadu_ps(p);
}

VF_INLINE vf vf_load_part(const float *p, int64_t n)
{
    const __m128 zero = _mm_setzero_ps();
    if (n == 1)
        return _mm_load_ss(p);
    if (n == 2)
        return _mm_loadl_pi(zero, (const __m64 *)(const void *)p);
    if (n == 3)
        return _mm_movelh_ps(_mm_loadl_pi(zero, (const __m64 *)(const void *)p),
                             _mm_load_ss(p + 2));
    return zero;
}

VF_INLINE void vf_store(float *p, vf a)
{
    _mm_storeu_ps(p, a);
}

VF_INLINE void vf_store_part(float *p, vf a, int64_t n)
{
    if (n >= 2)
        _mm_storel_pi((__m64 *)(void *)p, a);
    if (n == 1)
        _mm_store_ss(p, a);
    if (n == 3)
        _mm_store_ss(p + 2, _mm_movehl_ps(a, a));
}

VF_INLINE vf vf_set1(float x)
{
    return _mm_set1_ps(x);
}

VF_INLINE vf vf_zero(void)
{
    return _mm_setzero_ps();
}

VF_INLINE float vf_first(vf a)
{
    return _mm_cvtss_f32(a);
}

VF_INLINE vf vf_keep(vf a, int64_t n)
{
    return _mm_and_ps(a, vf_first_lanes(n));
}

// ---- Arithmetic ----

VF_INLINE vf vf_add(vf a, vf b)
{
    return _mm_add_ps(a, b);
}

VF_INLINE vf vf_sub(vf a, vf b)
{
    return _mm_sub_ps(a, b);
}

VF_INLINE vf vf_mul(vf a, vf b)
{
    return _mm_mul_ps(a, b);
}

VF_INLINE vf vf_div(vf a, vf b)
{
    return _mm_div_ps(a, b);
}

VF_INLINE vf vf_sqrt(vf a)
{
    return _mm_sqrt_ps(a);
}

VF_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm_add_ps(_mm_mul_ps(a, b), c);
}

VF_INLINE vf vf_fnma(vf a, vf b, vf c)
{
    return _mm_sub_ps(c, _mm_mul_ps(a, b));
}

VF_INLINE vf vf_min(vf a, vf b)
{
    return _mm_min_ps(a, b);
}

VF_INLINE vf vf_max(vf a, vf b)
{
    return _mm_max_ps(a, b);
}

VF_INLINE vf vf_neg(vf a)
{
    return _mm_xor_ps(a, _mm_set1_ps(-0.0f));
}

VF_INLINE vf vf_abs(vf a)
{
    return _mm_andnot_ps(_mm_set1_ps(-0.0f), a);
}

VF_INLINE vf vf_neg_abs(vf a)
{
    return _mm_or_ps(a, _mm_set1_ps(-0.0f));
}

VF_INLINE vf vf_copysign(vf a, vf sign)
{
    const __m128 top = _mm_set1_ps(-0.0f);
    return _mm_or_ps(_mm_andnot_ps(top, a), _mm_and_ps(top, sign));
}

// ---- Choices ----

VF_INLINE vm vf_lt(vf a, vf b)
{
    return _mm_cmplt_ps(a, b);
}

VF_INLINE vm vf_le(vf a, vf b)
{
    return _mm_cmple_ps(a, b);
}

VF_INLINE vm vf_eq(vf a, vf b)
{
    return _mm_cmpeq_ps(a, b);
}

VF_INLINE vm vf_ne(vf a, vf b)
{
    return _mm_cmpneq_ps(a, b);
}

VF_INLINE vm vf_and(vm a, vm b)
{
    return _mm_and_ps(a, b);
}

VF_INLINE vf vf_select(vm m, vf a, vf b)
{
    return _mm_or_ps(_mm_and_ps(m, a), _mm_andnot_ps(m, b));
}

// ---- Bits and integers ----

VF_INLINE vi vf_bits(vf a)
{
    return _mm_castps_si128(a);
}

VF_INLINE vf vf_from_bits(vi a)
{
    return _mm_castsi128_ps(a);
}

VF_INLINE vf vf_from_int(vi a)
{
    return _mm_cvtepi32_ps(a);
}

VF_INLINE vi vf_load_bits(const float *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

VF_INLINE vi vf_load_byte(const float *p, const int part)
{
    const char *from = (const char *)p + part - 3;
    return _mm_and_si128(_mm_loadu_si128((const __m128i *)from),
                         _mm_set1_epi32(-0x1000000));
}

VF_INLINE vi vf_int_and(vi a, vi b)
{
    return _mm_and_si128(a, b);
}

VF_INLINE vi vf_int_set1(int32_t x)
{
    return _mm_set1_epi32(x);
}

VF_INLINE vi vf_int_add(vi a, vi b)
{
    return _mm_add_epi32(a, b);
}

VF_INLINE vi vf_int_sub(vi a, vi b)
{
    return _mm_sub_epi32(a, b);
}

#define vf_int_shl(a, n) _mm_slli_epi32((a), (n))
#define vf_int_sra(a, n) _mm_srai_epi32((a), (n))

// In two exact steps but for the last rounding.
VF_INLINE vf vf_scale(vf a, vf n)
{
    const vi whole = _mm_cvtps_epi32(n), bias = vf_int_set1(127);
    const vi half = vf_int_sra(whole, 1), rest = vf_int_sub(whole, half);
    const vf by_half = vf_from_bits(vf_int_shl(vf_int_add(half, bias), 23));
    const vf by_rest = vf_from_bits(vf_int_shl(vf_int_add(rest, bias), 23));
    return vf_mul(vf_mul(a, by_half), by_rest);
}

// In two steps, the first one exact.
VF_INLINE vf vf_scale_fall(vf a, vf n)
{
    const vf t = vf_add(n, vf_set1(0x1.8p23f + 127.0f + 64.0f));
    const vf s = vf_from_bits(vf_int_shl(vf_bits(t), 23));
    return vf_mul(vf_mul(a, s), vf_set1(0x1p-64f));
}

#endif
