// SPDX-License-Identifier: MIT
// Waiting at gates.
#include "base/gate.h"

#include <sched.h>

enum { LOOKS = 64 }; // of a turn, some two microseconds

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

bool rni_gate_init(rni_gate *gate)
{
    atomic_init(&gate->value, 0);
    atomic_init(&gate->sleepers, 0);
    gate->nudges = 0;
    if (pthread_mutex_init(&gate->lock, NULL) != 0)
        return false;
    if (pthread_cond_init(&gate->moved, NULL) == 0)
        return true;
    pthread_mutex_destroy(&gate->lock);
    return false;
}

void rni_gate_fini(rni_gate *gate)
{
    pthread_cond_destroy(&gate->moved);
    pthread_mutex_destroy(&gate->lock);
}

static void wake(rni_gate *gate, unsigned nudges)
{
    pthread_mutex_lock(&gate->lock);
    gate->nudges += nudges;
    pthread_cond_broadcast(&gate->moved);
    pthread_mutex_unlock(&gate->lock);
}

void rni_gate_post(rni_gate *gate)
{
    unsigned value = atomic_load_explicit(&gate->value, memory_order_relaxed);
    atomic_store_explicit(&gate->value, value + 1, memory_order_release);
}

void rni_gate_settle(rni_gate *gate)
{
    if (atomic_fetch_add(&gate->sleepers, 0) > 0)
        wake(gate, 0);
}

void rni_gate_advance(rni_gate *gate)
{
    rni_gate_post(gate);
    rni_gate_settle(gate);
}

void rni_gate_nudge(rni_gate *gate)
{
    if (rni_gate_sleeps(gate))
        wake(gate, 1);
}

bool rni_gate_spin(const rni_gate *gate, unsigned seen, int32_t spins)
{
    for (int32_t i = 0; i < spins; i++) {
        if (atomic_load_explicit(&gate->value, memory_order_acquire) != seen)
            return true;
        relax();
    }
    return false;
}

static void sleep_at(rni_gate *gate, unsigned seen)
{
    pthread_mutex_lock(&gate->lock);
    unsigned nudges = gate->nudges;
    atomic_fetch_add(&gate->sleepers, 1);
    while (atomic_load(&gate->value) == seen && gate->nudges == nudges)
        pthread_cond_wait(&gate->moved, &gate->lock);
    atomic_fetch_sub(&gate->sleepers, 1);
    pthread_mutex_unlock(&gate->lock);
}

// The side that is waited for may have been put on the processor of this one,
// where it gets on only as far as this one lets it.
static bool watch(const rni_gate *gate, unsigned seen, int32_t turns)
{
    for (int32_t i = 0; i < turns; i++) {
        if (rni_gate_spin(gate, seen, LOOKS))
            return true;
        sched_yield();
    }
    return false;
}

void rni_gate_wait(rni_gate *gate, unsigned seen, int32_t turns)
{
    while (!watch(gate, seen, turns)) {
        sleep_at(gate, seen);
        if (atomic_load(&gate->value) != seen)
            return;
    }
}
