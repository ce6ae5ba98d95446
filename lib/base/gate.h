// SPDX-License-Identifier: MIT
// Gates between threads: a counter that one side advances and one waits for,
// first spinning, then asleep. It is to have a cache line of its own, but for
// what is read together with it.
#ifndef RNI_GATE_H
#define RNI_GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

// A side that goes to sleep announces itself in `sleepers` and then looks at
// `value` once more; the other advances `value` and then looks at `sleepers`,
// by an addition of nothing: of two additions the later sees the earlier, and
// all that was done before it. So one of the two sides always sees the other.
typedef struct rni_gate {
    atomic_uint value;
    atomic_int sleepers;
    unsigned nudges; // under lock
    pthread_mutex_t lock;
    pthread_cond_t moved;
} rni_gate;

bool rni_gate_init(rni_gate *gate);
void rni_gate_fini(rni_gate *gate);

// By one side alone.
void rni_gate_advance(rni_gate *gate);

// The same in two parts: waiters that spin go on after the first, which does
// not wait for anything; sleepers are woken by the second.
void rni_gate_post(rni_gate *gate);
void rni_gate_settle(rni_gate *gate);

// Returns once the value is no longer `seen`. Watches for so many turns, lets
// other threads go on after each of them, and then sleeps.
void rni_gate_wait(rni_gate *gate, unsigned seen, int32_t turns);
// False where it is still `seen` after `spins` looks.
bool rni_gate_spin(const rni_gate *gate, unsigned seen, int32_t spins);

static inline bool rni_gate_sleeps(const rni_gate *gate)
{
    return atomic_load_explicit(&gate->sleepers, memory_order_relaxed) > 0;
}

// Sleepers spin once more.
void rni_gate_nudge(rni_gate *gate);

#endif
