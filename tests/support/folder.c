// SPDX-License-Identifier: MIT
#include "support/folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void folder_name(char *text, size_t size, const char *what)
{
    static int made;
    const char *place = getenv("TMPDIR");
    snprintf(text, size, "%s/rnnc-%s-%ld-%d", place == NULL ? "/tmp" : place,
             what, (long)getpid(), made++);
}

static int each_file(const char *path, int remove)
{
    char name[1024];
    int count = 0;
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (remove)
            unlink(name);
    }
    if (folder != NULL)
        closedir(folder);
    return count;
}

void folder_remove(const char *path)
{
    each_file(path, 1);
    rmdir(path);
}

int folder_count(const char *path)
{
    return each_file(path, 0);
}

unsigned char *file_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*size + 1);
    if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

void file_write(const char *path, const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return;
    fwrite(bytes, 1, size, file);
    fclose(file);
}
