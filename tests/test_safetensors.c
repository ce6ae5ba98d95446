// SPDX-License-Identifier: MIT
// The safetensors format: the tests of its own library by their names, the
// attacks that are known, and what the writer makes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "file/safetensors.h"

static rni_memory memory;
static char message[RNI_ERROR_TEXT]; // of the last parse

enum { VALUES = 100000, DEPTH = 8, NAME = 64 };

// A file in memory: a header with its length before it, then `size` bytes.
static unsigned char *make_file(const char *header, size_t data, size_t *size)
{
    size_t length = strlen(header);
    *size = 8 + length + data;
    unsigned char *bytes = calloc(*size, 1);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(bytes + 8, header, length);
    for (size_t i = 0; i < data; i++)
        bytes[8 + length + i] = (unsigned char)i;
    return bytes;
}

static rnnc_status parse(rni_safetensors *file, const void *bytes, size_t size)
{
    rni_error error = {0};
    rni_file_limits limits = {{DEPTH, VALUES}, NAME};
    rnnc_status status =
        rni_safetensors_parse(file, &memory, bytes, size, limits, &error);
    assert_int_equal(status, error.status);
    memcpy(message, error.text, sizeof message);
    return status;
}

static void expect(const char *header, size_t data, rnnc_status status)
{
    rni_safetensors file;
    size_t size;
    unsigned char *bytes = make_file(header, data, &size);
    rnnc_status got = parse(&file, bytes, size);
    if (got == RNNC_OK)
        rni_safetensors_fini(&file);
    free(bytes);
    if (got != status)
        fail_msg("%s: status %d (%s), expected %d", header, (int)got, message,
                 (int)status);
}

static void test_empty(void **state)
{
    (void)state;
    expect("{}", 0, RNNC_OK);
    expect("{\"__metadata__\":{}}", 0, RNNC_OK);
    expect("{\"__metadata__\":{\"a\":\"b\"}}", 0, RNNC_OK);
    expect("{}", 1, RNNC_E_FORMAT);
}

static void test_deserialization(void **state)
{
    (void)state;
    rni_safetensors file;
    size_t size;
    unsigned char *bytes = make_file(
        "{\"b\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[4,20]},"
        "\"__metadata__\":{\"k\":\"v\"},"
        "\"a\":{\"shape\":[4],\"data_offsets\":[0,4],\"dtype\":\"U8\"}}",
        20, &size);
    assert_int_equal(parse(&file, bytes, size), RNNC_OK);
    assert_int_equal(file.n_tensors, 2);
    const rni_tensor *a = rni_safetensors_find(&file, "a");
    const rni_tensor *b = rni_safetensors_find(&file, "b");
    assert_non_null(a);
    assert_non_null(b);
    assert_null(rni_safetensors_find(&file, "c"));
    assert_null(rni_safetensors_find(&file, "__metadata__"));
    assert_string_equal(rni_dtype_name(a->dtype), "U8");
    assert_true(a->rank == 1 && a->shape[0] == 4 && a->data[3] == 3);
    assert_true(b->rank == 2 && b->shape[1] == 2 && b->data[0] == 4);
    assert_true(b->count == 4 && b->bytes == 16);
    uint32_t value = rni_safetensors_metadata(&file, "k");
    assert_true(rni_json_equals(&file.header, value, "v"));
    assert_int_equal(rni_safetensors_metadata(&file, "x"), 0);
    rni_safetensors_fini(&file);
    free(bytes);
}

static void test_empty_shapes_allowed(void **state)
{
    (void)state;
    expect("{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4,
           RNNC_OK);
}

static void test_zero_sized_tensor(void **state)
{
    (void)state;
    expect("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,0],"
           "\"data_offsets\":[0,0]}}",
           0, RNNC_OK);
    expect("{\"a\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[0,3]},"
           "\"b\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[3,3]},"
           "\"c\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[3,4]}}",
           4, RNNC_OK);
}

static void test_json_attack(void **state)
{
    (void)state;
    expect("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
           "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
           4, RNNC_E_FORMAT);
    expect("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
           "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
           4, RNNC_E_FORMAT);
    assert_non_null(strstr(message, "overlaps"));
}

static void test_metadata_incomplete_buffer(void **state)
{
    (void)state;
    const char *header =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
    expect(header, 3, RNNC_E_FORMAT);
    expect(header, 4, RNNC_OK);
    expect(header, 5, RNNC_E_FORMAT);
    expect("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
           8, RNNC_E_FORMAT);
    assert_non_null(strstr(message, "hole"));
}

static void expect_bytes(const void *bytes, size_t size, const char *reason)
{
    rni_safetensors file;
    assert_int_equal(parse(&file, bytes, size), RNNC_E_FORMAT);
    if (strstr(message, reason) == NULL)
        fail_msg("\"%s\", expected \"%s\"", message, reason);
}

static void test_header_too_large(void **state)
{
    (void)state;
    expect_bytes("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, "at most");
    expect_bytes("\x01\xe1\xf5\x05\0\0\0\0{}", 10, "at most");
}

static void test_header_too_small(void **state)
{
    (void)state;
    expect_bytes("", 0, "too few");
    expect_bytes("\x02\0\0\0\0\0\0", 7, "too few");
    expect_bytes("\0\0\0\0\0\0\0\0", 8, "does not begin");
}

static void test_invalid_header_length(void **state)
{
    (void)state;
    expect_bytes("\x3c\0\0\0\0\0\0\0", 8, "cut short");
    expect_bytes("\x03\0\0\0\0\0\0\0{}", 10, "cut short");
}

static void test_invalid_header_non_utf8(void **state)
{
    (void)state;
    expect_bytes("\x01\0\0\0\0\0\0\0\xff", 9, "does not begin");
    expect_bytes("\x0b\0\0\0\0\0\0\0{\"\xff\":\"\xff\"}  ", 19, "malformed");
}

static void test_invalid_header_not_json(void **state)
{
    (void)state;
    expect_bytes("\x01\0\0\0\0\0\0\0{", 9, "expected");
    expect("{\"a\" 1}", 0, RNNC_E_FORMAT);
}

static void test_whitespace_padded_header(void **state)
{
    (void)state;
    expect("{}    ", 0, RNNC_OK);
    expect_bytes("\x06\0\0\0\0\0\0\0\t{}\x20\n", 14, "does not begin");
}

static void test_invalid_info(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"a\":1}",
        "{\"a\":[]}",
        "{\"a\":{}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}",
        "{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}",
        "{\"a\":{\"type\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"size\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":4}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-1,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4.0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F4\",\"shape\":[7],\"data_offsets\":[0,4]}}",
        "{\"__metadata__\":{\"a\":1}}",
        "{\"__metadata__\":[]}",
        "[]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(bad[i], 4, RNNC_E_FORMAT);
    expect("{\"a\":{\"dtype\":\"F4\",\"shape\":[8],\"data_offsets\":[0,4]}}", 4,
           RNNC_OK);
    expect("{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,4],"
           "\"data_offsets\":[0,4]}}",
           4, RNNC_E_LIMIT);
}

static void test_validation_overflow(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,9223372036854775807,2],"
        "\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,4611686018427387905],"
        "\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905],"
        "\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[18446744073709551616],"
        "\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],"
        "\"data_offsets\":[9223372036854775807,3]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],"
        "\"data_offsets\":[0,9223372036854775807]}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(bad[i], 4, RNNC_E_FORMAT);
}

// Thousands of tensors that all point to the same bytes.
static void test_abuse_attempt_1(void **state)
{
    (void)state;
    enum { MANY = 1000, EACH = 80 };
    char *header = calloc(MANY + 1, EACH);
    char *at = header;
    for (int i = 0; i < MANY; i++)
        at += sprintf(at,
                      "%c\"w%d\":{\"dtype\":\"F32\",\"shape\":[64],"
                      "\"data_offsets\":[0,256]}",
                      i == 0 ? '{' : ',', i);
    strcpy(at, "}");
    expect(header, 256, RNNC_E_FORMAT);
    assert_non_null(strstr(message, "overlaps"));
    free(header);
}

// A header of nothing but brackets, and one of more values than allowed.
static void test_abuse_attempt_2(void **state)
{
    (void)state;
    enum { LENGTH = 300000 };
    char *header = malloc(LENGTH + 1);
    header[LENGTH] = '\0';
    memset(header, '[', LENGTH);
    memcpy(header, "{\"a\":", 5);
    expect(header, 0, RNNC_E_LIMIT);
    for (int i = 6; i < LENGTH; i++)
        header[i] = "1,"[i % 2];
    memcpy(header + LENGTH - 2, "]}", 2);
    expect(header, 0, RNNC_E_LIMIT);
    free(header);
}

// Tensors of huge shapes that hold nothing.
static void test_abuse_attempt_3(void **state)
{
    (void)state;
    expect("{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,0],"
           "\"data_offsets\":[0,0]}}",
           0, RNNC_OK);
    expect("{\"a\":{\"dtype\":\"F32\",\"shape\":[1099511627776],"
           "\"data_offsets\":[0,4398046511104]}}",
           64, RNNC_E_FORMAT);
}

static bool collect(void *user, const void *bytes, size_t size)
{
    unsigned char **to = user;
    memcpy(*to, bytes, size);
    *to += size;
    return true;
}

static const float one[] = {1}, many[] = {1, -2, 3, 4, 5, 6};

// Names in order, data aligned, the header padded, the whole read back.
static void test_serialization_forced_alignement(void **state)
{
    (void)state;
    const rni_tensor_source sources[] = {{"b", 2, 2, 3, many, 0, NULL, NULL},
                                         {"a", 1, 1, 1, one, 0, NULL, NULL}};
    const rni_metadata metadata[] = {{"format", "pt", 2}};
    rni_safetensors_writer writer;
    rni_error error = {0};
    assert_int_equal(rni_safetensors_prepare(&writer, &memory, sources, 2,
                                             metadata, 1, &error),
                     RNNC_OK);
    unsigned char bytes[512], *end = bytes;
    assert_true(writer.size < sizeof bytes);
    assert_true(rni_safetensors_write(&writer, collect, &end));
    assert_int_equal(end - bytes, writer.size);
    rni_safetensors_writer_fini(&writer);
    const char *expected =
        "{\"__metadata__\":{\"format\":\"pt\"},"
        "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        "\"b\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[4,28]}}";
    assert_memory_equal(bytes + 8, expected, strlen(expected));
    assert_int_equal(bytes[0] % 8, 0);
    rni_safetensors file;
    assert_int_equal(parse(&file, bytes, (size_t)(end - bytes)), RNNC_OK);
    float back[6];
    const rni_tensor *b = rni_safetensors_expect(&file, "b", 2, 2, 3, &error);
    assert_non_null(b);
    rni_tensor_floats(b, back);
    assert_memory_equal(back, many, sizeof many);
    assert_non_null(rni_safetensors_expect(&file, "a", 1, 1, 1, &error));
    assert_null(rni_safetensors_expect(&file, "b", 2, 3, 2, &error));
    assert_string_equal(error.text,
                        "tensor \"b\" is F32 [2, 3], expected F32 [3, 2]");
    rni_safetensors_fini(&file);
}

// The format's own bound, to the byte: headers are padded to eight. It takes
// 400 MB.
static void test_header_of_the_writer_too_large(void **state)
{
    (void)state;
    if (getenv("RNNC_TEST_EMULATED") != NULL)
        skip();
    const size_t most =
        RNI_HEADER_MOST - strlen("{\"__metadata__\":{\"k\":\"\"}}");
    char *value = malloc(most + 1);
    assert_non_null(value);
    memset(value, 'v', most + 1);
    for (size_t more = 0; more < 2; more++) {
        const rni_metadata metadata[] = {{"k", value, most + more}};
        rni_safetensors_writer writer;
        rni_error error = {0};
        rnnc_status status = rni_safetensors_prepare(&writer, &memory, NULL, 0,
                                                     metadata, 1, &error);
        assert_int_equal(status, more == 0 ? RNNC_OK : RNNC_E_LIMIT);
        assert_string_equal(error.text,
                            more == 0 ? ""
                                      : "a header of 100000008 bytes, at most "
                                        "100000000 are allowed");
        if (status == RNNC_OK) {
            assert_int_equal(writer.size, 8 + RNI_HEADER_MOST);
            rni_safetensors_writer_fini(&writer);
        }
    }
    free(value);
}

static bool refuse(void *user, const void *bytes, size_t size)
{
    (void)bytes;
    size_t *left = user;
    if (*left < size)
        return false;
    *left -= size;
    return true;
}

static void test_sink_that_fails(void **state)
{
    (void)state;
    const rni_tensor_source sources[] = {{"a", 2, 2, 3, many, 0, NULL, NULL}};
    rni_safetensors_writer writer;
    rni_error error = {0};
    assert_int_equal(
        rni_safetensors_prepare(&writer, &memory, sources, 1, NULL, 0, &error),
        RNNC_OK);
    for (size_t i = 0; i <= writer.size; i++) {
        size_t left = i;
        assert_int_equal(rni_safetensors_write(&writer, refuse, &left),
                         i == writer.size);
    }
    rni_safetensors_writer_fini(&writer);
}

// Bytes are numbers where the tensor of their scales is as it should be.
static void test_scales(void **state)
{
    (void)state;
    static const struct {
        const char *shape; // of three bytes or one
        const char *dtype, *scales;
        int bytes, size; // of both
        int32_t storage;
    } rows[] = {
        {"[1,3]", "F32", "[1,1]", 3, 4, RNNC_STORE_INT8},
        {"[3]", "F32", "[1,1]", 3, 4, RNNC_STORE_INT8},
        {"[]", "F32", "[1,1]", 1, 4, RNNC_STORE_INT8},
        {"[1,1,3]", "F32", "[1,1]", 3, 4, -1},
        {"[1,3]", "I32", "[1,1]", 3, 4, -1},
        {"[1,3]", "F32", "[1]", 3, 4, -1},
        {"[1,3]", "F32", "[1,2]", 3, 8, -1},
        {"[1,3]", "F32", "[2,1]", 3, 8, -1},
        {"[3,1]", "F32", "[1,1]", 3, 4, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char header[256];
        size_t size;
        rni_safetensors file;
        const int end = rows[i].size + rows[i].bytes;
        snprintf(header, sizeof header,
                 "{\"a\":{\"dtype\":\"I8\",\"shape\":%s,"
                 "\"data_offsets\":[%d,%d]},"
                 "\"scale.a\":{\"dtype\":\"%s\",\"shape\":%s,"
                 "\"data_offsets\":[0,%d]}}",
                 rows[i].shape, rows[i].size, end, rows[i].dtype,
                 rows[i].scales, rows[i].size);
        unsigned char *bytes = make_file(header, (size_t)end, &size);
        unsigned char *data = bytes + size - end;
        memcpy(data, (unsigned char[4]){0, 0, 0, 0x3f}, 4); // 0.5
        data[end - 1] = 0xfd;                               // -3
        assert_int_equal(parse(&file, bytes, size), RNNC_OK);
        const rni_tensor *a = rni_safetensors_find(&file, "a");
        if (rni_tensor_storage(a) != rows[i].storage)
            fail_msg("%s", header);
        assert_int_equal(rni_tensor_is_readable(a), rows[i].storage >= 0);
        if (rows[i].storage >= 0)
            assert_true(rni_tensor_value(a, a->count - 1) == -1.5f);
        rni_safetensors_fini(&file);
        free(bytes);
    }
}

int main(void)
{
    memory = rni_memory_default();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_deserialization),
        cmocka_unit_test(test_empty_shapes_allowed),
        cmocka_unit_test(test_zero_sized_tensor),
        cmocka_unit_test(test_json_attack),
        cmocka_unit_test(test_metadata_incomplete_buffer),
        cmocka_unit_test(test_header_too_large),
        cmocka_unit_test(test_header_too_small),
        cmocka_unit_test(test_invalid_header_length),
        cmocka_unit_test(test_invalid_header_non_utf8),
        cmocka_unit_test(test_invalid_header_not_json),
        cmocka_unit_test(test_whitespace_padded_header),
        cmocka_unit_test(test_invalid_info),
        cmocka_unit_test(test_validation_overflow),
        cmocka_unit_test(test_abuse_attempt_1),
        cmocka_unit_test(test_abuse_attempt_2),
        cmocka_unit_test(test_abuse_attempt_3),
        cmocka_unit_test(test_serialization_forced_alignement),
        cmocka_unit_test(test_header_of_the_writer_too_large),
        cmocka_unit_test(test_sink_that_fails),
        cmocka_unit_test(test_scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
