// SPDX-License-Identifier: MIT
// The map of names: its handle, its entries, its lists.
#include "file/import.h"

#include <string.h>

#include "base/options.h"

// Bytes of the options in the first version of them.
static const size_t options_least =
    offsetof(rnnc_import_options, reserved) + sizeof(uint32_t);

// ---- The handle -------------------------------------------------------------

void rni_import_init(rnnc_import *import, rnnc_context *context)
{
    *import = (rnnc_import){.context = context, .map_error = context->error};
    rni_arena_init(&import->arena, &context->memory);
    rni_arena_init(&import->report, &context->memory);
}

void rni_import_fini(rnnc_import *import)
{
    const rni_memory *memory = &import->context->memory;
    for (int32_t i = 0; i < RNI_IMPORT_LISTS; i++)
        rni_memory_release(memory, (void *)import->lists[i].items);
    rni_memory_release(memory, import->prefixes);
    rni_memory_release(memory, import->entries);
    rni_arena_fini(&import->report);
    rni_arena_fini(&import->arena);
}

rnnc_import *rnnc_import_create(rnnc_context *context)
{
    context = rni_context_hold(context);
    if (context == NULL)
        return NULL;
    rnnc_import *import =
        rni_memory_zeroed(&context->memory, 1, sizeof *import);
    if (import == NULL)
        rni_context_drop(context);
    else
        rni_import_init(import, context);
    return import;
}

void rnnc_import_destroy(rnnc_import *import)
{
    if (import == NULL)
        return;
    rnnc_context *context = import->context;
    rni_import_fini(import);
    rni_memory_release(&context->memory, import);
    rni_context_drop(context);
}

static const rni_error *error_of(const rnnc_import *import)
{
    return import->map_error.status != RNNC_OK ? &import->map_error
                                               : &import->error;
}

rnnc_status rnnc_import_status(const rnnc_import *import)
{
    return import == NULL ? RNNC_E_MEMORY : error_of(import)->status;
}

const char *rnnc_import_message(const rnnc_import *import)
{
    return import == NULL ? "out of memory" : error_of(import)->text;
}

// ---- Entries ----------------------------------------------------------------

// An order of 0 to n - 1.
static bool is_order(const int32_t *blocks, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        int32_t found = 0;
        for (int32_t k = 0; k < n; k++)
            found += blocks[k] == i;
        if (found != 1)
            return false;
    }
    return true;
}

enum { BLOCKS_MOST = 64 };

static rnnc_status read_options(rnnc_import *import, const char *theirs,
                                const rnnc_import_options *options,
                                rnnc_import_options *to)
{
    rni_error *error = &import->map_error;
    if (options != NULL && rni_options_read(to, sizeof *to, options_least,
                                            options, error) != RNNC_OK)
        return error->status;
    const char *what = NULL;
    if (to->transpose != 0 && to->transpose != 1)
        what = "transpose is neither 0 nor 1";
    else if (to->first < 0 || to->count < 0 || to->to_first < 0 ||
             to->to_count < 0)
        what = "a number of rows is negative";
    else if ((to->blocks == NULL) != (to->n_blocks == 0) || to->n_blocks < 0 ||
             to->n_blocks > BLOCKS_MOST)
        what = "blocks and n_blocks (64 at most) do not fit";
    else if (!is_order(to->blocks, to->n_blocks))
        what = "blocks is no order of 0 to n_blocks - 1";
    if (what != NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "import of \"%.160s\": %s",
                             theirs, what);
    if (to->reserved != 0)
        return rni_error_set(error, RNNC_E_UNSUPPORTED,
                             "import of \"%.160s\": reserved is not 0", theirs);
    return RNNC_OK;
}

static bool copy_entry(rnnc_import *import, rni_import_entry *entry,
                       const rnnc_import_options *options)
{
    rni_arena *arena = &import->arena;
    entry->theirs = rni_arena_copy_string(arena, entry->theirs);
    if (entry->ours != NULL) {
        entry->ours = rni_arena_copy_string(arena, entry->ours);
        if (entry->ours == NULL)
            return false;
    }
    if (options->n_blocks > 0) {
        size_t count = (size_t)options->n_blocks;
        entry->n_blocks = options->n_blocks;
        entry->blocks = rni_arena_zeroed(arena, count, sizeof *entry->blocks);
        if (entry->blocks == NULL)
            return false;
        memcpy(entry->blocks, options->blocks, count * sizeof *entry->blocks);
    }
    return entry->theirs != NULL;
}

rnnc_status rnnc_import_map(rnnc_import *import, const char *theirs,
                            const char *ours,
                            const rnnc_import_options *options)
{
    if (import == NULL || import->map_error.status != RNNC_OK)
        return rnnc_import_status(import);
    rni_error *error = &import->map_error;
    rnnc_import_options known = {0};
    if (theirs == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "theirs is NULL");
    if (read_options(import, theirs, options, &known) != RNNC_OK)
        return error->status;
    rni_import_entry entry = {.theirs = theirs,
                              .ours = ours,
                              .transpose = known.transpose == 1,
                              .first = known.first,
                              .count = known.count,
                              .to_first = known.to_first,
                              .to_count = known.to_count};
    void *entries = import->entries;
    bool room = rni_array_reserve(&import->context->memory, &entries,
                                  &import->entries_capacity,
                                  (int64_t)import->n_entries + 1, sizeof entry);
    import->entries = entries;
    if (!room || !copy_entry(import, &entry, &known))
        return rni_error_memory(error);
    import->entries[import->n_entries++] = entry;
    return RNNC_OK;
}

rnnc_status rnnc_import_prefix(rnnc_import *import, const char *theirs,
                               const char *ours)
{
    if (import == NULL || import->map_error.status != RNNC_OK)
        return rnnc_import_status(import);
    rni_error *error = &import->map_error;
    if (theirs == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "theirs is NULL");
    rni_import_prefix prefix = {
        rni_arena_copy_string(&import->arena, theirs),
        ours == NULL ? NULL : rni_arena_copy_string(&import->arena, ours)};
    void *prefixes = import->prefixes;
    bool room = rni_array_reserve(
        &import->context->memory, &prefixes, &import->prefixes_capacity,
        (int64_t)import->n_prefixes + 1, sizeof prefix);
    import->prefixes = prefixes;
    if (!room || prefix.theirs == NULL || (prefix.ours == NULL && ours != NULL))
        return rni_error_memory(error);
    import->prefixes[import->n_prefixes++] = prefix;
    return RNNC_OK;
}

rnnc_status rnnc_import_allow(rnnc_import *import, int32_t missing,
                              int32_t left_over)
{
    if (import == NULL || import->map_error.status != RNNC_OK)
        return rnnc_import_status(import);
    if (missing < 0 || missing > 1 || left_over < 0 || left_over > 1)
        return rni_error_set(&import->map_error, RNNC_E_ARGUMENT,
                             "missing and left_over are 0 or 1");
    import->allow_missing = missing == 1;
    import->allow_left_over = left_over == 1;
    return RNNC_OK;
}

// ---- Loads and their lists --------------------------------------------------

rnnc_status rnnc_import_load(rnnc_import *import, rnnc_weights *weights,
                             const char *path)
{
    if (import == NULL || import->map_error.status != RNNC_OK)
        return rnnc_import_status(import);
    return rni_import_path(import, weights, path);
}

rnnc_status rnnc_import_load_memory(rnnc_import *import, rnnc_weights *weights,
                                    const void *bytes, size_t size)
{
    if (import == NULL || import->map_error.status != RNNC_OK)
        return rnnc_import_status(import);
    return rni_import_bytes(import, weights, bytes, size);
}

bool rni_import_list_add(rnnc_import *import, int32_t list, const char *item)
{
    rni_import_list *l = &import->lists[list];
    const char *copy = rni_arena_copy_string(&import->report, item);
    void *items = (void *)l->items;
    bool room =
        rni_array_reserve(&import->context->memory, &items, &l->capacity,
                          (int64_t)l->count + 1, sizeof *l->items);
    l->items = items;
    if (!room || copy == NULL) {
        rni_error_memory(&import->error);
        return false;
    }
    l->items[l->count++] = copy;
    return true;
}

int32_t rnnc_import_count(const rnnc_import *import, int32_t list)
{
    return import == NULL || list < 0 || list >= RNI_IMPORT_LISTS
               ? 0
               : import->lists[list].count;
}

const char *rnnc_import_item(const rnnc_import *import, int32_t list,
                             int32_t index)
{
    if (index < 0 || index >= rnnc_import_count(import, list))
        return NULL;
    return import->lists[list].items[index];
}
