// SPDX-License-Identifier: MIT
// Files that a released version has written load for good: those of
// tests/golden/<version>, whose weights are a formula and whose outputs are
// the reference's. RNNC_WRITE_GOLDEN=<folder> makes this program write the
// files of the present version into that folder instead.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"
#include "support/every_op.h"

enum { UNITS = 8, CLASSES = 7, TIME = 6, MOST = 4096, STEP = 7 };

static const char *const versions[] = {"0.1"};
enum { VERSIONS = sizeof versions / sizeof versions[0] };

// ---- What is in the files --------------------------------------------------

static float value_at(int32_t parameter, int64_t i)
{
    return (float)((i * 37 + parameter * 11) % 101 - 50) / 100;
}

static const char *name_at(const rnnc_graph *graph, int32_t parameter)
{
    return rnnc_node_name(rnnc_graph_parameter(graph, parameter));
}

static void fill(rnnc_weights *weights)
{
    static float values[MOST];
    const rnnc_graph *graph = rnnc_weights_graph(weights);
    for (int32_t p = 0; p < rnnc_graph_parameter_count(graph); p++) {
        const int64_t n = rnnc_weights_count(weights, name_at(graph, p));
        assert_in_range(n, 1, MOST);
        for (int64_t i = 0; i < n; i++)
            values[i] = value_at(p, i);
        assert_int_equal(
            rnnc_weights_set(weights, name_at(graph, p), values, n), RNNC_OK);
    }
}

// Ids in, two layers of LSTM, logits out.
static rnnc_weights *make_net(void)
{
    rnnc_graph *g = rnnc_graph_create(NULL);
    const rnnc_layers_options options = {.struct_size = sizeof options,
                                         .layers = 2};
    rnnc_node *x = rnnc_embedding(rnnc_input_ids(g, "x", CLASSES), "in", UNITS);
    rnnc_node *h = rnnc_layers(x, "lstm", RNNC_CELL_LSTM, UNITS, &options);
    rnnc_name(rnnc_linear(h, "out", CLASSES), "y");
    assert_string_equal(rnnc_graph_message(g), "");
    rnnc_weights *weights = rnnc_weights_create(g, 1);
    rnnc_graph_destroy(g);
    fill(weights);
    return weights;
}

static void write_model(rnnc_weights *weights, const char *folder,
                        const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    assert_int_equal(rnnc_model_save(weights, path, NULL, 0), RNNC_OK);
    rnnc_weights_destroy(weights);
}

static rnnc_weights *stored(int32_t storage)
{
    rnnc_weights *weights = make_net();
    assert_int_equal(rnnc_weights_store(weights, "out.weight", storage),
                     RNNC_OK);
    return weights;
}

static void write_checkpoint(const char *folder)
{
    const double numbers[3] = {1, -2.5, 1e300};
    const float floats[2] = {0.1f, -7};
    rnnc_weights *weights = make_net();
    rnnc_record *record = rnnc_record_create(NULL);
    rnnc_checkpoints *kept = rnnc_checkpoints_create(NULL, folder, 1);
    rnnc_record_set_numbers(record, "numbers", numbers, 3);
    rnnc_record_set_floats(record, "floats", floats, 2);
    assert_int_equal(rnnc_checkpoints_save(kept, STEP, weights, record),
                     RNNC_OK);
    rnnc_checkpoints_destroy(kept);
    rnnc_record_destroy(record);
    rnnc_weights_destroy(weights);
}

static void write_all(const char *folder)
{
    rnnc_weights *every = every_op_weights(NULL, 1);
    fill(every);
    write_model(every, folder, "every_operation");
    write_model(make_net(), folder, "float32");
    write_model(stored(RNNC_STORE_BF16), folder, "bf16");
    write_model(stored(RNNC_STORE_INT8), folder, "int8");
    write_checkpoint(folder);
}

// ---- What comes out of them ------------------------------------------------

static rnnc_model *load(const char *version, const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "golden/%s/%s.safetensors", version, name);
    rnnc_model *model = rnnc_model_load(NULL, path);
    if (rnnc_model_status(model) != RNNC_OK)
        fail_msg("%s: %s", path, rnnc_model_message(model));
    return model;
}

// `error`: by how much of the largest weight a stored one may differ.
static void check_weights(const rnnc_weights *weights, double error)
{
    static float values[MOST];
    const rnnc_graph *graph = rnnc_weights_graph(weights);
    assert_true(rnnc_graph_parameter_count(graph) > 4);
    for (int32_t p = 0; p < rnnc_graph_parameter_count(graph); p++) {
        const char *name = name_at(graph, p);
        const int64_t n = rnnc_weights_count(weights, name);
        const bool whole =
            rnnc_weights_storage(weights, name) == RNNC_STORE_FLOAT32;
        assert_int_equal(rnnc_weights_get(weights, name, values, n), RNNC_OK);
        for (int64_t i = 0; i < n; i++)
            if (fabs((double)values[i] - (double)value_at(p, i)) >
                (whole ? 0 : error * 0.5))
                fail_msg("%s[%d] is %g, expected %g", name, (int)i,
                         (double)values[i], (double)value_at(p, i));
    }
}

static void run_net(rnnc_weights *weights, rnnc_node *y,
                    const rnnc_sequence *ids, float *values)
{
    rnnc_graph *graph = rnnc_weights_graph(weights);
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_INFER,
                                 .outputs = &y,
                                 .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_run *run = rnnc_run_create(plan, weights);
    assert_int_equal(rnnc_run_input(run, rnnc_graph_node(graph, "x"), ids),
                     RNNC_OK);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_get_rows(run, y, 0, values), RNNC_OK);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
}

static void check_outputs(rnnc_weights *weights)
{
    const int32_t ids[TIME] = {3, 0, 6, 6, 1, 5};
    rnnc_graph *graph = rnnc_weights_graph(weights);
    rnnc_node *y = rnnc_graph_node(graph, "y");
    rnnc_sequence *x = rnnc_sequence_create(NULL);
    rnnc_reference *reference = rnnc_reference_create(weights);
    float got[TIME * CLASSES];
    double want[TIME * CLASSES];
    rnnc_sequence_set_padded_ids(x, ids, NULL, 1, TIME, RNNC_BATCH_MAJOR);
    rnnc_reference_input(reference, rnnc_graph_node(graph, "x"), x);
    assert_int_equal(rnnc_reference_value(reference, y, want, TIME * CLASSES),
                     RNNC_OK);
    run_net(weights, y, x, got);
    for (int i = 0; i < TIME * CLASSES; i++)
        assert_true(fabs((double)got[i] - want[i]) < 1e-5);
    rnnc_reference_destroy(reference);
    rnnc_sequence_destroy(x);
}

static void models_of_every_version_run(void **state)
{
    (void)state;
    const struct {
        const char *name;
        double error;
    } nets[] = {{"float32", 0}, {"bf16", 1.0 / 256}, {"int8", 0.5 / 127}};
    for (int v = 0; v < VERSIONS; v++)
        for (size_t k = 0; k < sizeof nets / sizeof *nets; k++) {
            rnnc_model *model = load(versions[v], nets[k].name);
            check_weights(rnnc_model_weights(model), nets[k].error);
            check_outputs(rnnc_model_weights(model));
            rnnc_model_destroy(model);
        }
}

static void every_operation_of_every_version_is_known(void **state)
{
    (void)state;
    for (int v = 0; v < VERSIONS; v++) {
        rnnc_model *model = load(versions[v], "every_operation");
        check_weights(rnnc_model_weights(model), 0);
        assert_non_null(rnnc_graph_node(rnnc_model_graph(model), "loss"));
        rnnc_model_destroy(model);
    }
}

static void checkpoints_of_every_version_are_taken_up(void **state)
{
    (void)state;
    for (int v = 0; v < VERSIONS; v++) {
        char folder[200];
        double numbers[3];
        float floats[2];
        int64_t step = -1;
        snprintf(folder, sizeof folder, "golden/%s", versions[v]);
        rnnc_weights *weights = make_net();
        rnnc_weights_set(weights, "out.bias", (float[CLASSES]){1}, CLASSES);
        rnnc_record *record = rnnc_record_create(NULL);
        rnnc_checkpoints *kept = rnnc_checkpoints_create(NULL, folder, 1);
        assert_int_equal(rnnc_checkpoints_load(kept, weights, record, &step),
                         RNNC_OK);
        assert_int_equal(step, STEP);
        check_weights(weights, 0);
        rnnc_record_get_numbers(record, "numbers", numbers, 3);
        rnnc_record_get_floats(record, "floats", floats, 2);
        assert_true(numbers[0] == 1 && numbers[1] == -2.5);
        assert_true(numbers[2] == 1e300);
        assert_true(floats[0] == 0.1f && floats[1] == -7);
        rnnc_checkpoints_destroy(kept);
        rnnc_record_destroy(record);
        rnnc_weights_destroy(weights);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_of_every_version_run),
        cmocka_unit_test(every_operation_of_every_version_is_known),
        cmocka_unit_test(checkpoints_of_every_version_are_taken_up),
    };
    const char *folder = getenv("RNNC_WRITE_GOLDEN");
    if (folder != NULL) {
        write_all(folder);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
