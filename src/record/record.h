// SPDX-License-Identifier: MIT
// A record, and the one way in which a noun writes itself into it and takes
// itself back: it lists its items, in place.
#ifndef RNI_RECORD_H
#define RNI_RECORD_H

#include "base/context.h"
#include "rnnc/record.h"

typedef struct rni_entry {
    char *name;
    int32_t type; // RNNC_RECORD_
    int64_t size;
    void *values;
} rni_entry;

struct rnnc_record {
    rnnc_context *context; // held
    rni_error error;
    int32_t n_entries, capacity;
    rni_entry *entries;
};

// Something of a noun. Its name in a record is the parts that are not NULL,
// with a '/' between them.
typedef struct rni_item {
    const char *noun, *of, *what;
    int32_t type;
    int64_t size;
    void *values;     // in the noun, read while saving, written while restoring
    bool fixed;       // restoring only looks whether it is the same
    double low, high; // of numbers; a record with others is refused
} rni_item;

// Shows each item to `visit` until it says false, and returns the last answer.
// An item's values may be a local copy that is written back after the visit.
typedef bool rni_item_visit(void *user, const rni_item *item);
typedef bool rni_item_list(void *noun, rni_item_visit *visit, void *user);

// Copies all items into the record: new entries, or over those of the same
// type and size. The error is recorded on the record as well; on failure no
// entry is new and none has changed.
rnnc_status rni_record_save(rnnc_record *record, void *noun,
                            rni_item_list *list);
// Entries from `first` on go away.
void rni_record_cut(rnnc_record *record, int32_t first);

// Saves all entries of another record in the same way.
rnnc_status rni_record_copy(rnnc_record *record, rnnc_record *from);

// Whether all items are there, fit, and lie within their bounds; and then the
// copying, which cannot fail. Other entries are left alone.
rnnc_status rni_record_check(const rnnc_record *record, void *noun,
                             rni_item_list *list, rni_error *error);
void rni_record_restore(const rnnc_record *record, void *noun,
                        rni_item_list *list);

// The entry of an item, or NULL.
const rni_entry *rni_record_entry(const rnnc_record *record,
                                  const rni_item *item);

#endif
