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
    rnnc_node *loss;
    rnnc_weights *weights;
    rnnc_run *infer;
    rnnc_optimizer *adam;
    rnnc_trainer *trainer;
    rnnc_sequence *windows;
} forecast;

/* False where something is wrong; forecast_free all the same. */
bool forecast_make(forecast *to, int64_t units);
void forecast_free(forecast *of);

/* Learns from `count` windows, each WINDOW numbers, and the numbers after them,
 * in batches that are drawn anew in each epoch. `progress` hears of each. */
bool forecast_learn(forecast *with, const float *const *windows,
                    const float *next, int64_t count, int64_t epochs,
                    rnnc_progress_callback progress, void *user);

/* What comes after each window. */
bool forecast_guess(forecast *with, const float *const *windows, int64_t count,
                    float *guesses);

/* Why the last of these calls gave false. */
const char *forecast_why(const forecast *of);

#endif
