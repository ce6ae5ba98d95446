// SPDX-License-Identifier: MIT
// The vocabulary of the kernels in AVX-512 (F, BW, DQ, VL): sixteen floats.
// What each verb means is written down in simd_scalar.h.
#ifndef RNI_SIMD_AVX512_H
#define RNI_SIMD_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#define VF_INLINE   static inline __attribute__((always_inline))
#define VF_WIDTH    16
#define VF_IS_FUSED 1

typedef __m512 vf;
typedef __mmask16 vm;
typedef __m512i vi;

// ---- Memory ----

VF_INLINE __mmask16 vf_first_lanes(int64_t n)
{
    return (__mmask16)((1u << n) - 1u);
}

VF_INLINE vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

VF_INLINE vf vf_load_part(const float *p, int64_t n)
{
    return _mm512_maskz_loadu_ps(vf_first_lanes(n), p);
}

VF_INLINE void vf_store(float *p, vf a)
{
    _mm512_storeu_ps(p, a);
}

VF_INLINE void vf_store_part(float *p, vf a, int64_t n)
{
    _mm512_mask_storeu_ps(p, vf_first_lanes(n), a);
}

VF_INLINE vf vf_set1(float x)
{
    return _mm512_set1_ps(x);
}

VF_INLINE vf vf_zero(void)
{
    return _mm512_setzero_ps();
}

VF_INLINE float vf_first(vf a)
{
    return _mm512_cvtss_f32(a);
}

VF_INLINE vf vf_keep(vf a, int64_t n)
{
    return _mm512_maskz_mov_ps(vf_first_lanes(n), a);
}

// ---- Arithmetic ----

VF_INLINE vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

VF_INLINE vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

VF_INLINE vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

VF_INLINE vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

VF_INLINE vf vf_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}

VF_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

VF_INLINE vf vf_fnma(vf a, vf b, vf c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

VF_INLINE vf vf_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}

VF_INLINE vf vf_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}

VF_INLINE vf vf_neg(vf a)
{
    return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f));
}

VF_INLINE vf vf_abs(vf a)
{
    return _mm512_abs_ps(a);
}

VF_INLINE vf vf_neg_abs(vf a)
{
    return _mm512_or_ps(a, _mm512_set1_ps(-0.0f));
}

VF_INLINE vf vf_copysign(vf a, vf sign)
{
    // Bit by bit: sign bit from `sign`, the rest from `a`.
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
        _mm512_castps_si512(sign), _mm512_castps_si512(a),
        _mm512_set1_epi32((int)0x80000000u), 0xe4));
}

// ---- Choices ----

VF_INLINE vm vf_lt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

VF_INLINE vm vf_le(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}

VF_INLINE vm vf_eq(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}

VF_INLINE vm vf_ne(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ);
}

VF_INLINE vm vf_and(vm a, vm b)
{
    return (vm)(a & b);
}

VF_INLINE vf vf_select(vm m, vf a, vf b)
{
    return _mm512_mask_blend_ps(m, b, a);
}

// ---- Bits and integers ----

VF_INLINE vi vf_bits(vf a)
{
    return _mm512_castps_si512(a);
}

VF_INLINE vf vf_from_bits(vi a)
{
    return _mm512_castsi512_ps(a);
}

VF_INLINE vf vf_from_int(vi a)
{
    return _mm512_cvtepi32_ps(a);
}

VF_INLINE vi vf_load_bits(const float *p)
{
    return _mm512_loadu_si512(p);
}

VF_INLINE vi vf_load_byte(const float *p, const int part)
{
    const __mmask64 top = 0x8888888888888888u;
    return _mm512_maskz_loadu_epi8(top, (const char *)p + part - 3);
}

VF_INLINE vi vf_int_and(vi a, vi b)
{
    return _mm512_and_si512(a, b);
}

VF_INLINE vi vf_int_set1(int32_t x)
{
    return _mm512_set1_epi32(x);
}

VF_INLINE vi vf_int_add(vi a, vi b)
{
    return _mm512_add_epi32(a, b);
}

VF_INLINE vi vf_int_sub(vi a, vi b)
{
    return _mm512_sub_epi32(a, b);
}

#define vf_int_shl(a, n) _mm512_slli_epi32((a), (n))
#define vf_int_sra(a, n) _mm512_srai_epi32((a), (n))

VF_INLINE vf vf_scale(vf a, vf n)
{
    return _mm512_scalef_ps(a, n);
}

VF_INLINE vf vf_scale_fall(vf a, vf n)
{
    return _mm512_scalef_ps(a, n);
}

#endif
