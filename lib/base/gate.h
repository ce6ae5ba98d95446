// SPDX-License-Identifier: MIT
// Gates between threads: a counter that one side advances and one waits for,
// first spinning, then asleep.
#ifndef RNI_GATE_H
#define RNI_GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

// `sleepers` is announced before the last look at `value`, and `value` is
// advanced before the look at `sleepers` (both sequentially consistent), so
// one of the two sides always sees the other.
typedef struct rni_gate {
    _Alignas(RNI_ALIGNMENT) atomic_uint value;
    atomic_int sleepers;
    unsigned nudges; // under lock
    pthread_mutex_t lock;
    pthread_cond_t moved;
} rni_gate;

bool rni_gate_init(rni_gate *gate);
void rni_gate_fini(rni_gate *gate);

void rni_gate_advance(rni_gate *gate);

// Returns once the value is no longer `seen`. Sleeps after `spins` looks.
void rni_gate_wait(rni_gate *gate, unsigned seen, int32_t spins);

static inline bool rni_gate_sleeps(const rni_gate *gate)
{
    return atomic_load_explicit(&gate->sleepers, memory_order_relaxed) > 0;
}

// Sleepers spin once more.
void rni_gate_nudge(rni_gate *gate);

#endif
