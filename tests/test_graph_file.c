// SPDX-License-Identifier: MIT
// Graphs in files: names come back, constants find names for their tensors, and
// limits are said before anything is built.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "file/graph_json.h"
#include "rnnc/rnnc.h"

// What a graph with these weights is after it was a file.
static rnnc_model *through_a_file(const rnnc_weights *weights)
{
    size_t size;
    assert_int_equal(rnnc_model_save_memory(weights, NULL, 0, &size), RNNC_OK);
    unsigned char *bytes = malloc(size);
    assert_int_equal(rnnc_model_save_memory(weights, bytes, size, &size),
                     RNNC_OK);
    rnnc_model *model = rnnc_model_load_memory(NULL, bytes, size);
    assert_string_equal(rnnc_model_message(model), "");
    free(bytes);
    return model;
}

static void names_of_constants_and_inputs_come_back(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_cell *cell = rnnc_cell_create(graph, "cell");
    rnnc_node *half = rnnc_name(rnnc_scalar(graph, 0.5f), "half");
    rnnc_node *in = rnnc_name(rnnc_cell_input(cell, 2), "in");
    rnnc_cell_output(cell, rnnc_mul(in, half));
    rnnc_unroll(cell, rnnc_input_rows(graph, "x", 2));
    assert_string_equal(rnnc_graph_message(graph), "");
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_model *model = through_a_file(weights);
    rnnc_graph *back = rnnc_model_graph(model);
    assert_int_equal(back->n_nodes, graph->n_nodes);
    assert_string_equal(rnnc_node_name(back->nodes[0]), "half");
    assert_string_equal(rnnc_node_name(back->nodes[1]), "in");
    assert_null(rnnc_node_name(back->nodes[2]));
    assert_ptr_equal(rnnc_graph_node(back, "half"), back->nodes[0]);
    assert_true(back->nodes[0]->data[0] == 0.5f);
    rnnc_model_destroy(model);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

// Parameters may have any name that a constant's tensor might have.
static void constants_find_a_name(void **state)
{
    (void)state;
    enum { TAKEN = 300, CONSTANT = TAKEN + 1 }; // its number among the nodes
    rnnc_graph *graph = rnnc_graph_create(NULL);
    char name[RNI_CONSTANT_TEXT];
    snprintf(name, sizeof name, "constant.%d", CONSTANT);
    rnnc_parameter(graph, name, 1, 1, RNNC_INIT_ZEROS, 0);
    for (int n = 1; n <= TAKEN; n++) {
        snprintf(name, sizeof name, "constant.%d_%d", CONSTANT, n);
        rnnc_parameter(graph, name, 1, 1, RNNC_INIT_CONSTANT, (float)n);
    }
    rnnc_node *half = rnnc_scalar(graph, 0.5f);
    assert_string_equal(rnnc_graph_message(graph), "");
    rni_constant_name(half, name);
    assert_string_equal(name, "constant.301_301");
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_model *model = through_a_file(weights);
    rnnc_graph *back = rnnc_model_graph(model);
    assert_int_equal(back->n_nodes, CONSTANT + 1);
    assert_true(back->nodes[CONSTANT]->data[0] == 0.5f);
    float value;
    rnnc_weights_get(rnnc_model_weights(model), "constant.301_300", &value, 1);
    assert_true(value == TAKEN);
    rnnc_model_destroy(model);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

// Reads a graph that needs no tensors, in a context with a limit of names.
static rnnc_status read_text(const char *text, uint32_t name_limit,
                             rni_error *error)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .name_limit = name_limit};
    rnnc_context *context = rnnc_context_create(&options);
    rnnc_graph *graph = rnnc_graph_create(context);
    rni_safetensors none = {0};
    rni_json json;
    *error = (rni_error){0};
    assert_int_equal(rni_json_parse(&json, &context->memory, "graph", text,
                                    strlen(text),
                                    rni_file_limits_of(context).json, error),
                     RNNC_OK);
    rnnc_status status = rni_graph_read(graph, &json, &none, error);
    rni_json_fini(&json);
    rnnc_graph_destroy(graph);
    rnnc_context_destroy(context);
    return status;
}

// "time", the name of each graph's first axis, has four bytes.
static void names_are_limited(void **state)
{
    (void)state;
    const char *text = "{\"format\":1,\"features\":[],\"axes\":[\"time\"],"
                       "\"cells\":[],\"nodes\":[]}";
    rni_error error;
    assert_int_equal(read_text(text, 4, &error), RNNC_OK);
    assert_int_equal(read_text(text, 3, &error), RNNC_E_LIMIT);
    assert_string_equal(error.text,
                        "graph: it: a name is longer than the limit");
}

// One cell too many is refused before a first is looked at.
static void cells_are_limited(void **state)
{
    (void)state;
    for (size_t count = RNI_GRAPH_CELLS; count <= RNI_GRAPH_CELLS + 1;
         count++) {
        char *text = malloc(2 * count + 100);
        size_t length = (size_t)sprintf(text, "{\"format\":1,\"features\":[],"
                                              "\"axes\":[],\"nodes\":[],"
                                              "\"cells\":[");
        for (size_t i = 0; i < count; i++, length += 2)
            memcpy(text + length, "0,", 2);
        memcpy(text + length - 1, "]}", 3);
        rni_error error;
        rnnc_status status = read_text(text, 0, &error);
        free(text);
        bool few = count == RNI_GRAPH_CELLS;
        assert_int_equal(status, few ? RNNC_E_FORMAT : RNNC_E_LIMIT);
        assert_string_equal(error.text,
                            few ? "graph: cell 0: \"name\": expected a string"
                                : "graph: it: more than 65536 cells");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_constants_and_inputs_come_back),
        cmocka_unit_test(constants_find_a_name),
        cmocka_unit_test(names_are_limited),
        cmocka_unit_test(cells_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
