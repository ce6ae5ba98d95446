// SPDX-License-Identifier: MIT
// Every call to the system fails, one by one, while checkpoints are saved and
// loaded: the folder has a whole checkpoint or the one before it, the handle
// says what happened, and the next call goes on.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"
#include "support/fault.h"
#include "support/disk_faults.h"
#include "support/folder.h"

enum { PATH = 256, MOST_CALLS = 300, COUNT = 6, KEEP = 2 };

// ---- A training of two steps ------------------------------------------------

typedef struct training {
    fault spent;
    rnnc_context *context;
    rnnc_weights *weights;
    rnnc_record *record;
    rnnc_checkpoints *checkpoints;
    int64_t live; // blocks at rest
    char folder[PATH];
} training;

// What a step has made of weights and record.
static void set(training *t, int64_t step)
{
    float values[COUNT];
    double number = (double)step;
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)step + (float)i / 8;
    assert_int_equal(rnnc_weights_set(t->weights, "w", values, COUNT), RNNC_OK);
    assert_int_equal(rnnc_record_set_numbers(t->record, "n", &number, 1),
                     RNNC_OK);
}

static bool has(training *t, int64_t step)
{
    float values[COUNT];
    double number;
    rnnc_weights_get(t->weights, "w", values, COUNT);
    rnnc_record_get_numbers(t->record, "n", &number, 1);
    bool same = number == (double)step;
    for (int i = 0; i < COUNT; i++)
        same = same && values[i] == (float)step + (float)i / 8;
    return same;
}

static rnnc_status save(training *t, int64_t step)
{
    return rnnc_checkpoints_save(t->checkpoints, step, t->weights, t->record);
}

static rnnc_status load(training *t, int64_t *step)
{
    return rnnc_checkpoints_load(t->checkpoints, t->weights, t->record, step);
}

// A folder that is not there yet, or one with the steps 1 and 2 and with what
// a process that was killed has left of step 3.
static void begin(training *t, bool fresh)
{
    char left[PATH + 64];
    *t = (training){.spent = {.at = -1}};
    folder_name(t->folder, sizeof t->folder, "faults");
    t->context = fault_context(&t->spent, 1);
    rnnc_graph *graph = rnnc_graph_create(t->context);
    rnnc_parameter(graph, "w", 2, 3, RNNC_INIT_ZEROS, 0);
    t->weights = rnnc_weights_create(graph, 1);
    rnnc_graph_destroy(graph);
    t->record = rnnc_record_create(t->context);
    t->checkpoints = rnnc_checkpoints_create(t->context, t->folder, KEEP);
    for (int64_t step = 1; step < 3; step++) {
        set(t, step);
        if (!fresh)
            assert_int_equal(save(t, step), RNNC_OK);
    }
    if (!fresh) {
        snprintf(left, sizeof left, "%s.9-0.tmp",
                 rnnc_checkpoints_path(t->checkpoints, 3));
        file_write(left, (const unsigned char *)"half", 4);
    }
    t->live = t->spent.live;
}

static void end(training *t)
{
    rnnc_checkpoints_destroy(t->checkpoints);
    rnnc_record_destroy(t->record);
    rnnc_weights_destroy(t->weights);
    rnnc_context_destroy(t->context);
    assert_int_equal(t->spent.live, 0);
    folder_remove(t->folder);
}

// The step that another process finds, and that it has that step's values.
static int64_t found(training *t)
{
    int64_t step = -2;
    rnnc_checkpoints *mine = t->checkpoints;
    t->checkpoints = rnnc_checkpoints_create(t->context, t->folder, KEEP);
    assert_int_equal(load(t, &step), RNNC_OK);
    assert_string_equal(rnnc_checkpoints_notice(t->checkpoints), "");
    assert_true(step < 0 || has(t, step));
    rnnc_checkpoints_destroy(t->checkpoints);
    t->checkpoints = mine;
    return step;
}

typedef struct trial {
    bool all;   // once, or from then on
    int number; // errno
} trial;

// Whether the first call that failed is one of these names, each between
// blanks.
static bool is(const disk_faults *d, const char *names)
{
    char name[32];
    snprintf(name, sizeof name, " %s ", d->first == NULL ? "" : d->first);
    return strstr(names, name) != NULL;
}

// ---- Saving -----------------------------------------------------------------

// Faults that a save does not mention: what is interrupted is done again, a
// folder's close has nothing to say, and once a checkpoint is in its place only
// its folder's sync counts: tidying can wait.
static bool is_harmless(const trial *how, const disk_faults *d)
{
    return d->faults == 0 || is(d, " closedir unlinkat ") ||
           (d->renamed && !is(d, " fsync ")) ||
           (how->number == EINTR && is(d, " write fsync "));
}

// And those that only say what may be so: there is no old file or folder, a
// folder is there, cannot be read or cannot be synced. A close may be the one
// of a folder.
static bool may_be_harmless(const trial *how, const disk_faults *d)
{
    static const struct {
        int number;
        const char *calls;
    } known[] = {
        {ENOENT, " stat opendir "},
        {EEXIST, " mkdir "},
        {EACCES, " open "},
        {EINVAL, " fsync "},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (how->number == known[i].number && is(d, known[i].calls))
            return true;
    return is_harmless(how, d) || is(d, " close ");
}

static void check_save(training *t, const trial *how, const disk_faults *d,
                       rnnc_status status)
{
    const char *first = d->first == NULL ? "nothing" : d->first;
    const char *message = rnnc_checkpoints_message(t->checkpoints);
    if (status != RNNC_OK && status != RNNC_E_IO)
        fail_msg("%s: status %d (%s)", first, (int)status, message);
    if (status == RNNC_OK && !may_be_harmless(how, d) && !how->all)
        fail_msg("%s failed with %d, and nobody noticed", first, how->number);
    if (status != RNNC_OK && is_harmless(how, d) && !how->all)
        fail_msg("%s failed with %d: %s", first, how->number, message);
    if (status == RNNC_OK && !d->renamed)
        fail_msg("%s: saved, but nothing in its place", first);
    if ((status == RNNC_OK) != (message[0] == '\0') ||
        (status != RNNC_OK && strstr(message, t->folder) == NULL))
        fail_msg("%s: status %d says \"%s\"", first, (int)status, message);
    assert_int_equal(d->open, 0);
    assert_int_equal(t->spent.live, t->live);
    assert_true(has(t, 3));
}

// A save of step 3 whose call `at` fails; false where there is no such call.
static bool save_with(const trial *how, int64_t at, bool fresh)
{
    training t;
    begin(&t, fresh);
    set(&t, 3);
    disk_faults faults = {.at = at, .all = how->all, .number = how->number};
    disk_faults_use(&faults);
    rnnc_status status = save(&t, 3);
    disk_faults_use(NULL);
    check_save(&t, how, &faults, status);
    int64_t before = fresh ? -1 : 2;
    assert_int_equal(found(&t), faults.renamed ? 3 : before);
    set(&t, 4);
    if (save(&t, 4) != RNNC_OK)
        fail_msg("%s failed, and then nothing more goes: %s", faults.first,
                 rnnc_checkpoints_message(t.checkpoints));
    assert_int_equal(found(&t), 4);
    // Tidy again; but nobody looks for a file whose place was never taken.
    assert_in_range(folder_count(t.folder), fresh && !faults.renamed ? 1 : KEEP,
                    KEEP);
    end(&t);
    return faults.calls > at;
}

static void a_save_whose_calls_fail_is_done_or_says_so(void **state)
{
    (void)state;
    static const int numbers[] = {EIO,    ENOSPC, EACCES, ENOENT,
                                  EMFILE, EINTR,  EINVAL, EEXIST};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (int fresh = 0; fresh < 2; fresh++)
            for (int all = 0; all < 2; all++) {
                trial how = {all, numbers[i]};
                int64_t at = 0;
                if (all && how.number == EINTR)
                    continue; // it would go on for ever
                while (at < MOST_CALLS && save_with(&how, at, fresh))
                    at++;
                // opendir or mkdir, stat, open, 3 writes, fsync, close, open,
                // rename, fsync, close, opendir, 5 readdirs, closedir
                assert_in_range(at, 18, MOST_CALLS - 1);
            }
}

// ---- Loading ----------------------------------------------------------------

// What a load of the steps 1 and 2 must say where a call fails.
static rnnc_status wanted(const trial *how, const disk_faults *d, int64_t *step)
{
    *step = 2;
    if (d->faults == 0 || is(d, " close "))
        return RNNC_OK;
    if (is(d, " closedir "))
        return how->all ? RNNC_E_IO : RNNC_OK;
    if (is(d, " opendir readdir ")) {
        *step = -1; // a folder that is not there has none
        return how->number == ENOENT && is(d, " opendir ") ? RNNC_OK
                                                           : RNNC_E_IO;
    }
    if (is(d, " read ") && how->number == EINTR)
        return RNNC_OK;
    *step = 1;
    return how->all ? RNNC_E_IO : RNNC_OK;
}

static void check_load(training *t, const trial *how, const disk_faults *d,
                       rnnc_status status, int64_t step)
{
    int64_t should;
    const char *first = d->first == NULL ? "nothing" : d->first;
    const char *notice = rnnc_checkpoints_notice(t->checkpoints);
    rnnc_status expected = wanted(how, d, &should);
    if (status != expected)
        fail_msg("%s failed with %d: status %d, expected %d", first,
                 how->number, (int)status, (int)expected);
    if (status == RNNC_OK) {
        assert_int_equal(step, should);
        assert_true(has(t, step < 0 ? 9 : step));
        assert_int_equal(strstr(notice, "gone back to step 1") != NULL,
                         step == 1);
        assert_int_equal(notice[0] != '\0', step == 1);
    } else {
        assert_true(has(t, 9)); // as they were
        assert_int_equal(step, 77);
        assert_non_null(
            strstr(rnnc_checkpoints_message(t->checkpoints), t->folder));
    }
    assert_int_equal(d->open, 0);
    assert_int_equal(t->spent.live, t->live);
}

static bool load_with(const trial *how, int64_t at)
{
    training t;
    int64_t step = 77;
    begin(&t, false);
    set(&t, 9);
    disk_faults faults = {.at = at, .all = how->all, .number = how->number};
    disk_faults_use(&faults);
    rnnc_status status = load(&t, &step);
    disk_faults_use(NULL);
    check_load(&t, how, &faults, status, step);
    assert_int_equal(found(&t), 2);
    end(&t);
    return faults.calls > at;
}

static void a_load_whose_calls_fail_goes_back_or_says_so(void **state)
{
    (void)state;
    static const int numbers[] = {EIO, EACCES, EMFILE, EINTR};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (int all = 0; all < 2; all++) {
            trial how = {all, numbers[i]};
            int64_t at = 0;
            if (all && how.number == EINTR)
                continue;
            while (at < MOST_CALLS && load_with(&how, at))
                at++;
            // opendir, 6 readdirs, closedir, open, fstat, read, close
            assert_in_range(at, 12, MOST_CALLS - 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_save_whose_calls_fail_is_done_or_says_so),
        cmocka_unit_test(a_load_whose_calls_fail_goes_back_or_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
