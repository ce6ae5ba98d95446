// SPDX-License-Identifier: MIT
// JSON (RFC 8259), strictly: UTF-8, no duplicate keys, no \u0000, bounded depth
// and count. A text is read into a flat array of values in the order of the
// text, so its memory is bounded by the text's own length.
#ifndef RNI_JSON_H
#define RNI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

typedef enum rni_json_kind {
    RNI_JSON_OBJECT,
    RNI_JSON_ARRAY,
    RNI_JSON_STRING,
    RNI_JSON_NUMBER,
    RNI_JSON_TRUE,
    RNI_JSON_FALSE,
    RNI_JSON_NULL
} rni_json_kind;

// A member of an object is two values: its key, a string, then its value.
typedef struct rni_json_value {
    uint32_t kind;
    uint32_t start, length; // bytes of the text; of a string without quotes
    uint32_t size;          // elements or members
    uint32_t next;          // the value after this one and all inside it
} rni_json_value;

typedef struct rni_json {
    const rni_memory *memory;
    const char *text; // not owned
    size_t length;
    const char *what;       // how messages name the text
    rni_json_value *values; // 0 is the root
    int32_t n_values, capacity;
} rni_json;

typedef struct rni_json_limits {
    int32_t depth;
    int32_t values;
} rni_json_limits;

// Text of at most 4 GiB - 1 bytes; it must live as long as `json`. On failure
// there is nothing to release.
rnnc_status rni_json_parse(rni_json *json, const rni_memory *memory,
                           const char *what, const char *text, size_t length,
                           rni_json_limits limits, rni_error *error);
void rni_json_fini(rni_json *json);

static inline rni_json_kind rni_json_kind_of(const rni_json *json,
                                             uint32_t value)
{
    return (rni_json_kind)json->values[value].kind;
}

// The value of a key of an object; 0, the root, where there is no such key.
uint32_t rni_json_find(const rni_json *json, uint32_t object, const char *key);

// A string without its escapes, `length` bytes of the text at most: writes it
// to `to` unless that is NULL, and returns its bytes. No closing 0.
size_t rni_json_decode(const rni_json *json, uint32_t string, char *to);
bool rni_json_equals(const rni_json *json, uint32_t string, const char *text);
// Order of the decoded bytes.
int32_t rni_json_compare(const rni_json *json, uint32_t a, uint32_t b);
// A decoded copy with a closing 0, or NULL.
char *rni_json_copy(const rni_json *json, uint32_t string, rni_arena *arena);

bool rni_json_integer(const rni_json *json, uint32_t value, int64_t *integer);
// False where it is no number, or beyond the floats.
bool rni_json_float(const rni_json *json, uint32_t value, float *number);

// ---- Writing --------------------------------------------------------------

// Bytes that grow; a text that failed stays failed.
typedef struct rni_text {
    const rni_memory *memory;
    char *bytes;
    size_t length, capacity;
    bool failed;    // memory ran out
    bool malformed; // a string was not UTF-8
} rni_text;

void rni_text_fini(rni_text *text);
void rni_text_add(rni_text *text, const char *bytes, size_t length);

// Commas are set where they belong.
void rni_json_begin(rni_text *text, char bracket); // '{' or '['
void rni_json_end(rni_text *text, char bracket);   // '}' or ']'
void rni_json_key(rni_text *text, const char *key);
void rni_json_add_string(rni_text *text, const char *string);
void rni_json_add_bytes(rni_text *text, const char *string, size_t length);
void rni_json_add_integer(rni_text *text, int64_t value);
void rni_json_add_float(rni_text *text, float value); // finite
void rni_json_add_bool(rni_text *text, bool value);

// Bytes of the UTF-8 character that `text` begins with; 0: it is none.
size_t rni_utf8_scan(const char *text, size_t length);

// ASCII that a string holds as itself.
static inline bool rni_json_is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' &&
           c != '\\';
}

// Plain bytes that `text` begins with.
size_t rni_json_plain(const char *text, size_t length);

#endif
