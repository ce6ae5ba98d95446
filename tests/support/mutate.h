// SPDX-License-Identifier: MIT
// Changes of a file at random, the same for a seed on every machine.
#ifndef RNNC_TEST_MUTATE_H
#define RNNC_TEST_MUTATE_H

#include <stddef.h>
#include <stdint.h>

typedef struct mutator {
    uint64_t state; // begins with the seed
} mutator;

uint64_t mutate_number(mutator *m);
size_t mutate_below(mutator *m, size_t count); // count > 0

// The first bytes of a safetensors file up to its data; what `size` bears out.
size_t mutate_header(const unsigned char *bytes, size_t size);

// One to three changes in place: bits and bytes, extreme numbers in digits and
// in 32 bits, a piece of the file over another; seven of ten hit the first
// `header` bytes. One file of ten is cut. Returns the size that is left.
size_t mutate(mutator *m, unsigned char *bytes, size_t size, size_t header);

#endif
