// SPDX-License-Identifier: MIT
// Pictures: what is in them, how sizes are told, and that Graphviz reads them
// where it is installed.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/picture.h"
#include "support/fault.h"

// Both kinds of pictures, as text of its own that the caller frees.
static char *graph_text(const rnnc_graph *graph)
{
    size_t size = rnnc_graph_picture(graph, NULL, 0) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    assert_int_equal(rnnc_graph_picture(graph, text, size), size - 1);
    assert_int_equal(strlen(text), size - 1);
    return text;
}

static char *cell_text(const rnnc_cell *cell, int32_t steps)
{
    size_t size = rnnc_cell_picture(cell, steps, NULL, 0) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    assert_int_equal(rnnc_cell_picture(cell, steps, text, size), size - 1);
    assert_int_equal(strlen(text), size - 1);
    return text;
}

static int32_t count(const char *text, const char *words)
{
    int32_t found = 0;
    for (text = strstr(text, words); text != NULL;
         text = strstr(text + 1, words))
        found++;
    return found;
}

// True where Graphviz draws the text, or is not installed.
static bool is_drawn(const char *text)
{
    if (system("dot -V >/dev/null 2>&1") != 0)
        return true;
    FILE *dot = popen("dot -Tplain >/dev/null 2>&1", "w");
    assert_non_null(dot);
    fputs(text, dot);
    return pclose(dot) == 0;
}

static rnnc_graph *model(rnnc_cell **cell)
{
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_node *ids = rnnc_input_ids(g, "a \"quoted\" \\ name", 5);
    rnnc_node *x = rnnc_embedding(ids, "embed", 3);
    *cell = rnnc_cell_lstm(g, "lstm", 3, 4);
    rnnc_node *y = rnnc_unroll(*cell, x);
    rnnc_name(rnnc_linear(y, "out", 5), "logits");
    rnnc_unroll_final(y, "c");
    assert_string_equal(rnnc_graph_message(g), "");
    return g;
}

static void draws_a_graph(void **state)
{
    (void)state;
    rnnc_cell *cell;
    rnnc_graph *g = model(&cell);
    char *text = graph_text(g);
    assert_true(is_drawn(text));
    assert_non_null(strstr(text, "a \\\"quoted\\\" \\\\ name\\ntime x ids"));
    // A parameter each: the table, four of the cell, two of the layer.
    assert_int_equal(count(text, "shape=ellipse"), 7);
    assert_int_equal(count(text, "shape=box3d"), 1);
    assert_int_equal(count(text, "label=\"cell lstm\""), 1);
    assert_int_equal(count(text, "label=\"final c\""), 1);
    assert_int_equal(count(text, "project\\n\\\"logits\\\""), 1);
    // Inside the cell is not drawn: lookup 2, cell 1 + 4, final 1, out 3.
    assert_int_equal(count(text, " -> "), 11);
    assert_int_equal(count(text, "tanh"), 0);
    assert_int_equal(count(text, "label=\"16 x 3\""), 1);
    free(text);
    rnnc_graph_destroy(g);
}

static void draws_a_cell(void **state)
{
    (void)state;
    rnnc_cell *cell;
    rnnc_graph *g = model(&cell);
    for (int32_t steps = 1; steps <= 3; steps++) {
        char *text = cell_text(cell, steps);
        assert_true(is_drawn(text));
        assert_int_equal(count(text, "subgraph cluster_"), steps);
        assert_int_equal(count(text, "label=\"output 0\""), steps);
        assert_int_equal(count(text, "label=\"tanh\""), 2 * steps);
        // Shared by all steps: four parameters, and two first states.
        assert_int_equal(count(text, "shape=ellipse"), 4);
        assert_int_equal(count(text, "[label=\"h\\n4\""), 1);
        // h goes to one place and c to one in each step, both to the end.
        assert_int_equal(count(text, "penwidth"), 2 * steps);
        assert_int_equal(count(text, "embed"), 0);
        free(text);
    }
    rnnc_graph_destroy(g);
}

static void draws_what_is_special(void **state)
{
    (void)state;
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_cell *cell = rnnc_cell_create(g, "");
    rnnc_node *x = rnnc_cell_input_ids(cell, 4);
    rnnc_node *b = rnnc_cell_input_batch(cell, 2);
    rnnc_node *last = rnnc_cell_state(cell, "last", 2);
    rnnc_node *before = rnnc_cell_state(cell, "before", 2);
    rnnc_node *row = rnnc_parameter_vector(g, "row", 2, RNNC_INIT_ZEROS, 0);
    rnnc_cell_first(cell, last, rnnc_tanh(row));
    rnnc_cell_next(cell, before, last);
    // Without a next for `last`, and without an output, it is drawn as it is.
    char *text = cell_text(cell, 3);
    assert_true(is_drawn(text));
    free(text);
    rnnc_cell_next(cell, last, rnnc_add(rnnc_embedding(x, "e", 2), b));
    rnnc_cell_output(cell, before);
    assert_string_equal(rnnc_graph_message(g), "");
    text = cell_text(cell, 3);
    assert_true(is_drawn(text));
    assert_non_null(strstr(text, "label=\"first\""));
    assert_int_equal(count(text, "label=\"row\\n1 x 2\""), 1);
    assert_int_equal(count(text, "label=\"add\""), 3);
    free(text);
    text = graph_text(g);
    assert_true(is_drawn(text));
    free(text);
    rnnc_graph_destroy(g);
}

// Outputs that have no name go by their numbers, others by their names.
static void names_the_parts_of_an_unroll(void **state)
{
    (void)state;
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_cell *cell = rnnc_cell_create(g, "two");
    rnnc_node *x = rnnc_cell_input(cell, 2);
    rnnc_cell_output(cell, rnnc_tanh(x));
    rnnc_cell_output(cell, rnnc_exp(x));
    rnnc_cell_output(cell, rnnc_name(rnnc_neg(x), "minus"));
    rnnc_node *y = rnnc_unroll(cell, rnnc_input_rows(g, "x", 2));
    rnnc_unroll_output(y, 1);
    rnnc_unroll_output(y, 2);
    assert_string_equal(rnnc_graph_message(g), "");
    char *text = graph_text(g);
    assert_true(is_drawn(text));
    assert_int_equal(count(text, "label=\"output 1\""), 1);
    assert_int_equal(count(text, "label=\"output minus\""), 1);
    free(text);
    rnnc_graph_destroy(g);
}

// What the graph and a cell both use has an edge to each, however often the
// cell uses it and whatever was made between.
static void draws_what_a_cell_shares(void **state)
{
    (void)state;
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_cell *cell = rnnc_cell_create(g, "shares");
    rnnc_node *row = rnnc_parameter_vector(g, "row", 2, RNNC_INIT_ZEROS, 0);
    rnnc_node *outside = rnnc_tanh(row);
    rnnc_node *x = rnnc_cell_input(cell, 2);
    rnnc_cell_output(cell, rnnc_add(rnnc_add(x, row), row));
    rnnc_node *y = rnnc_unroll(cell, rnnc_input_rows(g, "x", 2));
    rnnc_mul(y, outside);
    assert_string_equal(rnnc_graph_message(g), "");
    char *text = graph_text(g);
    assert_true(is_drawn(text));
    assert_int_equal(count(text, "n0 -> n1 [label=\"1 x 2\"]"), 1);
    assert_int_equal(count(text, "n0 -> n6 [label=\"1 x 2\"]"), 1);
    // From x to the cell, and two into the product.
    assert_int_equal(count(text, " -> "), 5);
    free(text);
    rnnc_graph_destroy(g);
}

static void tells_sizes(void **state)
{
    (void)state;
    rnnc_cell *cell;
    rnnc_graph *g = model(&cell);
    char *text = graph_text(g);
    size_t size = strlen(text);
    char *part = malloc(size + 1);
    assert_non_null(part);
    for (size_t room = 1; room <= size + 1; room += 37) {
        memset(part, 'z', size + 1);
        assert_int_equal(rnnc_graph_picture(g, part, room), size);
        assert_int_equal(strlen(part), room - 1);
        assert_memory_equal(part, text, room - 1);
        if (room < size + 1)
            assert_int_equal(part[room], 'z');
    }
    free(part);
    free(text);
    assert_int_equal(rnnc_graph_picture(NULL, NULL, 0), 0);
    assert_int_equal(rnnc_cell_picture(NULL, 1, NULL, 0), 0);
    assert_int_equal(rnnc_cell_picture(cell, 0, NULL, 0),
                     rnnc_cell_picture(cell, 1, NULL, 0));
    assert_int_equal(rnnc_cell_picture(cell, INT32_MAX, NULL, 0),
                     rnnc_cell_picture(cell, 1000, NULL, 0));
    rnnc_graph_destroy(g);
}

static void needs_memory_for_cells(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    rnnc_graph *g = rnnc_graph_create(context);
    rnnc_cell *cell = rnnc_cell_lstm(g, "lstm", 3, 4);
    fault_arm(&f, 0, true);
    assert_int_equal(rnnc_cell_picture(cell, 1, NULL, 0), 0);
    rnnc_graph_destroy(g);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_a_graph),
        cmocka_unit_test(draws_a_cell),
        cmocka_unit_test(draws_what_is_special),
        cmocka_unit_test(names_the_parts_of_an_unroll),
        cmocka_unit_test(draws_what_a_cell_shares),
        cmocka_unit_test(tells_sizes),
        cmocka_unit_test(needs_memory_for_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
