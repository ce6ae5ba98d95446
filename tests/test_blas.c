// SPDX-License-Identifier: MIT
// The CBLAS door against a triple loop in double, once as it is and once with
// calls cut into small pieces.
#include "base/blas.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "base/random.h"

// The same source again, under another name, as if int ended at 5.
#define RNI_BLAS_LIMIT   5
#define rni_blas_product cut_product
#include "base/blas.c"
#undef rni_blas_product

typedef void (*product)(bool, bool, int64_t, int64_t, int64_t, float,
                        const float *, int64_t, const float *, int64_t, float,
                        float *, int64_t);

enum { SIDE = 23, PAD = 3, WIDE = SIDE + PAD, ITEMS = SIDE * WIDE };

typedef struct matrices {
    float a[ITEMS], b[ITEMS], c[ITEMS];
    double expected[ITEMS];
} matrices;

typedef struct problem {
    bool ta, tb;
    int64_t m, n, k, lda, ldb, ldc;
    float alpha, beta;
} problem;

static void fill(float *items)
{
    static rni_random random;
    for (int i = 0; i < ITEMS; i++)
        items[i] = 2 * rni_random_uniform(&random) - 1;
}

static void expect(matrices *x, const problem *p)
{
    for (int i = 0; i < ITEMS; i++)
        x->expected[i] = (double)x->c[i];
    for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = 0; j < p->n; j++) {
            double sum = 0;
            for (int64_t q = 0; q < p->k; q++)
                sum += (double)x->a[p->ta ? q * p->lda + i : i * p->lda + q] *
                       (double)x->b[p->tb ? j * p->ldb + q : q * p->ldb + j];
            double *c = &x->expected[i * p->ldc + j];
            *c = (double)p->alpha * sum +
                 (p->beta == 0 ? 0 : (double)p->beta * *c);
        }
}

static void check(product run, const problem *p)
{
    static matrices x;
    fill(x.a);
    fill(x.b);
    fill(x.c);
    if (p->beta == 0 && p->m > 0 && p->n > 0)
        x.c[0] = NAN; // beta 0 does not read C
    expect(&x, p);
    run(p->ta, p->tb, p->m, p->n, p->k, p->alpha, x.a, p->lda, x.b, p->ldb,
        p->beta, x.c, p->ldc);
    for (int i = 0; i < ITEMS; i++)
        assert_true(fabs((double)x.c[i] - x.expected[i]) < 1e-5);
}

// Every shape of these sizes, both transposes, with and without gaps between
// rows; what lies in the gaps must not change.
static void check_all(product run)
{
    static const int64_t sizes[] = {0, 1, 4, 5, 6, 11, SIDE};
    static const float scales[][2] = {{1, 0}, {1, 1}, {-0.5f, 2}};
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    for (int which = 0; which < COUNT * COUNT * COUNT * 8; which++) {
        int shape = which / 8;
        problem p = {.ta = which & 1,
                     .tb = which & 2,
                     .m = sizes[shape % COUNT],
                     .n = sizes[shape / COUNT % COUNT],
                     .k = sizes[shape / COUNT / COUNT],
                     .alpha = scales[shape % 3][0],
                     .beta = scales[shape % 3][1]};
        int64_t gap = which & 4 ? PAD : 0;
        p.lda = (p.ta ? p.m : p.k) + gap;
        p.ldb = (p.tb ? p.k : p.n) + gap;
        p.ldc = p.n + gap;
        check(run, &p);
    }
}

static void products_are_those_of_a_triple_loop(void **state)
{
    (void)state;
    check_all(rni_blas_product);
}

static void cut_products_are_the_same(void **state)
{
    (void)state;
    check_all(cut_product);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_those_of_a_triple_loop),
        cmocka_unit_test(cut_products_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
