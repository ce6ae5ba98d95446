// SPDX-License-Identifier: MIT
// Models: a file is checked as safetensors, its graph is built, and its tensors
// become the weights; or the other way round.
#include "rnnc/model.h"

#include <stdio.h>
#include <string.h>

#include "file/disk.h"
#include "file/graph_json.h"
#include "rnnc/version.h"
#include "weights/weights.h"

struct rnnc_model {
    rnnc_context *context; // held
    rni_error error;
    rnnc_graph *graph; // ours until the end
    rnnc_weights *weights;
};

static const char graph_key[] = "librnnc.graph";

enum {
    GRAPH_DEPTH = 8,      // levels of the graph's JSON
    VALUES_OF_A_NODE = 64 // of its JSON, on average, at most
};

static int32_t values_most(const rnnc_context *context)
{
    uint64_t values = ((uint64_t)context->node_limit + 16) * VALUES_OF_A_NODE;
    return values < INT32_MAX ? (int32_t)values : INT32_MAX;
}

// ---- Loading ----------------------------------------------------------------

static rnnc_status set_values(rnnc_weights *weights,
                              const rni_safetensors *file, rni_error *error)
{
    for (int32_t p = 0; p < weights->n_parameters; p++) {
        const rni_parameter *parameter = weights->graph->parameters[p];
        const rni_tensor *tensor =
            rni_safetensors_expect(file, parameter->name, parameter->rank,
                                   parameter->rows, parameter->cols, error);
        if (tensor == NULL)
            return error->status;
        rni_tensor_floats(tensor, rni_weights_values(weights, p));
    }
    return RNNC_OK;
}

static rnnc_status build_graph(rnnc_model *model, const rni_safetensors *file,
                               const rni_json *json)
{
    rni_error *error = &model->error;
    model->graph = rnnc_graph_create(model->context);
    if (model->graph == NULL)
        return rni_error_memory(error);
    return rni_graph_read(model->graph, json, file, error);
}

// The graph's JSON is a string within the header's JSON.
static rnnc_status load_graph(rnnc_model *model, const rni_safetensors *file)
{
    rni_error *error = &model->error;
    const rni_memory *memory = &model->context->memory;
    uint32_t string = rni_safetensors_metadata(file, graph_key);
    if (string == 0)
        return rni_error_set(error, RNNC_E_FORMAT,
                             "it has weights but no graph (\"%s\" in its "
                             "metadata); rnnc_weights_load reads such files",
                             graph_key);
    size_t length = rni_json_decode(&file->header, string, NULL);
    char *text = rni_memory_allocate(memory, length);
    if (text == NULL)
        return rni_error_memory(error);
    rni_json_decode(&file->header, string, text);
    rni_json json;
    rni_json_limits limits = {GRAPH_DEPTH, values_most(model->context)};
    if (rni_json_parse(&json, memory, "graph", text, length, limits, error) ==
        RNNC_OK) {
        build_graph(model, file, &json);
        rni_json_fini(&json);
    }
    rni_memory_release(memory, text);
    return error->status;
}

static rnnc_status load_bytes(rnnc_model *model, const void *bytes, size_t size)
{
    rni_error *error = &model->error;
    rni_safetensors file;
    if (bytes == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "bytes is NULL");
    if (size > model->context->file_limit)
        return rni_error_set(error, RNNC_E_LIMIT,
                             "%llu bytes, the limit is %llu",
                             (unsigned long long)size,
                             (unsigned long long)model->context->file_limit);
    if (rni_safetensors_parse(&file, &model->context->memory, bytes, size,
                              values_most(model->context), error) != RNNC_OK)
        return error->status;
    if (load_graph(model, &file) == RNNC_OK) {
        model->weights = rni_weights_make(model->graph);
        if (model->weights == NULL)
            rni_error_memory(error);
        else if (rni_error_copy(error, &model->weights->error) == RNNC_OK)
            set_values(model->weights, &file, error);
    }
    rni_safetensors_fini(&file);
    return error->status;
}

static rnnc_model *make_model(rnnc_context *context)
{
    context = rni_context_hold(context);
    if (context == NULL)
        return NULL;
    rnnc_model *model = rni_memory_zeroed(&context->memory, 1, sizeof *model);
    if (model == NULL) {
        rni_context_drop(context);
        return NULL;
    }
    model->context = context;
    model->error = context->error;
    return model;
}

// All or nothing.
static void drop_parts(rnnc_model *model)
{
    rnnc_weights_destroy(model->weights);
    rnnc_graph_destroy(model->graph);
    model->weights = NULL;
    model->graph = NULL;
}

// Puts the path before the reason.
static void name_file(rni_error *error, const char *path)
{
    if (error->status == RNNC_OK || error->status == RNNC_E_IO)
        return;
    rni_error plain = *error;
    rni_error_clear(error);
    rni_error_set(error, plain.status, "\"%.160s\": %.300s", path, plain.text);
}

rnnc_model *rnnc_model_load_memory(rnnc_context *context, const void *bytes,
                                   size_t size)
{
    rnnc_model *model = make_model(context);
    if (model == NULL || model->error.status != RNNC_OK)
        return model;
    if (load_bytes(model, bytes, size) != RNNC_OK)
        drop_parts(model);
    return model;
}

rnnc_model *rnnc_model_load(rnnc_context *context, const char *path)
{
    rnnc_model *model = make_model(context);
    if (model == NULL || model->error.status != RNNC_OK)
        return model;
    rni_error *error = &model->error;
    const rni_memory *memory = &model->context->memory;
    unsigned char *bytes;
    size_t size;
    if (path == NULL) {
        rni_error_set(error, RNNC_E_ARGUMENT, "path is NULL");
    } else if (rni_disk_read(path, model->context->file_limit, memory, &bytes,
                             &size, error) == RNNC_OK) {
        if (load_bytes(model, bytes, size) != RNNC_OK)
            drop_parts(model);
        rni_memory_release(memory, bytes);
        name_file(error, path);
    }
    return model;
}

void rnnc_model_destroy(rnnc_model *model)
{
    if (model == NULL)
        return;
    rnnc_context *context = model->context;
    drop_parts(model);
    rni_memory_release(&context->memory, model);
    rni_context_drop(context);
}

rnnc_status rnnc_model_status(const rnnc_model *model)
{
    return model == NULL ? RNNC_E_MEMORY : model->error.status;
}

const char *rnnc_model_message(const rnnc_model *model)
{
    return model == NULL ? "out of memory" : model->error.text;
}

rnnc_graph *rnnc_model_graph(const rnnc_model *model)
{
    return model == NULL ? NULL : model->graph;
}

rnnc_weights *rnnc_model_weights(const rnnc_model *model)
{
    return model == NULL ? NULL : model->weights;
}

// ---- Weights alone
// ------------------------------------------------------------

// Every tensor has a parameter, unless it is of another kind.
static rnnc_status check_names(const rnnc_weights *weights,
                               const rni_safetensors *file, rni_error *error)
{
    static const char *const others[] = {"constant.", "optim."};
    for (uint32_t t = 0; t < file->n_tensors; t++) {
        const char *name = file->tensors[t].name;
        bool known = rni_graph_parameter(weights->graph, name) != NULL;
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            known = known || strncmp(name, others[i], strlen(others[i])) == 0;
        if (!known)
            return rni_error_set(error, RNNC_E_NAME,
                                 "tensor \"%s\" is no parameter of the graph",
                                 name);
    }
    return RNNC_OK;
}

static rnnc_status check_shapes(const rnnc_weights *weights,
                                const rni_safetensors *file, rni_error *error)
{
    for (int32_t p = 0; p < weights->n_parameters; p++) {
        const rni_parameter *parameter = weights->graph->parameters[p];
        if (rni_safetensors_expect(file, parameter->name, parameter->rank,
                                   parameter->rows, parameter->cols,
                                   error) == NULL)
            break;
    }
    return error->status;
}

static rnnc_status load_weights(rnnc_weights *weights, const void *bytes,
                                size_t size, rni_error *error)
{
    const rnnc_context *context = weights->graph->context;
    rni_safetensors file;
    if (rni_safetensors_parse(&file, &context->memory, bytes, size,
                              values_most(context), error) != RNNC_OK)
        return error->status;
    if (check_names(weights, &file, error) == RNNC_OK &&
        check_shapes(weights, &file, error) == RNNC_OK) {
        pthread_mutex_lock(&weights->lock);
        set_values(weights, &file, error);
        atomic_fetch_add(&weights->version, 1);
        pthread_mutex_unlock(&weights->lock);
    }
    rni_safetensors_fini(&file);
    return error->status;
}

rnnc_status rnnc_weights_load(rnnc_weights *weights, const char *path)
{
    if (weights == NULL)
        return RNNC_E_MEMORY;
    if (weights->values == NULL)
        return weights->error.status;
    const rnnc_context *context = weights->graph->context;
    rni_error *error = &weights->error;
    unsigned char *bytes;
    size_t size;
    rni_error_clear(error);
    if (path == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "path is NULL");
    if (rni_disk_read(path, context->file_limit, &context->memory, &bytes,
                      &size, error) != RNNC_OK)
        return error->status;
    load_weights(weights, bytes, size, error);
    rni_memory_release(&context->memory, bytes);
    name_file(error, path);
    return error->status;
}

// ---- Saving
// -------------------------------------------------------------------

// Everything that goes into a file.
typedef struct parcel {
    const rni_memory *memory;
    rni_text graph;
    rni_tensor_source *tensors;
    uint32_t n_tensors;
    char (*names)[RNI_CONSTANT_TEXT]; // of constants
    rni_safetensors_writer writer;
} parcel;

static void add_tensors(parcel *p, const rnnc_weights *weights)
{
    const rnnc_graph *graph = weights->graph;
    for (int32_t i = 0; i < weights->n_parameters; i++) {
        const rni_parameter *parameter = graph->parameters[i];
        p->tensors[p->n_tensors++] = (rni_tensor_source){
            parameter->name, parameter->rank, parameter->rows, parameter->cols,
            rni_weights_values(weights, i)};
    }
    uint32_t n_constants = 0;
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const rnnc_node *node = graph->nodes[i];
        if (node->op != RNI_OP_CONSTANT)
            continue;
        char *name = p->names[n_constants++];
        rni_constant_name(node, name);
        p->tensors[p->n_tensors++] = (rni_tensor_source){
            name, 2, node->shape.rows, node->shape.cols, node->data};
    }
}

static size_t count_constants(const rnnc_graph *graph)
{
    size_t count = 0;
    for (int32_t i = 0; i < graph->n_nodes; i++)
        count += graph->nodes[i]->op == RNI_OP_CONSTANT;
    return count;
}

static rnnc_status check_weights(const rnnc_weights *weights, rni_error *error)
{
    if (weights == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "weights is NULL");
    if (weights->values == NULL)
        return rni_error_copy(error, &weights->error);
    if (weights->graph->error.status != RNNC_OK)
        return rni_error_copy(error, &weights->graph->error);
    if (weights->n_parameters != weights->graph->n_parameters)
        return rni_error_set(error, RNNC_E_STATE,
                             "the graph has %ld parameters, the weights were "
                             "made when it had %ld",
                             (long)weights->graph->n_parameters,
                             (long)weights->n_parameters);
    return RNNC_OK;
}

static void unpack(parcel *p)
{
    if (p->memory == NULL)
        return;
    rni_safetensors_writer_fini(&p->writer);
    rni_memory_release(p->memory, p->names);
    rni_memory_release(p->memory, p->tensors);
    rni_text_fini(&p->graph);
}

static rnnc_status pack(parcel *p, const rnnc_weights *weights,
                        rni_error *error)
{
    *p = (parcel){0};
    if (check_weights(weights, error) != RNNC_OK)
        return error->status;
    const rni_memory *memory = &weights->graph->context->memory;
    size_t constants = count_constants(weights->graph);
    p->memory = p->graph.memory = memory;
    p->tensors = rni_memory_zeroed(
        memory, (size_t)weights->n_parameters + constants, sizeof *p->tensors);
    p->names = rni_memory_zeroed(memory, constants, sizeof *p->names);
    rni_graph_write(weights->graph, &p->graph);
    if (p->tensors == NULL || p->names == NULL || p->graph.failed)
        return rni_error_memory(error);
    add_tensors(p, weights);
    const rni_metadata metadata[] = {
        {"format", "pt", 2},
        {graph_key, p->graph.bytes, p->graph.length},
        {"librnnc.version", rnnc_version(), strlen(rnnc_version())},
    };
    return rni_safetensors_prepare(&p->writer, memory, p->tensors, p->n_tensors,
                                   metadata, sizeof metadata / sizeof *metadata,
                                   error);
}

static rnnc_status save_to(const parcel *p, const char *path, rni_error *error)
{
    rni_disk_file file;
    if (rni_disk_begin(&file, p->memory, path, error) != RNNC_OK)
        return error->status;
    rni_safetensors_write(&p->writer, rni_disk_write, &file);
    return rni_disk_end(&file, error);
}

rnnc_status rnnc_model_save(const rnnc_weights *weights, const char *path,
                            char *message, size_t message_size)
{
    rni_error error = {0};
    parcel p;
    if (path == NULL)
        rni_error_set(&error, RNNC_E_ARGUMENT, "path is NULL");
    else if (pack(&p, weights, &error) == RNNC_OK)
        save_to(&p, path, &error);
    if (path != NULL)
        unpack(&p);
    if (message != NULL && message_size > 0)
        snprintf(message, message_size, "%s", error.text);
    return error.status;
}

static bool copy_bytes(void *user, const void *bytes, size_t size)
{
    unsigned char **to = user;
    memcpy(*to, bytes, size);
    *to += size;
    return true;
}

rnnc_status rnnc_model_save_memory(const rnnc_weights *weights, void *bytes,
                                   size_t size, size_t *needed)
{
    rni_error error = {0};
    parcel p;
    if (needed == NULL || (bytes == NULL && size > 0))
        return RNNC_E_ARGUMENT;
    if (pack(&p, weights, &error) == RNNC_OK) {
        unsigned char *to = bytes;
        *needed = p.writer.size;
        if (size >= *needed)
            rni_safetensors_write(&p.writer, copy_bytes, &to);
        else if (size > 0)
            error.status = RNNC_E_ARGUMENT;
    }
    unpack(&p);
    return error.status;
}
