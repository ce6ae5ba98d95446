// SPDX-License-Identifier: MIT
// exp, log and their kin in the vocabulary of the kernels. One set of
// polynomials and one order of operations, so every instruction set with a
// fused multiply-add gives the same bits. Divisions are true divisions. NaN
// gives NaN. Errors in ULP are promised in accuracy.def.
// Included after one of simd_*.h.
#ifndef RNI_KERNEL_FUNCTIONS_H
#define RNI_KERNEL_FUNCTIONS_H

// 1.5 * 2^23: adding it to a small x rounds x to a whole number, which then
// lies in the low bits of the sum.
#define VF_ROUND 0x1.8p23f
#define VF_LOG2E 0x1.715476p+0f
#define VF_LN2   0x1.62e43p-1f
// ln 2 in two parts; a whole number of up to 9 bits times the first is exact.
#define VF_LN2_HIGH 0x1.62e4p-1f
#define VF_LN2_LOW  0x1.7f7d1cp-20f

VF_INLINE vf vf_infinity(void)
{
    return vf_from_bits(vf_int_set1(0x7f800000));
}

VF_INLINE vf vf_nan(void)
{
    return vf_from_bits(vf_int_set1(0x7fc00000));
}

// exp(x) = 2^n p with p = 1 + r + r^2 q(r), |r| <= ln 2 / 2.
typedef struct vf_power {
    vf p, n;
} vf_power;

VF_INLINE vf_power vf_exp_parts(vf x)
{
    const vf round = vf_set1(VF_ROUND);
    const vf n = vf_sub(vf_fma(x, vf_set1(VF_LOG2E), round), round);
    vf r = vf_fnma(n, vf_set1(VF_LN2_HIGH), x);
    r = vf_fnma(n, vf_set1(VF_LN2_LOW), r);
    vf p = vf_set1(0x1.6a4d6p-10f);
    p = vf_fma(p, r, vf_set1(0x1.12398ep-7f));
    p = vf_fma(p, r, vf_set1(0x1.5558bp-5f));
    p = vf_fma(p, r, vf_set1(0x1.555492p-3f));
    p = vf_fma(p, r, vf_set1(0x1.fffffcp-2f));
    p = vf_fma(p, r, vf_set1(1.0f));
    p = vf_fma(p, r, vf_set1(1.0f));
    return (vf_power){p, n};
}

// Beyond [-104, 89] the result is 0 or infinite anyhow.
VF_INLINE vf vf_exp(vf x)
{
    x = vf_max(vf_set1(-104.0f), vf_min(vf_set1(89.0f), x));
    const vf_power e = vf_exp_parts(x);
    return vf_scale(e.p, e.n);
}

// The same bits for x <= 0 or NaN, faster.
VF_INLINE vf vf_exp_fall(vf x)
{
    const vf_power e = vf_exp_parts(vf_max(vf_set1(-104.0f), x));
    return vf_scale_fall(e.p, e.n);
}

// exp(2 x) - 1 for x <= 0 or NaN: with s = 2^n it is s r (1 + r q(r)) + (s -
// 1). n stays small enough for ln 2 in one part.
VF_INLINE vf vf_expm1_twice(vf x)
{
    const vf round = vf_set1(VF_ROUND + 127.0f); // the exponent's bias
    x = vf_max(vf_set1(-9.1f), x);
    const vf t = vf_fma(x, vf_set1(2.0f * VF_LOG2E), round);
    const vf s = vf_from_bits(vf_int_shl(vf_bits(t), 23));
    const vf r = vf_fnma(vf_sub(t, round), vf_set1(VF_LN2), vf_add(x, x));
    vf q = vf_set1(0x1.6d722cp-10f);
    q = vf_fma(q, r, vf_set1(0x1.12268p-7f));
    q = vf_fma(q, r, vf_set1(0x1.5554c8p-5f));
    q = vf_fma(q, r, vf_set1(0x1.5554b2p-3f));
    q = vf_fma(q, r, vf_set1(0.5f));
    const vf sr = vf_mul(s, r);
    return vf_fma(vf_mul(q, r), sr, vf_add(sr, vf_sub(s, vf_set1(1.0f))));
}

// log(1 + f) for -0.25 <= f <= 0.5: f + f^2 q(f).
VF_INLINE vf vf_log1p_near(vf f)
{
    vf q = vf_set1(-0x1.71e32cp-5f);
    q = vf_fma(q, f, vf_set1(0x1.acf4a8p-4f));
    q = vf_fma(q, f, vf_set1(-0x1.0d98fp-3f));
    q = vf_fma(q, f, vf_set1(0x1.28807ap-3f));
    q = vf_fma(q, f, vf_set1(-0x1.54ed96p-3f));
    q = vf_fma(q, f, vf_set1(0x1.99699ep-3f));
    q = vf_fma(q, f, vf_set1(-0x1.00004ap-2f));
    q = vf_fma(q, f, vf_set1(0x1.5555a4p-2f));
    q = vf_fma(q, f, vf_set1(-0.5f));
    return vf_fma(vf_mul(f, f), q, f);
}

// x = 2^n m with m in [0.75, 1.5): n ln 2 + log m.
VF_INLINE vf vf_log(vf x)
{
    const vm tiny = vf_lt(x, vf_set1(0x1p-126f));
    const vf scaled = vf_select(tiny, vf_mul(x, vf_set1(0x1p23f)), x);
    const vi from = vf_int_sub(vf_bits(scaled), vf_bits(vf_set1(0.75f)));
    const vi power = vf_int_sra(from, 23);
    const vf m =
        vf_from_bits(vf_int_sub(vf_bits(scaled), vf_int_shl(power, 23)));
    const vf n =
        vf_add(vf_from_int(power), vf_select(tiny, vf_set1(-23.0f), vf_zero()));
    vf y = vf_log1p_near(vf_sub(m, vf_set1(1.0f)));
    y = vf_fma(n, vf_set1(VF_LN2_LOW), y);
    y = vf_fma(n, vf_set1(VF_LN2_HIGH), y);
    y = vf_select(vf_lt(x, vf_infinity()), y, x);
    y = vf_select(vf_eq(x, vf_zero()), vf_neg(vf_infinity()), y);
    return vf_select(vf_lt(x, vf_zero()), vf_nan(), y);
}

// 1 / (1 + exp(-x)); with e = exp(-|x|) it is 1 / (1 + e) or e / (1 + e), so
// a small result keeps its relative accuracy.
VF_INLINE vf vf_sigmoid(vf x)
{
    const vf one = vf_set1(1.0f), e = vf_exp_fall(vf_neg_abs(x));
    const vf top = vf_select(vf_lt(x, vf_zero()), e, one);
    return vf_div(top, vf_add(one, e));
}

// With e = exp(-2 |x|) - 1 it is -e / (e + 2).
VF_INLINE vf vf_tanh(vf x)
{
    const vf e = vf_expm1_twice(vf_neg_abs(x));
    return vf_copysign(vf_div(e, vf_add(e, vf_set1(2.0f))), x);
}

// log(1 + exp(x)) = max(x, 0) + log(1 + e), e = exp(-|x|) in [0, 1]; from
// e = 0.5 on by log 2 + log(1 + (e - 1) / 2).
VF_INLINE vf vf_softplus(vf x)
{
    const vf e = vf_exp_fall(vf_neg_abs(x)), half = vf_set1(0.5f),
             zero = vf_zero();
    const vm large = vf_le(half, e);
    const vf f = vf_select(large, vf_fma(e, half, vf_neg(half)), e);
    vf y = vf_log1p_near(f);
    y = vf_add(y, vf_select(large, vf_set1(VF_LN2_LOW), zero));
    y = vf_add(y, vf_select(large, vf_set1(VF_LN2_HIGH), zero));
    return vf_add(vf_max(zero, x), y);
}

#endif
