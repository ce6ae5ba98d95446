// SPDX-License-Identifier: MIT
// JSON and its numbers: what is refused, what is read, and what is written
// reads back.
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/sort.h"
#include "file/json.h"
#include "file/number.h"

static rni_memory memory;

static rnnc_status parse_sized(rni_json *json, const char *text, size_t length)
{
    rni_error error = {0};
    rni_json_limits limits = {4, 40};
    rnnc_status status =
        rni_json_parse(json, &memory, "test", text, length, limits, &error);
    assert_int_equal(status, error.status);
    return status;
}

static rnnc_status parse(rni_json *json, const char *text)
{
    return parse_sized(json, text, strlen(text));
}

static void expect(const char *text, rnnc_status status)
{
    rni_json json;
    rnnc_status got = parse(&json, text);
    if (got == RNNC_OK)
        rni_json_fini(&json);
    if (got != status)
        fail_msg("%s: status %d, expected %d", text, (int)got, (int)status);
}

static void test_accepts(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}",
        "[]",
        " [ ] ",
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1.5e+10",
        "\"\"",
        "\"\\u00e9\\ud83d\\ude00\\n\"",
        "\"\\u00E9\\uD83D\\uDE00\"",
        "\"\xc3\xa9\xf0\x9f\x98\x80\"",
        // The first and the last characters of three and of four bytes, and
        // those on both sides of the surrogates.
        "\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"",
        "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
        "{\"a\":[1,2,{\"b\":null}],\"c\":\"d\"}",
        "\t\r\n1 ",
        "[[[[]]]]",
        "{\"a\":1,\"A\":2}",
        "\"\x7f\"",
        "1E2",
        "0.5",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect(good[i], RNNC_OK);
}

static void test_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "[",
        "\"",
        "{]",
        "[}",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{1:1}",
        "[1 2]",
        "{\"a\" 1}",
        "tru",
        "nul",
        "True",
        "NaN",
        "Infinity",
        "-",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "1,",
        "[] []",
        "'a'",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u12G4\"",
        "\"\\u12/4\"",
        "\"\\u12:4\"",
        "\"\\u12@4\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800x\"",
        "\"\\ud800xudc0012345\"",
        "\"\\ud800\\ndc0012345\"",
        "\"\n\"",
        "\"\t\"",
        "\"\x80\"",
        "\"\xc0\x80\"",
        "\"\xe0\x80\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xf0\x8f\xbf\xbf\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\xc3\"",
        "\"\xe2\x82\"",
        "\"\xe2\x82",
        "\"\xc3",
        "\xef\xbb\xbf{}",
        "// a\n1",
        "\"\\",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"b\":0,\"a\":1,\"c\":3,\"a\":2}",
        "[1,,2]",
        "[,1]",
        "\"\\u",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(bad[i], RNNC_E_FORMAT);
    rni_json json;
    assert_int_equal(parse_sized(&json, "\"a\0b\"", 5), RNNC_E_FORMAT);
    assert_int_equal(parse_sized(&json, "1\0", 2), RNNC_E_FORMAT);
}

static void test_limits(void **state)
{
    (void)state;
    expect("[[[[1]]]]", RNNC_OK);
    expect("[[[[[1]]]]]", RNNC_E_LIMIT);
    expect("{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}", RNNC_E_LIMIT);
    char text[256] = "[";
    for (int i = 0; i < 38; i++)
        strcat(text, "1,");
    strcat(text, "1]");
    expect(text, RNNC_OK); // 40 values
    text[strlen(text) - 1] = '\0';
    strcat(text, ",1]");
    expect(text, RNNC_E_LIMIT);
    strcpy(strrchr(text, ','), ",null]");
    expect(text, RNNC_E_LIMIT);
    char deep[4001];
    memset(deep, '[', 4000);
    deep[4000] = '\0';
    expect(deep, RNNC_E_LIMIT);
}

// Places in a text have 32 bits. Nothing of a longer one is read.
static void test_length_is_limited(void **state)
{
    (void)state;
    rni_json json;
    rni_error error = {0};
    rni_json_limits limits = {4, 40};
    assert_int_equal(rni_json_parse(&json, &memory, "test", NULL, UINT32_MAX,
                                    limits, &error),
                     RNNC_E_LIMIT);
    assert_string_equal(error.text, "test: more than 4 GiB");
}

static void test_find(void **state)
{
    (void)state;
    rni_json json;
    const char *text = "{\"one\":1,\"l\\u0069st\":[10,[20,21],30],\"\":\"x\"}";
    assert_int_equal(parse(&json, text), RNNC_OK);
    int64_t integer;
    assert_true(
        rni_json_integer(&json, rni_json_find(&json, 0, "one"), &integer));
    assert_int_equal(integer, 1);
    uint32_t list = rni_json_find(&json, 0, "list");
    assert_int_equal(json.values[list].size, 3);
    uint32_t third = json.values[json.values[list + 1].next].next;
    assert_true(rni_json_integer(&json, third, &integer));
    assert_int_equal(integer, 30);
    assert_true(rni_json_equals(&json, rni_json_find(&json, 0, ""), "x"));
    assert_int_equal(rni_json_find(&json, 0, "on"), 0);
    assert_int_equal(rni_json_find(&json, 0, "ones"), 0);
    assert_int_equal(rni_json_find(&json, list, "one"), 0);
    rni_json_fini(&json);
}

static void test_strings(void **state)
{
    (void)state;
    rni_json json;
    const char *text = "[\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u20ac\\ud834\\udd1e\","
                       "\"b\",\"ab\",\"\"]";
    const char *plain = "a\"\\/\b\f\n\r\t\xe2\x82\xac\xf0\x9d\x84\x9e";
    assert_int_equal(parse(&json, text), RNNC_OK);
    rni_arena arena;
    rni_arena_init(&arena, &memory);
    assert_string_equal(rni_json_copy(&json, 1, &arena), plain);
    assert_true(rni_json_equals(&json, 1, plain));
    assert_false(rni_json_equals(&json, 1, "a\""));
    assert_true(rni_json_compare(&json, 1, 2) < 0);
    assert_true(rni_json_compare(&json, 2, 3) > 0);
    assert_true(rni_json_compare(&json, 4, 3) < 0);
    assert_true(rni_json_compare(&json, 3, 3) == 0);
    rni_arena_fini(&arena);
    rni_json_fini(&json);
    // Digits of both cases; characters as themselves.
    assert_int_equal(parse(&json, "[\"\\u20AC\\uD834\\uDD1E\","
                                  "\"\\u20ac\\ud834\\udd1e\","
                                  "\"\xe2\x82\xac\xf0\x9d\x84\x9e\"]"),
                     RNNC_OK);
    for (uint32_t i = 1; i <= 3; i++) {
        assert_true(rni_json_equals(&json, i, strchr(plain, '\xe2')));
        assert_false(rni_json_equals(&json, i, "\xe2\x82\xac"));
        assert_true(rni_json_compare(&json, i, 1) == 0);
    }
    rni_json_fini(&json);
}

// An escape in the middle is the character that it stands for.
static void test_escaped_alike(void **state)
{
    (void)state;
    rni_json json;
    assert_int_equal(
        parse(&json, "[\"ab\\u0063d\",\"abcd\",\"abd\",\"abc\\u0064e\"]"),
        RNNC_OK);
    assert_true(rni_json_equals(&json, 1, "abcd"));
    assert_false(rni_json_equals(&json, 1, "abc"));
    assert_false(rni_json_equals(&json, 2, "abcde"));
    assert_true(rni_json_compare(&json, 1, 2) == 0);
    assert_true(rni_json_compare(&json, 1, 3) < 0);
    assert_true(rni_json_compare(&json, 4, 2) > 0);
    rni_json_fini(&json);
    assert_int_equal(parse(&json, "{\"ab\":1,\"a\\u0062\":2}"), RNNC_E_FORMAT);
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999", false, 0},
        {"1.0", false, 0},
        {"1e2", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 0;
        assert_int_equal(rni_number_parse_integer(
                             cases[i].text, strlen(cases[i].text), &value),
                         cases[i].good);
        assert_true(!cases[i].good || value == cases[i].value);
    }
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// Our reader, and the C library's as an independent one.
static void check_float(uint32_t bits)
{
    float value = from_bits(bits);
    char text[RNI_NUMBER_TEXT];
    rni_number_print(value, text);
    assert_true(strlen(text) < RNI_NUMBER_TEXT);
    if (rni_number_scan(text, strlen(text)) != strlen(text))
        fail_msg("%.9g was written as %s", (double)value, text);
    float back = (float)rni_number_parse(text, strlen(text));
    float other = strtof(text, NULL);
    if (memcmp(&back, &value, sizeof value) != 0 ||
        memcmp(&other, &value, sizeof value) != 0)
        fail_msg("%.9g was written as %s, read as %.9g and %.9g", (double)value,
                 text, (double)back, (double)other);
}

static void test_floats_read_back(void **state)
{
    (void)state;
    for (uint32_t exponent = 0; exponent < 255; exponent++)
        for (uint32_t i = 0; i < 300; i++) {
            uint32_t mantissa = i < 8    ? i
                                : i < 16 ? 0x7fffff - (i - 8)
                                         : (i * 2654435761u >> 9 & 0x7fffff);
            check_float(exponent << 23 | mantissa);
            check_float(1u << 31 | exponent << 23 | mantissa);
        }
}

static void test_floats_are_short(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *text;
    } cases[] = {
        {0.0f, "0"},
        {-0.0f, "-0"},
        {1.0f, "1"},
        {0.1f, "0.1"},
        {-1.5f, "-1.5"},
        {100.0f, "100"},
        {123456.0f, "123456"},
        {1e10f, "1e10"},
        {0.0001f, "0.0001"},
        {1e-5f, "1e-5"},
        {2e-3f, "0.002"},
        {0.999f, "0.999"},
        {3.4028235e38f, "3.4028235e38"},
        {1.4e-45f, "1e-45"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[RNI_NUMBER_TEXT];
        rni_number_print(cases[i].value, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_extremes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"1e400", (double)INFINITY},
        {"-1e999999999999", (double)-INFINITY},
        {"1e-400", 0},
        {"0e999999999999", 0},
        {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"0.000000000000000000000000000001", 1e-30},
        {"100000000000000000000000000000000000000000e-41", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double got = rni_number_parse(cases[i].text, strlen(cases[i].text));
        assert_true(got == cases[i].value ||
                    fabs(got - cases[i].value) <= 1e-15 * cases[i].value);
    }
    rni_json json;
    float number;
    assert_int_equal(parse(&json, "[3.5e38,1e39,-3.4e38,-1e39]"), RNNC_OK);
    assert_false(rni_json_float(&json, 1, &number));
    assert_false(rni_json_float(&json, 2, &number));
    assert_true(rni_json_float(&json, 3, &number) && number == -3.4e38f);
    assert_false(rni_json_float(&json, 4, &number));
    rni_json_fini(&json);
}

static void test_writer(void **state)
{
    (void)state;
    rni_text text = {.memory = &memory};
    rni_json_begin(&text, '{');
    rni_json_key(&text, "a\"\\\n\x01");
    rni_json_begin(&text, '[');
    rni_json_add_integer(&text, INT64_MIN);
    rni_json_add_float(&text, -0.25f);
    rni_json_add_bool(&text, true);
    rni_json_end(&text, ']');
    rni_json_key(&text, "b");
    rni_json_add_string(&text, "{\"\xc3\xa9,");
    rni_json_key(&text, "c");
    rni_json_begin(&text, '{');
    rni_json_end(&text, '}');
    rni_json_end(&text, '}');
    const char *expected = "{\"a\\\"\\\\\\u000a\\u0001\":"
                           "[-9223372036854775808,-0.25,true],"
                           "\"b\":\"{\\\"\xc3\xa9,\",\"c\":{}}";
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.bytes, expected, text.length);
    rni_json json;
    assert_int_equal(parse_sized(&json, text.bytes, text.length), RNNC_OK);
    assert_true(rni_json_equals(&json, 1, "a\"\\\n\x01"));
    rni_json_fini(&json);
    assert_false(text.failed || text.malformed);
    rni_json_add_string(&text, "\xff");
    assert_true(text.malformed);
    rni_text_fini(&text);
}

// Each length of a text is one that memory can have, or the text has failed
// and is as long as before.
static void test_text_too_long(void **state)
{
    (void)state;
    rni_text text = {.memory = &memory};
    rni_text_add(&text, "ab", 2);
    rni_text_add(&text, "c", SIZE_MAX - 1);
    assert_true(text.failed);
    rni_text_add(&text, "c", 1);
    assert_int_equal(text.length, 2);
    assert_memory_equal(text.bytes, "ab", 2);
    rni_text_fini(&text);
    size_t half = SIZE_MAX / 2 + 1;
    text = (rni_text){.memory = &memory, .length = half, .capacity = half};
    rni_text_add(&text, "c", 1);
    assert_true(text.failed);
    assert_true(text.length == half && text.bytes == NULL);
}

// The first character alone counts, and it must be whole.
static void test_characters(void **state)
{
    (void)state;
    const char *text = "\xf4\x8f\xbf\xbf";
    assert_int_equal(rni_utf8_scan(text, 0), 0);
    for (size_t length = 1; length < 4; length++)
        assert_int_equal(rni_utf8_scan(text, length), 0);
    assert_int_equal(rni_utf8_scan(text, 4), 4);
    assert_int_equal(rni_utf8_scan("\xed\x9f\xbf.", 4), 3);
    assert_int_equal(rni_utf8_scan("\xc2\x80..", 4), 2);
    assert_int_equal(rni_utf8_scan("a\xff", 2), 1);
}

// The locale's comma must not get into a file.
static void test_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"};
    const char *set = NULL;
    for (size_t i = 0; set == NULL && i < 3; i++)
        set = setlocale(LC_NUMERIC, names[i]);
    char text[RNI_NUMBER_TEXT];
    rni_number_print(1.5f, text);
    double back = rni_number_parse("1.5", 3);
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(text, "1.5");
    assert_true(back == 1.5);
    if (set == NULL)
        skip();
}

static int32_t by_value(const void *user, uint32_t a, uint32_t b)
{
    const int *values = user;
    return values[a] - values[b];
}

static void test_sort(void **state)
{
    (void)state;
    for (uint32_t count = 0; count < 70; count++) {
        int values[70] = {0};
        uint32_t items[70];
        for (uint32_t i = 0; i < count; i++) {
            values[i] = (int)(i * 2654435761u >> 26);
            items[i] = i;
        }
        rni_sort(items, count, by_value, values);
        uint64_t seen = 0;
        for (uint32_t i = 0; i < count; i++) {
            seen += items[i];
            assert_true(i == 0 || values[items[i - 1]] <= values[items[i]]);
        }
        assert_int_equal(seen, count == 0 ? 0 : count * (count - 1) / 2);
    }
}

int main(void)
{
    memory = rni_memory_default();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_length_is_limited),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_escaped_alike),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_floats_read_back),
        cmocka_unit_test(test_floats_are_short),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_text_too_long),
        cmocka_unit_test(test_characters),
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_sort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
