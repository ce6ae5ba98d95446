// SPDX-License-Identifier: MIT
// Any text as the graph of a model file, with a tensor for each parameter and
// constant that it speaks of: what loads is planned for every use and run.
#include <stdlib.h>
#include <string.h>

#include "file/graph_json.h"
#include "fuzz.h"

enum {
    TENSORS = 64,
    FLOATS = 4096,
    DEPTH = 16,
    VALUES = 100000,
    REFUSED = 16 // one of so many
};

typedef struct sheet {
    rni_tensor_source tensors[TENSORS];
    char names[TENSORS][64];
    uint32_t count;
} sheet;

static int64_t integer_of(const rni_json *json, uint32_t object,
                          const char *key)
{
    int64_t integer = 0;
    uint32_t value = rni_json_find(json, object, key);
    return value != 0 && rni_json_integer(json, value, &integer) ? integer : 0;
}

static bool name_of(const rni_json *json, uint32_t object, const char *key,
                    char name[64])
{
    uint32_t value = rni_json_find(json, object, key);
    if (value == 0 || rni_json_kind_of(json, value) != RNI_JSON_STRING ||
        json->values[value].length >= 64)
        return false;
    name[rni_json_decode(json, value, name)] = '\0';
    return true;
}

static void add_tensor(sheet *s, const rni_json *json, uint32_t node)
{
    static const float values[FLOATS] = {0.25f, -0.5f, 1, 3, -2};
    uint32_t op = rni_json_find(json, node, "op");
    if (op == 0 || s->count == TENSORS)
        return;
    bool parameter = rni_json_equals(json, op, "parameter");
    if (!parameter && !rni_json_equals(json, op, "constant"))
        return;
    char *name = s->names[s->count];
    int64_t rank = parameter ? integer_of(json, node, "rank") : 2;
    int64_t rows = integer_of(json, node, "rows");
    int64_t cols = integer_of(json, node, "cols");
    if (!name_of(json, node, parameter ? "name" : "tensor", name) || rank < 1 ||
        rank > 2 || rows < 1 || cols < 1 || rows > FLOATS ||
        cols > FLOATS / rows)
        return;
    for (uint32_t i = 0; i < s->count; i++)
        if (strcmp(s->names[i], name) == 0)
            return;
    s->tensors[s->count++] =
        (rni_tensor_source){name, (int32_t)rank, rows, cols, .data = values};
}

// False where the text is no JSON.
static bool add_tensors(sheet *s, const uint8_t *data, size_t size)
{
    rni_json json;
    rni_error error = {0};
    rni_memory memory = rni_memory_default();
    if (rni_json_parse(&json, &memory, "graph", (const char *)data, size,
                       (rni_json_limits){DEPTH, VALUES}, &error) != RNNC_OK)
        return false;
    uint32_t nodes = rni_json_find(&json, 0, "nodes");
    if (nodes != 0 && rni_json_kind_of(&json, nodes) == RNI_JSON_ARRAY) {
        uint32_t at = nodes + 1;
        for (uint32_t i = 0; i < json.values[nodes].size;
             i++, at = json.values[at].next)
            add_tensor(s, &json, at);
    }
    rni_json_fini(&json);
    return true;
}

typedef struct buffer {
    unsigned char *bytes;
    size_t size;
} buffer;

static bool append(void *user, const void *bytes, size_t size)
{
    buffer *b = user;
    memcpy(b->bytes + b->size, bytes, size);
    b->size += size;
    return true;
}

// The file of the text; no bytes where it is not UTF-8. What is no JSON was
// read and refused above: few of these are loaded too, for how that is told.
static buffer make_file(const uint8_t *data, size_t size)
{
    static sheet s;
    buffer b = {NULL, 0};
    rni_error error = {0};
    rni_memory memory = rni_memory_default();
    rni_safetensors_writer writer;
    const rni_metadata graph = {"librnnc.graph", (const char *)data, size};
    s.count = 0;
    if ((!add_tensors(&s, data, size) && size % REFUSED != 0) ||
        rni_safetensors_prepare(&writer, &memory, s.tensors, s.count, &graph, 1,
                                &error) != RNNC_OK)
        return b;
    b.bytes = malloc(writer.size);
    rni_safetensors_write(&writer, append, &b);
    rni_safetensors_writer_fini(&writer);
    return b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_memory memory = {0, 0, FUZZ_BYTES, -1};
    buffer file = make_file(data, size);
    if (file.bytes == NULL)
        return 0;
    rnnc_context *context = fuzz_context(&memory);
    rnnc_model *model = rnnc_model_load_memory(context, file.bytes, file.size);
    free(file.bytes);
    if (rnnc_model_status(model) == RNNC_OK)
        fuzz_plan(rnnc_model_graph(model), rnnc_model_weights(model));
    rnnc_model_destroy(model);
    fuzz_end(&memory, context);
    return 0;
}
