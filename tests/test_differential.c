// SPDX-License-Identifier: MIT
// Thousands of random graphs: what a planned run gives must be what the
// textbook gives, and what the textbook gives must be what finite differences
// give. RNNC_TEST_LONG=1 makes it ten times as many; RNNC_TEST_SEED=n looks at
// one graph alone.
//
// Bounds. A float carries 6e-8; a value here is the end of some tens of
// roundings of values around 1, so that 2e-5 (1 + the greatest of the array)
// is generous to roundings and still a thousandth of what a wrong sign, factor
// or row would do. A gradient also collects the roundings of all that it is a
// sum of, which may be much larger than itself: 1e-6 of the greatest gradient
// of the graph is allowed besides. Where an argument comes nearer than 1e-4 to
// a kink, roundings could take the other side: such a graph is thrown away.
// Arguments exactly at a kink stay, since there both sides choose by rule; but
// a mean that happens to be equal to its values need not be so in floats, so
// the textbook is also asked with every value moved by a billionth.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/node.h"
#include "reference/reference.h"
#include "rnnc/plan.h"
#include "rnnc/reference.h"
#include "rnnc/run.h"
#include "support/random_graph.h"

enum {
    GRAPHS = 2000,
    GRAPHS_LONG = 20000,
    USES_LEAST = 20,        // of every operation, with gradients that matter
    DIFFERENCES_EVERY = 20, // graphs
    DIFFERENCES_MOST = 40,  // elements of a parameter or input
    INFERENCE_EVERY = 4
};

static const double kink_least = 1e-4, kink_least_difference = 1e-3;
static const double own_bound = 2e-5, sum_bound = 1e-6;
static const double difference_bound = 1e-6, difference_step = 1e-6;
static const double matters = 1e-3, jitter = 1e-9;
static const uint64_t dropout_seed = 17;

typedef struct tally {
    int64_t uses[RNI_OP_COUNT];
    int64_t accepted, thrown_away, differences;
} tally;

typedef struct trial {
    random_graph r;
    rnnc_reference *reference;
    double greatest; // of all gradients of a window
} trial;

// ---- What is printed where something is wrong -----------------------------

static void print_graph(const rnnc_graph *graph)
{
    for (int32_t id = 0; id < graph->n_nodes; id++) {
        const rnnc_node *node = graph->nodes[id];
        char shape[RNI_SHAPE_TEXT];
        rni_shape_print(graph, &node->shape, shape);
        fprintf(stderr, "%4d %s%s%s %s", (int)id,
                node->cell ? node->cell->name : "", node->cell ? ": " : "",
                rni_op_table[node->op].name, node->name ? node->name : "");
        for (int32_t i = 0; i < node->n_inputs; i++)
            fprintf(stderr, " %d", (int)node->inputs[i]->id);
        fprintf(stderr, "   %s  [%lld %lld; %g %g]\n", shape,
                (long long)node->integers[0], (long long)node->integers[1],
                (double)node->numbers[0], (double)node->numbers[1]);
    }
    for (int32_t c = 0; c < graph->n_cells; c++)
        for (int32_t s = 0; s < graph->cells[c]->n_states; s++) {
            const rni_cell_state *state = graph->cells[c]->states + s;
            fprintf(stderr, "%s.%s: %d -> %d, first %d\n",
                    graph->cells[c]->name, state->name, (int)state->node->id,
                    (int)state->next->id,
                    state->first ? (int)state->first->id : -1);
        }
}

static void stop(const trial *t, const char *what, const rnnc_node *node,
                 const char *message)
{
    print_graph(t->r.graph);
    fail_msg("RNNC_TEST_SEED=%llu, %s of node %d: %s",
             (unsigned long long)t->r.seed, what, node ? (int)node->id : -1,
             message);
}

static void expect_ok(const trial *t, const char *what, rnnc_status status,
                      const char *message)
{
    if (status != RNNC_OK)
        stop(t, what, NULL, message);
}

// ---- Comparing ------------------------------------------------------------

static double greatest_of(const double *values, int64_t count)
{
    double greatest = 0;
    for (int64_t i = 0; i < count; i++)
        greatest = fmax(greatest, fabs(values[i]));
    return greatest;
}

static void compare(const trial *t, const char *what, const rnnc_node *node,
                    const float *found, const double *wanted, int64_t count,
                    double more)
{
    double bound = own_bound * (1 + greatest_of(wanted, count)) + more;
    for (int64_t i = 0; i < count; i++) {
        double off = fabs((double)found[i] - wanted[i]);
        if (off <= bound)
            continue;
        char text[160];
        snprintf(text, sizeof text, "[%lld] is %.9g, expected %.9g +- %.2g",
                 (long long)i, (double)found[i], wanted[i], bound);
        stop(t, what, node, text);
    }
}

// Elements of a value or input of the window, padded where it is a sequence.
static int64_t count_of(const random_window *w, const rnnc_node *node,
                        int64_t *longest)
{
    *longest = 0;
    if (node->shape.kind == RNI_STATIC)
        return node->shape.rows * node->shape.cols;
    if (node->shape.kind == RNI_BATCH)
        return w->batch * node->shape.cols;
    for (int64_t b = 0; b < w->batch; b++)
        if (w->lengths[node->shape.axis][b] > *longest)
            *longest = w->lengths[node->shape.axis][b];
    return w->batch * *longest * node->shape.cols;
}

static double *room_doubles(int64_t count)
{
    return calloc((size_t)count + 1, sizeof(double));
}

static float *room_floats(int64_t count)
{
    return calloc((size_t)count + 1, sizeof(float));
}

static void compare_output(const trial *t, const rnnc_run *run,
                           const random_window *w, rnnc_node *node)
{
    int64_t longest, count = count_of(w, node, &longest);
    double *wanted = room_doubles(count);
    float *found = room_floats(count);
    expect_ok(t, "value",
              rnnc_reference_value(t->reference, node, wanted, count),
              rnnc_reference_message(t->reference));
    rnnc_status status;
    if (node->shape.kind == RNI_STATIC)
        status = rnnc_run_get_static(run, node, found);
    else if (node->shape.kind == RNI_BATCH)
        status = rnnc_run_get_batch(run, node, found);
    else
        status =
            rnnc_run_get_padded(run, node, found, longest, RNNC_BATCH_MAJOR, 0);
    expect_ok(t, "value", status, rnnc_run_message(run));
    compare(t, "value", node, found, wanted, count, 0);
    free(wanted);
    free(found);
}

static double *reference_gradient(const trial *t, rnnc_node *of, int64_t count)
{
    double *wanted = room_doubles(count);
    expect_ok(
        t, "gradient",
        rnnc_reference_gradient(t->reference, t->r.loss, of, wanted, count),
        rnnc_reference_message(t->reference));
    return wanted;
}

static void compare_input_gradient(const trial *t, const rnnc_run *run,
                                   const random_window *w, rnnc_node *input)
{
    int64_t longest, count = count_of(w, input, &longest);
    double *wanted = reference_gradient(t, input, count);
    float *found = room_floats(count);
    rnnc_status status;
    if (input->shape.kind == RNI_STATIC)
        status = rnnc_run_gradient_static(run, input, found);
    else if (input->shape.kind == RNI_BATCH)
        status = rnnc_run_gradient_batch(run, input, found);
    else
        status = rnnc_run_gradient_padded(run, input, found, longest,
                                          RNNC_BATCH_MAJOR, 0);
    expect_ok(t, "gradient", status, rnnc_run_message(run));
    compare(t, "gradient", input, found, wanted, count,
            sum_bound * t->greatest);
    free(wanted);
    free(found);
}

// A frozen parameter has no gradient in a run.
static void compare_parameter_gradient(const trial *t, rnnc_node *parameter)
{
    int64_t count = parameter->shape.rows * parameter->shape.cols;
    double *wanted = reference_gradient(t, parameter, count);
    float *found = room_floats(count);
    expect_ok(
        t, "gradient",
        rnnc_weights_gradient(t->r.weights, parameter->name, found, count),
        rnnc_weights_message(t->r.weights));
    for (int64_t i = 0; parameter->parameter->frozen && i < count; i++)
        wanted[i] = 0;
    compare(t, "gradient", parameter, found, wanted, count,
            sum_bound * t->greatest);
    free(wanted);
    free(found);
}

// ---- The textbook's part --------------------------------------------------

static void set_reference(const trial *t, const random_window *w)
{
    rnnc_reference *reference = t->reference;
    for (int32_t i = 0; i < t->r.n_inputs; i++) {
        rnnc_node *node = t->r.inputs[i].node;
        rnnc_status status;
        if (w->sequences[i])
            status = rnnc_reference_input(reference, node, w->sequences[i]);
        else if (node->shape.kind == RNI_STATIC)
            status = rnnc_reference_input_static(reference, node, w->rows[i]);
        else if (w->ids[i])
            status = rnnc_reference_input_batch_ids(reference, node, w->ids[i],
                                                    w->batch);
        else
            status = rnnc_reference_input_batch(reference, node, w->rows[i],
                                                w->batch);
        expect_ok(t, "input", status, rnnc_reference_message(reference));
    }
}

// The greatest gradient of all parameters and inputs.
static double greatest_gradient(const trial *t, const random_window *w)
{
    double greatest = 0;
    for (int32_t id = 0; id < t->r.graph->n_nodes; id++) {
        rnnc_node *node = t->r.graph->nodes[id];
        int64_t longest;
        if ((node->op != RNI_OP_INPUT && node->op != RNI_OP_PARAMETER) ||
            node->shape.type == RNI_IDS)
            continue;
        int64_t count = count_of(w, node, &longest);
        double *gradient = reference_gradient(t, node, count);
        greatest = fmax(greatest, greatest_of(gradient, count));
        free(gradient);
    }
    return greatest;
}

static bool has_gradient(const rni_reference_matrix *matrix)
{
    return greatest_of(matrix->gradient, matrix->rows * matrix->cols) > matters;
}

// Some step of some sequence has a gradient for a cell's node.
static bool has_gradient_inside(const rnnc_reference *reference,
                                const rnnc_node *node)
{
    for (int32_t id = 0; id < reference->n_nodes; id++) {
        const rnnc_node *site = reference->graph->nodes[id];
        if (site->op != RNI_OP_UNROLL || !reference->needed[id] ||
            site->unrolled != node->cell)
            continue;
        int64_t rows = reference->starts[site->shape.axis][reference->batch];
        const rni_reference_unrolled *steps =
            rni_reference_at(reference, &reference->root, site)->steps;
        for (int64_t r = 0; r < rows; r++)
            if (has_gradient(
                    rni_reference_at(reference, steps->frames + r, node)))
                return true;
    }
    return false;
}

static bool is_condition(int32_t op)
{
    return op == RNI_OP_LESS || op == RNI_OP_LESS_EQUAL || op == RNI_OP_EQUAL;
}

static void count_uses(const trial *t, tally *all)
{
    const rnnc_reference *reference = t->reference;
    for (int32_t id = 0; id < reference->n_nodes; id++) {
        const rnnc_node *node = reference->graph->nodes[id];
        if (!reference->needed[id])
            continue;
        bool root = rni_reference_of_root(node);
        if (is_condition(node->op) ||
            (root ? has_gradient(
                        rni_reference_at(reference, &reference->root, node))
                  : has_gradient_inside(reference, node)))
            all->uses[node->op]++;
    }
}

// Every gradient of a few elements against finite differences.
static void compare_differences(const trial *t, const random_window *w,
                                tally *all)
{
    for (int32_t id = 0; id < t->r.graph->n_nodes; id++) {
        rnnc_node *node = t->r.graph->nodes[id];
        int64_t longest, count = 0;
        if ((node->op == RNI_OP_INPUT || node->op == RNI_OP_PARAMETER) &&
            node->shape.type == RNI_FLOAT)
            count = count_of(w, node, &longest);
        if (count == 0 || count > DIFFERENCES_MOST)
            continue;
        double *gradient = reference_gradient(t, node, count);
        double *found = room_doubles(count);
        expect_ok(t, "difference",
                  rnnc_reference_difference(t->reference, t->r.loss, node,
                                            difference_step, found, count),
                  rnnc_reference_message(t->reference));
        for (int64_t i = 0; i < count; i++)
            if (!(fabs(gradient[i] - found[i]) <=
                  difference_bound * (1 + t->greatest)))
                stop(t, "finite difference", node, "does not agree");
        free(gradient);
        free(found);
        all->differences += count;
    }
}

// ---- The run's part -------------------------------------------------------

static void set_run(const trial *t, rnnc_run *run, const random_window *w)
{
    for (int32_t i = 0; i < t->r.n_inputs; i++) {
        rnnc_node *node = t->r.inputs[i].node;
        rnnc_status status;
        if (w->sequences[i])
            status = rnnc_run_input(run, node, w->sequences[i]);
        else if (node->shape.kind == RNI_STATIC)
            status = rnnc_run_input_static(run, node, w->rows[i]);
        else if (w->ids[i])
            status = rnnc_run_input_batch_ids(run, node, w->ids[i], w->batch);
        else
            status = rnnc_run_input_batch(run, node, w->rows[i], w->batch);
        expect_ok(t, "input", status, rnnc_run_message(run));
    }
}

static rnnc_plan *make_plan(const trial *t, int32_t use)
{
    const random_graph *r = &t->r;
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = use,
                                 .outputs = r->outputs,
                                 .n_outputs = r->n_outputs,
                                 .block_rows = r->block_rows,
                                 .segment_rows = r->segment_rows,
                                 .keep = use == RNNC_TRAIN ? r->keep : 0};
    if (use == RNNC_TRAIN) {
        options.loss = r->loss;
        options.gradients = r->gradients;
        options.n_gradients = r->n_gradients;
    }
    rnnc_plan *plan = rnnc_plan_create(r->graph, &options);
    expect_ok(t, "plan", rnnc_plan_status(plan), rnnc_plan_message(plan));
    return plan;
}

static void compare_training(trial *t, rnnc_run *run, const random_window *w)
{
    float loss;
    double wanted;
    rnnc_weights_zero_gradients(t->r.weights);
    expect_ok(t, "forward", rnnc_run_forward(run), rnnc_run_message(run));
    expect_ok(t, "backward", rnnc_run_backward(run), rnnc_run_message(run));
    expect_ok(t, "loss", rnnc_run_loss(run, &loss), rnnc_run_message(run));
    rnnc_reference_value(t->reference, t->r.loss, &wanted, 1);
    compare(t, "loss", t->r.loss, &loss, &wanted, 1, 0);
    for (int32_t i = 0; i < t->r.n_gradients; i++)
        compare_input_gradient(t, run, w, t->r.gradients[i]);
    for (int32_t p = 0; p < rnnc_graph_parameter_count(t->r.graph); p++)
        compare_parameter_gradient(t, rnnc_graph_parameter(t->r.graph, p));
    for (int32_t o = 0; o < t->r.n_outputs; o++)
        compare_output(t, run, w, t->r.outputs[o]);
}

static void compare_inference(const trial *t, const random_window *w)
{
    if (t->r.n_outputs == 0)
        return;
    rnnc_plan *plan = make_plan(t, RNNC_INFER);
    rnnc_run *run = rnnc_run_create(plan, t->r.weights);
    // inputs that no output needs are taken all the same
    set_run(t, run, w);
    expect_ok(t, "inference", rnnc_run_forward(run), rnnc_run_message(run));
    for (int32_t o = 0; o < t->r.n_outputs; o++) {
        rnnc_reference_train(t->reference, 0, 0, 0);
        compare_output(t, run, w, t->r.outputs[o]);
    }
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
}

// ---- One graph ------------------------------------------------------------

// Distance from a kink, with values moved or as they are.
static double kink_of(const trial *t, double moved)
{
    double loss;
    t->reference->jitter = moved;
    t->reference->evaluated = false;
    expect_ok(t, "loss",
              rnnc_reference_value(t->reference, t->r.loss, &loss, 1),
              rnnc_reference_message(t->reference));
    t->reference->jitter = 0;
    return isfinite(loss) ? t->reference->near : 0;
}

// Evaluates and differentiates; false where a kink is too near.
static bool is_smooth(trial *t, const random_window *w)
{
    if (kink_of(t, jitter) < kink_least || kink_of(t, 0) < kink_least)
        return false;
    t->greatest = greatest_gradient(t, w);
    return isfinite(t->greatest);
}

// The windows one after another; false where the first is too near a kink.
static bool try_windows(trial *t, random_window windows[RANDOM_WINDOWS],
                        tally *all)
{
    rnnc_plan *plan = NULL;
    rnnc_run *run = NULL;
    for (int32_t i = 0; i < t->r.windows; i++) {
        random_window *w = windows + i;
        *w = random_window_make(&t->r, i > 0 ? windows : NULL);
        if (i > 0)
            rnnc_reference_carry(t->reference, w->carried, w->batch);
        set_reference(t, w);
        rnnc_reference_train(t->reference, 1, dropout_seed, (uint64_t)i);
        if (!is_smooth(t, w))
            break;
        count_uses(t, all);
        if (!run) {
            plan = make_plan(t, RNNC_TRAIN);
            run = rnnc_run_create(plan, t->r.weights);
            rnnc_run_seed(run, dropout_seed, 0);
        } else
            rnnc_run_carry(run, w->carried, w->batch);
        set_run(t, run, w);
        compare_training(t, run, w);
    }
    bool tried = run != NULL;
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    return tried;
}

// Without a run: the textbook by itself, and inference.
static void try_alone(trial *t, const random_window *w, tally *all)
{
    rnnc_reference_carry(t->reference, NULL, 0);
    set_reference(t, w);
    if (t->r.seed % DIFFERENCES_EVERY == 0) {
        rnnc_reference_train(t->reference, 1, dropout_seed, 0);
        is_smooth(t, w);
        if (t->reference->near > kink_least_difference)
            compare_differences(t, w, all);
    }
    if (t->r.seed % INFERENCE_EVERY == 0) {
        rnnc_reference_train(t->reference, 0, 0, 0);
        if (is_smooth(t, w))
            compare_inference(t, w);
    }
}

// Inference with weights stored in fewer bits: the textbook knows nothing of
// storage, it takes their values.
static void try_stored(trial *t, const random_window *w)
{
    int32_t storage = t->r.seed % 2 == 0 ? RNNC_STORE_BF16 : RNNC_STORE_INT8;
    if (t->r.seed % INFERENCE_EVERY > 1)
        return;
    expect_ok(t, "storage", rnnc_weights_store(t->r.weights, NULL, storage),
              rnnc_weights_message(t->r.weights));
    rnnc_reference_destroy(t->reference);
    t->reference = rnnc_reference_create(t->r.weights);
    rnnc_reference_train(t->reference, 0, 0, 0);
    set_reference(t, w);
    if (is_smooth(t, w))
        compare_inference(t, w);
}

static void try_seed(uint64_t seed, tally *all)
{
    trial t = {.r = random_graph_make(seed)};
    random_window windows[RANDOM_WINDOWS] = {0};
    expect_ok(&t, "description", rnnc_graph_status(t.r.graph),
              rnnc_graph_message(t.r.graph));
    t.reference = rnnc_reference_create(t.r.weights);
    expect_ok(&t, "reference", rnnc_reference_status(t.reference),
              rnnc_reference_message(t.reference));
    if (try_windows(&t, windows, all)) {
        try_alone(&t, windows, all);
        try_stored(&t, windows);
        all->accepted++;
    } else
        all->thrown_away++;
    for (int32_t i = 0; i < RANDOM_WINDOWS; i++)
        random_window_destroy(windows + i);
    rnnc_reference_destroy(t.reference);
    random_graph_destroy(&t.r);
}

static void runs_give_what_the_textbook_gives(void **state)
{
    (void)state;
    tally all = {{0}, 0, 0, 0};
    const char *one = getenv("RNNC_TEST_SEED");
    if (one) {
        try_seed(strtoull(one, NULL, 10), &all);
        return;
    }
    bool many = getenv("RNNC_TEST_LONG") != NULL;
    int64_t graphs = many ? GRAPHS_LONG : GRAPHS;
    for (uint64_t seed = 1; all.accepted < graphs; seed++) {
        try_seed(seed, &all);
        assert_true(all.thrown_away <= graphs);
    }
    print_message("%lld graphs, %lld thrown away, %lld differences\n",
                  (long long)all.accepted, (long long)all.thrown_away,
                  (long long)all.differences);
    for (int32_t op = 0; op < RNI_OP_COUNT; op++)
        if (all.uses[op] < USES_LEAST)
            fail_msg("%s matters only %lld times", rni_op_table[op].name,
                     (long long)all.uses[op]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_give_what_the_textbook_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
