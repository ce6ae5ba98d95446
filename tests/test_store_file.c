// SPDX-License-Identifier: MIT
// Files of weights stored as bf16 and int8: how large they are, that what comes
// back has the same bits and storage, and what is refused.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "file/safetensors.h"
#include "rnnc/rnnc.h"

enum { INPUTS = 64, HIDDEN = 128, FEWER = 2 };

static const int32_t fewer[FEWER] = {RNNC_STORE_BF16, RNNC_STORE_INT8};

// ---- A model ----------------------------------------------------------------

static rnnc_graph *describe(void)
{
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(g, "x", INPUTS);
    rnnc_node *h = rnnc_unroll(rnnc_cell_lstm(g, "lstm", INPUTS, HIDDEN), x);
    rnnc_name(rnnc_linear(h, "out", 7), "y");
    assert_string_equal(rnnc_graph_message(g), "");
    return g;
}

static rnnc_weights *make_weights(rnnc_graph *g, int32_t storage)
{
    rnnc_weights *weights = rnnc_weights_create(g, 4);
    assert_int_equal(rnnc_weights_store(weights, NULL, storage), RNNC_OK);
    return weights;
}

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

static bytes save(const rnnc_weights *weights)
{
    bytes file = {NULL, 0};
    assert_int_equal(rnnc_model_save_memory(weights, NULL, 0, &file.size),
                     RNNC_OK);
    file.data = malloc(file.size);
    assert_int_equal(
        rnnc_model_save_memory(weights, file.data, file.size, &file.size),
        RNNC_OK);
    return file;
}

static void expect_same_weights(const rnnc_weights *a, const rnnc_weights *b)
{
    rnnc_graph *graph = rnnc_weights_graph(a);
    for (int32_t p = 0; p < rnnc_graph_parameter_count(graph); p++) {
        const char *name = rnnc_node_name(rnnc_graph_parameter(graph, p));
        int64_t count = rnnc_weights_count(a, name);
        float *x = malloc((size_t)count * sizeof *x);
        float *y = malloc((size_t)count * sizeof *y);
        assert_int_equal(rnnc_weights_get(a, name, x, count), RNNC_OK);
        assert_int_equal(rnnc_weights_get(b, name, y, count), RNNC_OK);
        assert_memory_equal(x, y, (size_t)count * sizeof *x);
        assert_int_equal(rnnc_weights_storage(a, name),
                         rnnc_weights_storage(b, name));
        free(x);
        free(y);
    }
}

// ---- There and back ---------------------------------------------------------

static void files_are_smaller_and_come_back(void **unused)
{
    (void)unused;
    static const double share[FEWER] = {0.55, 0.3};
    rnnc_graph *g = describe();
    rnnc_weights *plain = rnnc_weights_create(g, 4);
    bytes large = save(plain);
    for (int k = 0; k < FEWER; k++) {
        rnnc_weights *weights = make_weights(g, fewer[k]);
        bytes file = save(weights);
        assert_true((double)file.size < share[k] * (double)large.size);
        rnnc_model *model = rnnc_model_load_memory(NULL, file.data, file.size);
        assert_string_equal(rnnc_model_message(model), "");
        expect_same_weights(rnnc_model_weights(model), weights);
        bytes again = save(rnnc_model_weights(model));
        assert_int_equal(again.size, file.size);
        assert_memory_equal(again.data, file.data, file.size);
        rnnc_model_destroy(model);
        free(again.data);
        free(file.data);
        rnnc_weights_destroy(weights);
    }
    free(large.data);
    rnnc_weights_destroy(plain);
    rnnc_graph_destroy(g);
}

// Weights loaded into a graph that is there take the storage of the file.
static void loading_brings_the_storage(void **unused)
{
    (void)unused;
    rnnc_graph *g = describe();
    for (int k = 0; k < FEWER; k++) {
        rnnc_weights *from = make_weights(g, fewer[k]);
        rnnc_weights *to = make_weights(g, fewer[1 - k]);
        rnnc_weights *plain = rnnc_weights_create(g, 9);
        bytes file = save(from), large = save(plain);
        assert_int_equal(rnnc_weights_load_memory(to, file.data, file.size),
                         RNNC_OK);
        expect_same_weights(to, from);
        assert_int_equal(rnnc_weights_load_memory(to, large.data, large.size),
                         RNNC_OK);
        expect_same_weights(to, plain);
        free(large.data);
        free(file.data);
        rnnc_weights_destroy(plain);
        rnnc_weights_destroy(to);
        rnnc_weights_destroy(from);
    }
    rnnc_graph_destroy(g);
}

// What a reader of safetensors finds: the values by arithmetic of its own.
static void readers_find_bytes_and_scales(void **unused)
{
    (void)unused;
    rnnc_graph *g = describe();
    rnnc_weights *weights = make_weights(g, RNNC_STORE_INT8);
    bytes file = save(weights);
    rni_memory memory = rni_memory_default();
    rni_safetensors parsed;
    rni_error error = {0};
    rni_file_limits limits = {{64, 100000}, 1000};
    assert_int_equal(rni_safetensors_parse(&parsed, &memory, file.data,
                                           file.size, limits, &error),
                     RNNC_OK);
    const rni_tensor *w = rni_safetensors_find(&parsed, "out.weight");
    const rni_tensor *s = rni_safetensors_find(&parsed, "scale.out.weight");
    float values[7 * HIDDEN];
    assert_int_equal(rnnc_weights_get(weights, "out.weight", values,
                                      sizeof values / sizeof *values),
                     RNNC_OK);
    assert_string_equal(rni_dtype_name(w->dtype), "I8");
    assert_string_equal(rni_dtype_name(s->dtype), "F32");
    assert_true(s->rank == 2 && s->shape[0] == 7 && s->shape[1] == 1);
    for (int i = 0; i < 7 * HIDDEN; i++) {
        float scale;
        memcpy(&scale, s->data + 4 * (i / HIDDEN), sizeof scale);
        assert_true(values[i] == (float)(int8_t)w->data[i] * scale);
    }
    for (uint32_t t = 0; t < parsed.n_tensors; t++) {
        const rni_tensor *tensor = &parsed.tensors[t];
        size_t at = (size_t)(tensor->data - file.data);
        assert_int_equal(at % (rni_dtype_bits(tensor->dtype) / 8), 0);
    }
    rni_safetensors_fini(&parsed);
    free(file.data);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(g);
}

// ---- Other files with the name of this library ------------------------------

static void put(bytes file, const char *from, const char *to)
{
    size_t length = strlen(from);
    assert_int_equal(length, strlen(to));
    for (size_t i = 0; i + length <= file.size; i++)
        if (memcmp(file.data + i, from, length) == 0) {
            memcpy(file.data + i, to, length);
            return;
        }
    fail_msg("no \"%s\" in the file", from);
}

// Four numbers as bf16 in a file of ours.
static bytes save_four(rnnc_graph *g)
{
    static const float four[4] = {1, -2, 0.5f, 3};
    rnnc_weights *weights = rnnc_weights_create(g, 1);
    assert_int_equal(rnnc_weights_set(weights, "w", four, 4), RNNC_OK);
    assert_int_equal(rnnc_weights_store(weights, "w", RNNC_STORE_BF16),
                     RNNC_OK);
    bytes file = save(weights);
    rnnc_weights_destroy(weights);
    return file;
}

static void expect_four(rnnc_graph *g, rnnc_import *import, bytes file,
                        int32_t storage, const float *wanted)
{
    float got[4];
    rnnc_weights *weights = rnnc_weights_create(g, 2);
    assert_int_equal(rnnc_weights_store(weights, "w", RNNC_STORE_INT8),
                     RNNC_OK);
    if (rnnc_import_load_memory(import, weights, file.data, file.size))
        fail_msg("%s", rnnc_import_message(import));
    assert_int_equal(rnnc_weights_storage(weights, "w"), storage);
    assert_int_equal(rnnc_weights_get(weights, "w", got, 4), RNNC_OK);
    assert_memory_equal(got, wanted, sizeof got);
    rnnc_weights_destroy(weights);
}

// A parameter takes the storage of a tensor that is all of it, and of a type
// that weights are stored as; it is floats otherwise.
static void pieces_and_other_types_become_floats(void **unused)
{
    (void)unused;
    static const float as_bf16[4] = {1, -2, 0.5f, 3};
    static const float swapped[4] = {0.5f, 3, 1, -2};
    // The same sixteen bits as halves: 0x3f80, 0xc000, 0x3f00, 0x4040.
    static const float as_f16[4] = {1.875f, -2, 1.75f, 2.125f};
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_parameter(g, "w", 4, 1, RNNC_INIT_NORMAL, 1);
    bytes file = save_four(g);
    rnnc_import *plain = rnnc_import_create(NULL);
    rnnc_import *halves = rnnc_import_create(NULL);
    rnnc_import_options o = {
        .struct_size = sizeof o, .first = 2, .count = 2, .to_count = 2};
    rnnc_import_map(halves, "w", "w", &o);
    o.first = 0;
    o.to_first = 2;
    rnnc_import_map(halves, "w", "w", &o);
    expect_four(g, plain, file, RNNC_STORE_BF16, as_bf16);
    expect_four(g, halves, file, RNNC_STORE_FLOAT32, swapped);
    put(file, "\"dtype\":\"BF16\"", "\"dtype\":\"F16\" ");
    expect_four(g, plain, file, RNNC_STORE_FLOAT32, as_f16);
    rnnc_import_destroy(halves);
    rnnc_import_destroy(plain);
    free(file.data);
    rnnc_graph_destroy(g);
}

// ---- What is refused --------------------------------------------------------

static void refuse(bytes file, const char *word)
{
    rnnc_model *model = rnnc_model_load_memory(NULL, file.data, file.size);
    assert_int_not_equal(rnnc_model_status(model), RNNC_OK);
    if (strstr(rnnc_model_message(model), word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", rnnc_model_message(model), word);
    rnnc_model_destroy(model);
}

// The first scale of out.weight becomes another number.
static void put_scale(bytes file, float scale)
{
    rni_memory memory = rni_memory_default();
    rni_safetensors parsed;
    rni_error error = {0};
    rni_file_limits limits = {{64, 100000}, 1000};
    rni_safetensors_parse(&parsed, &memory, file.data, file.size, limits,
                          &error);
    const rni_tensor *s = rni_safetensors_find(&parsed, "scale.out.weight");
    size_t at = (size_t)(s->data - file.data);
    rni_safetensors_fini(&parsed);
    memcpy(file.data + at, &scale, sizeof scale);
}

static void bytes_without_good_scales_are_no_weights(void **unused)
{
    (void)unused;
    static const float bad[] = {-1.0f, 0x1p120f, INFINITY, NAN};
    rnnc_graph *g = describe();
    rnnc_weights *weights = make_weights(g, RNNC_STORE_INT8);
    bytes file = save(weights);
    unsigned char *whole = malloc(file.size);
    memcpy(whole, file.data, file.size);
    put(file, "scale.out.weight", "scale.out.height");
    refuse(file, "\"out.weight\" is I8");
    memcpy(file.data, whole, file.size);
    put(file, "\"shape\":[7,1]", "\"shape\":[1,7]");
    refuse(file, "\"out.weight\" is I8");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memcpy(file.data, whole, file.size);
        put_scale(file, bad[i]);
        refuse(file, "\"out.weight\" is I8");
    }
    free(whole);
    free(file.data);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(g);
}

// Scales of somebody else: the values are theirs, rounded to scales of ours.
static void scales_of_others_are_taken(void **unused)
{
    (void)unused;
    rnnc_graph *g = describe();
    rnnc_weights *weights = make_weights(g, RNNC_STORE_INT8);
    bytes file = save(weights);
    float before[7 * HIDDEN], after[7 * HIDDEN], scale = 0.012345678f;
    put_scale(file, scale);
    rnnc_model *model = rnnc_model_load_memory(NULL, file.data, file.size);
    assert_string_equal(rnnc_model_message(model), "");
    rnnc_weights_get(weights, "out.weight", before, 7 * HIDDEN);
    rnnc_weights_get(rnnc_model_weights(model), "out.weight", after,
                     7 * HIDDEN);
    float own = 0;
    for (int i = 0; i < HIDDEN; i++)
        own = before[i] > own ? before[i] : -before[i] > own ? -before[i] : own;
    for (int i = 0; i < HIDDEN; i++) {
        float want = before[i] / (own / 127) * scale;
        assert_true(after[i] - want < 1e-4f && want - after[i] < 1e-4f);
    }
    rnnc_model_destroy(model);
    free(file.data);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(g);
}

static void names_of_scales_are_not_for_parameters(void **unused)
{
    (void)unused;
    rnnc_graph *g = rnnc_graph_create(NULL);
    size_t needed = 0;
    rnnc_parameter(g, "w", 2, 3, RNNC_INIT_NORMAL, 1);
    rnnc_parameter(g, "scale.w", 2, 1, RNNC_INIT_NORMAL, 1);
    rnnc_weights *weights = rnnc_weights_create(g, 4);
    assert_int_equal(rnnc_model_save_memory(weights, NULL, 0, &needed),
                     RNNC_OK);
    assert_int_equal(rnnc_weights_store(weights, "w", RNNC_STORE_INT8),
                     RNNC_OK);
    assert_int_equal(rnnc_model_save_memory(weights, NULL, 0, &needed),
                     RNNC_E_NAME);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_smaller_and_come_back),
        cmocka_unit_test(loading_brings_the_storage),
        cmocka_unit_test(readers_find_bytes_and_scales),
        cmocka_unit_test(pieces_and_other_types_become_floats),
        cmocka_unit_test(bytes_without_good_scales_are_no_weights),
        cmocka_unit_test(scales_of_others_are_taken),
        cmocka_unit_test(names_of_scales_are_not_for_parameters),
    };
    return cmocka_run_group_tests_name("store_file", tests, NULL, NULL);
}
