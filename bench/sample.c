// SPDX-License-Identifier: MIT
// A timer for each thread interrupts it; the handler notes where it was.
#define _GNU_SOURCE
#include "sample.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#include <dirent.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "answer.h"
#include "peak.h"

enum { MOST_THREADS = 64, MOST_SAMPLES = 1 << 20, INTERVAL = 197000 }; // ns

typedef struct member {
    int thread;
    double used; // seconds, when it was made ready
} member;

static struct {
    member members[MOST_THREADS];
    int n_members;
    double ready; // when that was
    timer_t timers[MOST_THREADS];
    int n_timers;
    atomic_int n_samples;
    uintptr_t *samples; // [MOST_SAMPLES]
} all;

static uintptr_t place_of(const ucontext_t *at)
{
#if defined(__x86_64__)
    return (uintptr_t)at->uc_mcontext.gregs[REG_RIP];
#else
    return (uintptr_t)at->uc_mcontext.pc;
#endif
}

static void note(int number, siginfo_t *why, void *at)
{
    (void)number;
    (void)why;
    int place = atomic_fetch_add(&all.n_samples, 1);
    if (place < MOST_SAMPLES)
        all.samples[place] = place_of(at);
}

static int watch(int thread)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
                             .sigev_signo = SIGPROF};
    event._sigev_un._tid = thread;
    timer_t *timer = &all.timers[all.n_timers];
    if (timer_create(CLOCK_MONOTONIC, &event, timer))
        return 0;
    all.n_timers++;
    const struct timespec interval = {0, INTERVAL};
    const struct itimerspec when = {interval, interval};
    return timer_settime(*timer, 0, &when, NULL) == 0;
}

// Seconds that a thread has used: Linux' clock of any thread of the process.
static double used_by(int thread)
{
    struct timespec used = {0, 0};
    clock_gettime((clockid_t)(~(unsigned)thread << 3 | 6u), &used);
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

void bench_sample_ready(void)
{
    DIR *folder = opendir("/proc/self/task");
    all.n_members = 0;
    all.ready = bench_seconds();
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        int thread = atoi(entry->d_name);
        if (thread > 0 && all.n_members < MOST_THREADS)
            all.members[all.n_members++] = (member){thread, used_by(thread)};
    }
    if (folder)
        closedir(folder);
}

// A thread of another library that only sleeps would look like one that waits.
static int watch_all(void)
{
    double least = 0.05 * (bench_seconds() - all.ready);
    int good = all.n_members > 0;
    for (int i = 0; good && i < all.n_members; i++) {
        const member *m = &all.members[i];
        if (used_by(m->thread) - m->used > least)
            good = watch(m->thread);
    }
    return good;
}

int bench_sample_start(void)
{
    struct sigaction action = {.sa_sigaction = note,
                               .sa_flags = SA_SIGINFO | SA_RESTART};
    all.samples = bench_take(MOST_SAMPLES, sizeof *all.samples);
    atomic_store(&all.n_samples, 0);
    all.n_timers = 0;
    return sigaction(SIGPROF, &action, NULL) == 0 && watch_all();
}

static int compare(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;
    return (x > y) - (x < y);
}

// Whether a thread sleeps here: the last instruction was a call of the system.
static int is_system_call(uintptr_t place)
{
#if defined(__x86_64__)
    static const unsigned char call[] = {0x0f, 0x05};
#else
    static const unsigned char call[] = {0x01, 0x00, 0x00, 0xd4};
#endif
    return memcmp((const char *)place - sizeof call, call, sizeof call) == 0;
}

static void print_place(uintptr_t place, int count)
{
    Dl_info here, there = {0};
    dladdr((void *)(uintptr_t)bench_sample_stop, &here);
    if (!dladdr((void *)place, &there) || !there.dli_fname)
        printf("in somewhere %d\n", count);
    else if (is_system_call(place))
        printf("in system_call %d\n", count);
    else if (there.dli_fbase == here.dli_fbase)
        printf("at %jx %d\n", (uintmax_t)(place - (uintptr_t)here.dli_fbase),
               count);
    else
        printf("in %s:%s %d\n", there.dli_fname,
               there.dli_sname ? there.dli_sname : "?", count);
}

void bench_sample_stop(void)
{
    for (int i = 0; i < all.n_timers; i++)
        timer_delete(all.timers[i]);
    signal(SIGPROF, SIG_IGN);
    int n = atomic_load(&all.n_samples);
    n = n < MOST_SAMPLES ? n : MOST_SAMPLES;
    qsort(all.samples, (size_t)n, sizeof *all.samples, compare);
    for (int i = 0, last = 0; i < n; last = i) {
        while (i < n && all.samples[i] == all.samples[last])
            i++;
        print_place(all.samples[last], i - last);
    }
    free(all.samples);
}
#else
void bench_sample_ready(void)
{
}

int bench_sample_start(void)
{
    return 0;
}

void bench_sample_stop(void)
{
}
#endif
