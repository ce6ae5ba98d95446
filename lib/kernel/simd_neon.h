// SPDX-License-Identifier: MIT
// The vocabulary of the kernels in NEON, the baseline of aarch64: four floats.
// What each verb means is written down in simd_scalar.h.
#ifndef RNI_SIMD_NEON_H
#define RNI_SIMD_NEON_H

#include <arm_neon.h>
#include <stdint.h>

#define VF_INLINE   static inline __attribute__((always_inline))
#define VF_WIDTH    4
#define VF_IS_FUSED 1

typedef float32x4_t vf;
typedef uint32x4_t vm;
typedef int32x4_t vi;

// ---- Memory ----

VF_INLINE vm vf_first_lanes(int64_t n)
{
    static const int32_t lane[4] = {0, 1, 2, 3};
    return vcgtq_s32(vdupq_n_s32((int32_t)n), vld1q_s32(lane));
}

VF_INLINE vf vf_load(const float *p)
{
    return vld1q_f32(p);
}

VF_INLINE vf vf_load_part(const float *p, int64_t n)
{
    vf a = vdupq_n_f32(0.0f);
    if (n >= 1)
        a = vld1q_lane_f32(p, a, 0);
    if (n >= 2)
        a = vld1q_lane_f32(p + 1, a, 1);
    if (n >= 3)
        a = vld1q_lane_f32(p + 2, a, 2);
    return a;
}

VF_INLINE void vf_store(float *p, vf a)
{
    vst1q_f32(p, a);
}

VF_INLINE void vf_store_part(float *p, vf a, int64_t n)
{
    if (n >= 1)
        vst1q_lane_f32(p, a, 0);
    if (n >= 2)
        vst1q_lane_f32(p + 1, a, 1);
    if (n >= 3)
        vst1q_lane_f32(p + 2, a, 2);
}

VF_INLINE vf vf_set1(float x)
{
    return vdupq_n_f32(x);
}

VF_INLINE vf vf_zero(void)
{
    return vdupq_n_f32(0.0f);
}

VF_INLINE float vf_first(vf a)
{
    return vgetq_lane_f32(a, 0);
}

VF_INLINE vf vf_keep(vf a, int64_t n)
{
    return vreinterpretq_f32_u32(
        vandq_u32(vreinterpretq_u32_f32(a), vf_first_lanes(n)));
}

// ---- Arithmetic ----

VF_INLINE vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}

VF_INLINE vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}

VF_INLINE vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}

VF_INLINE vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}

VF_INLINE vf vf_sqrt(vf a)
{
    return vsqrtq_f32(a);
}

VF_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}

VF_INLINE vf vf_fnma(vf a, vf b, vf c)
{
    return vfmsq_f32(c, a, b);
}

// Not vminq, which keeps every NaN and tells -0 from +0.
VF_INLINE vf vf_min(vf a, vf b)
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}

VF_INLINE vf vf_max(vf a, vf b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

VF_INLINE vf vf_neg(vf a)
{
    return vnegq_f32(a);
}

VF_INLINE vf vf_abs(vf a)
{
    return vabsq_f32(a);
}

VF_INLINE vf vf_neg_abs(vf a)
{
    return vnegq_f32(vabsq_f32(a));
}

VF_INLINE vf vf_copysign(vf a, vf sign)
{
    return vbslq_f32(vdupq_n_u32(0x80000000u), sign, a);
}

// ---- Choices ----

VF_INLINE vm vf_lt(vf a, vf b)
{
    return vcltq_f32(a, b);
}

VF_INLINE vm vf_le(vf a, vf b)
{
    return vcleq_f32(a, b);
}

VF_INLINE vm vf_eq(vf a, vf b)
{
    return vceqq_f32(a, b);
}

VF_INLINE vm vf_ne(vf a, vf b)
{
    return vmvnq_u32(vceqq_f32(a, b));
}

VF_INLINE vm vf_and(vm a, vm b)
{
    return vandq_u32(a, b);
}

VF_INLINE vf vf_select(vm m, vf a, vf b)
{
    return vbslq_f32(m, a, b);
}

// ---- Bits and integers ----

VF_INLINE vi vf_bits(vf a)
{
    return vreinterpretq_s32_f32(a);
}

VF_INLINE vf vf_from_bits(vi a)
{
    return vreinterpretq_f32_s32(a);
}

VF_INLINE vf vf_from_int(vi a)
{
    return vcvtq_f32_s32(a);
}

VF_INLINE vi vf_load_bits(const float *p)
{
    return vld1q_s32((const int32_t *)p);
}

VF_INLINE vi vf_load_byte(const float *p, const int part)
{
    const char *from = (const char *)p + part - 3;
    return vandq_s32(vreinterpretq_s32_u8(vld1q_u8((const uint8_t *)from)),
                     vdupq_n_s32(-0x1000000));
}

VF_INLINE vi vf_int_and(vi a, vi b)
{
    return vandq_s32(a, b);
}

VF_INLINE vi vf_int_set1(int32_t x)
{
    return vdupq_n_s32(x);
}

VF_INLINE vi vf_int_add(vi a, vi b)
{
    return vaddq_s32(a, b);
}

VF_INLINE vi vf_int_sub(vi a, vi b)
{
    return vsubq_s32(a, b);
}

#define vf_int_shl(a, n) vshlq_n_s32((a), (n))
#define vf_int_sra(a, n) vshrq_n_s32((a), (n))

// In two exact steps but for the last rounding.
VF_INLINE vf vf_scale(vf a, vf n)
{
    const vi whole = vcvtq_s32_f32(n), bias = vf_int_set1(127);
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
