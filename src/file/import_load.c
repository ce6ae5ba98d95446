// SPDX-License-Identifier: MIT
// Loading weights through a map: every tensor finds its place or is named,
// everything is checked, and only then is anything copied.
#include <stdio.h>
#include <string.h>

#include "file/disk.h"
#include "file/import_load.h"
#include "file/parcel.h"
#include "rnnc/model.h"

static bool add_to(rni_import_loader *l, int32_t list, const char *name)
{
    return rni_import_list_add(l->import, list, name);
}

// A parameter that these weights have, or NULL.
static const rni_parameter *find_parameter(const rni_import_loader *l,
                                           const char *name)
{
    const rni_parameter *parameter =
        rni_graph_parameter(l->weights->graph, name);
    return parameter != NULL && parameter->index < l->weights->n_parameters
               ? parameter
               : NULL;
}

static void add_job(rni_import_loader *l, const rni_tensor *tensor,
                    const rni_import_entry *entry,
                    const rni_parameter *parameter)
{
    l->jobs[l->n_jobs++] = (rni_import_job){
        .tensor = tensor, .entry = entry, .parameter = parameter};
    l->filled[parameter->index] = true;
}

// ---- Whose is it ------------------------------------------------------------

static bool match_entry(rni_import_loader *l, const rni_import_entry *entry)
{
    const rni_tensor *tensor = rni_safetensors_find(&l->file, entry->theirs);
    const rni_parameter *parameter = NULL;
    if (entry->ours != NULL) {
        parameter = find_parameter(l, entry->ours);
        if (parameter == NULL) {
            rni_error_set(l->error, RNNC_E_NAME,
                          "tensor \"%.160s\" is for the parameter \"%.160s\", "
                          "which is not there",
                          entry->theirs, entry->ours);
            return false;
        }
        l->claimed[parameter->index] = true;
    }
    if (tensor == NULL)
        return true;
    bool *used = &l->used[tensor - l->file.tensors];
    bool first = !*used;
    *used = true;
    if (parameter != NULL)
        add_job(l, tensor, entry, parameter);
    return parameter != NULL || !first ||
           add_to(l, RNNC_IMPORT_SKIPPED, tensor->name);
}

// Our name of a tensor by the prefixes; NULL: it is not wanted. "" stands for
// what is too long to be a name.
static const char *rename_tensor(const rni_import_loader *l, const char *name,
                                 char text[RNI_IMPORT_NAME])
{
    for (int32_t i = 0; i < l->import->n_prefixes; i++) {
        const rni_import_prefix *prefix = &l->import->prefixes[i];
        size_t length = strlen(prefix->theirs);
        if (strncmp(name, prefix->theirs, length) != 0)
            continue;
        if (prefix->ours == NULL)
            return NULL;
        int32_t used = snprintf(text, RNI_IMPORT_NAME, "%s%s", prefix->ours,
                                name + length);
        return used < RNI_IMPORT_NAME ? text : "";
    }
    return name;
}

// What fills a parameter; one that is filled has a job.
static const rni_tensor *tensor_of(const rni_import_loader *l,
                                   const rni_parameter *parameter)
{
    const rni_import_job *job = l->jobs;
    while (job->parameter != parameter)
        job++;
    return job->tensor;
}

// Constants, and what training keeps, in files of our own are no weights.
static bool is_other(const rni_import_loader *l, const char *name)
{
    static const char *const others[] = {"constant.", RNI_TRAINING, RNI_SUM,
                                         RNI_SCALES};
    bool other = false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        other = other || strncmp(name, others[i], strlen(others[i])) == 0;
    return l->ours && other;
}

static bool match_tensor(rni_import_loader *l, const rni_tensor *tensor)
{
    static const rni_import_entry whole = {0};
    char text[RNI_IMPORT_NAME];
    const char *name = rename_tensor(l, tensor->name, text);
    if (name == NULL)
        return add_to(l, RNNC_IMPORT_SKIPPED, tensor->name);
    const rni_parameter *parameter = find_parameter(l, name);
    if (parameter == NULL && is_other(l, name))
        return add_to(l, RNNC_IMPORT_SKIPPED, tensor->name);
    if (parameter == NULL || l->claimed[parameter->index])
        return add_to(l, RNNC_IMPORT_LEFT_OVER, tensor->name);
    if (l->filled[parameter->index]) {
        const rni_tensor *other = tensor_of(l, parameter);
        rni_error_set(l->error, RNNC_E_NAME,
                      "tensors \"%.120s\" and \"%.120s\" are both for the "
                      "parameter \"%.120s\"",
                      other->name, tensor->name, parameter->name);
        return false;
    }
    add_job(l, tensor, &whole, parameter);
    return true;
}

static bool match_all(rni_import_loader *l)
{
    for (int32_t i = 0; i < l->import->n_entries; i++)
        if (!match_entry(l, &l->import->entries[i]))
            return false;
    for (uint32_t t = 0; t < l->file.n_tensors; t++)
        if (!l->used[t] && !match_tensor(l, &l->file.tensors[t]))
            return false;
    for (int32_t p = 0; p < l->weights->n_parameters; p++)
        if (!l->filled[p] && !add_to(l, RNNC_IMPORT_MISSING,
                                     l->weights->graph->parameters[p]->name))
            return false;
    return true;
}

// ---- Copying ----------------------------------------------------------------

static void copy_job(const rnnc_weights *weights, const rni_import_job *j)
{
    const rni_import_entry *entry = j->entry;
    const rni_parameter *parameter = j->parameter;
    int64_t each = parameter->rank == 1 ? 1 : parameter->cols;
    float *to =
        rni_weights_values(weights, parameter->index) + j->to_first * each;
    int64_t block = entry->n_blocks > 0 ? j->rows / entry->n_blocks : j->rows;
    for (int64_t r = 0; r < j->rows; r++) {
        int64_t from = r;
        if (entry->n_blocks > 0)
            from = entry->blocks[r / block] * block + r % block;
        for (int64_t c = 0; c < j->cols; c++) {
            int64_t at =
                entry->transpose ? c * j->rows + from : from * j->cols + c;
            to[r * j->cols + c] =
                rni_tensor_value(j->tensor, j->from + (uint64_t)at);
        }
    }
}

// Storage is a matter of our own files, and of whole parameters.
static void take_storage(rnnc_weights *weights, const rni_import_loader *l,
                         const rni_import_job *j)
{
    const rni_parameter *parameter = j->parameter;
    bool whole = j->rows * j->cols == parameter->rows * parameter->cols;
    int32_t storage = rni_tensor_storage(j->tensor);
    rni_weights_set_storage(
        weights, parameter->index,
        l->ours && whole && storage >= 0 ? storage : RNNC_STORE_FLOAT32);
    rni_weights_round(weights, parameter->index);
}

static void copy_all(rnnc_weights *weights, const rni_import_loader *l)
{
    pthread_mutex_lock(&weights->lock);
    for (int32_t i = 0; i < l->n_jobs; i++) {
        copy_job(weights, &l->jobs[i]);
        take_storage(weights, l, &l->jobs[i]);
    }
    atomic_fetch_add(&weights->version, 1);
    pthread_mutex_unlock(&weights->lock);
}

// ---- The whole --------------------------------------------------------------

static bool make_tables(rni_import_loader *l)
{
    const rni_memory *memory = &l->import->context->memory;
    size_t parameters = (size_t)l->weights->n_parameters;
    size_t jobs = (size_t)l->import->n_entries + l->file.n_tensors;
    l->used = rni_memory_zeroed(memory, l->file.n_tensors, sizeof *l->used);
    l->claimed = rni_memory_zeroed(memory, parameters, sizeof *l->claimed);
    l->filled = rni_memory_zeroed(memory, parameters, sizeof *l->filled);
    l->jobs = rni_memory_zeroed(memory, jobs, sizeof *l->jobs);
    if (l->used && l->claimed && l->filled && l->jobs)
        return true;
    rni_error_memory(l->error);
    return false;
}

static void release_tables(rni_import_loader *l)
{
    const rni_memory *memory = &l->import->context->memory;
    rni_memory_release(memory, l->used);
    rni_memory_release(memory, l->claimed);
    rni_memory_release(memory, l->filled);
    rni_memory_release(memory, l->jobs);
    rni_safetensors_fini(&l->file);
}

static void begin(rnnc_import *import)
{
    rni_error_clear(&import->error);
    for (int32_t i = 0; i < RNI_IMPORT_LISTS; i++)
        import->lists[i].count = 0;
    rni_arena_fini(&import->report);
}

static rnnc_status check_weights(const rnnc_weights *weights, rni_error *error)
{
    if (weights == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "weights is NULL");
    return weights->values == NULL ? rni_error_copy(error, &weights->error)
                                   : RNNC_OK;
}

static rnnc_status load(rnnc_import *import, rnnc_weights *weights,
                        const void *bytes, size_t size)
{
    rni_error *error = &import->error;
    rni_import_loader l = {
        .import = import, .error = error, .weights = weights};
    if (rni_safetensors_parse(&l.file, &import->context->memory, bytes, size,
                              rni_file_limits_of(import->context),
                              error) != RNNC_OK)
        return error->status;
    l.ours = rni_safetensors_metadata(&l.file, "librnnc.version") != 0;
    if (make_tables(&l) && match_all(&l) && rni_import_check(&l))
        copy_all(weights, &l);
    release_tables(&l);
    return error->status;
}

rnnc_status rni_import_bytes(rnnc_import *import, rnnc_weights *weights,
                             const void *bytes, size_t size)
{
    rni_error *error = &import->error;
    begin(import);
    if (check_weights(weights, error) != RNNC_OK)
        return error->status;
    if (bytes == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "bytes is NULL");
    if (size > import->context->file_limit)
        return rni_error_set(error, RNNC_E_LIMIT,
                             "%llu bytes, the limit is %llu",
                             (unsigned long long)size,
                             (unsigned long long)import->context->file_limit);
    return load(import, weights, bytes, size);
}

rnnc_status rni_import_path(rnnc_import *import, rnnc_weights *weights,
                            const char *path)
{
    rni_error *error = &import->error;
    unsigned char *bytes;
    size_t size;
    begin(import);
    if (path == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "path is NULL");
    if (check_weights(weights, error) != RNNC_OK ||
        rni_disk_read(path, import->context->file_limit,
                      &import->context->memory, &bytes, &size,
                      error) != RNNC_OK)
        return error->status;
    load(import, weights, bytes, size);
    rni_memory_release(&import->context->memory, bytes);
    rni_disk_name(error, path);
    return error->status;
}

// ---- Without a map ----------------------------------------------------------

// The way of a weights handle through an empty map.
static rnnc_status finish_plain(rnnc_weights *weights, rnnc_import *import)
{
    weights->error = import->error;
    rni_import_fini(import);
    return weights->error.status;
}

rnnc_status rnnc_weights_load(rnnc_weights *weights, const char *path)
{
    rnnc_import import;
    if (weights == NULL || weights->values == NULL)
        return rnnc_weights_status(weights);
    rni_import_init(&import, weights->graph->context);
    rni_import_path(&import, weights, path);
    return finish_plain(weights, &import);
}

rnnc_status rnnc_weights_load_memory(rnnc_weights *weights, const void *bytes,
                                     size_t size)
{
    rnnc_import import;
    if (weights == NULL || weights->values == NULL)
        return rnnc_weights_status(weights);
    rni_import_init(&import, weights->graph->context);
    rni_import_bytes(&import, weights, bytes, size);
    return finish_plain(weights, &import);
}
