// SPDX-License-Identifier: MIT
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>

void bench_fail(const char *what, const char *message)
{
    fprintf(stderr, "rows: %s: %s\n", what, message);
    exit(1);
}

void *bench_take(int64_t count, size_t size)
{
    void *block = calloc((size_t)count, size);
    if (!block)
        bench_fail("memory", "out of memory");
    return block;
}

void bench_show(const char *name, const float *values, int64_t count)
{
    int64_t shown = count < BENCH_SAMPLE ? count : BENCH_SAMPLE;
    printf("%s", name);
    for (int64_t i = 0; i < shown; i++)
        printf(" %.9g", (double)values[i * count / shown]);
    printf("\n");
}
