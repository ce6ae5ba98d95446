// SPDX-License-Identifier: MIT
// The most that a core's fused multiply-adds can do, measured.
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

// Seconds of a steady clock.
double bench_seconds(void);

// Floating-point operations a second of one core, two for a multiply-add, in
// the widest vectors that `isa` (a name as rnnc_isa gives it) has.
double bench_peak(const char *isa);

#endif
