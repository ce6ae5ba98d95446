// SPDX-License-Identifier: MIT
// Many streams on one model from many threads while training goes on: each
// answer is that of one version of the weights, and streams on one version
// share their packed weights. Meant for the thread sanitizer as well.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

#include "run/stream.h"
#include "support/nets.h"

enum { STREAMS = 4, UPDATES = 40, HIDDEN = 24, STEPS = 6, BATCH = 5 };

// Answers after STEPS steps, for each version of the weights.
typedef struct shared {
    net n;
    rnnc_weights *weights;
    rnnc_plan *plan;
    uint64_t first_version;
    float answers[UPDATES + 1][NET_CLASSES];
    atomic_int published; // versions whose answer is known
    atomic_bool done, wrong;
} shared;

// The answer of a stream that is not shared with anybody.
static void answer(const shared *s, rnnc_stream *stream, float *y)
{
    float *in = rnnc_stream_in(stream, s->n.x);
    bool good = rnnc_stream_reset(stream, -1) == RNNC_OK;
    for (int64_t t = 0; t < STEPS; t++) {
        for (int64_t f = 0; f < NET_INPUTS; f++)
            in[f] = net_float(1, t, f);
        good = good && rnnc_stream_step(stream) == RNNC_OK;
    }
    if (good)
        memcpy(y, rnnc_stream_out(stream, s->n.y), NET_CLASSES * sizeof(float));
}

static bool is_right(const shared *s, const rnnc_stream *stream, const float *y)
{
    int64_t index = (int64_t)(stream->binding->version - s->first_version);
    if (index >= atomic_load(&s->published))
        return true; // nobody has said yet what it should be
    return memcmp(y, s->answers[index], NET_CLASSES * sizeof(float)) == 0;
}

static void *follow(void *argument)
{
    shared *s = argument;
    rnnc_stream *stream = rnnc_stream_create(s->plan, s->weights, 1);
    for (int k = 0; !atomic_load(&s->done) || k < 50; k++) {
        float y[NET_CLASSES] = {0};
        if (k % 3 == 0 && rnnc_stream_refresh(stream) != RNNC_OK)
            atomic_store(&s->wrong, true);
        answer(s, stream, y);
        if (!is_right(s, stream, y))
            atomic_store(&s->wrong, true);
    }
    rnnc_stream_destroy(stream);
    return NULL;
}

static void publish(shared *s, rnnc_stream *stream, int version)
{
    assert_int_equal(rnnc_stream_refresh(stream), RNNC_OK);
    answer(s, stream, s->answers[version]);
    atomic_store(&s->published, version + 1);
}

static void train(shared *s)
{
    int64_t rows[BATCH] = {0, 1, 2, 3, 4}, lengths[BATCH] = {5, 0, 9, 9, 2};
    rnnc_plan *plan = net_plan(&s->n, RNNC_TRAIN, 0);
    rnnc_run *run = rnnc_run_create(plan, s->weights);
    rnnc_optimizer *sgd = rnnc_optimizer_create(s->weights, RNNC_SGD);
    rnnc_stream *stream = rnnc_stream_create(s->plan, s->weights, 1);
    rnnc_sequence *x = rnnc_sequence_create(NULL);
    rnnc_sequence *next = rnnc_sequence_create(NULL);
    assert_true(net_fill(x, next, rows, lengths, NULL, BATCH));
    rnnc_optimizer_set(sgd, RNNC_OPT_LEARNING_RATE, 0.3);
    rnnc_run_input(run, s->n.x, x);
    rnnc_run_input(run, s->n.next, next);
    publish(s, stream, 0);
    for (int update = 0; update < UPDATES; update++) {
        rnnc_weights_zero_gradients(s->weights);
        assert_int_equal(rnnc_run_forward(run), RNNC_OK);
        assert_int_equal(rnnc_run_backward(run), RNNC_OK);
        assert_int_equal(rnnc_optimizer_step(sgd), RNNC_OK);
        publish(s, stream, update + 1);
    }
    rnnc_sequence_destroy(x);
    rnnc_sequence_destroy(next);
    rnnc_stream_destroy(stream);
    rnnc_optimizer_destroy(sgd);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
}

static shared *make_shared(rnnc_context *context)
{
    static shared s;
    memset(&s, 0, sizeof s);
    s.n = net_make(context, net_table + 1, HIDDEN);
    s.weights = rnnc_weights_create(s.n.graph, 8);
    s.plan = net_plan(&s.n, RNNC_STREAM, 0);
    s.first_version = rnnc_weights_version(s.weights);
    return &s;
}

static void destroy_shared(shared *s)
{
    assert_null(s->weights->bindings);
    rnnc_plan_destroy(s->plan);
    rnnc_weights_destroy(s->weights);
    net_destroy(&s->n);
}

static void streams_follow_a_model_in_training(void **state)
{
    (void)state;
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = 2};
    rnnc_context *context = rnnc_context_create(&options);
    shared *s = make_shared(context);
    pthread_t threads[STREAMS];
    for (int k = 0; k < STREAMS; k++)
        assert_int_equal(pthread_create(threads + k, NULL, follow, s), 0);
    train(s);
    atomic_store(&s->done, true);
    for (int k = 0; k < STREAMS; k++)
        pthread_join(threads[k], NULL);
    assert_false(atomic_load(&s->wrong));
    assert_true(
        memcmp(s->answers[0], s->answers[UPDATES], sizeof s->answers[0]) != 0);
    destroy_shared(s);
    rnnc_context_destroy(context);
}

// Two runs of one context at once: the one that finds the team busy works
// alone, with the same bits.
typedef struct rival {
    const net *n;
    rnnc_plan *plan;
    rnnc_weights *weights;
    const rnnc_sequence *x;
    float y[64 * 8 * NET_CLASSES];
} rival;

static void *compete(void *argument)
{
    rival *r = argument;
    rnnc_run *run = rnnc_run_create(r->plan, r->weights);
    rnnc_run_input(run, r->n->x, r->x);
    for (int k = 0; k < 20; k++)
        rnnc_run_forward(run);
    rnnc_run_get_padded(run, r->n->y, r->y, 8, RNNC_TIME_MAJOR, 0);
    rnnc_run_destroy(run);
    return NULL;
}

static void runs_share_a_team(void **state)
{
    (void)state;
    static rival rivals[3];
    int64_t rows[64], lengths[64];
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = 2};
    rnnc_context *context = rnnc_context_create(&options);
    net n = net_make(context, net_table + 1, 64);
    rnnc_weights *weights = rnnc_weights_create(n.graph, 8);
    rnnc_plan *plan = net_plan(&n, RNNC_INFER, 0);
    rnnc_sequence *x = rnnc_sequence_create(context);
    pthread_t threads[3];
    for (int64_t k = 0; k < 64; k++) {
        rows[k] = k;
        lengths[k] = k % 9;
    }
    assert_true(net_fill(x, NULL, rows, lengths, NULL, 64));
    for (int k = 0; k < 3; k++) {
        rivals[k] = (rival){.n = &n, .plan = plan, .weights = weights, .x = x};
        pthread_create(threads + k, NULL, compete, rivals + k);
    }
    for (int k = 0; k < 3; k++)
        pthread_join(threads[k], NULL);
    assert_memory_equal(rivals[0].y, rivals[1].y, sizeof rivals[0].y);
    assert_memory_equal(rivals[0].y, rivals[2].y, sizeof rivals[0].y);
    rnnc_sequence_destroy(x);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    net_destroy(&n);
    rnnc_context_destroy(context);
}

static void streams_of_one_version_share_packed_weights(void **state)
{
    (void)state;
    shared *s = make_shared(NULL);
    rnnc_stream *a = rnnc_stream_create(s->plan, s->weights, 1);
    rnnc_stream *b = rnnc_stream_create(s->plan, s->weights, 3);
    const float bias[NET_CLASSES] = {1};
    assert_ptr_equal(a->binding, b->binding);
    const rni_binding *old = a->binding;
    assert_int_equal(
        rnnc_weights_set(s->weights, "out.bias", bias, NET_CLASSES), RNNC_OK);
    assert_int_equal(rnnc_stream_refresh(a), RNNC_OK);
    assert_ptr_not_equal(a->binding, b->binding);
    assert_ptr_equal(b->binding, old);
    assert_int_equal(rnnc_stream_refresh(b), RNNC_OK);
    assert_ptr_equal(a->binding, b->binding);
    rnnc_stream_destroy(b);
    // Alone again: the next version is packed in place.
    old = a->binding;
    rnnc_weights_set(s->weights, "out.bias", bias, NET_CLASSES);
    assert_int_equal(rnnc_stream_refresh(a), RNNC_OK);
    assert_ptr_equal(a->binding, old);
    rnnc_stream_destroy(a);
    destroy_shared(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_follow_a_model_in_training),
        cmocka_unit_test(runs_share_a_team),
        cmocka_unit_test(streams_of_one_version_share_packed_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
