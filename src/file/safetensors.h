// SPDX-License-Identifier: MIT
// The safetensors format: a length, a JSON header, and the tensors' bytes,
// which tile the rest of the file without holes.
#ifndef RNI_SAFETENSORS_H
#define RNI_SAFETENSORS_H

#include "file/dtype.h"
#include "file/limits.h"
#include "rnnc/weights.h"

enum {
    RNI_HEADER_MOST = 100000000, // bytes, by the format
    RNI_TENSOR_RANK = 8
};

typedef struct rni_tensor {
    const char *name;
    int32_t dtype; // rni_dtype_*
    int32_t rank;
    uint64_t shape[RNI_TENSOR_RANK];
    uint64_t count;            // elements
    const unsigned char *data; // inside the file, at any alignment
    uint64_t bytes;
    const struct rni_tensor *scales; // of I8: a factor for each row, or NULL
} rni_tensor;

typedef struct rni_safetensors {
    rni_json header;
    rni_arena arena; // names
    uint32_t n_tensors;
    rni_tensor *tensors; // by rising name
} rni_safetensors;

// Checks everything the format says before any tensor is looked at. The bytes
// must live as long as `file`. On failure there is nothing to release.
rnnc_status rni_safetensors_parse(rni_safetensors *file,
                                  const rni_memory *memory, const void *bytes,
                                  size_t size, rni_file_limits limits,
                                  rni_error *error);
void rni_safetensors_fini(rni_safetensors *file);

const rni_tensor *rni_safetensors_find(const rni_safetensors *file,
                                       const char *name);
// The tensor of a name if it can be a parameter (see rni_tensor_storage) and
// has this shape ([cols] for rank 1, [rows, cols] for rank 2), or NULL and an
// error that says what it is.
const rni_tensor *rni_safetensors_expect(const rni_safetensors *file,
                                         const char *name, int32_t rank,
                                         int64_t rows, int64_t cols,
                                         rni_error *error);
// A string of "__metadata__" (a value of `header`), or 0.
uint32_t rni_safetensors_metadata(const rni_safetensors *file, const char *key);
// "[2, 3]".
enum { RNI_TENSOR_SHAPE_TEXT = 8 + 24 * RNI_TENSOR_RANK };
void rni_tensor_shape_print(const uint64_t *shape, int32_t rank,
                            char text[RNI_TENSOR_SHAPE_TEXT]);

// The rnnc_storage of a tensor of F32, BF16, or I8 with scales; else -1.
int32_t rni_tensor_storage(const rni_tensor *tensor);

// Whether elements can be read as floats: what rni_dtype_read knows, and I8
// with scales, whose elements are theirs times the scale of their row.
bool rni_tensor_is_readable(const rni_tensor *tensor);

// An element, and all of them, of a tensor that is readable.
float rni_tensor_value(const rni_tensor *tensor, uint64_t index);
void rni_tensor_floats(const rni_tensor *tensor, float *values);

// ---- Writing ----------------------------------------------------------------

// Storages beside those of weights.
enum {
    RNI_STORE_NUMBERS = RNNC_STORE_INT8 + 1, // F64
    RNI_STORE_SUM // U8: what is to be filled in at the end of the file
};

typedef struct rni_tensor_source { // row-major
    const char *name;
    int32_t rank; // 1: [cols], 2: [rows, cols]
    int64_t rows, cols;
    const float *data;   // rounded to the storage
    int32_t storage;     // rnnc_storage, or one of the two above
    const float *scales; // [rows] of int8, which go into a tensor of their own
    const double *numbers; // of RNI_STORE_NUMBERS, in place of data
} rni_tensor_source;

// What comes before the name of a tensor in that of its scales, [rows, 1].
#define RNI_SCALES "scale."

typedef struct rni_metadata {
    const char *key;
    const char *value;
    size_t length;
} rni_metadata;

// Takes the next bytes of the file; false: it could not.
typedef bool (*rni_sink)(void *user, const void *bytes, size_t size);

typedef struct rni_safetensors_writer {
    rni_text header; // with its length before it, padded
    const rni_tensor_source *tensors;
    uint32_t *order; // of the tensors in the file
    uint32_t n_tensors;
    size_t size; // of the whole file
} rni_safetensors_writer;

// Lays the file out. Names are known to be distinct; on failure there is
// nothing to release.
rnnc_status rni_safetensors_prepare(rni_safetensors_writer *writer,
                                    const rni_memory *memory,
                                    const rni_tensor_source *tensors,
                                    uint32_t n_tensors,
                                    const rni_metadata *metadata,
                                    uint32_t n_metadata, rni_error *error);
// False where the sink could not take it.
bool rni_safetensors_write(const rni_safetensors_writer *writer, rni_sink sink,
                           void *user);
void rni_safetensors_writer_fini(rni_safetensors_writer *writer);

#endif
