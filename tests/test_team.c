// SPDX-License-Identifier: MIT
// The team: who runs, barriers, sleeping members, busy teams, forks, failed
// starts, floating-point state and signals.
#include "base/team.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum { MOST = 8 };

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1, ROUNDS = 200 };
#else
enum { SANITIZED = 0, ROUNDS = 5000 };
#endif

// qemu-user neither forks a process with threads nor limits its memory.
static bool emulated(void)
{
    return getenv("RNNC_TEST_EMULATED") != NULL;
}

static rni_team *made(int32_t size)
{
    rni_memory memory = rni_memory_default();
    rni_team *team = rni_team_create(&memory, size);
    assert_non_null(team);
    assert_int_equal(rni_team_size(team), size);
    return team;
}

static rni_team *started(int32_t size)
{
    rni_team *team = made(size);
    assert_true(rni_team_start(team));
    return team;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
}

// How often each member ran, and with which size; plain memory, so that a
// missing order between members shows as a race.
typedef struct tally {
    int64_t runs[MOST];
    int32_t size;
} tally;

static void count_member(void *work, int32_t member, int32_t size)
{
    tally *t = work;
    t->runs[member]++;
    if (member == 0)
        t->size = size;
}

static void every_member_runs_once(void **state)
{
    (void)state;
    for (int32_t size = 1; size <= MOST; size++) {
        rni_team *team = started(size);
        tally t = {0};
        for (int round = 0; round < ROUNDS; round++) {
            rni_team_run(team, count_member, &t);
            for (int i = 0; i < size; i++)
                assert_int_equal(t.runs[i], round + 1);
            assert_int_equal(t.size, size);
        }
        rni_team_destroy(team);
    }
}

static void members_that_sleep_wake(void **state)
{
    (void)state;
    rni_team *team = started(3);
    tally t = {0};
    for (int round = 0; round < 20; round++) {
        nap();
        rni_team_run(team, count_member, &t);
        assert_int_equal(t.runs[2], round + 1);
    }
    rni_team_destroy(team);
}

static void a_few_members_leave_the_others_alone(void **state)
{
    (void)state;
    rni_team *team = started(5);
    for (int most = 1; most <= 6; most++) {
        int few = most < 5 ? most : 5;
        tally t = {0};
        for (int round = 0; round < ROUNDS / 10; round++)
            rni_team_run_few(team, most, count_member, &t);
        assert_int_equal(t.size, few);
        for (int i = 0; i < 5; i++)
            assert_int_equal(t.runs[i], i < few ? ROUNDS / 10 : 0);
    }
    rni_team_destroy(team);
}

// Roused members have nothing to do, and sleep again.
static void members_are_roused_without_work(void **state)
{
    (void)state;
    rni_team *team = started(3);
    tally t = {0};
    for (int round = 0; round < 20; round++) {
        while (!rni_team_asleep(team, 3))
            nap();
        assert_false(rni_team_asleep(team, 1));
        rni_team_rouse(team, 3);
        if (round % 2)
            nap();
        assert_int_equal(t.runs[1], round);
        rni_team_run(team, count_member, &t);
        assert_int_equal(t.runs[1], round + 1);
    }
    rni_team_destroy(team);
}

static void assert_alone(rni_team *team)
{
    tally t = {0};
    rni_team_run(team, count_member, &t);
    assert_int_equal(t.runs[0], 1);
    assert_int_equal(t.runs[1], 0);
    assert_int_equal(t.size, 1);
}

static void without_a_team_the_caller_runs_alone(void **state)
{
    (void)state;
    assert_alone(NULL);
    assert_int_equal(rni_team_size(NULL), 1);
    assert_false(rni_team_start(NULL));
    rni_team_barrier(NULL, 0, 1);
    assert_false(rni_team_asleep(NULL, 2));
    rni_team_rouse(NULL, 2);
    rni_team_destroy(NULL);
    rni_team *team = made(4);
    assert_alone(team);
    rni_team_destroy(team);
}

// Each step every member reads what its neighbour wrote in the step before.
typedef struct ring {
    rni_team *team;
    int64_t cells[2][MOST];
    int32_t steps;
    int sleepy; // the member that comes late now and then
} ring;

static void pass_round(void *work, int32_t member, int32_t size)
{
    ring *r = work;
    for (int32_t step = 0; step < r->steps; step++) {
        const int64_t *from = r->cells[step % 2];
        int64_t *to = r->cells[(step + 1) % 2];
        if (member == r->sleepy && step % 50 == 7)
            nap();
        to[member] = from[(member + 1) % size] + 1;
        rni_team_barrier(r->team, member, size);
    }
}

static void barriers_hold_all_members(void **state)
{
    (void)state;
    for (int32_t size = 2; size <= MOST; size += 1 + size / 3) {
        ring r = {.team = started(size), .steps = ROUNDS, .sleepy = -1};
        for (int i = 0; i < MOST; i++)
            r.cells[0][i] = 100 * i;
        rni_team_run(r.team, pass_round, &r);
        for (int i = 0; i < size; i++)
            assert_int_equal(r.cells[ROUNDS % 2][i],
                             100 * ((i + ROUNDS) % size) + ROUNDS);
        rni_team_destroy(r.team);
    }
}

// Barriers of some members, of all, and of some again.
static void barriers_hold_a_few(void **state)
{
    (void)state;
    static const int sizes[] = {3, 5, 2, 4, 5};
    rni_team *team = started(5);
    for (int k = 0; k < 5; k++) {
        ring r = {.team = team, .steps = 201, .sleepy = -1};
        int size = sizes[k];
        for (int i = 0; i < MOST; i++)
            r.cells[0][i] = 100 * i;
        rni_team_run_few(team, size, pass_round, &r);
        for (int i = 0; i < size; i++)
            assert_int_equal(r.cells[1][i], 100 * ((i + 201) % size) + 201);
    }
    rni_team_destroy(team);
}

static void barriers_wait_for_sleepers(void **state)
{
    (void)state;
    for (int sleepy = 0; sleepy < 3; sleepy++) {
        ring r = {.team = started(3), .steps = 200, .sleepy = sleepy};
        rni_team_run(r.team, pass_round, &r);
        for (int i = 0; i < 3; i++)
            assert_int_equal(r.cells[0][i], 200);
        rni_team_destroy(r.team);
    }
}

typedef struct nest {
    rni_team *team;
    tally inner[MOST];
} nest;

static void run_within(void *work, int32_t member, int32_t size)
{
    (void)size;
    nest *n = work;
    rni_team_run(n->team, count_member, &n->inner[member]);
    rni_team_barrier(n->team, member, size);
}

static void wait_about(long nanoseconds)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec -
               start.tv_nsec <
           nanoseconds);
}

// Work comes when members are about to sleep, and begins with a barrier.
static void members_are_found_as_they_fall_asleep(void **state)
{
    (void)state;
    rni_team *team = started(2);
    for (int round = 0; round < ROUNDS; round++) {
        ring r = {.team = team, .steps = 2, .sleepy = -1};
        wait_about(20000 + 16 * round);
        rni_team_run(team, pass_round, &r);
        assert_int_equal(r.cells[0][0], 2);
    }
    rni_team_destroy(team);
}

static void a_run_within_a_run_is_alone(void **state)
{
    (void)state;
    nest n = {.team = started(3)};
    rni_team_run(n.team, run_within, &n);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(n.inner[i].runs[0], 1);
        assert_int_equal(n.inner[i].size, 1);
    }
    rni_team_destroy(n.team);
}

typedef struct caller {
    rni_team *team;
    tally t;
    int64_t together, alone;
} caller;

static void *call_often(void *argument)
{
    caller *c = argument;
    for (int i = 0; i < ROUNDS; i++) {
        rni_team_start(c->team);
        rni_team_run(c->team, count_member, &c->t);
        *(c->t.size == 1 ? &c->alone : &c->together) += 1;
    }
    return NULL;
}

static void many_callers_share_a_team(void **state)
{
    (void)state;
    rni_team *team = made(3);
    caller callers[3] = {{.team = team}, {.team = team}, {.team = team}};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(callers[i].t.runs[0], ROUNDS);
        assert_int_equal(callers[i].together + callers[i].alone, ROUNDS);
        assert_int_equal(callers[i].t.runs[2], callers[i].together);
    }
    rni_team_destroy(team);
}

// The child's verdict: 0 where all is as it should be.
static int in_child(rni_team *team)
{
    tally t = {0};
    rni_team_run(team, count_member, &t);
    bool alone = t.runs[0] == 1 && t.size == 1 && !rni_team_start(team);
    rni_team_destroy(team);
    rni_memory memory = rni_memory_default();
    team = rni_team_create(&memory, 2);
    bool fresh = team != NULL && (SANITIZED || rni_team_start(team));
    rni_team_destroy(team);
    return alone && fresh ? 0 : 1;
}

static int verdict_of(pid_t child)
{
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_forked_child_runs_alone(void **state)
{
    (void)state;
    if (emulated())
        skip();
    rni_team *team = started(3);
    for (int i = 0; i < 4; i++) {
        tally t = {0};
        rni_team_run(team, count_member, &t);
        if (i % 2)
            nap(); // forked with members asleep, and spinning
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(in_child(team));
        assert_int_equal(verdict_of(child), 0);
        rni_team_run(team, count_member, &t);
        assert_int_equal(t.runs[2], 2);
    }
    rni_team_destroy(team);
}

// No stack for a thread can be mapped (only what the C library has left from
// earlier ones); later it can.
static int starve(void)
{
    rni_memory memory = rni_memory_default();
    rni_team *team = rni_team_create(&memory, MOST);
    struct rlimit before, none;
    getrlimit(RLIMIT_AS, &before);
    none = before;
    none.rlim_cur = 1;
    setrlimit(RLIMIT_AS, &none);
    bool refused = !rni_team_start(team);
    tally t = {0};
    rni_team_run(team, count_member, &t);
    setrlimit(RLIMIT_AS, &before);
    bool few = t.size < MOST && t.runs[t.size - 1] == 1 && t.runs[t.size] == 0;
    bool again = rni_team_start(team);
    rni_team_run(team, count_member, &t);
    bool whole = t.size == MOST && t.runs[MOST - 1] == 1;
    rni_team_destroy(team);
    return refused && few && again && whole ? 0 : 1;
}

static void threads_may_fail_to_start(void **state)
{
    (void)state;
    if (SANITIZED || emulated())
        skip();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(starve());
    assert_int_equal(verdict_of(child), 0);
}

static void *allocate_once(void *user, size_t bytes)
{
    int *left = user;
    rni_memory memory = rni_memory_default();
    return (*left)-- > 0 ? memory.allocate(NULL, bytes) : NULL;
}

static void creation_may_run_out_of_memory(void **state)
{
    (void)state;
    for (int allowed = 0; allowed < 4; allowed++) {
        int left = allowed;
        rni_memory memory = rni_memory_default();
        memory.user = &left;
        memory.allocate = allocate_once;
        assert_null(rni_team_create(&memory, 2));
    }
}

typedef struct hosts {
    int rounding[MOST];
    int blocked[MOST];
} hosts;

static void look_around(void *work, int32_t member, int32_t size)
{
    (void)size;
    hosts *h = work;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    h->rounding[member] = fegetround();
    h->blocked[member] = sigismember(&mask, SIGUSR1);
}

static void members_have_the_callers_environment(void **state)
{
    (void)state;
    rni_team *team = started(3);
    static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_TONEAREST};
    for (int k = 0; k < 3; k++) {
        hosts h = {0};
        fesetround(modes[k]);
        rni_team_run(team, look_around, &h);
        int rounding = fegetround();
        fesetround(FE_TONEAREST);
        assert_int_equal(rounding, modes[k]);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(h.rounding[i], modes[k]);
            assert_int_equal(h.blocked[i], i > 0);
        }
    }
    rni_team_destroy(team);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_may_fail_to_start),
        cmocka_unit_test(every_member_runs_once),
        cmocka_unit_test(members_that_sleep_wake),
        cmocka_unit_test(a_few_members_leave_the_others_alone),
        cmocka_unit_test(members_are_roused_without_work),
        cmocka_unit_test(without_a_team_the_caller_runs_alone),
        cmocka_unit_test(barriers_hold_all_members),
        cmocka_unit_test(barriers_hold_a_few),
        cmocka_unit_test(barriers_wait_for_sleepers),
        cmocka_unit_test(members_are_found_as_they_fall_asleep),
        cmocka_unit_test(a_run_within_a_run_is_alone),
        cmocka_unit_test(many_callers_share_a_team),
        cmocka_unit_test(a_forked_child_runs_alone),
        cmocka_unit_test(creation_may_run_out_of_memory),
        cmocka_unit_test(members_have_the_callers_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
