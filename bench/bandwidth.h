// SPDX-License-Identifier: MIT
// The most that cores can read, measured.
#ifndef BENCH_BANDWIDTH_H
#define BENCH_BANDWIDTH_H

#include <stdint.h>

// Bytes a second that so many threads read, each its own part of a block of
// so many bytes, again and again: the bandwidth of the level that holds it.
double bench_bandwidth(int64_t bytes, int threads);

#endif
