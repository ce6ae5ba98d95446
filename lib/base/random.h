// SPDX-License-Identifier: MIT
// Counter-based random numbers (Philox 4x32-10, Salmon et al. 2011): a number
// is a pure function of a key and a counter, so any order gives the same ones.
#ifndef RNI_RANDOM_H
#define RNI_RANDOM_H

#include <stdint.h>

// Four words from a 64-bit key and a 128-bit counter.
void rni_random_block(uint64_t key, const uint32_t counter[4],
                      uint32_t words[4]);

// A key of its own for a named stream under `seed`.
uint64_t rni_random_key(uint64_t seed, const char *stream);

// Mixes a number (a node's id, a run's counter) into a key.
uint64_t rni_random_mix(uint64_t key, uint64_t number);

// A stream read in order.
typedef struct rni_random {
    uint64_t key;
    uint64_t position; // numbers drawn so far, in words
    uint32_t words[4];
} rni_random;

void rni_random_init(rni_random *random, uint64_t seed, const char *stream);
uint32_t rni_random_word(rni_random *random);
float rni_random_uniform(rni_random *random); // [0, 1), 24 bits
double rni_random_normal(rni_random *random); // mean 0, deviation 1, no libm

#endif
