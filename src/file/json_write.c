// SPDX-License-Identifier: MIT
// Writing JSON into a text that grows.
#include "file/json.h"

#include <string.h>

#include "file/number.h"

void rni_text_fini(rni_text *text)
{
    rni_memory_release(text->memory, text->bytes);
    text->bytes = NULL;
    text->length = text->capacity = 0;
}

static bool reserve(rni_text *text, size_t more)
{
    size_t needed, twice;
    if (text->failed || !rni_size_add(text->length, more, &needed))
        return false;
    if (needed <= text->capacity)
        return true;
    if (!rni_size_multiply(text->capacity, 2, &twice) || twice < needed)
        twice = needed;
    char *bytes = rni_memory_allocate(text->memory, twice);
    if (bytes == NULL)
        return false;
    if (text->length > 0)
        memcpy(bytes, text->bytes, text->length);
    rni_memory_release(text->memory, text->bytes);
    text->bytes = bytes;
    text->capacity = twice;
    return true;
}

void rni_text_add(rni_text *text, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    if (!reserve(text, length)) {
        text->failed = true;
        return;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

// A comma, unless this is the first part or the value of a key.
static void separate(rni_text *text)
{
    if (text->length == 0)
        return;
    char last = text->bytes[text->length - 1];
    if (last != '{' && last != '[' && last != ':')
        rni_text_add(text, ",", 1);
}

void rni_json_begin(rni_text *text, char bracket)
{
    separate(text);
    rni_text_add(text, &bracket, 1);
}

void rni_json_end(rni_text *text, char bracket)
{
    rni_text_add(text, &bracket, 1);
}

void rni_json_key(rni_text *text, const char *key)
{
    rni_json_add_string(text, key);
    rni_text_add(text, ":", 1);
}

size_t rni_utf8_scan(const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (length == 0)
        return 0;
    if (bytes[0] < 0x80)
        return 1;
    size_t size = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || length < size)
        return 0;
    for (size_t i = 1; i < size; i++)
        if (bytes[i] < 0x80 || bytes[i] > 0xbf)
            return 0;
    // Overlong forms, surrogates, and what is beyond the last character.
    if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) ||
        (bytes[0] == 0xed && bytes[1] > 0x9f) ||
        (bytes[0] == 0xf0 && bytes[1] < 0x90) ||
        (bytes[0] == 0xf4 && bytes[1] > 0x8f))
        return 0;
    return size;
}

size_t rni_json_plain(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length && rni_json_is_plain(text[at]))
        at++;
    return at;
}

static void add_escaped(rni_text *text, char c)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;
    char escape[6] = {
        '\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    if (c == '"' || c == '\\') {
        escape[1] = c;
        rni_text_add(text, escape, 2);
    } else {
        rni_text_add(text, escape, 6);
    }
}

// A character that is not plain: returns its bytes.
static size_t add_character(rni_text *text, const char *string, size_t length)
{
    size_t used = rni_utf8_scan(string, length);
    if (used == 1)
        add_escaped(text, *string);
    else
        rni_text_add(text, string, used);
    text->malformed |= used == 0;
    return used > 0 ? used : 1;
}

void rni_json_add_bytes(rni_text *text, const char *string, size_t length)
{
    separate(text);
    rni_text_add(text, "\"", 1);
    for (size_t at = 0, used; at < length; at += used) {
        used = rni_json_plain(string + at, length - at);
        if (used == 0)
            used = add_character(text, string + at, length - at);
        else
            rni_text_add(text, string + at, used);
    }
    rni_text_add(text, "\"", 1);
}

void rni_json_add_string(rni_text *text, const char *string)
{
    rni_json_add_bytes(text, string, strlen(string));
}

static void add_plain(rni_text *text, const char *word)
{
    separate(text);
    rni_text_add(text, word, strlen(word));
}

void rni_json_add_integer(rni_text *text, int64_t value)
{
    char number[RNI_NUMBER_TEXT];
    rni_number_print_integer(value, number);
    add_plain(text, number);
}

void rni_json_add_float(rni_text *text, float value)
{
    char number[RNI_NUMBER_TEXT];
    rni_number_print(value, number);
    add_plain(text, number);
}

void rni_json_add_bool(rni_text *text, bool value)
{
    add_plain(text, value ? "true" : "false");
}
