// SPDX-License-Identifier: MIT
// Whole files: read in one piece, replaced in one step.
#ifndef RNI_DISK_H
#define RNI_DISK_H

#include "base/error.h"
#include "base/memory.h"

// Reads a regular file of at most `limit` bytes. The caller releases *bytes.
rnnc_status rni_disk_read(const char *path, uint64_t limit,
                          const rni_memory *memory, unsigned char **bytes,
                          size_t *size, rni_error *error);

// "cannot read "path": No such file", for an errno.
rnnc_status rni_disk_refuse(rni_error *error, const char *what,
                            const char *path, int number);

// Puts the path before the reason of an error that does not name it.
void rni_disk_name(rni_error *error, const char *path);

// A file that is written beside its target and takes its place when it is
// whole and on the disk; until then the target stays as it was.
typedef struct rni_disk_file {
    const rni_memory *memory;
    const char *path;
    char *temporary;
    int descriptor;
    int failed;  // errno of the first write that failed, or 0
    bool placed; // it took the target's place
} rni_disk_file;

rnnc_status rni_disk_begin(rni_disk_file *file, const rni_memory *memory,
                           const char *path, rni_error *error);
// Fits rni_sink; `user` is the rni_disk_file.
bool rni_disk_write(void *user, const void *bytes, size_t size);
// Takes the target's place, or, where a write failed or this does, leaves the
// target alone and removes the temporary file. One fault comes too late for
// that: where the folder cannot be synced the new file is whole and in its
// place (`placed`), but a power cut may bring the old one back, and the error
// says so.
rnnc_status rni_disk_end(rni_disk_file *file, rni_error *error);

// Makes a folder that lasts, unless there is something of that name.
rnnc_status rni_disk_make_folder(const char *path, const rni_memory *memory,
                                 rni_error *error);

#endif
