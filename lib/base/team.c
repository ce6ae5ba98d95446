// SPDX-License-Identifier: MIT
// A persistent team of POSIX threads: gates that spin and then sleep carry the
// start of a run, its end, and the barriers within it.
#include "base/team.h"

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <unistd.h>

enum { SPINS = 2000, CACHE_LINE = 64 };

// A counter to wait on. `sleepers` is announced before the last look at
// `value`, and `value` is advanced before the look at `sleepers` (both
// sequentially consistent), so one of the two sides always sees the other.
typedef struct gate {
    _Alignas(CACHE_LINE) atomic_uint value;
    atomic_int sleepers;
    pthread_mutex_t lock;
    pthread_cond_t moved;
} gate;

typedef struct member {
    rni_team *team;
    pthread_t thread;
    int32_t number;
    unsigned seen; // value of `go` that it has run already
} member;

// `size` are wanted, `running` are there (the caller included). All that a run
// sets is written before `go` advances and read after.
struct rni_team {
    gate go, done, phase;
    _Alignas(CACHE_LINE) atomic_int unfinished; // members in this run
    _Alignas(CACHE_LINE) atomic_int arrived;    // members at this barrier
    _Alignas(CACHE_LINE) atomic_flag busy;
    rni_memory memory;
    pid_t owner; // threads do not survive a fork
    int32_t size;
    atomic_int running;
    int32_t spins;
    bool stop;
    rni_team_body body;
    void *work;
    fenv_t environment;
    member *members; // [size], the first unused
};

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool gate_init(gate *g)
{
    atomic_init(&g->value, 0);
    atomic_init(&g->sleepers, 0);
    if (pthread_mutex_init(&g->lock, NULL) != 0)
        return false;
    if (pthread_cond_init(&g->moved, NULL) == 0)
        return true;
    pthread_mutex_destroy(&g->lock);
    return false;
}

static void gate_fini(gate *g)
{
    pthread_cond_destroy(&g->moved);
    pthread_mutex_destroy(&g->lock);
}

static void gate_advance(gate *g)
{
    atomic_fetch_add(&g->value, 1);
    if (atomic_load(&g->sleepers) == 0)
        return;
    pthread_mutex_lock(&g->lock);
    pthread_cond_broadcast(&g->moved);
    pthread_mutex_unlock(&g->lock);
}

// Returns once the value is no longer `seen`.
static void gate_wait(gate *g, unsigned seen, int32_t spins)
{
    for (int32_t i = 0; i < spins; i++) {
        if (atomic_load_explicit(&g->value, memory_order_acquire) != seen)
            return;
        relax();
    }
    pthread_mutex_lock(&g->lock);
    atomic_fetch_add(&g->sleepers, 1);
    while (atomic_load(&g->value) == seen)
        pthread_cond_wait(&g->moved, &g->lock);
    atomic_fetch_sub(&g->sleepers, 1);
    pthread_mutex_unlock(&g->lock);
}

static bool gates_init(rni_team *team)
{
    gate *gates[] = {&team->go, &team->done, &team->phase};
    for (int i = 0; i < 3; i++) {
        if (gate_init(gates[i]))
            continue;
        while (i-- > 0)
            gate_fini(gates[i]);
        return false;
    }
    return true;
}

// Spinning only delays the others where members share a core.
static int32_t spins_for(int32_t size)
{
    return size > sysconf(_SC_NPROCESSORS_ONLN) ? 0 : SPINS;
}

static rni_team *release(rni_team *team)
{
    rni_memory memory = team->memory;
    rni_memory_release(&memory, team->members);
    rni_memory_release(&memory, team);
    return NULL;
}

rni_team *rni_team_create(const rni_memory *memory, int32_t size)
{
    rni_team *team = rni_memory_zeroed(memory, 1, sizeof *team);
    if (team == NULL)
        return NULL;
    team->memory = *memory;
    team->owner = getpid();
    team->size = size < 1 ? 1 : size;
    team->spins = spins_for(team->size);
    atomic_init(&team->running, 1);
    atomic_flag_clear(&team->busy);
    team->members =
        rni_memory_zeroed(memory, (size_t)team->size, sizeof *team->members);
    if (team->members == NULL || !gates_init(team))
        return release(team);
    return team;
}

// In a forked child there is nothing to join, and the gates may be held by
// threads that are not there; their memory is all there is to give back.
void rni_team_destroy(rni_team *team)
{
    if (team == NULL)
        return;
    if (team->owner == getpid()) {
        team->stop = true;
        gate_advance(&team->go);
        for (int32_t i = 1; i < atomic_load(&team->running); i++)
            pthread_join(team->members[i].thread, NULL);
        gate_fini(&team->go);
        gate_fini(&team->done);
        gate_fini(&team->phase);
    }
    release(team);
}

int32_t rni_team_size(const rni_team *team)
{
    return team == NULL ? 1 : team->size;
}

static void *member_main(void *argument)
{
    member *self = argument;
    rni_team *team = self->team;
    for (;;) {
        gate_wait(&team->go, self->seen, team->spins);
        self->seen++;
        if (team->stop)
            return NULL;
        fesetenv(&team->environment);
        team->body(team->work, self->number,
                   atomic_load_explicit(&team->running, memory_order_relaxed));
        if (atomic_fetch_sub(&team->unfinished, 1) == 1)
            gate_advance(&team->done);
    }
}

// The caller holds `busy`.
static bool start_one(rni_team *team)
{
    int32_t number = atomic_load(&team->running);
    member *self = &team->members[number];
    self->team = team;
    self->number = number;
    self->seen = atomic_load(&team->go.value);
    if (pthread_create(&self->thread, NULL, member_main, self) != 0)
        return false;
    atomic_store(&team->running, number + 1);
    return true;
}

// Members leave the host's signals to the host's own threads; only faults of
// their own stay open.
static void block_signals(sigset_t *before)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, before);
}

static bool usable(const rni_team *team)
{
    return team != NULL && team->owner == getpid();
}

bool rni_team_start(rni_team *team)
{
    if (team == NULL || atomic_load(&team->running) == team->size)
        return usable(team);
    if (!usable(team) || atomic_flag_test_and_set(&team->busy))
        return false;
    sigset_t before;
    block_signals(&before);
    bool started = true;
    while (started && atomic_load(&team->running) < team->size)
        started = start_one(team);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    atomic_flag_clear(&team->busy);
    return started;
}

// The caller holds `busy`.
static void run_together(rni_team *team, rni_team_body body, void *work,
                         int32_t size)
{
    unsigned seen = atomic_load(&team->done.value);
    team->body = body;
    team->work = work;
    fegetenv(&team->environment);
    atomic_store(&team->unfinished, size);
    gate_advance(&team->go);
    body(work, 0, size);
    if (atomic_fetch_sub(&team->unfinished, 1) != 1)
        gate_wait(&team->done, seen, team->spins);
}

void rni_team_run(rni_team *team, rni_team_body body, void *work)
{
    if (!usable(team) || atomic_load(&team->running) == 1 ||
        atomic_flag_test_and_set(&team->busy)) {
        body(work, 0, 1);
        return;
    }
    run_together(team, body, work, atomic_load(&team->running));
    atomic_flag_clear(&team->busy);
}

void rni_team_barrier(rni_team *team, int32_t size)
{
    if (team == NULL || size <= 1)
        return;
    unsigned seen = atomic_load(&team->phase.value);
    if (atomic_fetch_add(&team->arrived, 1) == size - 1) {
        atomic_store(&team->arrived, 0);
        gate_advance(&team->phase);
    } else {
        gate_wait(&team->phase, seen, team->spins);
    }
}
