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

enum { UNITS = 16, BATCH = 64, EPOCHS = 12, AHEAD = 7 };

/* Every window of the series, one beside the other, and what follows it. */
typedef struct examples {
    float *windows; /* [count, WINDOW] */
    float *next;    /* [count] */
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
    e->windows = malloc((size_t)(e->count * WINDOW) * sizeof(float));
    e->next = malloc((size_t)e->count * sizeof(float));
    if (e->windows == NULL || e->next == NULL)
        return false;
    for (int64_t i = 0; i < s->count; i++)
        s->values[i] = (s->values[i] - e->mean) / e->deviation;
    for (int64_t i = 0; i < e->count; i++) {
        memcpy(e->windows + i * WINDOW, s->values + i, WINDOW * sizeof(float));
        e->next[i] = s->values[i + WINDOW];
    }
    return true;
}

/* Puts the examples that are learnt from in another order. */
static void shuffle(examples *e, uint32_t *state)
{
    float kept[WINDOW], *w = e->windows;
    const size_t size = sizeof kept;
    for (int64_t i = e->learnt - 1; i > 0; i--) {
        *state = *state * 1664525u + 1013904223u;
        int64_t j = (int64_t)((uint64_t)*state * (uint64_t)(i + 1) >> 32);
        float next = e->next[i];
        e->next[i] = e->next[j];
        e->next[j] = next;
        memcpy(kept, w + i * WINDOW, size);
        memmove(w + i * WINDOW, w + j * WINDOW, size);
        memcpy(w + j * WINDOW, kept, size);
    }
}

static bool learn(forecast *f, examples *e, int epochs)
{
    uint32_t state = 1;
    for (int epoch = 1; epoch <= epochs; epoch++) {
        double sum = 0;
        shuffle(e, &state);
        for (int64_t i = 0; i < e->learnt; i += BATCH) {
            int64_t count = e->learnt - i < BATCH ? e->learnt - i : BATCH;
            float loss;
            if (!forecast_learn(f, e->windows + i * WINDOW, e->next + i, count,
                                &loss))
                return false;
            sum += (double)loss * (double)count;
        }
        printf("epoch %2d: off by %.3f\n", epoch,
               (double)e->deviation * sqrt(sum / (double)e->learnt));
    }
    return true;
}

/* Root of the mean square of guess - next, in the series' own unit. */
static double off_by(const examples *e, const float *guesses, int64_t stride)
{
    double squares = 0;
    int64_t count = e->count - e->learnt;
    for (int64_t i = 0; i < count; i++)
        squares +=
            pow((double)(guesses[i * stride] - e->next[e->learnt + i]), 2);
    return (double)e->deviation * sqrt(squares / (double)count);
}

/* What was never learnt from: whether the network beats "as today". */
static bool try_out(forecast *f, const examples *e, bool *better)
{
    int64_t count = e->count - e->learnt;
    const float *windows = e->windows + e->learnt * WINDOW;
    float *guesses = malloc((size_t)count * sizeof *guesses);
    bool done = guesses && forecast_guess(f, windows, count, guesses);
    if (done) {
        double ours = off_by(e, guesses, 1);
        double today = off_by(e, windows + WINDOW - 1, WINDOW);
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
    memcpy(window, s->values + s->count - WINDOW, sizeof window);
    printf("next:");
    for (int step = 0; step < AHEAD; step++) {
        if (!forecast_guess(f, window, 1, &guess))
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
                learn(&f, &e, count > 2 ? atoi(words[2]) : EPOCHS) &&
                try_out(&f, &e, &better) && say_what_comes(&f, &s, &e);
    if (!done)
        fprintf(stderr, "%s\n", forecast_why(&f));
    forecast_free(&f);
    free(e.windows);
    free(e.next);
    series_free(&s);
    return done ? !better : 2;
}
