// SPDX-License-Identifier: MIT
// Reading safetensors: the file is hostile until every check has passed.
#include "file/safetensors.h"

#include <stdio.h>
#include <string.h>

#include "base/sort.h"

typedef struct parser {
    rni_safetensors *file;
    const unsigned char *buffer; // after the header
    uint64_t buffer_size;
    uint32_t name_limit;
    rni_error *error;
} parser;

static rnnc_status bad_tensor(const parser *p, const rni_tensor *tensor,
                              const char *why)
{
    return rni_error_set(p->error, RNNC_E_FORMAT, "tensor \"%s\": %s",
                         tensor->name, why);
}

// A value that is an integer of 0 or more.
static bool read_size(const rni_json *json, uint32_t value, uint64_t *size)
{
    int64_t integer;
    if (!rni_json_integer(json, value, &integer) || integer < 0)
        return false;
    *size = (uint64_t)integer;
    return true;
}

static bool multiply(uint64_t a, uint64_t b, uint64_t *result)
{
    if (b != 0 && a > UINT64_MAX / b)
        return false;
    *result = a * b;
    return true;
}

static rnnc_status read_dtype(const parser *p, uint32_t object,
                              rni_tensor *tensor)
{
    const rni_json *json = &p->file->header;
    uint32_t value = rni_json_find(json, object, "dtype");
    if (value == 0 || rni_json_kind_of(json, value) != RNI_JSON_STRING)
        return bad_tensor(p, tensor, "it has no \"dtype\"");
    for (int32_t i = 0; i < RNI_DTYPES; i++)
        if (rni_json_equals(json, value, rni_dtype_name(i))) {
            tensor->dtype = i;
            return RNNC_OK;
        }
    return bad_tensor(p, tensor, "its \"dtype\" is unknown");
}

static rnnc_status read_shape(const parser *p, uint32_t object,
                              rni_tensor *tensor)
{
    const rni_json *json = &p->file->header;
    uint32_t value = rni_json_find(json, object, "shape");
    if (value == 0 || rni_json_kind_of(json, value) != RNI_JSON_ARRAY)
        return bad_tensor(p, tensor, "it has no \"shape\"");
    if (json->values[value].size > RNI_TENSOR_RANK)
        return rni_error_set(p->error, RNNC_E_LIMIT,
                             "tensor \"%s\": more than %d dimensions",
                             tensor->name, RNI_TENSOR_RANK);
    tensor->rank = (int32_t)json->values[value].size;
    tensor->count = 1;
    for (int32_t i = 0; i < tensor->rank; i++) {
        uint64_t size;
        if (!read_size(json, value + 1 + (uint32_t)i, &size))
            return bad_tensor(p, tensor, "a dimension is not a size");
        tensor->shape[i] = size;
        if (!multiply(tensor->count, size, &tensor->count))
            return bad_tensor(p, tensor, "its size overflows");
    }
    return RNNC_OK;
}

// The bytes a tensor takes by its offsets must be those of its shape.
static rnnc_status read_offsets(const parser *p, uint32_t object,
                                rni_tensor *tensor)
{
    const rni_json *json = &p->file->header;
    uint32_t value = rni_json_find(json, object, "data_offsets");
    uint64_t first, last, bits;
    if (value == 0 || rni_json_kind_of(json, value) != RNI_JSON_ARRAY ||
        json->values[value].size != 2 || !read_size(json, value + 1, &first) ||
        !read_size(json, value + 2, &last))
        return bad_tensor(p, tensor, "it has no pair of \"data_offsets\"");
    if (first > last || last > p->buffer_size)
        return bad_tensor(p, tensor, "its data is not inside the file");
    if (!multiply(tensor->count, rni_dtype_bits(tensor->dtype), &bits))
        return bad_tensor(p, tensor, "its size overflows");
    if (bits % 8 != 0 || last - first != bits / 8)
        return bad_tensor(p, tensor, "its shape and its data differ in size");
    tensor->data = p->buffer + first;
    tensor->bytes = last - first;
    return RNNC_OK;
}

static rnnc_status read_name(const parser *p, uint32_t key, rni_tensor *tensor)
{
    const rni_json *json = &p->file->header;
    size_t length = rni_json_decode(json, key, NULL);
    if (length > p->name_limit)
        return rni_error_set(p->error, RNNC_E_LIMIT,
                             "a tensor's name has %llu bytes, the limit is %lu",
                             (unsigned long long)length,
                             (unsigned long)p->name_limit);
    tensor->name = rni_json_copy(json, key, &p->file->arena);
    return tensor->name != NULL ? RNNC_OK : rni_error_memory(p->error);
}

static rnnc_status read_tensor(const parser *p, uint32_t key,
                               rni_tensor *tensor)
{
    const rni_json *json = &p->file->header;
    if (read_name(p, key, tensor) != RNNC_OK)
        return p->error->status;
    if (rni_json_kind_of(json, key + 1) != RNI_JSON_OBJECT ||
        json->values[key + 1].size != 3)
        return bad_tensor(p, tensor,
                          "expected \"dtype\", \"shape\", \"data_offsets\"");
    rnnc_status status = read_dtype(p, key + 1, tensor);
    if (status == RNNC_OK)
        status = read_shape(p, key + 1, tensor);
    if (status == RNNC_OK)
        status = read_offsets(p, key + 1, tensor);
    return status;
}

static rnnc_status check_metadata(const parser *p, uint32_t value)
{
    const rni_json *json = &p->file->header;
    bool good = rni_json_kind_of(json, value) == RNI_JSON_OBJECT;
    for (uint32_t i = 0; good && i < json->values[value].size; i++)
        good = rni_json_kind_of(json, value + 2 + 2 * i) == RNI_JSON_STRING;
    return good ? RNNC_OK
                : rni_error_set(p->error, RNNC_E_FORMAT,
                                "\"__metadata__\" holds more than strings");
}

static rnnc_status read_members(parser *p)
{
    rni_safetensors *file = p->file;
    const rni_json *json = &file->header;
    uint32_t key = 1;
    file->tensors = rni_memory_zeroed(json->memory, json->values[0].size,
                                      sizeof *file->tensors);
    if (file->tensors == NULL)
        return rni_error_memory(p->error);
    for (uint32_t i = 0; i < json->values[0].size; i++) {
        rnnc_status status =
            rni_json_equals(json, key, "__metadata__")
                ? check_metadata(p, key + 1)
                : read_tensor(p, key, &file->tensors[file->n_tensors++]);
        if (status != RNNC_OK)
            return status;
        key = json->values[key + 1].next;
    }
    return RNNC_OK;
}

// ---- Holes and names --------------------------------------------------------

static int32_t by_offset(const void *user, uint32_t a, uint32_t b)
{
    const rni_tensor *x = (const rni_tensor *)user + a;
    const rni_tensor *y = (const rni_tensor *)user + b;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    return (int32_t)(x->bytes > y->bytes) - (int32_t)(x->bytes < y->bytes);
}

static int32_t by_name(const void *user, uint32_t a, uint32_t b)
{
    const rni_tensor *tensors = user;
    return strcmp(tensors[a].name, tensors[b].name);
}

static rnnc_status check_tiling(const parser *p, const uint32_t *order)
{
    const rni_tensor *tensors = p->file->tensors;
    const unsigned char *next = p->buffer;
    for (uint32_t i = 0; i < p->file->n_tensors; i++) {
        const rni_tensor *tensor = &tensors[order[i]];
        if (tensor->data != next)
            return bad_tensor(p, tensor,
                              tensor->data < next
                                  ? "its data overlaps another's"
                                  : "there is a hole before it");
        next += tensor->bytes;
    }
    if (next != p->buffer + p->buffer_size)
        return rni_error_set(
            p->error, RNNC_E_FORMAT,
            "there are %llu bytes after the last tensor",
            (unsigned long long)(p->buffer_size -
                                 (uint64_t)(next - p->buffer)));
    return RNNC_OK;
}

// Puts the tensors in the order of their names.
static rnnc_status finish(parser *p)
{
    rni_safetensors *file = p->file;
    const rni_memory *memory = file->header.memory;
    uint32_t count = file->n_tensors;
    uint32_t *order = rni_memory_zeroed(memory, count, sizeof *order);
    rni_tensor *sorted = rni_memory_zeroed(memory, count, sizeof *sorted);
    rnnc_status status = RNNC_OK;
    if (order == NULL || sorted == NULL) {
        status = rni_error_memory(p->error);
    } else {
        for (uint32_t i = 0; i < count; i++)
            order[i] = i;
        rni_sort(order, count, by_offset, file->tensors);
        status = check_tiling(p, order);
        rni_sort(order, count, by_name, file->tensors);
        for (uint32_t i = 0; i < count; i++)
            sorted[i] = file->tensors[order[i]];
        rni_tensor *swap = file->tensors;
        file->tensors = sorted;
        sorted = swap;
    }
    rni_memory_release(memory, sorted);
    rni_memory_release(memory, order);
    return status;
}

// ---- Tensors by name ------------------------------------------------------

// The order of a name behind a prefix and another one.
static int compare(const char *prefix, const char *name, const char *other)
{
    size_t length = strlen(prefix);
    int order = strncmp(prefix, other, length);
    return order != 0 ? order : strcmp(name, other + length);
}

static rni_tensor *find(const rni_safetensors *file, const char *prefix,
                        const char *name)
{
    uint32_t low = 0, high = file->n_tensors;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(prefix, name, file->tensors[middle].name);
        if (order == 0)
            return &file->tensors[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const rni_tensor *rni_safetensors_find(const rni_safetensors *file,
                                       const char *name)
{
    return find(file, "", name);
}

// ---- Values ----------------------------------------------------------------

static bool has_type(const rni_tensor *tensor, const char *name)
{
    return strcmp(rni_dtype_name(tensor->dtype), name) == 0;
}

int32_t rni_tensor_storage(const rni_tensor *tensor)
{
    if (has_type(tensor, "F32"))
        return RNNC_STORE_FLOAT32;
    if (has_type(tensor, "BF16"))
        return RNNC_STORE_BF16;
    return tensor->scales != NULL ? RNNC_STORE_INT8 : -1;
}

bool rni_tensor_is_readable(const rni_tensor *tensor)
{
    return tensor->scales != NULL || rni_dtype_read(tensor->dtype) != NULL;
}

// A byte of the row times its scale is a finite float.
static bool are_scales(const rni_tensor *tensor, uint64_t rows)
{
    if (!has_type(tensor, "F32") || tensor->rank != 2 ||
        tensor->shape[0] != rows || tensor->shape[1] != 1)
        return false;
    for (uint64_t r = 0; r < rows; r++) {
        float scale = rni_tensor_value(tensor, r);
        if (!(scale >= 0 && scale < 0x1p120f))
            return false;
    }
    return true;
}

static void link_scales(const rni_safetensors *file)
{
    for (uint32_t i = 0; i < file->n_tensors; i++) {
        rni_tensor *tensor = &file->tensors[i];
        const rni_tensor *scales = has_type(tensor, "I8")
                                       ? find(file, RNI_SCALES, tensor->name)
                                       : NULL;
        uint64_t rows = tensor->rank == 2 ? tensor->shape[0] : 1;
        if (scales != NULL && tensor->rank <= 2 && are_scales(scales, rows))
            tensor->scales = scales;
    }
}

float rni_tensor_value(const rni_tensor *tensor, uint64_t index)
{
    const unsigned char *at =
        tensor->data + index * rni_dtype_bits(tensor->dtype) / 8;
    if (tensor->scales == NULL)
        return rni_dtype_read(tensor->dtype)(at);
    uint64_t row = tensor->rank == 2 ? index / tensor->shape[1] : 0;
    int32_t byte = *at < 128 ? *at : *at - 256;
    return (float)byte * rni_tensor_value(tensor->scales, row);
}

void rni_tensor_floats(const rni_tensor *tensor, float *values)
{
    if (tensor->scales == NULL) {
        rni_dtype_floats(tensor->dtype, tensor->data, tensor->count, values);
        return;
    }
    for (uint64_t i = 0; i < tensor->count; i++)
        values[i] = rni_tensor_value(tensor, i);
}

// ---- The file --------------------------------------------------------------

static rnnc_status read_length(const unsigned char *bytes, size_t size,
                               uint64_t *length, rni_error *error)
{
    if (size < 8)
        return rni_error_set(error, RNNC_E_FORMAT,
                             "%llu bytes are too few for a safetensors file",
                             (unsigned long long)size);
    *length = 0;
    for (int i = 7; i >= 0; i--)
        *length = *length << 8 | bytes[i];
    if (*length > RNI_HEADER_MOST)
        return rni_error_set(error, RNNC_E_FORMAT,
                             "a header of %llu bytes, at most %d are allowed: "
                             "not a safetensors file?",
                             (unsigned long long)*length, RNI_HEADER_MOST);
    if (*length > size - 8)
        return rni_error_set(error, RNNC_E_FORMAT,
                             "a header of %llu bytes in a file of %llu: "
                             "the file is cut short",
                             (unsigned long long)*length,
                             (unsigned long long)size);
    if (*length == 0 || bytes[8] != '{')
        return rni_error_set(error, RNNC_E_FORMAT,
                             "the header does not begin with '{': not a "
                             "safetensors file");
    return RNNC_OK;
}

rnnc_status rni_safetensors_parse(rni_safetensors *file,
                                  const rni_memory *memory, const void *bytes,
                                  size_t size, rni_file_limits limits,
                                  rni_error *error)
{
    *file = (rni_safetensors){0};
    uint64_t length = 0;
    const unsigned char *start = bytes;
    if (read_length(start, size, &length, error) != RNNC_OK ||
        rni_json_parse(&file->header, memory, "header", (const char *)start + 8,
                       (size_t)length, limits.json, error) != RNNC_OK)
        return error->status;
    rni_arena_init(&file->arena, memory);
    parser p = {file, start + 8 + length, size - 8 - length, limits.name,
                error};
    rnnc_status status = read_members(&p);
    if (status == RNNC_OK)
        status = finish(&p);
    if (status == RNNC_OK)
        link_scales(file);
    else
        rni_safetensors_fini(file);
    return status;
}

void rni_safetensors_fini(rni_safetensors *file)
{
    rni_memory_release(file->header.memory, file->tensors);
    rni_arena_fini(&file->arena);
    rni_json_fini(&file->header);
    *file = (rni_safetensors){0};
}

void rni_tensor_shape_print(const uint64_t *shape, int32_t rank,
                            char text[RNI_TENSOR_SHAPE_TEXT])
{
    int length = snprintf(text, RNI_TENSOR_SHAPE_TEXT, "[");
    for (int32_t i = 0; i < rank; i++)
        length +=
            snprintf(text + length, (size_t)(RNI_TENSOR_SHAPE_TEXT - length),
                     i > 0 ? ", %llu" : "%llu", (unsigned long long)shape[i]);
    snprintf(text + length, (size_t)(RNI_TENSOR_SHAPE_TEXT - length), "]");
}

const rni_tensor *rni_safetensors_expect(const rni_safetensors *file,
                                         const char *name, int32_t rank,
                                         int64_t rows, int64_t cols,
                                         rni_error *error)
{
    const uint64_t both[2] = {(uint64_t)rows, (uint64_t)cols};
    const uint64_t *shape = rank == 1 ? both + 1 : both;
    const rni_tensor *tensor = rni_safetensors_find(file, name);
    if (tensor == NULL) {
        rni_error_set(error, RNNC_E_NAME, "there is no tensor \"%s\"", name);
        return NULL;
    }
    if (tensor->rank == rank &&
        memcmp(tensor->shape, shape, (size_t)rank * sizeof *shape) == 0 &&
        rni_tensor_storage(tensor) >= 0)
        return tensor;
    char have[RNI_TENSOR_SHAPE_TEXT], want[RNI_TENSOR_SHAPE_TEXT];
    rni_tensor_shape_print(tensor->shape, tensor->rank, have);
    rni_tensor_shape_print(shape, rank, want);
    rni_error_set(error, RNNC_E_SHAPE,
                  "tensor \"%s\" is %s %s, expected F32 %s", name,
                  rni_dtype_name(tensor->dtype), have, want);
    return NULL;
}

uint32_t rni_safetensors_metadata(const rni_safetensors *file, const char *key)
{
    uint32_t metadata = rni_json_find(&file->header, 0, "__metadata__");
    return metadata == 0 ? 0 : rni_json_find(&file->header, metadata, key);
}
