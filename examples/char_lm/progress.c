/* SPDX-License-Identifier: MIT */
/* How far a training is, on standard error: a bar on a terminal, a line now
 * and then elsewhere. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "char_lm.h"

enum { BAR = 24, WIDTH = 79 };

static const double often = 0.2, seldom = 10; /* seconds between two lines */
static const double ln2 = 0.69314718055994531;

double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void progress_start(struct progress *to, double budget)
{
    *to = (struct progress){.started = now(),
                            .budget = budget,
                            .terminal = isatty(STDERR_FILENO) != 0};
}

/* The seconds left, by epochs or by the budget, whichever ends first. */
static double seconds_left(const struct progress *progress, double share)
{
    double spent = now() - progress->started;
    double left = share > 0 ? spent / share - spent : 0;
    double budget = progress->budget - spent;
    return progress->budget > 0 && budget < left ? budget : left;
}

void progress_show(struct progress *progress, int64_t epoch, int64_t epochs,
                   int64_t part, int64_t whole, double loss)
{
    double time = now();
    if (time - progress->shown < (progress->terminal ? often : seldom))
        return;
    progress->shown = time;
    char bar[BAR + 1];
    double share = (double)part / (double)whole;
    for (int i = 0; i < BAR; i++)
        bar[i] = i < (int)(share * BAR) ? '#' : '.';
    bar[BAR] = '\0';
    long left =
        (long)seconds_left(progress, ((double)epoch + share) / (double)epochs);
    fprintf(stderr,
            "%sepoch %lld/%lld %s %.4f nats %.4f bits %.0f chars/s "
            "%ld:%02ld left %s",
            progress->terminal ? "\r" : "", (long long)epoch + 1,
            (long long)epochs, bar, loss, loss / ln2,
            progress->characters / (time - progress->started), left / 60,
            left % 60, progress->terminal ? "" : "\n");
}

void progress_clear(struct progress *progress)
{
    if (progress->terminal)
        fprintf(stderr, "\r%*s\r", WIDTH + 20, "");
}
