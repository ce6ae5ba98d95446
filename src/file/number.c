// SPDX-License-Identifier: MIT
// Numbers as JSON text: double arithmetic has 29 bits to spare over a float.
#include "file/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// ---- Reading ----------------------------------------------------------------

static size_t scan_digits(const char *text, size_t length, size_t at)
{
    while (at < length && text[at] >= '0' && text[at] <= '9')
        at++;
    return at;
}

// -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
size_t rni_number_scan(const char *text, size_t length)
{
    size_t at = length > 0 && text[0] == '-' ? 1 : 0;
    size_t end = scan_digits(text, length, at);
    if (end == at || (text[at] == '0' && end > at + 1))
        return 0;
    if (end < length && text[end] == '.') {
        at = end + 1;
        end = scan_digits(text, length, at);
        if (end == at)
            return 0;
    }
    if (end < length && (text[end] == 'e' || text[end] == 'E')) {
        at = end + 1;
        if (at < length && (text[at] == '+' || text[at] == '-'))
            at++;
        end = scan_digits(text, length, at);
        if (end == at)
            return 0;
    }
    return end;
}

enum {
    DIGITS_KEPT = 19,       // fit 64 bits
    EXPONENT_MOST = 100000, // beyond it nothing changes any more
    POWER_MOST = 22         // the largest power of ten a double holds exactly
};

static double power_of_ten(int64_t exponent)
{
    static const double powers[POWER_MOST + 1] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    return powers[exponent];
}

static double scale(double value, int64_t exponent)
{
    if (!(value > 0))
        return value;
    for (; exponent > POWER_MOST && value < 1e300; exponent -= POWER_MOST)
        value *= power_of_ten(POWER_MOST);
    for (; exponent < -POWER_MOST && value > 0; exponent += POWER_MOST)
        value /= power_of_ten(POWER_MOST);
    if (exponent > POWER_MOST)
        return value * 1e300;
    if (exponent < -POWER_MOST)
        return 0;
    return exponent >= 0 ? value * power_of_ten(exponent)
                         : value / power_of_ten(-exponent);
}

static int64_t parse_exponent(const char *text, size_t length)
{
    bool negative = text[0] == '-';
    int64_t exponent = 0;
    for (size_t i = 0; i < length && exponent < EXPONENT_MOST; i++)
        if (text[i] >= '0' && text[i] <= '9')
            exponent = exponent * 10 + (text[i] - '0');
    return negative ? -exponent : exponent;
}

double rni_number_parse(const char *text, size_t length)
{
    uint64_t mantissa = 0;
    int64_t exponent = 0, kept = 0;
    bool fraction = false, negative = text[0] == '-';
    for (size_t i = negative; i < length; i++) {
        if (text[i] == 'e' || text[i] == 'E') {
            exponent += parse_exponent(text + i + 1, length - i - 1);
            break;
        }
        if (text[i] == '.') {
            fraction = true;
        } else if (kept < DIGITS_KEPT) {
            mantissa = mantissa * 10 + (uint64_t)(text[i] - '0');
            kept += mantissa > 0;
            exponent -= fraction;
        } else {
            exponent += !fraction;
        }
    }
    double value = scale((double)mantissa, exponent);
    return negative ? -value : value;
}

bool rni_number_parse_integer(const char *text, size_t length, int64_t *value)
{
    bool negative = length > 0 && text[0] == '-';
    uint64_t most = (uint64_t)INT64_MAX + negative, sum = 0;
    for (size_t i = negative; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (sum > (most - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    if (length == (size_t)negative)
        return false;
    *value = !negative ? (int64_t)sum : sum == 0 ? 0 : -(int64_t)(sum - 1) - 1;
    return true;
}

// ---- Writing ----------------------------------------------------------------

void rni_number_print_integer(int64_t value, char text[RNI_NUMBER_TEXT])
{
    snprintf(text, RNI_NUMBER_TEXT, "%" PRId64, value);
}

// The exponent of the first digit of a positive value.
static int32_t leading_exponent(double value)
{
    int32_t exponent = 0;
    while (scale(value, -exponent) >= 10)
        exponent++;
    while (scale(value, -exponent) < 1)
        exponent--;
    return exponent;
}

// `digits` (count of them) and the exponent of the first one, laid out plainly
// where that is short.
static void lay_out(char *to, uint32_t digits, int32_t count, int32_t exponent)
{
    char all[12];
    snprintf(all, sizeof all, "%" PRIu32, digits);
    if (exponent < 0 && exponent >= -4) {
        memcpy(to, "0.0000", 6);
        memcpy(to + 1 - exponent, all, (size_t)count + 1);
    } else if (exponent >= 0 && exponent < 9) {
        int32_t whole = exponent + 1 < count ? exponent + 1 : count;
        memcpy(to, all, (size_t)whole);
        memset(to + whole, '0', (size_t)(exponent + 1 - whole));
        to += exponent + 1;
        if (count > whole)
            *to++ = '.';
        memcpy(to, all + whole, (size_t)(count - whole) + 1);
    } else {
        snprintf(to, RNI_NUMBER_TEXT - 1, "%c%s%se%" PRId32, all[0],
                 count > 1 ? "." : "", all + 1, exponent);
    }
}

static bool is_negative(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 != 0;
}

static bool reads_back(const char *text, float size)
{
    float back = (float)rni_number_parse(text, strlen(text));
    return back >= size && back <= size;
}

enum { FLOAT_DIGITS = 9 };

void rni_number_print(float value, char text[RNI_NUMBER_TEXT])
{
    double size = value;
    if (is_negative(value)) {
        *text++ = '-';
        size = -size;
    }
    if (!(size > 0)) {
        memcpy(text, "0", 2);
        return;
    }
    int32_t first = leading_exponent(size), count = 0;
    do {
        int32_t exponent = first;
        count++;
        uint32_t digits = (uint32_t)(scale(size, count - 1 - exponent) + 0.5);
        if (digits >= (uint32_t)power_of_ten(count)) {
            digits /= 10;
            exponent++;
        }
        lay_out(text, digits, count, exponent);
    } while (count < FLOAT_DIGITS && !reads_back(text, (float)size));
}
