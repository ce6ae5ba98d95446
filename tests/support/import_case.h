// SPDX-License-Identifier: MIT
// Small safetensors files, and weights of three parameters to import them into:
// w [6, 2], b [6], u [2, 2].
#ifndef RNNC_TEST_IMPORT_CASE_H
#define RNNC_TEST_IMPORT_CASE_H

#include <stddef.h>

#include "rnnc/rnnc.h"

typedef struct piece { // a tensor of a file to be made
    const char *name, *dtype, *shape;
    const void *data;
    size_t bytes;
} piece;

enum { IMPORT_FILE_MOST = 4096 };
extern unsigned char import_file[IMPORT_FILE_MOST];

// Writes the pieces one after another into import_file; returns its bytes.
size_t import_make_file(const piece *pieces, size_t count);
piece import_floats(const char *name, const char *shape, const float *data,
                    size_t count);

typedef struct import_values {
    float w[12], b[6], u[4];
} import_values;

// What files hold: 0 to 11, 100 to 105, 200 to 203.
extern const import_values import_truth;
const piece *import_whole(void); // w, b and u as they should be

rnnc_weights *import_weights(void); // random ones
import_values import_values_of(const rnnc_weights *weights);
void import_check_whole(const rnnc_weights *weights);

// Loads the file of some pieces.
rnnc_status import_load(rnnc_import *import, rnnc_weights *weights,
                        const piece *pieces, size_t count);

// A load that fails changes neither values nor version, and its message has
// both words.
void import_refuse(rnnc_import *import, const piece *pieces, size_t count,
                   rnnc_status status, const char *one, const char *other);
// The same without a map.
void import_refuse_plain(const piece *pieces, size_t count, rnnc_status status,
                         const char *one, const char *other);

#endif
