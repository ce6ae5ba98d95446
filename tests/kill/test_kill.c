// SPDX-License-Identifier: MIT
// A training that is killed with SIGKILL at random moments and resumed, until
// it ends with the bits of one that nobody killed. After each kill the folder
// has a whole newest checkpoint, and no step that was kept is lost.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/folder.h"
#include "support/learning.h"

enum { PATH = 256, KILLS = 8, LONG_KILLS = 50, KEEP = 2 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void rest(double seconds)
{
    struct timespec time = {(time_t)seconds, 0};
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    nanosleep(&time, NULL);
}

// Uniform in [0, 1). Which moments come up is left to the clock: any must do.
static double draw(void)
{
    static uint64_t state;
    if (state == 0)
        state = (uint64_t)(now() * 1e9) | 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

static void prepare(learning *l, const learning_row *row, int32_t threads,
                    const char *folder)
{
    learning_make(l, row, NULL, threads);
    l->options.epochs = 12;
    l->options.checkpoints = folder;
    l->options.checkpoint_steps = 1;
    l->options.checkpoint_epochs = 1;
    l->options.checkpoint_keep = KEEP;
}

// In a process of its own; 0: it came to its end.
static int train(const learning_row *row, int32_t threads, const char *folder)
{
    learning l;
    prepare(&l, row, threads, folder);
    if (learning_trainer(&l) != RNNC_OK ||
        rnnc_trainer_resume(l.trainer) != RNNC_OK ||
        rnnc_trainer_notice(l.trainer)[0] != '\0' ||
        rnnc_trainer_train(l.trainer) != RNNC_OK)
        return 1;
    return rnnc_trainer_ended(l.trainer) == RNNC_ENDED_EPOCHS ? 0 : 2;
}

// Starts a training and kills it after so many seconds; below 0: waits for it.
// True where it was killed.
static bool live(const learning_row *row, int32_t threads, const char *folder,
                 double seconds)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(train(row, threads, folder));
    if (seconds >= 0) {
        rest(seconds);
        kill(child, SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return true;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

// What a process that was killed has left; the step that is kept.
static int64_t look(const learning_row *row, const char *folder, learning *l)
{
    prepare(l, row, 1, folder);
    assert_int_equal(learning_trainer(l), RNNC_OK);
    assert_int_equal(rnnc_trainer_resume(l->trainer), RNNC_OK);
    assert_string_equal(rnnc_trainer_notice(l->trainer), "");
    return rnnc_trainer_steps(l->trainer);
}

// How often it was killed before it came to its end.
static int one_training(const learning_row *row, const learning *whole,
                        double seconds, int most)
{
    char folder[PATH];
    learning l;
    int kills = 0, files = 0;
    int64_t kept = 0;
    bool killed = true;
    folder_name(folder, sizeof folder, "kill");
    while (killed) {
        // Lives of all lengths, from before the first checkpoint on.
        double life = kills < most ? draw() * seconds : -1;
        killed = live(row, kills % 2 + 1, folder, life);
        kills += killed;
        int64_t step = look(row, folder, &l);
        assert_true(step >= kept);
        kept = step;
        if (!killed)
            assert_true(learning_same((learning *)(uintptr_t)whole, &l));
        learning_free(&l);
        // A life leaves one file too many at most, and each save tidies up.
        const int most_files = (files > KEEP ? files : KEEP) + killed;
        files = folder_count(folder);
        assert_in_range(files, 0, most_files);
    }
    folder_remove(folder);
    return kills;
}

// Each kind of training in turn, until there have been so many kills.
static void a_killed_training_ends_with_the_same_bits(void **state)
{
    (void)state;
    const char *is_long = getenv("RNNC_TEST_LONG");
    int kills = is_long != NULL && is_long[0] == '1' ? LONG_KILLS : KILLS;
    int done = 0, trainings = 0;
    while (done < kills) {
        const learning_row *row =
            &learning_table[(size_t)trainings % learning_count];
        char folder[PATH];
        learning whole;
        folder_name(folder, sizeof folder, "whole");
        double started = now();
        assert_false(live(row, 1, folder, -1));
        double seconds = now() - started;
        look(row, folder, &whole);
        int each = kills - done < 10 ? kills - done : 10;
        done += one_training(row, &whole, seconds / 3, each);
        learning_free(&whole);
        folder_remove(folder);
        assert_in_range(++trainings, 1, 40);
    }
    print_message("%d kills in %d trainings\n", done, trainings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_training_ends_with_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
