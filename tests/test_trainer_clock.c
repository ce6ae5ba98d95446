// SPDX-License-Identifier: MIT
// Checkpoints by the clock, which is the test's own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "support/folder.h"
#include "support/learning.h"

int __wrap_clock_gettime(clockid_t clock, struct timespec *time);

static time_t now = 1000; // seconds

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
    (void)clock;
    *time = (struct timespec){.tv_sec = now};
    return 0;
}

// A step takes ten seconds, and nothing else takes any.
static int32_t pass(void *user, const rnnc_progress *progress)
{
    (void)user;
    now += progress->event == RNNC_PROGRESS_STEP ? 10 : 0;
    return 0;
}

static int is_there(const char *folder, int step)
{
    char path[300];
    snprintf(path, sizeof path, "%s/checkpoint-%012d.safetensors", folder,
             step);
    FILE *file = fopen(path, "rb");
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

// Of 16 steps in 4 epochs: after every third, which is the first behind 25
// seconds, and at the end; no end of an epoch has one.
static void checkpoints_come_once_so_many_seconds_have_gone(void **state)
{
    (void)state;
    static const learning_row row = {.name = "clock",
                                     .hidden = 3,
                                     .optimizer = RNNC_SGD,
                                     .order = RNNC_ORDER_GIVEN,
                                     .schedule = -1};
    char folder[256];
    learning l;
    folder_name(folder, sizeof folder, "clock");
    learning_make(&l, &row, NULL, 1);
    l.options.checkpoints = folder;
    l.options.checkpoint_keep = 100;
    l.options.checkpoint_seconds = 25;
    l.options.progress = pass;
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    now += 1000; // before the training begins
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_steps(l.trainer), 16);
    for (int step = 0; step <= 20; step++)
        assert_int_equal(is_there(folder, step),
                         step > 0 && (step % 3 == 0 ? step < 16 : step == 16));
    learning_free(&l);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkpoints_come_once_so_many_seconds_have_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
