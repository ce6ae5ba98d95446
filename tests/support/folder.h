// SPDX-License-Identifier: MIT
// Folders for tests, and what is done to the files in them.
#ifndef RNNC_TEST_FOLDER_H
#define RNNC_TEST_FOLDER_H

#include <stddef.h>

// A new name in the folder for temporary files; there is nothing of it yet.
void folder_name(char *text, size_t size, const char *what);

// Removes a folder with all its files, if it is there.
void folder_remove(const char *path);

// How many files it has; 0 where it is not there.
int folder_count(const char *path);

// The bytes of a file, which the caller frees; NULL where it cannot be read.
unsigned char *file_read(const char *path, size_t *size);
void file_write(const char *path, const unsigned char *bytes, size_t size);

#endif
