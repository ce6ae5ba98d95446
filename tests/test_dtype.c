// SPDX-License-Identifier: MIT
// The types of tensors: their names, their numbers as floats, and which numbers
// are beyond the floats, by the compiler's own conversions.
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "file/dtype.h"

enum { COUNT = 3 };

static int32_t dtype_of(const char *name)
{
    for (int32_t i = 0; i < RNI_DTYPES; i++)
        if (strcmp(rni_dtype_name(i), name) == 0)
            return i;
    fail_msg("no %s", name);
    return -1;
}

static void numbers_that_are_no_types_have_no_name(void **state)
{
    (void)state;
    assert_string_equal(rni_dtype_name(-1), "?");
    assert_string_equal(rni_dtype_name(RNI_DTYPES), "?");
    assert_string_equal(rni_dtype_name(INT32_MIN), "?");
    for (int32_t i = 0; i < RNI_DTYPES; i++)
        assert_int_equal(dtype_of(rni_dtype_name(i)), i);
}

// 1.5, -2 and the least number that is normal or not, in each type.
static void numbers_become_floats_at_any_address(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t bits[COUNT];
        float values[COUNT];
    } rows[] = {
        {"F16", {0x3e00, 0xc000, 0x0001}, {1.5f, -2, 0x1p-24f}},
        {"BF16", {0x3fc0, 0xc000, 0x0001}, {1.5f, -2, 0x1p-133f}},
        {"F32", {0x3fc00000, 0xc0000000, 1}, {1.5f, -2, 0x1p-149f}},
        {"F64",
         {0x3ff8000000000000, 0xc000000000000000, 0x36a0000000000000},
         {1.5f, -2, 0x1p-149f}},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        unsigned char bytes[1 + 8 * COUNT] = {0};
        float values[COUNT];
        int32_t dtype = dtype_of(rows[k].name);
        int size = (int)rni_dtype_bits(dtype) / 8;
        for (int i = 0; i < size * COUNT; i++)
            bytes[1 + i] =
                (unsigned char)(rows[k].bits[i / size] >> 8 * (i % size));
        rni_dtype_floats(dtype, bytes + 1, COUNT, values);
        assert_memory_equal(values, rows[k].values, sizeof values);
    }
}

// ---- What fits --------------------------------------------------------------

static bool fits(double value)
{
    uint64_t bits;
    unsigned char bytes[8];
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i);
    return rni_dtype_fits(dtype_of("F64"), bytes);
}

static void a_finite_number_that_becomes_infinite_does_not_fit(void **state)
{
    (void)state;
    // Half a step beyond the largest float, where the next one would be.
    const double border = (double)FLT_MAX + 0x1p103;
    const double values[] = {0,       1,        FLT_MAX,
                             border,  1e39,     DBL_MAX,
                             DBL_MIN, INFINITY, nextafter(border, 0)};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        bool wanted = isinf(values[i]) || isfinite((float)values[i]);
        assert_int_equal(fits(values[i]), wanted);
        assert_int_equal(fits(-values[i]), wanted);
    }
    assert_false(fits(border));
    assert_true(fits(nextafter(border, 0)));
    assert_true(fits(NAN));
}

static void every_other_type_fits(void **state)
{
    (void)state;
    const unsigned char most[8] = {255, 255, 127, 127, 255, 255, 239, 127};
    for (int32_t i = 0; i < RNI_DTYPES; i++)
        assert_int_equal(rni_dtype_fits(i, most), i != dtype_of("F64"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_are_no_types_have_no_name),
        cmocka_unit_test(numbers_become_floats_at_any_address),
        cmocka_unit_test(a_finite_number_that_becomes_infinite_does_not_fit),
        cmocka_unit_test(every_other_type_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
