// SPDX-License-Identifier: MIT
// Models: a file is checked as safetensors, its graph is built, and its tensors
// become the weights; or the other way round.
#include "rnnc/model.h"

#include <stdio.h>
#include <string.h>

#include "file/disk.h"
#include "file/graph_json.h"
#include "rnnc/version.h"
#include "weights/storage.h"
#include "weights/weights.h"

struct rnnc_model {
    rnnc_context *context; // held
    rni_error error;
    rnnc_graph *graph; // ours until the end
    rnnc_weights *weights;
};

static const char graph_key[] = "librnnc.graph";

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
        rni_weights_set_storage(weights, p, rni_tensor_storage(tensor));
        rni_weights_round(weights, p);
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
    if (rni_json_parse(&json, memory, "graph", text, length,
                       rni_file_limits_of(model->context).json,
                       error) == RNNC_OK) {
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
                              rni_file_limits_of(model->context),
                              error) != RNNC_OK)
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
        rni_disk_name(error, path);
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

// ---- Saving ----------------------------------------------------------------

// Everything that goes into a file.
typedef struct parcel {
    const rni_memory *memory;
    rni_text graph;
    rni_tensor_source *tensors;
    uint32_t n_tensors;
    char (*names)[RNI_CONSTANT_TEXT]; // of constants
    rni_arena scales;                 // and their tensors' names
    rni_safetensors_writer writer;
} parcel;

// The scales of the rows of a parameter, and a tensor for them.
static rnnc_status add_scales(parcel *p, const rni_parameter *parameter,
                              rni_tensor_source *tensor, rni_error *error)
{
    size_t room = sizeof RNI_SCALES + strlen(parameter->name);
    char *name = rni_arena_zeroed(&p->scales, room, 1);
    float *scales =
        rni_arena_zeroed(&p->scales, (size_t)parameter->rows, sizeof *scales);
    if (name == NULL || scales == NULL)
        return rni_error_memory(error);
    snprintf(name, room, "%s%s", RNI_SCALES, parameter->name);
    if (rni_graph_parameter(parameter->node->graph, name) != NULL)
        return rni_error_set(error, RNNC_E_NAME,
                             "\"%.160s\" is a parameter, and the scales of "
                             "\"%.160s\" in int8 have its name",
                             name, parameter->name);
    for (int64_t r = 0; r < parameter->rows; r++)
        scales[r] = rni_storage_scale(tensor->data + r * parameter->cols,
                                      parameter->cols);
    tensor->scales = scales;
    p->tensors[p->n_tensors++] = (rni_tensor_source){.name = name,
                                                     .rank = 2,
                                                     .rows = parameter->rows,
                                                     .cols = 1,
                                                     .data = scales};
    return RNNC_OK;
}

static rnnc_status add_parameters(parcel *p, const rnnc_weights *weights,
                                  rni_error *error)
{
    for (int32_t i = 0; i < weights->n_parameters; i++) {
        const rni_parameter *parameter = weights->graph->parameters[i];
        rni_tensor_source *tensor = &p->tensors[p->n_tensors++];
        *tensor = (rni_tensor_source){.name = parameter->name,
                                      .rank = parameter->rank,
                                      .rows = parameter->rows,
                                      .cols = parameter->cols,
                                      .data = rni_weights_values(weights, i),
                                      .storage = weights->storages[i]};
        if (tensor->storage == RNNC_STORE_INT8 &&
            add_scales(p, parameter, tensor, error) != RNNC_OK)
            break;
    }
    return error->status;
}

static void add_constants(parcel *p, const rnnc_graph *graph)
{
    uint32_t n_constants = 0;
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const rnnc_node *node = graph->nodes[i];
        if (node->op != RNI_OP_CONSTANT)
            continue;
        char *name = p->names[n_constants++];
        rni_constant_name(node, name);
        p->tensors[p->n_tensors++] =
            (rni_tensor_source){.name = name,
                                .rank = 2,
                                .rows = node->shape.rows,
                                .cols = node->shape.cols,
                                .data = node->data};
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
    rni_arena_fini(&p->scales);
    rni_memory_release(p->memory, p->names);
    rni_memory_release(p->memory, p->tensors);
    rni_text_fini(&p->graph);
}

// With the graph and its constants, or weights alone.
static rnnc_status pack(parcel *p, const rnnc_weights *weights, bool whole,
                        rni_error *error)
{
    *p = (parcel){0};
    if (check_weights(weights, error) != RNNC_OK)
        return error->status;
    const rni_memory *memory = &weights->graph->context->memory;
    size_t constants = whole ? count_constants(weights->graph) : 0;
    p->memory = p->graph.memory = memory;
    rni_arena_init(&p->scales, memory);
    p->tensors =
        rni_memory_zeroed(memory, 2 * (size_t)weights->n_parameters + constants,
                          sizeof *p->tensors);
    p->names = rni_memory_zeroed(memory, constants, sizeof *p->names);
    if (whole)
        rni_graph_write(weights->graph, &p->graph);
    if (p->tensors == NULL || p->names == NULL || p->graph.failed)
        return rni_error_memory(error);
    if (add_parameters(p, weights, error) != RNNC_OK)
        return error->status;
    if (whole)
        add_constants(p, weights->graph);
    const rni_metadata metadata[] = {
        {"format", "pt", 2},
        {"librnnc.version", rnnc_version(), strlen(rnnc_version())},
        {graph_key, p->graph.bytes, p->graph.length}, // the last
    };
    return rni_safetensors_prepare(&p->writer, memory, p->tensors, p->n_tensors,
                                   metadata, whole ? 3 : 2, error);
}

static rnnc_status save_to(const parcel *p, const char *path, rni_error *error)
{
    rni_disk_file file;
    if (rni_disk_begin(&file, p->memory, path, error) != RNNC_OK)
        return error->status;
    rni_safetensors_write(&p->writer, rni_disk_write, &file);
    return rni_disk_end(&file, error);
}

static rnnc_status save(const rnnc_weights *weights, bool whole,
                        const char *path, char *message, size_t message_size)
{
    rni_error error = {0};
    parcel p;
    if (path == NULL)
        rni_error_set(&error, RNNC_E_ARGUMENT, "path is NULL");
    else if (pack(&p, weights, whole, &error) == RNNC_OK)
        save_to(&p, path, &error);
    if (path != NULL)
        unpack(&p);
    if (message != NULL && message_size > 0)
        snprintf(message, message_size, "%s", error.text);
    return error.status;
}

rnnc_status rnnc_model_save(const rnnc_weights *weights, const char *path,
                            char *message, size_t message_size)
{
    return save(weights, true, path, message, message_size);
}

rnnc_status rnnc_weights_save(const rnnc_weights *weights, const char *path,
                              char *message, size_t message_size)
{
    return save(weights, false, path, message, message_size);
}

static bool copy_bytes(void *user, const void *bytes, size_t size)
{
    unsigned char **to = user;
    memcpy(*to, bytes, size);
    *to += size;
    return true;
}

static rnnc_status save_memory(const rnnc_weights *weights, bool whole,
                               void *bytes, size_t size, size_t *needed)
{
    rni_error error = {0};
    parcel p;
    if (needed == NULL || (bytes == NULL && size > 0))
        return RNNC_E_ARGUMENT;
    if (pack(&p, weights, whole, &error) == RNNC_OK) {
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

rnnc_status rnnc_model_save_memory(const rnnc_weights *weights, void *bytes,
                                   size_t size, size_t *needed)
{
    return save_memory(weights, true, bytes, size, needed);
}

rnnc_status rnnc_weights_save_memory(const rnnc_weights *weights, void *bytes,
                                     size_t size, size_t *needed)
{
    return save_memory(weights, false, bytes, size, needed);
}
