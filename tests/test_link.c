// SPDX-License-Identifier: MIT
// Links of products: calls of few rows, alone and one after another, followed
// forwards and backwards, leave the bits that the calls leave.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/kernel.h"
#include "support/floats.h"
#include "support/guarded.h"

enum { CALLS = 2, TERMS = 2, RESULTS = 3, CASES = 300 };

// Calls that continue each other: results of the second begin from what the
// first leaves. `in_place`: the first leaves it where the second leaves its.
typedef struct chain {
    const rni_kernels *kernels;
    int64_t rows, cols[RESULTS];
    int32_t n_calls, n_terms[CALLS], n_results;
    int64_t fold; // panels; 0: none
    bool in_place, from_zero;
    matrix a[CALLS][TERMS], init[RESULTS], between[RESULTS], c[RESULTS];
    float *packed[CALLS][RESULTS];
    rni_product_term terms[CALLS][TERMS];
    rni_product_result results[CALLS][RESULTS];
    rni_product_call calls[CALLS];
} chain;

static int64_t panels_of(const chain *ch, int32_t result)
{
    const int64_t panel = ch->kernels->panel;
    return (ch->cols[result] + panel - 1) / panel;
}

// Any numbers will do where panels are: bits are compared with bits. Beyond
// the last column they are zero.
static float *draw_panels(const chain *ch, int32_t result, int64_t depth)
{
    const int64_t panel = ch->kernels->panel;
    const int64_t floats = depth * panels_of(ch, result) * panel;
    float *packed = guarded_create((size_t)floats);
    for (int64_t i = 0; i < floats; i++) {
        const int64_t col = i / (depth * panel) * panel + i % panel;
        packed[i] = col < ch->cols[result] ? floats_draw(1.0f) : 0.0f;
    }
    return packed;
}

static int64_t draw_terms(chain *ch, int32_t call)
{
    int64_t depth = 0;
    ch->n_terms[call] = (int32_t)(1 + floats_draw_up_to(TERMS - 1));
    for (int32_t k = 0; k < ch->n_terms[call]; k++) {
        const int64_t cols = floats_draw_up_to(20);
        matrix *a = &ch->a[call][k];
        *a = matrix_draw(ch->rows, cols, cols + 1 + floats_draw_up_to(3), 1.0f);
        ch->terms[call][k] = (rni_product_term){a->data, a->stride, cols};
        depth += cols;
    }
    return depth;
}

static void draw_results(chain *ch)
{
    for (int32_t r = 0; r < ch->n_results; r++) {
        const int64_t folds = 1 + floats_draw_up_to(5);
        const int64_t cols =
            ch->fold > 0
                ? folds * ch->fold * ch->kernels->panel
                : 1 + floats_draw_up_to(floats_draw_up_to(1) ? 20 : 300);
        ch->cols[r] = cols;
        ch->init[r] = matrix_draw(ch->rows, cols, cols + 2, 1.0f);
        ch->between[r] = matrix_create(ch->rows, cols, cols + 1);
        ch->c[r] = matrix_create(ch->rows, cols, cols + floats_draw_up_to(3));
    }
}

static void draw_call(chain *ch, int32_t call)
{
    const int64_t depth = draw_terms(ch, call);
    int64_t panels = 0;
    for (int32_t r = 0; r < ch->n_results; r++) {
        const bool last = call + 1 == ch->n_calls, bias = ch->rows % 2 == 1;
        const matrix *to = last || ch->in_place ? &ch->c[r] : &ch->between[r];
        const rni_product_result *before = ch->results[0] + r;
        ch->packed[call][r] = draw_panels(ch, r, depth);
        ch->results[call][r] =
            (rni_product_result){.cols = ch->cols[r],
                                 .packed = ch->packed[call][r],
                                 .init = call > 0        ? before->c
                                         : ch->from_zero ? NULL
                                                         : ch->init[r].data,
                                 .init_stride = call > 0 ? before->stride
                                                : bias   ? 0
                                                         : ch->init[r].stride,
                                 .c = to->data,
                                 .stride = to->stride};
        panels += panels_of(ch, r);
    }
    ch->calls[call] = (rni_product_call){ch->rows,
                                         ch->terms[call],
                                         ch->n_terms[call],
                                         ch->results[call],
                                         ch->n_results,
                                         0,
                                         panels,
                                         NULL};
}

static void chain_draw(chain *ch, const rni_kernels *kernels, int64_t rows)
{
    memset(ch, 0, sizeof *ch);
    ch->kernels = kernels;
    ch->rows = rows;
    ch->n_calls = (int32_t)(1 + floats_draw_up_to(CALLS - 1));
    ch->n_results = (int32_t)(1 + floats_draw_up_to(RESULTS - 1));
    ch->in_place = floats_draw_up_to(1);
    ch->from_zero = floats_draw_up_to(3) == 0;
    ch->fold = floats_draw_up_to(1) ? 1 + floats_draw_up_to(5) : 0;
    draw_results(ch);
    for (int32_t k = 0; k < ch->n_calls; k++)
        draw_call(ch, k);
}

static void chain_destroy(chain *ch)
{
    for (int32_t r = 0; r < ch->n_results; r++) {
        matrix_destroy(ch->init[r]);
        matrix_destroy(ch->between[r]);
        matrix_destroy(ch->c[r]);
    }
    for (int32_t k = 0; k < ch->n_calls; k++) {
        for (int32_t r = 0; r < ch->n_results; r++)
            guarded_destroy(ch->packed[k][r]);
        for (int32_t t = 0; t < ch->n_terms[k]; t++)
            matrix_destroy(ch->a[k][t]);
    }
}

// Panels [first, last) (of each fold) by links, in the order that is asked for.
static void follow(chain *ch, int64_t first, int64_t last, bool backwards)
{
    const rni_kernels *kernels = ch->kernels;
    int64_t n_terms = 0;
    for (int32_t k = 0; k < ch->n_calls; k++) {
        ch->calls[k].first_panel = first;
        ch->calls[k].last_panel = last;
        n_terms += ch->n_terms[k];
    }
    const int64_t n =
        kernels->product_link(ch->calls, ch->n_calls, ch->fold, NULL, NULL);
    rni_tile_link *links = malloc((size_t)(n + 1) * sizeof *links);
    rni_tile_term *terms = malloc((size_t)(n * n_terms + 1) * sizeof *terms);
    assert_non_null(links);
    assert_non_null(terms);
    assert_int_equal(
        kernels->product_link(ch->calls, ch->n_calls, ch->fold, links, terms),
        n);
    kernels->product_follow(links, n, backwards);
    free(links);
    free(terms);
}

static void chain_check(chain *ch)
{
    matrix want[RESULTS];
    const int64_t all = ch->calls->last_panel;
    const int64_t panels = ch->fold > 0 ? ch->fold : all;
    const int64_t middle = floats_draw_up_to(panels);
    for (int32_t k = 0; k < ch->n_calls; k++)
        ch->kernels->product(&ch->calls[k]);
    for (int32_t r = 0; r < ch->n_results; r++) {
        want[r] = matrix_copy(ch->c[r]);
        for (int64_t row = 0; row < ch->rows; row++)
            memset(ch->c[r].data + row * ch->c[r].stride, 0xff,
                   (size_t)ch->cols[r] * sizeof(float));
    }
    follow(ch, middle, panels, true);
    follow(ch, 0, middle, false);
    for (int32_t r = 0; r < ch->n_results; r++) {
        matrix_check_same(ch->c[r], want[r]);
        matrix_destroy(want[r]);
    }
}

static void links_leave_the_bits_of_calls(void **state)
{
    (void)state;
    for (int isa = 0; isa < RNI_ISA_COUNT; isa++) {
        const rni_kernels *kernels = rni_kernels_get((rni_isa)isa);
        for (int k = 0; kernels != NULL && k < CASES; k++) {
            chain ch;
            chain_draw(&ch, kernels, 1 + k % 4);
            chain_check(&ch);
            chain_destroy(&ch);
        }
    }
}

static void many_rows_have_no_links(void **state)
{
    (void)state;
    const rni_kernels *kernels = rni_kernels_get(rni_isa_choose());
    chain ch;
    chain_draw(&ch, kernels, 5);
    assert_int_equal(kernels->product_link(ch.calls, ch.n_calls, 0, NULL, NULL),
                     0);
    chain_destroy(&ch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_leave_the_bits_of_calls),
        cmocka_unit_test(many_rows_have_no_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
