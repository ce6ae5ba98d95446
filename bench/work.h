// SPDX-License-Identifier: MIT
// A row of the benchmark made ready: one call is one unit of its work.
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include "network.h"

enum { BENCH_SAMPLE = 1024 }; // numbers of an array that peers compare

typedef struct bench_kind bench_kind;

typedef struct bench_work {
    const bench_kind *kind;
    bench_row row;
    bench_network net;
    rnnc_sequence *x, *next;
    rnnc_run *run;
    rnnc_stream *stream;
    rnnc_optimizer *optimizer;
} bench_work;

// 0 where there is no such kind of work or no such cell.
int bench_work_make(bench_work *to, const bench_row *row, int threads);

// A training step, a stream's step, or a whole sequence.
void bench_work_do(bench_work *work);

// Prints what the work computes from its first call on, an array a line: its
// name and BENCH_SAMPLE numbers at most.
void bench_work_show(bench_work *work);

void bench_work_free(bench_work *work);

#endif
