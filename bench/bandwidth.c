// SPDX-License-Identifier: MIT
#include "bandwidth.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "peak.h"

// A round reads enough to take milliseconds; the best of some counts.
enum {
    LINE_FLOATS = 16,
    LINE_BYTES = 64,
    UNROLLED = 8,
    LEAST_BYTES = 1 << 28,
    ROUNDS = 7,
    MOST_THREADS = 64
};

// Reads `lines` lines, a multiple of UNROLLED, `passes` times.
typedef void reader(const float *from, int64_t lines, int64_t passes);

#define READ_BODY(read)                                                        \
    for (int64_t p = 0; p < passes; p++)                                       \
        for (int64_t i = 0; i < lines; i += UNROLLED)                          \
            for (int k = 0; k < UNROLLED; k++)                                 \
                read(from + (i + k) * LINE_FLOATS);

// Empty assembly is where the values are wanted.
#if defined(__x86_64__)
#include <immintrin.h>

#define READ_512(at) __asm__ volatile("" ::"v"(_mm512_load_ps(at)))
#define READ_256(at)                                                           \
    __asm__ volatile("" ::"x"(_mm256_load_ps(at)),                             \
                     "x"(_mm256_load_ps((at) + 8)))

__attribute__((target("avx512f"))) static void
read_avx512(const float *from, int64_t lines, int64_t passes)
{
    READ_BODY(READ_512)
}

__attribute__((target("avx2"))) static void
read_avx2(const float *from, int64_t lines, int64_t passes)
{
    READ_BODY(READ_256)
}
#endif

#define READ_LINE(at)                                                          \
    for (int f = 0; f < LINE_FLOATS; f++)                                      \
    sink = (at)[f]

static void read_baseline(const float *from, int64_t lines, int64_t passes)
{
    volatile float sink = 0;
    READ_BODY(READ_LINE)
    (void)sink;
}

static reader *best_reader(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return read_avx512;
    if (__builtin_cpu_supports("avx2"))
        return read_avx2;
#endif
    return read_baseline;
}

typedef struct part {
    reader *read;
    const float *from;
    int64_t lines, passes;
    pthread_barrier_t *barrier;
} part;

static void *read_part(void *argument)
{
    const part *p = argument;
    p->read(p->from, p->lines, 1);
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(p->barrier);
        p->read(p->from, p->lines, p->passes);
        pthread_barrier_wait(p->barrier);
    }
    return NULL;
}

// Member 0 reads too, and holds the watch.
static double time_rounds(const part *p)
{
    double best = 0;
    p->read(p->from, p->lines, 1);
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(p->barrier);
        double start = bench_seconds();
        p->read(p->from, p->lines, p->passes);
        pthread_barrier_wait(p->barrier);
        double spent = bench_seconds() - start;
        best = round == 0 || spent < best ? spent : best;
    }
    return best;
}

// The parts of all members but the first, each on a thread of its own.
static double time_parts(part *parts, int n)
{
    pthread_t others[MOST_THREADS];
    for (int i = 1; i < n; i++)
        if (pthread_create(&others[i], NULL, read_part, &parts[i]))
            bench_fail("bandwidth", "no thread");
    double best = time_rounds(&parts[0]);
    for (int i = 1; i < n; i++)
        pthread_join(others[i], NULL);
    return best;
}

static int between(int n, int low, int high)
{
    return n < low ? low : n > high ? high : n;
}

double bench_bandwidth(int64_t bytes, int threads)
{
    int n = between(threads, 1, MOST_THREADS);
    int64_t step = (int64_t)LINE_BYTES * UNROLLED * n;
    int64_t lines = (bytes + step - 1) / step * UNROLLED;
    int64_t whole = lines * LINE_BYTES * n, passes = LEAST_BYTES / whole + 1;
    char *block = bench_take(whole + LINE_BYTES, 1);
    memset(block, 1, (size_t)(whole + LINE_BYTES)); // pages of its own
    char *start = block + LINE_BYTES - (uintptr_t)block % LINE_BYTES;
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, (unsigned)n);
    part parts[MOST_THREADS];
    for (int i = 0; i < n; i++)
        parts[i] =
            (part){best_reader(),
                   (const float *)(void *)start + i * lines * LINE_FLOATS,
                   lines, passes, &barrier};
    double best = time_parts(parts, n);
    pthread_barrier_destroy(&barrier);
    free(block);
    return (double)whole * (double)passes / best;
}
