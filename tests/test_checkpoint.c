// SPDX-License-Identifier: MIT
// Checkpoints: a training that is stopped and resumed at any step has the bits
// of one that never was; damaged files are passed over; folders are kept tidy.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/folder.h"
#include "support/learning.h"

enum { PATH = 256 };

static int32_t go_on(void *user, const rnnc_progress *progress)
{
    (void)user;
    (void)progress;
    return 0;
}

static void start(learning *l, const learning_row *row, int32_t threads,
                  const char *folder)
{
    learning_make(l, row, NULL, threads);
    l->options.checkpoints = folder;
    l->options.progress = go_on;
}

// ---- The same bits ----------------------------------------------------------

// Trained to a step, dropped, and gone on with by another handle.
static void stop_and_go(const learning_row *row, int64_t at, int32_t first,
                        int32_t second, learning *whole)
{
    char folder[PATH];
    learning a, b;
    folder_name(folder, sizeof folder, "resume");
    start(&a, row, first, folder);
    a.options.steps = at;
    assert_int_equal(learning_trainer(&a), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(a.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_steps(a.trainer), at);
    learning_free(&a);
    start(&b, row, second, folder);
    assert_int_equal(learning_trainer(&b), RNNC_OK);
    assert_int_equal(rnnc_trainer_resume(b.trainer), RNNC_OK);
    assert_string_equal(rnnc_trainer_notice(b.trainer), "");
    assert_int_equal(rnnc_trainer_steps(b.trainer), at);
    assert_int_equal(rnnc_trainer_train(b.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_ended(b.trainer), RNNC_ENDED_EPOCHS);
    if (!learning_same(whole, &b))
        fail_msg("%s: stopped at step %lld, %d and %d threads", row->name,
                 (long long)at, (int)first, (int)second);
    learning_free(&b);
    folder_remove(folder);
}

static void
resumed_training_has_the_bits_of_one_that_never_stopped(void **state)
{
    (void)state;
    for (size_t k = 0; k < learning_count; k++) {
        const learning_row *row = &learning_table[k];
        learning whole;
        start(&whole, row, 1, NULL);
        assert_int_equal(learning_trainer(&whole), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(whole.trainer), RNNC_OK);
        int64_t steps = rnnc_trainer_steps(whole.trainer);
        assert_in_range(steps, 8, 200);
        for (int64_t at = 1; at < steps; at++)
            stop_and_go(row, at, at % 2 ? 2 : 1, at / 2 % 2 ? 2 : 1, &whole);
        learning_free(&whole);
    }
}

static int32_t stop_often(void *user, const rnnc_progress *progress)
{
    (void)user;
    return progress->step % 3 == 0 || progress->event != RNNC_PROGRESS_STEP;
}

// Stopped by the callback at all kinds of events, each time resumed by a fresh
// handle, with checkpoints at epochs alone.
static void stopping_at_every_event_changes_nothing(void **state)
{
    (void)state;
    for (size_t k = 0; k < learning_count; k++) {
        char folder[PATH];
        learning whole, part;
        start(&whole, &learning_table[k], 2, NULL);
        assert_int_equal(learning_trainer(&whole), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(whole.trainer), RNNC_OK);
        folder_name(folder, sizeof folder, "events");
        int32_t ended = RNNC_ENDED_NOT, times = 0;
        while (ended != RNNC_ENDED_EPOCHS) {
            start(&part, &learning_table[k], 1 + times++ % 2, folder);
            part.options.progress = stop_often;
            assert_int_equal(learning_trainer(&part), RNNC_OK);
            assert_int_equal(rnnc_trainer_resume(part.trainer), RNNC_OK);
            assert_int_equal(rnnc_trainer_train(part.trainer), RNNC_OK);
            ended = rnnc_trainer_ended(part.trainer);
            if (ended == RNNC_ENDED_EPOCHS)
                assert_true(learning_same(&whole, &part));
            learning_free(&part);
        }
        assert_in_range(times, 5, 100);
        learning_free(&whole);
        folder_remove(folder);
    }
}

// ---- Damage -----------------------------------------------------------------

// A folder with checkpoints of steps 2, 4, 6, 8.
static void fill_folder(char folder[PATH])
{
    learning l;
    folder_name(folder, PATH, "damage");
    start(&l, &learning_table[0], 1, folder);
    l.options.steps = 8;
    l.options.checkpoint_steps = 2;
    l.options.checkpoint_keep = 4;
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    learning_free(&l);
    assert_int_equal(folder_count(folder), 4);
}

static void path_of(const char *folder, int64_t step, char path[PATH])
{
    rnnc_checkpoints *c = rnnc_checkpoints_create(NULL, folder, 4);
    snprintf(path, PATH, "%s", rnnc_checkpoints_path(c, step));
    rnnc_checkpoints_destroy(c);
}

// The step that a fresh trainer finds.
static int64_t resumed_step(const char *folder, char notice[512])
{
    learning l;
    start(&l, &learning_table[0], 1, folder);
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    rnnc_status status = rnnc_trainer_resume(l.trainer);
    int64_t step = status == RNNC_OK ? rnnc_trainer_steps(l.trainer) : -status;
    snprintf(notice, 512, "%s",
             status == RNNC_OK ? rnnc_trainer_notice(l.trainer)
                               : rnnc_trainer_message(l.trainer));
    learning_free(&l);
    return step;
}

static void a_damaged_newest_falls_back_and_says_so(void **state)
{
    (void)state;
    char folder[PATH], path[PATH], older[PATH], notice[512];
    fill_folder(folder);
    path_of(folder, 8, path);
    path_of(folder, 6, older);
    size_t size, other;
    unsigned char *bytes = file_read(path, &size);
    unsigned char *before = file_read(older, &other);
    assert_non_null(bytes);
    assert_non_null(before);
    assert_int_equal(resumed_step(folder, notice), 8);
    assert_string_equal(notice, "");
    file_write(path, bytes, size / 2);
    assert_int_equal(resumed_step(folder, notice), 6);
    assert_non_null(strstr(notice, path));
    assert_non_null(strstr(notice, "gone back to step 6"));
    file_write(older, before, 0);
    assert_int_equal(resumed_step(folder, notice), 4);
    assert_non_null(strstr(notice, "gone back to step 4"));
    path_of(folder, 4, older);
    file_write(older, before, 7);
    path_of(folder, 2, older);
    file_write(older, before, other - 1);
    assert_int_equal(resumed_step(folder, notice), -RNNC_E_FORMAT);
    assert_non_null(strstr(notice, "no checkpoint is whole"));
    free(bytes);
    free(before);
    folder_remove(folder);
}

// Whatever bit of the file is turned, and wherever it is cut.
static void every_damage_is_noticed(void **state)
{
    (void)state;
    char folder[PATH], path[PATH];
    fill_folder(folder);
    path_of(folder, 8, path);
    size_t size;
    unsigned char *bytes = file_read(path, &size);
    rnnc_checkpoints *c = rnnc_checkpoints_create(NULL, folder, 4);
    learning l;
    learning_make(&l, &learning_table[0], NULL, 1);
    for (size_t k = 0; k < 400; k++) {
        size_t at = k * 2654435761u % size;
        bool cut = k % 4 == 0;
        bytes[at] ^= (unsigned char)(1u << k % 8);
        file_write(path, bytes, cut ? at : size);
        bytes[at] ^= (unsigned char)(1u << k % 8);
        int64_t step = -1;
        rnnc_record *record = rnnc_record_create(NULL);
        assert_int_equal(rnnc_checkpoints_load(c, l.weights, record, &step),
                         RNNC_OK);
        assert_int_equal(step, 6);
        assert_true(rnnc_checkpoints_notice(c)[0] != '\0');
        rnnc_record_destroy(record);
    }
    learning_free(&l);
    rnnc_checkpoints_destroy(c);
    free(bytes);
    folder_remove(folder);
}

// What was passed over goes when something newer than what was loaded is there.
static void going_on_after_damage_tidies_up(void **state)
{
    (void)state;
    char folder[PATH], path[PATH], notice[512];
    fill_folder(folder);
    path_of(folder, 8, path);
    file_write(path, (const unsigned char *)"x", 1);
    snprintf(notice, sizeof notice, "%s.123-0.tmp", path);
    file_write(notice, (const unsigned char *)"half", 4);
    learning l;
    start(&l, &learning_table[0], 1, folder);
    l.options.steps = 7;
    l.options.checkpoint_steps = 1;
    l.options.checkpoint_keep = 2;
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(rnnc_trainer_resume(l.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    learning_free(&l);
    assert_int_equal(folder_count(folder), 2);
    assert_int_equal(resumed_step(folder, notice), 7);
    assert_string_equal(notice, "");
    folder_remove(folder);
}

// ---- What does not fit ------------------------------------------------------

static void another_training_is_refused_and_nothing_changes(void **state)
{
    (void)state;
    char folder[PATH];
    fill_folder(folder);
    for (int k = 0; k < 4; k++) {
        learning l, fresh;
        learning_make(&fresh, &learning_table[0], NULL, 1);
        start(&l, &learning_table[0], 1, folder);
        rnnc_trainer_options *change[] = {&l.options, &fresh.options};
        for (int i = 0; i < 2; i++) {
            change[i]->batch += k == 0;
            change[i]->seed += k == 1;
            change[i]->accumulate = k == 2 ? 5 : 0;
            if (k == 3)
                change[i]->held_out = NULL;
        }
        assert_int_equal(learning_trainer(&l), RNNC_OK);
        assert_int_equal(learning_trainer(&fresh), RNNC_OK);
        assert_int_equal(rnnc_trainer_resume(l.trainer), RNNC_E_VALUE);
        assert_non_null(strstr(rnnc_trainer_message(l.trainer), "trainer/"));
        assert_true(learning_same(&l, &fresh));
        learning_free(&l);
        learning_free(&fresh);
    }
    learning other;
    start(&other, &learning_table[1], 1, folder);
    other.options.window = 0;
    other.options.order = RNNC_ORDER_SIMILAR;
    other.options.validate_every = 0;
    assert_int_equal(learning_trainer(&other), RNNC_OK);
    assert_int_not_equal(rnnc_trainer_resume(other.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_steps(other.trainer), 0);
    learning_free(&other);
    folder_remove(folder);
}

static void a_folder_that_was_not_loaded_is_left_alone(void **state)
{
    (void)state;
    char folder[PATH];
    fill_folder(folder);
    learning l;
    start(&l, &learning_table[0], 1, folder);
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_E_STATE);
    assert_non_null(strstr(rnnc_trainer_message(l.trainer), "step 8"));
    assert_int_equal(rnnc_trainer_checkpoint(l.trainer), RNNC_E_STATE);
    assert_int_equal(folder_count(folder), 4);
    learning_free(&l);
    folder_remove(folder);
}

// ---- The file ---------------------------------------------------------------

static void a_checkpoint_is_a_model_file(void **state)
{
    (void)state;
    char folder[PATH], path[PATH];
    fill_folder(folder);
    path_of(folder, 8, path);
    rnnc_model *model = rnnc_model_load(NULL, path);
    assert_int_equal(rnnc_model_status(model), RNNC_OK);
    learning l;
    learning_make(&l, &learning_table[0], NULL, 1);
    assert_int_equal(rnnc_weights_load(l.weights, path), RNNC_OK);
    float a[6 * LEARNING_VOCABULARY], b[6 * LEARNING_VOCABULARY];
    const int64_t count = 6 * LEARNING_VOCABULARY;
    assert_int_equal(rnnc_weights_get(l.weights, "embed.weight", a, count), 0);
    assert_int_equal(
        rnnc_weights_get(rnnc_model_weights(model), "embed.weight", b, count),
        RNNC_OK);
    assert_memory_equal(a, b, sizeof a);
    learning_free(&l);
    rnnc_model_destroy(model);
    folder_remove(folder);
}

static void a_record_of_ones_own_goes_there_and_back(void **state)
{
    (void)state;
    char folder[PATH];
    const double numbers[] = {0.1, -3e300, 5e-324, 0};
    const float floats[] = {1e-45f, -2.5f};
    double read[4];
    float also[2];
    int64_t step;
    learning l;
    folder_name(folder, sizeof folder, "own");
    learning_make(&l, &learning_table[0], NULL, 1);
    rnnc_checkpoints *c = rnnc_checkpoints_create(NULL, folder, 1);
    rnnc_record *out = rnnc_record_create(NULL), *in = rnnc_record_create(NULL);
    assert_int_equal(rnnc_checkpoints_load(c, l.weights, in, &step), RNNC_OK);
    assert_int_equal(step, -1);
    assert_int_equal(rnnc_record_set_numbers(out, "mine", numbers, 4), RNNC_OK);
    assert_int_equal(rnnc_record_set_floats(out, "a/b", floats, 2), RNNC_OK);
    assert_int_equal(rnnc_record_set_floats(out, "none", floats, 0), RNNC_OK);
    for (step = 3; step < 6; step++)
        assert_int_equal(rnnc_checkpoints_save(c, step, l.weights, out),
                         RNNC_OK);
    assert_int_equal(folder_count(folder), 1);
    assert_int_equal(rnnc_checkpoints_newest(c, INT64_MAX), 5);
    assert_int_equal(rnnc_checkpoints_load(c, l.weights, in, &step), RNNC_OK);
    assert_int_equal(step, 5);
    assert_int_equal(rnnc_record_count(in), 3);
    assert_int_equal(rnnc_record_get_numbers(in, "mine", read, 4), RNNC_OK);
    assert_int_equal(rnnc_record_get_floats(in, "a/b", also, 2), RNNC_OK);
    assert_memory_equal(read, numbers, sizeof read);
    assert_memory_equal(also, floats, sizeof also);
    assert_int_equal(rnnc_record_size(in, rnnc_record_find(in, "none")), 0);
    rnnc_record_destroy(in);
    rnnc_record_destroy(out);
    rnnc_checkpoints_destroy(c);
    learning_free(&l);
    folder_remove(folder);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    int64_t step = 0;
    rnnc_record *record = rnnc_record_create(NULL);
    learning l;
    learning_make(&l, &learning_table[0], NULL, 1);
    rnnc_checkpoints *c = rnnc_checkpoints_create(NULL, "", 1);
    assert_int_equal(rnnc_checkpoints_status(c), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_checkpoints_save(c, 0, l.weights, record),
                     RNNC_E_ARGUMENT);
    assert_null(rnnc_checkpoints_path(c, 1));
    rnnc_checkpoints_destroy(c);
    c = rnnc_checkpoints_create(NULL, "/no/such/place", 0);
    assert_int_equal(rnnc_checkpoints_save(c, -1, l.weights, record),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_checkpoints_save(c, 1, NULL, record),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_checkpoints_load(c, l.weights, NULL, &step),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_checkpoints_save(c, 1, l.weights, record), RNNC_E_IO);
    assert_non_null(strstr(rnnc_checkpoints_message(c), "/no/such/place"));
    rnnc_checkpoints_destroy(c);
    assert_int_equal(rnnc_checkpoints_status(NULL), RNNC_E_MEMORY);
    assert_int_equal(rnnc_checkpoints_save(NULL, 1, l.weights, record),
                     RNNC_E_MEMORY);
    rnnc_record_destroy(record);
    learning_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            resumed_training_has_the_bits_of_one_that_never_stopped),
        cmocka_unit_test(stopping_at_every_event_changes_nothing),
        cmocka_unit_test(a_damaged_newest_falls_back_and_says_so),
        cmocka_unit_test(every_damage_is_noticed),
        cmocka_unit_test(going_on_after_damage_tidies_up),
        cmocka_unit_test(another_training_is_refused_and_nothing_changes),
        cmocka_unit_test(a_folder_that_was_not_loaded_is_left_alone),
        cmocka_unit_test(a_checkpoint_is_a_model_file),
        cmocka_unit_test(a_record_of_ones_own_goes_there_and_back),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
