// SPDX-License-Identifier: MIT
// Drives a target without libFuzzer: every file of the folders named, then
// changed ones. Usage: fuzz_<target> <changes> <seed> <folder or file>...
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "support/mutate.h"

enum { FILES = 4096, FILE_MOST = 1 << 18, PATH_MOST = 1024 };

typedef struct seed_file {
    uint8_t *bytes;
    size_t size;
} seed_file;

static seed_file files[FILES];
static size_t n_files;

static void add_file(const char *path)
{
    FILE *from = fopen(path, "rb");
    if (from == NULL || n_files == FILES)
        return;
    uint8_t *bytes = malloc(FILE_MOST);
    size_t size = fread(bytes, 1, FILE_MOST, from);
    files[n_files++] = (seed_file){bytes, size};
    fclose(from);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

// In the order of names, which is the same everywhere.
static void add_folder(const char *path)
{
    static char names[FILES][256];
    char whole[PATH_MOST];
    size_t count = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        add_file(path);
        return;
    }
    for (struct dirent *f = readdir(folder); f != NULL; f = readdir(folder))
        if (f->d_name[0] != '.' && count < FILES)
            snprintf(names[count++], sizeof *names, "%s", f->d_name);
    closedir(folder);
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        int length = snprintf(whole, sizeof whole, "%s/%s", path, names[i]);
        if (length > 0 && length < PATH_MOST)
            add_file(whole);
    }
}

// A copy of the exact size, so that a sanitizer sees a byte too many.
static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

// A file with the end of another one, changed.
static void run_changed(mutator *m)
{
    static uint8_t bytes[2 * FILE_MOST];
    const seed_file *file = &files[mutate_below(m, n_files)];
    const seed_file *other = &files[mutate_below(m, n_files)];
    size_t size = file->size;
    memcpy(bytes, file->bytes, size);
    if (mutate_below(m, 8) == 0 && other->size > 0) {
        size_t cut = mutate_below(m, size + 1);
        size_t from = mutate_below(m, other->size);
        memcpy(bytes + cut, other->bytes + from, other->size - from);
        size = cut + other->size - from;
    }
    run(bytes, mutate(m, bytes, size, mutate_header(bytes, size)));
}

int main(int count, char **words)
{
    long changes = count > 2 ? strtol(words[1], NULL, 10) : 0;
    mutator m = {count > 2 ? strtoull(words[2], NULL, 10) : 0};
    for (int i = 3; i < count; i++)
        add_folder(words[i]);
    for (size_t i = 0; i < n_files; i++)
        run(files[i].bytes, files[i].size);
    for (long i = 0; i < changes && n_files > 0; i++)
        run_changed(&m);
    printf("%zu files, %ld changed ones\n", n_files, changes);
    for (size_t i = 0; i < n_files; i++)
        free(files[i].bytes);
    return n_files > 0 ? 0 : 1;
}
