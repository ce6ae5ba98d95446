// SPDX-License-Identifier: MIT
// Contexts: options, limits, counted references, the caller's allocator; and
// the small things beside them: statuses, errors, the version.
#include "base/context.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/options.h"
#include "rnnc/version.h"
#include "support/fault.h"

static void defaults_need_no_options(void **state)
{
    (void)state;
    rnnc_context *context = rnnc_context_create(NULL);
    assert_int_equal(rnnc_context_status(context), RNNC_OK);
    assert_string_equal(rnnc_context_message(context), "");
    assert_int_equal(context->threads, 1);
    assert_null(context->team);
    assert_true(context->file_limit == (uint64_t)16 << 30);
    assert_int_equal(context->node_limit, 1000000);
    assert_int_equal(context->depth_limit, 16);
    assert_int_equal(context->name_limit, 1024);
    rnnc_context_destroy(context);
    rnnc_context_destroy(NULL);
}

static void options_are_taken_over(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context_options options = fault_options(&f);
    options.threads = 4;
    options.file_limit = 1000;
    options.node_limit = 20;
    options.depth_limit = 5;
    options.name_limit = 9;
    rnnc_context *context = rnnc_context_create(&options);
    assert_int_equal(rnnc_context_status(context), RNNC_OK);
    assert_int_equal(context->threads, 4);
    assert_int_equal(rni_team_size(context->team), 4);
    assert_true(context->file_limit == 1000);
    assert_int_equal(context->node_limit, 20);
    assert_int_equal(context->depth_limit, 5);
    assert_int_equal(context->name_limit, 9);
    assert_true(f.live > 0);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

static void the_last_holder_lets_go(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context_options options = fault_options(&f);
    rnnc_context *context = rnnc_context_create(&options);
    assert_ptr_equal(rni_context_hold(context), context);
    rnnc_context_destroy(context);
    assert_true(f.live > 0);
    assert_int_equal(rnnc_context_status(context), RNNC_OK);
    rni_context_drop(context);
    assert_int_equal(f.live, 0);

    rnnc_context *fresh = rni_context_hold(NULL);
    assert_int_equal(rnnc_context_status(fresh), RNNC_OK);
    rni_context_drop(fresh);
    rni_context_drop(NULL);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context_options options = fault_options(&f);
    options.threads = 3;
    rnnc_context *context = NULL;
    int tries = 0;
    for (; context == NULL; tries++) {
        fault_arm(&f, tries, true);
        context = rnnc_context_create(&options);
        assert_true(context != NULL || f.live == 0);
    }
    assert_true(tries > 2);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
    assert_int_equal(rnnc_context_status(NULL), RNNC_E_MEMORY);
    assert_string_equal(rnnc_context_message(NULL), "out of memory");
}

static void refused(const rnnc_context_options *options, rnnc_status status,
                    const char *word)
{
    rnnc_context *context = rnnc_context_create(options);
    assert_non_null(context);
    assert_int_equal(rnnc_context_status(context), status);
    assert_non_null(strstr(rnnc_context_message(context), word));
    rnnc_context_destroy(context);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    fault f = {.at = -1};
    const rnnc_context_options good = fault_options(&f);
    rnnc_context_options bad = good;
    bad.threads = -1;
    refused(&bad, RNNC_E_ARGUMENT, "threads is -1");
    bad.threads = 257;
    refused(&bad, RNNC_E_ARGUMENT, "threads is 257");
    bad = good;
    bad.release = NULL;
    refused(&bad, RNNC_E_ARGUMENT, "release");
    bad = good;
    bad.allocate = NULL;
    refused(&bad, RNNC_E_ARGUMENT, "allocate");
    bad = good;
    bad.struct_size = 0;
    refused(&bad, RNNC_E_ARGUMENT, "struct_size is 0");
    bad.struct_size = offsetof(rnnc_context_options, depth_limit) - 1;
    refused(&bad, RNNC_E_ARGUMENT, "struct_size");
    bad = good;
    bad.depth_limit = 1001;
    refused(&bad, RNNC_E_ARGUMENT, "depth_limit is 1001");
    bad = good;
    bad.reserved = 1;
    refused(&bad, RNNC_E_UNSUPPORTED, "reserved");
    assert_int_equal(f.live, 0);
}

// A program built against a later version has a longer struct.
static void a_longer_struct_is_fine_while_its_tail_is_zero(void **state)
{
    (void)state;
    struct {
        rnnc_context_options known;
        unsigned char tail[24];
    } options = {0};
    options.known.struct_size = sizeof options;
    options.known.threads = 2;
    rnnc_context *context = rnnc_context_create(&options.known);
    assert_int_equal(rnnc_context_status(context), RNNC_OK);
    assert_int_equal(context->threads, 2);
    rnnc_context_destroy(context);
    options.tail[23] = 1;
    refused(&options.known, RNNC_E_UNSUPPORTED, "byte");
}

// And one built against an earlier version a shorter one.
static void a_shorter_struct_leaves_the_rest_zero(void **state)
{
    (void)state;
    struct {
        uint32_t struct_size, first, second;
    } given = {8, 1, 2}, read = {0};
    rni_error error = {0};
    assert_int_equal(rni_options_read(&read, sizeof read, 8, &given, &error),
                     RNNC_OK);
    assert_int_equal(read.first, 1);
    assert_int_equal(read.second, 0);
}

static void the_first_error_stands(void **state)
{
    (void)state;
    rni_error error = {0}, other = {0};
    assert_int_equal(rni_error_set(&error, RNNC_E_SHAPE, "%d columns", 3),
                     RNNC_E_SHAPE);
    assert_int_equal(rni_error_memory(&error), RNNC_E_SHAPE);
    assert_string_equal(error.text, "3 columns");
    assert_int_equal(rni_error_memory(&other), RNNC_E_MEMORY);
    assert_int_equal(rni_error_copy(&other, &error), RNNC_E_MEMORY);
    rni_error_clear(&other);
    assert_int_equal(other.status, RNNC_OK);
    assert_string_equal(other.text, "");
    assert_int_equal(rni_error_copy(&other, &error), RNNC_E_SHAPE);
    assert_string_equal(other.text, "3 columns");
}

static void a_long_message_is_cut(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    rni_error error = {0};
    rni_error_set(&error, RNNC_E_NAME, "%s", text);
    assert_int_equal(strlen(error.text), RNI_ERROR_TEXT - 1);
    assert_string_equal(error.text + RNI_ERROR_TEXT - 5, "x...");
    rni_error_clear(&error);
    const wchar_t none[] = {0xd800, 0}; // no character
    rni_error_set(&error, RNNC_E_NAME, "%ls", none);
    assert_int_equal(error.status, RNNC_E_NAME);
    assert_string_equal(error.text, "...");
}

static void statuses_and_version_have_names(void **state)
{
    (void)state;
    assert_string_equal(rnnc_status_string(RNNC_OK), "ok");
    for (rnnc_status s = RNNC_OK; s <= RNNC_E_UNSUPPORTED; s++)
        for (rnnc_status t = RNNC_OK - 1; t < s; t++)
            assert_string_not_equal(rnnc_status_string(s),
                                    rnnc_status_string(t));
    assert_string_equal(rnnc_status_string(-1), "unknown status");
    assert_string_equal(rnnc_status_string(11), "unknown status");
    assert_string_equal(rnnc_status_string(INT32_MIN), "unknown status");
    assert_string_equal(rnnc_version(), "0.1.0");
    assert_int_equal(rnnc_abi_version(), RNNC_ABI_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_need_no_options),
        cmocka_unit_test(options_are_taken_over),
        cmocka_unit_test(the_last_holder_lets_go),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(a_longer_struct_is_fine_while_its_tail_is_zero),
        cmocka_unit_test(a_shorter_struct_leaves_the_rest_zero),
        cmocka_unit_test(the_first_error_stands),
        cmocka_unit_test(a_long_message_is_cut),
        cmocka_unit_test(statuses_and_version_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
