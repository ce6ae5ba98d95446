// SPDX-License-Identifier: MIT
// What the programs of the benchmark say, and how they give up.
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include <stddef.h>
#include <stdint.h>

enum { BENCH_SAMPLE = 1024 }; // numbers of an array that peers compare

// Says on stderr what went wrong, and ends the program.
_Noreturn void bench_fail(const char *what, const char *message);

// Memory, or the end.
void *bench_take(int64_t count, size_t size);

// Prints the name of an array and BENCH_SAMPLE of its numbers at most.
void bench_show(const char *name, const float *values, int64_t count);

#endif
