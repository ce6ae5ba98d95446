// SPDX-License-Identifier: MIT
// Philox against its published answers, uniform numbers by counting, normal
// numbers against the error function of the C library.
#include "base/random.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <math.h>
#include <cmocka.h>

typedef struct answer {
    uint32_t counter[4], key[2], words[4];
} answer;

// kat_vectors of Random123, philox4x32 10.
static const answer answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static void philox_gives_the_published_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        uint32_t words[4];
        uint64_t key = answers[i].key[0] | (uint64_t)answers[i].key[1] << 32;
        rni_random_block(key, answers[i].counter, words);
        assert_memory_equal(words, answers[i].words, sizeof words);
    }
}

static void a_stream_reads_its_blocks_in_order(void **state)
{
    (void)state;
    rni_random random;
    rni_random_init(&random, 5, "weight");
    assert_true(random.key == rni_random_key(5, "weight"));
    for (uint32_t block = 0; block < 10; block++) {
        uint32_t counter[4] = {block, 0, 0, 0}, words[4];
        rni_random_block(random.key, counter, words);
        for (int lane = 0; lane < 4; lane++)
            assert_int_equal(rni_random_word(&random), words[lane]);
    }
    assert_true(random.position == 40);
}

// All pairs of keys that should differ do, down to single bits of a seed.
static void keys_tell_streams_apart(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",  "a",        "b",         "ab",         "ba",
        "w", "weight_h", "weight_hh", "weight_hhl", "weight_hh_l0"};
    uint64_t keys[10 * 66];
    size_t count = 0;
    for (size_t i = 0; i < 10; i++) {
        keys[count++] = rni_random_key(0, names[i]);
        for (int bit = 0; bit < 64; bit++)
            keys[count++] = rni_random_key((uint64_t)1 << bit, names[i]);
        keys[count++] = rni_random_mix(rni_random_key(0, names[i]), 1);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(keys[i] != keys[j]);
    assert_true(rni_random_key(3, "w") == rni_random_key(3, "w"));
    assert_true(rni_random_mix(3, 4) != rni_random_mix(4, 3));
}

enum { DRAWS = 1 << 20, BINS = 64 };

// Chi-square over 64 bins has mean 63, deviation 11.2; a fixed seed, so this
// passes or fails for good.
static void uniform_numbers_fill_their_interval(void **state)
{
    (void)state;
    rni_random random;
    rni_random_init(&random, 1, "uniform");
    int bins[BINS] = {0};
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) {
        float u = rni_random_uniform(&random);
        assert_true(u >= 0 && u < 1);
        bins[(int)(u * BINS)]++;
        sum += u;
    }
    double chi = 0, expected = (double)DRAWS / BINS;
    for (int i = 0; i < BINS; i++)
        chi += (bins[i] - expected) * (bins[i] - expected) / expected;
    assert_true(chi > 25 && chi < 110);
    assert_true(fabs(sum / DRAWS - 0.5) < 4 * sqrt(1.0 / 12 / DRAWS));
}

static double normal_below(double x)
{
    return 0.5 * erfc(-x * 0.70710678118654752440);
}

// Each number must lie where its own words, read as a probability, say.
static void normal_numbers_invert_the_distribution(void **state)
{
    (void)state;
    rni_random random, words;
    rni_random_init(&random, 2, "normal");
    words = random;
    for (int i = 0; i < DRAWS; i++) {
        double x = rni_random_normal(&random);
        uint64_t high = rni_random_word(&words), low = rni_random_word(&words);
        double p = ldexp((double)(high << 20 | low >> 12) + 0.5, -52);
        double at = p < 0.5 ? normal_below(x) : normal_below(-x);
        double expected = p < 0.5 ? p : 1 - p;
        assert_true(fabs(at / expected - 1) < 1e-13);
    }
}

// Words whose top or bottom is chosen by hand: the ends of both tails.
static void normal_numbers_reach_their_tails(void **state)
{
    (void)state;
    for (int bit = 0; bit <= 52; bit++) {
        uint64_t bits = bit == 0 ? 0 : (((uint64_t)1 << bit) - 1);
        for (int side = 0; side < 2; side++) {
            uint64_t value = side ? 0xfffffffffffffu - bits : bits;
            rni_random random = {.position = 1};
            random.words[1] = (uint32_t)(value >> 20);
            random.words[2] = (uint32_t)(value << 12);
            double x = rni_random_normal(&random);
            double p = ldexp((double)value + 0.5, -52);
            double expected = p < 0.5 ? p : 1 - p;
            assert_true(fabs(normal_below(p < 0.5 ? x : -x) / expected - 1) <
                        1e-13);
        }
    }
}

static void normal_numbers_have_normal_moments(void **state)
{
    (void)state;
    rni_random random;
    rni_random_init(&random, 3, "normal");
    double moment[5] = {0};
    int below[3] = {0};
    for (int i = 0; i < DRAWS; i++) {
        double x = rni_random_normal(&random), power = 1;
        for (int k = 0; k < 5; k++, power *= x)
            moment[k] += power / DRAWS;
        for (int k = 0; k < 3; k++)
            below[k] += x < k - 1;
    }
    // Variances of the sample moments: 1, 2, 15, 96 over the draws.
    static const double expected[5] = {1, 0, 1, 0, 3};
    static const double variance[5] = {1e-6, 1, 2, 15, 96};
    for (int k = 0; k < 5; k++)
        assert_true(fabs(moment[k] - expected[k]) <
                    4 * sqrt(variance[k] / DRAWS));
    for (int k = 0; k < 3; k++) {
        double p = normal_below(k - 1);
        assert_true(fabs((double)below[k] / DRAWS - p) <
                    4 * sqrt(p * (1 - p) / DRAWS));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_answers),
        cmocka_unit_test(a_stream_reads_its_blocks_in_order),
        cmocka_unit_test(keys_tell_streams_apart),
        cmocka_unit_test(uniform_numbers_fill_their_interval),
        cmocka_unit_test(normal_numbers_invert_the_distribution),
        cmocka_unit_test(normal_numbers_reach_their_tails),
        cmocka_unit_test(normal_numbers_have_normal_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
