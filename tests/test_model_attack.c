// SPDX-License-Identifier: MIT
// Model files as an attacker would make them: cut at every byte, changed at
// random, and with graphs that lie. Each gives an error or a whole model.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "file/graph_json.h"
#include "support/every_op.h"
#include "support/mutate.h"
#include "weights/weights.h"

enum { MUTATIONS = 2000, SEED = 1234 };

static unsigned char *original; // a whole file
static size_t original_size;

static int make_original(void **state)
{
    (void)state;
    rnnc_weights *weights = every_op_weights(NULL, 11);
    rnnc_model_save_memory(weights, NULL, 0, &original_size);
    original = malloc(original_size);
    rnnc_status status = rnnc_model_save_memory(weights, original,
                                                original_size, &original_size);
    rnnc_weights_destroy(weights);
    return status == RNNC_OK ? 0 : -1;
}

static int free_original(void **state)
{
    (void)state;
    free(original);
    return 0;
}

// A model that loads can be saved; one that does not has nothing and says why.
static rnnc_status load(const unsigned char *bytes, size_t size)
{
    // A copy of the exact size, so that a sanitizer sees a byte too many.
    unsigned char *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, bytes, size);
    rnnc_model *model = rnnc_model_load_memory(NULL, copy, size);
    free(copy);
    rnnc_status status = rnnc_model_status(model);
    size_t needed;
    if (status == RNNC_OK) {
        assert_int_equal(
            rnnc_model_save_memory(rnnc_model_weights(model), NULL, 0, &needed),
            RNNC_OK);
    } else {
        assert_null(rnnc_model_graph(model));
        assert_null(rnnc_model_weights(model));
        assert_true(rnnc_model_message(model)[0] != '\0');
    }
    rnnc_model_destroy(model);
    return status;
}

static void test_cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t size = 0; size < original_size; size++)
        if (load(original, size) == RNNC_OK)
            fail_msg("%zu bytes are a model", size);
    assert_int_equal(load(original, original_size), RNNC_OK);
}

// ---- Changes at random -----------------------------------------------------

static void test_changed_at_random(void **state)
{
    (void)state;
    mutator m = {SEED};
    size_t header = mutate_header(original, original_size);
    unsigned char *bytes = malloc(original_size);
    int models = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        memcpy(bytes, original, original_size);
        size_t size = mutate(&m, bytes, original_size, header);
        models += load(bytes, size) == RNNC_OK;
    }
    free(bytes);
    // Changes to the values alone leave a model.
    assert_in_range(models, MUTATIONS / 20, MUTATIONS / 2);
}

// ---- Graphs that lie -------------------------------------------------------

static const float values[6] = {1, 2, 3, 4, 5, 6};

static const char graph_text[] =
    "{\"format\":1,\"features\":[],\"axes\":[\"time\"],"
    "\"cells\":[{\"name\":\"c\",\"inputs\":[1],\"states\":[{\"node\":2,"
    "\"next\":4}],\"outputs\":[4]}],\"nodes\":["
    "{\"id\":0,\"op\":\"input\",\"version\":1,\"name\":\"x\","
    "\"kind\":\"sequence\",\"type\":\"float\",\"axis\":0,\"rows\":1,"
    "\"cols\":3,\"limit\":0},"
    "{\"id\":1,\"op\":\"cell_input\",\"version\":1,\"scope\":0,"
    "\"kind\":\"sequence\",\"type\":\"float\",\"rows\":1,\"cols\":3,"
    "\"index\":0,\"limit\":0},"
    "{\"id\":2,\"op\":\"cell_state\",\"version\":1,\"name\":\"h\","
    "\"scope\":0,\"kind\":\"sequence\",\"type\":\"float\",\"rows\":1,"
    "\"cols\":3,\"index\":0},"
    "{\"id\":3,\"op\":\"parameter\",\"version\":1,\"name\":\"w\","
    "\"kind\":\"static\",\"type\":\"float\",\"rows\":1,\"cols\":3,"
    "\"rank\":2,\"frozen\":false,\"initial\":[{\"init\":\"zeros\","
    "\"value\":0,\"first\":0,\"count\":1}]},"
    "{\"id\":4,\"op\":\"add\",\"version\":1,\"scope\":0,\"inputs\":[1,3],"
    "\"kind\":\"sequence\",\"type\":\"float\",\"rows\":1,\"cols\":3},"
    "{\"id\":5,\"op\":\"unroll\",\"version\":1,\"inputs\":[0],"
    "\"kind\":\"sequence\",\"type\":\"float\",\"axis\":0,\"rows\":1,"
    "\"cols\":3,\"cell\":0,\"given\":0},"
    "{\"id\":6,\"op\":\"constant\",\"version\":1,\"kind\":\"static\","
    "\"type\":\"float\",\"rows\":1,\"cols\":3,\"tensor\":\"k\"},"
    "{\"id\":7,\"op\":\"leaky_relu\",\"version\":1,\"inputs\":[5],"
    "\"kind\":\"sequence\",\"type\":\"float\",\"axis\":0,\"rows\":1,"
    "\"cols\":3,\"alpha\":0.5}]}";

typedef struct lie {
    const char *truth, *lie;
    const char *reason;
} lie;

static const lie lies[] = {
    {"\"format\":1", "\"format\":2", "format"},
    {"\"format\":1", "\"format\":\"1\"", "format"},
    {"\"features\":[]", "\"features\":[\"teleport\"]", "feature"},
    {"\"features\":[]", "\"featurez\":[]", "features"},
    {"\"axes\":[\"time\"]", "\"axes\":[\"space\"]", "axes"},
    {"\"axes\":[\"time\"]", "\"axes\":[\"time\",\"time\"]", "axes"},
    {"\"axes\":[\"time\"]", "\"axes\":[1]", "axes"},
    {"\"id\":4", "\"id\":5", "id"},
    {"\"inputs\":[1,3]", "\"inputs\":[1,4]", "ids of nodes before"},
    {"\"inputs\":[1,3]", "\"inputs\":[1,7]", "ids of nodes before"},
    {"\"inputs\":[1,3]", "\"inputs\":[1,-1]", "ids of nodes before"},
    {"\"inputs\":[1,3]", "\"inputs\":[1,4294967297]", "ids of nodes before"},
    {"\"inputs\":[1,3]", "\"inputs\":[1,1.0]", "ids of nodes before"},
    {"\"inputs\":[1,3]", "\"inputs\":[1]", "inputs"},
    {"\"inputs\":[1,3]", "\"inputs\":[1,3,3]", "inputs"},
    {"\"inputs\":[1,3]", "\"inputs\":[0,3]", "do not follow"},
    {"\"inputs\":[1,3]", "\"inputs\":{}", "array"},
    {"\"op\":\"add\"", "\"op\":\"launch\"", "operation"},
    {"\"op\":\"add\"", "\"op\":3", "operation"},
    {"\"op\":\"add\",\"version\":1", "\"op\":\"add\",\"version\":2", "version"},
    {"\"op\":\"add\"", "\"op\":\"final\"", "index"},
    {"\"op\":\"input\"", "\"op\":\"cell_input\"", "index"},
    {"\"op\":\"leaky_relu\"", "\"op\":\"input\"", "limit"},
    {"\"alpha\":0.5", "\"alpha\":1e39", "alpha"},
    {"\"alpha\":0.5", "\"alpha\":\"inf\"", "alpha"},
    {"\"alpha\":0.5", "\"beta\":0.5", "alpha"},
    {"\"type\":\"float\",\"axis\":0,\"rows\":1,\"cols\":3,\"alpha\"",
     "\"type\":\"float\",\"axis\":0,\"rows\":1,\"cols\":4,\"alpha\"",
     "do not follow"},
    {"\"type\":\"float\",\"axis\":0,\"rows\":1,\"cols\":3,\"limit\"",
     "\"type\":\"float\",\"axis\":1,\"rows\":1,\"cols\":3,\"limit\"", "axis"},
    {"\"type\":\"float\",\"axis\":0,\"rows\":1,\"cols\":3,\"limit\"",
     "\"type\":\"float\",\"rows\":1,\"cols\":3,\"limit\"", "axis"},
    {"\"axis\":0,\"rows\":1,\"cols\":3,\"limit\"",
     "\"axis\":\"time\",\"rows\":1,\"cols\":3,\"limit\"",
     "\"axis\": expected an integer"},
    {"\"name\":\"x\",\"kind\":\"sequence\",\"type\":\"float\"",
     "\"name\":\"x\",\"kind\":\"static\",\"type\":\"ids\"",
     "node 0: a static input of ids"},
    {"\"cols\":3,\"limit\":0}", "\"cols\":0,\"limit\":0}", "node 0"},
    {"\"cols\":3,\"limit\":0}", "\"cols\":-3,\"limit\":0}", "node 0"},
    {"\"cols\":3,\"limit\":0}", "\"cols\":9223372036854775807,\"limit\":0}",
     "node 0"},
    {"\"cols\":3,\"rank\":2", "\"cols\":4,\"rank\":2", "expected F32 [1, 4]"},
    {"\"cols\":3,\"rank\":2", "\"cols\":3,\"rank\":1", "expected F32 [3]"},
    {"\"cols\":3,\"rank\":2", "\"cols\":3,\"rank\":3", "rank"},
    {"\"name\":\"w\"", "\"name\":\"v\"", "no tensor"},
    {"\"name\":\"w\"", "\"name\":\"k\"", ""},
    {"\"name\":\"w\"", "\"name\":\"x\"", "no tensor"},
    {"\"name\":\"w\",", "", "no tensor"},
    {"\"name\":\"x\",", "", "name"},
    {"\"name\":\"x\"", "\"name\":\"\\u0001\"", "name"},
    {"\"tensor\":\"k\"", "\"tensor\":\"../k\"", "no tensor"},
    {"\"tensor\":\"k\"", "\"tensor\":7", "tensor"},
    {"\"init\":\"zeros\"", "\"init\":\"magic\"", "init"},
    {"\"value\":0,\"first\":0,\"count\":1}",
     "\"value\":0,\"first\":0,\"count\":1},{\"init\":\"zeros\",\"value\":0,"
     "\"first\":1,\"count\":9223372036854775807}",
     "within"},
    {"\"initial\":[{\"init\":\"zeros\",\"value\":0,\"first\":0,\"count\":1}]",
     "\"initial\":[]", "initial"},
    {"\"scope\":0,\"inputs\"", "\"scope\":1,\"inputs\"", "scope"},
    {"\"scope\":0,\"inputs\"", "\"inputs\"", "do not follow"},
    {"\"scope\":0,\"kind\":\"sequence\",\"type\":\"float\",\"rows\":1,"
     "\"cols\":3,\"index\":0}",
     "\"kind\":\"sequence\",\"type\":\"float\",\"rows\":1,\"cols\":3,"
     "\"index\":0}",
     "outside of a cell"},
    {"\"cols\":3,\"index\":0,\"limit\":0", "\"cols\":3,\"index\":1,\"limit\":0",
     "do not follow"},
    {"\"scope\":0,\"kind\":\"sequence\",\"type\":\"float\",\"rows\":1,"
     "\"cols\":3,\"index\":0,\"limit\":0",
     "\"kind\":\"sequence\",\"type\":\"float\",\"rows\":1,"
     "\"cols\":3,\"index\":0,\"limit\":0",
     "node 1: not an input that a cell can have"},
    {"\"scope\":0,\"kind\":\"sequence\",\"type\":\"float\"",
     "\"scope\":0,\"kind\":\"static\",\"type\":\"float\"",
     "node 1: not an input that a cell can have"},
    {"\"scope\":0,\"kind\":\"sequence\",\"type\":\"float\"",
     "\"scope\":0,\"kind\":\"batch\",\"type\":\"ids\"",
     "node 1: not an input that a cell can have"},
    {"\"op\":\"constant\"", "\"op\":\"constant\",\"inputs\":[3]",
     "node 6: its shape, scope or attributes do not follow"},
    {"\"op\":\"constant\"", "\"op\":\"constant\",\"name\":\"x\"",
     "node 6: the name is taken by \"x\""},
    {"{\"name\":\"c\",", "{", "cell 0: \"name\": expected a string"},
    {"{\"name\":\"c\"", "{\"name\":\"\\u0001\"", "cell 0: rnnc_cell_create"},
    {"\"states\":[{\"node\":2,\"next\":4}]", "\"states\":1",
     "cell 0: \"states\": expected an array"},
    {"\"outputs\":[4]", "\"outputs\":4",
     "cell 0: \"outputs\": expected an array"},
    {"\"cell\":0", "\"cell\":1", "cell"},
    {"\"cell\":0", "\"cell\":-1", "cell"},
    {"\"given\":0", "\"given\":1", "first"},
    {"\"given\":0", "\"given\":9223372036854775807", "first"},
    {"\"next\":4", "\"next\":0", "cell"},
    {"\"next\":4", "\"next\":7", "index of something before"},
    {",\"next\":4", "", "state"},
    {"\"node\":2", "\"node\":1", "states"},
    {"\"states\":[{\"node\":2,\"next\":4}]", "\"states\":[]", "states"},
    {"\"states\":[{\"node\":2,\"next\":4}]",
     "\"states\":[{\"node\":2,"
     "\"next\":4},{\"node\":2,\"next\":4}]",
     "states"},
    {"\"outputs\":[4]", "\"outputs\":[0]", "output"},
    {"\"outputs\":[4]", "\"outputs\":[5]", "ids of nodes before"},
    {"\"outputs\":[4]", "\"outputs\":[]", "output"},
};

// The graph with one piece of text replaced, as a file.
static unsigned char *make_lie(const char *truth, const char *replacement,
                               size_t *size)
{
    char text[4096];
    const char *at = strstr(graph_text, truth);
    assert_non_null(at);
    int length = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - graph_text),
                          graph_text, replacement, at + strlen(truth));
    assert_true(length > 0 && length < (int)sizeof text);
    const rni_tensor_source tensors[] = {
        {"k", 2, 1, 3, values, 0, NULL, NULL},
        {"w", 2, 1, 3, values + 3, 0, NULL, NULL}};
    const rni_metadata metadata[] = {{"librnnc.graph", text, (size_t)length}};
    rni_memory memory = rni_memory_default();
    rni_error error = {0};
    rni_safetensors_writer writer;
    assert_int_equal(rni_safetensors_prepare(&writer, &memory, tensors, 2,
                                             metadata, 1, &error),
                     RNNC_OK);
    *size = writer.size;
    unsigned char *bytes = malloc(*size);
    memcpy(bytes, writer.header.bytes, writer.header.length);
    memcpy(bytes + writer.header.length, values, sizeof values);
    rni_safetensors_writer_fini(&writer);
    return bytes;
}

static void test_truth(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = make_lie("\"format\":1", "\"format\":1", &size);
    rnnc_model *model = rnnc_model_load_memory(NULL, bytes, size);
    assert_string_equal(rnnc_model_message(model), "");
    float w[3];
    rnnc_weights_get(rnnc_model_weights(model), "w", w, 3);
    assert_true(w[0] == 4 && w[2] == 6);
    rnnc_model_destroy(model);
    free(bytes);
}

static void test_lies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        size_t size;
        unsigned char *bytes = make_lie(lies[i].truth, lies[i].lie, &size);
        rnnc_model *model = rnnc_model_load_memory(NULL, bytes, size);
        const char *text = rnnc_model_message(model);
        if (lies[i].reason[0] != '\0' && (rnnc_model_status(model) == RNNC_OK ||
                                          strstr(text, lies[i].reason) == NULL))
            fail_msg("%s: \"%s\"", lies[i].lie, text);
        rnnc_model_destroy(model);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_changed_at_random),
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_lies),
    };
    return cmocka_run_group_tests(tests, make_original, free_original);
}
