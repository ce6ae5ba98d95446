// SPDX-License-Identifier: MIT
// A folder of checkpoints: what is in it, what goes, and which is the newest
// whole one.
#include "file/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file/disk.h"
#include "file/parcel.h"

enum {
    DIGITS = 12,    // of a step, at least
    NAME_ROOM = 64, // "/checkpoint-" .. ".safetensors"
    NOTICE = 512,
    KEEP = 3
};

// There is a step after each, so that newest_before() can be asked for all.
static const int64_t most_step = INT64_MAX - 1;

static const char prefix[] = "checkpoint-";
static const char suffix[] = ".safetensors";
static const char temporary[] = ".tmp";

struct rnnc_checkpoints {
    rnnc_context *context; // held
    rni_error error;
    char *folder, *path; // path: room for a file of the folder; NULL: failed
    size_t room;         // bytes of path
    int32_t keep;
    bool known; // its files are those of this training
    char notice[NOTICE];
};

// ---- Made and let go --------------------------------------------------------

static rnnc_status set_folder(rnnc_checkpoints *c, const char *folder,
                              int32_t keep)
{
    if (folder == NULL || folder[0] == '\0' || keep < 0)
        return rni_error_set(&c->error, RNNC_E_ARGUMENT,
                             "checkpoints: the folder is \"%.160s\", keep %ld; "
                             "expected a name, and 0 or more",
                             folder == NULL ? "" : folder, (long)keep);
    c->keep = keep == 0 ? KEEP : keep;
    c->room = strlen(folder) + NAME_ROOM;
    c->folder = rni_memory_copy_string(&c->context->memory, folder);
    if (c->folder != NULL)
        c->path = rni_memory_zeroed(&c->context->memory, c->room, 1);
    if (c->path == NULL)
        return rni_error_memory(&c->error);
    size_t length = strlen(c->folder);
    while (length > 1 && c->folder[length - 1] == '/')
        c->folder[--length] = '\0';
    return RNNC_OK;
}

rnnc_checkpoints *rnnc_checkpoints_create(rnnc_context *context,
                                          const char *folder, int32_t keep)
{
    context = rni_context_hold(context);
    if (context == NULL)
        return NULL;
    rnnc_checkpoints *c = rni_memory_zeroed(&context->memory, 1, sizeof *c);
    if (c == NULL) {
        rni_context_drop(context);
        return NULL;
    }
    c->context = context;
    if (rni_error_copy(&c->error, &context->error) == RNNC_OK)
        set_folder(c, folder, keep);
    return c;
}

void rnnc_checkpoints_destroy(rnnc_checkpoints *c)
{
    if (c == NULL)
        return;
    rnnc_context *context = c->context;
    rni_memory_release(&context->memory, c->folder);
    rni_memory_release(&context->memory, c->path);
    rni_memory_release(&context->memory, c);
    rni_context_drop(context);
}

rnnc_status rnnc_checkpoints_status(const rnnc_checkpoints *c)
{
    return c == NULL ? RNNC_E_MEMORY : c->error.status;
}

const char *rnnc_checkpoints_message(const rnnc_checkpoints *c)
{
    return c == NULL ? "out of memory" : c->error.text;
}

const char *rnnc_checkpoints_notice(const rnnc_checkpoints *c)
{
    return c == NULL ? "" : c->notice;
}

static bool begin(rnnc_checkpoints *c)
{
    if (c == NULL || c->path == NULL)
        return false;
    rni_error_clear(&c->error);
    return true;
}

// ---- Names ------------------------------------------------------------------

static const char *path_of(rnnc_checkpoints *c, int64_t step)
{
    snprintf(c->path, c->room, "%s/%s%0*lld%s", c->folder, prefix, DIGITS,
             (long long)step, suffix);
    return c->path;
}

const char *rnnc_checkpoints_path(rnnc_checkpoints *c, int64_t step)
{
    return c == NULL || c->path == NULL || step < 0 ? NULL : path_of(c, step);
}

// The step of a name, -1 where it is none; *rest is what comes after it.
static int64_t step_of(const char *name, const char **rest)
{
    int64_t step = 0;
    size_t length = sizeof prefix - 1, digits = 0;
    if (strncmp(name, prefix, length) != 0)
        return -1;
    for (name += length; *name >= '0' && *name <= '9'; name++, digits++) {
        const int digit = *name - '0';
        if (step > (most_step - digit) / 10)
            return -1;
        step = 10 * step + digit;
    }
    length = sizeof suffix - 1;
    if (digits < DIGITS || strncmp(name, suffix, length) != 0)
        return -1;
    *rest = name + length;
    return step;
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

// ---- What there is ----------------------------------------------------------

// NULL where there is no such folder, or where it cannot be read.
static DIR *open_folder(rnnc_checkpoints *c)
{
    DIR *folder = opendir(c->folder);
    if (folder == NULL && errno != ENOENT)
        rni_disk_refuse(&c->error, "read", c->folder, errno);
    return folder;
}

// The next name in a folder that may be NULL; NULL: there is none, or the error
// says why it cannot be read.
static const char *next_name(rnnc_checkpoints *c, DIR *folder)
{
    errno = 0;
    const struct dirent *entry = folder == NULL ? NULL : readdir(folder);
    if (entry != NULL)
        return entry->d_name;
    if (errno != 0)
        rni_disk_refuse(&c->error, "read", c->folder, errno);
    return NULL;
}

static void close_folder(DIR *folder)
{
    if (folder != NULL)
        closedir(folder);
}

// The newest step before another, or -1: there is none, or the error says why
// the folder cannot be read.
static int64_t newest_before(rnnc_checkpoints *c, int64_t before)
{
    int64_t newest = -1;
    DIR *folder = open_folder(c);
    const char *name, *rest;
    while ((name = next_name(c, folder)) != NULL) {
        int64_t step = step_of(name, &rest);
        if (step > newest && step < before && *rest == '\0')
            newest = step;
    }
    close_folder(folder);
    return c->error.status == RNNC_OK ? newest : -1;
}

int64_t rnnc_checkpoints_newest(rnnc_checkpoints *c, int64_t before)
{
    return begin(c) ? newest_before(c, before) : -1;
}

// ---- Saving -----------------------------------------------------------------

// A file of a step outside of [oldest, newest], or what a process that was
// killed has left.
static bool is_to_go(const char *name, int64_t oldest, int64_t newest)
{
    const char *rest;
    int64_t step = step_of(name, &rest);
    if (step < 0)
        return false;
    return *rest == '\0' ? step < oldest || step > newest
                         : ends_with(rest, temporary);
}

// What is left of a folder that cannot be tidied is tidied the next time.
static void tidy(rnnc_checkpoints *c, int64_t step)
{
    int64_t oldest = step;
    for (int32_t kept = 1; kept < c->keep && oldest >= 0; kept++)
        oldest = newest_before(c, oldest);
    DIR *folder = open_folder(c);
    const char *name;
    while ((name = next_name(c, folder)) != NULL)
        if (is_to_go(name, oldest, step))
            unlinkat(dirfd(folder), name, 0);
    close_folder(folder);
    rni_error_clear(&c->error);
}

rnnc_status rni_checkpoints_claim(rnnc_checkpoints *c)
{
    rni_error_clear(&c->error);
    int64_t newest = c->known ? -1 : newest_before(c, INT64_MAX);
    if (newest >= 0)
        rni_error_set(
            &c->error, RNNC_E_STATE,
            "\"%.160s\" has checkpoints up to step %lld; load them to "
            "go on, or choose another folder",
            c->folder, (long long)newest);
    return c->error.status;
}

rnnc_status rnnc_checkpoints_save(rnnc_checkpoints *c, int64_t step,
                                  const rnnc_weights *weights,
                                  const rnnc_record *record)
{
    static const char *const given[] = {"NULL", "given"};
    if (!begin(c))
        return rnnc_checkpoints_status(c);
    if (step < 0 || step > most_step || weights == NULL || record == NULL)
        return rni_error_set(&c->error, RNNC_E_ARGUMENT,
                             "checkpoints: step %lld, weights %s, record %s",
                             (long long)step, given[weights != NULL],
                             given[record != NULL]);
    if (rni_checkpoints_claim(c) != RNNC_OK ||
        rni_disk_make_folder(c->folder, &c->context->memory, &c->error) !=
            RNNC_OK)
        return c->error.status;
    rni_parcel parcel;
    if (rni_parcel_pack(&parcel, weights, true, record, &c->error) == RNNC_OK)
        rni_parcel_save(&parcel, path_of(c, step), &c->error);
    if (parcel.placed) // even where it failed after that
        c->known = true;
    rni_parcel_unpack(&parcel);
    if (c->error.status != RNNC_OK)
        return c->error.status;
    tidy(c, step);
    return RNNC_OK;
}

// ---- Loading ----------------------------------------------------------------

// Into weights and a record that nobody has yet, so a failure changes nothing.
// Weights and entries, or neither.
static void take(rnnc_checkpoints *c, rnnc_weights *weights,
                 rnnc_weights *fresh, rnnc_record *record, rnnc_record *entries)
{
    if (rni_record_copy(record, entries) == RNNC_OK)
        rni_weights_take(weights, fresh);
    else
        rni_error_copy(&c->error, &record->error);
}

static rnnc_status parse(rnnc_checkpoints *c, const unsigned char *bytes,
                         size_t size, rnnc_weights *weights,
                         rnnc_record *record)
{
    rni_safetensors file;
    if (rni_safetensors_parse(&file, &c->context->memory, bytes, size,
                              rni_file_limits_of(c->context),
                              &c->error) != RNNC_OK)
        return c->error.status;
    rnnc_weights *fresh = rnnc_weights_copy(weights);
    rnnc_record *entries = rnnc_record_create(c->context);
    if (fresh == NULL || fresh->values == NULL || entries == NULL)
        rni_error_memory(&c->error);
    else if (rni_parcel_weights(&file, fresh, &c->error) == RNNC_OK &&
             rni_parcel_record(&file, entries, &c->error) == RNNC_OK)
        take(c, weights, fresh, record, entries);
    rnnc_weights_destroy(fresh);
    rnnc_record_destroy(entries);
    rni_safetensors_fini(&file);
    return c->error.status;
}

static void pass_over(rnnc_checkpoints *c, const char *why)
{
    if (c->notice[0] == '\0')
        snprintf(c->notice, sizeof c->notice, "\"%.200s\" is damaged: %.200s",
                 c->path, why);
}

// False: the file of that step is passed over.
static bool load_step(rnnc_checkpoints *c, int64_t step, rnnc_weights *weights,
                      rnnc_record *record)
{
    const rni_memory *memory = &c->context->memory;
    const char *path = path_of(c, step);
    unsigned char *bytes;
    size_t size;
    if (rni_disk_read(path, c->context->file_limit, memory, &bytes, &size,
                      &c->error) != RNNC_OK) {
        if (c->error.status != RNNC_E_IO)
            return true;
        pass_over(c, c->error.text);
        rni_error_clear(&c->error);
        return false;
    }
    bool whole = rni_parcel_is_whole(bytes, size);
    if (whole)
        parse(c, bytes, size, weights, record);
    else
        pass_over(c, "it is cut short, or its checksum does not fit");
    rni_memory_release(memory, bytes);
    rni_disk_name(&c->error, path);
    return whole;
}

static rnnc_status check_load(rnnc_checkpoints *c, const rnnc_weights *weights,
                              const rnnc_record *record, const int64_t *step)
{
    if (weights == NULL || record == NULL || step == NULL)
        return rni_error_set(&c->error, RNNC_E_ARGUMENT,
                             "checkpoints: weights, record or step is NULL");
    if (weights->values == NULL)
        return rni_error_copy(&c->error, &weights->error);
    return RNNC_OK;
}

// "...; gone back to step 100", or that there is none.
static rnnc_status end_load(rnnc_checkpoints *c, int64_t at)
{
    size_t length = strlen(c->notice);
    if (c->error.status != RNNC_OK || length == 0)
        return c->error.status;
    if (at < 0)
        return rni_error_set(&c->error, RNNC_E_FORMAT,
                             "no checkpoint is whole: %.400s", c->notice);
    snprintf(c->notice + length, sizeof c->notice - length,
             "; gone back to step %lld", (long long)at);
    return RNNC_OK;
}

rnnc_status rnnc_checkpoints_load(rnnc_checkpoints *c, rnnc_weights *weights,
                                  rnnc_record *record, int64_t *step)
{
    if (!begin(c))
        return rnnc_checkpoints_status(c);
    c->notice[0] = '\0';
    if (check_load(c, weights, record, step) != RNNC_OK)
        return c->error.status;
    int64_t at = newest_before(c, INT64_MAX);
    while (at >= 0 && !load_step(c, at, weights, record))
        at = newest_before(c, at);
    if (end_load(c, at) == RNNC_OK) {
        *step = at;
        c->known = true;
    }
    return c->error.status;
}
