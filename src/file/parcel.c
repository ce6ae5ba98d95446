// SPDX-License-Identifier: MIT
// Packing a file: tensors from weights, constants and records, and the way
// back.
#include "file/parcel.h"

#include <stdio.h>
#include <string.h>

#include "file/disk.h"
#include "file/graph_json.h"
#include "rnnc/version.h"
#include "weights/storage.h"

// ---- Parameters ------------------------------------------------------------

static rnnc_status taken(const char *name, const char *whose, rni_error *error)
{
    return rni_error_set(error, RNNC_E_NAME,
                         "\"%.160s\" is a parameter, and %.160s has its name "
                         "in the file",
                         name, whose);
}

// Two pieces of a name as one.
static char *join(rni_parcel *p, const char *a, const char *b)
{
    size_t room = strlen(a) + strlen(b) + 1;
    char *name = rni_arena_zeroed(&p->arena, room, 1);
    if (name != NULL)
        snprintf(name, room, "%s%s", a, b);
    return name;
}

// The scales of the rows of a parameter, and a tensor for them.
static rnnc_status add_scales(rni_parcel *p, const rni_parameter *parameter,
                              rni_tensor_source *tensor, rni_error *error)
{
    char *name = join(p, RNI_SCALES, parameter->name);
    float *scales =
        rni_arena_zeroed(&p->arena, (size_t)parameter->rows, sizeof *scales);
    if (name == NULL || scales == NULL)
        return rni_error_memory(error);
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

static rnnc_status add_parameters(rni_parcel *p, const rnnc_weights *weights,
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

// ---- Constants --------------------------------------------------------------

static size_t count_constants(const rnnc_graph *graph)
{
    size_t count = 0;
    for (int32_t i = 0; i < graph->n_nodes; i++)
        count += graph->nodes[i]->op == RNI_OP_CONSTANT;
    return count;
}

static rnnc_status add_constants(rni_parcel *p, const rnnc_graph *graph,
                                 rni_error *error)
{
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const rnnc_node *node = graph->nodes[i];
        if (node->op != RNI_OP_CONSTANT)
            continue;
        char *name = rni_arena_zeroed(&p->arena, RNI_CONSTANT_TEXT, 1);
        if (name == NULL)
            return rni_error_memory(error);
        rni_constant_name(node, name);
        p->tensors[p->n_tensors++] =
            (rni_tensor_source){.name = name,
                                .rank = 2,
                                .rows = node->shape.rows,
                                .cols = node->shape.cols,
                                .data = node->data};
    }
    return RNNC_OK;
}

// ---- Records ----------------------------------------------------------------

static rnnc_status add_entry(rni_parcel *p, const rnnc_graph *graph,
                             const rni_entry *entry, rni_error *error)
{
    bool numbers = entry->type == RNNC_RECORD_NUMBERS;
    char *name = join(p, RNI_TRAINING, entry->name);
    if (name == NULL)
        return rni_error_memory(error);
    if (strlen(name) > graph->context->name_limit)
        return rni_error_set(error, RNNC_E_LIMIT,
                             "the name of \"%.160s\" has %llu bytes, the limit "
                             "is %lu",
                             name, (unsigned long long)strlen(name),
                             (unsigned long)graph->context->name_limit);
    if (rni_graph_parameter(graph, name) != NULL)
        return taken(name, "an entry of the record", error);
    p->tensors[p->n_tensors++] = (rni_tensor_source){
        .name = name,
        .rank = 1,
        .rows = 1,
        .cols = entry->size,
        .data = numbers ? NULL : entry->values,
        .numbers = numbers ? entry->values : NULL,
        .storage = numbers ? RNI_STORE_NUMBERS : RNNC_STORE_FLOAT32};
    return RNNC_OK;
}

static rnnc_status add_record(rni_parcel *p, const rnnc_graph *graph,
                              const rnnc_record *record, rni_error *error)
{
    static const char sum[] = RNI_SUM "fnv1a";
    for (int32_t i = 0; i < record->n_entries; i++)
        if (add_entry(p, graph, &record->entries[i], error) != RNNC_OK)
            return error->status;
    if (rni_graph_parameter(graph, sum) != NULL)
        return taken(sum, "the checksum", error);
    p->summed = true;
    p->tensors[p->n_tensors++] = (rni_tensor_source){.name = sum,
                                                     .rank = 1,
                                                     .rows = 1,
                                                     .cols = RNI_SUM_BYTES,
                                                     .storage = RNI_STORE_SUM};
    return RNNC_OK;
}

// ---- Packing ----------------------------------------------------------------

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

void rni_parcel_unpack(rni_parcel *p)
{
    if (p->memory == NULL)
        return;
    rni_safetensors_writer_fini(&p->writer);
    rni_arena_fini(&p->arena);
    rni_memory_release(p->memory, p->tensors);
    rni_text_fini(&p->graph);
}

static rnnc_status add_all(rni_parcel *p, const rnnc_weights *weights,
                           bool whole, const rnnc_record *record,
                           rni_error *error)
{
    size_t room = 2 * (size_t)weights->n_parameters;
    room += whole ? count_constants(weights->graph) : 0;
    room += record != NULL ? (size_t)record->n_entries + 1 : 0;
    p->tensors = rni_memory_zeroed(p->memory, room, sizeof *p->tensors);
    if (p->tensors == NULL)
        return rni_error_memory(error);
    rnnc_status status = add_parameters(p, weights, error);
    if (status == RNNC_OK && whole)
        status = add_constants(p, weights->graph, error);
    if (status == RNNC_OK && record != NULL)
        status = add_record(p, weights->graph, record, error);
    return status;
}

rnnc_status rni_parcel_pack(rni_parcel *p, const rnnc_weights *weights,
                            bool whole, const rnnc_record *record,
                            rni_error *error)
{
    *p = (rni_parcel){0};
    if (check_weights(weights, error) != RNNC_OK)
        return error->status;
    p->memory = p->graph.memory = &weights->graph->context->memory;
    rni_arena_init(&p->arena, p->memory);
    if (whole)
        rni_graph_write(weights->graph, &p->graph);
    if (p->graph.failed)
        return rni_error_memory(error);
    if (add_all(p, weights, whole, record, error) != RNNC_OK)
        return error->status;
    const rni_metadata metadata[] = {
        {"format", "pt", 2},
        {"librnnc.version", rnnc_version(), strlen(rnnc_version())},
        {RNI_GRAPH_KEY, p->graph.bytes, p->graph.length}, // the last
    };
    return rni_safetensors_prepare(&p->writer, p->memory, p->tensors,
                                   p->n_tensors, metadata, whole ? 3 : 2,
                                   error);
}

// ---- The file ---------------------------------------------------------------

// FNV-1a over 64 bits: a change of any one byte changes it.
static uint64_t add_to_sum(uint64_t sum, const unsigned char *bytes,
                           size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3u;
    return sum;
}

static const uint64_t first_sum = 0xcbf29ce484222325u;

static void sum_bytes(uint64_t sum, unsigned char bytes[RNI_SUM_BYTES])
{
    for (int i = 0; i < RNI_SUM_BYTES; i++)
        bytes[i] = (unsigned char)(sum >> 8 * i & 0xff);
}

bool rni_parcel_is_whole(const unsigned char *bytes, size_t size)
{
    unsigned char sum[RNI_SUM_BYTES];
    if (size < RNI_SUM_BYTES)
        return false;
    size -= RNI_SUM_BYTES;
    sum_bytes(add_to_sum(first_sum, bytes, size), sum);
    return memcmp(sum, bytes + size, sizeof sum) == 0;
}

typedef struct summing {
    rni_disk_file *file;
    uint64_t sum;
    size_t left; // bytes before the checksum
} summing;

static bool write_summed(void *user, const void *bytes, size_t size)
{
    summing *s = user;
    unsigned char sum[RNI_SUM_BYTES];
    if (s->left == 0) {
        sum_bytes(s->sum, sum);
        return rni_disk_write(s->file, sum, size);
    }
    s->sum = add_to_sum(s->sum, bytes, size);
    s->left -= size;
    return rni_disk_write(s->file, bytes, size);
}

rnnc_status rni_parcel_save(rni_parcel *p, const char *path, rni_error *error)
{
    rni_disk_file file;
    if (rni_disk_begin(&file, p->memory, path, error) != RNNC_OK)
        return error->status;
    summing s = {&file, first_sum, p->writer.size - RNI_SUM_BYTES};
    if (p->summed)
        rni_safetensors_write(&p->writer, write_summed, &s);
    else
        rni_safetensors_write(&p->writer, rni_disk_write, &file);
    rni_disk_end(&file, error);
    p->placed = file.placed;
    return error->status;
}

// ---- The way back -----------------------------------------------------------

rnnc_status rni_parcel_weights(const rni_safetensors *file,
                               rnnc_weights *weights, rni_error *error)
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

static rnnc_status read_entry(const rni_tensor *tensor, rnnc_record *record,
                              rni_error *error)
{
    const rni_memory *memory = &record->context->memory;
    const char *dtype = rni_dtype_name(tensor->dtype);
    const char *name = tensor->name + sizeof RNI_TRAINING - 1;
    bool numbers = strcmp(dtype, "F64") == 0;
    if (!numbers && strcmp(dtype, "F32") != 0)
        return rni_error_set(error, RNNC_E_FORMAT,
                             "\"%.160s\" is %s, expected F32 or F64",
                             tensor->name, dtype);
    void *values = rni_memory_allocate(memory, (size_t)tensor->bytes);
    if (values == NULL)
        return rni_error_memory(error);
    if (numbers)
        for (uint64_t i = 0; i < tensor->count; i++)
            ((double *)values)[i] = rni_dtype_double(tensor->data + 8 * i);
    else
        rni_tensor_floats(tensor, values);
    int64_t count = (int64_t)tensor->count;
    rnnc_status status =
        numbers ? rnnc_record_set_numbers(record, name, values, count)
                : rnnc_record_set_floats(record, name, values, count);
    if (status != RNNC_OK)
        rni_error_copy(error, &record->error);
    rni_memory_release(memory, values);
    return error->status;
}

rnnc_status rni_parcel_record(const rni_safetensors *file, rnnc_record *record,
                              rni_error *error)
{
    const size_t length = sizeof RNI_TRAINING - 1;
    for (uint32_t t = 0; t < file->n_tensors; t++)
        if (strncmp(file->tensors[t].name, RNI_TRAINING, length) == 0 &&
            read_entry(&file->tensors[t], record, error) != RNNC_OK)
            break;
    return error->status;
}
