// SPDX-License-Identifier: MIT
// The training loop: it does what a loop written by hand does, bit for bit; it
// stops when it should; and it allocates nothing on its way.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/fault.h"
#include "support/folder.h"
#include "support/learning.h"
#include "train/feed_order.h"

static const learning_row plain = {.name = "plain",
                                   .hidden = 10,
                                   .optimizer = RNNC_ADAM,
                                   .order = RNNC_ORDER_GIVEN,
                                   .schedule = -1};

static bool close_to(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fabs(b);
}

// ---- A loop by hand ---------------------------------------------------------

// The same training without a trainer.
typedef struct by_hand {
    learning l;
    rnnc_plan *plan;
    rnnc_run *run;
    rnnc_sequence *in, *out;
} by_hand;

static void hand_make(by_hand *h, const learning_row *row)
{
    learning_make(&h->l, row, NULL, 1);
    rnnc_plan_options options = {
        .struct_size = sizeof options, .use = RNNC_TRAIN, .loss = h->l.loss};
    h->plan = rnnc_plan_create(h->l.graph, &options);
    h->run = rnnc_run_create(h->plan, h->l.weights);
    h->in = rnnc_sequence_create(NULL);
    h->out = rnnc_sequence_create(NULL);
    assert_int_equal(rnnc_run_seed(h->run, h->l.options.seed, 0), RNNC_OK);
}

static void hand_free(by_hand *h)
{
    rnnc_sequence_destroy(h->in);
    rnnc_sequence_destroy(h->out);
    rnnc_run_destroy(h->run);
    rnnc_plan_destroy(h->plan);
    learning_free(&h->l);
}

// Texts [first, first + count), steps [from, from + most) of each.
static void hand_pass(by_hand *h, int64_t first, int64_t count, int64_t from,
                      int64_t most, bool carry)
{
    const int32_t *text[LEARNING_TEXTS], *next[LEARNING_TEXTS];
    int64_t lengths[LEARNING_TEXTS];
    uint8_t carried[LEARNING_TEXTS];
    for (int64_t k = 0; k < count; k++) {
        bool windows = h->l.row->window > 0;
        int64_t row = first + k;
        int64_t whole = windows ? LEARNING_STEPS - row : row * 5 % 17;
        int64_t left = whole > from ? whole - from : 0;
        text[k] = h->l.values[row] + from;
        next[k] = text[k] + 1;
        lengths[k] = left < most ? left : most;
        carried[k] = carry;
    }
    rnnc_sequence_set_ids(h->in, text, lengths, count);
    rnnc_sequence_set_ids(h->out, next, lengths, count);
    rnnc_run_input(h->run, h->l.text, h->in);
    rnnc_run_input(h->run, h->l.next, h->out);
    assert_int_equal(rnnc_run_carry(h->run, carried, count), RNNC_OK);
    assert_int_equal(rnnc_run_forward(h->run), RNNC_OK);
    assert_int_equal(rnnc_run_backward(h->run), RNNC_OK);
}

static void hand_step(by_hand *h, int32_t parts)
{
    if (parts > 1)
        rnnc_scale_gradients(h->l.weights, 1 / (float)parts);
    assert_int_equal(rnnc_clip_norm(h->l.weights, 0.7f, NULL), RNNC_OK);
    assert_int_equal(rnnc_optimizer_step(h->l.optimizer), RNNC_OK);
    if (h->l.average != NULL)
        rnnc_average_update(h->l.average);
    if (h->l.schedule != NULL)
        rnnc_schedule_step(h->l.schedule);
    rnnc_weights_zero_gradients(h->l.weights);
}

static void whole_sequences_are_learnt_as_by_hand(void **state)
{
    (void)state;
    learning_row row = plain;
    row.schedule = RNNC_SCHEDULE_COSINE;
    row.average = true;
    by_hand h;
    learning l;
    hand_make(&h, &row);
    learning_make(&l, &row, NULL, 2);
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_ended(l.trainer), RNNC_ENDED_EPOCHS);
    for (int epoch = 0; epoch < 4; epoch++)
        for (int64_t first = 0; first < LEARNING_TEXTS; first += 4) {
            int64_t left = LEARNING_TEXTS - first;
            hand_pass(&h, first, left < 4 ? left : 4, 0, 100, false);
            hand_step(&h, 1);
        }
    assert_int_equal(rnnc_trainer_steps(l.trainer), 16);
    assert_true(learning_same_weights(l.weights, h.l.weights));
    assert_true(learning_same_weights(rnnc_average_weights(l.average),
                                      rnnc_average_weights(h.l.average)));
    learning_free(&l);
    hand_free(&h);
}

// Windows follow each other with their states, two are one step; a batch that
// ends with half a step goes on in the next batch, an epoch does not.
static void windows_are_learnt_as_by_hand(void **state)
{
    (void)state;
    learning_row row = plain;
    row.window = 6;
    row.accumulate = 4;
    by_hand h;
    learning l;
    hand_make(&h, &row);
    learning_make(&l, &row, NULL, 1);
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    for (int epoch = 0; epoch < 4; epoch++) {
        int32_t parts = 0;
        for (int64_t first = 0; first < LEARNING_ROWS + 1; first += 4)
            for (int64_t from = 0; from < LEARNING_STEPS - first; from += 6) {
                hand_pass(&h, first, first == 0 ? 4 : 1, from, 6, from > 0);
                if (++parts == 4) {
                    hand_step(&h, 4);
                    parts = 0;
                }
            }
        if (parts > 0)
            hand_step(&h, parts);
    }
    assert_int_equal(rnnc_trainer_steps(l.trainer), 4 * 3);
    assert_true(learning_same_weights(l.weights, h.l.weights));
    learning_free(&l);
    hand_free(&h);
}

// ---- Orders -----------------------------------------------------------------

enum { MANY = 1000 };

static rnnc_dataset *many_lengths(learning *l)
{
    static int32_t ids[MANY];
    static const int32_t *rows[MANY];
    static int64_t lengths[MANY];
    for (int64_t i = 0; i < MANY; i++) {
        rows[i] = ids;
        lengths[i] = i * 7919 % 97;
    }
    rnnc_dataset *data = rnnc_dataset_create(l->graph);
    assert_int_equal(rnnc_dataset_ids(data, l->text, rows, lengths, MANY),
                     RNNC_OK);
    return data;
}

// Steps of all batches if each were padded to its longest example.
static int64_t padded_steps(const rni_feed *feed)
{
    int64_t steps = 0;
    for (int64_t first = 0; first < MANY; first += feed->batch) {
        int64_t longest = 0;
        for (int64_t i = first; i < first + feed->batch && i < MANY; i++)
            if (feed->steps[feed->items[i]] > longest)
                longest = feed->steps[feed->items[i]];
        steps += longest * feed->batch;
    }
    return steps;
}

static void orders_have_every_example_once(void **state)
{
    (void)state;
    learning l;
    learning_make(&l, &plain, NULL, 1);
    rnnc_dataset *data = many_lengths(&l);
    int64_t padded[3];
    for (int32_t order = 0; order <= RNNC_ORDER_GIVEN; order++) {
        rni_feed feed, other;
        rni_error error = {0};
        rni_feed_init(&feed, data, 20, 0, order, 5, &error);
        rni_feed_init(&other, data, 20, 0, order, 6, &error);
        uint32_t before[MANY];
        for (int64_t epoch = 0; epoch < 3; epoch++) {
            int seen[MANY] = {0};
            rni_feed_arrange(&feed, epoch);
            for (int64_t i = 0; i < MANY; i++)
                seen[feed.items[i]]++;
            for (int64_t i = 0; i < MANY; i++)
                assert_int_equal(seen[i], 1);
            bool same = memcmp(before, feed.items, sizeof before) == 0;
            if (epoch > 0)
                assert_int_equal(same, order == RNNC_ORDER_GIVEN);
            memcpy(before, feed.items, sizeof before);
        }
        rni_feed_arrange(&other, 2);
        bool same = memcmp(before, other.items, sizeof before) == 0;
        assert_int_equal(same, order == RNNC_ORDER_GIVEN);
        padded[order] = padded_steps(&feed);
        rni_feed_fini(&feed);
        rni_feed_fini(&other);
    }
    assert_true(padded[RNNC_ORDER_SIMILAR] * 10 <
                padded[RNNC_ORDER_SHUFFLED] * 7);
    rnnc_dataset_destroy(data);
    learning_free(&l);
}

// ---- Progress and ends ------------------------------------------------------

typedef struct seen {
    int64_t steps, epochs, measured, stop_at;
    double sum, mass, last_epoch;
} seen;

static int32_t watch(void *user, const rnnc_progress *p)
{
    seen *s = user;
    assert_int_equal(p->struct_size, sizeof *p);
    assert_int_equal(p->epochs, 4);
    if (p->event == RNNC_PROGRESS_STEP) {
        s->steps++;
        s->sum += p->loss * (double)p->mass;
        s->mass += (double)p->mass;
        assert_true(p->norm > 0 && p->rate > 0);
        assert_int_equal(p->batches, 4);
    } else if (p->event == RNNC_PROGRESS_EPOCH) {
        assert_int_equal(p->epoch, s->epochs++);
        assert_true(close_to(p->loss, s->sum / s->mass));
        assert_true(close_to((double)p->mass, s->mass));
        s->last_epoch = p->loss;
        s->sum = s->mass = 0;
    } else {
        s->measured++;
        assert_true(p->best <= p->held_out);
    }
    return p->step == s->stop_at;
}

static void progress_tells_what_happens(void **state)
{
    (void)state;
    learning_row row = plain;
    row.held_out = true;
    learning l;
    seen s = {.stop_at = 5};
    learning_make(&l, &row, NULL, 1);
    l.options.progress = watch;
    l.options.user = &s;
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_true(isnan(rnnc_trainer_best_loss(l.trainer)));
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_ended(l.trainer), RNNC_ENDED_CALLER);
    assert_int_equal(rnnc_trainer_steps(l.trainer), 5);
    s.stop_at = -1;
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_ended(l.trainer), RNNC_ENDED_EPOCHS);
    assert_int_equal(s.steps, 16);
    assert_int_equal(s.epochs, 4);
    assert_int_equal(s.measured, 4);
    assert_int_equal(rnnc_trainer_epochs(l.trainer), 4);
    learning_free(&l);
}

// The mean over the held-out texts, by the textbook.
static double by_reference(learning *l, const rnnc_weights *weights)
{
    rnnc_reference *reference = rnnc_reference_create(weights);
    const int32_t *text[LEARNING_TEXTS], *next[LEARNING_TEXTS];
    int64_t lengths[LEARNING_TEXTS];
    double loss = 0;
    for (int64_t k = 0; k < LEARNING_TEXTS; k++) {
        text[k] = l->values[LEARNING_TEXTS + k];
        next[k] = text[k] + 1;
        lengths[k] = k * 5 % 17;
    }
    rnnc_sequence_set_ids(l->in, text, lengths, LEARNING_TEXTS);
    rnnc_sequence_set_ids(l->out, next, lengths, LEARNING_TEXTS);
    rnnc_reference_input(reference, l->text, l->in);
    rnnc_reference_input(reference, l->next, l->out);
    assert_int_equal(rnnc_reference_value(reference, l->loss, &loss, 1),
                     RNNC_OK);
    rnnc_reference_destroy(reference);
    return loss;
}

// A rate at which the loss rises again soon.
static void patience_ends_and_the_best_is_kept(void **state)
{
    (void)state;
    learning_row row = plain;
    row.held_out = true;
    learning l;
    double now;
    learning_make(&l, &row, NULL, 1);
    rnnc_optimizer_set(l.optimizer, RNNC_OPT_LEARNING_RATE, 0.2);
    l.options.epochs = 200;
    l.options.patience = 3;
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_ended(l.trainer), RNNC_ENDED_PATIENCE);
    assert_in_range(rnnc_trainer_epochs(l.trainer), 4, 199);
    double best = rnnc_trainer_best_loss(l.trainer);
    assert_int_equal(rnnc_trainer_measure(l.trainer, &now), RNNC_OK);
    assert_true(best <= now);
    assert_true(fabs(by_reference(&l, rnnc_trainer_best(l.trainer)) - best) <
                1e-5 * best);
    assert_true(fabs(by_reference(&l, l.weights) - now) < 1e-5 * now);
    learning_free(&l);
}

// ---- Memory -----------------------------------------------------------------

static int32_t close_supply(void *user, const rnnc_progress *progress)
{
    fault *f = user;
    if (progress->event == RNNC_PROGRESS_EPOCH)
        fault_arm(f, progress->epoch == 0 ? 0 : -1, true);
    return 0;
}

// From the second epoch on, measurements among it, no allocation is allowed.
static void steps_allocate_nothing(void **state)
{
    (void)state;
    for (size_t k = 0; k < learning_count; k++) {
        fault f = {.at = -1};
        learning l;
        learning_make(&l, &learning_table[k], fault_context(&f, 1), 1);
        l.options.epochs = 2;
        l.options.order = RNNC_ORDER_GIVEN;
        if (l.options.fill == NULL) {
            l.options.progress = close_supply;
            l.options.user = &f;
        }
        assert_int_equal(learning_trainer(&l), RNNC_OK);
        if (rnnc_trainer_train(l.trainer) != RNNC_OK)
            fail_msg("%s: %s", learning_table[k].name,
                     rnnc_trainer_message(l.trainer));
        learning_free(&l);
        assert_int_equal(f.live, 0);
    }
}

// Everything from making a trainer to a checkpoint and back, with one
// allocation less each time.
static rnnc_status whole_life(learning *l, const char *folder)
{
    l->options.epochs = 1;
    l->options.checkpoints = folder;
    rnnc_status status = learning_trainer(l);
    if (status == RNNC_OK)
        status = rnnc_trainer_resume(l->trainer);
    if (status == RNNC_OK)
        status = rnnc_trainer_train(l->trainer);
    return status;
}

static void failed_allocations_leave_nothing_behind(void **state)
{
    (void)state;
    char folder[256];
    for (int resumed = 0; resumed < 2; resumed++) {
        rnnc_status status = RNNC_E_MEMORY;
        int64_t left = 0;
        folder_name(folder, sizeof folder, "memory");
        for (; status != RNNC_OK; left += 1 + left / 40) {
            fault f = {.at = -1};
            learning l;
            if (!resumed || left == 0)
                folder_remove(folder);
            if (resumed && left == 0) {
                learning_make(&l, &learning_table[1], NULL, 1);
                assert_int_equal(whole_life(&l, folder), RNNC_OK);
                learning_free(&l);
            }
            learning_make(&l, &learning_table[1], fault_context(&f, 1), 1);
            fault_arm(&f, left, true);
            status = whole_life(&l, folder);
            if (status != RNNC_OK)
                assert_int_equal(status, RNNC_E_MEMORY);
            fault_arm(&f, -1, true);
            learning_free(&l);
            assert_int_equal(f.live, 0);
            assert_in_range(left, 0, 100000);
        }
        folder_remove(folder);
    }
}

// ---- What makes no sense ----------------------------------------------------

static void options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    for (int k = 0; k < 10; k++) {
        learning_row row = plain;
        learning l, other;
        learning_make(&l, &row, NULL, 1);
        learning_make(&other, &row, NULL, 1);
        rnnc_trainer_options *o = &l.options;
        o->batch = k == 0 ? -1 : o->batch;
        o->clip_norm = k == 1 ? (double)NAN : 0;
        o->data = k == 2 ? NULL : k == 3 ? other.data : o->data;
        o->patience = k == 4;
        o->order = k == 5 ? 3 : 0;
        o->struct_size -= k == 6 ? 8 : 0;
        o->fill = k == 7 ? learning_fill : NULL;
        o->held_out = k == 8 ? other.data : NULL;
        o->epochs = k == 9 ? -1 : o->epochs;
        assert_int_equal(learning_trainer(&l), RNNC_E_ARGUMENT);
        assert_true(rnnc_trainer_message(l.trainer)[0] != '\0');
        assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_E_ARGUMENT);
        assert_null(rnnc_trainer_best(l.trainer));
        assert_null(rnnc_trainer_run(l.trainer));
        learning_free(&l);
        learning_free(&other);
    }
    assert_int_equal(rnnc_trainer_train(NULL), RNNC_E_MEMORY);
    rnnc_trainer *none = rnnc_trainer_create(NULL, NULL, NULL);
    assert_int_equal(rnnc_trainer_status(none), RNNC_E_ARGUMENT);
    rnnc_trainer_destroy(none);
}

static void data_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    learning l;
    learning_make(&l, &plain, NULL, 1);
    const int32_t ids[3] = {0, 1, 2}, *rows[2] = {ids, ids};
    const float floats[3] = {0, 0, 0}, *other[2] = {floats, floats};
    const int64_t lengths[2] = {3, 2}, bad_lengths[2] = {3, -1};
    rnnc_dataset *d = rnnc_dataset_create(l.graph);
    assert_int_equal(rnnc_dataset_ids(d, l.text, rows, lengths, 2), RNNC_OK);
    assert_int_equal(rnnc_dataset_ids(d, l.next, rows, lengths, 1),
                     RNNC_E_SHAPE);
    assert_int_equal(rnnc_dataset_ids(d, l.next, rows, bad_lengths, 2),
                     RNNC_E_VALUE);
    assert_int_equal(rnnc_dataset_rows(d, l.next, other, lengths, 2),
                     RNNC_E_SHAPE);
    assert_int_equal(rnnc_dataset_batch(d, l.next, floats, 2), RNNC_E_SHAPE);
    assert_int_equal(rnnc_dataset_batch_ids(d, l.loss, ids, 2),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_dataset_ids(d, l.next, NULL, lengths, 2),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_dataset_ids(d, l.next, rows, lengths, -1),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_dataset_count(d), 2);
    l.options.held_out = d;
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_E_STATE);
    assert_non_null(strstr(rnnc_trainer_message(l.trainer), "\"next\""));
    rnnc_dataset_destroy(d);
    learning_free(&l);
}

// An epoch without a single step of any sequence does not go on for ever.
static void empty_data_are_an_error(void **state)
{
    (void)state;
    learning l;
    const int32_t *rows[2] = {NULL, NULL};
    const int64_t lengths[2] = {0, 0};
    learning_make(&l, &plain, NULL, 1);
    for (int64_t count = 0; count <= 2; count += 2) {
        rnnc_dataset_destroy(l.data);
        l.data = rnnc_dataset_create(l.graph);
        rnnc_dataset_ids(l.data, l.text, rows, lengths, count);
        rnnc_dataset_ids(l.data, l.next, rows, lengths, count);
        l.options.data = l.data;
        l.options.epochs = 0;
        assert_int_equal(learning_trainer(&l), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_E_STATE);
        rnnc_trainer_destroy(l.trainer);
        l.trainer = NULL;
    }
    learning_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_sequences_are_learnt_as_by_hand),
        cmocka_unit_test(windows_are_learnt_as_by_hand),
        cmocka_unit_test(orders_have_every_example_once),
        cmocka_unit_test(progress_tells_what_happens),
        cmocka_unit_test(patience_ends_and_the_best_is_kept),
        cmocka_unit_test(steps_allocate_nothing),
        cmocka_unit_test(failed_allocations_leave_nothing_behind),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(data_that_do_not_fit_are_refused),
        cmocka_unit_test(empty_data_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
