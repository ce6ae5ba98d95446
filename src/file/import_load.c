// SPDX-License-Identifier: MIT
// Loading weights through a map: every tensor finds its place or is named, then
// every piece is checked, and only then is anything copied.
#include <stdio.h>
#include <string.h>

#include "file/disk.h"
#include "file/import.h"
#include "file/safetensors.h"
#include "rnnc/model.h"
#include "weights/weights.h"

// A piece of a tensor that becomes a piece of a parameter.
typedef struct job {
    const rni_tensor *tensor;
    const rni_import_entry *entry;
    const rni_parameter *parameter;
    uint64_t from;                // the first element of theirs
    int64_t to_first, rows, cols; // of the piece of ours
} job;

typedef struct loader {
    rnnc_import *import;
    rni_error *error;
    const rnnc_weights *weights;
    rni_safetensors file;
    bool ours;     // librnnc wrote the file
    bool *used;    // tensors that an entry names
    bool *claimed; // parameters that an entry names
    bool *filled;  // parameters that have a job
    job *jobs;
    int32_t n_jobs;
} loader;

static bool add_to(loader *l, int32_t list, const char *name)
{
    return rni_import_list_add(l->import, list, name);
}

// A parameter that these weights have, or NULL.
static const rni_parameter *find_parameter(const loader *l, const char *name)
{
    const rni_parameter *parameter =
        rni_graph_parameter(l->weights->graph, name);
    return parameter != NULL && parameter->index < l->weights->n_parameters
               ? parameter
               : NULL;
}

static void add_job(loader *l, const rni_tensor *tensor,
                    const rni_import_entry *entry,
                    const rni_parameter *parameter)
{
    l->jobs[l->n_jobs++] =
        (job){.tensor = tensor, .entry = entry, .parameter = parameter};
    l->filled[parameter->index] = true;
}

// ---- Whose is it ------------------------------------------------------------

static bool match_entry(loader *l, const rni_import_entry *entry)
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
static const char *rename_tensor(const loader *l, const char *name,
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

static const rni_tensor *tensor_of(const loader *l, int32_t parameter)
{
    for (int32_t i = 0; i < l->n_jobs; i++)
        if (l->jobs[i].parameter->index == parameter)
            return l->jobs[i].tensor;
    return NULL;
}

// Constants and optimizers in files of our own are no weights.
static bool is_other(const loader *l, const char *name)
{
    static const char *const others[] = {"constant.", "optim."};
    bool other = false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        other = other || strncmp(name, others[i], strlen(others[i])) == 0;
    return l->ours && other;
}

static bool match_tensor(loader *l, const rni_tensor *tensor)
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
        const rni_tensor *other = tensor_of(l, parameter->index);
        rni_error_set(l->error, RNNC_E_NAME,
                      "tensors \"%.120s\" and \"%.120s\" are both for the "
                      "parameter \"%.120s\"",
                      other->name, tensor->name, parameter->name);
        return false;
    }
    add_job(l, tensor, &whole, parameter);
    return true;
}

static bool match_all(loader *l)
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

// ---- Does it fit ------------------------------------------------------------

typedef struct extent {
    int32_t rank;
    uint64_t shape[RNI_TENSOR_RANK];
} extent;

static extent extent_of(const rni_parameter *parameter)
{
    if (parameter->rank == 1)
        return (extent){1, {(uint64_t)parameter->cols}};
    return (extent){2, {(uint64_t)parameter->rows, (uint64_t)parameter->cols}};
}

// Chooses rows; where that is one (`count` 1) its dimension goes. Says how many
// elements are before them. False where there are no such rows.
static bool choose(extent *e, int64_t first, int64_t count, uint64_t *before)
{
    *before = 0;
    if (first == 0 && count == 0)
        return true;
    if (e->rank == 0 || (uint64_t)first > e->shape[0] ||
        (uint64_t)count > e->shape[0] - (uint64_t)first)
        return false;
    uint64_t each = 1;
    for (int32_t i = 1; i < e->rank; i++)
        each *= e->shape[i];
    *before = (uint64_t)first * each;
    e->shape[0] = count > 0 ? (uint64_t)count : e->shape[0] - (uint64_t)first;
    if (count == 1) {
        e->rank--;
        memmove(e->shape, e->shape + 1, (size_t)e->rank * sizeof *e->shape);
    }
    return true;
}

static bool same_extent(const extent *a, const extent *b)
{
    return a->rank == b->rank &&
           memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

static void turn_over(extent *e)
{
    uint64_t rows = e->shape[0];
    e->shape[0] = e->shape[1];
    e->shape[1] = rows;
}

// Records why a job does not fit, both sides named.
static bool misfit(loader *l, const job *j, const extent *theirs,
                   const extent *ours, const char *why)
{
    char have[RNI_TENSOR_SHAPE_TEXT], want[RNI_TENSOR_SHAPE_TEXT];
    char whole[RNI_TENSOR_SHAPE_TEXT], text[3 * RNI_TENSOR_SHAPE_TEXT + 512];
    const rni_tensor *tensor = j->tensor;
    rni_tensor_shape_print(tensor->shape, tensor->rank, whole);
    rni_tensor_shape_print(theirs->shape, theirs->rank, have);
    rni_tensor_shape_print(ours->shape, ours->rank, want);
    bool changed = strcmp(whole, have) != 0;
    snprintf(text, sizeof text,
             "tensor \"%.100s\" is %s %s%s%s, parameter \"%.100s\" %s%s%s%s",
             tensor->name, rni_dtype_name(tensor->dtype), whole,
             changed ? ", by its entry " : "", changed ? have : "",
             j->parameter->name,
             j->entry->to_first > 0 || j->entry->to_count > 0
                 ? "expects there F32 "
                 : "expects F32 ",
             want, why[0] != '\0' ? ": " : "", why);
    return add_to(l, RNNC_IMPORT_MISFIT, text);
}

// What is to be added where shapes differ.
static const char *hint(const job *j, const extent *theirs, const extent *ours)
{
    extent turned = *theirs;
    if (theirs->rank != 2)
        return "";
    turn_over(&turned);
    if (!same_extent(&turned, ours))
        return "";
    return j->entry->transpose ? "it would fit without `transpose`"
                               : "it would fit with `transpose`";
}

static bool check_job(loader *l, job *j)
{
    const rni_import_entry *entry = j->entry;
    extent theirs = {j->tensor->rank, {0}}, ours = extent_of(j->parameter);
    uint64_t to;
    memcpy(theirs.shape, j->tensor->shape, sizeof theirs.shape);
    bool rows = choose(&theirs, entry->first, entry->count, &j->from);
    bool to_rows = choose(&ours, entry->to_first, entry->to_count, &to);
    j->to_first = entry->to_first;
    j->rows = ours.rank > 0 ? (int64_t)ours.shape[0] : 1;
    j->cols = ours.rank > 1 ? (int64_t)ours.shape[1] : 1;
    if (rni_dtype_read(j->tensor->dtype) == NULL)
        return misfit(l, j, &theirs, &ours, "not a type that is read");
    if (!rows || !to_rows)
        return misfit(l, j, &theirs, &ours,
                      rows ? "the parameter has no such rows"
                           : "the tensor has no such rows");
    if (entry->transpose && theirs.rank != 2)
        return misfit(l, j, &theirs, &ours, "only a matrix is turned over");
    if (entry->transpose)
        turn_over(&theirs);
    if (!same_extent(&theirs, &ours))
        return misfit(l, j, &theirs, &ours, hint(j, &theirs, &ours));
    if (entry->n_blocks > 0 && j->rows % entry->n_blocks != 0)
        return misfit(l, j, &theirs, &ours,
                      "its rows do not divide into the blocks");
    return true;
}

// Rows of a parameter as entries count them: of a vector, elements.
static int64_t rows_of(const rni_parameter *parameter)
{
    return parameter->rank == 1 ? parameter->cols : parameter->rows;
}

// How many rows of ours an entry fills; a chosen row is one, whatever is left
// of its shape.
static int64_t rows_filled(const job *j)
{
    return j->entry->to_count > 0 ? j->entry->to_count
                                  : rows_of(j->parameter) - j->entry->to_first;
}

static bool overlap(const job *a, const job *b)
{
    return a->parameter == b->parameter &&
           a->to_first < b->to_first + rows_filled(b) &&
           b->to_first < a->to_first + rows_filled(a);
}

// A parameter that several entries share out is filled once and wholly.
static bool check_share(loader *l, int32_t index)
{
    const job *j = &l->jobs[index];
    char text[256];
    int64_t filled = 0;
    bool twice = false;
    for (int32_t i = 0; i < l->n_jobs; i++) {
        if (l->jobs[i].parameter != j->parameter)
            continue;
        if (i < index)
            return true; // looked at before
        filled += rows_filled(&l->jobs[i]);
        for (int32_t k = index; k < i; k++)
            twice = twice || overlap(&l->jobs[i], &l->jobs[k]);
    }
    if (!twice && filled == rows_of(j->parameter))
        return true;
    snprintf(text, sizeof text,
             twice ? "parameter \"%.100s\": entries fill a row twice"
                   : "parameter \"%.100s\": entries fill %lld of %lld rows",
             j->parameter->name, (long long)filled,
             (long long)rows_of(j->parameter));
    return add_to(l, RNNC_IMPORT_MISFIT, text);
}

static bool check_jobs(loader *l)
{
    int32_t misfits = l->import->lists[RNNC_IMPORT_MISFIT].count;
    for (int32_t i = 0; i < l->n_jobs; i++)
        if (!check_job(l, &l->jobs[i]))
            return false;
    if (misfits < l->import->lists[RNNC_IMPORT_MISFIT].count)
        return true;
    for (int32_t i = 0; i < l->n_jobs; i++)
        if (l->claimed[l->jobs[i].parameter->index] && !check_share(l, i))
            return false;
    return true;
}

static bool check_values(const loader *l, const job *j)
{
    const rni_tensor *tensor = j->tensor;
    uint64_t bytes = rni_dtype_bits(tensor->dtype) / 8;
    for (uint64_t k = 0; bytes > sizeof(float) && k < tensor->count; k++) {
        if (rni_dtype_fits(tensor->dtype, tensor->data + k * bytes))
            continue;
        rni_error_set(l->error, RNNC_E_VALUE,
                      "tensor \"%.160s\", for the parameter \"%.160s\": "
                      "element %llu is beyond the floats",
                      tensor->name, j->parameter->name, (unsigned long long)k);
        return false;
    }
    return true;
}

static bool check_all_values(const loader *l)
{
    for (int32_t i = 0; i < l->n_jobs; i++)
        if (!check_values(l, &l->jobs[i]))
            return false;
    return true;
}

// ---- The verdict ------------------------------------------------------------

enum { LIST_TEXT = 190 };

// "2 parameters have no tensor: "a", "b"", as far as there is room.
static void print_list(const rni_import_list *list, const char *one,
                       const char *many, char text[LIST_TEXT])
{
    int32_t length = snprintf(text, LIST_TEXT, "%ld %s", (long)list->count,
                              list->count == 1 ? one : many);
    for (int32_t i = 0; i < list->count; i++) {
        int32_t room = LIST_TEXT - 20 - length;
        int32_t used = snprintf(text + length, (size_t)(LIST_TEXT - length),
                                i > 0 ? ", \"%s\"" : " \"%s\"", list->items[i]);
        if (used > room) {
            snprintf(text + length, (size_t)(LIST_TEXT - length), ", ...");
            return;
        }
        length += used;
    }
}

static rnnc_status judge_misfits(const loader *l)
{
    const rni_import_list *misfits = &l->import->lists[RNNC_IMPORT_MISFIT];
    if (misfits->count > 1)
        return rni_error_set(l->error, RNNC_E_SHAPE, "%.400s (and %ld more)",
                             misfits->items[0], (long)misfits->count - 1);
    if (misfits->count == 1)
        return rni_error_set(l->error, RNNC_E_SHAPE, "%s", misfits->items[0]);
    return RNNC_OK;
}

// An entry whose tensor the file does not have, or NULL.
static const rni_import_entry *find_idle(const loader *l)
{
    const rni_import_entry *entry = l->import->entries;
    for (int32_t i = 0; i < l->import->n_entries; i++, entry++)
        if (entry->ours != NULL &&
            rni_safetensors_find(&l->file, entry->theirs) == NULL)
            return entry;
    return NULL;
}

static rnnc_status judge(const loader *l)
{
    const rni_import_list *lists = l->import->lists;
    const rni_import_entry *idle = NULL;
    char missing[LIST_TEXT] = "", left[LIST_TEXT] = "";
    if (judge_misfits(l) != RNNC_OK)
        return l->error->status;
    if (!l->import->allow_missing && lists[RNNC_IMPORT_MISSING].count > 0) {
        print_list(&lists[RNNC_IMPORT_MISSING], "parameter has no tensor:",
                   "parameters have no tensor:", missing);
        idle = find_idle(l);
    }
    if (!l->import->allow_left_over && lists[RNNC_IMPORT_LEFT_OVER].count > 0)
        print_list(&lists[RNNC_IMPORT_LEFT_OVER], "tensor has no parameter:",
                   "tensors have no parameter:", left);
    if (missing[0] == '\0' && left[0] == '\0')
        return RNNC_OK;
    return rni_error_set(l->error, RNNC_E_NAME, "%s%s%s%s%.80s", missing,
                         missing[0] != '\0' && left[0] != '\0' ? "; " : "",
                         left, idle != NULL ? "; the map names tensor " : "",
                         idle != NULL ? idle->theirs : "");
}

// ---- Copying ----------------------------------------------------------------

static void copy_job(const rnnc_weights *weights, const job *j)
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

static void copy_all(rnnc_weights *weights, const loader *l)
{
    pthread_mutex_lock(&weights->lock);
    for (int32_t i = 0; i < l->n_jobs; i++)
        copy_job(weights, &l->jobs[i]);
    atomic_fetch_add(&weights->version, 1);
    pthread_mutex_unlock(&weights->lock);
}

// ---- The whole --------------------------------------------------------------

static bool make_tables(loader *l)
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

static void release_tables(loader *l)
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
    loader l = {.import = import, .error = error, .weights = weights};
    if (rni_safetensors_parse(&l.file, &import->context->memory, bytes, size,
                              rni_file_limits_of(import->context),
                              error) != RNNC_OK)
        return error->status;
    l.ours = rni_safetensors_metadata(&l.file, "librnnc.version") != 0;
    if (make_tables(&l) && match_all(&l) && check_jobs(&l) &&
        judge(&l) == RNNC_OK && check_all_values(&l))
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
