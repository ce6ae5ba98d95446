// SPDX-License-Identifier: MIT
// What one element of each instruction of tape.def is: a, b, c the operands,
// x, y the constants. A missing or misspelt one does not compile.
// Included after one of simd_*.h and functions.h.
#ifndef RNI_TAPE_VALUES_H
#define RNI_TAPE_VALUES_H

#define VF_UNUSED __attribute__((unused))
#define VALUE(name)                                                            \
    VF_INLINE vf value_##name(vf a VF_UNUSED, vf b VF_UNUSED, vf c VF_UNUSED,  \
                              vf x VF_UNUSED, vf y VF_UNUSED)

VF_INLINE vf vf_one_where(vm m)
{
    return vf_select(m, vf_set1(1.0f), vf_zero());
}

// ---- Arithmetic ----

VALUE(COPY)
{
    return a;
}

VALUE(ADD)
{
    return vf_add(a, b);
}

VALUE(SUB)
{
    return vf_sub(a, b);
}

VALUE(MUL)
{
    return vf_mul(a, b);
}

VALUE(DIV)
{
    return vf_div(a, b);
}

VALUE(FMA)
{
    return vf_fma(a, b, c);
}

VALUE(NEG)
{
    return vf_neg(a);
}

VALUE(ABS)
{
    return vf_abs(a);
}

VALUE(SIGN)
{
    const vf below = vf_select(vf_lt(a, vf_zero()), vf_set1(-1.0f), vf_zero());
    return vf_select(vf_lt(vf_zero(), a), vf_set1(1.0f), below);
}

VALUE(AFFINE)
{
    return vf_fma(x, a, y);
}

// ---- Functions ----

VALUE(EXP)
{
    return vf_exp(a);
}

VALUE(LOG)
{
    return vf_log(a);
}

VALUE(SQRT)
{
    return vf_sqrt(a);
}

VALUE(SIGMOID)
{
    return vf_sigmoid(a);
}

VALUE(TANH)
{
    return vf_tanh(a);
}

// Keeps NaN: the value itself is the last operand.
VALUE(RELU)
{
    return vf_max(vf_zero(), a);
}

VALUE(SOFTPLUS)
{
    return vf_softplus(a);
}

// The largest float stands for infinity: both give 1.
VALUE(SOFTSIGN)
{
    const vf size = vf_min(vf_set1(0x1.fffffep127f), vf_abs(a));
    return vf_div(vf_copysign(size, a), vf_add(vf_set1(1.0f), size));
}

VALUE(ELU)
{
    const vf fall = vf_expm1_twice(vf_mul(vf_set1(0.5f), a));
    return vf_select(vf_lt(vf_zero(), a), a, vf_mul(x, fall));
}

// Keeps NaN: the value itself is the last operand of each choice.
VALUE(HARD_SIGMOID)
{
    const vf line = vf_fma(x, a, y);
    return vf_min(vf_set1(1.0f), vf_max(vf_zero(), line));
}

VALUE(LEAKY_RELU)
{
    return vf_select(vf_lt(vf_zero(), a), a, vf_mul(x, a));
}

VALUE(THRESHOLDED_RELU)
{
    return vf_select(vf_le(a, x), vf_zero(), a);
}

VALUE(SCALED_TANH)
{
    return vf_mul(x, vf_tanh(vf_mul(y, a)));
}

VALUE(CLIP)
{
    return vf_min(y, vf_max(x, a));
}

// ---- Choices ----

VALUE(MIN)
{
    return vf_select(vf_le(a, b), a, b);
}

VALUE(MAX)
{
    return vf_select(vf_le(b, a), a, b);
}

VALUE(LESS)
{
    return vf_one_where(vf_lt(a, b));
}

VALUE(LESS_EQUAL)
{
    return vf_one_where(vf_le(a, b));
}

VALUE(EQUAL)
{
    return vf_one_where(vf_eq(a, b));
}

VALUE(SELECT)
{
    return vf_select(vf_ne(a, vf_zero()), b, c);
}

// ---- Gradients: a is the gradient of the result ----

VALUE(SIGMOID_GRAD)
{
    return vf_mul(a, vf_mul(b, vf_sub(vf_set1(1.0f), b)));
}

VALUE(TANH_GRAD)
{
    return vf_mul(a, vf_fnma(b, b, vf_set1(1.0f)));
}

VALUE(RELU_GRAD)
{
    return vf_select(vf_lt(vf_zero(), b), a, vf_zero());
}

VALUE(SQRT_GRAD)
{
    return vf_div(a, vf_add(b, b));
}

VALUE(SOFTPLUS_GRAD)
{
    return vf_mul(a, vf_sigmoid(b));
}

VALUE(SOFTSIGN_GRAD)
{
    const vf s = vf_add(vf_set1(1.0f), vf_abs(b));
    return vf_div(a, vf_mul(s, s));
}

VALUE(ELU_GRAD)
{
    const vf fall = vf_mul(vf_mul(a, x), vf_exp(b));
    return vf_select(vf_lt(vf_zero(), b), a, fall);
}

VALUE(HARD_SIGMOID_GRAD)
{
    const vf line = vf_fma(x, b, y);
    const vm inside =
        vf_and(vf_lt(vf_zero(), line), vf_lt(line, vf_set1(1.0f)));
    return vf_select(inside, vf_mul(x, a), vf_zero());
}

VALUE(LEAKY_RELU_GRAD)
{
    return vf_select(vf_lt(vf_zero(), b), a, vf_mul(x, a));
}

VALUE(THRESHOLDED_RELU_GRAD)
{
    return vf_select(vf_lt(x, b), a, vf_zero());
}

VALUE(SCALED_TANH_GRAD)
{
    const vf t = vf_tanh(vf_mul(y, b));
    return vf_mul(vf_mul(a, vf_mul(x, y)), vf_fnma(t, t, vf_set1(1.0f)));
}

VALUE(CLIP_GRAD)
{
    const vm inside = vf_and(vf_le(x, b), vf_le(b, y));
    return vf_select(inside, a, vf_zero());
}

#undef VALUE

#endif
