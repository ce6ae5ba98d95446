// SPDX-License-Identifier: MIT
// Models: a file is checked as safetensors, its graph is built, and its tensors
// become the weights; or the other way round.
#include "rnnc/model.h"

#include <stdio.h>
#include <string.h>

#include "file/disk.h"
#include "file/graph_json.h"
#include "file/parcel.h"
#include "weights/weights.h"

struct rnnc_model {
    rnnc_context *context; // held
    rni_error error;
    rnnc_graph *graph; // ours until the end
    rnnc_weights *weights;
};

// ---- Loading ----------------------------------------------------------------

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
    uint32_t string = rni_safetensors_metadata(file, RNI_GRAPH_KEY);
    if (string == 0)
        return rni_error_set(error, RNNC_E_FORMAT,
                             "it has weights but no graph (\"%s\" in its "
                             "metadata); rnnc_weights_load reads such files",
                             RNI_GRAPH_KEY);
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
            rni_parcel_weights(&file, model->weights, error);
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

static rnnc_status save(const rnnc_weights *weights, bool whole,
                        const char *path, char *message, size_t message_size)
{
    rni_error error = {0};
    rni_parcel p;
    if (path == NULL)
        rni_error_set(&error, RNNC_E_ARGUMENT, "path is NULL");
    else if (rni_parcel_pack(&p, weights, whole, NULL, &error) == RNNC_OK)
        rni_parcel_save(&p, path, &error);
    if (path != NULL)
        rni_parcel_unpack(&p);
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
    rni_parcel p;
    if (needed == NULL || (bytes == NULL && size > 0))
        return RNNC_E_ARGUMENT;
    if (rni_parcel_pack(&p, weights, whole, NULL, &error) == RNNC_OK) {
        unsigned char *to = bytes;
        *needed = p.writer.size;
        if (size >= *needed)
            rni_safetensors_write(&p.writer, copy_bytes, &to);
        else if (size > 0)
            error.status = RNNC_E_ARGUMENT;
    }
    rni_parcel_unpack(&p);
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
