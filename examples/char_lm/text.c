/* SPDX-License-Identifier: MIT */
/* Reading a text: a file, or the sources of a folder in the order of their
 * names. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "char_lm.h"

static const char *const endings[] = {
    ".c",     ".h",   ".cc", ".cpp",  ".hpp", ".inc", ".def",  ".py",  ".rs",
    ".go",    ".js",  ".ts", ".java", ".sh",  ".md",  ".txt",  ".rst", ".tex",
    ".cmake", ".lua", ".pl", ".rb",   ".s",   ".S",   ".toml", ".yml", ".html"};

enum { DEPTH_MOST = 32 };

static bool refuse(const char *path, const char *why)
{
    fprintf(stderr, "char_lm: %s: %s\n", path, why);
    return false;
}

static bool is_source(const char *name)
{
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending != NULL && i < sizeof endings / sizeof *endings;
         i++)
        if (strcmp(ending, endings[i]) == 0)
            return true;
    return false;
}

static bool add_bytes(struct corpus *corpus, FILE *file)
{
    static const size_t piece = 1 << 16;
    for (;;) {
        unsigned char *bytes = realloc(corpus->bytes, corpus->length + piece);
        if (bytes == NULL)
            return false;
        corpus->bytes = bytes;
        size_t got = fread(bytes + corpus->length, 1, piece, file);
        corpus->length += got;
        if (got < piece)
            return ferror(file) == 0;
    }
}

/* A zero byte, or many control characters: a picture, a program, an archive. */
static bool is_text(const unsigned char *bytes, size_t length)
{
    size_t odd = 0;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == 0)
            return false;
        odd +=
            (bytes[i] < 0x20 && strchr("\t\n\r\f\v\b\x1b", bytes[i]) == NULL) ||
            bytes[i] == 0x7f;
    }
    return odd <= length / 100;
}

/* In a folder a file that is no text is passed over. */
static bool add_file(struct corpus *corpus, const char *path, bool in_folder)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return in_folder || refuse(path, strerror(errno));
    size_t before = corpus->length;
    errno = 0;
    bool read = add_bytes(corpus, file);
    int number = errno != 0 ? errno : EIO;
    fclose(file);
    if (!read)
        return refuse(path, strerror(number));
    if (!is_text(corpus->bytes + before, corpus->length - before)) {
        corpus->length = before;
        return in_folder ||
               refuse(path, "this is no text (it has zero bytes, or many "
                            "control characters)");
    }
    corpus->files++;
    return true;
}

static bool add_folder(struct corpus *corpus, const char *path, int depth);

static bool add_entry(struct corpus *corpus, const char *folder,
                      const char *name, int depth)
{
    size_t length = strlen(folder) + strlen(name) + 2;
    char *path = malloc(length);
    struct stat about;
    bool done = path != NULL;
    if (path != NULL) {
        snprintf(path, length, "%s/%s", folder, name);
        /* A link could lead in a circle, so it is not followed. */
        if (lstat(path, &about) != 0 || name[0] == '.')
            done = true;
        else if (S_ISDIR(about.st_mode))
            done = add_folder(corpus, path, depth + 1);
        else if (S_ISREG(about.st_mode) && is_source(name))
            done = add_file(corpus, path, true);
    }
    free(path);
    return done;
}

static bool add_folder(struct corpus *corpus, const char *path, int depth)
{
    struct dirent **entries;
    if (depth > DEPTH_MOST)
        return true;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0)
        return depth > 0 || refuse(path, strerror(errno));
    bool done = true;
    for (int i = 0; i < count; i++) {
        done = done && add_entry(corpus, path, entries[i]->d_name, depth);
        free(entries[i]);
    }
    free(entries);
    return done;
}

bool corpus_read(struct corpus *to, const char *path)
{
    struct stat about;
    *to = (struct corpus){0};
    if (stat(path, &about) != 0)
        return refuse(path, strerror(errno));
    bool folder = S_ISDIR(about.st_mode);
    bool done = folder ? add_folder(to, path, 0) : add_file(to, path, false);
    if (done && to->length == 0)
        done = refuse(path, folder ? "no source or text in this folder"
                                   : "this file is empty");
    if (!done)
        corpus_free(to);
    return done;
}

void corpus_free(struct corpus *corpus)
{
    free(corpus->bytes);
    corpus->bytes = NULL;
    corpus->length = 0;
}
