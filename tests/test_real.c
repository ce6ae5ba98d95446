// SPDX-License-Identifier: MIT
// Square root, power and cosine of src/train against long double libm: the
// errors that the header states.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "train/real.h"

enum { MANY = 200000 };

// A number in [0, 1) from a counter.
static double share(uint64_t i)
{
    uint64_t x = i * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 31) * 0xbf58476d1ce4e5b9u;
    return (double)((x ^ x >> 29) >> 11) * 0x1p-53;
}

static void test_root(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < MANY; i++) {
        double x = ldexp(1 + share(i), (int)(i % 2000) - 1000);
        double root = rni_real_root(x), right = sqrt(x);
        assert_true(root == right || root == nextafter(right, INFINITY) ||
                    root == nextafter(right, 0));
    }
    assert_true(rni_real_root(0) == 0 && rni_real_root(4) == 2);
    assert_true(isinf(rni_real_root(INFINITY)) && isnan(rni_real_root(NAN)));
}

static void check_power(double x, double y, double bound)
{
    long double right = powl(x, y);
    if (right < 1e-300L || right > 1e300L)
        return;
    long double error = fabsl(((long double)rni_real_power(x, y) - right));
    assert_true(error <= (long double)bound * right);
}

static void test_power(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < MANY; i++) {
        double x = ldexp(0.5 + share(i), (int)(i % 41) - 20);
        double y = (share(i + MANY) - 0.5) * 60;
        check_power(x, y, (3 + fabs(y * log(x))) * 0x1p-51);
        double n = (double)(int64_t)(y * 3);
        check_power(x, n, (fabs(n) + 1) * 0x1p-52);
        double near = 0.9 + 0.0999 * share(i), t = (double)(i % 5000);
        check_power(near, t, (t + 1) * 0x1p-52);
        check_power(near, 0.004 * t, (3 + 0.004 * t) * 0x1p-51);
    }
    assert_true(rni_real_power(0.9, 1) == 0.9 && rni_real_power(5, 0) == 1);
    assert_true(rni_real_power(0, 2.5) == 0 && rni_real_power(0, 0) == 1);
    assert_true(isinf(rni_real_power(0, -0.5)));
    assert_true(rni_real_power(-2, 3) == -8);
    assert_true(isnan(rni_real_power(-2, 0.5)));
    assert_true(rni_real_power(1e-300, 2.5) == 0);
    assert_true(isinf(rni_real_power(1e300, 2.5)));
    check_power(0x1p-1040, 0.5, 800 * 0x1p-51);
}

static void test_cosine(void **state)
{
    (void)state;
    const long double pi = 3.14159265358979323846264338327950288L;
    for (uint64_t i = 0; i < MANY; i++) {
        double x = (share(i) - 0.5) * (i % 3 == 0 ? 2 : 200);
        long double rest = fmodl(x, 2), right = cosl(pi * rest);
        assert_true(fabsl((long double)rni_real_cosine_pi(x) - right) <=
                    0x1p-51L);
    }
    for (int n = -9; n < 9; n++) {
        assert_true(rni_real_cosine_pi(n) == (n % 2 == 0 ? 1 : -1));
        assert_true(rni_real_cosine_pi(n + 0.5) == 0);
    }
    assert_true(rni_real_cosine_pi(0x1p60) == 1);
    assert_true(isnan(rni_real_cosine_pi(INFINITY)));
    assert_true(isnan(rni_real_cosine_pi(NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_power),
        cmocka_unit_test(test_cosine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
