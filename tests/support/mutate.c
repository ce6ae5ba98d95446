// SPDX-License-Identifier: MIT
#include "support/mutate.h"

#include <string.h>

uint64_t mutate_number(mutator *m)
{
    uint64_t z = m->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

size_t mutate_below(mutator *m, size_t count)
{
    return (size_t)(mutate_number(m) % count);
}

size_t mutate_header(const unsigned char *bytes, size_t size)
{
    uint64_t length = 0;
    for (size_t i = 8; i > 0 && size >= 8; i--)
        length = length << 8 | bytes[i - 1];
    return size < 8 || length > size - 8 ? size : 8 + (size_t)length;
}

static size_t place(mutator *m, size_t size, size_t header)
{
    return header == size || mutate_below(m, 10) < 7
               ? mutate_below(m, header)
               : header + mutate_below(m, size - header);
}

// Replaces the digits of a number by others, as many.
static void change_digits(mutator *m, unsigned char *bytes, size_t size,
                          size_t at)
{
    static const char *const numbers[] = {
        "9999999999999999999", "0000000000000000000", "4294967296000000000",
        "2147483647000000000", "1844674407370955161", "-111111111111111111"};
    const char *number = numbers[mutate_below(m, 6)];
    while (at < size && (bytes[at] < '0' || bytes[at] > '9'))
        at++;
    for (; at < size && *number != '\0' && bytes[at] >= '0' && bytes[at] <= '9';
         at++)
        bytes[at] = (unsigned char)*number++;
}

static void change_word(mutator *m, unsigned char *bytes, size_t size,
                        size_t at)
{
    static const uint32_t words[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
    uint32_t word = words[mutate_below(m, 5)];
    for (size_t i = 0; i < 4 && at + i < size; i++)
        bytes[at + i] = (unsigned char)(word >> 8 * i);
}

// A piece of the file over another one.
static void change_piece(mutator *m, unsigned char *bytes, size_t size,
                         size_t at)
{
    size_t length = 1 + mutate_below(m, 40), from = mutate_below(m, size);
    if (from + length <= size && at + length <= size)
        memmove(bytes + at, bytes + from, length);
}

static void change_bit(mutator *m, unsigned char *bytes, size_t size, size_t at)
{
    (void)size;
    bytes[at] ^= (unsigned char)(1u << mutate_below(m, 8));
}

static void change_byte(mutator *m, unsigned char *bytes, size_t size,
                        size_t at)
{
    (void)size;
    bytes[at] = (unsigned char)mutate_number(m);
}

size_t mutate(mutator *m, unsigned char *bytes, size_t size, size_t header)
{
    static void (*const changes[])(mutator *, unsigned char *, size_t,
                                   size_t) = {
        change_bit, change_byte, change_digits, change_word, change_piece};
    for (size_t n = 1 + mutate_below(m, 3); size > 0 && n > 0; n--) {
        size_t at = place(m, size, header);
        changes[mutate_below(m, 5)](m, bytes, size, at);
    }
    return size > 0 && mutate_below(m, 10) == 0 ? mutate_below(m, size) : size;
}
