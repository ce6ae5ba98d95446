// SPDX-License-Identifier: MIT
// Everything that goes into a file of ours: the graph, its constants, the
// weights, and of a checkpoint the record of its training and a checksum.
#ifndef RNI_PARCEL_H
#define RNI_PARCEL_H

#include "file/safetensors.h"
#include "record/record.h"
#include "weights/weights.h"

#define RNI_GRAPH_KEY "librnnc.graph" // its JSON, in the metadata
#define RNI_TRAINING  "training."     // before the names of a record
#define RNI_SUM       "checksum."     // before the kind of the checksum

// The checksum is the last eight bytes of the file, over all before them.
enum { RNI_SUM_BYTES = 8 };

typedef struct rni_parcel {
    const rni_memory *memory;
    rni_text graph;
    rni_tensor_source *tensors;
    uint32_t n_tensors;
    rni_arena arena; // scales, and names of tensors
    rni_safetensors_writer writer;
    bool summed; // it has a checksum
    bool placed; // its file came to its place
} rni_parcel;

// `whole`: with the graph and its constants, else weights alone. `record` may
// be NULL. What is packed must stay as it is until it is written. Is to be
// unpacked in any case.
rnnc_status rni_parcel_pack(rni_parcel *parcel, const rnnc_weights *weights,
                            bool whole, const rnnc_record *record,
                            rni_error *error);
void rni_parcel_unpack(rni_parcel *parcel);

// Replaces the file of that path in one step. It may fail with the file in its
// place, where the folder cannot be synced: `placed` tells.
rnnc_status rni_parcel_save(rni_parcel *parcel, const char *path,
                            rni_error *error);

// The values of all parameters and their storage, for weights that nobody has
// yet.
rnnc_status rni_parcel_weights(const rni_safetensors *file,
                               rnnc_weights *weights, rni_error *error);

// New entries of a record, from all tensors that hold some.
rnnc_status rni_parcel_record(const rni_safetensors *file, rnnc_record *record,
                              rni_error *error);

// Whether a file ends with its checksum.
bool rni_parcel_is_whole(const unsigned char *bytes, size_t size);

#endif
