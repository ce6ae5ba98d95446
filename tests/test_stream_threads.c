// SPDX-License-Identifier: MIT
// Asking for threads of a stream: what is refused, memory that runs out,
// steps that find the team busy, members that sleep, and a forked process.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/context.h"
#include "run/stream.h"
#include "support/fault.h"
#include "support/nets.h"

enum { HIDDEN = 160, STEPS = 30, LSTM = 1 };

typedef struct setting {
    net n;
    rnnc_weights *weights;
    rnnc_plan *plan;
} setting;

static rnnc_context *context_of(int32_t threads)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = threads};
    return rnnc_context_create(&options);
}

static setting set_up(rnnc_context *context)
{
    setting s = {.n = net_make(context, net_table + LSTM, HIDDEN)};
    s.weights = rnnc_weights_create(s.n.graph, 5);
    s.plan = net_plan(&s.n, RNNC_STREAM, 0);
    return s;
}

static void tear_down(setting *s)
{
    rnnc_plan_destroy(s->plan);
    rnnc_weights_destroy(s->weights);
    net_destroy(&s->n);
}

static rnnc_stream *stream_of(const setting *s, int32_t threads)
{
    rnnc_stream *stream = rnnc_stream_create(s->plan, s->weights, 1);
    assert_int_equal(rnnc_stream_threads(stream, threads), RNNC_OK);
    return stream;
}

// The outputs of STEPS steps from a fresh start; false where one fails.
static bool walk(const setting *s, rnnc_stream *stream,
                 float y[STEPS][NET_CLASSES])
{
    float *in = rnnc_stream_in(stream, s->n.x);
    const float *out = rnnc_stream_out(stream, s->n.y);
    bool good = rnnc_stream_reset(stream, -1) == RNNC_OK;
    for (int64_t t = 0; t < STEPS; t++) {
        for (int64_t f = 0; f < NET_INPUTS; f++)
            in[f] = net_float(2, t, f);
        good = rnnc_stream_step(stream) == RNNC_OK && good;
        memcpy(y[t], out, sizeof y[t]);
    }
    return good;
}

static void only_threads_of_the_context_can_be_had(void **state)
{
    (void)state;
    rnnc_context *context = context_of(3);
    setting s = set_up(context);
    rnnc_stream *stream = stream_of(&s, 3);
    assert_int_equal(rnnc_stream_threads(stream, 4), RNNC_E_ARGUMENT);
    assert_string_equal(rnnc_stream_message(stream),
                        "stream: threads is 4, expected 0 to 3, the threads "
                        "of its context");
    assert_int_equal(stream->step.size, 3);
    assert_int_equal(rnnc_stream_threads(stream, -1), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_stream_threads(stream, 1), RNNC_OK);
    assert_int_equal(stream->step.size, 1);
    assert_int_equal(rnnc_stream_threads(stream, 0), RNNC_OK);
    assert_int_equal(stream->step.size, 3);
    assert_string_equal(rnnc_stream_message(stream), "");
    assert_int_equal(rnnc_stream_threads(NULL, 1), RNNC_E_MEMORY);
    rnnc_stream_destroy(stream);
    tear_down(&s);
    rnnc_context_destroy(context);
}

// Where memory runs out, the stream goes on as it was.
static void a_refusal_changes_nothing(void **state)
{
    (void)state;
    float wanted[STEPS][NET_CLASSES], found[STEPS][NET_CLASSES];
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    context->threads = 2; // the team itself is not asked for memory
    setting s = set_up(context);
    rnnc_stream *stream = stream_of(&s, 1);
    assert_true(walk(&s, stream, wanted));
    rnnc_status status = RNNC_E_MEMORY;
    for (int64_t left = 0; status != RNNC_OK; left++) {
        int64_t live = f.live;
        fault_arm(&f, left, true);
        status = rnnc_stream_threads(stream, 2);
        fault_arm(&f, -1, true);
        if (status != RNNC_OK) {
            assert_int_equal(status, RNNC_E_MEMORY);
            assert_int_equal(f.live, live);
            assert_int_equal(stream->step.size, 1);
        }
        assert_true(walk(&s, stream, found));
        assert_memory_equal(found, wanted, sizeof wanted);
    }
    rnnc_stream_destroy(stream);
    tear_down(&s);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

typedef struct rival {
    const setting *s;
    float (*wanted)[NET_CLASSES];
    atomic_bool *wrong;
} rival;

static void *compete(void *argument)
{
    rival *r = argument;
    float y[STEPS][NET_CLASSES];
    rnnc_stream *stream = stream_of(r->s, 2);
    for (int round = 0; round < 40; round++)
        if (!walk(r->s, stream, y) || memcmp(y, r->wanted, sizeof y) != 0)
            atomic_store(r->wrong, true);
    rnnc_stream_destroy(stream);
    return NULL;
}

static void streams_share_a_team(void **state)
{
    (void)state;
    float wanted[STEPS][NET_CLASSES];
    rnnc_context *context = context_of(2);
    setting s = set_up(context);
    rnnc_stream *alone = stream_of(&s, 1);
    assert_true(walk(&s, alone, wanted));
    atomic_bool wrong = false;
    rival r = {&s, wanted, &wrong};
    pthread_t threads[3];
    for (int k = 0; k < 3; k++)
        assert_int_equal(pthread_create(threads + k, NULL, compete, &r), 0);
    for (int k = 0; k < 3; k++)
        pthread_join(threads[k], NULL);
    assert_false(atomic_load(&wrong));
    rnnc_stream_destroy(alone);
    tear_down(&s);
    rnnc_context_destroy(context);
}

static void pause_for(long nanoseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = nanoseconds}, NULL);
}

// Members fall asleep between steps, are roused, and are there again.
static void members_sleep_between_steps(void **state)
{
    (void)state;
    float wanted[STEPS][NET_CLASSES], found[STEPS][NET_CLASSES];
    rnnc_context *context = context_of(2);
    setting s = set_up(context);
    rnnc_stream *alone = stream_of(&s, 1), *stream = stream_of(&s, 2);
    assert_true(walk(&s, alone, wanted));
    assert_true(stream->step.shared);
    for (int round = 0; round < 10; round++) {
        pause_for(round * 200000);
        assert_true(walk(&s, stream, found));
        assert_memory_equal(found, wanted, sizeof wanted);
    }
    rnnc_stream_destroy(alone);
    rnnc_stream_destroy(stream);
    tear_down(&s);
    rnnc_context_destroy(context);
}

static void a_forked_process_steps_alone(void **state)
{
    (void)state;
    if (getenv("RNNC_TEST_EMULATED") != NULL)
        skip();
    float wanted[STEPS][NET_CLASSES], found[STEPS][NET_CLASSES];
    rnnc_context *context = context_of(2);
    setting s = set_up(context);
    rnnc_stream *stream = stream_of(&s, 2);
    assert_true(walk(&s, stream, wanted));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool good = walk(&s, stream, found) &&
                    memcmp(found, wanted, sizeof wanted) == 0;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(walk(&s, stream, found));
    assert_memory_equal(found, wanted, sizeof wanted);
    rnnc_stream_destroy(stream);
    tear_down(&s);
    rnnc_context_destroy(context);
}

static void small_steps_stay_on_one_thread(void **state)
{
    (void)state;
    rnnc_context *context = context_of(2);
    setting s = {.n = net_make(context, net_table + LSTM, 24)};
    s.weights = rnnc_weights_create(s.n.graph, 5);
    s.plan = net_plan(&s.n, RNNC_STREAM, 0);
    rnnc_stream *stream = stream_of(&s, 2);
    assert_int_equal(stream->step.size, 2);
    assert_false(stream->step.shared);
    rnnc_stream_destroy(stream);
    tear_down(&s);
    rnnc_context_destroy(context);
}

// What is joined leaves one product, one tape, and no copy of a state.
static void a_step_is_as_few_calls_as_it_can_be(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", 32);
    rnnc_node *h = rnnc_unroll(rnnc_cell_lstm(graph, "cell", 32, 32), x);
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_STREAM,
                                 .outputs = &h,
                                 .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_stream *stream = rnnc_stream_create(plan, weights, 1);
    assert_string_equal(rnnc_stream_message(stream), "");
    assert_int_equal(stream->step.alone.n_calls, 2);
    rnnc_stream_destroy(stream);
    rnnc_weights_destroy(weights);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_threads_of_the_context_can_be_had),
        cmocka_unit_test(a_refusal_changes_nothing),
        cmocka_unit_test(streams_share_a_team),
        cmocka_unit_test(members_sleep_between_steps),
        cmocka_unit_test(a_forked_process_steps_alone),
        cmocka_unit_test(small_steps_stay_on_one_thread),
        cmocka_unit_test(a_step_is_as_few_calls_as_it_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
