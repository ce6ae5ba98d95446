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
#include "support/checkpoint_case.h"
#include "support/disk_faults.h"
#include "support/fault.h"
#include "support/folder.h"

enum { MOST_CALLS = 300, COUNT = CHECKPOINT_COUNT, KEEP = 2 };

// ---- A training of two steps ------------------------------------------------

typedef struct training {
    fault spent;
    rnnc_context *context;
    checkpoint_case kept;
    int64_t live; // blocks at rest
} training;

// What a step has made of weights and record.
static void set(training *t, int64_t step)
{
    float values[COUNT];
    double number = (double)step;
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)step + (float)i / 8;
    assert_int_equal(rnnc_weights_set(t->kept.weights, "w", values, COUNT),
                     RNNC_OK);
    assert_int_equal(rnnc_record_set_numbers(t->kept.record, "n", &number, 1),
                     RNNC_OK);
}

static bool has(training *t, int64_t step)
{
    float values[COUNT];
    double number;
    rnnc_weights_get(t->kept.weights, "w", values, COUNT);
    rnnc_record_get_numbers(t->kept.record, "n", &number, 1);
    bool same = number == (double)step;
    for (int i = 0; i < COUNT; i++)
        same = same && values[i] == (float)step + (float)i / 8;
    return same;
}

// A folder that is not there yet, or one with the steps 1 and 2 and with what
// a process that was killed has left of step 3.
static void begin(training *t, bool fresh)
{
    char left[CHECKPOINT_PATH + 64];
    *t = (training){.spent = {.at = -1}};
    t->context = fault_context(&t->spent, 1);
    checkpoint_make(&t->kept, t->context, "w", KEEP);
    for (int64_t step = 1; step < 3; step++) {
        set(t, step);
        if (!fresh)
            assert_int_equal(checkpoint_save(&t->kept, step), RNNC_OK);
    }
    if (!fresh) {
        snprintf(left, sizeof left, "%s.9-0.tmp",
                 rnnc_checkpoints_path(t->kept.checkpoints, 3));
        file_write(left, (const unsigned char *)"half", 4);
    }
    t->live = t->spent.live;
}

static void end(training *t)
{
    checkpoint_free(&t->kept);
    rnnc_context_destroy(t->context);
    assert_int_equal(t->spent.live, 0);
}

// The same with the handle of another process, which is to be destroyed.
static checkpoint_case other_process(training *t)
{
    checkpoint_case other = t->kept;
    other.checkpoints = rnnc_checkpoints_create(t->context, other.folder, KEEP);
    return other;
}

// The step that another process finds, and that it has that step's values.
static int64_t found(training *t)
{
    int64_t step = -2;
    checkpoint_case other = other_process(t);
    assert_int_equal(checkpoint_load(&other, &step), RNNC_OK);
    assert_string_equal(rnnc_checkpoints_notice(other.checkpoints), "");
    assert_true(step < 0 || has(t, step));
    rnnc_checkpoints_destroy(other.checkpoints);
    return step;
}

// ---- Saving -----------------------------------------------------------------

// Faults that a save does not mention: what is interrupted is done again, a
// folder's close has nothing to say, and once a checkpoint is in its place only
// its folder's sync counts: tidying can wait.
static bool is_harmless(const disk_faults *d)
{
    return d->faults == 0 || disk_faults_first_is(d, " closedir unlinkat ") ||
           (d->renamed && !disk_faults_first_is(d, " fsync ")) ||
           disk_faults_repeated(d);
}

// And those that only say what may be so: there is no old file or folder, a
// folder is there, cannot be read or cannot be synced. A close may be the one
// of a folder.
static bool may_be_harmless(const disk_faults *d)
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
        if (d->number == known[i].number &&
            disk_faults_first_is(d, known[i].calls))
            return true;
    return is_harmless(d) || disk_faults_first_is(d, " close ");
}

static void check_save(training *t, const disk_faults *d, rnnc_status status)
{
    const char *message = rnnc_checkpoints_message(t->kept.checkpoints);
    if (status != RNNC_OK && status != RNNC_E_IO)
        fail_msg("%s: status %d (%s)", d->first, (int)status, message);
    if (status == RNNC_OK && !may_be_harmless(d) && !d->all)
        fail_msg("%s failed with %d, and nobody noticed", d->first, d->number);
    if (status != RNNC_OK && is_harmless(d) && !d->all)
        fail_msg("%s failed with %d: %s", d->first, d->number, message);
    if (status == RNNC_OK && !d->renamed)
        fail_msg("%s: saved, but nothing in its place", d->first);
    if ((status == RNNC_OK) != (message[0] == '\0') ||
        (status != RNNC_OK && strstr(message, t->kept.folder) == NULL))
        fail_msg("%s: status %d says \"%s\"", d->first, (int)status, message);
    assert_int_equal(d->open, 0);
    assert_int_equal(t->spent.live, t->live);
    assert_true(has(t, 3));
}

// A save of step 3 whose call `at` fails; false where there is no such call.
static bool save_with(const disk_faults *how, int64_t at, bool fresh)
{
    training t;
    begin(&t, fresh);
    set(&t, 3);
    disk_faults faults = disk_faults_at(how, at);
    disk_faults_use(&faults);
    rnnc_status status = checkpoint_save(&t.kept, 3);
    disk_faults_use(NULL);
    check_save(&t, &faults, status);
    int64_t last = faults.renamed ? 3 : fresh ? -1 : 2;
    assert_int_equal(found(&t), last);
    set(&t, 4);
    if (checkpoint_save(&t.kept, 4) != RNNC_OK)
        fail_msg("%s failed, and then nothing more goes: %s", faults.first,
                 rnnc_checkpoints_message(t.kept.checkpoints));
    assert_int_equal(found(&t), 4);
    // Tidy again: step 4, the last one before it, and nothing else.
    assert_int_equal(rnnc_checkpoints_newest(t.kept.checkpoints, 4), last);
    assert_int_equal(folder_count(t.kept.folder), last < 0 ? 1 : KEEP);
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
                disk_faults how = {.all = all, .number = numbers[i]};
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

// After a first save whose call `at` fails, and all after it, another training
// writes into the folder; false where there is no such call.
static bool claim_with(int64_t at)
{
    training t;
    begin(&t, true);
    disk_faults faults =
        disk_faults_at(&(disk_faults){.all = true, .number = ENOSPC}, at);
    disk_faults_use(&faults);
    checkpoint_save(&t.kept, 1);
    disk_faults_use(NULL);
    int64_t step;
    checkpoint_case other = other_process(&t);
    assert_int_equal(checkpoint_load(&other, &step), RNNC_OK);
    set(&t, 500);
    assert_int_equal(checkpoint_save(&other, 500), RNNC_OK);
    rnnc_checkpoints_destroy(other.checkpoints);
    set(&t, 2);
    assert_int_equal(checkpoint_save(&t.kept, 2),
                     faults.renamed ? RNNC_OK : RNNC_E_STATE);
    checkpoint_says(&t.kept, faults.renamed ? "" : "up to step 500");
    assert_int_equal(found(&t), faults.renamed ? 2 : 500);
    end(&t);
    return faults.calls > at;
}

static void a_first_save_that_wrote_nothing_claims_nothing(void **state)
{
    (void)state;
    int64_t at = 0;
    while (at < MOST_CALLS && claim_with(at))
        at++;
    assert_in_range(at, 18, MOST_CALLS - 1); // as above
}

// ---- Loading ----------------------------------------------------------------

// What a load of the steps 1 and 2 must say where a call fails.
static rnnc_status wanted(const disk_faults *d, int64_t *step)
{
    *step = 2;
    if (d->faults == 0 || disk_faults_first_is(d, " close "))
        return RNNC_OK;
    if (disk_faults_first_is(d, " closedir "))
        return d->all ? RNNC_E_IO : RNNC_OK;
    if (disk_faults_first_is(d, " opendir readdir ")) {
        *step = -1; // a folder that is not there has none
        return d->number == ENOENT && disk_faults_first_is(d, " opendir ")
                   ? RNNC_OK
                   : RNNC_E_IO;
    }
    if (disk_faults_repeated(d))
        return RNNC_OK;
    *step = 1;
    return d->all ? RNNC_E_IO : RNNC_OK;
}

static void check_load(training *t, const disk_faults *d, rnnc_status status,
                       int64_t step)
{
    int64_t should;
    const char *notice = rnnc_checkpoints_notice(t->kept.checkpoints);
    rnnc_status expected = wanted(d, &should);
    if (status != expected)
        fail_msg("%s failed with %d: status %d, expected %d", d->first,
                 d->number, (int)status, (int)expected);
    if (status == RNNC_OK) {
        assert_int_equal(step, should);
        assert_true(has(t, step < 0 ? 9 : step));
        assert_int_equal(strstr(notice, "gone back to step 1") != NULL,
                         step == 1);
        assert_int_equal(notice[0] != '\0', step == 1);
    } else {
        assert_true(has(t, 9)); // as they were
        assert_int_equal(step, 77);
        assert_non_null(strstr(rnnc_checkpoints_message(t->kept.checkpoints),
                               t->kept.folder));
    }
    assert_int_equal(d->open, 0);
    assert_int_equal(t->spent.live, t->live);
}

static bool load_with(const disk_faults *how, int64_t at)
{
    training t;
    int64_t step = 77;
    begin(&t, false);
    set(&t, 9);
    disk_faults faults = disk_faults_at(how, at);
    disk_faults_use(&faults);
    rnnc_status status = checkpoint_load(&t.kept, &step);
    disk_faults_use(NULL);
    check_load(&t, &faults, status, step);
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
            disk_faults how = {.all = all, .number = numbers[i]};
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
        cmocka_unit_test(a_first_save_that_wrote_nothing_claims_nothing),
        cmocka_unit_test(a_load_whose_calls_fail_goes_back_or_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
