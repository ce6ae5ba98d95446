// SPDX-License-Identifier: MIT
// Ragged batches: the order of rows against its definition, what goes in comes
// out, steady state without allocation, and what is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "rnnc/sequence.h"
#include "sequence/sequence.h"
#include "support/fault.h"

enum { BATCH = 24, TIME = 20, FEATURES = 3 };

// A number that tells row, step and feature.
static float mark(int64_t row, int64_t t, int64_t c)
{
    return (float)(10000 * row + 10 * t + c);
}

// By definition: rank r comes before r + 1 where its sequence is longer, or
// as long and earlier; the rows of step t are those longer than t.
static void expect_order(const rni_order *order, const int64_t *lengths,
                         int64_t batch)
{
    int64_t total = 0, longest = 0;
    bool identity = true;
    assert_int_equal(order->batch, batch);
    for (int64_t row = 0; row < batch; row++) {
        assert_int_equal(order->lengths[row], lengths[row]);
        assert_int_equal(order->rows[order->ranks[row]], row);
        identity = identity && order->ranks[row] == row;
        longest = lengths[row] > longest ? lengths[row] : longest;
    }
    for (int64_t r = 0; r + 1 < batch; r++) {
        int64_t a = order->rows[r], b = order->rows[r + 1];
        assert_true(lengths[a] > lengths[b] ||
                    (lengths[a] == lengths[b] && a < b));
    }
    for (int64_t t = 0; t <= longest; t++) {
        assert_int_equal(order->offsets[t], total);
        for (int64_t row = 0; row < batch; row++)
            total += lengths[row] > t;
    }
    assert_int_equal(order->longest, longest);
    assert_int_equal(order->total, total);
    assert_int_equal(order->identity, identity);
}

static void draw_lengths(rni_random *random, int64_t *lengths, int64_t batch,
                         uint32_t most)
{
    for (int64_t row = 0; row < batch; row++)
        lengths[row] = rni_random_word(random) % (most + 1);
}

static void sorts_as_defined(void **state)
{
    (void)state;
    rni_memory memory = rni_memory_default();
    rni_order order = {0}, other = {0};
    rni_random random;
    rni_random_init(&random, 1, "lengths");
    for (int round = 0; round < 300; round++) {
        int64_t lengths[BATCH], batch = rni_random_word(&random) % (BATCH + 1);
        draw_lengths(&random, lengths, batch, (uint32_t)round % TIME);
        assert_true(rni_order_set(&memory, &order, lengths, batch));
        expect_order(&order, lengths, batch);
        assert_true(rni_order_set(&memory, &other, lengths, batch));
        assert_true(rni_order_same(&order, &other));
        if (batch == 0)
            continue;
        lengths[batch - 1]++;
        assert_true(rni_order_set(&memory, &other, lengths, batch));
        assert_false(rni_order_same(&order, &other));
        // Its own lengths may be given again.
        assert_true(rni_order_set(&memory, &other, other.lengths, batch));
        expect_order(&other, lengths, batch);
    }
    rni_order_fini(&memory, &order);
    rni_order_fini(&memory, &other);
}

// torch.nn.utils.rnn.pack_sequence of [4, 5], [6], [1, 2, 3]: data 1 4 6 2 5
// 3, batch sizes 3 2 1, sorted indices 2 0 1.
static void packs_as_torch(void **state)
{
    (void)state;
    static const float a[] = {4, 5}, b[] = {6}, c[] = {1, 2, 3};
    rnnc_sequence *s = rnnc_sequence_create(NULL);
    assert_int_equal(rnnc_sequence_set_rows(s, (const float *[]){a, b, c},
                                            (int64_t[]){2, 1, 3}, 3, 1),
                     RNNC_OK);
    assert_memory_equal(s->data, ((float[]){1, 4, 6, 2, 5, 3}),
                        6 * sizeof(float));
    assert_memory_equal(s->order.offsets, ((int64_t[]){0, 3, 5, 6}),
                        4 * sizeof(int64_t));
    assert_memory_equal(s->order.rows, ((int64_t[]){2, 0, 1}),
                        3 * sizeof(int64_t));
    rnnc_sequence_destroy(s);
}

// A padded array of marks, -1 beyond each length, and the same as rows.
static void draw_marks(const int64_t *lengths, int32_t layout, float *padded)
{
    for (int64_t row = 0; row < BATCH; row++)
        for (int64_t t = 0; t < TIME; t++)
            for (int64_t c = 0; c < FEATURES; c++) {
                int64_t place = layout == RNNC_TIME_MAJOR ? t * BATCH + row
                                                          : row * TIME + t;
                padded[place * FEATURES + c] =
                    t < lengths[row] ? mark(row, t, c) : -1;
            }
}

static void expect_content(const rnnc_sequence *s, const int64_t *lengths)
{
    float data[TIME * FEATURES], padded[BATCH * TIME * FEATURES],
        wanted[BATCH * TIME * FEATURES];
    expect_order(&s->order, lengths, BATCH);
    assert_int_equal(rnnc_sequence_batch(s), BATCH);
    assert_int_equal(rnnc_sequence_features(s), FEATURES);
    assert_int_equal(rnnc_sequence_total(s), s->order.total);
    assert_int_equal(rnnc_sequence_longest(s), s->order.longest);
    for (int64_t row = 0; row < BATCH; row++) {
        assert_int_equal(rnnc_sequence_length(s, row), lengths[row]);
        assert_int_equal(rnnc_sequence_get_row(s, row, data), RNNC_OK);
        for (int64_t t = 0; t < lengths[row]; t++)
            for (int64_t c = 0; c < FEATURES; c++)
                assert_true(data[t * FEATURES + c] == mark(row, t, c));
    }
    for (int32_t layout = 0; layout < 2; layout++) {
        draw_marks(lengths, layout, wanted);
        assert_int_equal(rnnc_sequence_get_padded(s, padded, TIME, layout, -1),
                         RNNC_OK);
        assert_memory_equal(padded, wanted, sizeof wanted);
    }
}

static void gives_back_what_it_got(void **state)
{
    (void)state;
    rni_random random;
    rni_random_init(&random, 2, "lengths");
    rnnc_sequence *s = rnnc_sequence_create(NULL);
    float padded[BATCH * TIME * FEATURES];
    const float *rows[BATCH];
    int64_t lengths[BATCH];
    for (int round = 0; round < 50; round++) {
        draw_lengths(&random, lengths, BATCH, (uint32_t)round % (TIME + 1));
        for (int32_t layout = 0; layout < 2; layout++) {
            draw_marks(lengths, layout, padded);
            assert_int_equal(rnnc_sequence_set_padded(s, padded, lengths, BATCH,
                                                      TIME, FEATURES, layout),
                             RNNC_OK);
            expect_content(s, lengths);
        }
        draw_marks(lengths, RNNC_BATCH_MAJOR, padded);
        for (int64_t row = 0; row < BATCH; row++)
            rows[row] =
                lengths[row] > 0 ? padded + row * TIME * FEATURES : NULL;
        assert_int_equal(
            rnnc_sequence_set_rows(s, rows, lengths, BATCH, FEATURES), RNNC_OK);
        expect_content(s, lengths);
    }
    for (int64_t row = 0; row < BATCH; row++)
        lengths[row] = TIME;
    draw_marks(lengths, RNNC_TIME_MAJOR, padded);
    assert_int_equal(rnnc_sequence_set_padded(s, padded, NULL, BATCH, TIME,
                                              FEATURES, RNNC_TIME_MAJOR),
                     RNNC_OK);
    expect_content(s, lengths);
    rnnc_sequence_destroy(s);
}

static void carries_ids(void **state)
{
    (void)state;
    rnnc_sequence *s = rnnc_sequence_create(NULL);
    static const int32_t a[] = {INT32_MIN, 7}, b[] = {-100, 3, INT32_MAX};
    int32_t ids[3];
    assert_int_equal(rnnc_sequence_set_ids(s, (const int32_t *[]){a, NULL, b},
                                           (int64_t[]){2, 0, 3}, 3),
                     RNNC_OK);
    assert_int_equal(rnnc_sequence_features(s), 0);
    assert_int_equal(rnnc_sequence_total(s), 5);
    assert_int_equal(rnnc_sequence_get_row_ids(s, 0, ids), RNNC_OK);
    assert_memory_equal(ids, a, sizeof a);
    assert_int_equal(rnnc_sequence_get_row_ids(s, 1, NULL), RNNC_OK);
    assert_int_equal(rnnc_sequence_get_row_ids(s, 2, ids), RNNC_OK);
    assert_memory_equal(ids, b, sizeof b);
    float row[3];
    assert_int_equal(rnnc_sequence_get_row(s, 0, row), RNNC_E_STATE);
    assert_int_equal(rnnc_sequence_get_padded(s, row, 3, 0, 0), RNNC_E_STATE);
    static const int32_t padded[] = {1, 2, 3, 4, 5, 6}; // [time 3, batch 2]
    assert_int_equal(rnnc_sequence_set_padded_ids(s, padded, (int64_t[]){1, 3},
                                                  2, 3, RNNC_TIME_MAJOR),
                     RNNC_OK);
    assert_int_equal(rnnc_sequence_get_row_ids(s, 1, ids), RNNC_OK);
    assert_memory_equal(ids, ((int32_t[]){2, 4, 6}), sizeof ids);
    rnnc_sequence_destroy(s);
}

static void may_be_empty(void **state)
{
    (void)state;
    rnnc_sequence *s = rnnc_sequence_create(NULL);
    assert_int_equal(rnnc_sequence_batch(s), 0);
    assert_int_equal(rnnc_sequence_total(s), 0);
    assert_int_equal(rnnc_sequence_length(s, 0), -1);
    assert_int_equal(rnnc_sequence_set_rows(s, NULL, NULL, 0, 2), RNNC_OK);
    assert_int_equal(rnnc_sequence_get_padded(s, NULL, 0, 0, 0), RNNC_OK);
    assert_int_equal(rnnc_sequence_set_padded(s, NULL, NULL, 5, 0, 2, 0),
                     RNNC_OK);
    assert_int_equal(rnnc_sequence_batch(s), 5);
    assert_int_equal(rnnc_sequence_longest(s), 0);
    float padded[10];
    assert_int_equal(rnnc_sequence_get_padded(s, padded, 1, 0, 8), RNNC_OK);
    for (int i = 0; i < 10; i++)
        assert_true(padded[i] == 8);
    assert_int_equal(rnnc_sequence_set_padded(s, NULL, NULL, 0, 5, 2, 1),
                     RNNC_OK);
    assert_int_equal(rnnc_sequence_batch(s), 0);
    rnnc_sequence_destroy(s);
    rnnc_sequence_destroy(NULL);
}

static void expect_refused(const rnnc_sequence *s, rnnc_status found,
                           rnnc_status wanted, const char *words)
{
    assert_int_equal(found, wanted);
    assert_int_equal(rnnc_sequence_status(s), wanted);
    if (strstr(rnnc_sequence_message(s), words) == NULL)
        fail_msg("\"%s\" without \"%s\"", rnnc_sequence_message(s), words);
    // What was there before is there still.
    float row[2] = {0};
    assert_int_equal(rnnc_sequence_batch(s), 1);
    assert_int_equal(rnnc_sequence_get_row(s, 0, row), RNNC_OK);
    assert_true(row[0] == 5 && row[1] == 6);
}

static void refuses(void **state)
{
    (void)state;
    rnnc_sequence *s = rnnc_sequence_create(NULL);
    static const float data[] = {5, 6};
    const float *const rows[] = {data, NULL};
    int64_t ok[] = {1, 1}, negative[] = {1, -1}, huge = INT64_MAX;
    assert_int_equal(rnnc_sequence_set_rows(s, rows, ok, 1, 2), RNNC_OK);
#define REFUSE(status, words, call) expect_refused(s, call, status, words)
    REFUSE(RNNC_E_ARGUMENT, "batch is -1, expected at least 0",
           rnnc_sequence_set_rows(s, rows, ok, -1, 2));
    REFUSE(RNNC_E_ARGUMENT, "features is 0",
           rnnc_sequence_set_rows(s, rows, ok, 1, 0));
    REFUSE(RNNC_E_ARGUMENT, "rows is NULL",
           rnnc_sequence_set_rows(s, NULL, ok, 1, 2));
    REFUSE(RNNC_E_ARGUMENT, "lengths is NULL",
           rnnc_sequence_set_rows(s, rows, NULL, 1, 2));
    REFUSE(RNNC_E_ARGUMENT, "row 1 has length 1, but is NULL",
           rnnc_sequence_set_rows(s, rows, ok, 2, 2));
    REFUSE(RNNC_E_VALUE, "length -1 of row 1",
           rnnc_sequence_set_rows(s, rows, negative, 2, 2));
    REFUSE(RNNC_E_MEMORY, "memory",
           rnnc_sequence_set_rows(s, rows, &huge, 1, 2));
    REFUSE(RNNC_E_MEMORY, "memory",
           rnnc_sequence_set_rows(s, (const float *[]){data, data},
                                  (int64_t[]){INT64_MAX, 1}, 2, 2));
    REFUSE(RNNC_E_VALUE, "length 3 of row 0 is not in 0 to 2",
           rnnc_sequence_set_padded(s, data, (int64_t[]){3}, 1, 2, 1, 0));
    REFUSE(RNNC_E_ARGUMENT, "time is -1",
           rnnc_sequence_set_padded(s, data, ok, 1, -1, 1, 0));
    REFUSE(RNNC_E_ARGUMENT, "layout is 2",
           rnnc_sequence_set_padded(s, data, ok, 1, 1, 1, 2));
    REFUSE(RNNC_E_ARGUMENT, "data is NULL",
           rnnc_sequence_set_padded(s, NULL, ok, 1, 1, 1, 0));
    REFUSE(RNNC_E_MEMORY, "memory",
           rnnc_sequence_set_padded(s, data, NULL, INT64_MAX, 3, 3, 0));
    REFUSE(RNNC_E_MEMORY, "memory",
           rnnc_sequence_set_padded_ids(s, NULL, NULL, 1, INT64_MAX, 0));
    REFUSE(RNNC_E_ARGUMENT, "batch is -2",
           rnnc_sequence_set_padded_ids(s, NULL, NULL, -2, 1, 0));
    float row[2];
    assert_int_equal(rnnc_sequence_get_row(s, 1, row), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_sequence_get_row(s, -1, row), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_sequence_get_row(s, 0, NULL), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_sequence_get_row_ids(s, 0, NULL), RNNC_E_STATE);
    assert_int_equal(rnnc_sequence_get_padded(s, row, 0, 0, 0),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_sequence_get_padded(s, row, 1, 7, 0),
                     RNNC_E_ARGUMENT);
    // A call that goes well clears the message.
    assert_int_equal(rnnc_sequence_set_rows(s, rows, ok, 1, 2), RNNC_OK);
    assert_string_equal(rnnc_sequence_message(s), "");
    rnnc_sequence_destroy(s);
    assert_int_equal(rnnc_sequence_set_rows(NULL, rows, ok, 1, 2),
                     RNNC_E_MEMORY);
    assert_int_equal(rnnc_sequence_get_row(NULL, 0, row), RNNC_E_MEMORY);
    assert_int_equal(rnnc_sequence_status(NULL), RNNC_E_MEMORY);
}

static rnnc_status fill(rnnc_sequence *s, int64_t batch, int64_t time)
{
    static const float data[BATCH * TIME * FEATURES];
    return rnnc_sequence_set_padded(s, data, NULL, batch, time, FEATURES, 0);
}

static void allocates_only_to_grow(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    rnnc_sequence *s = rnnc_sequence_create(context);
    rnnc_context_destroy(context);
    assert_int_equal(fill(s, BATCH, TIME), RNNC_OK);
    int64_t calls = f.asked;
    for (int64_t batch = 0; batch <= BATCH; batch++)
        for (int64_t time = 0; time <= TIME; time++)
            assert_int_equal(fill(s, batch, time), RNNC_OK);
    assert_int_equal(f.asked, calls);
    rnnc_sequence_destroy(s);
    assert_int_equal(f.live, 0);
}

static void survives_without_memory(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    static const float data[] = {5, 6};
    bool whole = false;
    for (int64_t blocks = 0; !whole; blocks++) {
        fault_arm(&f, blocks, true);
        rnnc_sequence *s = rnnc_sequence_create(context);
        rnnc_status status =
            rnnc_sequence_set_padded(s, data, NULL, 1, 1, 2, 0);
        assert_int_equal(status, rnnc_sequence_status(s));
        if (status == RNNC_OK) {
            status = fill(s, BATCH, TIME);
            if (status != RNNC_OK)
                expect_refused(s, status, RNNC_E_MEMORY, "memory");
        }
        whole = status == RNNC_OK;
        rnnc_sequence_destroy(s);
        assert_true(blocks < 50);
    }
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_as_defined),
        cmocka_unit_test(packs_as_torch),
        cmocka_unit_test(gives_back_what_it_got),
        cmocka_unit_test(carries_ids),
        cmocka_unit_test(may_be_empty),
        cmocka_unit_test(refuses),
        cmocka_unit_test(allocates_only_to_grow),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
