// SPDX-License-Identifier: MIT
// Every call to the system fails or is cut short, one by one, while models and
// weights are saved and loaded: the file is whole, the object as it was,
// nothing leaks and no other file is left behind.
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "rnnc/rnnc.h"
#include "support/fault.h"
#include "support/disk_faults.h"

enum { MOST_CALLS = 200, FILE_MOST = 1 << 18, ROWS = 150, COLS = 40 };

static char folder[] = "/tmp/rnnc_disk_XXXXXX";
static char path[128]; // of the only file in it

static int make_folder(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/model.safetensors",
             mkdtemp(folder) ? folder : "");
    return path[0] == '/' && path[1] == 't' ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

// Files beside the one at `path`; they are removed.
static int sweep(void)
{
    int count = 0;
    char name[600];
    DIR *files = opendir(folder);
    for (struct dirent *f = readdir(files); f != NULL; f = readdir(files)) {
        snprintf(name, sizeof name, "%s/%s", folder, f->d_name);
        if (f->d_name[0] == '.' || strcmp(name, path) == 0)
            continue;
        count++;
        unlink(name);
    }
    closedir(files);
    return count;
}

typedef struct content {
    unsigned char *bytes;
    size_t size;
} content;

static content read_file(void)
{
    content c = {malloc(FILE_MOST), 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return c;
    c.size = fread(c.bytes, 1, FILE_MOST, file);
    fclose(file);
    return c;
}

static void write_file(const content *c)
{
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(c->bytes, 1, c->size, file), c->size);
    fclose(file);
}

static bool file_is(const content *c)
{
    content now = read_file();
    bool same =
        now.size == c->size && memcmp(now.bytes, c->bytes, c->size) == 0;
    free(now.bytes);
    return same;
}

// ---- What is saved and loaded ----------------------------------------------

static rnnc_weights *make_weights(rnnc_context *context, uint64_t seed)
{
    rnnc_graph *graph = rnnc_graph_create(context);
    rnnc_node *w = rnnc_parameter(graph, "w", ROWS, COLS, RNNC_INIT_NORMAL, 1);
    rnnc_name(rnnc_matmul(rnnc_input_rows(graph, "x", ROWS), w), "y");
    rnnc_weights *weights = rnnc_weights_create(graph, seed);
    rnnc_graph_destroy(graph);
    return weights;
}

typedef rnnc_status saver(const rnnc_weights *weights, const char *to,
                          char *message, size_t message_size);

// The file that a saver makes of weights.
static content content_of(saver *save, uint64_t seed)
{
    rnnc_weights *weights = make_weights(NULL, seed);
    assert_int_equal(save(weights, path, NULL, 0), RNNC_OK);
    rnnc_weights_destroy(weights);
    return read_file();
}

// ---- Saving ----------------------------------------------------------------

// Faults that do no harm: what is cut short or interrupted goes on; a folder
// may be closed to readers; there may be no old file; and once everything is in
// its place, closing has nothing to add.
static bool is_harmless(const disk_faults *d, bool saves)
{
    if (d->faults == 0 || d->fault == DISK_FAULT_SHORT)
        return true;
    if (disk_faults_first_is(d, " close "))
        return !saves || d->renamed;
    if (disk_faults_first_is(d, " open "))
        return d->number == EACCES && d->renamed;
    if (disk_faults_first_is(d, " stat "))
        return d->number == ENOENT && !d->all;
    return disk_faults_repeated(d);
}

static void check_status(const disk_faults *d, bool saves, rnnc_status status,
                         const char *message)
{
    bool good = is_harmless(d, saves);
    if (status != (good ? RNNC_OK : RNNC_E_IO))
        fail_msg("%s failed with %d, status %d (%s)", d->first, d->number,
                 (int)status, message);
    if ((message[0] == '\0') != good)
        fail_msg("%s failed with %d, message \"%s\"", d->first, d->number,
                 message);
    if (d->open != 0)
        fail_msg("%s left a descriptor open", d->first);
}

static void check_file(const disk_faults *d, rnnc_status status,
                       const content *old, const content *new)
{
    if (!file_is(d->renamed ? new : old))
        fail_msg("%s left another file", d->first);
    // The folder is synced when the file is in its place.
    if (d->renamed != (status == RNNC_OK) &&
        !disk_faults_first_is(d, " fsync "))
        fail_msg("%s: in its place, but status %d", d->first, (int)status);
    if (sweep() != 0 && !d->unremoved)
        fail_msg("%s left a temporary file", d->first);
}

// A save whose call `at` fails; false where there is no such call.
static bool save_with(const disk_faults *how, int64_t at, saver *save,
                      const content *old, const content *new)
{
    char message[200] = "unset";
    fault spent = {.at = -1};
    rnnc_context *context = fault_context(&spent, 1);
    rnnc_weights *weights = make_weights(context, 2);
    uint64_t version = rnnc_weights_version(weights);
    int64_t live = spent.live;
    unlink(path);
    if (old->size > 0)
        write_file(old);
    disk_faults faults = disk_faults_at(how, at);
    disk_faults_use(&faults);
    rnnc_status status = save(weights, path, message, sizeof message);
    disk_faults_use(NULL);
    check_status(&faults, true, status, message);
    check_file(&faults, status, old, new);
    assert_int_equal(spent.live, live);
    assert_true(rnnc_weights_version(weights) == version);
    assert_int_equal(rnnc_weights_status(weights), RNNC_OK);
    rnnc_weights_destroy(weights);
    rnnc_context_destroy(context);
    assert_int_equal(spent.live, 0);
    return faults.calls > at;
}

static void try_saves(const disk_faults *how, saver *save, bool fresh)
{
    content new = content_of(save, 2), old = content_of(save, 1);
    assert_true(new.size > 0 && old.size == new.size);
    if (fresh)
        old.size = 0;
    int64_t at = 0;
    while (at < MOST_CALLS && save_with(how, at, save, &old, &new))
        at++;
    // stat, open, (fchmod), 4 writes, fsync, close, open, rename, fsync, close
    assert_in_range(at, fresh ? 12 : 13, MOST_CALLS - 1);
    free(new.bytes);
    free(old.bytes);
}

// ---- Loading ---------------------------------------------------------------

// Loads `path` into weights, through one of the ways there are, and copies the
// message.
typedef rnnc_status loader(rnnc_weights *weights, char message[200]);

static rnnc_status load_weights(rnnc_weights *weights, char message[200])
{
    rnnc_status status = rnnc_weights_load(weights, path);
    snprintf(message, 200, "%s", rnnc_weights_message(weights));
    return status;
}

static rnnc_status load_import(rnnc_weights *weights, char message[200])
{
    rnnc_import *import = rnnc_import_create(NULL);
    rnnc_status status = rnnc_import_load(import, weights, path);
    snprintf(message, 200, "%s", rnnc_import_message(import));
    rnnc_import_destroy(import);
    return status;
}

// A model is new; it has all or nothing.
static rnnc_status load_model(rnnc_weights *weights, char message[200])
{
    static float values[ROWS * COLS];
    rnnc_model *model = rnnc_model_load(NULL, path);
    rnnc_status status = rnnc_model_status(model);
    snprintf(message, 200, "%s", rnnc_model_message(model));
    if (status == RNNC_OK) {
        rnnc_weights_get(rnnc_model_weights(model), "w", values, ROWS * COLS);
        rnnc_weights_set(weights, "w", values, ROWS * COLS);
    } else {
        assert_null(rnnc_model_graph(model));
        assert_null(rnnc_model_weights(model));
    }
    rnnc_model_destroy(model);
    return status;
}

static bool load_with(const disk_faults *how, int64_t at, loader *load,
                      const content *file)
{
    static float before[ROWS * COLS], after[ROWS * COLS], wanted[ROWS * COLS];
    char message[200] = "unset";
    fault spent = {.at = -1};
    rnnc_context *context = fault_context(&spent, 1);
    rnnc_weights *weights = make_weights(context, 1);
    rnnc_weights *saved = make_weights(NULL, 2);
    rnnc_weights_get(weights, "w", before, ROWS * COLS);
    rnnc_weights_get(saved, "w", wanted, ROWS * COLS);
    disk_faults faults = disk_faults_at(how, at);
    disk_faults_use(&faults);
    rnnc_status status = load(weights, message);
    disk_faults_use(NULL);
    check_status(&faults, false, status, message);
    check_file(&(disk_faults){.first = faults.first}, RNNC_E_IO, file, file);
    rnnc_weights_get(weights, "w", after, ROWS * COLS);
    assert_memory_equal(after, status == RNNC_OK ? wanted : before,
                        sizeof after);
    rnnc_weights_destroy(saved);
    rnnc_weights_destroy(weights);
    rnnc_context_destroy(context);
    assert_int_equal(spent.live, 0);
    return faults.calls > at;
}

static void try_loads(const disk_faults *how, loader *load, saver *save)
{
    content file = content_of(save, 2);
    int64_t at = 0;
    while (at < MOST_CALLS && load_with(how, at, load, &file))
        at++;
    assert_in_range(at, 4, MOST_CALLS - 1); // open, fstat, read, close
    free(file.bytes);
}

// ---- All of them -----------------------------------------------------------

static void try_all(const disk_faults *how)
{
    try_saves(how, rnnc_model_save, false);
    try_saves(how, rnnc_model_save, true);
    try_saves(how, rnnc_weights_save, false);
    try_loads(how, load_model, rnnc_model_save);
    try_loads(how, load_weights, rnnc_model_save);
    try_loads(how, load_import, rnnc_weights_save);
}

static void a_call_fails(void **state)
{
    (void)state;
    static const int numbers[] = {EIO, ENOSPC, EACCES, ENOENT, EMFILE, EROFS};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        try_all(&(disk_faults){.number = numbers[i]});
}

static void all_calls_fail_from_one_on(void **state)
{
    (void)state;
    try_all(&(disk_faults){.all = true, .number = EIO});
    try_all(&(disk_faults){.all = true, .number = ENOSPC});
}

static void a_call_is_interrupted(void **state)
{
    (void)state;
    try_all(&(disk_faults){.number = EINTR});
}

static void reads_and_writes_are_cut_short(void **state)
{
    (void)state;
    try_all(&(disk_faults){.fault = DISK_FAULT_SHORT});
    try_all(&(disk_faults){.all = true, .fault = DISK_FAULT_SHORT});
}

static void reads_and_writes_do_nothing(void **state)
{
    (void)state;
    try_all(&(disk_faults){.fault = DISK_FAULT_ZERO});
    try_all(&(disk_faults){.all = true, .fault = DISK_FAULT_ZERO});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_fails),
        cmocka_unit_test(all_calls_fail_from_one_on),
        cmocka_unit_test(a_call_is_interrupted),
        cmocka_unit_test(reads_and_writes_are_cut_short),
        cmocka_unit_test(reads_and_writes_do_nothing),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
