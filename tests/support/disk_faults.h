// SPDX-License-Identifier: MIT
// Faults of the disk. A test that is linked with --wrap for these calls gets
// them here first: open, close, read, write, fstat, stat, fchmod, fsync,
// rename, unlink, unlinkat, mkdir, opendir, readdir, closedir. The calls of the
// library go through as they are until the one with the number that is to fail.
#ifndef RNNC_TEST_DISK_FAULTS_H
#define RNNC_TEST_DISK_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum disk_fault {
    DISK_FAULT_ERROR, // the call does nothing and returns `number`
    DISK_FAULT_SHORT, // a read or write does a part; others as they are
    DISK_FAULT_ZERO   // a read or write does nothing and says 0
} disk_fault;

typedef struct disk_faults {
    int64_t at;       // the call that fails, counted from 0; below 0: none
    bool all;         // and all after it
    disk_fault fault; // how
    int number;       // errno
    // What happened.
    int64_t calls;     // so far
    int64_t faults;    // of them failed
    int64_t open;      // descriptors and folders open now
    const char *first; // the name of the first call that failed, or "nothing"
    bool renamed;      // a rename went well
    bool unremoved;    // an unlink failed
} disk_faults;

// From here on, until it is NULL, calls are counted there. Of one thread.
void disk_faults_use(disk_faults *faults);

// Faults that are still to come, of the same kind, from call `at`.
disk_faults disk_faults_at(const disk_faults *how, int64_t at);

// Whether the first call that failed is one of these names, each between
// blanks.
bool disk_faults_first_is(const disk_faults *faults, const char *names);

// Whether that call was interrupted, and is one that is then done again.
bool disk_faults_repeated(const disk_faults *faults);

#endif
