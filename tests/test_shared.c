// SPDX-License-Identifier: MIT
// What loading the shared library does to its host: nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <fenv.h>
#include <float.h>

#include "rnnc/version.h"

static void *open_library(void)
{
    void *library = dlopen(RNNC_SHARED_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail_msg("%s", dlerror());
    return library;
}

// The smallest normal float, halved while the program runs.
static float denormal(void)
{
    volatile float smallest = FLT_MIN;
    return smallest / 2;
}

static void denormals_survive(void **state)
{
    (void)state;
    assert_true(denormal() > 0);
    void *library = open_library();
    assert_true(denormal() > 0);
    dlclose(library);
    assert_true(denormal() > 0);
}

static void rounding_and_flags_survive(void **state)
{
    (void)state;
    fesetround(FE_UPWARD);
    feclearexcept(FE_ALL_EXCEPT);
    void *library = open_library();
    assert_int_equal(fegetround(), FE_UPWARD);
    assert_int_equal(fetestexcept(FE_ALL_EXCEPT), 0);
    dlclose(library);
    fesetround(FE_TONEAREST);
}

static void version_is_exported(void **state)
{
    (void)state;
    void *library = open_library();
    uint32_t (*version)(void) = NULL;
    *(void **)&version = dlsym(library, "rnnc_abi_version");
    assert_true(version != NULL);
    assert_int_equal(version(), RNNC_ABI_VERSION);
    dlclose(library);
}

static void internals_are_hidden(void **state)
{
    (void)state;
    void *library = open_library();
    assert_null(dlsym(library, "rni_memory_allocate"));
    dlclose(library);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(denormals_survive),
        cmocka_unit_test(rounding_and_flags_survive),
        cmocka_unit_test(version_is_exported),
        cmocka_unit_test(internals_are_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
