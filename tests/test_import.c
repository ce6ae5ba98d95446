// SPDX-License-Identifier: MIT
// Weights of others through a map of names: each name finds its partner or is
// listed, and a load that fails changes nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/fault.h"
#include "support/import_case.h"

static const float *const w = import_truth.w;
static const float *const b = import_truth.b;

// ---- Names -----------------------------------------------------------------

static void names_as_they_are(void **state)
{
    (void)state;
    rnnc_weights *weights = import_weights();
    uint64_t version = rnnc_weights_version(weights);
    size_t size = import_make_file(import_whole(), 3);
    assert_int_equal(rnnc_weights_load_memory(weights, import_file, size),
                     RNNC_OK);
    assert_string_equal(rnnc_weights_message(weights), "");
    assert_true(rnnc_weights_version(weights) > version);
    import_check_whole(weights);
    rnnc_weights_destroy(weights);
}

static void names_by_entries_and_prefixes(void **state)
{
    (void)state;
    piece pieces[5];
    memcpy(pieces, import_whole(), 3 * sizeof *pieces);
    pieces[0].name = "net.w";
    pieces[1].name = "net.b";
    pieces[2].name = "strange";
    pieces[3] = import_floats("decoder.w", "[1]", w, 1);
    pieces[4] = import_floats("step", "[]", w, 1);
    rnnc_import *import = rnnc_import_create(NULL);
    rnnc_weights *weights = import_weights();
    rnnc_import_prefix(import, "decoder.", NULL);
    rnnc_import_prefix(import, "net.", "");
    rnnc_import_prefix(import, "", "never.");
    rnnc_import_map(import, "strange", "u", NULL);
    rnnc_import_map(import, "step", NULL, NULL);
    assert_int_equal(import_load(import, weights, pieces, 5), RNNC_OK);
    import_check_whole(weights);
    assert_int_equal(rnnc_import_count(import, RNNC_IMPORT_SKIPPED), 2);
    assert_string_equal(rnnc_import_item(import, RNNC_IMPORT_SKIPPED, 0),
                        "step");
    assert_string_equal(rnnc_import_item(import, RNNC_IMPORT_SKIPPED, 1),
                        "decoder.w");
    assert_null(rnnc_import_item(import, RNNC_IMPORT_SKIPPED, 2));
    assert_null(rnnc_import_item(import, RNNC_IMPORT_SKIPPED, -1));
    assert_int_equal(rnnc_import_count(import, RNNC_IMPORT_MISSING), 0);
    assert_int_equal(rnnc_import_count(import, 4), 0);
    assert_int_equal(rnnc_import_count(import, -1), 0);
    // The lists are of the last load.
    assert_int_equal(import_load(import, weights, NULL, 0), RNNC_E_NAME);
    assert_int_equal(rnnc_import_count(import, RNNC_IMPORT_SKIPPED), 0);
    assert_int_equal(rnnc_import_count(import, RNNC_IMPORT_MISSING), 3);
    rnnc_weights_destroy(weights);
    rnnc_import_destroy(import);
}

static void what_has_no_partner_is_listed(void **state)
{
    (void)state;
    piece pieces[3];
    memcpy(pieces, import_whole(), sizeof pieces);
    import_refuse_plain(pieces, 2, RNNC_E_NAME,
                        "1 parameter has no tensor: \"u\"", "");
    pieces[0].name = "weight";
    pieces[1].name = "bias";
    import_refuse_plain(pieces, 3, RNNC_E_NAME,
                        "2 parameters have no tensor: \"w\", \"b\"",
                        "2 tensors have no parameter: \"bias\", \"weight\"");
    rnnc_import *import = rnnc_import_create(NULL);
    import_refuse(import, pieces, 3, RNNC_E_NAME, "no tensor", "no parameter");
    assert_int_equal(rnnc_import_count(import, RNNC_IMPORT_MISSING), 2);
    assert_string_equal(rnnc_import_item(import, RNNC_IMPORT_MISSING, 1), "b");
    assert_string_equal(rnnc_import_item(import, RNNC_IMPORT_LEFT_OVER, 0),
                        "bias");
    rnnc_import_map(import, "weights", "w", NULL);
    import_refuse(import, pieces, 3, RNNC_E_NAME, "no tensor: \"w\"",
                  "the map names tensor weights");
    rnnc_import_destroy(import);
    // What is not wanted need not be there, and what is there is no reason.
    import = rnnc_import_create(NULL);
    rnnc_import_map(import, "absent", NULL, NULL);
    rnnc_import_map(import, "bias", "b", NULL);
    rnnc_import_map(import, "weights", "w", NULL);
    import_refuse(import, pieces, 3, RNNC_E_NAME, "no tensor: \"w\"",
                  "the map names tensor weights");
    rnnc_import_destroy(import);
}

static void long_lists_are_cut_in_the_message_alone(void **state)
{
    (void)state;
    enum { MANY = 30 };
    char names[MANY][40];
    piece pieces[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "some.long.name.of.a.tensor.%02d",
                 i);
        pieces[i] = import_floats(names[i], "[0]", w, 0);
    }
    rnnc_import *import = rnnc_import_create(NULL);
    import_refuse(import, pieces, MANY, RNNC_E_NAME,
                  "30 tensors have no parameter: ", ", ...");
    assert_int_equal(rnnc_import_count(import, RNNC_IMPORT_LEFT_OVER), MANY);
    assert_string_equal(rnnc_import_item(import, RNNC_IMPORT_LEFT_OVER, 29),
                        names[29]);
    rnnc_import_destroy(import);
}

static void missing_and_left_over_may_be_allowed(void **state)
{
    (void)state;
    rnnc_import *import = rnnc_import_create(NULL);
    rnnc_weights *weights = import_weights();
    import_values before = import_values_of(weights);
    piece pieces[3];
    memcpy(pieces, import_whole(), sizeof pieces);
    pieces[1].name = "other";
    rnnc_import_allow(import, 1, 0);
    assert_int_equal(import_load(import, weights, pieces, 3), RNNC_E_NAME);
    rnnc_import_allow(import, 0, 1);
    assert_int_equal(import_load(import, weights, pieces, 3), RNNC_E_NAME);
    rnnc_import_allow(import, 1, 1);
    assert_int_equal(import_load(import, weights, pieces, 3), RNNC_OK);
    import_values after = import_values_of(weights);
    assert_memory_equal(after.w, w, sizeof import_truth.w);
    assert_memory_equal(after.b, before.b, sizeof import_truth.b);
    assert_string_equal(rnnc_import_item(import, RNNC_IMPORT_MISSING, 0), "b");
    assert_string_equal(rnnc_import_item(import, RNNC_IMPORT_LEFT_OVER, 0),
                        "other");
    rnnc_weights_destroy(weights);
    rnnc_import_destroy(import);
}

static void two_tensors_for_one_parameter(void **state)
{
    (void)state;
    piece pieces[4];
    memcpy(pieces, import_whole(), 3 * sizeof *pieces);
    pieces[3] = import_floats("net.b", "[6]", b, 6);
    rnnc_import *import = rnnc_import_create(NULL);
    rnnc_import_prefix(import, "net.", "");
    import_refuse(import, pieces, 4, RNNC_E_NAME, "tensors \"b\" and \"net.b\"",
                  "parameter \"b\"");
    pieces[3] = import_floats("net.w", "[6,2]", w, 12);
    import_refuse(import, pieces, 4, RNNC_E_NAME, "tensors \"net.w\" and \"w\"",
                  "parameter \"w\"");
    rnnc_import_destroy(import);
    pieces[3] = import_floats("net.b", "[6]", b, 6);
    // An entry decides; the other tensor is left over.
    import = rnnc_import_create(NULL);
    rnnc_import_map(import, "net.b", "b", NULL);
    import_refuse(import, pieces, 4, RNNC_E_NAME, "no parameter: \"b\"", "");
    rnnc_import_destroy(import);
    import = rnnc_import_create(NULL);
    rnnc_import_map(import, "net.b", "bias", NULL);
    import_refuse(import, pieces, 4, RNNC_E_NAME, "\"net.b\"", "\"bias\"");
    rnnc_import_destroy(import);
}

static void names_that_grow_too_long(void **state)
{
    (void)state;
    char prefix[300];
    memset(prefix, 'p', sizeof prefix);
    prefix[299] = '\0';
    rnnc_import *import = rnnc_import_create(NULL);
    rnnc_import_prefix(import, "", prefix);
    import_refuse(import, import_whole(), 3, RNNC_E_NAME, "no tensor",
                  "no parameter: \"b\"");
    rnnc_import_destroy(import);
}

// ---- Arguments, files, memory ----------------------------------------------

static void entries_that_make_no_sense(void **state)
{
    (void)state;
    static const int32_t twice[2] = {0, 0}, beyond[2] = {1, 2};
    static const int32_t fine[2] = {1, 0};
    const rnnc_import_options bad[] = {
        {.struct_size = 4},
        {.struct_size = sizeof *bad, .transpose = 2},
        {.struct_size = sizeof *bad, .first = -1},
        {.struct_size = sizeof *bad, .count = -1},
        {.struct_size = sizeof *bad, .to_first = -1},
        {.struct_size = sizeof *bad, .to_count = -1},
        {.struct_size = sizeof *bad, .blocks = twice, .n_blocks = 2},
        {.struct_size = sizeof *bad, .blocks = beyond, .n_blocks = 2},
        {.struct_size = sizeof *bad, .blocks = fine},
        {.struct_size = sizeof *bad, .n_blocks = 2},
        {.struct_size = sizeof *bad, .blocks = fine, .n_blocks = -1},
        {.struct_size = sizeof *bad, .blocks = fine, .n_blocks = 65},
    };
    rnnc_weights *weights = import_weights();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rnnc_import *import = rnnc_import_create(NULL);
        assert_int_equal(rnnc_import_map(import, "w", "w", &bad[i]),
                         RNNC_E_ARGUMENT);
        // The first error stands.
        assert_int_equal(rnnc_import_map(import, "w", "w", NULL),
                         RNNC_E_ARGUMENT);
        assert_int_equal(rnnc_import_prefix(import, "", ""), RNNC_E_ARGUMENT);
        assert_int_equal(rnnc_import_allow(import, 1, 1), RNNC_E_ARGUMENT);
        assert_int_equal(import_load(import, weights, import_whole(), 3),
                         RNNC_E_ARGUMENT);
        assert_int_equal(rnnc_import_load(import, weights, "none"),
                         RNNC_E_ARGUMENT);
        rnnc_import_destroy(import);
    }
    rnnc_import *import = rnnc_import_create(NULL);
    rnnc_import_options later = {.struct_size = sizeof later, .reserved = 1};
    assert_int_equal(rnnc_import_map(import, "w", "w", &later),
                     RNNC_E_UNSUPPORTED);
    rnnc_import_destroy(import);
    rnnc_weights_destroy(weights);
}

static void what_is_allowed_is_0_or_1(void **state)
{
    (void)state;
    static const int32_t bad[][2] = {{-1, 0}, {2, 0}, {0, -1}, {1, 2}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rnnc_import *import = rnnc_import_create(NULL);
        assert_int_equal(rnnc_import_allow(import, bad[i][0], bad[i][1]),
                         RNNC_E_ARGUMENT);
        assert_string_equal(rnnc_import_message(import),
                            "missing and left_over are 0 or 1");
        rnnc_import_destroy(import);
    }
}

static void arguments_that_are_null(void **state)
{
    (void)state;
    rnnc_weights *weights = import_weights();
    rnnc_import *import = rnnc_import_create(NULL);
    assert_int_equal(rnnc_import_load_memory(import, NULL, import_file, 9),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_import_load_memory(import, weights, NULL, 9),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_import_load(import, weights, NULL), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_import_load(import, NULL, "x"), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_import_load_memory(import, weights, import_file, 7),
                     RNNC_E_FORMAT);
    rnnc_import_destroy(import);
    import = rnnc_import_create(NULL);
    assert_int_equal(rnnc_import_map(import, NULL, "w", NULL), RNNC_E_ARGUMENT);
    rnnc_import_destroy(import);
    import = rnnc_import_create(NULL);
    assert_int_equal(rnnc_import_prefix(import, NULL, "w"), RNNC_E_ARGUMENT);
    rnnc_import_destroy(import);
    assert_int_equal(rnnc_import_status(NULL), RNNC_E_MEMORY);
    assert_string_equal(rnnc_import_message(NULL), "out of memory");
    assert_int_equal(rnnc_import_map(NULL, "w", "w", NULL), RNNC_E_MEMORY);
    assert_int_equal(rnnc_import_prefix(NULL, "w", "w"), RNNC_E_MEMORY);
    assert_int_equal(rnnc_import_allow(NULL, 0, 0), RNNC_E_MEMORY);
    assert_int_equal(rnnc_import_load(NULL, weights, "x"), RNNC_E_MEMORY);
    assert_int_equal(rnnc_import_load_memory(NULL, weights, import_file, 9),
                     RNNC_E_MEMORY);
    assert_int_equal(rnnc_import_count(NULL, 0), 0);
    assert_null(rnnc_import_item(NULL, 0, 0));
    rnnc_import_destroy(NULL);
    assert_int_equal(rnnc_weights_load_memory(NULL, import_file, 9),
                     RNNC_E_MEMORY);
    assert_int_equal(rnnc_weights_load(NULL, "x"), RNNC_E_MEMORY);
    rnnc_weights_destroy(weights);
}

// Weights that could not be made say so.
static void weights_that_are_none(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_parameter(graph, "", 6, 2, RNNC_INIT_ZEROS, 0);
    rnnc_weights *weights = rnnc_weights_create(graph, 7);
    rnnc_import *import = rnnc_import_create(NULL);
    assert_int_equal(import_load(import, weights, import_whole(), 3),
                     RNNC_E_NAME);
    assert_int_equal(rnnc_weights_load(weights, "x"), RNNC_E_NAME);
    assert_int_equal(rnnc_weights_load_memory(weights, import_file, 9),
                     RNNC_E_NAME);
    rnnc_import_destroy(import);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

// The graph has grown since the weights were made.
static void parameters_that_came_later(void **state)
{
    (void)state;
    rnnc_weights *weights = import_weights();
    rnnc_parameter(rnnc_weights_graph(weights), "late", 1, 1, RNNC_INIT_ZEROS,
                   0);
    piece pieces[4];
    memcpy(pieces, import_whole(), 3 * sizeof *pieces);
    pieces[3] = import_floats("late", "[1,1]", w, 1);
    rnnc_import *import = rnnc_import_create(NULL);
    assert_int_equal(import_load(import, weights, pieces, 4), RNNC_E_NAME);
    assert_int_equal(import_load(import, weights, pieces, 3), RNNC_OK);
    import_check_whole(weights);
    rnnc_import_destroy(import);
    rnnc_weights_destroy(weights);
}

static void limits_of_a_file(void **state)
{
    (void)state;
    rnnc_weights *weights = import_weights();
    size_t size = import_make_file(import_whole(), 3);
    const rnnc_context_options tight[] = {
        {.struct_size = sizeof *tight, .file_limit = size - 1},
        {.struct_size = sizeof *tight, .depth_limit = 2},
        {.struct_size = sizeof *tight, .name_limit = 1},
        {.struct_size = sizeof *tight, .file_limit = size, .depth_limit = 3},
    };
    piece pieces[3];
    memcpy(pieces, import_whole(), sizeof pieces);
    pieces[2].name = "uu";
    for (size_t i = 0; i < 4; i++) {
        rnnc_context *context = rnnc_context_create(&tight[i]);
        rnnc_import *import = rnnc_import_create(context);
        assert_int_equal(
            import_load(import, weights, i == 2 ? pieces : import_whole(), 3),
            i == 3 ? RNNC_OK : RNNC_E_LIMIT);
        rnnc_import_destroy(import);
        rnnc_context_destroy(context);
    }
    rnnc_weights_destroy(weights);
}

static void weights_alone_in_a_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/rnnc_import_XXXXXX", path[64], message[200];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/weights.safetensors", folder);
    rnnc_weights *from = import_weights(), *to = import_weights();
    size_t size = import_make_file(import_whole(), 3), needed;
    assert_int_equal(rnnc_weights_load_memory(from, import_file, size),
                     RNNC_OK);
    assert_int_equal(rnnc_weights_save(from, path, message, sizeof message),
                     RNNC_OK);
    assert_string_equal(message, "");
    assert_int_equal(rnnc_weights_load(to, path), RNNC_OK);
    import_check_whole(to);
    // No model, and says so.
    rnnc_model *model = rnnc_model_load(NULL, path);
    assert_int_equal(rnnc_model_status(model), RNNC_E_FORMAT);
    assert_non_null(strstr(rnnc_model_message(model), "no graph"));
    rnnc_model_destroy(model);
    rnnc_import *import = rnnc_import_create(NULL);
    assert_int_equal(rnnc_import_load(import, to, path), RNNC_OK);
    unlink(path);
    assert_int_equal(rnnc_import_load(import, to, path), RNNC_E_IO);
    rnnc_import_destroy(import);
    rmdir(folder);

    assert_int_equal(rnnc_weights_save_memory(from, NULL, 0, &needed), RNNC_OK);
    assert_in_range(needed, sizeof(import_values), IMPORT_FILE_MOST);
    assert_int_equal(
        rnnc_weights_save_memory(from, import_file, needed - 1, &needed),
        RNNC_E_ARGUMENT);
    assert_int_equal(
        rnnc_weights_save_memory(from, import_file, needed, &needed), RNNC_OK);
    assert_null(strstr((char *)import_file + 8, "librnnc.graph"));
    memset(import_file + needed, 0, 1);
    rnnc_weights_destroy(to);
    to = import_weights();
    assert_int_equal(rnnc_weights_load_memory(to, import_file, needed),
                     RNNC_OK);
    import_check_whole(to);
    rnnc_weights_destroy(from);
    rnnc_weights_destroy(to);
}

// A map and a load with `left` allocations; true where they were enough.
static bool import_with(int64_t left)
{
    static const int32_t order[2] = {1, 0};
    piece pieces[4];
    memcpy(pieces, import_whole(), 3 * sizeof *pieces);
    pieces[0].name = "net.w";
    pieces[3] = import_floats("extra", "[1]", w, 1);
    rnnc_weights *weights = import_weights();
    import_values before = import_values_of(weights);
    fault spent = {.at = left, .onwards = true};
    rnnc_context *context = fault_context(&spent, 1);
    rnnc_import *import = context ? rnnc_import_create(context) : NULL;
    rnnc_import_options o = {
        .struct_size = sizeof o, .blocks = order, .n_blocks = 2};
    for (int i = 0; i < 10; i++) // more than a list begins with
        rnnc_import_map(import, "none", NULL, NULL);
    rnnc_import_map(import, "u", "u", &o);
    rnnc_import_prefix(import, "net.", "");
    rnnc_import_map(import, "extra", NULL, NULL);
    rnnc_status status = import_load(import, weights, pieces, 4);
    assert_int_equal(rnnc_import_status(import), status);
    assert_true(status == RNNC_OK || status == RNNC_E_MEMORY);
    import_values after = import_values_of(weights);
    if (status == RNNC_OK)
        assert_memory_equal(after.w, w, sizeof import_truth.w);
    else
        assert_memory_equal(&after, &before, sizeof after);
    rnnc_import_destroy(import);
    rnnc_context_destroy(context);
    assert_int_equal(spent.live, 0);
    rnnc_weights_destroy(weights);
    return status == RNNC_OK;
}

static void allocations_that_fail(void **state)
{
    (void)state;
    int64_t enough = 0;
    while (!import_with(enough))
        enough++;
    assert_in_range(enough, 10, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_as_they_are),
        cmocka_unit_test(names_by_entries_and_prefixes),
        cmocka_unit_test(what_has_no_partner_is_listed),
        cmocka_unit_test(long_lists_are_cut_in_the_message_alone),
        cmocka_unit_test(missing_and_left_over_may_be_allowed),
        cmocka_unit_test(two_tensors_for_one_parameter),
        cmocka_unit_test(names_that_grow_too_long),
        cmocka_unit_test(entries_that_make_no_sense),
        cmocka_unit_test(what_is_allowed_is_0_or_1),
        cmocka_unit_test(arguments_that_are_null),
        cmocka_unit_test(weights_that_are_none),
        cmocka_unit_test(parameters_that_came_later),
        cmocka_unit_test(limits_of_a_file),
        cmocka_unit_test(weights_alone_in_a_file),
        cmocka_unit_test(allocations_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
