// SPDX-License-Identifier: MIT
// Any bytes as a model file: an error with a reason, or a model that is saved
// and loaded again as the same bytes. The same bytes as weights of others.
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void save_again(rnnc_context *context, rnnc_model *model, bool first)
{
    size_t size, needed;
    const rnnc_weights *weights = rnnc_model_weights(model);
    fuzz_check(rnnc_model_save_memory(weights, NULL, 0, &size) == RNNC_OK,
               "model", "it loads but cannot be saved");
    unsigned char *bytes = malloc(2 * size);
    fuzz_check(rnnc_model_save_memory(weights, bytes, size, &needed) ==
                       RNNC_OK &&
                   needed == size,
               "model", "it is saved with another size");
    if (first) {
        rnnc_model *again = rnnc_model_load_memory(context, bytes, size);
        fuzz_check(rnnc_model_status(again) == RNNC_OK, "model saved",
                   rnnc_model_message(again));
        save_again(context, again, false);
        rnnc_model_save_memory(rnnc_model_weights(again), bytes + size, size,
                               &needed);
        fuzz_check(needed == size && memcmp(bytes, bytes + size, size) == 0,
                   "model", "it is not saved as it was loaded");
        rnnc_model_destroy(again);
    }
    free(bytes);
}

static void load_model(rnnc_context *context, const uint8_t *data, size_t size)
{
    rnnc_model *model = rnnc_model_load_memory(context, data, size);
    bool good = rnnc_model_status(model) == RNNC_OK;
    fuzz_check((rnnc_model_message(model)[0] == '\0') == good, "model",
               "its message does not go with its status");
    fuzz_check((rnnc_model_weights(model) != NULL) == good, "model",
               "its weights do not go with its status");
    if (good)
        save_again(context, model, true);
    rnnc_model_destroy(model);
}

static void load_weights(rnnc_context *context, const uint8_t *data,
                         size_t size)
{
    static const int32_t order[3] = {2, 0, 1};
    rnnc_graph *graph = rnnc_graph_create(context);
    rnnc_parameter(graph, "w", 1, 3, RNNC_INIT_CONSTANT, 7);
    rnnc_parameter_vector(graph, "k", 3, RNNC_INIT_CONSTANT, 7);
    rnnc_weights *weights = rnnc_weights_create(graph, 0);
    rnnc_import *import = rnnc_import_create(context);
    rnnc_import_options turned = {.struct_size = sizeof turned, .transpose = 1};
    rnnc_import_options row = {
        .struct_size = sizeof row, .count = 1, .blocks = order, .n_blocks = 3};
    rnnc_import_allow(import, 1, 1);
    rnnc_import_map(import, "v", "w", &turned);
    rnnc_import_map(import, "k", "k", &row);
    rnnc_import_prefix(import, "gru.", "");
    uint64_t version = rnnc_weights_version(weights);
    rnnc_status status = rnnc_import_load_memory(import, weights, data, size);
    fuzz_check((rnnc_weights_version(weights) > version) == (status == RNNC_OK),
               "import", "weights changed, or did not");
    rnnc_import_destroy(import);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_memory memory = {0, 0, FUZZ_BYTES, -1};
    rnnc_context *context = fuzz_context(&memory);
    load_model(context, data, size);
    load_weights(context, data, size);
    fuzz_end(&memory, context);
    return 0;
}
