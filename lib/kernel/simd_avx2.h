// SPDX-License-Identifier: MIT
// The vocabulary of the kernels in AVX2 and FMA: eight floats.
// What each verb means is written down in simd_scalar.h.
#ifndef RNI_SIMD_AVX2_H
#define RNI_SIMD_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#define VF_INLINE   static inline __attribute__((always_inline))
#define VF_WIDTH    8
#define VF_IS_FUSED 1

typedef __m256 vf;
typedef __m256 vm;
typedef __m256i vi;

// ---- Memory ----

VF_INLINE __m256i vf_first_lanes(int64_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)n), lane);
}

VF_INLINE vf vf_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

VF_INLINE vf vf_load_part(const float *p, int64_t n)
{
    return _mm256_maskload_ps(p, vf_first_lanes(n));
}

VF_INLINE void vf_store(float *p, vf a)
{
    _mm256_storeu_ps(p, a);
}

VF_INLINE void vf_store_part(float *p, vf a, int64_t n)
{
    _mm256_maskstore_ps(p, vf_first_lanes(n), a);
}

VF_INLINE vf vf_set1(float x)
{
    return _mm256_set1_ps(x);
}

VF_INLINE vf vf_zero(void)
{
    return _mm256_setzero_ps();
}

VF_INLINE float vf_first(vf a)
{
    return _mm256_cvtss_f32(a);
}

VF_INLINE vf vf_keep(vf a, int64_t n)
{
    return _mm256_and_ps(a, _mm256_castsi256_ps(vf_first_lanes(n)));
}

// ---- Arithmetic ----

VF_INLINE vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}

VF_INLINE vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}

VF_INLINE vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}

VF_INLINE vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}

VF_INLINE vf vf_sqrt(vf a)
{
    return _mm256_sqrt_ps(a);
}

VF_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}

VF_INLINE vf vf_fnma(vf a, vf b, vf c)
{
    return _mm256_fnmadd_ps(a, b, c);
}

VF_INLINE vf vf_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}

VF_INLINE vf vf_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}

VF_INLINE vf vf_neg(vf a)
{
    return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f));
}

VF_INLINE vf vf_abs(vf a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}

VF_INLINE vf vf_neg_abs(vf a)
{
    return _mm256_or_ps(a, _mm256_set1_ps(-0.0f));
}

VF_INLINE vf vf_copysign(vf a, vf sign)
{
    const __m256 top = _mm256_set1_ps(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(top, a), _mm256_and_ps(top, sign));
}

// ---- Choices ----

VF_INLINE vm vf_lt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}

VF_INLINE vm vf_le(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LE_OQ);
}

VF_INLINE vm vf_eq(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}

VF_INLINE vm vf_ne(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_NEQ_UQ);
}

VF_INLINE vm vf_and(vm a, vm b)
{
    return _mm256_and_ps(a, b);
}

VF_INLINE vf vf_select(vm m, vf a, vf b)
{
    return _mm256_blendv_ps(b, a, m);
}

// ---- Bits and integers ----

VF_INLINE vi vf_bits(vf a)
{
    return _mm256_castps_si256(a);
}

VF_INLINE vf vf_from_bits(vi a)
{
    return _mm256_castsi256_ps(a);
}

VF_INLINE vf vf_from_int(vi a)
{
    return _mm256_cvtepi32_ps(a);
}

VF_INLINE vi vf_load_bits(const float *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

VF_INLINE vi vf_load_byte(const float *p, const int part)
{
    const char *from = (const char *)p + part - 3;
    return _mm256_and_si256(_mm256_loadu_si256((const __m256i *)from),
                            _mm256_set1_epi32(-0x1000000));
}

VF_INLINE vi vf_int_and(vi a, vi b)
{
    return _mm256_and_si256(a, b);
}

VF_INLINE vi vf_int_set1(int32_t x)
{
    return _mm256_set1_epi32(x);
}

VF_INLINE vi vf_int_add(vi a, vi b)
{
    return _mm256_add_epi32(a, b);
}

VF_INLINE vi vf_int_sub(vi a, vi b)
{
    return _mm256_sub_epi32(a, b);
}

#define vf_int_shl(a, n) _mm256_slli_epi32((a), (n))
#define vf_int_sra(a, n) _mm256_srai_epi32((a), (n))

// In two exact steps but for the last rounding.
VF_INLINE vf vf_scale(vf a, vf n)
{
    const vi whole = _mm256_cvtps_epi32(n), bias = vf_int_set1(127);
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
