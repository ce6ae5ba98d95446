// SPDX-License-Identifier: MIT
// What may be in a folder of checkpoints: files of other names, folders where
// files should be, whole files that do not fit; and what handles make of
// arguments, limits and memory.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"
#include "support/checkpoint_case.h"
#include "support/fault.h"
#include "support/folder.h"

enum { LONG_PATH = CHECKPOINT_PATH + 80, COUNT = CHECKPOINT_COUNT };

static const float ones[COUNT] = {1, 1, 1, 1, 1, 1};

// ---- A folder and what goes into it -----------------------------------------

// There is a folder, with nothing in it. All weights are 1, and "n" is 5.
static void begin(checkpoint_case *k, int32_t keep)
{
    const double number = 5;
    checkpoint_make(k, NULL, "w", keep);
    assert_int_equal(mkdir(k->folder, 0777), 0);
    assert_int_equal(rnnc_weights_set(k->weights, "w", ones, COUNT), RNNC_OK);
    assert_int_equal(rnnc_record_set_numbers(k->record, "n", &number, 1),
                     RNNC_OK);
}

// A load fails so, names the file, and changes nothing.
static void refuse_load(checkpoint_case *k, rnnc_status wanted,
                        const char *words)
{
    int64_t step = 77;
    float values[COUNT];
    double number = 0;
    assert_int_equal(checkpoint_load(k, &step), wanted);
    checkpoint_says(k, words);
    checkpoint_says(k, k->folder);
    assert_int_equal(step, 77);
    assert_int_equal(rnnc_weights_get(k->weights, "w", values, COUNT), RNNC_OK);
    assert_memory_equal(values, ones, sizeof values);
    assert_int_equal(rnnc_record_count(k->record), 1);
    assert_int_equal(rnnc_record_get_numbers(k->record, "n", &number, 1),
                     RNNC_OK);
    assert_true(number == 5);
}

static bool is_there(const checkpoint_case *k, const char *name)
{
    char path[LONG_PATH];
    snprintf(path, sizeof path, "%s/%s", k->folder, name);
    return access(path, F_OK) == 0;
}

static void put(const checkpoint_case *k, const char *name)
{
    char path[LONG_PATH];
    snprintf(path, sizeof path, "%s/%s", k->folder, name);
    file_write(path, (const unsigned char *)"what", 4);
    assert_true(is_there(k, name));
}

// ---- Names ------------------------------------------------------------------

static void files_of_other_names_are_not_looked_at(void **state)
{
    (void)state;
    static const char *const others[] = {
        "notes.txt",
        "checkpoint-",
        "checkpoint-7.safetensors",
        "checkpoint-00000000000.safetensors",
        "checkpoint-00000000000x.safetensors",
        "checkpoint-000000000007",
        "checkpoint-000000000007.json",
        "checkpoint-000000000007.safetensors.x",
        "checkpoint-000000000007.safetensors.backup",
        "checkpoint-99999999999999999999.safetensors",
        "checkpoint-9223372036854775807.safetensors", // no step is after it
        "checkpoint-9223372036854775808.safetensors",
    };
    enum { OTHERS = sizeof others / sizeof *others };
    checkpoint_case k;
    int64_t step = 0;
    begin(&k, 1);
    for (int i = 0; i < OTHERS; i++)
        put(&k, others[i]);
    assert_int_equal(rnnc_checkpoints_newest(k.checkpoints, INT64_MAX), -1);
    assert_int_equal(checkpoint_load(&k, &step), RNNC_OK);
    assert_int_equal(step, -1);
    assert_string_equal(rnnc_checkpoints_notice(k.checkpoints), "");
    for (step = 1; step < 4; step++)
        assert_int_equal(checkpoint_save(&k, step), RNNC_OK);
    for (int i = 0; i < OTHERS; i++)
        if (!is_there(&k, others[i]))
            fail_msg("%s is gone", others[i]);
    assert_int_equal(folder_count(k.folder), OTHERS + 1);
    checkpoint_free(&k);
}

static void what_killed_processes_left_goes(void **state)
{
    (void)state;
    checkpoint_case k;
    begin(&k, 1);
    put(&k, "checkpoint-000000000001.safetensors.12-0.tmp");
    put(&k, "checkpoint-9223372036854775806.safetensors.tmp");
    assert_int_equal(rnnc_checkpoints_newest(k.checkpoints, INT64_MAX), -1);
    assert_int_equal(checkpoint_save(&k, 2), RNNC_OK);
    assert_int_equal(folder_count(k.folder), 1);
    checkpoint_free(&k);
}

static void steps_may_have_any_number_of_digits(void **state)
{
    (void)state;
    static const int64_t steps[] = {0, 999999999999, 1000000000000,
                                    INT64_MAX - 7, INT64_MAX - 1};
    checkpoint_case k;
    begin(&k, 9);
    for (int i = 0; i < 5; i++) {
        int64_t step = -1;
        assert_int_equal(checkpoint_save(&k, steps[i]), RNNC_OK);
        assert_int_equal(rnnc_checkpoints_newest(k.checkpoints, INT64_MAX),
                         steps[i]);
        assert_int_equal(checkpoint_load(&k, &step), RNNC_OK);
        assert_int_equal(step, steps[i]);
    }
    assert_int_equal(rnnc_checkpoints_newest(k.checkpoints, steps[2]),
                     steps[1]);
    assert_int_equal(rnnc_checkpoints_newest(k.checkpoints, 0), -1);
    checkpoint_free(&k);
}

static void slashes_at_the_end_of_a_folder_are_nothing(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"a", "a"}, {"a/", "a"}, {"a///", "a"}, {"a/b/", "a/b"}, {"//", "/"}};
    char path[LONG_PATH];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rnnc_checkpoints *c = rnnc_checkpoints_create(NULL, rows[i][0], 1);
        snprintf(path, sizeof path, "%s/checkpoint-000000000012.safetensors",
                 rows[i][1]);
        assert_string_equal(rnnc_checkpoints_path(c, 12), path);
        assert_null(rnnc_checkpoints_path(c, -1));
        rnnc_checkpoints_destroy(c);
    }
}

// ---- Folders and files where they should not be -----------------------------

static void a_file_is_no_folder(void **state)
{
    (void)state;
    checkpoint_case k;
    begin(&k, 1);
    assert_int_equal(rmdir(k.folder), 0);
    file_write(k.folder, (const unsigned char *)"x", 1);
    refuse_load(&k, RNNC_E_IO, "cannot read");
    assert_int_equal(checkpoint_save(&k, 1), RNNC_E_IO);
    checkpoint_says(&k, "cannot read");
    assert_int_equal(rnnc_checkpoints_newest(k.checkpoints, INT64_MAX), -1);
    assert_int_equal(rnnc_checkpoints_status(k.checkpoints), RNNC_E_IO);
    unlink(k.folder);
    assert_int_equal(checkpoint_save(&k, 1), RNNC_OK);
    checkpoint_free(&k);
}

// Folders that have the names of checkpoints stay, and all else goes on.
static void what_cannot_be_removed_does_not_hinder_the_rest(void **state)
{
    (void)state;
    static const int64_t blocked[] = {3, 9};
    char path[LONG_PATH];
    checkpoint_case k;
    int64_t step;
    begin(&k, 4);
    for (step = 1; step < 8; step += 1 + (step == 2))
        assert_int_equal(checkpoint_save(&k, step), RNNC_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            mkdir(rnnc_checkpoints_path(k.checkpoints, blocked[i]), 0777), 0);
    // Now there are 3, 4, 5, 6, 7, 9.
    rnnc_checkpoints_destroy(k.checkpoints);
    k.checkpoints = rnnc_checkpoints_create(NULL, k.folder, 2);
    assert_int_equal(checkpoint_load(&k, &step), RNNC_OK);
    assert_int_equal(step, 7);
    snprintf(path, sizeof path, "%s",
             rnnc_checkpoints_path(k.checkpoints, blocked[1]));
    const char *notice = rnnc_checkpoints_notice(k.checkpoints);
    assert_non_null(strstr(notice, path));
    assert_non_null(strstr(notice, "gone back to step 7"));
    put(&k, "checkpoint-000000000002.safetensors");
    assert_int_equal(checkpoint_save(&k, 8), RNNC_OK);
    assert_int_equal(folder_count(k.folder), 4); // 3, 7, 8, 9
    assert_int_equal(rnnc_checkpoints_newest(k.checkpoints, 9), 8);
    assert_int_equal(rnnc_checkpoints_newest(k.checkpoints, 8), 7);
    assert_int_equal(rnnc_checkpoints_newest(k.checkpoints, 7), 3);
    for (int i = 0; i < 2; i++)
        rmdir(rnnc_checkpoints_path(k.checkpoints, blocked[i]));
    checkpoint_free(&k);
}

// ---- Whole files that do not fit --------------------------------------------

// The last eight bytes become FNV-1a of all before them.
static void put_whole(checkpoint_case *k, int64_t step, unsigned char *bytes,
                      size_t size)
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i + 8 < size; i++)
        sum = (sum ^ bytes[i]) * 1099511628211u;
    for (int i = 0; i < 8; i++)
        bytes[size - 8 + (size_t)i] = (unsigned char)(sum >> 8 * i);
    file_write(rnnc_checkpoints_path(k->checkpoints, step), bytes, size);
}

// A file of weights, but for its last two floats.
static void put_weights(checkpoint_case *k, int64_t step,
                        const rnnc_weights *weights)
{
    size_t size = 0;
    assert_int_equal(rnnc_weights_save_memory(weights, NULL, 0, &size),
                     RNNC_OK);
    unsigned char *bytes = malloc(size);
    assert_int_equal(rnnc_weights_save_memory(weights, bytes, size, &size),
                     RNNC_OK);
    put_whole(k, step, bytes, size);
    free(bytes);
}

static void a_whole_file_of_others_is_refused(void **state)
{
    (void)state;
    checkpoint_case k;
    unsigned char noise[64] = {0};
    int64_t step = -1;
    begin(&k, 1);
    // Which none goes back to.
    assert_int_equal(checkpoint_save(&k, 1), RNNC_OK);
    put_whole(&k, 2, noise, sizeof noise);
    refuse_load(&k, RNNC_E_FORMAT, "000000000002");
    put_whole(&k, 2, noise, 8);
    refuse_load(&k, RNNC_E_FORMAT, "000000000002");
    rnnc_weights *other = checkpoint_weights(NULL, "v");
    put_weights(&k, 2, other);
    refuse_load(&k, RNNC_E_NAME, "there is no tensor \"w\"");
    rnnc_weights_destroy(other);
    put_weights(&k, 2, k.weights); // with no record at all
    assert_int_equal(checkpoint_load(&k, &step), RNNC_OK);
    assert_int_equal(step, 2);
    checkpoint_free(&k);
}

static void a_record_of_others_is_refused(void **state)
{
    (void)state;
    checkpoint_case k;
    begin(&k, 1);
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_parameter(graph, "w", 2, 3, RNNC_INIT_ZEROS, 0);
    rnnc_parameter_vector(graph, "training.n", 1, RNNC_INIT_ZEROS, 0);
    rnnc_weights *other = rnnc_weights_create(graph, 1);
    put_weights(&k, 1, other);
    refuse_load(&k, RNNC_E_SHAPE, "\"n\" holds 1 numbers, expected 1 floats");
    assert_int_equal(rnnc_weights_store(other, "training.n", RNNC_STORE_BF16),
                     RNNC_OK);
    put_weights(&k, 1, other);
    refuse_load(&k, RNNC_E_FORMAT,
                "\"training.n\" is BF16, expected F32 or F64");
    rnnc_weights_destroy(other);
    rnnc_graph_destroy(graph);
    checkpoint_free(&k);
}

static void a_file_beyond_the_limit_is_not_read(void **state)
{
    (void)state;
    checkpoint_case k;
    begin(&k, 1);
    assert_int_equal(checkpoint_save(&k, 1), RNNC_OK);
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .file_limit = 100};
    rnnc_context *context = rnnc_context_create(&options);
    rnnc_checkpoints_destroy(k.checkpoints);
    k.checkpoints = rnnc_checkpoints_create(context, k.folder, 1);
    rnnc_context_destroy(context);
    refuse_load(&k, RNNC_E_LIMIT, "the limit is 100");
    checkpoint_free(&k);
}

// ---- Arguments and memory ---------------------------------------------------

// A handle that could not be made refuses everything with its first error.
static void expect_useless(checkpoint_case *k, rnnc_checkpoints *c,
                           rnnc_status status, const char *words)
{
    int64_t step = 77;
    rnnc_checkpoints *good = k->checkpoints;
    k->checkpoints = c;
    assert_int_equal(rnnc_checkpoints_status(c), status);
    assert_int_equal(checkpoint_save(k, 1), status);
    assert_int_equal(checkpoint_load(k, &step), status);
    checkpoint_says(k, words);
    assert_int_equal(step, 77);
    assert_int_equal(rnnc_checkpoints_newest(c, INT64_MAX), -1);
    assert_null(rnnc_checkpoints_path(c, 1));
    assert_string_equal(rnnc_checkpoints_notice(c), "");
    k->checkpoints = good;
    rnnc_checkpoints_destroy(c);
}

static void handles_that_cannot_be_made_refuse_everything(void **state)
{
    (void)state;
    checkpoint_case k;
    begin(&k, 1);
    expect_useless(&k, NULL, RNNC_E_MEMORY, "out of memory");
    expect_useless(&k, rnnc_checkpoints_create(NULL, NULL, 1), RNNC_E_ARGUMENT,
                   "the folder is \"\", keep 1");
    expect_useless(&k, rnnc_checkpoints_create(NULL, "", 1), RNNC_E_ARGUMENT,
                   "the folder is \"\", keep 1");
    expect_useless(&k, rnnc_checkpoints_create(NULL, k.folder, -1),
                   RNNC_E_ARGUMENT, "keep -1");
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = -1};
    rnnc_context *context = rnnc_context_create(&options);
    expect_useless(&k, rnnc_checkpoints_create(context, k.folder, 1),
                   RNNC_E_ARGUMENT, "threads is -1");
    rnnc_context_destroy(context);
    checkpoint_free(&k);
}

static void a_handle_that_has_no_memory_refuses_everything(void **state)
{
    (void)state;
    checkpoint_case k;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    int64_t at = 0;
    begin(&k, 1);
    for (f.hit = true; f.hit; at++) {
        fault_arm(&f, at, false);
        rnnc_checkpoints *c = rnnc_checkpoints_create(context, k.folder, 1);
        if (f.hit)
            expect_useless(&k, c, RNNC_E_MEMORY, "out of memory");
        else
            rnnc_checkpoints_destroy(c);
    }
    assert_int_equal(at, 4); // a handle, its folder, its path; nothing
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
    checkpoint_free(&k);
}

static void calls_name_what_is_missing(void **state)
{
    (void)state;
    checkpoint_case k;
    int64_t step = 77;
    begin(&k, 1);
    rnnc_checkpoints *c = k.checkpoints;
    assert_int_equal(checkpoint_save(&k, -1), RNNC_E_ARGUMENT);
    checkpoint_says(&k, "step -1, weights given, record given");
    assert_int_equal(checkpoint_save(&k, INT64_MAX), RNNC_E_ARGUMENT);
    checkpoint_says(&k, "step 9223372036854775807, weights given");
    assert_int_equal(rnnc_checkpoints_save(c, 3, NULL, k.record),
                     RNNC_E_ARGUMENT);
    checkpoint_says(&k, "step 3, weights NULL, record given");
    assert_int_equal(rnnc_checkpoints_save(c, 3, k.weights, NULL),
                     RNNC_E_ARGUMENT);
    checkpoint_says(&k, "step 3, weights given, record NULL");
    assert_int_equal(rnnc_checkpoints_load(c, NULL, k.record, &step),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_checkpoints_load(c, k.weights, NULL, &step),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_checkpoints_load(c, k.weights, k.record, NULL),
                     RNNC_E_ARGUMENT);
    checkpoint_says(&k, "weights, record or step is NULL");
    assert_int_equal(step, 77);
    assert_int_equal(folder_count(k.folder), 0);
    checkpoint_free(&k);
}

static void weights_that_could_not_be_made_get_nothing(void **state)
{
    (void)state;
    checkpoint_case k;
    int64_t step = 77;
    begin(&k, 1);
    assert_int_equal(checkpoint_save(&k, 1), RNNC_OK);
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_parameter(graph, "w", 0, 3, RNNC_INIT_ZEROS, 0);
    rnnc_weights *none = rnnc_weights_create(graph, 1);
    rnnc_status status = rnnc_graph_status(graph);
    assert_int_not_equal(status, RNNC_OK);
    assert_int_equal(
        rnnc_checkpoints_load(k.checkpoints, none, k.record, &step), status);
    checkpoint_says(&k, rnnc_graph_message(graph));
    assert_int_equal(step, 77);
    assert_int_equal(rnnc_checkpoints_save(k.checkpoints, 2, none, k.record),
                     status);
    assert_int_equal(rnnc_checkpoints_newest(k.checkpoints, INT64_MAX), 1);
    rnnc_weights_destroy(none);
    rnnc_graph_destroy(graph);
    checkpoint_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_other_names_are_not_looked_at),
        cmocka_unit_test(what_killed_processes_left_goes),
        cmocka_unit_test(steps_may_have_any_number_of_digits),
        cmocka_unit_test(slashes_at_the_end_of_a_folder_are_nothing),
        cmocka_unit_test(a_file_is_no_folder),
        cmocka_unit_test(what_cannot_be_removed_does_not_hinder_the_rest),
        cmocka_unit_test(a_whole_file_of_others_is_refused),
        cmocka_unit_test(a_record_of_others_is_refused),
        cmocka_unit_test(a_file_beyond_the_limit_is_not_read),
        cmocka_unit_test(handles_that_cannot_be_made_refuse_everything),
        cmocka_unit_test(a_handle_that_has_no_memory_refuses_everything),
        cmocka_unit_test(calls_name_what_is_missing),
        cmocka_unit_test(weights_that_could_not_be_made_get_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
