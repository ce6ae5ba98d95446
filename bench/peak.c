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

enum { CHAINS = 12, ROUNDS = 20000 }; // enough chains to hide the latency

#define EACH_CHAIN(X)                                                          \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

// One body for each width: independent chains of multiply-adds in registers,
// which the empty assembly keeps the compiler from adding up by itself.
#define CHAIN_BODY(vector, fma)                                                \
    vector a = {0.999f}, b = {1e-3f};                                          \
    EACH_CHAIN(DECLARE_##vector)                                               \
    for (int r = 0; r < ROUNDS; r++) {                                         \
        EACH_CHAIN(STEP_##fma)                                                 \
    }                                                                          \
    float total = 0;                                                           \
    EACH_CHAIN(COLLECT)                                                        \
    return total;

#define COLLECT(c) total += sum##c[0];
#define STEP(c, fma)                                                           \
    sum##c = fma(a, sum##c, b);                                                \
    __asm__ volatile("" : CONSTRAINT(sum##c));

#if defined(__x86_64__)
#include <immintrin.h>
#define CONSTRAINT(x)           "+v"(x)
#define DECLARE___m512(c)       __m512 sum##c = {c};
#define DECLARE___m256(c)       __m256 sum##c = {c};
#define DECLARE___m128(c)       __m128 sum##c = {c};
#define STEP__mm512_fmadd_ps(c) STEP(c, _mm512_fmadd_ps)
#define STEP__mm256_fmadd_ps(c) STEP(c, _mm256_fmadd_ps)

__attribute__((target("avx512f"))) static float chains_avx512(void)
{
    CHAIN_BODY(__m512, _mm512_fmadd_ps)
}

__attribute__((target("avx2,fma"))) static float chains_avx2(void)
{
    CHAIN_BODY(__m256, _mm256_fmadd_ps)
}

#define MULTIPLY_ADD(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
#define STEP_MULTIPLY_ADD(c)  STEP(c, MULTIPLY_ADD)
static float chains_baseline(void)
{
    CHAIN_BODY(__m128, MULTIPLY_ADD)
}
#elif defined(__aarch64__)
#include <arm_neon.h>
#define CONSTRAINT(x)          "+w"(x)
#define DECLARE_float32x4_t(c) float32x4_t sum##c = {c};
#define MULTIPLY_ADD(a, b, c)  vfmaq_f32(c, a, b)
#define STEP_MULTIPLY_ADD(c)   STEP(c, MULTIPLY_ADD)
static float chains_baseline(void)
{
    CHAIN_BODY(float32x4_t, MULTIPLY_ADD)
}
#else
typedef float four __attribute__((vector_size(16)));
#define CONSTRAINT(x)         "+m"(x)
#define DECLARE_four(c)       four sum##c = {c};
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define STEP_MULTIPLY_ADD(c)  STEP(c, MULTIPLY_ADD)
static float chains_baseline(void)
{
    CHAIN_BODY(four, MULTIPLY_ADD)
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
