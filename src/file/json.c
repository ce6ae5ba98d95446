// SPDX-License-Identifier: MIT
// Reading JSON: one pass over the text, no recursion deeper than the limit.
#include "file/json.h"

#include <string.h>

#include "base/sort.h"
#include "file/number.h"

typedef struct reader {
    rni_json *json;
    rni_json_limits limits;
    rni_error *error;
    size_t at;
    int32_t depth;
} reader;

static bool fail(reader *r, const char *expected)
{
    rni_error_set(r->error, RNNC_E_FORMAT, "%s: byte %llu: %s", r->json->what,
                  (unsigned long long)r->at, expected);
    return false;
}

static char peek(const reader *r)
{
    return r->at < r->json->length ? r->json->text[r->at] : '\0';
}

static void skip_space(reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' ||
           peek(r) == '\r')
        r->at++;
}

// A fresh value that begins here.
static bool add_value(reader *r, rni_json_kind kind, uint32_t *value)
{
    rni_json *json = r->json;
    if (json->n_values >= r->limits.values) {
        rni_error_set(r->error, RNNC_E_LIMIT, "%s: more than %ld values",
                      json->what, (long)r->limits.values);
        return false;
    }
    void *values = json->values;
    bool room =
        rni_array_reserve(json->memory, &values, &json->capacity,
                          (int64_t)json->n_values + 1, sizeof *json->values);
    json->values = values;
    if (!room) {
        rni_error_memory(r->error);
        return false;
    }
    *value = (uint32_t)json->n_values++;
    json->values[*value] = (rni_json_value){(uint32_t)kind, (uint32_t)r->at, 0,
                                            0, (uint32_t)json->n_values};
    return true;
}

// ---- Strings ----------------------------------------------------------------

static int32_t hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

// The four digits at `text`, or -1.
static int32_t hex_word(const char *text, size_t length)
{
    int32_t word = 0;
    for (size_t i = 0; i < 4; i++) {
        int32_t digit = i < length ? hex_digit(text[i]) : -1;
        if (digit < 0)
            return -1;
        word = word * 16 + digit;
    }
    return word;
}

// The character of an escape \uXXXX, or of two that make a pair; `text` is
// after the backslash. Returns the bytes it takes; 0: it is none.
static size_t scan_unicode(const char *text, size_t length, uint32_t *point)
{
    int32_t high = hex_word(text + 1, length - 1);
    if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff))
        return 0;
    *point = (uint32_t)high;
    if (high < 0xd800 || high > 0xdbff)
        return 5;
    if (length < 11 || text[5] != '\\' || text[6] != 'u')
        return 0;
    int32_t low = hex_word(text + 7, length - 7);
    if (low < 0xdc00 || low > 0xdfff)
        return 0;
    *point =
        0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
    return 11;
}

static const char escapes[] = "\"\\/bfnrt", escaped[] = "\"\\/\b\f\n\r\t";

// One character of a string: its bytes in the text (0: malformed), and its
// point. Characters that are written as themselves give the point 0.
static size_t scan_character(const char *text, size_t length, uint32_t *point)
{
    *point = 0;
    if (text[0] != '\\')
        return (unsigned char)text[0] < 0x20 ? 0 : rni_utf8_scan(text, length);
    if (length < 2 || text[1] == '\0')
        return 0;
    if (text[1] == 'u') {
        size_t used = scan_unicode(text + 1, length - 1, point);
        return used > 0 ? used + 1 : 0;
    }
    const char *escape = strchr(escapes, text[1]);
    if (escape == NULL)
        return 0;
    *point = (uint32_t)escaped[escape - escapes];
    return 2;
}

static bool read_string(reader *r, uint32_t *value)
{
    const rni_json *json = r->json;
    r->at++;
    if (!add_value(r, RNI_JSON_STRING, value))
        return false;
    for (;;) {
        uint32_t point;
        r->at += rni_json_plain(json->text + r->at, json->length - r->at);
        if (peek(r) == '"')
            break;
        if (r->at >= json->length)
            return fail(r, "the text ends inside a string");
        size_t used =
            scan_character(json->text + r->at, json->length - r->at, &point);
        if (used == 0)
            return fail(r, "a string has a malformed character");
        r->at += used;
    }
    json->values[*value].length = (uint32_t)r->at - json->values[*value].start;
    r->at++;
    return true;
}

// Points of an escape as UTF-8; never a surrogate.
static size_t encode(uint32_t point, char to[4])
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    size_t bytes = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = bytes - 1; i > 0; i--, point >>= 6)
        to[i] = (char)(0x80 | (point & 0x3f));
    to[0] = (char)((0xf00u >> bytes & 0xf0u) | point);
    return bytes;
}

// The next decoded character at *at of a string that was read.
static size_t next_character(const rni_json *json, uint32_t string,
                             uint32_t *at, char to[4])
{
    const rni_json_value *value = &json->values[string];
    const char *text = json->text + value->start + *at;
    uint32_t point;
    size_t used = scan_character(text, value->length - *at, &point);
    *at += (uint32_t)used;
    if (point != 0)
        return encode(point, to);
    memcpy(to, text, used);
    return used;
}

size_t rni_json_decode(const rni_json *json, uint32_t string, char *to)
{
    const rni_json_value *value = &json->values[string];
    size_t length = 0;
    char bytes[4];
    for (uint32_t at = 0; at < value->length;) {
        const char *from = json->text + value->start + at;
        size_t used = rni_json_plain(from, value->length - at);
        at += (uint32_t)used;
        if (used == 0) {
            used = next_character(json, string, &at, bytes);
            from = bytes;
        }
        if (to != NULL)
            memcpy(to + length, from, used);
        length += used;
    }
    return length;
}

bool rni_json_equals(const rni_json *json, uint32_t string, const char *text)
{
    if (json->values[string].kind != RNI_JSON_STRING)
        return false;
    const rni_json_value *value = &json->values[string];
    const char *own = json->text + value->start;
    char bytes[4];
    for (uint32_t at = 0; at < value->length;) {
        if (own[at] != '\\') {
            if (own[at++] != *text++)
                return false;
            continue;
        }
        size_t used = next_character(json, string, &at, bytes);
        if (strncmp(text, bytes, used) != 0)
            return false;
        text += used;
    }
    return *text == '\0';
}

int32_t rni_json_compare(const rni_json *json, uint32_t a, uint32_t b)
{
    const char *text_a = json->text + json->values[a].start;
    const char *text_b = json->text + json->values[b].start;
    uint32_t at_a = 0, at_b = 0;
    uint32_t end_a = json->values[a].length, end_b = json->values[b].length;
    char bytes_a[4], bytes_b[4];
    while (at_a < end_a && at_b < end_b) {
        if (text_a[at_a] == text_b[at_b] && rni_json_is_plain(text_a[at_a])) {
            at_a++;
            at_b++;
            continue;
        }
        size_t used_a = next_character(json, a, &at_a, bytes_a);
        size_t used_b = next_character(json, b, &at_b, bytes_b);
        int order = memcmp(bytes_a, bytes_b, used_a < used_b ? used_a : used_b);
        if (order != 0)
            return order;
    }
    return (int32_t)(at_a < end_a) - (int32_t)(at_b < end_b);
}

char *rni_json_copy(const rni_json *json, uint32_t string, rni_arena *arena)
{
    char *copy =
        rni_arena_zeroed(arena, rni_json_decode(json, string, NULL) + 1, 1);
    if (copy != NULL)
        rni_json_decode(json, string, copy);
    return copy;
}

// ---- Numbers and words -----------------------------------------------------

static bool read_number(reader *r, uint32_t *value)
{
    const rni_json *json = r->json;
    size_t used = rni_number_scan(json->text + r->at, json->length - r->at);
    if (used == 0)
        return fail(r, "expected a value");
    if (!add_value(r, RNI_JSON_NUMBER, value))
        return false;
    json->values[*value].length = (uint32_t)used;
    r->at += used;
    return true;
}

static bool read_word(reader *r, const char *word, rni_json_kind kind,
                      uint32_t *value)
{
    size_t length = strlen(word);
    if (r->json->length - r->at < length ||
        memcmp(r->json->text + r->at, word, length) != 0)
        return fail(r, "expected a value");
    if (!add_value(r, kind, value))
        return false;
    r->at += length;
    return true;
}

bool rni_json_integer(const rni_json *json, uint32_t value, int64_t *integer)
{
    const rni_json_value *v = &json->values[value];
    return v->kind == RNI_JSON_NUMBER &&
           rni_number_parse_integer(json->text + v->start, v->length, integer);
}

bool rni_json_float(const rni_json *json, uint32_t value, float *number)
{
    static const double most = 3.4028235677973362e38; // rounds to a float
    const rni_json_value *v = &json->values[value];
    if (v->kind != RNI_JSON_NUMBER)
        return false;
    double wide = rni_number_parse(json->text + v->start, v->length);
    if (wide > most || wide < -most)
        return false;
    *number = (float)wide;
    return true;
}

// ---- Objects and arrays ----------------------------------------------------

static bool read_value(reader *r, uint32_t *value);

static int32_t compare_keys(const void *user, uint32_t a, uint32_t b)
{
    return rni_json_compare(user, a, b);
}

// Sorts the keys of an object; equal ones are then neighbours.
static bool check_keys(reader *r, uint32_t object)
{
    const rni_json *json = r->json;
    uint32_t size = json->values[object].size, key = object + 1;
    if (size < 2)
        return true;
    uint32_t *keys = rni_memory_zeroed(json->memory, size, sizeof *keys);
    if (keys == NULL) {
        rni_error_memory(r->error);
        return false;
    }
    for (uint32_t i = 0; i < size; i++, key = json->values[key + 1].next)
        keys[i] = key;
    rni_sort(keys, size, compare_keys, json);
    bool good = true;
    for (uint32_t i = 1; i < size && good; i++)
        if (rni_json_compare(json, keys[i - 1], keys[i]) == 0)
            good = fail(r, "an object has a key twice");
    rni_memory_release(json->memory, keys);
    return good;
}

static bool read_member(reader *r)
{
    uint32_t part;
    if (peek(r) != '"')
        return fail(r, "expected a key");
    if (!read_string(r, &part))
        return false;
    skip_space(r);
    if (peek(r) != ':')
        return fail(r, "expected ':'");
    r->at++;
    return read_value(r, &part);
}

// The members or elements after an opening bracket, and the closing one.
static bool read_parts(reader *r, uint32_t value, bool object)
{
    uint32_t part;
    char close = object ? '}' : ']';
    for (skip_space(r); peek(r) != close; skip_space(r)) {
        if (r->json->values[value].size > 0) {
            if (peek(r) != ',')
                return fail(r, "expected ',' or a closing bracket");
            r->at++;
            skip_space(r);
        }
        if (!(object ? read_member(r) : read_value(r, &part)))
            return false;
        r->json->values[value].size++;
    }
    r->at++;
    return true;
}

static bool read_collection(reader *r, bool object, uint32_t *value)
{
    if (!add_value(r, object ? RNI_JSON_OBJECT : RNI_JSON_ARRAY, value))
        return false;
    if (++r->depth > r->limits.depth) {
        rni_error_set(r->error, RNNC_E_LIMIT, "%s: deeper than %ld levels",
                      r->json->what, (long)r->limits.depth);
        return false;
    }
    r->at++;
    if (!read_parts(r, *value, object))
        return false;
    r->depth--;
    rni_json_value *whole = &r->json->values[*value];
    whole->length = (uint32_t)r->at - whole->start;
    whole->next = (uint32_t)r->json->n_values;
    return !object || check_keys(r, *value);
}

static bool read_value(reader *r, uint32_t *value)
{
    skip_space(r);
    switch (peek(r)) {
    case '{':
        return read_collection(r, true, value);
    case '[':
        return read_collection(r, false, value);
    case '"':
        return read_string(r, value);
    case 't':
        return read_word(r, "true", RNI_JSON_TRUE, value);
    case 'f':
        return read_word(r, "false", RNI_JSON_FALSE, value);
    case 'n':
        return read_word(r, "null", RNI_JSON_NULL, value);
    default:
        return read_number(r, value);
    }
}

rnnc_status rni_json_parse(rni_json *json, const rni_memory *memory,
                           const char *what, const char *text, size_t length,
                           rni_json_limits limits, rni_error *error)
{
    *json = (rni_json){memory, text, length, what, NULL, 0, 0};
    if (length >= UINT32_MAX)
        return rni_error_set(error, RNNC_E_LIMIT, "%s: more than 4 GiB", what);
    reader r = {json, limits, error, 0, 0};
    uint32_t root;
    bool good = read_value(&r, &root);
    skip_space(&r);
    if (good && r.at < length)
        good = fail(&r, "there is more after the end");
    if (good)
        return RNNC_OK;
    rni_json_fini(json);
    return error->status;
}

void rni_json_fini(rni_json *json)
{
    rni_memory_release(json->memory, json->values);
    json->values = NULL;
    json->n_values = json->capacity = 0;
}

uint32_t rni_json_find(const rni_json *json, uint32_t object, const char *key)
{
    if (json->values[object].kind != RNI_JSON_OBJECT)
        return 0;
    uint32_t at = object + 1;
    for (uint32_t i = 0; i < json->values[object].size; i++) {
        if (rni_json_equals(json, at, key))
            return at + 1;
        at = json->values[at + 1].next;
    }
    return 0;
}
