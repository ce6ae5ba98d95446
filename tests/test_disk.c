// SPDX-License-Identifier: MIT
// Files and folders by names of all kinds. mkdir and fsync are the test's own,
// so that folders of the root can be made by anybody.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "file/disk.h"
#include "support/folder.h"

enum { PATH = 256, NAMES = 100 };

int __real_mkdir(const char *path, mode_t mode);
int __real_fsync(int descriptor);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_fsync(int descriptor);

static const char *pretended; // a folder that mkdir does not make
static struct stat synced;    // what was synced last

int __wrap_mkdir(const char *path, mode_t mode)
{
    bool pretends = pretended != NULL && strcmp(path, pretended) == 0;
    return pretends ? 0 : __real_mkdir(path, mode);
}

int __wrap_fsync(int descriptor)
{
    assert_int_equal(fstat(descriptor, &synced), 0);
    return __real_fsync(descriptor);
}

static rni_memory memory;

static void make(char folder[PATH])
{
    rni_error error = {0};
    folder_name(folder, PATH, "disk");
    assert_int_equal(rni_disk_make_folder(folder, &memory, &error), RNNC_OK);
}

static rnnc_status write_file(const char *path, const char *text,
                              rni_error *error)
{
    rni_disk_file file;
    if (rni_disk_begin(&file, &memory, path, error) != RNNC_OK)
        return error->status;
    rni_disk_write(&file, text, strlen(text));
    return rni_disk_end(&file, error);
}

static void expect_file(const char *path, const char *text)
{
    size_t size = 0;
    unsigned char *bytes = file_read(path, &size);
    assert_non_null(bytes);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(bytes, text, size);
    free(bytes);
}

static void expect_synced(const char *path)
{
    struct stat wanted;
    assert_int_equal(stat(path, &wanted), 0);
    assert_true(synced.st_ino == wanted.st_ino);
    assert_true(synced.st_dev == wanted.st_dev);
}

// ---- Folders ----------------------------------------------------------------

static void a_name_without_a_folder_is_of_this_one(void **state)
{
    (void)state;
    char folder[PATH], before[1024];
    rni_error error = {0};
    make(folder);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(write_file("plain", "one", &error), RNNC_OK);
    expect_file("plain", "one");
    expect_synced(".");
    assert_int_equal(folder_count("."), 1);
    assert_int_equal(chdir(before), 0);
    folder_remove(folder);
}

static void a_folder_of_the_root_is_synced_there(void **state)
{
    (void)state;
    rni_error error = {0};
    pretended = "/rnnc";
    assert_int_equal(rni_disk_make_folder(pretended, &memory, &error), RNNC_OK);
    pretended = NULL;
    expect_synced("/");
}

static void a_folder_that_is_there_is_made(void **state)
{
    (void)state;
    char folder[PATH], inner[PATH + 8];
    rni_error error = {0};
    make(folder);
    assert_int_equal(rni_disk_make_folder(folder, &memory, &error), RNNC_OK);
    snprintf(inner, sizeof inner, "%s/a/b", folder);
    assert_int_equal(rni_disk_make_folder(inner, &memory, &error), RNNC_E_IO);
    assert_non_null(strstr(error.text, inner));
    folder_remove(folder);
}

// ---- Temporary files --------------------------------------------------------

// The name of the i-th temporary file of this process.
static void temporary(char name[PATH + 48], const char *path, int i)
{
    snprintf(name, PATH + 48, "%s.%ld-%d.tmp", path, (long)getpid(), i);
}

static void names_that_are_taken_are_left_alone(void **state)
{
    (void)state;
    char folder[PATH], path[PATH + 8], name[PATH + 48];
    rni_error error = {0};
    make(folder);
    snprintf(path, sizeof path, "%s/file", folder);
    for (int i = 0; i < NAMES; i++) {
        assert_int_equal(write_file(path, "new", &error), RNNC_OK);
        expect_file(path, "new");
        temporary(name, path, i);
        file_write(name, (const unsigned char *)"not ours", 8);
    }
    assert_int_equal(write_file(path, "newer", &error), RNNC_E_IO);
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, strerror(EEXIST)));
    expect_file(path, "new");
    for (int i = 0; i < NAMES; i++) {
        temporary(name, path, i);
        expect_file(name, "not ours");
    }
    assert_int_equal(folder_count(folder), NAMES + 1);
    folder_remove(folder);
}

// ---- Reasons ----------------------------------------------------------------

// Some systems have words for every number.
static void a_reason_without_words_is_a_number(void **state)
{
    (void)state;
    rni_error error = {0};
    assert_int_equal(rni_disk_refuse(&error, "read", "file", 98765), RNNC_E_IO);
    assert_non_null(strstr(error.text, "cannot read \"file\": "));
    assert_true(strstr(error.text, "error 98765") != NULL ||
                strstr(error.text, strerror(98765)) != NULL);
    rni_error_clear(&error);
    rni_disk_refuse(&error, "write", "file", ENOSPC);
    assert_non_null(strstr(error.text, strerror(ENOSPC)));
}

int main(void)
{
    memory = rni_memory_default();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_without_a_folder_is_of_this_one),
        cmocka_unit_test(a_folder_of_the_root_is_synced_there),
        cmocka_unit_test(a_folder_that_is_there_is_made),
        cmocka_unit_test(names_that_are_taken_are_left_alone),
        cmocka_unit_test(a_reason_without_words_is_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
