// SPDX-License-Identifier: MIT
// Products: those with a common left side become one, columns side by side.
// Products of static rows are matrix products of their own.
#include "plan/planner.h"
#include "plan/ready.h"

static int32_t n_terms_of(const rni_planner *p, int32_t v)
{
    return (p->form->values[v].n_args - 1) / 2;
}

static int32_t left(const rni_planner *p, int32_t v, int32_t term)
{
    return rni_planner_args(p, v)[1 + 2 * term].value;
}

bool rni_planner_is_packed(const rni_planner *p, int32_t v)
{
    for (int32_t k = 0; k < n_terms_of(p, v); k++)
        if (!p->prepared[rni_planner_args(p, v)[2 + 2 * k].value])
            return false;
    return true;
}

static bool write_terms(const rni_emission *e, int32_t v)
{
    rni_planner *p = e->planner;
    int32_t n = n_terms_of(p, v);
    if (!RNI_PLAN_RESERVE(p, terms, n))
        return false;
    for (int32_t k = 0; k < n; k++) {
        int32_t a = left(p, v, k);
        p->plan->terms[p->plan->n_terms++] =
            (rni_plan_term){rni_planner_operand(p, a, e->section),
                            p->form->values[a].shape.cols};
    }
    return true;
}

static bool write_sources(const rni_emission *e, int32_t v)
{
    rni_planner *p = e->planner;
    int32_t n = n_terms_of(p, v);
    if (!RNI_PLAN_RESERVE(p, sources, n))
        return false;
    for (int32_t k = 0; k < n; k++) {
        rni_arg w = rni_planner_args(p, v)[2 + 2 * k];
        p->plan->sources[p->plan->n_sources++] = (rni_plan_source){
            rni_planner_operand(p, w.value, -1), w.transposed};
    }
    return true;
}

// One result of the product that is being written, and its weights.
static bool write_result(rni_emission *e, int32_t v)
{
    rni_planner *p = e->planner;
    if (!RNI_PLAN_RESERVE(p, results, 1) || !write_sources(e, v))
        return false;
    int32_t init = rni_planner_args(p, v)[0].value;
    p->plan->results[p->plan->n_results++] = (rni_plan_result){
        p->form->values[v].shape.cols, rni_planner_operand(p, init, e->section),
        rni_planner_operand(p, v, e->section)};
    e->done[v] = true;
    return true;
}

static bool write_results(rni_emission *e, int32_t v)
{
    int32_t n = 0, *together = e->ready->together;
    for (int32_t other = v; other >= 0; other = rni_ready_alike(e->ready, v))
        together[n++] = other;
    for (int32_t i = 0; i < n; i++)
        if (!write_result(e, together[i]))
            return false;
    for (int32_t i = 0; i < n; i++) {
        rni_ready_compute(e->ready, together[i]);
        rni_ready_store(e->ready, together[i]);
    }
    return true;
}

static bool product_by_step(const rni_planner *p, int32_t section,
                            const rni_plan_product *product)
{
    for (int32_t k = 0; k < product->n_terms; k++)
        if (rni_planner_by_step(p, section,
                                &p->plan->terms[product->first_term + k].a, 1))
            return true;
    for (int32_t r = 0; r < product->n_results; r++) {
        const rni_plan_result *result =
            p->plan->results + product->first_result + r;
        if (rni_planner_by_step(p, section, &result->init, 1) ||
            rni_planner_by_step(p, section, &result->c, 1))
            return true;
    }
    return false;
}

// Weights that are not known from the parameters alone are packed by the run,
// once in a stage.
static bool write_pack(const rni_emission *e, int32_t v, int32_t first_source)
{
    rni_planner *p = e->planner;
    if (!RNI_PLAN_RESERVE(p, packs, 1))
        return false;
    rni_plan_pack pack = {p->plan->n_products, first_source,
                          rni_planner_is_packed(p, v)};
    p->plan->packs[p->plan->n_packs++] = pack;
    if (pack.prepared)
        return true;
    rni_instruction instruction = {
        .op = RNI_RUN_PACK, .detail = p->plan->n_packs - 1, .value = v};
    return rni_planner_instruction(p, instruction, NULL, 0);
}

static bool emit_packed(rni_emission *e, int32_t v)
{
    rni_planner *p = e->planner;
    rni_plan_product product = {.first_term = p->plan->n_terms,
                                .n_terms = n_terms_of(p, v),
                                .first_result = p->plan->n_results,
                                .pack = p->plan->n_packs};
    int32_t first_source = p->plan->n_sources;
    if (!RNI_PLAN_RESERVE(p, products, 1) || !write_terms(e, v) ||
        !write_results(e, v) || !write_pack(e, v, first_source))
        return false;
    product.n_results = p->plan->n_results - product.first_result;
    rni_instruction instruction = {
        .op = RNI_RUN_PRODUCT,
        .detail = p->plan->n_products,
        .value = v,
        .cols = p->form->values[v].shape.cols,
        .batch = p->form->values[v].shape.kind == RNI_BATCH,
        .by_step = product_by_step(p, e->section, &product)};
    p->plan->products[p->plan->n_products++] = product;
    return rni_planner_instruction(p, instruction, NULL, 0);
}

static bool emit_static(rni_emission *e, int32_t v)
{
    rni_planner *p = e->planner;
    rni_plan_matmul matmul = {
        .first_term = p->plan->n_terms,
        .n_terms = n_terms_of(p, v),
        .first_source = p->plan->n_sources,
        .init =
            rni_planner_operand(p, rni_planner_args(p, v)[0].value, e->section),
        .c = rni_planner_operand(p, v, e->section)};
    if (!RNI_PLAN_RESERVE(p, matmuls, 1) || !write_terms(e, v) ||
        !write_sources(e, v))
        return false;
    rni_instruction instruction = {.op = RNI_RUN_MATMUL,
                                   .detail = p->plan->n_matmuls,
                                   .rows = p->form->values[v].shape.rows,
                                   .cols = p->form->values[v].shape.cols,
                                   .value = v};
    p->plan->matmuls[p->plan->n_matmuls++] = matmul;
    e->done[v] = true;
    rni_ready_compute(e->ready, v);
    rni_ready_store(e->ready, v);
    return rni_planner_instruction(p, instruction, NULL, 0);
}

bool rni_emit_product(rni_emission *e, int32_t v)
{
    bool is_static = e->planner->form->values[v].shape.kind == RNI_STATIC;
    return is_static ? emit_static(e, v) : emit_packed(e, v);
}
