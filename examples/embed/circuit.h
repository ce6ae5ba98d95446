/* SPDX-License-Identifier: MIT */
/* What the network of this example imitates: an amplifier that saturates, and
 * a filter behind it. */
#ifndef CIRCUIT_H
#define CIRCUIT_H

#include <math.h>

/* One sample; `state` is the filter's, 0 at first. */
static inline float circuit(float x, float *state)
{
    return *state += 0.2f * (tanhf(3 * x) - *state);
}

#endif
