// SPDX-License-Identifier: MIT
// Reading and replacing files through POSIX, each failure with its reason.
#include "file/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

rnnc_status rni_disk_refuse(rni_error *error, const char *what,
                            const char *path, int number)
{
    char reason[128];
    if (strerror_r(number, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", number);
    return rni_error_set(error, RNNC_E_IO, "cannot %s \"%s\": %s", what, path,
                         reason);
}

// ---- Reading ----------------------------------------------------------------

static rnnc_status check_file(const char *path, const struct stat *about,
                              uint64_t limit, rni_error *error)
{
    if (S_ISDIR(about->st_mode))
        return rni_disk_refuse(error, "read", path, EISDIR);
    if (!S_ISREG(about->st_mode))
        return rni_error_set(error, RNNC_E_IO,
                             "cannot read \"%s\": not a regular file", path);
    uint64_t size = (uint64_t)about->st_size;
    if (size > limit || size > SIZE_MAX)
        return rni_error_set(
            error, RNNC_E_LIMIT, "\"%s\" has %llu bytes, the limit is %llu",
            path, (unsigned long long)size, (unsigned long long)limit);
    return RNNC_OK;
}

static rnnc_status read_all(int descriptor, const char *path,
                            unsigned char *bytes, size_t size, rni_error *error)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(descriptor, bytes + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rni_disk_refuse(error, "read", path, errno);
        if (got == 0)
            return rni_error_set(error, RNNC_E_IO,
                                 "cannot read \"%s\": it became shorter while "
                                 "it was read",
                                 path);
        done += (size_t)got;
    }
    return RNNC_OK;
}

static rnnc_status read_open(int descriptor, const char *path, uint64_t limit,
                             const rni_memory *memory, unsigned char **bytes,
                             size_t *size, rni_error *error)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0)
        return rni_disk_refuse(error, "read", path, errno);
    if (check_file(path, &about, limit, error) != RNNC_OK)
        return error->status;
    *size = (size_t)about.st_size;
    *bytes = rni_memory_allocate(memory, *size);
    if (*bytes == NULL)
        return rni_error_memory(error);
    if (read_all(descriptor, path, *bytes, *size, error) != RNNC_OK) {
        rni_memory_release(memory, *bytes);
        *bytes = NULL;
    }
    return error->status;
}

rnnc_status rni_disk_read(const char *path, uint64_t limit,
                          const rni_memory *memory, unsigned char **bytes,
                          size_t *size, rni_error *error)
{
    // Without O_NONBLOCK a pipe would keep us waiting for its writer.
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return rni_disk_refuse(error, "open", path, errno);
    read_open(descriptor, path, limit, memory, bytes, size, error);
    close(descriptor);
    return error->status;
}

void rni_disk_name(rni_error *error, const char *path)
{
    if (error->status == RNNC_OK || error->status == RNNC_E_IO)
        return;
    rni_error plain = *error;
    rni_error_clear(error);
    rni_error_set(error, plain.status, "\"%.160s\": %.300s", path, plain.text);
}

// ---- Replacing --------------------------------------------------------------

enum { TRIES = 100, SUFFIX = 48 };

// A name that no file has yet, in the folder of the target, so that it can be
// moved there in one step.
static int open_temporary(rni_disk_file *file)
{
    size_t length = strlen(file->path);
    int descriptor = -1;
    for (int i = 0; i < TRIES && descriptor < 0; i++) {
        snprintf(file->temporary + length, SUFFIX, ".%ld-%d.tmp",
                 (long)getpid(), i);
        descriptor = open(file->temporary,
                          O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno != EEXIST)
            break;
    }
    return descriptor;
}

rnnc_status rni_disk_begin(rni_disk_file *file, const rni_memory *memory,
                           const char *path, rni_error *error)
{
    *file = (rni_disk_file){memory, path, NULL, -1, 0, false};
    struct stat about;
    bool old = stat(path, &about) == 0;
    if (!old && errno != ENOENT)
        return rni_disk_refuse(error, "write", path, errno);
    if (old && S_ISDIR(about.st_mode))
        return rni_disk_refuse(error, "write", path, EISDIR);
    size_t length = strlen(path);
    file->temporary = rni_memory_allocate(memory, length + SUFFIX);
    if (file->temporary == NULL)
        return rni_error_memory(error);
    memcpy(file->temporary, path, length);
    file->descriptor = open_temporary(file);
    if (file->descriptor < 0) {
        rni_disk_refuse(error, "write", path, errno);
        rni_memory_release(memory, file->temporary);
        return error->status;
    }
    // The new file is as open or closed to others as the old one was.
    if (old && fchmod(file->descriptor, about.st_mode & 0777) != 0)
        file->failed = errno;
    return RNNC_OK;
}

bool rni_disk_write(void *user, const void *bytes, size_t size)
{
    rni_disk_file *file = user;
    const unsigned char *from = bytes;
    while (size > 0 && file->failed == 0) {
        ssize_t put = write(file->descriptor, from, size);
        if (put > 0) {
            from += put;
            size -= (size_t)put;
        } else if (put == 0 || errno != EINTR) {
            file->failed = put == 0 ? EIO : errno;
        }
    }
    return file->failed == 0;
}

// The folder of a file, to be synced; or below 0 with *number saying why. Some
// file systems have no such thing as syncing a folder, and one may be closed to
// readers; there is nothing more to be done on them, and *number is 0.
static int open_folder(char *path, int *number)
{
    char *slash = strrchr(path, '/');
    const char *folder = slash == NULL ? "." : slash == path ? "/" : path;
    if (slash != NULL)
        *slash = '\0';
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *number = descriptor >= 0 || errno == EACCES ? 0 : errno;
    if (slash != NULL)
        *slash = '/';
    return descriptor;
}

static int sync_all(int descriptor)
{
    int result;
    do
        result = fsync(descriptor);
    while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

// After a power cut the folder must know the new name.
static int sync_folder(int folder)
{
    if (folder < 0)
        return 0;
    int number = sync_all(folder);
    return number == EINVAL ? 0 : number;
}

rnnc_status rni_disk_end(rni_disk_file *file, rni_error *error)
{
    int folder = -1;
    if (file->failed == 0)
        file->failed = sync_all(file->descriptor);
    if (close(file->descriptor) != 0 && file->failed == 0 && errno != EINTR)
        file->failed = errno;
    if (file->failed == 0)
        folder = open_folder(file->temporary, &file->failed);
    if (file->failed == 0 && rename(file->temporary, file->path) != 0)
        file->failed = errno;
    file->placed = file->failed == 0;
    if (file->placed)
        file->failed = sync_folder(folder);
    else
        unlink(file->temporary);
    if (folder >= 0)
        close(folder);
    if (file->failed != 0)
        rni_disk_refuse(error, "write", file->path, file->failed);
    rni_memory_release(file->memory, file->temporary);
    return error->status;
}

// ---- Folders ----------------------------------------------------------------

rnnc_status rni_disk_make_folder(const char *path, const rni_memory *memory,
                                 rni_error *error)
{
    if (mkdir(path, 0777) != 0)
        return errno == EEXIST ? RNNC_OK
                               : rni_disk_refuse(error, "make", path, errno);
    char *parent = rni_memory_copy_string(memory, path);
    if (parent == NULL)
        return rni_error_memory(error);
    int number, folder = open_folder(parent, &number);
    if (number == 0)
        number = sync_folder(folder);
    if (folder >= 0)
        close(folder);
    rni_memory_release(memory, parent);
    return number == 0 ? RNNC_OK : rni_disk_refuse(error, "make", path, number);
}
