// SPDX-License-Identifier: MIT
// Importing weights: shapes, orders and types are as the entries say, and what
// does not fit is named on both sides.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "file/dtype.h"
#include "support/import_case.h"

static const float *const w = import_truth.w;
static const float *const b = import_truth.b;
static const float *const u = import_truth.u;

// ---- Shapes ----------------------------------------------------------------

static void shapes_name_both_sides(void **state)
{
    (void)state;
    piece pieces[3];
    memcpy(pieces, import_whole(), sizeof pieces);
    pieces[0].shape = "[2,6]";
    import_refuse_plain(
        pieces, 3, RNNC_E_SHAPE,
        "tensor \"w\" is F32 [2, 6], parameter \"w\" expects F32 "
        "[6, 2]",
        "would fit with `transpose`");
    pieces[0].shape = "[12]";
    import_refuse_plain(pieces, 3, RNNC_E_SHAPE, "\"w\" is F32 [12]",
                        "F32 [6, 2]");
    pieces[1].shape = "[1,6]";
    import_refuse_plain(pieces, 3, RNNC_E_SHAPE, "(and 1 more)", "\"b\"");
    pieces[0].shape = "[6,2]";
    import_refuse_plain(pieces, 3, RNNC_E_SHAPE, "\"b\" is F32 [1, 6]",
                        "F32 [6]");
    pieces[1] = import_floats("b", "[1,1,1,1,1,1,6]", b, 6);
    import_refuse_plain(pieces, 3, RNNC_E_SHAPE, "[1, 1, 1, 1, 1, 1, 6]",
                        "F32 [6]");
    pieces[1] = (piece){"b", "I32", "[6]", b, 24};
    import_refuse_plain(pieces, 3, RNNC_E_SHAPE, "\"b\" is I32 [6]", "F32 [6]");
}

static void transposition_is_asked_for(void **state)
{
    (void)state;
    piece pieces[3];
    memcpy(pieces, import_whole(), sizeof pieces);
    pieces[0].shape = "[2,6]";
    rnnc_import_options o = {.struct_size = sizeof o, .transpose = 1};
    rnnc_import *import = rnnc_import_create(NULL);
    rnnc_weights *weights = import_weights();
    rnnc_import_map(import, "w", "w", &o);
    rnnc_import_map(import, "u", "u", &o);
    assert_int_equal(import_load(import, weights, pieces, 3), RNNC_OK);
    import_values v = import_values_of(weights);
    for (int r = 0; r < 6; r++)
        for (int c = 0; c < 2; c++)
            assert_true(v.w[r * 2 + c] == w[c * 6 + r]);
    assert_true(v.u[1] == u[2] && v.u[2] == u[1]);
    rnnc_weights_destroy(weights);
    pieces[0].shape = "[6,2]";
    import_refuse(import, pieces, 3, RNNC_E_SHAPE,
                  "F32 [6, 2], by its entry [2, 6]",
                  "would fit without `transpose`");
    rnnc_import_map(import, "b", "b", &o);
    pieces[0].shape = "[2,6]";
    import_refuse(import, pieces, 3, RNNC_E_SHAPE, "only a matrix", "\"b\"");
    rnnc_import_destroy(import);
}

// Keras: kernels [inputs, 3 * units] with gates z r h, a bias [2, 3 * units].
static void gates_in_another_order(void **state)
{
    (void)state;
    enum { I = 2, H = 2 };
    static const int32_t zrh[3] = {1, 0, 2};
    float kernel[I * 3 * H], bias[2 * 3 * H];
    for (int i = 0; i < I; i++) // gate g, unit h, input i
        for (int g = 0; g < 3; g++)
            for (int h = 0; h < H; h++)
                kernel[(i * 3 + g) * H + h] = (float)(g * 100 + h * 10 + i);
    for (int k = 0; k < 2; k++)
        for (int g = 0; g < 3; g++)
            for (int h = 0; h < H; h++)
                bias[(k * 3 + g) * H + h] = (float)(1000 * k + g * 100 + h);
    const piece pieces[] = {import_floats("gru/kernel", "[2,6]", kernel, 12),
                            import_floats("gru/bias", "[2,6]", bias, 12)};
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_parameter(graph, "gru.weight_ih_l0", 3 * H, I, RNNC_INIT_ZEROS, 0);
    rnnc_parameter_vector(graph, "gru.bias_ih_l0", 3 * H, RNNC_INIT_ZEROS, 0);
    rnnc_parameter_vector(graph, "gru.bias_hh_l0", 3 * H, RNNC_INIT_ZEROS, 0);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_graph_destroy(graph);
    rnnc_import *import = rnnc_import_create(NULL);
    // [keras]
    rnnc_import_options o = {
        .struct_size = sizeof o, .transpose = 1, .blocks = zrh, .n_blocks = 3};
    rnnc_import_map(import, "gru/kernel", "gru.weight_ih_l0", &o);
    o.transpose = 0;
    o.count = 1;
    rnnc_import_map(import, "gru/bias", "gru.bias_ih_l0", &o);
    o.first = 1;
    rnnc_import_map(import, "gru/bias", "gru.bias_hh_l0", &o);
    // [keras]
    if (import_load(import, weights, pieces, 2) != RNNC_OK)
        fail_msg("%s", rnnc_import_message(import));
    static const int of_ours[3] = {1, 0, 2}; // r is theirs 1, z is theirs 0
    float wih[3 * H * I], bih[3 * H], bhh[3 * H];
    rnnc_weights_get(weights, "gru.weight_ih_l0", wih, 3 * H * I);
    rnnc_weights_get(weights, "gru.bias_ih_l0", bih, 3 * H);
    rnnc_weights_get(weights, "gru.bias_hh_l0", bhh, 3 * H);
    for (int g = 0; g < 3; g++)
        for (int h = 0; h < H; h++) {
            for (int i = 0; i < I; i++)
                assert_true(wih[(g * H + h) * I + i] ==
                            (float)(of_ours[g] * 100 + h * 10 + i));
            assert_true(bih[g * H + h] == (float)(of_ours[g] * 100 + h));
            assert_true(bhh[g * H + h] == (float)(1000 + of_ours[g] * 100 + h));
        }
    rnnc_weights_destroy(weights);
    rnnc_import_destroy(import);
}

static void blocks_divide_the_rows(void **state)
{
    (void)state;
    static const int32_t order[4] = {3, 2, 1, 0};
    rnnc_import_options o = {
        .struct_size = sizeof o, .blocks = order, .n_blocks = 4};
    rnnc_import *import = rnnc_import_create(NULL);
    rnnc_import_map(import, "w", "w", &o);
    import_refuse(import, import_whole(), 3, RNNC_E_SHAPE, "do not divide",
                  "\"w\"");
    rnnc_import_destroy(import);
}

// TFLite: a tensor for each gate. TensorFlow 1: one kernel over inputs and
// states.
static void rows_are_shared_out(void **state)
{
    (void)state;
    const piece pieces[] = {
        import_floats("tail", "[4,2]", w + 4, 8),
        import_floats("head", "[2,2]", w, 4),
        import_floats("b0", "[]", b, 1),
        import_floats("b1", "[5]", b + 1, 5),
        import_floats("both", "[3,2]", u - 2, 0),
    };
    piece five[5];
    float both[6] = {-1, -2, u[0], u[1], u[2], u[3]};
    memcpy(five, pieces, sizeof five);
    five[4] = import_floats("both", "[3,2]", both, 6);
    rnnc_import *import = rnnc_import_create(NULL);
    rnnc_weights *weights = import_weights();
    rnnc_import_options o = {.struct_size = sizeof o, .to_first = 2};
    rnnc_import_map(import, "tail", "w", &o);
    o = (rnnc_import_options){.struct_size = sizeof o, .to_count = 2};
    rnnc_import_map(import, "head", "w", &o);
    o = (rnnc_import_options){.struct_size = sizeof o, .to_count = 1};
    rnnc_import_map(import, "b0", "b", &o);
    o = (rnnc_import_options){.struct_size = sizeof o, .to_first = 1};
    rnnc_import_map(import, "b1", "b", &o);
    o = (rnnc_import_options){.struct_size = sizeof o, .first = 1};
    rnnc_import_map(import, "both", "u", &o);
    if (import_load(import, weights, five, 5) != RNNC_OK)
        fail_msg("%s", rnnc_import_message(import));
    import_check_whole(weights);
    rnnc_weights_destroy(weights);
    // One of them is missing, or fills what is filled.
    import_refuse(import, five + 1, 4, RNNC_E_SHAPE, "fill 2 of 6 rows",
                  "\"w\"");
    rnnc_import_map(import, "head", "w", NULL);
    import_refuse(import, five, 5, RNNC_E_SHAPE, "\"head\"", "[6, 2]");
    rnnc_import_destroy(import);
    import = rnnc_import_create(NULL);
    rnnc_import_map(import, "w", "w", NULL);
    rnnc_import_map(import, "w", "w", NULL);
    import_refuse(import, import_whole(), 3, RNNC_E_SHAPE, "fill a row twice",
                  "\"w\"");
    rnnc_import_destroy(import);
}

typedef struct share { // rows of a parameter, and the tensor for them
    const char *ours, *theirs;
    int64_t first, count;
} share;

static rnnc_import *share_out(const share *shares, size_t count)
{
    rnnc_import *import = rnnc_import_create(NULL);
    for (size_t i = 0; i < count; i++) {
        rnnc_import_options o = {.struct_size = sizeof o,
                                 .to_first = shares[i].first,
                                 .to_count = shares[i].count};
        rnnc_import_map(import, shares[i].theirs, shares[i].ours, &o);
    }
    return import;
}

// Entries of other parameters may stand between, and no row comes before
// another.
static void shares_are_told_apart(void **state)
{
    (void)state;
    const piece pieces[] = {
        import_floats("w0", "[2,2]", w, 4),
        import_floats("w2", "[2,2]", w + 4, 4),
        import_floats("w4", "[2,2]", w + 8, 4),
        import_floats("b0", "[2]", b, 2),
        import_floats("b2", "[4]", b + 2, 4),
        import_floats("u", "[2,2]", u, 4),
    };
    const share good[] = {{"w", "w2", 2, 2},
                          {"b", "b2", 2, 4},
                          {"w", "w0", 0, 2},
                          {"b", "b0", 0, 2},
                          {"w", "w4", 4, 2}};
    rnnc_import *import = share_out(good, 5);
    rnnc_weights *weights = import_weights();
    if (import_load(import, weights, pieces, 6) != RNNC_OK)
        fail_msg("%s", rnnc_import_message(import));
    import_check_whole(weights);
    rnnc_weights_destroy(weights);
    rnnc_import_destroy(import);
    // As many rows as there are, but one of them twice.
    const share bad[] = {{"b", "b2", 2, 4},
                         {"w", "w0", 0, 2},
                         {"w", "w2", 1, 2},
                         {"w", "w4", 2, 2},
                         {"b", "b0", 0, 2}};
    import = share_out(bad, 5);
    import_refuse(import, pieces, 6, RNNC_E_SHAPE, "fill a row twice",
                  "parameter \"w\"");
    assert_int_equal(rnnc_import_count(import, RNNC_IMPORT_MISFIT), 1);
    rnnc_import_destroy(import);
}

static void rows_that_are_not_there(void **state)
{
    (void)state;
    static const struct {
        int64_t first, count, to_first, to_count;
        const char *reason;
    } rows[] = {
        {7, 0, 0, 0, "tensor has no such rows"},
        {0, 7, 0, 0, "tensor has no such rows"},
        {6, 1, 0, 0, "tensor has no such rows"},
        {INT64_MAX, INT64_MAX, 0, 0, "tensor has no such rows"},
        {0, 0, 7, 0, "parameter has no such rows"},
        {0, 0, 0, INT64_MAX, "parameter has no such rows"},
        {1, 5, 0, 5, "entries fill 5 of 6 rows"},
        {1, 0, 0, 0, "is F32 [6, 2], by its entry [5, 2]"},
        {0, 0, 0, 5, "expects there F32 [5, 2]"},
        {6, 0, 6, 0, "entries fill 0 of 6 rows"},
        {0, 1, 0, 0, "by its entry [2]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rnnc_import *import = rnnc_import_create(NULL);
        rnnc_import_options o = {.struct_size = sizeof o,
                                 .first = rows[i].first,
                                 .count = rows[i].count,
                                 .to_first = rows[i].to_first,
                                 .to_count = rows[i].to_count};
        rnnc_import_map(import, "w", "w", &o);
        import_refuse(import, import_whole(), 3, RNNC_E_SHAPE, rows[i].reason,
                      "\"w\"");
        rnnc_import_destroy(import);
    }
    // A scalar has no rows.
    piece scalar = import_floats("s", "[]", w, 1);
    rnnc_import_options o = {.struct_size = sizeof o, .count = 1};
    rnnc_import *import = rnnc_import_create(NULL);
    rnnc_import_map(import, "s", "w", &o);
    import_refuse(import, &scalar, 1, RNNC_E_SHAPE, "\"s\" is F32 []",
                  "no such rows");
    rnnc_import_destroy(import);
}

// ---- Types -----------------------------------------------------------------

// The value of a small float by its definition; `bias` and bits of its parts.
static double defined(uint32_t bits, int exponent_bits, int fraction_bits,
                      int bias)
{
    uint32_t fraction = bits & ((1u << fraction_bits) - 1);
    int exponent = (int)(bits >> fraction_bits & ((1u << exponent_bits) - 1));
    double sign = bits >> (exponent_bits + fraction_bits) ? -1 : 1;
    double scaled = ldexp(fraction, -fraction_bits);
    if (exponent == (1 << exponent_bits) - 1)
        return fraction ? NAN : sign * INFINITY;
    return exponent == 0 ? sign * ldexp(scaled, 1 - bias)
                         : sign * ldexp(1 + scaled, exponent - bias);
}

static int32_t dtype_of(const char *name)
{
    for (int32_t i = 0; i < RNI_DTYPES; i++)
        if (strcmp(rni_dtype_name(i), name) == 0)
            return i;
    fail_msg("%s", name);
    return -1;
}

static void small_floats_are_exact(void **state)
{
    (void)state;
    rni_dtype_reader half = rni_dtype_read(dtype_of("F16"));
    rni_dtype_reader brain = rni_dtype_read(dtype_of("BF16"));
    for (uint32_t bits = 0; bits <= 0xffff; bits++) {
        const unsigned char at[2] = {(unsigned char)(bits & 0xff),
                                     (unsigned char)(bits >> 8)};
        double wanted[2] = {defined(bits, 5, 10, 15), defined(bits, 8, 7, 127)};
        float got[2] = {half(at), brain(at)};
        for (int i = 0; i < 2; i++) {
            if (isnan(wanted[i]))
                assert_true(isnan(got[i]));
            else
                assert_true((double)got[i] == wanted[i] &&
                            !signbit(got[i]) == !signbit(wanted[i]));
        }
    }
    assert_string_equal(rni_dtype_name(-1), "?");
    assert_string_equal(rni_dtype_name(RNI_DTYPES), "?");
}

static void types_that_become_floats(void **state)
{
    (void)state;
    const uint16_t half[4] = {0x3c00, 0xc000, 0x7bff, 0x0001};
    const uint16_t brain[6] = {0x3f80, 0xc000, 0x7f7f, 0, 0x8000, 0x7f80};
    const double wide[12] = {0.1,     -0.1,     1e300 * 1e300, 1e-60, 3.4e38,
                             -3.4e38, 1 + 1e-9, 16777217,      0,     -0.0,
                             5,       6};
    const piece pieces[] = {{"u", "F16", "[2,2]", half, sizeof half},
                            {"b", "BF16", "[6]", brain, sizeof brain},
                            {"w", "F64", "[6,2]", wide, sizeof wide}};
    rnnc_import *import = rnnc_import_create(NULL);
    rnnc_weights *weights = import_weights();
    assert_int_equal(import_load(import, weights, pieces, 3), RNNC_OK);
    import_values v = import_values_of(weights);
    assert_true(v.u[0] == 1 && v.u[1] == -2 && v.u[2] == 65504 &&
                v.u[3] == 0x1p-24f);
    assert_true(v.b[0] == 1 && v.b[1] == -2 && v.b[2] == 0x1.fep127f &&
                v.b[3] == 0 && signbit(v.b[4]) && isinf(v.b[5]));
    assert_true(v.w[0] == 0.1f && v.w[1] == -0.1f && isinf(v.w[2]) &&
                v.w[3] == 0 && v.w[4] == 3.4e38f && v.w[6] == 1 &&
                v.w[7] == 16777216 && signbit(v.w[9]) && v.w[11] == 6);
    rnnc_weights_destroy(weights);
    double beyond[12] = {0};
    piece large[3];
    memcpy(large, pieces, sizeof large);
    large[2].data = beyond;
    beyond[5] = 3.41e38;
    import_refuse(import, large, 3, RNNC_E_VALUE, "tensor \"w\"", "element 5");
    beyond[5] = -1e300;
    import_refuse(import, large, 3, RNNC_E_VALUE, "parameter \"w\"",
                  "element 5");
    rnnc_import_destroy(import);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_name_both_sides),
        cmocka_unit_test(transposition_is_asked_for),
        cmocka_unit_test(gates_in_another_order),
        cmocka_unit_test(blocks_divide_the_rows),
        cmocka_unit_test(rows_are_shared_out),
        cmocka_unit_test(shares_are_told_apart),
        cmocka_unit_test(rows_that_are_not_there),
        cmocka_unit_test(small_floats_are_exact),
        cmocka_unit_test(types_that_become_floats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
