// SPDX-License-Identifier: MIT
// Records: entries, their errors, and allocations that fail.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"
#include "support/fault.h"

static void test_entries(void **state)
{
    (void)state;
    rnnc_record *record = rnnc_record_create(NULL);
    const float floats[] = {1, 2, 3};
    const double numbers[] = {-0.0, 1e300};
    float floats_back[3];
    double numbers_back[2];
    assert_int_equal(rnnc_record_count(record), 0);
    assert_int_equal(rnnc_record_set_floats(record, "a/b", floats, 3), RNNC_OK);
    assert_int_equal(rnnc_record_set_numbers(record, "a", numbers, 2), RNNC_OK);
    assert_int_equal(rnnc_record_set_floats(record, "none", floats, 0),
                     RNNC_OK);
    assert_int_equal(rnnc_record_count(record), 3);
    assert_string_equal(rnnc_record_name(record, 1), "a");
    assert_int_equal(rnnc_record_find(record, "a"), 1);
    assert_int_equal(rnnc_record_find(record, "a/"), -1);
    assert_int_equal(rnnc_record_find(record, NULL), -1);
    assert_int_equal(rnnc_record_type(record, 0), RNNC_RECORD_FLOATS);
    assert_int_equal(rnnc_record_type(record, 1), RNNC_RECORD_NUMBERS);
    assert_int_equal(rnnc_record_size(record, 0), 3);
    assert_int_equal(rnnc_record_size(record, 2), 0);
    assert_int_equal(rnnc_record_get_floats(record, "a/b", floats_back, 3),
                     RNNC_OK);
    assert_memory_equal(floats_back, floats, sizeof floats);
    assert_int_equal(rnnc_record_get_numbers(record, "a", numbers_back, 2),
                     RNNC_OK);
    assert_memory_equal(numbers_back, numbers, sizeof numbers);
    assert_int_equal(
        rnnc_record_set_floats(record, "a/b", (float[]){7, 8, 9}, 3), RNNC_OK);
    assert_int_equal(rnnc_record_get_floats(record, "a/b", floats_back, 3),
                     RNNC_OK);
    assert_true(floats_back[2] == 9 && rnnc_record_count(record) == 3);
    rnnc_record_destroy(record);
}

static void test_errors(void **state)
{
    (void)state;
    rnnc_record *record = rnnc_record_create(NULL);
    float value = 1;
    double number = 5;
    assert_int_equal(rnnc_record_set_floats(record, "x", &value, 1), RNNC_OK);
    assert_int_equal(rnnc_record_set_numbers(record, "x", &number, 1),
                     RNNC_E_SHAPE);
    assert_string_equal(rnnc_record_message(record),
                        "record: \"x\" holds 1 floats, expected 1 numbers");
    assert_int_equal(rnnc_record_set_floats(record, "", &value, 1),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_record_set_floats(record, NULL, &value, 1),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_record_set_floats(record, "y", NULL, 1),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_record_set_floats(record, "y", &value, -1),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_record_set_floats(record, "y", &value, INT64_MAX),
                     RNNC_E_MEMORY);
    assert_int_equal(rnnc_record_get_floats(record, "y", &value, 1),
                     RNNC_E_NAME);
    assert_int_equal(rnnc_record_get_floats(record, "x", &value, 2),
                     RNNC_E_SHAPE);
    assert_int_equal(rnnc_record_get_numbers(record, "x", &number, 1),
                     RNNC_E_SHAPE);
    assert_int_equal(rnnc_record_get_floats(record, NULL, &value, 1),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_record_get_floats(record, "x", NULL, 1),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_record_count(record), 1);
    assert_true(value == 1 && number == 5);
    assert_null(rnnc_record_name(record, 1));
    assert_int_equal(rnnc_record_type(record, -1), -1);
    assert_int_equal(rnnc_record_size(record, 1), -1);
    rnnc_record_destroy(record);
    assert_int_equal(rnnc_record_status(NULL), RNNC_E_MEMORY);
    assert_int_equal(rnnc_record_count(NULL), 0);
    assert_int_equal(rnnc_record_set_floats(NULL, "x", &value, 1),
                     RNNC_E_MEMORY);
    rnnc_record_destroy(NULL);
}

static void test_allocations_that_fail(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    rnnc_record *record = rnnc_record_create(context);
    const double number = 1;
    char name[] = "entry a";
    for (int i = 0; i < 20; i++) {
        name[6] = (char)('a' + i);
        rnnc_status status = RNNC_E_MEMORY;
        for (int64_t left = 0; status != RNNC_OK; left++) {
            fault_arm(&f, left, true);
            status = rnnc_record_set_numbers(record, name, &number, 1);
            assert_true(status == RNNC_OK || status == RNNC_E_MEMORY);
            assert_int_equal(rnnc_record_count(record), i + (status == 0));
        }
    }
    rnnc_record_destroy(record);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_allocations_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
