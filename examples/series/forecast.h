/* SPDX-License-Identifier: MIT */
/* A network that reads a window of a series and says the number after it. */
#ifndef FORECAST_H
#define FORECAST_H

#include <rnnc/rnnc.h>
#include <stdbool.h>

enum { WINDOW = 28 }; /* numbers that it reads */

typedef struct forecast {
    rnnc_graph *graph;
    rnnc_node *window; /* in: [steps, 1] of each sequence */
    rnnc_node *next;   /* in: the number after it, to learn from */
    rnnc_node *guess;  /* out: what the network says */
    rnnc_weights *weights;
    rnnc_run *train, *infer;
    rnnc_optimizer *adam;
    rnnc_sequence *windows;
} forecast;

/* False where something is wrong; forecast_free all the same. */
bool forecast_make(forecast *to, int64_t units);
void forecast_free(forecast *of);

/* One step of training on `count` windows [count, WINDOW] and the numbers
 * after them. */
bool forecast_learn(forecast *with, const float *windows, const float *next,
                    int64_t count, float *loss);

/* What comes after each window. */
bool forecast_guess(forecast *with, const float *windows, int64_t count,
                    float *guesses);

/* Why the last of these calls gave false. */
const char *forecast_why(const forecast *of);

#endif
