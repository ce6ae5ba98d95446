// SPDX-License-Identifier: MIT
// A row of the benchmark made ready: one call is one unit of its work. Written
// twice, for librnnc and for oneDNN.
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdint.h>

enum { BENCH_NAME = 16, BENCH_STREAM_SHOWN = 10, BENCH_UPDATES_SHOWN = 3 };

// The kind of work, the cell, the sizes, and how it is done, if not plainly.
typedef struct bench_row {
    char kind[BENCH_NAME], cell[BENCH_NAME], form[BENCH_NAME];
    int64_t batch, steps, inputs, hidden;
} bench_row;

typedef struct bench_work bench_work;

// Prints what runs here, in words, without an end of line.
void bench_work_about(void);

// The instruction set whose peak counts.
const char *bench_work_isa(void);

// NULL where there is no such kind of work, cell or form.
bench_work *bench_work_make(const bench_row *row, int threads);

// A training step, a stream's step, or a whole sequence.
void bench_work_do(bench_work *work);

// Shows what the work computes from its first call on.
void bench_work_show(bench_work *work);

// Bytes of a training step: of rows that a run holds, of all that it holds,
// and the most that was ever taken at once, weights and gradients with it; 0
// where that is not known.
typedef struct bench_memory {
    int64_t rows, run, most;
} bench_memory;
bench_memory bench_work_memory(const bench_work *work);

// Prints what was made of the cell, a line each "name number"; nothing where
// there is nothing to say.
void bench_work_plan(const bench_work *work);

void bench_work_free(bench_work *work);

#endif
