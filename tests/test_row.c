// SPDX-License-Identifier: MIT
// Row operations: against double precision or finite differences of it, the
// order of sums against the rule of kernel.h, and every instruction set with
// fused multiply-adds against plain C bit for bit.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "kernel/kernel.h"
#include "support/floats.h"

enum { MOST_COLS = 400, IDS = 7, IGNORED = -100 };

static const float EPSILON = 1e-5f;

// The one row that a truth is made of, in double precision.
typedef struct truth_row {
    int64_t cols;
    const float *x, *d, *w;
    double smoothing;
    int32_t id;
} truth_row;

static void check_near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.9g, not %.9g within %g", got, want, tolerance);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static bool is_fused(const rni_kernels *kernels)
{
    return kernels->isa != RNI_ISA_SSE2;
}

static matrix draw(int64_t rows, int64_t cols, float most)
{
    return matrix_draw(rows, cols, cols + floats_draw_up_to(5), most);
}

static matrix make_result(int64_t rows, int64_t cols)
{
    return matrix_create(rows, cols, cols + floats_draw_up_to(5));
}

// ---- Operations of the form y = f(x) ---------------------------------------

typedef void plain_op(int64_t rows, int64_t cols, const float *x,
                      int64_t x_stride, float *y, int64_t y_stride);
typedef plain_op *plain_pick(const rni_kernels *kernels);
typedef double plain_truth(const truth_row *row, int64_t c);

static plain_op *pick_row_sum(const rni_kernels *kernels)
{
    return kernels->row_sum;
}

static plain_op *pick_softmax(const rni_kernels *kernels)
{
    return kernels->softmax;
}

static plain_op *pick_log_softmax(const rni_kernels *kernels)
{
    return kernels->log_softmax;
}

static double true_sum(const truth_row *row, int64_t c)
{
    (void)c;
    double sum = 0.0;
    for (int64_t i = 0; i < row->cols; i++)
        sum += (double)row->x[i];
    return sum;
}

static double true_log_softmax(const truth_row *row, int64_t c)
{
    double most = -HUGE_VAL, sum = 0.0;
    for (int64_t i = 0; i < row->cols; i++)
        most = larger(most, (double)row->x[i]);
    for (int64_t i = 0; i < row->cols; i++)
        sum += exp((double)row->x[i] - most);
    return (double)row->x[c] - most - log(sum);
}

static double true_softmax(const truth_row *row, int64_t c)
{
    return exp(true_log_softmax(row, c));
}

typedef struct plain_case {
    plain_pick *pick;
    plain_truth *truth;
    bool reduces;              // y has one column
    double absolute, relative; // tolerance
} plain_case;

static const plain_case plain_cases[] = {
    {pick_row_sum, true_sum, true, 4e-4, 0.0},
    {pick_softmax, true_softmax, false, 1e-12, 3e-6},
    {pick_log_softmax, true_log_softmax, false, 2e-6, 3e-7},
};

static void check_plain(const plain_case *p, const rni_kernels *kernels,
                        int64_t rows, int64_t cols)
{
    const int64_t wide = p->reduces ? 1 : cols;
    matrix x = draw(rows, cols, 8.0f), y = make_result(rows, wide);
    matrix plain = matrix_copy(y);
    p->pick(kernels)(rows, cols, x.data, x.stride, y.data, y.stride);
    p->pick(rni_kernels_get(RNI_ISA_SCALAR))(rows, cols, x.data, x.stride,
                                             plain.data, plain.stride);
    if (is_fused(kernels) || p->reduces)
        matrix_check_same(y, plain);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < wide; c++) {
            const truth_row row = {.cols = cols, .x = x.data + r * x.stride};
            const double want = p->truth(&row, c);
            check_near((double)y.data[r * y.stride + c], want,
                       p->absolute + p->relative * fabs(want));
        }
    if (!p->reduces) { // in place gives the same
        p->pick(kernels)(rows, cols, x.data, x.stride, x.data, x.stride);
        for (int64_t r = 0; r < rows; r++)
            assert_memory_equal(x.data + r * x.stride, y.data + r * y.stride,
                                (size_t)cols * sizeof(float));
    }
    matrix_destroy(x);
    matrix_destroy(y);
    matrix_destroy(plain);
}

static void check_plain_cases(const rni_kernels *kernels, int64_t rows,
                              int64_t cols)
{
    for (size_t i = 0; i < sizeof plain_cases / sizeof plain_cases[0]; i++)
        check_plain(&plain_cases[i], kernels, rows, cols);
}

// ---- Normalizing -----------------------------------------------------------

static double true_normal(int64_t cols, const double *x, int64_t c)
{
    double mean = 0.0, variance = 0.0;
    for (int64_t i = 0; i < cols; i++)
        mean += x[i] / (double)cols;
    for (int64_t i = 0; i < cols; i++)
        variance += (x[i] - mean) * (x[i] - mean) / (double)cols;
    return (x[c] - mean) / sqrt(variance + (double)EPSILON);
}

static double true_normal_loss(const truth_row *row, const double *x)
{
    double mean = 0.0, variance = 0.0, loss = 0.0;
    for (int64_t i = 0; i < row->cols; i++)
        mean += x[i] / (double)row->cols;
    for (int64_t i = 0; i < row->cols; i++)
        variance += (x[i] - mean) * (x[i] - mean) / (double)row->cols;
    for (int64_t i = 0; i < row->cols; i++)
        loss += (double)row->d[i] * (x[i] - mean) /
                sqrt(variance + (double)EPSILON);
    return loss;
}

// The slope of a loss by x[c].
static double slope(double (*loss)(const truth_row *row, const double *x),
                    const truth_row *row, int64_t c)
{
    double x[MOST_COLS];
    const double step = 1e-4;
    for (int64_t i = 0; i < row->cols; i++)
        x[i] = (double)row->x[i];
    x[c] += step;
    const double above = loss(row, x);
    x[c] -= 2.0 * step;
    return (above - loss(row, x)) / (2.0 * step);
}

static void check_normal_row(const truth_row *row, const float *y,
                             const float *g)
{
    double x[MOST_COLS];
    for (int64_t c = 0; c < row->cols; c++)
        x[c] = (double)row->x[c];
    for (int64_t c = 0; c < row->cols; c += 1 + row->cols / 9) {
        check_near((double)y[c], true_normal(row->cols, x, c), 3e-5);
        // One column has no slope; its scale is 1 / sqrt(epsilon).
        if (row->cols > 2)
            check_near((double)g[c], slope(true_normal_loss, row, c), 1e-2);
    }
}

static void check_normal(const rni_kernels *kernels, int64_t rows, int64_t cols)
{
    const rni_kernels *scalar = rni_kernels_get(RNI_ISA_SCALAR);
    matrix x = draw(rows, cols, 3.0f), d = draw(rows, cols, 1.0f);
    matrix y = make_result(rows, cols), plain = matrix_copy(y);
    matrix g = make_result(rows, cols), plain_g = matrix_copy(g);
    kernels->normalize(rows, cols, EPSILON, x.data, x.stride, y.data, y.stride);
    kernels->normalize_grad(rows, cols, EPSILON, d.data, d.stride, x.data,
                            x.stride, g.data, g.stride);
    scalar->normalize(rows, cols, EPSILON, x.data, x.stride, plain.data,
                      plain.stride);
    scalar->normalize_grad(rows, cols, EPSILON, d.data, d.stride, x.data,
                           x.stride, plain_g.data, plain_g.stride);
    if (is_fused(kernels)) {
        matrix_check_same(y, plain);
        matrix_check_same(g, plain_g);
    }
    for (int64_t r = 0; r < rows; r++) {
        const truth_row row = {.cols = cols,
                               .x = x.data + r * x.stride,
                               .d = d.data + r * d.stride};
        check_normal_row(&row, y.data + r * y.stride, g.data + r * g.stride);
    }
    kernels->normalize_grad(rows, cols, EPSILON, d.data, d.stride, x.data,
                            x.stride, d.data, d.stride);
    for (int64_t r = 0; r < rows; r++)
        assert_memory_equal(d.data + r * d.stride, g.data + r * g.stride,
                            (size_t)cols * sizeof(float));
    matrix *all[] = {&x, &d, &y, &plain, &g, &plain_g};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        matrix_destroy(*all[i]);
}

// ---- Cross-entropy ---------------------------------------------------------

static double true_loss(const truth_row *row, const double *x)
{
    double most = -HUGE_VAL, sum = 0.0, spread = 0.0;
    for (int64_t i = 0; i < row->cols; i++)
        most = larger(most, x[i]);
    for (int64_t i = 0; i < row->cols; i++)
        sum += exp(x[i] - most);
    for (int64_t i = 0; i < row->cols; i++)
        spread += (row->w ? (double)row->w[i] : 1.0) * (most + log(sum) - x[i]);
    const double w = row->w ? (double)row->w[row->id] : 1.0;
    return (1.0 - row->smoothing) * w * (most + log(sum) - x[row->id]) +
           row->smoothing / (double)row->cols * spread;
}

static void check_loss_row(const truth_row *row, float loss, const float *g)
{
    double x[MOST_COLS];
    for (int64_t c = 0; c < row->cols; c++)
        x[c] = (double)row->x[c];
    const double want = row->id == IGNORED ? 0.0 : true_loss(row, x);
    check_near((double)loss, want, 5e-6 * (1.0 + fabs(want)));
    for (int64_t c = 0; c < row->cols; c++) {
        if (row->id == IGNORED)
            assert_true(g[c] == 0.0f);
        else if (c == row->id || c % 5 == 0)
            check_near((double)g[c], (double)*row->d * slope(true_loss, row, c),
                       3e-6);
    }
}

typedef struct loss_case {
    matrix x, d, w; // d [rows, 1], w [1, cols]
    int32_t ids[2 * IDS];
    bool weighted;
    float smoothing;
} loss_case;

static void loss_run(const loss_case *l, const rni_kernels *kernels,
                     matrix loss, matrix g)
{
    const float *w = l->weighted ? l->w.data : NULL;
    kernels->cross_entropy(l->x.rows, l->x.cols, l->x.data, l->x.stride, l->ids,
                           2, w, l->smoothing, IGNORED, loss.data, loss.stride);
    kernels->cross_entropy_grad(l->x.rows, l->x.cols, l->d.data, l->d.stride,
                                l->x.data, l->x.stride, l->ids, 2, w,
                                l->smoothing, IGNORED, g.data, g.stride);
}

static void loss_check(const loss_case *l, const rni_kernels *kernels)
{
    const int64_t rows = l->x.rows, cols = l->x.cols;
    matrix loss = make_result(rows, 1), g = make_result(rows, cols);
    matrix plain = matrix_copy(loss), plain_g = matrix_copy(g);
    loss_run(l, kernels, loss, g);
    loss_run(l, rni_kernels_get(RNI_ISA_SCALAR), plain, plain_g);
    if (is_fused(kernels)) {
        matrix_check_same(loss, plain);
        matrix_check_same(g, plain_g);
    }
    for (int64_t r = 0; r < rows; r++) {
        const truth_row row = {.cols = cols,
                               .x = l->x.data + r * l->x.stride,
                               .d = l->d.data + r * l->d.stride,
                               .w = l->weighted ? l->w.data : NULL,
                               .smoothing = (double)l->smoothing,
                               .id = l->ids[2 * r]};
        check_loss_row(&row, loss.data[r * loss.stride], g.data + r * g.stride);
    }
    matrix *all[] = {&loss, &g, &plain, &plain_g};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        matrix_destroy(*all[i]);
}

static void check_loss(const rni_kernels *kernels, int64_t rows, int64_t cols)
{
    if (rows > IDS || cols == 0)
        return;
    for (int variant = 0; variant < 4; variant++) {
        loss_case l = {draw(rows, cols, 6.0f), draw(rows, 1, 2.0f),
                       draw(1, cols, 2.0f),    {0},
                       variant % 2 == 1,       variant / 2 ? 0.1f : 0.0f};
        for (int64_t r = 0; r < rows; r++)
            l.ids[2 * r] = floats_draw_up_to(4)
                               ? (int32_t)floats_draw_up_to(cols - 1)
                               : IGNORED;
        loss_check(&l, kernels);
        matrix_destroy(l.x);
        matrix_destroy(l.d);
        matrix_destroy(l.w);
    }
}

// ---- Tables and sums over rows: the very same chain of additions -----------

static void check_tables(const rni_kernels *kernels, int64_t rows, int64_t cols)
{
    matrix table = draw(IDS, cols, 1.0f), want = matrix_copy(table);
    matrix y = make_result(rows, cols), d = draw(rows, cols, 1.0f);
    int32_t *ids = malloc((size_t)(2 * rows + 1) * sizeof *ids);
    assert_non_null(ids);
    for (int64_t r = 0; r < rows; r++)
        ids[2 * r] = (int32_t)floats_draw_up_to(IDS - 1);
    kernels->lookup(rows, cols, ids, 2, table.data, table.stride, y.data,
                    y.stride);
    for (int64_t r = 0; r < rows; r++)
        assert_memory_equal(y.data + r * y.stride,
                            table.data + ids[2 * r] * table.stride,
                            (size_t)cols * sizeof(float));
    kernels->lookup_grad(rows, cols, ids, 2, d.data, d.stride, table.data,
                         table.stride);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++)
            want.data[ids[2 * r] * want.stride + c] += d.data[r * d.stride + c];
    matrix_check_same(table, want);
    free(ids);
    matrix *all[] = {&table, &want, &y, &d};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        matrix_destroy(*all[i]);
}

static void check_col_sum(const rni_kernels *kernels, int64_t rows,
                          int64_t cols)
{
    matrix x = draw(rows, cols, 1.0f), sum = draw(1, cols, 1.0f);
    if (cols > 0)
        sum.data[0] = -0.0f;
    matrix want = matrix_copy(sum);
    kernels->col_sum(rows, cols, x.data, x.stride, sum.data);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++)
            want.data[c] += x.data[r * x.stride + c];
    matrix_check_same(sum, want);
    matrix_destroy(x);
    matrix_destroy(sum);
    matrix_destroy(want);
}

// The tree that kernel.h writes down.
static float add_in_tree(const float p[16])
{
    const float even =
        ((p[0] + p[8]) + (p[4] + p[12])) + ((p[2] + p[10]) + (p[6] + p[14]));
    const float odd =
        ((p[1] + p[9]) + (p[5] + p[13])) + ((p[3] + p[11]) + (p[7] + p[15]));
    return even + odd;
}

static void check_order(const rni_kernels *kernels, int64_t rows, int64_t cols)
{
    matrix x = draw(rows, cols, 1.0f), y = make_result(rows, 1);
    kernels->row_sum(rows, cols, x.data, x.stride, y.data, y.stride);
    for (int64_t r = 0; r < rows; r++) {
        float partial[16] = {0};
        for (int64_t c = 0; c < cols; c++)
            partial[c % 16] += x.data[r * x.stride + c];
        assert_true(y.data[r * y.stride] == add_in_tree(partial));
        assert_true(rni_kernels_fold(partial) == add_in_tree(partial));
    }
    float got[16] = {0}, want[16] = {0};
    const int64_t first = floats_draw_up_to(40);
    if (cols > 0)
        kernels->total(rows, first, x.data, x.stride, got);
    for (int64_t r = 0; r < rows && cols > 0; r++)
        want[(first + r) % 16] += x.data[r * x.stride];
    assert_memory_equal(got, want, sizeof got);
    double squares[16] = {0}, exact[16] = {0};
    if (rows > 0)
        kernels->squares(cols, x.data, squares);
    for (int64_t c = 0; c < cols && rows > 0; c++)
        exact[c % 16] += (double)x.data[c] * (double)x.data[c];
    assert_memory_equal(squares, exact, sizeof squares);
    matrix_destroy(x);
    matrix_destroy(y);
}

// ---- Dropout ---------------------------------------------------------------

static void check_dropout(const rni_kernels *kernels, int64_t rows,
                          int64_t cols)
{
    static const float rates[] = {0.0f, 0.1f, 0.5f, 0.999f};
    const float rate = rates[rows % 4];
    const uint64_t key = 77, time = ((uint64_t)3 << 32) + (uint64_t)cols;
    matrix x = draw(1, cols, 1.0f), y = make_result(2, cols);
    kernels->dropout(cols, rate, key, (uint32_t)rows, time, x.data, y.data);
    for (int64_t c = 0; c < cols; c++) {
        const uint32_t counter[4] = {(uint32_t)rows, (uint32_t)time, 3,
                                     (uint32_t)c / 4};
        uint32_t words[4];
        rni_random_block(key, counter, words);
        const bool kept = words[c % 4] / 0x1p32 >= (double)rate;
        const double want =
            kept ? (double)x.data[c] / (1.0 - (double)rate) : 0.0;
        check_near((double)y.data[c], want, 2e-7 * fabs(want));
    }
    matrix_destroy(x);
    matrix_destroy(y);
}

static void dropout_keeps_its_share(void **state)
{
    (void)state;
    const rni_kernels *kernels = rni_kernels_get(rni_isa_choose());
    float x[1000], y[1000];
    int kept = 0;
    for (int i = 0; i < 1000; i++)
        x[i] = 1.0f;
    for (uint32_t row = 0; row < 100; row++) {
        kernels->dropout(1000, 0.3f, 5, row, 0, x, y);
        for (int i = 0; i < 1000; i++)
            kept += y[i] != 0.0f;
    }
    assert_in_range(kept, 70000 - 600, 70000 + 600); // four deviations
}

// ---- All of them over all shapes -------------------------------------------

typedef void row_check(const rni_kernels *kernels, int64_t rows, int64_t cols);

static row_check *const checks[] = {
    check_plain_cases, check_normal, check_loss,   check_tables,
    check_col_sum,     check_order,  check_dropout};

static void check_all(int64_t rows, int64_t cols)
{
    for (int isa = 0; isa < RNI_ISA_COUNT; isa++) {
        const rni_kernels *kernels = rni_kernels_get((rni_isa)isa);
        for (size_t i = 0; kernels && i < sizeof checks / sizeof checks[0]; i++)
            checks[i](kernels, rows, cols);
    }
}

static void rows_of_every_small_width_are_right(void **state)
{
    (void)state;
    for (int64_t cols = 0; cols <= 70; cols++)
        check_all(cols % 6, cols);
}

static void long_and_tall_rows_are_right(void **state)
{
    (void)state;
    static const int64_t shapes[][2] = {{1, 400}, {3, 257}, {2, 129}, {70, 3},
                                        {40, 17}, {33, 1},  {0, 50},  {5, 0}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        check_all(shapes[i][0], shapes[i][1]);
}

// ---- Values far from zero --------------------------------------------------

static void softmax_survives_large_and_special_values(void **state)
{
    (void)state;
    for (int isa = 0; isa < RNI_ISA_COUNT; isa++) {
        const rni_kernels *kernels = rni_kernels_get((rni_isa)isa);
        if (!kernels)
            continue;
        for (int64_t at = 0; at < 37; at++) {
            float x[37], y[37];
            for (int i = 0; i < 37; i++)
                x[i] = -1e30f;
            x[at] = 1e30f;
            kernels->softmax(1, 37, x, 37, y, 37);
            for (int i = 0; i < 37; i++)
                assert_true(y[i] == (i == at ? 1.0f : 0.0f));
            x[at] = -INFINITY;
            kernels->softmax(1, 37, x, 37, y, 37);
            assert_true(y[at] == 0.0f && y[(at + 1) % 37] > 0.027f);
            x[at] = NAN;
            kernels->softmax(1, 37, x, 37, y, 37);
            for (int i = 0; i < 37; i++)
                assert_true(isnan(y[i]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_every_small_width_are_right),
        cmocka_unit_test(long_and_tall_rows_are_right),
        cmocka_unit_test(dropout_keeps_its_share),
        cmocka_unit_test(softmax_survives_large_and_special_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
