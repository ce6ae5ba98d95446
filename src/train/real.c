// SPDX-License-Identifier: MIT
// Square root, power and cosine in plain double arithmetic.
#include "train/real.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const double two_to_53 = 9007199254740992.0;
static const double pi = 3.14159265358979323846;
static const double infinity = 1e308 * 10;
// log 2 in two parts: the first has so few bits that whole multiples of it
// are exact.
static const double log2_high = 6.93147180369123816490e-01;
static const double log2_low = 1.90821492927058770002e-10;

// Heron's rule from above: it falls until it is there.
double rni_real_root(double x)
{
    if (!(x > 0) || x > 0x1p1023)
        return x;
    double root = x > 1 ? x : 1, next = 0.5 * (root + x / root);
    while (next < root) {
        root = next;
        next = 0.5 * (root + x / root);
    }
    return root;
}

// 2^n of a normal number, |n| < 1023.
static double two_to(int64_t n)
{
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

// x = m 2^e with m in [1/2 sqrt 2, sqrt 2), and log m = 2 artanh s by its
// series in s = (m - 1) / (m + 1), |s| < 0.172.
static double logarithm(double x)
{
    int64_t e = 0;
    if (x < 0x1p-1000) {
        x *= 0x1p100;
        e = -100;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    e += (int64_t)(bits >> 52) - 1023;
    double m = x * two_to(-((int64_t)(bits >> 52) - 1023));
    if (m > 1.4142135623730951) {
        m *= 0.5;
        e++;
    }
    double s = (m - 1) / (m + 1), square = s * s, sum = 0;
    for (int term = 23; term >= 3; term -= 2)
        sum = sum * square + 1.0 / term;
    double rest = 2 * s + 2 * s * (square * sum);
    return (double)e * log2_high + ((double)e * log2_low + rest);
}

// x = n log 2 + r with |r| < 0.35, and exp r by its series.
static double exponential(double x)
{
    if (x > 709.7)
        return x > 709.78 ? infinity : exponential(x - 1) * 2.718281828459045;
    if (x < -745)
        return 0;
    double scaled = x * 1.4426950408889634;
    int64_t n = (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
    double r = (x - (double)n * log2_high) - (double)n * log2_low, sum = 1;
    for (int term = 14; term >= 1; term--)
        sum = 1 + sum * r / term;
    if (n < -1000)
        return sum * two_to(n + 100) * 0x1p-100;
    return sum * two_to(n);
}

static double whole_power(double x, double n)
{
    double result = 1;
    for (uint64_t left = (uint64_t)n; left > 0; left /= 2, x *= x)
        if (left % 2 != 0)
            result *= x;
    return result;
}

double rni_real_power(double x, double y)
{
    double size = y < 0 ? -y : y;
    bool whole = size < two_to_53 && (double)(int64_t)size >= size;
    if (whole)
        return y < 0 ? 1 / whole_power(x, size) : whole_power(x, size);
    if (!(x > 0) || x > 0x1p1023)
        return x < 0 ? infinity - infinity : y < 0 ? 1 / x : x;
    return exponential(y * logarithm(x));
}

// The cosine and sine of y by their series, |y| <= pi / 4.
static double cosine_near(double y)
{
    double square = y * y, sum = 1;
    for (int term = 18; term >= 2; term -= 2)
        sum = 1 - sum * square / (term * (term - 1));
    return sum;
}

static double sine_near(double y)
{
    double square = y * y, sum = 1;
    for (int term = 19; term >= 3; term -= 2)
        sum = 1 - sum * square / (term * (term - 1));
    return y * sum;
}

// The nearest whole number n is taken off exactly: (-1)^n cos(pi r).
double rni_real_cosine_pi(double x)
{
    double size = x < 0 ? -x : x;
    if (!(size < two_to_53))
        return size - size + 1; // even; NaN of NaN and infinity
    int64_t n = (int64_t)(size + 0.5);
    double r = size - (double)n;
    r = r < 0 ? -r : r;
    double value = r <= 0.25 ? cosine_near(pi * r) : sine_near(pi * (0.5 - r));
    return n % 2 != 0 ? -value : value;
}
