// SPDX-License-Identifier: MIT
// Detection against the compiler's own, and the cap by RNNC_ISA.
#include "base/cpu.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rnnc/context.h"

static const char *const names[RNI_ISA_COUNT] = {"scalar", "sse2", "avx2",
                                                 "avx512", "neon"};

static void every_set_has_its_name(void **state)
{
    (void)state;
    for (int isa = 0; isa < RNI_ISA_COUNT; isa++)
        assert_string_equal(rni_isa_name((rni_isa)isa), names[isa]);
    assert_string_equal(rni_isa_name(RNI_ISA_COUNT), "unknown");
}

static void the_machine_has_what_the_compiler_sees(void **state)
{
    (void)state;
    assert_true(rni_isa_available(RNI_ISA_SCALAR));
    assert_false(rni_isa_available(RNI_ISA_COUNT));
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                  __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
    assert_true(rni_isa_available(RNI_ISA_SSE2));
    assert_int_equal(rni_isa_available(RNI_ISA_AVX2), avx2);
    assert_int_equal(rni_isa_available(RNI_ISA_AVX512), avx512);
    assert_false(rni_isa_available(RNI_ISA_NEON));
#elif defined(__aarch64__)
    assert_true(rni_isa_available(RNI_ISA_NEON));
    assert_false(rni_isa_available(RNI_ISA_SSE2));
#endif
}

static rni_isa best_up_to(int cap)
{
    while (!rni_isa_available((rni_isa)cap))
        cap--;
    return (rni_isa)cap;
}

static void the_environment_caps_the_choice(void **state)
{
    (void)state;
    for (int isa = 0; isa < RNI_ISA_COUNT; isa++) {
        setenv("RNNC_ISA", names[isa], 1);
        assert_int_equal(rni_isa_choose(), best_up_to(isa));
        assert_string_equal(rnnc_isa(), names[best_up_to(isa)]);
    }
}

static void without_a_known_cap_the_best_is_chosen(void **state)
{
    (void)state;
    static const char *const unknown[] = {"", "AVX2", "avx", "avx512f"};
    rni_isa best = best_up_to(RNI_ISA_COUNT - 1);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        setenv("RNNC_ISA", unknown[i], 1);
        assert_int_equal(rni_isa_choose(), best);
    }
    unsetenv("RNNC_ISA");
    assert_int_equal(rni_isa_choose(), best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_set_has_its_name),
        cmocka_unit_test(the_machine_has_what_the_compiler_sees),
        cmocka_unit_test(the_environment_caps_the_choice),
        cmocka_unit_test(without_a_known_cap_the_best_is_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
