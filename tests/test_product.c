// SPDX-License-Identifier: MIT
// Products with packed weights and products over rows: against sums in double
// precision with a bound on their rounding, and every instruction set with
// fused multiply-adds against plain C, bit for bit.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/guarded.h"

#include "kernel/kernel.h"

enum { PARTS = 3, RANDOM_CASES = 400 };

static const float GUARD = 1234567.0f;

// ---- Numbers and blocks ----------------------------------------------------

static uint64_t state = 1;

static uint32_t draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

static int64_t draw_up_to(int64_t most)
{
    return (int64_t)(draw() % (uint32_t)(most + 1));
}

static float *block_create(int64_t floats)
{
    float *block = guarded_create((size_t)floats);
    for (int64_t i = 0; i < floats; ++i)
        block[i] = GUARD;
    return block;
}

// A matrix between pages that nobody may touch; a writer between the columns
// and the stride is seen by its guard.
typedef struct matrix {
    int64_t rows, cols, stride;
    float *data;
} matrix;

static int64_t matrix_floats(matrix m)
{
    return m.rows > 0 ? (m.rows - 1) * m.stride + m.cols : 0;
}

static matrix matrix_create(int64_t rows, int64_t cols)
{
    matrix m = {rows, cols, cols + draw_up_to(5), NULL};
    m.data = block_create(matrix_floats(m));
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < cols; ++c)
            m.data[r * m.stride + c] =
                (float)((int32_t)draw() - (1 << 30)) * 0x1p-30f;
    return m;
}

static matrix matrix_copy(matrix from)
{
    matrix m = from;
    m.data = block_create(matrix_floats(m));
    if (matrix_floats(m) > 0)
        memcpy(m.data, from.data, (size_t)matrix_floats(m) * sizeof(float));
    return m;
}

static float at(matrix m, int64_t row, int64_t col)
{
    return m.data[row * m.stride + col];
}

static void matrix_assert_guards(matrix m)
{
    for (int64_t i = 0; i < matrix_floats(m); ++i)
        if (i % m.stride >= m.cols && m.data[i] != GUARD)
            fail_msg("float %lld of a gap was written", (long long)i);
}

// Bits, gaps included.
static void matrix_assert_same(matrix a, matrix b)
{
    if (matrix_floats(a) > 0)
        assert_memory_equal(a.data, b.data,
                            (size_t)matrix_floats(a) * sizeof(float));
}

// |value - truth| <= (terms + 1) half units in the last place of the sum of
// magnitudes, twice over for sets that round products too.
static void assert_near(float value, double truth, double magnitude,
                        int64_t terms)
{
    const double bound = (double)(terms + 1) * 0x1p-23 * magnitude;
    if (!(fabs((double)value - truth) <= bound))
        fail_msg("%.9g, expected %.9g within %.3g", (double)value, truth,
                 bound);
}

static bool is_fused(const rni_kernels *kernels)
{
    return kernels->isa != RNI_ISA_SSE2;
}

typedef void check_function(const rni_kernels *kernels, void *problem);

static void for_each_set(check_function *check, void *problem)
{
    for (int isa = 0; isa < RNI_ISA_COUNT; ++isa) {
        const rni_kernels *kernels = rni_kernels_get((rni_isa)isa);
        if (kernels)
            check(kernels, problem);
    }
}

// ---- Problems: products with packed weights --------------------------------

typedef enum start_kind {
    START_ZERO,
    START_BIAS,
    START_ROWS,
    START_HERE
} start;

typedef struct problem {
    int64_t rows;
    int32_t n_terms, n_results;
    matrix a[PARTS];        // [rows, depth]
    matrix w[PARTS][PARTS]; // of term and result, transposed or not
    bool transposed[PARTS][PARTS];
    start start[PARTS];
    matrix init[PARTS];
    matrix truth[PARTS]; // of the scalar set
} problem;

static int64_t problem_depth(const problem *p)
{
    int64_t depth = 0;
    for (int32_t i = 0; i < p->n_terms; ++i)
        depth += p->a[i].cols;
    return depth;
}

static problem problem_create(int64_t rows, int32_t n_terms,
                              const int64_t *depths, int32_t n_results,
                              const int64_t *cols)
{
    problem p = {.rows = rows, .n_terms = n_terms, .n_results = n_results};
    for (int32_t i = 0; i < n_terms; ++i)
        p.a[i] = matrix_create(rows, depths[i]);
    for (int32_t j = 0; j < n_results; ++j) {
        p.start[j] = (start)draw_up_to(START_HERE);
        p.init[j] = matrix_create(rows, cols[j]);
        for (int32_t i = 0; i < n_terms; ++i) {
            const bool transposed = draw_up_to(1) == 1;
            p.transposed[i][j] = transposed;
            p.w[i][j] = transposed ? matrix_create(cols[j], depths[i])
                                   : matrix_create(depths[i], cols[j]);
        }
    }
    return p;
}

static void problem_destroy(problem *p)
{
    for (int32_t i = 0; i < p->n_terms; ++i)
        guarded_destroy(p->a[i].data);
    for (int32_t j = 0; j < p->n_results; ++j) {
        guarded_destroy(p->init[j].data);
        guarded_destroy(p->truth[j].data);
        for (int32_t i = 0; i < p->n_terms; ++i)
            guarded_destroy(p->w[i][j].data);
    }
}

static float problem_weight(const problem *p, int32_t i, int32_t j, int64_t k,
                            int64_t n)
{
    return p->transposed[i][j] ? at(p->w[i][j], n, k) : at(p->w[i][j], k, n);
}

static float problem_init(const problem *p, int32_t j, int64_t r, int64_t n)
{
    if (p->start[j] == START_ZERO)
        return 0.0f;
    return at(p->init[j], p->start[j] == START_BIAS ? 0 : r, n);
}

static int64_t panels_of(const rni_kernels *kernels, int64_t cols)
{
    return (cols + kernels->panel - 1) / kernels->panel;
}

static float *problem_pack(const rni_kernels *kernels, const problem *p,
                           int32_t j)
{
    const int64_t total = problem_depth(p), cols = p->init[j].cols;
    const int64_t wide = panels_of(kernels, cols) * kernels->panel;
    float *packed = block_create(total * wide);
    int64_t first = 0;
    for (int32_t i = 0; i < p->n_terms; ++i) {
        const matrix w = p->w[i][j];
        kernels->pack(&(rni_pack_call){.w = w.data,
                                       .stride = w.stride,
                                       .transposed = p->transposed[i][j],
                                       .depth = p->a[i].cols,
                                       .cols = cols,
                                       .first = first,
                                       .total = total,
                                       .packed = packed});
        first += p->a[i].cols;
    }
    return packed;
}

// Rows [row, row + rows), in calls of `step` panels each, to c.
typedef struct slice {
    int64_t row, rows, step;
} slice;

static void problem_calls(const rni_kernels *kernels, const problem *p,
                          slice part, rni_product_term *terms,
                          rni_product_result *results)
{
    const int64_t depth = problem_depth(p);
    int64_t panels = 0;
    for (int32_t j = 0; j < p->n_results; ++j)
        panels += panels_of(kernels, results[j].cols);
    float *scratch = block_create(kernels->product_scratch(part.rows, depth));
    for (int64_t at_panel = 0; at_panel < panels; at_panel += part.step) {
        const int64_t last = at_panel + part.step;
        kernels->product(
            &(rni_product_call){.rows = part.rows,
                                .terms = terms,
                                .n_terms = p->n_terms,
                                .results = results,
                                .n_results = p->n_results,
                                .first_panel = at_panel,
                                .last_panel = last < panels ? last : panels,
                                .scratch = scratch});
    }
    guarded_destroy(scratch);
}

static void problem_run(const rni_kernels *kernels, const problem *p,
                        slice part, matrix *c)
{
    rni_product_term terms[PARTS];
    rni_product_result results[PARTS];
    for (int32_t i = 0; i < p->n_terms; ++i)
        terms[i] = (rni_product_term){p->a[i].data + part.row * p->a[i].stride,
                                      p->a[i].stride, p->a[i].cols};
    for (int32_t j = 0; j < p->n_results; ++j) {
        const matrix from = p->start[j] == START_HERE ? c[j] : p->init[j];
        const bool bias = p->start[j] == START_BIAS;
        results[j] = (rni_product_result){
            .cols = c[j].cols,
            .packed = problem_pack(kernels, p, j),
            .init = p->start[j] == START_ZERO ? NULL
                    : bias                    ? from.data
                           : from.data + part.row * from.stride,
            .init_stride = bias ? 0 : from.stride,
            .c = c[j].data + part.row * c[j].stride,
            .stride = c[j].stride};
    }
    problem_calls(kernels, p, part, terms, results);
    for (int32_t j = 0; j < p->n_results; ++j)
        guarded_destroy((float *)results[j].packed);
}

// Results in matrices of their own, which hold the init where it starts there.
static void problem_solve(const rni_kernels *kernels, const problem *p,
                          int64_t rows_each, int64_t step, matrix *c)
{
    for (int32_t j = 0; j < p->n_results; ++j)
        c[j] = matrix_copy(p->init[j]);
    for (int64_t row = 0; row < p->rows; row += rows_each) {
        const int64_t left = p->rows - row;
        const slice part = {row, left < rows_each ? left : rows_each, step};
        problem_run(kernels, p, part, c);
    }
}

static void assert_result_near(const problem *p, int32_t j, matrix c)
{
    for (int64_t r = 0; r < p->rows; ++r)
        for (int64_t n = 0; n < c.cols; ++n) {
            double sum = (double)problem_init(p, j, r, n), size = fabs(sum);
            for (int32_t i = 0; i < p->n_terms; ++i)
                for (int64_t k = 0; k < p->a[i].cols; ++k) {
                    const double term = (double)at(p->a[i], r, k) *
                                        (double)problem_weight(p, i, j, k, n);
                    sum += term;
                    size += fabs(term);
                }
            assert_near(at(c, r, n), sum, size, problem_depth(p));
        }
}

static void problem_check(const rni_kernels *kernels, void *data)
{
    static const int64_t steps[] = {1 << 20, 1, 3};
    problem *p = data;
    for (int way = 0; way < 4; ++way) {
        matrix c[PARTS] = {{0, 0, 0, NULL}};
        problem_solve(kernels, p, way == 3 ? 1 : p->rows, steps[way % 3], c);
        for (int32_t j = 0; j < p->n_results; ++j) {
            matrix_assert_guards(c[j]);
            if (way == 0 && !is_fused(kernels))
                assert_result_near(p, j, c[j]);
            if (!p->truth[j].data) {
                assert_result_near(p, j, c[j]);
                p->truth[j] = matrix_copy(c[j]);
            }
            if (is_fused(kernels))
                matrix_assert_same(c[j], p->truth[j]);
            guarded_destroy(c[j].data);
        }
    }
}

// ---- Tests: products with packed weights -----------------------------------

static void product_is_right_for_random_shapes(void **unused)
{
    (void)unused;
    for (int i = 0; i < RANDOM_CASES; ++i) {
        int64_t depths[PARTS], cols[PARTS];
        for (int part = 0; part < PARTS; ++part) {
            depths[part] = draw_up_to(70);
            cols[part] = draw_up_to(70);
        }
        problem p = problem_create(i % 71, (int32_t)draw_up_to(PARTS), depths,
                                   (int32_t)draw_up_to(PARTS), cols);
        for_each_set(problem_check, &p);
        problem_destroy(&p);
    }
}

static void product_is_right_for_every_width(void **unused)
{
    (void)unused;
    for (int64_t cols = 0; cols <= 140; ++cols) {
        const int64_t rows = cols % 7, depth = 1 + cols % 5;
        problem p = problem_create(rows, 1, &depth, 1, &cols);
        for_each_set(problem_check, &p);
        problem_destroy(&p);
    }
}

static void product_is_right_for_large_shapes(void **unused)
{
    (void)unused;
    static const int64_t shapes[][3] = {// rows, depth, columns
                                        {1, 1201, 333}, {4, 1030, 97},
                                        {20, 650, 83},  {29, 1537, 49},
                                        {257, 515, 35}, {461, 67, 21}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i)
        for (int kind = START_ZERO; kind <= START_HERE; ++kind) {
            const int64_t depths[] = {shapes[i][1] / 3,
                                      shapes[i][1] - shapes[i][1] / 3};
            problem p =
                problem_create(shapes[i][0], 2, depths, 1, &shapes[i][2]);
            p.start[0] = (start)kind;
            for_each_set(problem_check, &p);
            problem_destroy(&p);
        }
}

static void pack_check(const rni_kernels *kernels, void *data)
{
    const problem *p = data;
    const int64_t total = problem_depth(p), cols = p->init[0].cols;
    const int64_t panel = kernels->panel;
    float *packed = problem_pack(kernels, p, 0);
    for (int64_t n = 0; n < panels_of(kernels, cols) * panel; ++n) {
        const float *column = packed + n / panel * total * panel + n % panel;
        for (int32_t i = 0; i < p->n_terms; ++i)
            for (int64_t k = 0; k < p->a[i].cols; ++k, column += panel)
                assert_true(*column ==
                            (n < cols ? problem_weight(p, i, 0, k, n) : 0.0f));
    }
    guarded_destroy(packed);
}

static void pack_lays_out_panels(void **unused)
{
    (void)unused;
    for (int64_t cols = 0; cols <= 70; ++cols) {
        const int64_t depths[] = {draw_up_to(40), draw_up_to(9)};
        problem p = problem_create(1, 2, depths, 1, &cols);
        for_each_set(pack_check, &p);
        problem_destroy(&p);
    }
}

// ---- Problems: products over rows ------------------------------------------

typedef struct outer_problem {
    matrix a, b;  // [rows, m], [rows, n]
    matrix c;     // what it starts from
    matrix truth; // of the scalar set
    bool start;
    int64_t longest; // run; runs are handed over in order
} outer_problem;

static outer_problem outer_create(int64_t m, int64_t n, int64_t rows,
                                  int64_t longest)
{
    return (outer_problem){.a = matrix_create(rows, m),
                           .b = matrix_create(rows, n),
                           .c = matrix_create(m, n),
                           .start = draw_up_to(1) == 1,
                           .longest = longest};
}

static void outer_destroy(outer_problem *p)
{
    guarded_destroy(p->a.data);
    guarded_destroy(p->b.data);
    guarded_destroy(p->c.data);
    guarded_destroy(p->truth.data);
}

// The runs of the rows, an empty one among them.
static int64_t outer_runs(const outer_problem *p, rni_outer_run *runs)
{
    int64_t count = 0;
    for (int64_t row = 0; row < p->a.rows; row += p->longest) {
        const int64_t left = p->a.rows - row;
        const float *a = p->a.data + row * p->a.stride;
        const float *b = p->b.data + row * p->b.stride;
        if (row == p->longest)
            runs[count++] = (rni_outer_run){a, b, 0};
        runs[count++] =
            (rni_outer_run){a, b, left < p->longest ? left : p->longest};
    }
    return count;
}

// In calls of `step` rows of c each.
static matrix outer_solve(const rni_kernels *kernels, const outer_problem *p,
                          int64_t step)
{
    const int64_t m = p->a.cols, n = p->b.cols, rows = p->a.rows;
    rni_outer_run *runs = malloc((size_t)(rows + 2) * sizeof *runs);
    assert_non_null(runs);
    float *scratch = block_create(kernels->outer_scratch(m, n, rows));
    matrix c = matrix_copy(p->c);
    rni_outer_call call = {.runs = runs,
                           .n_runs = outer_runs(p, runs),
                           .a_stride = p->a.stride,
                           .b_stride = p->b.stride,
                           .m = m,
                           .n = n,
                           .start = p->start,
                           .c = c.data,
                           .stride = c.stride,
                           .scratch = scratch};
    for (int64_t row = 0; row < m; row += step) {
        call.first_row = row;
        call.last_row = row + step < m ? row + step : m;
        kernels->outer(&call);
    }
    guarded_destroy(scratch);
    free(runs);
    return c;
}

static void assert_outer_near(const outer_problem *p, matrix c)
{
    for (int64_t i = 0; i < c.rows; ++i)
        for (int64_t j = 0; j < c.cols; ++j) {
            double sum = p->start ? (double)at(p->c, i, j) : 0.0;
            double size = fabs(sum);
            for (int64_t row = 0; row < p->a.rows; ++row) {
                const double term =
                    (double)at(p->a, row, i) * (double)at(p->b, row, j);
                sum += term;
                size += fabs(term);
            }
            assert_near(at(c, i, j), sum, size, p->a.rows);
        }
}

static void outer_check(const rni_kernels *kernels, void *data)
{
    static const int64_t steps[] = {1 << 20, 7};
    outer_problem *p = data;
    for (int way = 0; way < 2; ++way) {
        matrix c = outer_solve(kernels, p, steps[way]);
        matrix_assert_guards(c);
        if (!p->truth.data || !is_fused(kernels))
            assert_outer_near(p, c);
        if (!p->truth.data)
            p->truth = matrix_copy(c);
        if (is_fused(kernels))
            matrix_assert_same(c, p->truth);
        guarded_destroy(c.data);
    }
}

// ---- Tests: products over rows ---------------------------------------------

static void outer_is_right_for_random_shapes(void **unused)
{
    (void)unused;
    for (int i = 0; i < RANDOM_CASES; ++i) {
        outer_problem p = outer_create(draw_up_to(70), draw_up_to(70), i % 71,
                                       1 + draw_up_to(i % 3 == 0 ? 0 : 20));
        for_each_set(outer_check, &p);
        outer_destroy(&p);
    }
}

static void outer_is_right_for_large_shapes(void **unused)
{
    (void)unused;
    static const int64_t shapes[][4] = {// m, n, rows, longest run
                                        {33, 1050, 19, 4},
                                        {240, 37, 411, 1},
                                        {19, 35, 1203, 64}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i)
        for (int from = 0; from < 2; ++from) {
            outer_problem p = outer_create(shapes[i][0], shapes[i][1],
                                           shapes[i][2], shapes[i][3]);
            p.start = from == 1;
            for_each_set(outer_check, &p);
            outer_destroy(&p);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pack_lays_out_panels),
        cmocka_unit_test(product_is_right_for_random_shapes),
        cmocka_unit_test(product_is_right_for_every_width),
        cmocka_unit_test(product_is_right_for_large_shapes),
        cmocka_unit_test(outer_is_right_for_random_shapes),
        cmocka_unit_test(outer_is_right_for_large_shapes),
    };
    return cmocka_run_group_tests_name("product", tests, NULL, NULL);
}
