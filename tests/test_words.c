// SPDX-License-Identifier: MIT
// Weights packed as bf16 and as int8: whatever a term's weights are packed as,
// products give the bits that they give with the same weights as floats.
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

enum { TERMS = 3, RESULTS = 2, CASES = 200 };

typedef struct part { // the weights of a result for a term
    int32_t number;
    bool transposed;
    matrix w;
    float *scales; // [cols]
} part;

typedef struct problem {
    int64_t rows;
    int32_t n_terms, n_results;
    matrix a[TERMS], init[RESULTS];
    part parts[RESULTS][TERMS];
    uint8_t numbers[RESULTS][TERMS];
} problem;

static float *allocate_floats(int64_t n)
{
    float *floats = guarded_create((size_t)n);
    memset(floats, 0, (size_t)n * sizeof *floats);
    return floats;
}

// ---- Weights that can be packed so ------------------------------------------

static float draw_bf16(void)
{
    float value = floats_draw(1.0f);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits &= 0xffff0000u;
    memcpy(&value, &bits, sizeof bits);
    return value;
}

// Sixteen significant bits, of the least size and of others.
static float draw_scale(void)
{
    const float steps = (float)(0x8000 + floats_draw_up_to(0x7fff));
    return steps * (floats_draw_up_to(3) == 0 ? 0x1p-115f : 0x1p-20f);
}

static float draw_weight(const part *p, int64_t n)
{
    if (p->number == RNI_NUMBER_BF16)
        return draw_bf16();
    if (p->number == RNI_NUMBER_INT8)
        return (float)(floats_draw_up_to(255) - 128) * p->scales[n];
    return floats_draw(1.0f);
}

static part draw_part(int64_t depth, int64_t cols)
{
    part p = {.number = (int32_t)floats_draw_up_to(RNI_NUMBER_COUNT - 1),
              .transposed = floats_draw_up_to(1) == 1,
              .scales = allocate_floats(cols)};
    const int64_t rows = p.transposed ? cols : depth;
    const int64_t wide = p.transposed ? depth : cols;
    p.w = matrix_create(rows, wide, wide + floats_draw_up_to(3));
    for (int64_t n = 0; n < cols; n++)
        p.scales[n] = draw_scale();
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < wide; c++)
            p.w.data[r * p.w.stride + c] =
                draw_weight(&p, p.transposed ? r : c);
    return p;
}

static problem problem_draw(int64_t rows, int64_t deepest, int64_t widest)
{
    problem p = {.rows = rows,
                 .n_terms = (int32_t)(1 + floats_draw_up_to(TERMS - 1)),
                 .n_results = (int32_t)(1 + floats_draw_up_to(RESULTS - 1))};
    for (int32_t k = 0; k < p.n_terms; k++) {
        const int64_t depth = floats_draw_up_to(deepest);
        p.a[k] = matrix_draw(rows, depth, depth + 1, 1.0f);
    }
    for (int32_t r = 0; r < p.n_results; r++) {
        const int64_t cols = 1 + floats_draw_up_to(widest - 1);
        p.init[r] = matrix_draw(rows, cols, cols, 1.0f);
        for (int32_t k = 0; k < p.n_terms; k++) {
            p.parts[r][k] = draw_part(p.a[k].cols, cols);
            p.numbers[r][k] = (uint8_t)p.parts[r][k].number;
        }
    }
    return p;
}

static void problem_destroy(problem *p)
{
    for (int32_t k = 0; k < p->n_terms; k++)
        matrix_destroy(p->a[k]);
    for (int32_t r = 0; r < p->n_results; r++) {
        matrix_destroy(p->init[r]);
        for (int32_t k = 0; k < p->n_terms; k++) {
            matrix_destroy(p->parts[r][k].w);
            guarded_destroy(p->parts[r][k].scales);
        }
    }
}

// ---- Products ---------------------------------------------------------------

static int64_t panels_of(const rni_kernels *kernels, int64_t cols)
{
    return (cols + kernels->panel - 1) / kernels->panel;
}

// Exactly as many floats as it takes, for the address sanitizer.
static float *pack(const rni_kernels *kernels, const problem *p, int32_t r,
                   const uint8_t *numbers)
{
    const int64_t cols = p->init[r].cols;
    int64_t total = 0, first = 0;
    for (int32_t k = 0; k < p->n_terms; k++)
        total += rni_panel_rows(numbers != NULL ? numbers[k] : 0, p->a[k].cols);
    float *packed =
        allocate_floats(total * panels_of(kernels, cols) * kernels->panel);
    for (int32_t k = 0; k < p->n_terms; k++) {
        const part *from = &p->parts[r][k];
        const int32_t number = numbers != NULL ? numbers[k] : 0;
        kernels->pack(&(rni_pack_call){
            from->w.data, from->w.stride, from->transposed, p->a[k].cols, cols,
            first, total, packed, number, from->scales});
        first += rni_panel_rows(number, p->a[k].cols);
    }
    return packed;
}

typedef struct answer {
    matrix c[RESULTS];
    rni_product_term terms[TERMS];
    rni_product_result results[RESULTS];
    rni_product_call call;
} answer;

static void answer_begin(answer *to, const rni_kernels *kernels,
                         const problem *p, bool words)
{
    int64_t panels = 0;
    for (int32_t k = 0; k < p->n_terms; k++)
        to->terms[k] =
            (rni_product_term){p->a[k].data, p->a[k].stride, p->a[k].cols};
    for (int32_t r = 0; r < p->n_results; r++) {
        const matrix *init = &p->init[r];
        const uint8_t *numbers = words ? p->numbers[r] : NULL;
        to->c[r] = matrix_create(p->rows, init->cols, init->cols + 3);
        to->results[r] =
            (rni_product_result){init->cols,    pack(kernels, p, r, numbers),
                                 init->data,    r == 0 ? 0 : init->stride,
                                 to->c[r].data, to->c[r].stride,
                                 numbers};
        panels += panels_of(kernels, init->cols);
    }
    to->call =
        (rni_product_call){p->rows,      to->terms, p->n_terms, to->results,
                           p->n_results, 0,         panels,     NULL};
}

static void answer_destroy(answer *a)
{
    for (int32_t r = 0; r < a->call.n_results; r++) {
        matrix_destroy(a->c[r]);
        guarded_destroy((float *)(uintptr_t)a->results[r].packed);
    }
}

static void answer_run(answer *a, const rni_kernels *kernels, int64_t step)
{
    int64_t depth = 0, panels = a->call.last_panel;
    for (int32_t k = 0; k < a->call.n_terms; k++)
        depth += a->terms[k].depth;
    float *scratch =
        allocate_floats(kernels->product_scratch(a->call.rows, depth));
    a->call.scratch = scratch;
    for (int64_t first = 0; first < panels; first += step) {
        a->call.first_panel = first;
        a->call.last_panel = first + step < panels ? first + step : panels;
        kernels->product(&a->call);
    }
    a->call.first_panel = 0;
    a->call.last_panel = panels;
    guarded_destroy(scratch);
}

// By way of links, where there are any.
static bool answer_follow(answer *a, const rni_kernels *kernels)
{
    const int64_t n = kernels->product_link(&a->call, 1, 0, NULL, NULL);
    if (n == 0)
        return false;
    rni_tile_link *links = malloc((size_t)n * sizeof *links);
    rni_tile_term *terms =
        malloc((size_t)(n * a->call.n_terms) * sizeof *terms);
    assert_true(links != NULL && terms != NULL);
    kernels->product_link(&a->call, 1, 0, links, terms);
    kernels->product_follow(links, n, true);
    free(links);
    free(terms);
    return true;
}

static void assert_same(const answer *a, const answer *b)
{
    for (int32_t r = 0; r < a->call.n_results; r++)
        matrix_check_same(b->c[r], a->c[r]);
}

// ---- Tests ------------------------------------------------------------------

static void check(const rni_kernels *kernels, const problem *p)
{
    answer plain, words;
    answer_begin(&plain, kernels, p, false);
    answer_run(&plain, kernels, plain.call.last_panel);
    for (int64_t step = 1; step < 8; step += 3) {
        answer_begin(&words, kernels, p, true);
        answer_run(&words, kernels, step);
        assert_same(&plain, &words);
        answer_destroy(&words);
    }
    answer_begin(&words, kernels, p, true);
    if (answer_follow(&words, kernels))
        assert_same(&plain, &words);
    answer_destroy(&words);
    answer_destroy(&plain);
}

static void check_sets(int64_t rows, int64_t deepest, int64_t widest)
{
    problem p = problem_draw(rows, deepest, widest);
    for (int isa = 0; isa < RNI_ISA_COUNT; isa++)
        if (rni_kernels_get((rni_isa)isa) != NULL)
            check(rni_kernels_get((rni_isa)isa), &p);
    problem_destroy(&p);
}

static void words_give_the_bits_of_floats(void **unused)
{
    (void)unused;
    for (int i = 0; i < CASES; i++)
        check_sets(1 + i % 17, 1 + i % 41, 90);
}

static void words_of_large_products(void **unused)
{
    (void)unused;
    for (int i = 0; i < 4; i++) {
        check_sets(1 + i, 700, 200);
        check_sets(40 + 97 * i, 700, 90);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_give_the_bits_of_floats),
        cmocka_unit_test(words_of_large_products),
    };
    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
