// SPDX-License-Identifier: MIT
// Where a program is, looked at many times a second.
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

// From now on all threads that there are, are looked at. 0: it cannot be done
// on this system.
int bench_sample_start(void);

// Prints a line for each place where a thread was met: "at ADDRESS COUNT", the
// address within this program as nm shows it, or "in LIBRARY COUNT".
void bench_sample_stop(void);

#endif
