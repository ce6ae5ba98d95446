// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "support/import_case.h"

// ---- Files -----------------------------------------------------------------

unsigned char import_file[IMPORT_FILE_MOST];

size_t import_make_file(const piece *pieces, size_t count)
{
    size_t length = 8, at = 0;
    char *text = (char *)import_file;
    for (size_t i = 0; i < count; i++) {
        length += (size_t)snprintf(
            text + length, IMPORT_FILE_MOST - length,
            "%s\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":"
            "[%zu,%zu]}",
            i == 0 ? "{" : ",", pieces[i].name, pieces[i].dtype,
            pieces[i].shape, at, at + pieces[i].bytes);
        at += pieces[i].bytes;
    }
    length += (size_t)snprintf(text + length, IMPORT_FILE_MOST - length,
                               count == 0 ? "{}" : "}");
    assert_true(length + at < IMPORT_FILE_MOST);
    for (size_t i = 0; i < 8; i++)
        import_file[i] = (unsigned char)((length - 8) >> 8 * i);
    for (size_t i = 0; i < count; i++) {
        memcpy(import_file + length, pieces[i].data, pieces[i].bytes);
        length += pieces[i].bytes;
    }
    return length;
}

piece import_floats(const char *name, const char *shape, const float *data,
                    size_t count)
{
    return (piece){name, "F32", shape, data, count * sizeof *data};
}

// ---- Weights ---------------------------------------------------------------

rnnc_weights *import_weights(void)
{
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_parameter(graph, "w", 6, 2, RNNC_INIT_NORMAL, 1);
    rnnc_parameter_vector(graph, "b", 6, RNNC_INIT_NORMAL, 1);
    rnnc_parameter(graph, "u", 2, 2, RNNC_INIT_NORMAL, 1);
    rnnc_weights *weights = rnnc_weights_create(graph, 7);
    rnnc_graph_destroy(graph);
    return weights;
}

const import_values import_truth = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
                                    {100, 101, 102, 103, 104, 105},
                                    {200, 201, 202, 203}};

const piece *import_whole(void) // w, b and u as they should be
{
    static piece pieces[3];
    pieces[0] = import_floats("w", "[6,2]", import_truth.w, 12);
    pieces[1] = import_floats("b", "[6]", import_truth.b, 6);
    pieces[2] = import_floats("u", "[2,2]", import_truth.u, 4);
    return pieces;
}

import_values import_values_of(const rnnc_weights *weights)
{
    import_values v;
    assert_int_equal(rnnc_weights_get(weights, "w", v.w, 12), RNNC_OK);
    assert_int_equal(rnnc_weights_get(weights, "b", v.b, 6), RNNC_OK);
    assert_int_equal(rnnc_weights_get(weights, "u", v.u, 4), RNNC_OK);
    return v;
}

void import_check_whole(const rnnc_weights *weights)
{
    import_values v = import_values_of(weights);
    assert_memory_equal(&v, &import_truth, sizeof v);
}

rnnc_status import_load(rnnc_import *import, rnnc_weights *weights,
                        const piece *pieces, size_t count)
{
    size_t size = import_make_file(pieces, count);
    // A copy of the exact size, so that a sanitizer sees a byte too many.
    unsigned char *copy = malloc(size);
    memcpy(copy, import_file, size);
    rnnc_status status = rnnc_import_load_memory(import, weights, copy, size);
    free(copy);
    return status;
}

void import_refuse(rnnc_import *import, const piece *pieces, size_t count,
                   rnnc_status status, const char *one, const char *other)
{
    rnnc_weights *weights = import_weights();
    import_values before = import_values_of(weights);
    uint64_t version = rnnc_weights_version(weights);
    rnnc_status got = import_load(import, weights, pieces, count);
    const char *text = rnnc_import_message(import);
    if (got != status || strstr(text, one) == NULL ||
        strstr(text, other) == NULL)
        fail_msg("status %d: %s", (int)got, text);
    assert_int_equal(rnnc_import_status(import), status);
    import_values after = import_values_of(weights);
    assert_memory_equal(&before, &after, sizeof before);
    assert_true(rnnc_weights_version(weights) == version);
    rnnc_weights_destroy(weights);
}

void import_refuse_plain(const piece *pieces, size_t count, rnnc_status status,
                         const char *one, const char *other)
{
    rnnc_import *import = rnnc_import_create(NULL);
    import_refuse(import, pieces, count, status, one, other);
    rnnc_import_destroy(import);
}
