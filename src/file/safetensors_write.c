// SPDX-License-Identifier: MIT
// Writing safetensors: tensors by falling size of their numbers, so that each
// is aligned, and then by rising name.
#include "file/safetensors.h"

#include <string.h>

#include "base/sort.h"

// ---- How numbers are written -----------------------------------------------

static uint64_t code_float32(const rni_tensor_source *tensor, uint64_t index)
{
    uint32_t bits;
    memcpy(&bits, &tensor->data[index], sizeof bits);
    return bits;
}

static uint64_t code_bf16(const rni_tensor_source *tensor, uint64_t index)
{
    return code_float32(tensor, index) >> 16;
}

static uint64_t code_int8(const rni_tensor_source *tensor, uint64_t index)
{
    float scale = tensor->scales[index / (uint64_t)tensor->cols];
    return (uint64_t)(int64_t)(tensor->data[index] / scale);
}

static uint64_t code_number(const rni_tensor_source *tensor, uint64_t index)
{
    uint64_t bits;
    memcpy(&bits, &tensor->numbers[index], sizeof bits);
    return bits;
}

// Who writes the file knows what it is once the rest is written.
static uint64_t code_sum(const rni_tensor_source *tensor, uint64_t index)
{
    (void)tensor;
    (void)index;
    return 0;
}

static const struct {
    const char *dtype;
    uint32_t bytes; // of a number
    int32_t place;  // in the file
    uint64_t (*code)(const rni_tensor_source *tensor, uint64_t index);
} storages[] = {
    [RNNC_STORE_FLOAT32] = {"F32", 4, 1, code_float32},
    [RNNC_STORE_BF16] = {"BF16", 2, 2, code_bf16},
    [RNNC_STORE_INT8] = {"I8", 1, 3, code_int8},
    [RNI_STORE_NUMBERS] = {"F64", 8, 0, code_number},
    [RNI_STORE_SUM] = {"U8", 1, 4, code_sum},
};

static int32_t by_place(const void *user, uint32_t a, uint32_t b)
{
    const rni_tensor_source *x = (const rni_tensor_source *)user + a;
    const rni_tensor_source *y = (const rni_tensor_source *)user + b;
    if (x->storage != y->storage)
        return storages[x->storage].place - storages[y->storage].place;
    return strcmp(x->name, y->name);
}

static uint64_t count_of(const rni_tensor_source *tensor)
{
    return (uint64_t)tensor->rows * (uint64_t)tensor->cols;
}

static uint64_t bytes_of(const rni_tensor_source *tensor)
{
    return count_of(tensor) * storages[tensor->storage].bytes;
}

// ---- The header ------------------------------------------------------------

static void add_tensor(rni_text *text, const rni_tensor_source *tensor,
                       uint64_t first)
{
    rni_json_key(text, tensor->name);
    rni_json_begin(text, '{');
    rni_json_key(text, "dtype");
    rni_json_add_string(text, storages[tensor->storage].dtype);
    rni_json_key(text, "shape");
    rni_json_begin(text, '[');
    if (tensor->rank > 1)
        rni_json_add_integer(text, tensor->rows);
    rni_json_add_integer(text, tensor->cols);
    rni_json_end(text, ']');
    rni_json_key(text, "data_offsets");
    rni_json_begin(text, '[');
    rni_json_add_integer(text, (int64_t)first);
    rni_json_add_integer(text, (int64_t)(first + bytes_of(tensor)));
    rni_json_end(text, ']');
    rni_json_end(text, '}');
}

static void add_metadata(rni_text *text, const rni_metadata *metadata,
                         uint32_t count)
{
    rni_json_key(text, "__metadata__");
    rni_json_begin(text, '{');
    for (uint32_t i = 0; i < count; i++) {
        rni_json_key(text, metadata[i].key);
        rni_json_add_bytes(text, metadata[i].value, metadata[i].length);
    }
    rni_json_end(text, '}');
}

// The header behind eight bytes for its length, padded to eight bytes.
// Returns the bytes of all tensors.
static uint64_t build_header(rni_safetensors_writer *writer,
                             const rni_metadata *metadata, uint32_t n_metadata)
{
    rni_text *text = &writer->header;
    uint64_t total = 0;
    rni_text_add(text, "        ", 7);
    rni_text_add(text, "[", 1); // so that no comma comes before '{'
    rni_json_begin(text, '{');
    if (n_metadata > 0)
        add_metadata(text, metadata, n_metadata);
    for (uint32_t i = 0; i < writer->n_tensors; i++) {
        const rni_tensor_source *tensor = &writer->tensors[writer->order[i]];
        add_tensor(text, tensor, total);
        total += bytes_of(tensor);
    }
    rni_json_end(text, '}');
    while (!text->failed && text->length % 8 != 0)
        rni_text_add(text, " ", 1);
    uint64_t length = text->failed ? 0 : text->length - 8;
    for (uint32_t i = 0; !text->failed && i < 8; i++, length >>= 8)
        text->bytes[i] = (char)(length & 0xff);
    return total;
}

rnnc_status rni_safetensors_prepare(rni_safetensors_writer *writer,
                                    const rni_memory *memory,
                                    const rni_tensor_source *tensors,
                                    uint32_t n_tensors,
                                    const rni_metadata *metadata,
                                    uint32_t n_metadata, rni_error *error)
{
    *writer = (rni_safetensors_writer){{0}, tensors, NULL, n_tensors, 0};
    writer->header.memory = memory;
    writer->order = rni_memory_zeroed(memory, n_tensors, sizeof(uint32_t));
    if (writer->order == NULL)
        return rni_error_memory(error);
    for (uint32_t i = 0; i < n_tensors; i++)
        writer->order[i] = i;
    rni_sort(writer->order, n_tensors, by_place, tensors);
    uint64_t total = build_header(writer, metadata, n_metadata);
    if (writer->header.failed)
        rni_error_memory(error);
    else if (writer->header.malformed)
        rni_error_set(error, RNNC_E_NAME,
                      "a name is not UTF-8, as a model file must be");
    else if (writer->header.length - 8 > RNI_HEADER_MOST)
        rni_error_set(error, RNNC_E_LIMIT,
                      "a header of %llu bytes, at most %d are allowed",
                      (unsigned long long)writer->header.length - 8,
                      RNI_HEADER_MOST);
    else // fits a size, as all of it is in memory
        writer->size = writer->header.length + (size_t)total;
    if (error->status != RNNC_OK)
        rni_safetensors_writer_fini(writer);
    return error->status;
}

// ---- The data --------------------------------------------------------------

enum { BLOCK = 2048 }; // numbers turned into bytes at a time

static bool write_tensor(const rni_tensor_source *tensor, rni_sink sink,
                         void *user)
{
    unsigned char bytes[8 * BLOCK];
    uint64_t count = count_of(tensor);
    uint32_t size = storages[tensor->storage].bytes;
    for (uint64_t first = 0; first < count; first += BLOCK) {
        uint64_t block = count - first < BLOCK ? count - first : BLOCK;
        for (uint64_t i = 0; i < block; i++) {
            uint64_t code = storages[tensor->storage].code(tensor, first + i);
            for (uint32_t b = 0; b < size; b++)
                bytes[size * i + b] = (unsigned char)(code >> 8 * b & 0xff);
        }
        if (!sink(user, bytes, (size_t)(size * block)))
            return false;
    }
    return true;
}

bool rni_safetensors_write(const rni_safetensors_writer *writer, rni_sink sink,
                           void *user)
{
    if (!sink(user, writer->header.bytes, writer->header.length))
        return false;
    for (uint32_t i = 0; i < writer->n_tensors; i++) {
        const rni_tensor_source *tensor = &writer->tensors[writer->order[i]];
        if (!write_tensor(tensor, sink, user))
            return false;
    }
    return true;
}

void rni_safetensors_writer_fini(rni_safetensors_writer *writer)
{
    if (writer->header.memory == NULL)
        return;
    rni_memory_release(writer->header.memory, writer->order);
    rni_text_fini(&writer->header);
    writer->order = NULL;
}
