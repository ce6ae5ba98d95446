/* SPDX-License-Identifier: MIT */
/* A time series in, one number out: learns the first four fifths of a series,
 * is tried on the rest beside "tomorrow is as today", and says what comes next.
 *   series [file.csv [epochs]]
 * Without a file it takes a series of its own. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forecast.h"
#include "series.h"

enum { UNITS = 16, EPOCHS = 12, AHEAD = 7 };

/* Every window of the series, and what follows it. */
typedef struct examples {
    const float **windows; /* [count] where they begin in the series */
    const float *next;     /* [count] */
    int64_t count, learnt;
    float mean, deviation; /* of what is learnt from */
} examples;

static void measure(const series *s, int64_t count, examples *e)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < count; i++)
        sum += (double)s->values[i];
    e->mean = (float)(sum / (double)count);
    for (int64_t i = 0; i < count; i++)
        squares += pow((double)(s->values[i] - e->mean), 2);
    e->deviation = (float)sqrt(squares / (double)count);
    if (e->deviation < 1e-6f)
        e->deviation = 1;
}

/* In units of the deviation, so that any series looks alike to the network. */
static bool cut(const series *s, examples *e)
{
    e->count = s->count - WINDOW;
    e->learnt = e->count * 4 / 5;
    measure(s, e->learnt + WINDOW, e);
    e->windows = malloc((size_t)e->count * sizeof *e->windows);
    if (e->windows == NULL)
        return false;
    for (int64_t i = 0; i < s->count; i++)
        s->values[i] = (s->values[i] - e->mean) / e->deviation;
    for (int64_t i = 0; i < e->count; i++)
        e->windows[i] = s->values + i;
    e->next = s->values + WINDOW;
    return true;
}

static int32_t show(void *user, const rnnc_progress *p)
{
    const examples *e = user;
    if (p->event == RNNC_PROGRESS_EPOCH)
        printf("epoch %2d: off by %.3f\n", (int)p->epoch + 1,
               (double)e->deviation * sqrt(p->loss));
    return 0;
}

/* Root of the mean square of guess - next, in the series' own unit. */
static double off_by(const examples *e, const float *guesses)
{
    double squares = 0;
    int64_t count = e->count - e->learnt;
    for (int64_t i = 0; i < count; i++)
        squares += pow((double)(guesses[i] - e->next[e->learnt + i]), 2);
    return (double)e->deviation * sqrt(squares / (double)count);
}

/* What was never learnt from: whether the network beats "as today". */
static bool try_out(forecast *f, const examples *e, bool *better)
{
    int64_t count = e->count - e->learnt;
    float *guesses = malloc((size_t)count * sizeof *guesses);
    bool done =
        guesses && forecast_guess(f, e->windows + e->learnt, count, guesses);
    if (done) {
        double ours = off_by(e, guesses);
        double today = off_by(e, e->next + e->learnt - 1);
        printf("on %d steps never seen: off by %.3f, \"as today\" by %.3f\n",
               (int)count, ours, today);
        *better = ours < today;
    }
    free(guesses);
    return done;
}

/* Step after step, each guess being the end of the next window. */
static bool say_what_comes(forecast *f, const series *s, const examples *e)
{
    float window[WINDOW], guess;
    const float *only = window;
    memcpy(window, s->values + s->count - WINDOW, sizeof window);
    printf("next:");
    for (int step = 0; step < AHEAD; step++) {
        if (!forecast_guess(f, &only, 1, &guess))
            return false;
        memmove(window, window + 1, sizeof window - sizeof *window);
        window[WINDOW - 1] = guess;
        printf(" %.2f", (double)(guess * e->deviation + e->mean));
    }
    printf("\n");
    return true;
}

int main(int count, char **words)
{
    series s;
    examples e = {0};
    forecast f = {0};
    bool better = false;
    if (count > 1 ? !series_read(&s, words[1]) : !series_make(&s, 1500))
        return 2;
    if (s.count < 4 * WINDOW) {
        fprintf(stderr, "%d numbers are too few, at least %d are needed\n",
                (int)s.count, 4 * WINDOW);
        series_free(&s);
        return 2;
    }
    bool done = cut(&s, &e) && forecast_make(&f, UNITS) &&
                forecast_learn(&f, e.windows, e.next, e.learnt,
                               count > 2 ? atoi(words[2]) : EPOCHS, show, &e) &&
                try_out(&f, &e, &better) && say_what_comes(&f, &s, &e);
    if (!done)
        fprintf(stderr, "%s\n", forecast_why(&f));
    forecast_free(&f);
    free(e.windows);
    series_free(&s);
    return done ? !better : 2;
}
