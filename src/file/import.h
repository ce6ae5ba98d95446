// SPDX-License-Identifier: MIT
// A map of names, and what its last load found.
#ifndef RNI_IMPORT_H
#define RNI_IMPORT_H

#include "base/context.h"
#include "rnnc/import.h"

enum { RNI_IMPORT_LISTS = 4, RNI_IMPORT_NAME = 256 };

typedef struct rni_import_entry {
    const char *theirs;
    const char *ours; // NULL: not wanted
    bool transpose;
    int64_t first, count;       // rows of theirs; count 0: all
    int64_t to_first, to_count; // rows of ours; to_count 0: all
    int32_t *blocks;            // [n_blocks], or NULL
    int32_t n_blocks;
} rni_import_entry;

typedef struct rni_import_prefix {
    const char *theirs;
    const char *ours; // NULL: not wanted
} rni_import_prefix;

typedef struct rni_import_list {
    const char **items;
    int32_t count, capacity;
} rni_import_list;

struct rnnc_import {
    rnnc_context *context; // held
    rni_error map_error;   // of the entries; stands
    rni_error error;       // of the last load
    bool allow_missing, allow_left_over;
    rni_arena arena; // entries' texts
    int32_t n_entries, entries_capacity;
    rni_import_entry *entries;
    int32_t n_prefixes, prefixes_capacity;
    rni_import_prefix *prefixes;
    rni_arena report; // items of the lists
    rni_import_list lists[RNI_IMPORT_LISTS];
};

void rni_import_init(rnnc_import *import, rnnc_context *context);
void rni_import_fini(rnnc_import *import);

// False where memory ran out, which the load's error says then.
bool rni_import_list_add(rnnc_import *import, int32_t list, const char *item);

// Loads a file's bytes; the error is import->error, lists are made anew.
rnnc_status rni_import_bytes(rnnc_import *import, rnnc_weights *weights,
                             const void *bytes, size_t size);
rnnc_status rni_import_path(rnnc_import *import, rnnc_weights *weights,
                            const char *path);

#endif
