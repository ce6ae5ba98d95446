// SPDX-License-Identifier: MIT
// A load through a map of names: what goes where, and whether it fits.
#ifndef RNI_IMPORT_LOAD_H
#define RNI_IMPORT_LOAD_H

#include "file/import.h"
#include "file/safetensors.h"
#include "weights/weights.h"

// A piece of a tensor that becomes a piece of a parameter.
typedef struct rni_import_job {
    const rni_tensor *tensor;
    const rni_import_entry *entry;
    const rni_parameter *parameter;
    uint64_t from;                // the first element of theirs
    int64_t to_first, rows, cols; // of the piece of ours
} rni_import_job;

typedef struct rni_import_loader {
    rnnc_import *import;
    rni_error *error;
    const rnnc_weights *weights;
    rni_safetensors file;
    bool ours;     // librnnc wrote the file
    bool *used;    // tensors that an entry names
    bool *claimed; // parameters that an entry names
    bool *filled;  // parameters that have a job
    rni_import_job *jobs;
    int32_t n_jobs;
} rni_import_loader;

// Checks every piece, finds its place in tensor and parameter, and judges what
// the lists hold. False: the loader's error says why.
bool rni_import_check(rni_import_loader *l);

#endif
