/* SPDX-License-Identifier: MIT */
/* A series of numbers, one a step. */
#ifndef SERIES_H
#define SERIES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct series {
    float *values;
    int64_t count;
} series;

/* The last column of a file of comma separated values; lines whose last column
 * is no number (a heading) are left out. False, with a word on stderr, where
 * the file cannot be read. */
bool series_read(series *to, const char *path);

/* A series of our own: a year, a week, a slow rise and some noise. */
bool series_make(series *to, int64_t count);

void series_free(series *of);

#endif
