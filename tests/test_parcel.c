// SPDX-License-Identifier: MIT
// What cannot be packed into a file: names that two tensors would have, names
// that are too long, weights and graphs that are not whole; and memory that
// runs out on the way.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"
#include "support/checkpoint_case.h"
#include "support/fault.h"
#include "support/folder.h"

enum { PATH = 256, CONSTANTS = 200, ROWS = 9999, MOST_BLOCKS = 1000 };

// ---- Records ----------------------------------------------------------------

// A checkpoint of one parameter and one entry; a message has the words, and no
// file is left.
static void expect(rnnc_context *context, const char *parameter,
                   const char *entry, rnnc_status wanted, const char *words)
{
    checkpoint_case c;
    const double number = 5;
    int64_t step = 0;
    double read = 0;
    checkpoint_make(&c, context, parameter, 1);
    assert_int_equal(rnnc_record_set_numbers(c.record, entry, &number, 1),
                     RNNC_OK);
    assert_int_equal(checkpoint_save(&c, 1), wanted);
    checkpoint_says(&c, words);
    rnnc_record_destroy(c.record);
    c.record = rnnc_record_create(context);
    assert_int_equal(checkpoint_load(&c, &step), RNNC_OK);
    assert_int_equal(step, wanted == RNNC_OK ? 1 : -1);
    assert_int_equal(folder_count(c.folder), wanted == RNNC_OK);
    if (wanted == RNNC_OK)
        assert_int_equal(rnnc_record_get_numbers(c.record, entry, &read, 1),
                         RNNC_OK);
    assert_true(read == (wanted == RNNC_OK ? number : 0));
    checkpoint_free(&c);
}

static void names_of_a_record_are_not_for_parameters(void **state)
{
    (void)state;
    expect(NULL, "training.n", "m", RNNC_OK, "");
    expect(NULL, "training.n", "n", RNNC_E_NAME,
           "\"training.n\" is a parameter, and an entry of the record has its "
           "name in the file");
    expect(NULL, "checksum.fnv1a", "n", RNNC_E_NAME,
           "\"checksum.fnv1a\" is a parameter, and the checksum has its name");
}

// What could not be read again is not written.
static void names_are_as_long_as_the_context_allows(void **state)
{
    (void)state;
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .name_limit = 20};
    rnnc_context *context = rnnc_context_create(&options);
    expect(context, "w", "elevenbytes", RNNC_OK, "");
    expect(context, "w", "twelve bytes", RNNC_E_LIMIT,
           "\"training.twelve bytes\" has 21 bytes, the limit is 20");
    rnnc_context_destroy(context);
}

// ---- Weights and graphs that are not whole ----------------------------------

static void refuse(const rnnc_weights *weights, rnnc_status wanted,
                   const char *words)
{
    char path[PATH], message[512] = "";
    size_t needed = 77;
    folder_name(path, sizeof path, "parcel");
    for (int whole = 0; whole < 2; whole++) {
        assert_int_equal((whole ? rnnc_model_save : rnnc_weights_save)(
                             weights, path, message, sizeof message),
                         wanted);
        if (strstr(message, words) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", message, words);
        size_t size;
        assert_null(file_read(path, &size));
        assert_int_equal(
            (whole ? rnnc_model_save_memory
                   : rnnc_weights_save_memory)(weights, NULL, 0, &needed),
            wanted);
        assert_int_equal(needed, 77);
    }
}

static void weights_that_could_not_be_made_are_not_saved(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_parameter(graph, "w", 0, 3, RNNC_INIT_ZEROS, 0);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    assert_int_not_equal(rnnc_graph_status(graph), RNNC_OK);
    refuse(weights, rnnc_graph_status(graph), rnnc_graph_message(graph));
    refuse(NULL, RNNC_E_ARGUMENT, "weights is NULL");
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

static void a_graph_that_failed_or_grew_is_not_saved(void **state)
{
    (void)state;
    rnnc_weights *weights = checkpoint_weights(NULL, "w");
    rnnc_graph *graph = rnnc_weights_graph(weights);
    rnnc_parameter(graph, "v", 2, 3, RNNC_INIT_ZEROS, 0);
    refuse(weights, RNNC_E_STATE,
           "the graph has 2 parameters, the weights were made when it had 1");
    rnnc_parameter(graph, "w", 2, 3, RNNC_INIT_ZEROS, 0); // there is one
    assert_int_not_equal(rnnc_graph_status(graph), RNNC_OK);
    refuse(weights, rnnc_graph_status(graph), rnnc_graph_message(graph));
    rnnc_weights_destroy(weights);
}

// ---- Memory -----------------------------------------------------------------

static void memory_that_runs_out_leaves_nothing_behind(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    rnnc_graph *graph = rnnc_graph_create(context);
    rnnc_node *sum = rnnc_parameter(graph, "w", 1, 1, RNNC_INIT_ZEROS, 0);
    for (int i = 0; i < CONSTANTS; i++)
        sum = rnnc_add(sum, rnnc_constant(graph, 1, 1, (float[]){(float)i}));
    rnnc_parameter(graph, "s", ROWS, 1, RNNC_INIT_NORMAL, 1);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    assert_string_equal(rnnc_graph_message(graph), "");
    assert_int_equal(rnnc_weights_store(weights, "s", RNNC_STORE_INT8),
                     RNNC_OK);
    size_t wanted = 0, needed;
    assert_int_equal(rnnc_model_save_memory(weights, NULL, 0, &wanted),
                     RNNC_OK);
    int64_t live = f.live, at = 0;
    rnnc_status status = RNNC_E_MEMORY;
    for (; status == RNNC_E_MEMORY && at < MOST_BLOCKS; at++) {
        needed = 77;
        fault_arm(&f, at, false);
        status = rnnc_model_save_memory(weights, NULL, 0, &needed);
        assert_int_equal(status, f.hit ? RNNC_E_MEMORY : RNNC_OK);
        assert_int_equal(needed, f.hit ? 77 : wanted);
        assert_int_equal(f.live, live);
    }
    assert_in_range(at, 10, MOST_BLOCKS - 1);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_a_record_are_not_for_parameters),
        cmocka_unit_test(names_are_as_long_as_the_context_allows),
        cmocka_unit_test(weights_that_could_not_be_made_are_not_saved),
        cmocka_unit_test(a_graph_that_failed_or_grew_is_not_saved),
        cmocka_unit_test(memory_that_runs_out_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
