// SPDX-License-Identifier: MIT
// Named floats and numbers: the handle, and its entries.
#include "record/record.h"

#include <string.h>

static const size_t type_bytes[] = {
    [RNNC_RECORD_FLOATS] = sizeof(float),
    [RNNC_RECORD_NUMBERS] = sizeof(double),
};

static const char *const type_names[] = {
    [RNNC_RECORD_FLOATS] = "floats",
    [RNNC_RECORD_NUMBERS] = "numbers",
};

rnnc_record *rnnc_record_create(rnnc_context *context)
{
    rnnc_context *held = rni_context_hold(context);
    if (held == NULL)
        return NULL;
    rnnc_record *record = rni_memory_zeroed(&held->memory, 1, sizeof *record);
    if (record == NULL) {
        rni_context_drop(held);
        return NULL;
    }
    record->context = held;
    rni_error_copy(&record->error, &held->error);
    return record;
}

void rni_record_cut(rnnc_record *record, int32_t first)
{
    const rni_memory *memory = &record->context->memory;
    for (int32_t i = first; i < record->n_entries; i++) {
        rni_memory_release(memory, record->entries[i].name);
        rni_memory_release(memory, record->entries[i].values);
        record->entries[i] = (rni_entry){0};
    }
    if (record->n_entries > first)
        record->n_entries = first;
}

void rnnc_record_destroy(rnnc_record *record)
{
    if (record == NULL)
        return;
    rnnc_context *context = record->context;
    rni_record_cut(record, 0);
    rni_memory_release(&context->memory, record->entries);
    rni_memory_release(&context->memory, record);
    rni_context_drop(context);
}

rnnc_status rnnc_record_status(const rnnc_record *record)
{
    return record == NULL ? RNNC_E_MEMORY : record->error.status;
}

const char *rnnc_record_message(const rnnc_record *record)
{
    return record == NULL ? "out of memory" : record->error.text;
}

int32_t rnnc_record_count(const rnnc_record *record)
{
    return record == NULL ? 0 : record->n_entries;
}

static const rni_entry *entry_at(const rnnc_record *record, int32_t entry)
{
    if (entry < 0 || entry >= rnnc_record_count(record))
        return NULL;
    return &record->entries[entry];
}

const char *rnnc_record_name(const rnnc_record *record, int32_t entry)
{
    const rni_entry *found = entry_at(record, entry);
    return found == NULL ? NULL : found->name;
}

int32_t rnnc_record_type(const rnnc_record *record, int32_t entry)
{
    const rni_entry *found = entry_at(record, entry);
    return found == NULL ? -1 : found->type;
}

int64_t rnnc_record_size(const rnnc_record *record, int32_t entry)
{
    const rni_entry *found = entry_at(record, entry);
    return found == NULL ? -1 : found->size;
}

int32_t rnnc_record_find(const rnnc_record *record, const char *name)
{
    for (int32_t i = 0; name != NULL && i < rnnc_record_count(record); i++)
        if (strcmp(record->entries[i].name, name) == 0)
            return i;
    return -1;
}

// ---- Names in parts -------------------------------------------------------

static void parts_of(const rni_item *item, const char *parts[3])
{
    parts[0] = item->noun;
    parts[1] = item->of;
    parts[2] = item->what;
}

// Whether `name` is the parts with '/' between them.
static bool is_named(const char *name, const rni_item *item)
{
    const char *parts[3];
    parts_of(item, parts);
    for (int i = 0, before = 0; i < 3; i++) {
        if (parts[i] == NULL)
            continue;
        if (before++ > 0 && *name++ != '/')
            return false;
        size_t length = strlen(parts[i]);
        if (strncmp(name, parts[i], length) != 0)
            return false;
        name += length;
    }
    return *name == '\0';
}

static char *make_name(const rni_memory *memory, const rni_item *item)
{
    const char *parts[3];
    parts_of(item, parts);
    size_t bytes = 0;
    for (int i = 0; i < 3; i++)
        if (parts[i] != NULL &&
            !rni_size_add(bytes, strlen(parts[i]) + 1, &bytes))
            return NULL;
    char *name = rni_memory_zeroed(memory, bytes, 1), *at = name;
    for (int i = 0; name != NULL && i < 3; i++) {
        if (parts[i] == NULL)
            continue;
        if (at != name)
            *at++ = '/';
        size_t length = strlen(parts[i]);
        memcpy(at, parts[i], length);
        at += length;
    }
    return name;
}

// The name as far as a message has room for it.
enum { NAME_TEXT = 200 };

static const char *name_text(const rni_item *item, char text[NAME_TEXT])
{
    const char *parts[3];
    parts_of(item, parts);
    size_t at = 0;
    for (int i = 0; i < 3; i++) {
        if (parts[i] == NULL)
            continue;
        if (at > 0 && at + 1 < NAME_TEXT)
            text[at++] = '/';
        for (const char *c = parts[i]; *c != '\0' && at + 1 < NAME_TEXT; c++)
            text[at++] = *c;
    }
    text[at] = '\0';
    return text;
}

const rni_entry *rni_record_entry(const rnnc_record *record,
                                  const rni_item *item)
{
    for (int32_t i = 0; i < record->n_entries; i++)
        if (is_named(record->entries[i].name, item))
            return &record->entries[i];
    return NULL;
}

// ---- Saving ---------------------------------------------------------------

static rnnc_status misfit(const rni_entry *entry, const rni_item *item,
                          rni_error *error)
{
    if (entry->type == item->type && entry->size == item->size)
        return RNNC_OK;
    return rni_error_set(error, RNNC_E_SHAPE,
                         "record: \"%.120s\" holds %lld %s, expected %lld %s",
                         entry->name, (long long)entry->size,
                         type_names[entry->type], (long long)item->size,
                         type_names[item->type]);
}

// A new entry of zeros.
static rnnc_status append(rnnc_record *record, const rni_item *item)
{
    const rni_memory *memory = &record->context->memory;
    rni_entry entry = {.type = item->type, .size = item->size};
    if (!rni_array_reserve(memory, (void **)&record->entries, &record->capacity,
                           (int64_t)record->n_entries + 1, sizeof entry))
        return rni_error_memory(&record->error);
    entry.name = make_name(memory, item);
    entry.values =
        rni_memory_zeroed(memory, (size_t)item->size, type_bytes[item->type]);
    if (entry.name == NULL || entry.values == NULL) {
        rni_memory_release(memory, entry.name);
        rni_memory_release(memory, entry.values);
        return rni_error_memory(&record->error);
    }
    record->entries[record->n_entries++] = entry;
    return RNNC_OK;
}

static bool make_room(void *user, const rni_item *item)
{
    rnnc_record *record = user;
    const rni_entry *entry = rni_record_entry(record, item);
    if (entry != NULL)
        return misfit(entry, item, &record->error) == RNNC_OK;
    return append(record, item) == RNNC_OK;
}

static bool copy_in(void *user, const rni_item *item)
{
    const rni_entry *entry = rni_record_entry(user, item);
    memcpy(entry->values, item->values,
           (size_t)item->size * type_bytes[item->type]);
    return true;
}

rnnc_status rni_record_save(rnnc_record *record, void *noun,
                            rni_item_list *list)
{
    if (record == NULL)
        return RNNC_E_MEMORY;
    rni_error_clear(&record->error);
    int32_t before = record->n_entries;
    if (list(noun, make_room, record))
        list(noun, copy_in, record);
    else
        rni_record_cut(record, before);
    return record->error.status;
}

static bool list_entries(void *noun, rni_item_visit *visit, void *user)
{
    const rnnc_record *record = noun;
    for (int32_t i = 0; i < record->n_entries; i++) {
        const rni_entry *entry = record->entries + i;
        const rni_item item = {.noun = entry->name,
                               .type = entry->type,
                               .size = entry->size,
                               .values = entry->values};
        if (!visit(user, &item))
            return false;
    }
    return true;
}

rnnc_status rni_record_copy(rnnc_record *record, rnnc_record *from)
{
    return rni_record_save(record, from, list_entries);
}

// ---- Restoring ------------------------------------------------------------

typedef struct checker {
    const rnnc_record *record;
    rni_error *error;
} checker;

static bool check_numbers(const rni_entry *entry, const rni_item *item,
                          rni_error *error)
{
    const double *theirs = entry->values, *ours = item->values;
    for (int64_t i = 0; i < item->size; i++) {
        if (!(theirs[i] >= item->low && theirs[i] <= item->high))
            rni_error_set(error, RNNC_E_VALUE,
                          "record: \"%.120s\" is %g, expected %g to %g",
                          entry->name, theirs[i], item->low, item->high);
        else if (item->fixed && (theirs[i] < ours[i] || theirs[i] > ours[i]))
            rni_error_set(error, RNNC_E_VALUE,
                          "record: \"%.120s\" is %g, here it is %g",
                          entry->name, theirs[i], ours[i]);
        else
            continue;
        return false;
    }
    return true;
}

static bool check_item(void *user, const rni_item *item)
{
    const checker *check = user;
    const rni_entry *entry = rni_record_entry(check->record, item);
    char text[NAME_TEXT];
    if (entry == NULL)
        rni_error_set(check->error, RNNC_E_NAME, "record: there is no \"%s\"",
                      name_text(item, text));
    if (entry == NULL || misfit(entry, item, check->error) != RNNC_OK)
        return false;
    return item->type != RNNC_RECORD_NUMBERS ||
           check_numbers(entry, item, check->error);
}

rnnc_status rni_record_check(const rnnc_record *record, void *noun,
                             rni_item_list *list, rni_error *error)
{
    checker check = {record, error};
    if (record == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "record: it is NULL");
    if (!list(noun, check_item, &check))
        return error->status;
    return RNNC_OK;
}

static bool copy_out(void *user, const rni_item *item)
{
    const rni_entry *entry = rni_record_entry(user, item);
    if (!item->fixed)
        memcpy(item->values, entry->values,
               (size_t)item->size * type_bytes[item->type]);
    return true;
}

void rni_record_restore(const rnnc_record *record, void *noun,
                        rni_item_list *list)
{
    list(noun, copy_out, (void *)(uintptr_t)record);
}

// ---- Single entries -------------------------------------------------------

static rnnc_status get(const rnnc_record *record, const rni_item *item)
{
    if (record == NULL)
        return RNNC_E_MEMORY;
    if (item->noun == NULL || item->values == NULL)
        return RNNC_E_ARGUMENT;
    rni_error error = {0};
    const rni_entry *entry = rni_record_entry(record, item);
    if (entry == NULL)
        return RNNC_E_NAME;
    if (misfit(entry, item, &error) == RNNC_OK)
        copy_out((void *)(uintptr_t)record, item);
    return error.status;
}

rnnc_status rnnc_record_get_floats(const rnnc_record *record, const char *name,
                                   float *values, int64_t size)
{
    return get(record, &(rni_item){.noun = name,
                                   .type = RNNC_RECORD_FLOATS,
                                   .size = size,
                                   .values = values});
}

rnnc_status rnnc_record_get_numbers(const rnnc_record *record, const char *name,
                                    double *values, int64_t size)
{
    return get(record, &(rni_item){.noun = name,
                                   .type = RNNC_RECORD_NUMBERS,
                                   .size = size,
                                   .values = values});
}

static bool list_one(void *noun, rni_item_visit *visit, void *user)
{
    return visit(user, noun);
}

static rnnc_status set(rnnc_record *record, rni_item *item)
{
    if (record == NULL)
        return RNNC_E_MEMORY;
    rni_error_clear(&record->error);
    if (item->noun == NULL || item->noun[0] == '\0' || item->values == NULL ||
        item->size < 0)
        return rni_error_set(&record->error, RNNC_E_ARGUMENT,
                             "record: name \"%.120s\", values %s, size %lld; "
                             "expected a name, values and a size of 0 or more",
                             item->noun == NULL ? "" : item->noun,
                             item->values == NULL ? "NULL" : "given",
                             (long long)item->size);
    return rni_record_save(record, item, list_one);
}

rnnc_status rnnc_record_set_floats(rnnc_record *record, const char *name,
                                   const float *values, int64_t size)
{
    return set(record, &(rni_item){.noun = name,
                                   .type = RNNC_RECORD_FLOATS,
                                   .size = size,
                                   .values = (void *)(uintptr_t)values});
}

rnnc_status rnnc_record_set_numbers(rnnc_record *record, const char *name,
                                    const double *values, int64_t size)
{
    return set(record, &(rni_item){.noun = name,
                                   .type = RNNC_RECORD_NUMBERS,
                                   .size = size,
                                   .values = (void *)(uintptr_t)values});
}
