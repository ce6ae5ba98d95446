// SPDX-License-Identifier: MIT
// Philox 4x32-10, keys, and normal numbers by the inverse of their
// distribution (Wichura 1988, AS 241), in double and without libm.
#include "base/random.h"

#include <stddef.h>
#include <string.h>

void rni_random_block(uint64_t key, const uint32_t counter[4],
                      uint32_t words[4])
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < 10; round++) {
        uint64_t p = (uint64_t)0xD2511F53u * c0, q = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(q >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)q;
        c3 = (uint32_t)p;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

// The last counter word keeps keys apart from the numbers of a stream.
uint64_t rni_random_mix(uint64_t key, uint64_t number)
{
    const uint32_t counter[4] = {(uint32_t)number, (uint32_t)(number >> 32), 0,
                                 0x6b657973u};
    uint32_t words[4];
    rni_random_block(key, counter, words);
    return words[0] | (uint64_t)words[1] << 32;
}

// The name goes in eight bytes at a time, low byte first on every machine;
// its length goes in before, so that trailing zeros count.
uint64_t rni_random_key(uint64_t seed, const char *stream)
{
    size_t length = strlen(stream);
    uint64_t key = rni_random_mix(seed, length);
    for (size_t at = 0; at < length; at += 8) {
        uint64_t piece = 0;
        for (size_t i = at; i < length && i < at + 8; i++)
            piece |= (uint64_t)(unsigned char)stream[i] << 8 * (i - at);
        key = rni_random_mix(key, piece);
    }
    return key;
}

void rni_random_init(rni_random *random, uint64_t seed, const char *stream)
{
    *random = (rni_random){.key = rni_random_key(seed, stream)};
}

uint32_t rni_random_word(rni_random *random)
{
    uint64_t block = random->position / 4, lane = random->position % 4;
    if (lane == 0) {
        const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32),
                                     0, 0};
        rni_random_block(random->key, counter, random->words);
    }
    random->position++;
    return random->words[lane];
}

float rni_random_uniform(rni_random *random)
{
    return (float)(rni_random_word(random) >> 8) * 0x1p-24f;
}

// log x of a normal positive x, by 2 artanh((m - 1) / (m + 1)) with x = m 2^e
// and m near 1.
static double logarithm(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | (uint64_t)1023 << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        exponent++;
    }
    double s = (m - 1) / (m + 1), square = s * s, sum = 0;
    for (int term = 23; term >= 1; term -= 2)
        sum = sum * square + 1.0 / term;
    return 2 * s * sum + exponent * 0.6931471805599453;
}

// Heron's rule; six steps from 3.5 settle every x in 2..40.
static double square_root(double x)
{
    double root = 3.5;
    for (int step = 0; step < 6; step++)
        root = 0.5 * (root + x / root);
    return root;
}

typedef struct rational {
    double above[8], below[8]; // coefficients from x^0 up
} rational;

static const rational centre = {
    {3.3871328727963666080e0, 1.3314166789178437745e+2,
     1.9715909503065514427e+3, 1.3731693765509461125e+4,
     4.5921953931549871457e+4, 6.7265770927008700853e+4,
     3.3430575583588128105e+4, 2.5090809287301226727e+3},
    {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2,
     5.3941960214247511077e+3, 2.1213794301586595867e+4,
     3.9307895800092710610e+4, 2.8729085735721942674e+4,
     5.2264952788528545610e+3}};

static const rational flank = {
    {1.42343711074968357734e0, 4.63033784615654529590e0,
     5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0,
     6.89767334985100004550e-1, 1.48103976427480074590e-1,
     1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9}};

static const rational tail = {
    {6.65790464350110377720e0, 5.46378491116411436990e0,
     1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
     1.48753612908506148525e-2, 7.86869131145613259100e-4,
     1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15}};

static double rational_at(const rational *r, double x)
{
    double above = 0, below = 0;
    for (int i = 7; i >= 0; i--) {
        above = above * x + r->above[i];
        below = below * x + r->below[i];
    }
    return above / below;
}

// The x below which a normal number falls with probability p in (0, 1).
static double normal_quantile(double p)
{
    double q = p - 0.5;
    if (q >= -0.425 && q <= 0.425)
        return q * rational_at(&centre, 0.180625 - q * q);
    double r = square_root(-logarithm(q < 0 ? p : 1 - p));
    double x =
        r <= 5 ? rational_at(&flank, r - 1.6) : rational_at(&tail, r - 5);
    return q < 0 ? -x : x;
}

// 52 bits in the middle of their interval: never 0 or 1, and exact.
double rni_random_normal(rni_random *random)
{
    uint64_t high = rni_random_word(random), low = rni_random_word(random);
    uint64_t bits = high << 20 | low >> 12;
    return normal_quantile(((double)bits + 0.5) * 0x1p-52);
}
