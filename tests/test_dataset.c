// SPDX-License-Identifier: MIT
// Datasets that a trainer reads: what may take the place of their values.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/learning.h"

static const learning_row plain = {.name = "plain",
                                   .hidden = 10,
                                   .optimizer = RNNC_ADAM,
                                   .order = RNNC_ORDER_GIVEN,
                                   .schedule = -1};

// A trainer's room is for what there was; other values may come.
static void a_dataset_that_a_trainer_reads_keeps_its_shape(void **state)
{
    (void)state;
    learning l, same;
    const int32_t *text[LEARNING_TEXTS], *next[LEARNING_TEXTS];
    int64_t lengths[LEARNING_TEXTS];
    learning_make(&l, &plain, NULL, 1);
    learning_make(&same, &plain, NULL, 1);
    for (int64_t k = 0; k < LEARNING_TEXTS; k++) {
        text[k] = l.values[k];
        next[k] = text[k] + 1;
        lengths[k] = k * 5 % 17;
    }
    rnnc_dataset *half = rnnc_dataset_create(l.graph);
    rnnc_dataset_ids(half, l.text, text, lengths, LEARNING_TEXTS);
    l.options.data = half;
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(
        rnnc_dataset_ids(half, l.next, next, lengths, LEARNING_TEXTS),
        RNNC_E_STATE);
    assert_non_null(strstr(rnnc_dataset_message(half), "13 examples for "
                                                       "\"next\""));
    assert_int_equal(rnnc_dataset_ids(half, l.text, text, lengths, 2),
                     RNNC_E_STATE);
    assert_int_equal(rnnc_dataset_count(half), LEARNING_TEXTS);
    assert_int_equal(
        rnnc_dataset_ids(half, l.text, next, lengths, LEARNING_TEXTS), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_E_STATE);
    assert_non_null(
        strstr(rnnc_trainer_message(l.trainer), "\"next\" is not set"));
    rnnc_trainer_destroy(l.trainer);
    assert_int_equal(
        rnnc_dataset_ids(half, l.next, next, lengths, LEARNING_TEXTS), RNNC_OK);
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    rnnc_dataset_ids(half, l.text, text, lengths, LEARNING_TEXTS);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    assert_int_equal(learning_trainer(&same), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(same.trainer), RNNC_OK);
    assert_true(learning_same_weights(l.weights, same.weights));
    rnnc_dataset_destroy(half);
    learning_free(&l);
    learning_free(&same);
}

// Windows, orders by length and records of a training rest on the lengths.
static void examples_that_a_trainer_reads_keep_their_lengths(void **state)
{
    (void)state;
    learning_row row = plain;
    learning l, same;
    row.order = RNNC_ORDER_SIMILAR;
    row.held_out = true;
    for (row.window = 0; row.window <= 5; row.window += 5) {
        const int32_t *rows[LEARNING_TEXTS];
        int64_t lengths[LEARNING_TEXTS], count;
        learning_make(&l, &row, NULL, 1);
        learning_make(&same, &row, NULL, 1);
        count = rnnc_dataset_count(l.data);
        for (int64_t k = 0; k < count; k++) {
            rows[k] = l.values[k] + 1;
            lengths[k] = row.window > 0 ? LEARNING_STEPS - k : k * 5 % 17;
        }
        assert_int_equal(learning_trainer(&l), RNNC_OK);
        for (int64_t k = 0; k < count; k++)
            for (int held_out = 0; held_out < 2; held_out++) {
                rnnc_dataset *data = held_out ? l.held_out : l.data;
                lengths[k]++;
                assert_int_equal(
                    rnnc_dataset_ids(data, l.next, rows, lengths, count),
                    RNNC_E_STATE);
                assert_non_null(strstr(rnnc_dataset_message(data),
                                       "examples as long as they were"));
                lengths[k]--;
            }
        assert_int_equal(rnnc_dataset_ids(l.data, l.next, rows, lengths, count),
                         RNNC_OK);
        assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
        assert_int_equal(learning_trainer(&same), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(same.trainer), RNNC_OK);
        assert_true(learning_same(&l, &same));
        learning_free(&l);
        learning_free(&same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dataset_that_a_trainer_reads_keeps_its_shape),
        cmocka_unit_test(examples_that_a_trainer_reads_keep_their_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
