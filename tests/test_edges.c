// SPDX-License-Identifier: MIT
// Numbers and sizes at the edge: each row of the table in docs/promises.md is
// a test here of the same words.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/net_run.h"

enum { HIDDEN = 5, BATCH = 3, MOST = 8 };

// ---- A net over any batch --------------------------------------------------

static rnnc_status forward(net_run *r, const int64_t *lengths, int64_t batch)
{
    static const int64_t rows[BATCH] = {0, 1, 2};
    net_run_feed(r, rows, lengths, NULL, batch);
    return rnnc_run_forward(r->run);
}

static void assert_zero_gradients(const net_run *r)
{
    float g[NET_CLASSES * 4 * HIDDEN];
    for (int32_t i = 0; i < rnnc_graph_parameter_count(r->n.graph); i++) {
        const char *name = rnnc_node_name(rnnc_graph_parameter(r->n.graph, i));
        const int64_t count = rnnc_weights_count(r->weights, name);
        assert_int_equal(rnnc_weights_gradient(r->weights, name, g, count),
                         RNNC_OK);
        for (int64_t k = 0; k < count; k++)
            assert_true(g[k] == 0);
    }
}

// Forward and backward; every kind of cell.
static void over_nothing(const int64_t *lengths, int64_t batch)
{
    for (size_t k = 0; k < net_count; k++) {
        net_run r = net_run_make(k, HIDDEN, RNNC_TRAIN);
        float loss = 1, mean[BATCH * NET_CLASSES];
        assert_int_equal(forward(&r, lengths, batch), RNNC_OK);
        assert_int_equal(rnnc_run_backward(r.run), RNNC_OK);
        assert_int_equal(rnnc_run_batch(r.run), batch);
        assert_int_equal(rnnc_run_loss(r.run, &loss), RNNC_OK);
        assert_true(loss == 0);
        assert_int_equal(rnnc_run_get_batch(r.run, r.n.mean, mean), RNNC_OK);
        for (int64_t i = 0; i < batch * NET_CLASSES; i++)
            assert_true(mean[i] == 0);
        assert_zero_gradients(&r);
        net_run_destroy(&r);
    }
}

static void no_sequences(void)
{
    over_nothing(NULL, 0);
}

static void no_steps(void)
{
    over_nothing((int64_t[BATCH]){0, 0, 0}, BATCH);
}

static void no_steps_beside_others(void)
{
    for (size_t k = 0; k < net_count; k++) {
        float alone[2 * NET_CLASSES], beside[BATCH * 2 * NET_CLASSES];
        net_run r = net_run_make(k, HIDDEN, RNNC_INFER);
        assert_int_equal(forward(&r, (int64_t[]){2}, 1), RNNC_OK);
        rnnc_run_get_padded(r.run, r.n.y, alone, 2, RNNC_BATCH_MAJOR, 0);
        assert_int_equal(forward(&r, (int64_t[]){2, 0, 1}, 3), RNNC_OK);
        rnnc_run_get_padded(r.run, r.n.y, beside, 2, RNNC_BATCH_MAJOR, -1);
        assert_memory_equal(alone, beside, sizeof alone);
        for (int i = 0; i < 2 * NET_CLASSES; i++)
            assert_true(beside[2 * NET_CLASSES + i] == -1);
        net_run_destroy(&r);
    }
}

static void stream_of_no_rows(void)
{
    net_run r = net_run_make(1, HIDDEN, RNNC_STREAM);
    rnnc_stream *s = rnnc_stream_create(r.plan, r.weights, 0);
    assert_int_equal(rnnc_stream_status(s), RNNC_OK);
    assert_int_equal(rnnc_stream_step(s), RNNC_OK);
    rnnc_stream_destroy(s);
    net_run_destroy(&r);
}

static void chunk_of_no_steps(void)
{
    net_run r = net_run_make(1, HIDDEN, RNNC_STREAM);
    rnnc_stream *s = rnnc_stream_create(r.plan, r.weights, 2);
    float before[4 * HIDDEN + NET_CLASSES], after[4 * HIDDEN + NET_CLASSES];
    const int64_t rows[2] = {0, 1}, none[2] = {0, 0};
    assert_int_equal(rnnc_stream_step(s), RNNC_OK);
    assert_in_range(rnnc_stream_state_count(s), 1, sizeof before / 4);
    rnnc_stream_state_get(s, 0, before);
    assert_true(net_fill(r.x, NULL, rows, none, NULL, 2));
    assert_int_equal(rnnc_stream_chunk_input(s, r.n.x, r.x), RNNC_OK);
    assert_int_equal(rnnc_stream_chunk(s), RNNC_OK);
    rnnc_stream_state_get(s, 0, after);
    assert_memory_equal(before, after,
                        (size_t)rnnc_stream_state_count(s) * sizeof(float));
    rnnc_stream_destroy(s);
    net_run_destroy(&r);
}

// ---- Ids -------------------------------------------------------------------

// The status of a run over one sequence of ids, the last of which is `id`.
static rnnc_status with_id(int32_t id, int32_t has_ignore, char *message)
{
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_ids(g, "word", 4), *loss;
    rnnc_cross_entropy_options options = {.struct_size = sizeof options,
                                          .has_ignore = has_ignore,
                                          .ignore_index = -100};
    rnnc_node *logits = rnnc_scalar(g, 0);
    logits =
        rnnc_affine(rnnc_embedding(rnnc_input_ids(g, "in", 4), "e", 4), 1, 0);
    loss = rnnc_cross_entropy_with(logits, x, &options);
    rnnc_weights *weights = rnnc_weights_create(g, 1);
    rnnc_plan_options p = {
        .struct_size = sizeof p, .use = RNNC_TRAIN, .loss = loss};
    rnnc_plan *plan = rnnc_plan_create(g, &p);
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_sequence *in = rnnc_sequence_create(NULL);
    rnnc_sequence *word = rnnc_sequence_create(NULL);
    const int32_t zeros[2] = {0, 0}, ids[2] = {1, id};
    rnnc_sequence_set_padded_ids(in, zeros, NULL, 1, 2, RNNC_BATCH_MAJOR);
    rnnc_sequence_set_padded_ids(word, ids, NULL, 1, 2, RNNC_BATCH_MAJOR);
    rnnc_run_input(run, rnnc_graph_node(g, "in"), in);
    rnnc_run_input(run, x, word);
    const rnnc_status status = rnnc_run_forward(run);
    snprintf(message, 200, "%s", rnnc_run_message(run));
    rnnc_sequence_destroy(in);
    rnnc_sequence_destroy(word);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(g);
    return status;
}

static void ids_out_of_range(void)
{
    char message[200];
    const int32_t bad[] = {-1, 4, INT32_MIN, INT32_MAX, -100};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (with_id(bad[i], 0, message) != RNNC_E_VALUE ||
            strstr(message, "word") == NULL)
            fail_msg("id %d: \"%s\"", (int)bad[i], message);
    }
    assert_int_equal(with_id(3, 0, message), RNNC_OK);
}

static void ignored_id(void)
{
    char message[200];
    assert_int_equal(with_id(-100, 1, message), RNNC_OK);
    assert_int_equal(with_id(-99, 1, message), RNNC_E_VALUE);
}

// ---- NaN and infinities ----------------------------------------------------

// NaN in one sequence does not reach the others.
static void not_finite_input(void)
{
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t k = 0; k < net_count * 3; k++) {
        net_run r = net_run_make(k % net_count, HIDDEN, RNNC_INFER);
        float x[BATCH][4][NET_INPUTS], y[2][BATCH][4][NET_CLASSES];
        memset(x, 0, sizeof x);
        for (int way = 0; way < 2; way++) {
            x[1][2][3] = way == 0 ? 0 : bad[k / net_count];
            rnnc_sequence_set_padded(r.x, x[0][0], NULL, BATCH, 4, NET_INPUTS,
                                     RNNC_BATCH_MAJOR);
            rnnc_run_input(r.run, r.n.x, r.x);
            assert_int_equal(rnnc_run_forward(r.run), RNNC_OK);
            rnnc_run_get_padded(r.run, r.n.y, y[way][0][0], 4, 0, 0);
        }
        assert_memory_equal(y[0][0], y[1][0], sizeof y[0][0]);
        assert_memory_equal(y[0][2], y[1][2], sizeof y[0][2]);
        assert_true(bad[k / net_count] - bad[k / net_count] == 0 ||
                    memcmp(y[0][1], y[1][1], sizeof y[0][1]) != 0);
        net_run_destroy(&r);
    }
}

typedef rnnc_node *operation(rnnc_graph *g, rnnc_node *x);

// f(x) of a static row, by a run on each instruction set a machine may have.
static void apply(operation *f, const float *x, int64_t cols, float *y)
{
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_node *in = rnnc_input_batch(g, "x", cols), *out = f(g, in);
    rnnc_weights *weights = rnnc_weights_create(g, 1);
    rnnc_plan_options options = {
        .struct_size = sizeof options, .outputs = &out, .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(g, &options);
    rnnc_run *run = rnnc_run_create(plan, weights);
    assert_int_equal(rnnc_run_input_batch(run, in, x, 1), RNNC_OK);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_get_batch(run, out, y), RNNC_OK);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(g);
}

#define OF_ONE(name, call)                                                     \
    static rnnc_node *name(rnnc_graph *g, rnnc_node *x)                        \
    {                                                                          \
        (void)g;                                                               \
        return call;                                                           \
    }
OF_ONE(neg, rnnc_neg(x))
OF_ONE(magnitude, rnnc_abs(x))
OF_ONE(exponential, rnnc_exp(x))
OF_ONE(logarithm, rnnc_log(x))
OF_ONE(root, rnnc_sqrt(x))
OF_ONE(sigmoid, rnnc_sigmoid(x))
OF_ONE(tangent, rnnc_tanh(x))
OF_ONE(relu, rnnc_relu(x))
OF_ONE(softplus, rnnc_softplus(x))
OF_ONE(softsign, rnnc_softsign(x))
OF_ONE(elu, rnnc_elu(x, 1))
OF_ONE(hard_sigmoid, rnnc_hard_sigmoid(x, 0.2f, 0.5f))
OF_ONE(leaky, rnnc_leaky_relu(x, 0.1f))
OF_ONE(thresholded, rnnc_thresholded_relu(x, 1))
OF_ONE(affine, rnnc_affine(x, 2, 1))
OF_ONE(scaled, rnnc_scaled_tanh(x, 2, 3))
OF_ONE(clip, rnnc_clip(x, -1, 1))
OF_ONE(less, rnnc_less(x, rnnc_scalar(g, 1)))
OF_ONE(less_equal, rnnc_less_equal(x, rnnc_scalar(g, 1)))
OF_ONE(equal, rnnc_equal(x, x))
OF_ONE(chosen, rnnc_select(x, rnnc_scalar(g, 1), rnnc_scalar(g, 2)))
OF_ONE(minimum, rnnc_min(x, rnnc_scalar(g, 1)))
OF_ONE(minimum_of, rnnc_min(rnnc_scalar(g, 1), x))
OF_ONE(maximum, rnnc_max(x, rnnc_scalar(g, 1)))
OF_ONE(maximum_of, rnnc_max(rnnc_scalar(g, 1), x))
OF_ONE(inverse, rnnc_div(rnnc_scalar(g, 1), x))
OF_ONE(softmax, rnnc_softmax(x))
OF_ONE(log_softmax, rnnc_log_softmax(x))

static bool is_same(float a, float b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void nan_through_operations(void)
{
    static operation *const keep[] = {
        neg,     magnitude,   exponential, logarithm, root,
        sigmoid, tangent,     relu,        softplus,  softsign,
        elu,     leaky,       affine,      scaled,    hard_sigmoid,
        clip,    thresholded, minimum_of,  inverse,   maximum_of};
    const float x[MOST] = {NAN, 0.5f, NAN, -NAN, 2, NAN, NAN, NAN};
    float y[MOST];
    for (size_t k = 0; k < sizeof keep / sizeof *keep; k++) {
        apply(keep[k], x, MOST, y);
        for (int i = 0; i < MOST; i++)
            if ((isnan(x[i]) != 0) != (isnan(y[i]) != 0))
                fail_msg("operation %d: %g gives %g", (int)k, (double)x[i],
                         (double)y[i]);
    }
}

static void nan_compared(void)
{
    const struct {
        operation *of;
        float gives;
    } rows[] = {{less, 0}, {less_equal, 0}, {equal, 0}, {chosen, 1}};
    const float x[1] = {NAN};
    float y[1];
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        apply(rows[k].of, x, 1, y);
        assert_true(y[0] == rows[k].gives);
    }
}

static void nan_beside_a_number(void)
{
    const float x[1] = {NAN};
    float y[1];
    apply(minimum, x, 1, y);
    assert_true(y[0] == 1);
    apply(maximum, x, 1, y);
    assert_true(y[0] == 1);
}

static void infinite_arguments(void)
{
    const struct {
        operation *of;
        float above, below; // of +infinity, of -infinity
    } rows[] = {{exponential, INFINITY, 0},
                {logarithm, INFINITY, NAN},
                {root, INFINITY, NAN},
                {sigmoid, 1, 0},
                {tangent, 1, -1},
                {relu, INFINITY, 0},
                {softplus, INFINITY, 0},
                {softsign, 1, -1},
                {elu, INFINITY, -1},
                {hard_sigmoid, 1, 0},
                {leaky, INFINITY, -INFINITY},
                {clip, 1, -1},
                {inverse, 0, 0}};
    const float x[2] = {INFINITY, -INFINITY};
    float y[2];
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        apply(rows[k].of, x, 2, y);
        if (!is_same(y[0], rows[k].above) || !is_same(y[1], rows[k].below))
            fail_msg("row %d: %g and %g", (int)k, (double)y[0], (double)y[1]);
    }
}

static void division_by_zero(void)
{
    const float x[2] = {0, -0.0f};
    float y[2];
    apply(inverse, x, 2, y);
    assert_true(y[0] == INFINITY && y[1] == -INFINITY);
}

static void softmax_at_the_edge(void)
{
    float y[3];
    apply(softmax, (float[]){-INFINITY, 0, 0}, 3, y);
    assert_true(y[0] == 0 && y[1] == 0.5f && y[2] == 0.5f);
    apply(log_softmax, (float[]){-INFINITY, 0, -INFINITY}, 3, y);
    assert_true(y[0] == -INFINITY && y[1] == 0 && y[2] == -INFINITY);
    apply(softmax, (float[]){88, -3e38f, 3e38f}, 3, y);
    assert_true(y[0] == 0 && y[1] == 0 && y[2] == 1);
    apply(softmax, (float[]){-INFINITY, -INFINITY, -INFINITY}, 3, y);
    assert_true(isnan(y[0]) && isnan(y[1]) && isnan(y[2]));
    apply(softmax, (float[]){INFINITY, 0, 0}, 3, y);
    assert_true(isnan(y[0]));
    apply(softmax, (float[]){NAN, 0, 0}, 3, y);
    assert_true(isnan(y[0]) && isnan(y[1]) && isnan(y[2]));
}

// ---- Arrays and sizes ------------------------------------------------------

static void padding_is_not_read(void)
{
    net_run r = net_run_make(1, HIDDEN, RNNC_INFER);
    float x[BATCH][4][NET_INPUTS], y[2][BATCH * 4 * NET_CLASSES];
    const int64_t lengths[BATCH] = {2, 0, 4};
    for (int way = 0; way < 2; way++) {
        for (int64_t k = 0; k < BATCH; k++)
            for (int64_t s = 0; s < 4; s++)
                for (int64_t f = 0; f < NET_INPUTS; f++)
                    x[k][s][f] = s < lengths[k] ? net_float(k, s, f)
                                 : way == 0     ? 0
                                                : NAN;
        rnnc_sequence_set_padded(r.x, x[0][0], lengths, BATCH, 4, NET_INPUTS,
                                 RNNC_BATCH_MAJOR);
        rnnc_run_input(r.run, r.n.x, r.x);
        assert_int_equal(rnnc_run_forward(r.run), RNNC_OK);
        rnnc_run_get_padded(r.run, r.n.y, y[way], 4, RNNC_BATCH_MAJOR, 0);
    }
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    net_run_destroy(&r);
}

static void lengths_out_of_range(void)
{
    rnnc_sequence *s = rnnc_sequence_create(NULL);
    const float x[6] = {0};
    const int64_t bad[] = {-1, 4, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const int64_t lengths[2] = {1, bad[i]};
        assert_int_equal(
            rnnc_sequence_set_padded(s, x, lengths, 2, 3, 1, RNNC_BATCH_MAJOR),
            RNNC_E_VALUE);
        assert_int_equal(rnnc_sequence_batch(s), 0);
    }
    rnnc_sequence_destroy(s);
}

static void sizes_that_fit_no_address(void)
{
    net_run r = net_run_make(1, HIDDEN, RNNC_INFER);
    const float x[1] = {0};
    assert_int_equal(rnnc_sequence_set_padded(r.x, x, NULL, INT64_MAX / 8, 8,
                                              INT64_MAX / 2, 0),
                     RNNC_E_MEMORY);
    assert_int_equal(rnnc_run_reserve(r.run, INT64_MAX, INT64_MAX, INT64_MAX),
                     RNNC_E_MEMORY);
    rnnc_stream *s = rnnc_stream_create(r.plan, r.weights, INT64_MAX);
    assert_int_not_equal(rnnc_stream_status(s), RNNC_OK);
    rnnc_stream_destroy(s);
    net_run_destroy(&r);
}

static void norm_that_is_not_finite(void)
{
    net_run r = net_run_make(1, HIDDEN, RNNC_TRAIN);
    const float bias[NET_CLASSES] = {[2] = NAN};
    float norm = 0;
    rnnc_weights_set(r.weights, "out.bias", bias, NET_CLASSES);
    assert_int_equal(forward(&r, (int64_t[]){2}, 1), RNNC_OK);
    assert_int_equal(rnnc_run_backward(r.run), RNNC_OK);
    assert_int_equal(rnnc_clip_norm(r.weights, 1, &norm), RNNC_OK);
    assert_true(isnan(norm));
    net_run_destroy(&r);
}

// ---- The table -------------------------------------------------------------

static const struct edge {
    const char *words; // the first column of docs/promises.md
    void (*check)(void);
} edges[] = {
    {"a batch of no sequences", no_sequences},
    {"a batch whose sequences have no steps", no_steps},
    {"a sequence of no steps beside others", no_steps_beside_others},
    {"a stream of no rows", stream_of_no_rows},
    {"a chunk of no steps", chunk_of_no_steps},
    {"an id below 0, or not below the vocabulary", ids_out_of_range},
    {"the ignored id of a cross-entropy", ignored_id},
    {"NaN or an infinity in an input", not_finite_input},
    {"NaN through an element-wise operation", nan_through_operations},
    {"a comparison with NaN", nan_compared},
    {"the smaller or greater of NaN and a number", nan_beside_a_number},
    {"an infinity through an element-wise operation", infinite_arguments},
    {"a division by 0", division_by_zero},
    {"softmax over infinities", softmax_at_the_edge},
    {"what lies beyond the end of a sequence in a padded array",
     padding_is_not_read},
    {"a length below 0, or above the time of a padded array",
     lengths_out_of_range},
    {"a size whose memory fits no address", sizes_that_fit_no_address},
    {"a norm that is not finite", norm_that_is_not_finite},
};
enum { EDGES = sizeof edges / sizeof edges[0] };

static void each_row_is_as_it_says(void **state)
{
    (void)state;
    for (int i = 0; i < EDGES; i++) {
        print_message("%s\n", edges[i].words);
        edges[i].check();
    }
}

static bool is_listed(const char *words, size_t length)
{
    for (int i = 0; i < EDGES; i++)
        if (strlen(edges[i].words) == length &&
            strncmp(edges[i].words, words, length) == 0)
            return true;
    return false;
}

static void the_page_has_the_same_rows(void **state)
{
    (void)state;
    char line[1000];
    bool here = false;
    int rows = 0;
    FILE *page = fopen("../docs/promises.md", "r");
    assert_non_null(page);
    while (fgets(line, sizeof line, page) != NULL) {
        here = here || strncmp(line, "## Numbers and sizes", 20) == 0;
        const char *end = strstr(line + 1, " | ");
        if (!here || line[0] != '|' || end == NULL || line[2] == '-' ||
            strncmp(line, "| what |", 8) == 0)
            continue;
        if (!is_listed(line + 2, (size_t)(end - line) - 2))
            fail_msg("no test of: %s", line);
        rows++;
    }
    fclose(page);
    assert_int_equal(rows, EDGES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_as_it_says),
        cmocka_unit_test(the_page_has_the_same_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
