// SPDX-License-Identifier: MIT
// A persistent team of POSIX threads. Each member has gates of its own for the
// start of a run, for its end and for the barriers within, so that no two of
// them ever add to the same counter.
#include "base/team.h"

#include <fenv.h>
#include <signal.h>
#include <unistd.h>

#include "base/gate.h"
#include "base/origin.h"

enum { TURNS = 40, SHORT_SPINS = 100 };

// What decides how floats are computed.
typedef struct environment {
#if defined(__x86_64__)
    unsigned vector; // MXCSR without its flags
    unsigned short scalar;
#else
    fenv_t all;
#endif
} environment;

// What a member is to do; in the cache line of its gate, so that one look
// brings all of it.
typedef struct job {
    rni_team_body body;
    void *work;
    environment environment;
    int32_t size; // members of this run
    bool stop;
} job;

typedef struct member {
    _Alignas(RNI_ALIGNMENT) job job; // written before `go` moves, read after
    rni_gate go;                     // advanced by the caller
    _Alignas(RNI_ALIGNMENT) rni_gate done; // by the member
    rni_team *team;
    pthread_t thread;
    int32_t number;
    unsigned seen; // value of `go` that it has run already
} member;

// One round of a barrier for one member: advanced by the member that comes
// 2^round before it.
typedef struct signal_gate {
    _Alignas(RNI_ALIGNMENT) rni_gate gate;
    unsigned seen; // its own
} signal_gate;

// `size` are wanted, `running` are there (the caller included).
struct rni_team {
    _Alignas(RNI_ALIGNMENT) atomic_flag busy;
    rni_memory memory;
    rni_origin origin; // threads do not survive a fork
    int32_t size, rounds;
    atomic_int running;
    int32_t turns;        // of watching a gate before sleep
    int32_t unsettled;    // first members that may have been given a job unseen
    member *members;      // [size]; of the first, nothing is used
    signal_gate *signals; // [size, rounds]
};

// ---- The floating-point environment ----------------------------------------

#if defined(__x86_64__)
enum { FLAGS = 0x3f };

static environment environment_get(void)
{
    environment e;
    __asm__ volatile("fnstcw %0" : "=m"(e.scalar));
    e.vector = __builtin_ia32_stmxcsr() & ~(unsigned)FLAGS;
    return e;
}

// Setting takes longer than looking: it is most often as it should be.
static void environment_set(const environment *e)
{
    environment now = environment_get();
    if (now.vector != e->vector)
        __builtin_ia32_ldmxcsr(e->vector);
    if (now.scalar != e->scalar)
        __asm__ volatile("fldcw %0" : : "m"(e->scalar));
}
#else
static environment environment_get(void)
{
    environment e;
    fegetenv(&e.all);
    return e;
}

static void environment_set(const environment *e)
{
    fesetenv(&e->all);
}
#endif

// ---- Made and let go -------------------------------------------------------

// Watching only delays the others where there are more members than cores.
static int32_t turns_for(int32_t size)
{
    return size > sysconf(_SC_NPROCESSORS_ONLN) ? 0 : TURNS;
}

// Rounds of a barrier: log2 of the size, rounded up.
static int32_t rounds_for(int32_t size)
{
    int32_t rounds = 0;
    while ((int32_t)1 << rounds < size)
        rounds++;
    return rounds;
}

static int32_t signal_count(const rni_team *team)
{
    return team->size * team->rounds;
}

// The gates one after another; NULL behind the last.
static rni_gate *gate_at(const rni_team *team, int32_t index)
{
    if (index < 2 * team->size)
        return index % 2 ? &team->members[index / 2].done
                         : &team->members[index / 2].go;
    index -= 2 * team->size;
    return index < signal_count(team) ? &team->signals[index].gate : NULL;
}

static void gates_fini(rni_team *team, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        rni_gate_fini(gate_at(team, i));
}

static bool gates_init(rni_team *team)
{
    for (int32_t i = 0; gate_at(team, i) != NULL; i++)
        if (!rni_gate_init(gate_at(team, i))) {
            gates_fini(team, i);
            return false;
        }
    return true;
}

static rni_team *release(rni_team *team)
{
    rni_memory memory = team->memory;
    rni_origin_fini(&team->origin, &memory);
    rni_memory_release(&memory, team->signals);
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
    team->size = size < 1 ? 1 : size;
    team->rounds = rounds_for(team->size);
    team->turns = turns_for(team->size);
    atomic_init(&team->running, 1);
    atomic_flag_clear(&team->busy);
    team->members =
        rni_memory_zeroed(memory, (size_t)team->size, sizeof *team->members);
    team->signals = rni_memory_zeroed(memory, (size_t)signal_count(team),
                                      sizeof *team->signals);
    if (team->members == NULL || team->signals == NULL ||
        !rni_origin_init(&team->origin, memory) || !gates_init(team))
        return release(team);
    return team;
}

// In a forked child there is nothing to join, and the gates may be held by
// threads that are not there; their memory is all there is to give back.
void rni_team_destroy(rni_team *team)
{
    if (team == NULL)
        return;
    if (rni_origin_is_here(&team->origin)) {
        for (int32_t i = 1; i < atomic_load(&team->running); i++) {
            team->members[i].job.stop = true;
            rni_gate_advance(&team->members[i].go);
            pthread_join(team->members[i].thread, NULL);
        }
        gates_fini(team, 2 * team->size + signal_count(team));
    }
    release(team);
}

int32_t rni_team_size(const rni_team *team)
{
    return team == NULL ? 1 : team->size;
}

// ---- Threads ---------------------------------------------------------------

static void *member_main(void *argument)
{
    member *self = argument;
    rni_team *team = self->team;
    for (;;) {
        rni_gate_wait(&self->go, self->seen, team->turns);
        self->seen++;
        const job *j = &self->job;
        if (j->stop)
            return NULL;
        environment_set(&j->environment);
        j->body(j->work, self->number, j->size);
        rni_gate_advance(&self->done);
    }
}

// The caller holds `busy`.
static bool start_one(rni_team *team)
{
    int32_t number = atomic_load(&team->running);
    member *self = &team->members[number];
    self->team = team;
    self->number = number;
    self->seen = atomic_load(&self->go.value);
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
    return team != NULL && rni_origin_is_here(&team->origin);
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

// ---- Runs ------------------------------------------------------------------

// Who watches is not waited for; who is seen asleep is woken at once.
static void give(member *to, const job *j)
{
    to->job = *j;
    rni_gate_post(&to->go);
    if (rni_gate_sleeps(&to->go))
        rni_gate_settle(&to->go);
}

// A member that fell asleep as its job came may have been missed: the caller
// looks again before it waits for anybody.
static void settle(rni_team *team)
{
    for (; team->unsettled > 1; team->unsettled--)
        rni_gate_settle(&team->members[team->unsettled - 1].go);
}

static void wait_for(rni_team *team, member *other)
{
    unsigned runs =
        atomic_load_explicit(&other->go.value, memory_order_relaxed);
    if (rni_gate_spin(&other->done, runs - 1, SHORT_SPINS))
        return;
    settle(team);
    rni_gate_wait(&other->done, runs - 1, team->turns);
}

// The caller holds `busy`: between runs, nobody advances `done`.
static void run_together(rni_team *team, rni_team_body body, void *work,
                         int32_t size)
{
    job j = {body, work, environment_get(), size, false};
    for (int32_t i = 1; i < size; i++)
        give(&team->members[i], &j);
    team->unsettled = size;
    body(work, 0, size);
    for (int32_t i = 1; i < size; i++)
        wait_for(team, &team->members[i]);
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

void rni_team_run_few(rni_team *team, int32_t most, rni_team_body body,
                      void *work)
{
    int32_t size = usable(team) ? least(most, atomic_load(&team->running)) : 1;
    if (size <= 1 || atomic_flag_test_and_set(&team->busy)) {
        body(work, 0, 1);
        return;
    }
    run_together(team, body, work, size);
    atomic_flag_clear(&team->busy);
}

void rni_team_run(rni_team *team, rni_team_body body, void *work)
{
    rni_team_run_few(team, rni_team_size(team), body, work);
}

// In round k a member tells the one 2^k after it, and hears from the one 2^k
// before it, that all between have come.
void rni_team_barrier(rni_team *team, int32_t number, int32_t size)
{
    for (int32_t k = 0; (int32_t)1 << k < size; k++) {
        int32_t next = (number + ((int32_t)1 << k)) % size;
        signal_gate *own = &team->signals[number * team->rounds + k];
        rni_gate_advance(&team->signals[next * team->rounds + k].gate);
        unsigned seen = own->seen++;
        if (rni_gate_spin(&own->gate, seen, SHORT_SPINS))
            continue;
        if (number == 0)
            settle(team);
        rni_gate_wait(&own->gate, seen, team->turns);
    }
}

bool rni_team_asleep(const rni_team *team, int32_t most)
{
    int32_t size = usable(team) ? least(most, atomic_load(&team->running)) : 1;
    for (int32_t i = 1; i < size; i++)
        if (rni_gate_sleeps(&team->members[i].go))
            return true;
    return false;
}

void rni_team_rouse(rni_team *team, int32_t most)
{
    int32_t size = usable(team) ? least(most, atomic_load(&team->running)) : 1;
    for (int32_t i = 1; i < size; i++)
        rni_gate_nudge(&team->members[i].go);
}
