// SPDX-License-Identifier: MIT
// The hostile files of corpus/: each gives the status that its manifest says,
// from the disk and from memory, whole and cut at each byte, and never changes
// weights that it cannot fill.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rnnc/rnnc.h"

enum { FILE_MOST = 1 << 18, LINE = 160 };

static const struct {
    const char *word;
    rnnc_status status;
} words[] = {{"OK", RNNC_OK},
             {"SHAPE", RNNC_E_SHAPE},
             {"NAME", RNNC_E_NAME},
             {"VALUE", RNNC_E_VALUE},
             {"LIMIT", RNNC_E_LIMIT},
             {"FORMAT", RNNC_E_FORMAT},
             {"UNSUPPORTED", RNNC_E_UNSUPPORTED}};

static rnnc_status status_of(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].status;
    fail_msg("the manifest has no status \"%s\"", word);
    return -1;
}

// A copy of the exact size, so that a sanitizer sees a byte too many.
static unsigned char *read_file(const char *path, size_t *size)
{
    static unsigned char bytes[FILE_MOST];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s is not there", path);
    *size = fread(bytes, 1, sizeof bytes, file);
    assert_true(feof(file));
    fclose(file);
    unsigned char *copy = malloc(*size > 0 ? *size : 1);
    memcpy(copy, bytes, *size);
    return copy;
}

// ---- Models ----------------------------------------------------------------

// A model is whole, or nothing with a reason.
static rnnc_status judge(rnnc_model *model, const char *path)
{
    rnnc_status status = rnnc_model_status(model);
    bool good = status == RNNC_OK;
    if ((rnnc_model_graph(model) != NULL) != good ||
        (rnnc_model_weights(model) != NULL) != good ||
        (rnnc_model_message(model)[0] == '\0') != good)
        fail_msg("%s: status %d, \"%s\"", path, (int)status,
                 rnnc_model_message(model));
    return status;
}

static int expect_model(const char *path, rnnc_status wanted)
{
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    rnnc_model *models[] = {rnnc_model_load(NULL, path),
                            rnnc_model_load_memory(NULL, bytes, size)};
    int bad = 0;
    for (int i = 0; i < 2; i++) {
        rnnc_status status = judge(models[i], path);
        if (status != wanted) {
            bad++;
            print_message(
                "%s: %s (%s), expected %s\n", path, rnnc_status_string(status),
                rnnc_model_message(models[i]), rnnc_status_string(wanted));
        }
        rnnc_model_destroy(models[i]);
    }
    free(bytes);
    return bad;
}

// ---- Weights ---------------------------------------------------------------

// The weights of the corpus' whole file.
static rnnc_weights *make_weights(void)
{
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_parameter(graph, "w", 1, 3, RNNC_INIT_CONSTANT, 7);
    rnnc_weights *weights = rnnc_weights_create(graph, 0);
    rnnc_graph_destroy(graph);
    return weights;
}

// Loads with everything allowed; true where it loaded.
static bool import(const unsigned char *bytes, size_t size)
{
    rnnc_weights *weights = make_weights();
    rnnc_import *map = rnnc_import_create(NULL);
    rnnc_import_allow(map, 1, 1);
    rnnc_status status = rnnc_import_load_memory(map, weights, bytes, size);
    float w[3];
    assert_int_equal(rnnc_weights_get(weights, "w", w, 3), RNNC_OK);
    bool changed = rnnc_weights_version(weights) > 1;
    assert_true(changed == (status == RNNC_OK));
    if (!changed)
        assert_true(w[0] == 7 && w[1] == 7 && w[2] == 7);
    rnnc_import_destroy(map);
    rnnc_weights_destroy(weights);
    return changed;
}

// ---- The manifest ----------------------------------------------------------

typedef int visitor(const char *path, rnnc_status wanted);

// What all visits add up to; there must be many.
static int visit_all(visitor *visit)
{
    char line[LINE], word[LINE], name[LINE], path[2 * LINE];
    FILE *manifest = fopen("corpus/manifest.txt", "r");
    assert_non_null(manifest);
    int files = 0, sum = 0;
    while (fgets(line, sizeof line, manifest) != NULL) {
        assert_int_equal(sscanf(line, "%159s %159s", word, name), 2);
        snprintf(path, sizeof path, "corpus/%s", name);
        sum += visit(path, status_of(word));
        files++;
    }
    fclose(manifest);
    assert_in_range(files, 250, 10000);
    return sum;
}

static void every_file_has_its_status(void **state)
{
    (void)state;
    assert_int_equal(visit_all(expect_model), 0);
}

static int visit_import(const char *path, rnnc_status wanted)
{
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    bool loaded = import(bytes, size);
    free(bytes);
    // What is no safetensors file has no weights; a bad graph does no harm.
    return wanted == RNNC_OK && !loaded;
}

static void weights_are_filled_or_as_they_were(void **state)
{
    (void)state;
    assert_int_equal(visit_all(visit_import), 0);
}

static int visit_cuts(const char *path, rnnc_status wanted)
{
    (void)wanted;
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    // The first and last bytes of all files, every byte of the whole one.
    bool every = strcmp(path, "corpus/whole.safetensors") == 0;
    int models = 0;
    for (size_t cut = 0; cut < size; cut++) {
        if (!every && cut == 16 && size > 32)
            cut = size - 16;
        unsigned char *part = malloc(cut > 0 ? cut : 1);
        memcpy(part, bytes, cut);
        rnnc_model *model = rnnc_model_load_memory(NULL, part, cut);
        models += judge(model, path) == RNNC_OK;
        models += import(part, cut);
        rnnc_model_destroy(model);
        free(part);
    }
    free(bytes);
    return models;
}

static void no_part_of_a_file_is_a_model(void **state)
{
    (void)state;
    // "{}" and a byte too many, cut.
    assert_in_range(visit_all(visit_cuts), 0, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_has_its_status),
        cmocka_unit_test(weights_are_filled_or_as_they_were),
        cmocka_unit_test(no_part_of_a_file_is_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
