// SPDX-License-Identifier: MIT
// Where a program is, looked at many times a second.
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

// Notes what time each thread has used; some of the work is done between this
// and the start.
void bench_sample_ready(void);

// From now on all threads that worked since then are looked at. 0: it cannot be
// done on this system.
int bench_sample_start(void);

// Prints a line for each place where a thread was met: "at ADDRESS COUNT", the
// address within this program as nm shows it, "in LIBRARY:FUNCTION COUNT", or
// "in system_call COUNT" where it sleeps.
void bench_sample_stop(void);

#endif
