// SPDX-License-Identifier: MIT
// Limits of a context: each is reached by a file or a graph made for it, is
// named in the message, and is no obstacle one step before.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rnnc/rnnc.h"

static rnnc_context *limited(rnnc_context_options options)
{
    options.struct_size = sizeof options;
    rnnc_context *context = rnnc_context_create(&options);
    assert_int_equal(rnnc_context_status(context), RNNC_OK);
    return context;
}

// A model of `nodes` nodes: w, and tanh of it again and again.
static unsigned char *make_model(int nodes, size_t *size)
{
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *node = rnnc_parameter(graph, "wide", 2, 3, RNNC_INIT_ZEROS, 0);
    for (int i = 1; i < nodes; i++)
        node = rnnc_tanh(node);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    assert_int_equal(rnnc_model_save_memory(weights, NULL, 0, size), RNNC_OK);
    unsigned char *bytes = malloc(*size);
    assert_int_equal(rnnc_model_save_memory(weights, bytes, *size, size),
                     RNNC_OK);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
    return bytes;
}

// Loads a model of ten nodes; `reason` NULL: it must go well.
static void expect_load(rnnc_context_options options, const char *reason)
{
    size_t size;
    unsigned char *bytes = make_model(10, &size);
    rnnc_context *context = limited(options);
    rnnc_model *model = rnnc_model_load_memory(context, bytes, size);
    rnnc_status status = rnnc_model_status(model);
    const char *text = rnnc_model_message(model);
    if (status != (reason == NULL ? RNNC_OK : RNNC_E_LIMIT) ||
        (reason != NULL && strstr(text, reason) == NULL))
        fail_msg("status %d: %s", (int)status, text);
    rnnc_model_destroy(model);
    rnnc_context_destroy(context);
    free(bytes);
}

static void bytes_of_a_file(void **state)
{
    (void)state;
    size_t size;
    free(make_model(10, &size));
    char reason[64];
    snprintf(reason, sizeof reason, "the limit is %zu", size - 1);
    expect_load((rnnc_context_options){.file_limit = size}, NULL);
    expect_load((rnnc_context_options){.file_limit = size - 1}, reason);
}

static void nodes_of_a_graph(void **state)
{
    (void)state;
    expect_load((rnnc_context_options){.node_limit = 10}, NULL);
    expect_load((rnnc_context_options){.node_limit = 9}, "more nodes");
}

// The graph has {"nodes":[{"initial":[{: five levels.
static void levels_of_a_text(void **state)
{
    (void)state;
    expect_load((rnnc_context_options){.depth_limit = 5}, NULL);
    expect_load((rnnc_context_options){.depth_limit = 4},
                "deeper than 4 levels");
}

static void bytes_of_a_name(void **state)
{
    (void)state;
    expect_load((rnnc_context_options){.name_limit = 4}, NULL);
    expect_load((rnnc_context_options){.name_limit = 3}, "the limit");
}

// Each step of a shift is a value of the plan.
static void values_of_a_plan(void **state)
{
    (void)state;
    static const struct {
        int64_t steps;
        rnnc_status status;
    } rows[] = {{400, RNNC_OK}, {2000, RNNC_E_LIMIT}};
    for (size_t i = 0; i < 2; i++) {
        rnnc_context *context =
            limited((rnnc_context_options){.node_limit = 10});
        rnnc_graph *graph = rnnc_graph_create(context);
        rnnc_node *y =
            rnnc_shift(rnnc_input_rows(graph, "x", 1), rows[i].steps);
        rnnc_plan_options options = {
            .struct_size = sizeof options, .outputs = &y, .n_outputs = 1};
        rnnc_plan *plan = rnnc_plan_create(graph, &options);
        assert_int_equal(rnnc_plan_status(plan), rows[i].status);
        if (rows[i].status != RNNC_OK)
            assert_non_null(strstr(rnnc_plan_message(plan), "node_limit"));
        rnnc_plan_destroy(plan);
        rnnc_graph_destroy(graph);
        rnnc_context_destroy(context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_a_file),  cmocka_unit_test(nodes_of_a_graph),
        cmocka_unit_test(levels_of_a_text), cmocka_unit_test(bytes_of_a_name),
        cmocka_unit_test(values_of_a_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
