// SPDX-License-Identifier: MIT
// Whether tensors fit the parameters they are for; where they do not, both
// sides are named.
#include <stdio.h>
#include <string.h>

#include "file/import_load.h"

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
static bool misfit(rni_import_loader *l, const rni_import_job *j,
                   const extent *theirs, const extent *ours, const char *why)
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
    return rni_import_list_add(l->import, RNNC_IMPORT_MISFIT, text);
}

// What is to be added where shapes differ.
static const char *hint(const rni_import_job *j, const extent *theirs,
                        const extent *ours)
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

static bool check_job(rni_import_loader *l, rni_import_job *j)
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
    if (!rni_tensor_is_readable(j->tensor))
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
static int64_t rows_filled(const rni_import_job *j)
{
    return j->entry->to_count > 0 ? j->entry->to_count
                                  : rows_of(j->parameter) - j->entry->to_first;
}

static bool overlap(const rni_import_job *a, const rni_import_job *b)
{
    return a->parameter == b->parameter &&
           a->to_first < b->to_first + rows_filled(b) &&
           b->to_first < a->to_first + rows_filled(a);
}

// A parameter that several entries share out is filled once and wholly.
static bool check_share(rni_import_loader *l, int32_t index)
{
    const rni_import_job *j = &l->jobs[index];
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
    return rni_import_list_add(l->import, RNNC_IMPORT_MISFIT, text);
}

static bool check_jobs(rni_import_loader *l)
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

static bool check_values(const rni_import_loader *l, const rni_import_job *j)
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

static bool check_all_values(const rni_import_loader *l)
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

static rnnc_status judge_misfits(const rni_import_loader *l)
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
static const rni_import_entry *find_idle(const rni_import_loader *l)
{
    const rni_import_entry *entry = l->import->entries;
    for (int32_t i = 0; i < l->import->n_entries; i++, entry++)
        if (entry->ours != NULL &&
            rni_safetensors_find(&l->file, entry->theirs) == NULL)
            return entry;
    return NULL;
}

static rnnc_status judge(const rni_import_loader *l)
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

bool rni_import_check(rni_import_loader *l)
{
    return check_jobs(l) && judge(l) == RNNC_OK && check_all_values(l);
}
