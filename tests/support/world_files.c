// SPDX-License-Identifier: MIT
// The files of a world: a model, a checkpoint of step 1, and one of a trainer.
// They are saved once; later worlds get copies, which wait for no disk.
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/world.h"

#define GOOD(call) assert_int_equal(call, RNNC_OK)

typedef struct saved {
    unsigned char bytes[1 << 15];
    size_t size; // 0: not yet
} saved;

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void read_file(const char *path, saved *s)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    s->size = fread(s->bytes, 1, sizeof s->bytes, file);
    assert_true(s->size > 0 && s->size < sizeof s->bytes);
    fclose(file);
}

static void path_of(char path[128], const char *folder, int64_t step)
{
    rnnc_checkpoints *c = rnnc_checkpoints_create(NULL, folder, 2);
    snprintf(path, 128, "%s", rnnc_checkpoints_path(c, step));
    rnnc_checkpoints_destroy(c);
}

// A handle writes only into a folder that it has written or loaded from.
static void make_checkpoint(world *w)
{
    static saved first;
    char path[128];
    int64_t step = -1;
    path_of(path, w->folder, 1);
    w->checkpoints = rnnc_checkpoints_create(w->context, w->folder, 2);
    if (first.size == 0) {
        GOOD(rnnc_checkpoints_save(w->checkpoints, 1, w->spare, w->states));
        read_file(path, &first);
    }
    write_file(path, first.bytes, first.size);
    rnnc_record *record = rnnc_record_create(w->context);
    GOOD(rnnc_checkpoints_load(w->checkpoints, w->spare, record, &step));
    assert_int_equal(step, 1);
    rnnc_record_destroy(record);
}

void world_make_resumed(world *w)
{
    static saved start;
    char path[128];
    path_of(path, w->resumed, 0);
    if (start.size == 0) {
        GOOD(rnnc_trainer_checkpoint(w->resuming));
        read_file(path, &start);
    }
    mkdir(w->resumed, 0700);
    write_file(path, start.bytes, start.size);
}

void world_make_files(world *w)
{
    strcpy(w->folder, "/tmp/rnnc_world_XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/model", w->folder);
    snprintf(w->new_path, sizeof w->new_path, "%s/new", w->folder);
    snprintf(w->kept, sizeof w->kept, "%s/kept", w->folder);
    snprintf(w->resumed, sizeof w->resumed, "%s/resumed", w->folder);
    write_file(w->path, w->file, w->file_size);
    make_checkpoint(w);
}

static void remove_folder(const char *name)
{
    DIR *folder = opendir(name);
    if (folder == NULL)
        return;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char path[sizeof(((world *)0)->path) + sizeof entry->d_name];
        snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
        unlink(path);
    }
    closedir(folder);
    rmdir(name);
}

void world_remove_files(const world *w)
{
    if (w->folder[0] == '\0')
        return;
    remove_folder(w->kept);
    remove_folder(w->resumed);
    remove_folder(w->folder);
}
