// SPDX-License-Identifier: MIT
#include "peak.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *numbers, int n)
{
    qsort(numbers, (size_t)n, sizeof *numbers, compare);
    return n % 2 ? numbers[n / 2] : 0.5 * (numbers[n / 2 - 1] + numbers[n / 2]);
}

enum { CHAINS = 12, ROUNDS = 20000 }; // enough chains to hide the latency

// One body for each width: CHAINS independent chains of multiply-adds.
#define CHAIN_BODY(vector, lanes, fma)                                         \
    vector sum[CHAINS];                                                        \
    for (int c = 0; c < CHAINS; c++)                                           \
        for (int l = 0; l < lanes; l++)                                        \
            sum[c][l] = (float)c;                                              \
    vector a = sum[1] * 0.999f, b = sum[2] * 1e-3f;                            \
    for (int r = 0; r < ROUNDS; r++) {                                         \
        for (int c = 0; c < CHAINS; c++) {                                     \
            sum[c] = fma(a, sum[c], b);                                        \
            __asm__ volatile("" : "+" CONSTRAINT(sum[c]));                     \
        }                                                                      \
    }                                                                          \
    float total = 0;                                                           \
    for (int c = 0; c < CHAINS; c++)                                           \
        total += sum[c][0];                                                    \
    return total;

#if defined(__x86_64__)
#include <immintrin.h>
#define CONSTRAINT(x) "v"(x)

__attribute__((target("avx512f"))) static float chains_avx512(void)
{
    CHAIN_BODY(__m512, 16, _mm512_fmadd_ps)
}

__attribute__((target("avx2,fma"))) static float chains_avx2(void)
{
    CHAIN_BODY(__m256, 8, _mm256_fmadd_ps)
}

#define MULTIPLY_ADD(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
static float chains_baseline(void)
{
    CHAIN_BODY(__m128, 4, MULTIPLY_ADD)
}
#else
#define CONSTRAINT(x)         "w"(x)
typedef float four __attribute__((vector_size(16)));
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
static float chains_baseline(void)
{
    CHAIN_BODY(four, 4, MULTIPLY_ADD)
}
#endif

typedef struct variant {
    const char *isa;
    int lanes;
    float (*run)(void);
} variant;

static const variant variants[] = {
#if defined(__x86_64__)
    {"avx512", 16, chains_avx512},
    {"avx2", 8, chains_avx2},
#endif
    {"", 4, chains_baseline},
};

double bench_peak(const char *isa)
{
    const variant *v = variants;
    while (v->isa[0] && strcmp(v->isa, isa) != 0)
        v++;
    double best = 0;
    volatile float sink = 0;
    for (int i = 0; i < 25; i++) {
        double start = bench_seconds();
        sink += v->run();
        double rate =
            2.0 * v->lanes * CHAINS * ROUNDS / (bench_seconds() - start);
        best = rate > best ? rate : best;
    }
    (void)sink;
    return best;
}
