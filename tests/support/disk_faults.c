// SPDX-License-Identifier: MIT
#include "support/disk_faults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// The linker's names for what it replaced, and for what takes its place.
int __real_open(const char *path, int flags, ...);
int __real_close(int descriptor);
ssize_t __real_read(int descriptor, void *bytes, size_t size);
ssize_t __real_write(int descriptor, const void *bytes, size_t size);
int __real_fstat(int descriptor, struct stat *about);
int __real_stat(const char *path, struct stat *about);
int __real_fchmod(int descriptor, mode_t mode);
int __real_fsync(int descriptor);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_unlinkat(int folder, const char *path, int flags);
int __real_mkdir(const char *path, mode_t mode);
DIR *__real_opendir(const char *path);
struct dirent *__real_readdir(DIR *folder);
int __real_closedir(DIR *folder);
int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int descriptor);
ssize_t __wrap_read(int descriptor, void *bytes, size_t size);
ssize_t __wrap_write(int descriptor, const void *bytes, size_t size);
int __wrap_fstat(int descriptor, struct stat *about);
int __wrap_stat(const char *path, struct stat *about);
int __wrap_fchmod(int descriptor, mode_t mode);
int __wrap_fsync(int descriptor);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_unlinkat(int folder, const char *path, int flags);
int __wrap_mkdir(const char *path, mode_t mode);
DIR *__wrap_opendir(const char *path);
struct dirent *__wrap_readdir(DIR *folder);
int __wrap_closedir(DIR *folder);

static disk_faults *used;

void disk_faults_use(disk_faults *faults)
{
    used = faults;
}

disk_faults disk_faults_at(const disk_faults *how, int64_t at)
{
    return (disk_faults){.at = at,
                         .all = how->all,
                         .fault = how->fault,
                         .number = how->number,
                         .first = "nothing"};
}

bool disk_faults_first_is(const disk_faults *faults, const char *names)
{
    char name[32];
    snprintf(name, sizeof name, " %s ", faults->first);
    return strstr(names, name) != NULL;
}

bool disk_faults_repeated(const disk_faults *faults)
{
    return faults->number == EINTR &&
           disk_faults_first_is(faults, " read write fsync ");
}

// Whether this call is one that fails. Only reads and writes do a part.
static bool hit(const char *name, bool parts)
{
    if (used == NULL)
        return false;
    int64_t call = used->calls++;
    if (used->at < 0 || call < used->at || (call > used->at && !used->all) ||
        (used->fault != DISK_FAULT_ERROR && !parts))
        return false;
    if (used->faults++ == 0)
        used->first = name;
    return true;
}

static bool fails(const char *name)
{
    bool failed = hit(name, false);
    if (failed)
        errno = used->number;
    return failed;
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? (mode_t)va_arg(rest, unsigned) : 0;
    va_end(rest);
    if (fails("open"))
        return -1;
    int descriptor = __real_open(path, flags, mode);
    if (used != NULL && descriptor >= 0)
        used->open++;
    return descriptor;
}

// As on Linux the descriptor is gone, whatever close says.
int __wrap_close(int descriptor)
{
    bool failed = fails("close");
    int number = errno, result = __real_close(descriptor);
    if (used != NULL && result == 0)
        used->open--;
    errno = failed ? number : errno;
    return failed ? -1 : result;
}

// What is left of a size; or -1 with errno set.
static ssize_t shortened(const char *name, size_t size)
{
    if (!hit(name, true))
        return (ssize_t)size;
    errno = used->number;
    if (used->fault == DISK_FAULT_SHORT)
        return (ssize_t)(size / 2 > 0 ? size / 2 : size);
    return used->fault == DISK_FAULT_ZERO ? 0 : -1;
}

ssize_t __wrap_read(int descriptor, void *bytes, size_t size)
{
    ssize_t part = shortened("read", size);
    return part <= 0 ? part : __real_read(descriptor, bytes, (size_t)part);
}

ssize_t __wrap_write(int descriptor, const void *bytes, size_t size)
{
    ssize_t part = shortened("write", size);
    return part <= 0 ? part : __real_write(descriptor, bytes, (size_t)part);
}

int __wrap_fstat(int descriptor, struct stat *about)
{
    return fails("fstat") ? -1 : __real_fstat(descriptor, about);
}

int __wrap_stat(const char *path, struct stat *about)
{
    return fails("stat") ? -1 : __real_stat(path, about);
}

int __wrap_fchmod(int descriptor, mode_t mode)
{
    return fails("fchmod") ? -1 : __real_fchmod(descriptor, mode);
}

int __wrap_fsync(int descriptor)
{
    return fails("fsync") ? -1 : __real_fsync(descriptor);
}

int __wrap_rename(const char *from, const char *to)
{
    if (fails("rename"))
        return -1;
    int result = __real_rename(from, to);
    if (used != NULL && result == 0)
        used->renamed = true;
    return result;
}

int __wrap_unlink(const char *path)
{
    if (fails("unlink")) {
        used->unremoved = true;
        return -1;
    }
    return __real_unlink(path);
}

int __wrap_unlinkat(int folder, const char *path, int flags)
{
    if (fails("unlinkat")) {
        used->unremoved = true;
        return -1;
    }
    return __real_unlinkat(folder, path, flags);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    return fails("mkdir") ? -1 : __real_mkdir(path, mode);
}

DIR *__wrap_opendir(const char *path)
{
    if (fails("opendir"))
        return NULL;
    DIR *folder = __real_opendir(path);
    if (used != NULL && folder != NULL)
        used->open++;
    return folder;
}

struct dirent *__wrap_readdir(DIR *folder)
{
    return fails("readdir") ? NULL : __real_readdir(folder);
}

int __wrap_closedir(DIR *folder)
{
    bool failed = fails("closedir");
    int number = errno, result = __real_closedir(folder);
    if (used != NULL && result == 0)
        used->open--;
    errno = failed ? number : errno;
    return failed ? -1 : result;
}
