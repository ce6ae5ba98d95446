// SPDX-License-Identifier: MIT
// Reading a plan once: room, costs, and what may be split.
#include "run/profile.h"

#include <string.h>

#include "base/sort.h"

enum { GRAIN = 16, ELEMENT_COST = 8, ROW_COST = 16 };

// ---- Costs -----------------------------------------------------------------

int64_t rni_product_depth(const rnnc_plan *plan, const rni_plan_product *p)
{
    int64_t depth = 0;
    for (int32_t k = 0; k < p->n_terms; k++)
        depth += plan->terms[p->first_term + k].depth;
    return depth;
}

static double product_cost(const rnnc_plan *plan, const rni_plan_product *p)
{
    double cols = 0;
    for (int32_t r = 0; r < p->n_results; r++)
        cols += (double)plan->results[p->first_result + r].cols;
    return cols * (double)rni_product_depth(plan, p);
}

static double matmul_cost(const rnnc_plan *plan, const rni_instruction *i)
{
    const rni_plan_matmul *m = plan->matmuls + i->detail;
    double depth = 0;
    for (int32_t k = 0; k < m->n_terms; k++)
        depth += (double)plan->terms[m->first_term + k].depth;
    return depth * (double)i->cols;
}

double rni_profile_cost(const rnnc_plan *plan, const rni_instruction *i)
{
    switch (i->op) {
    case RNI_RUN_TAPE: {
        const rni_plan_tape *tape = plan->tapes + i->detail;
        return ELEMENT_COST * (double)tape->n_code * (double)tape->cols;
    }
    case RNI_RUN_PRODUCT:
        return product_cost(plan, plan->products + i->detail);
    case RNI_RUN_MATMUL:
        return matmul_cost(plan, i);
    case RNI_RUN_OUTER:
        return (double)i->integers[0] * (double)i->cols;
    default:
        return ROW_COST * (double)i->cols;
    }
}

// ---- Ranks -----------------------------------------------------------------

enum { USED = 1, WRITTEN = 2 };

// What a section does to each buffer.
typedef struct touched {
    const rnnc_plan *plan;
    uint8_t *marks; // [n_buffers]
    uint32_t *list; // those with a mark, or NULL: nobody asks
    uint32_t n;
} touched;

static void mark_touched(void *user, const rni_operand *o, bool written)
{
    touched *t = user;
    if (o->buffer < 0)
        return;
    if (t->list != NULL && t->marks[o->buffer] == 0)
        t->list[t->n++] = (uint32_t)o->buffer;
    t->marks[o->buffer] |= written ? USED | WRITTEN : USED;
}

static int32_t order_of(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int32_t by_place(const void *user, uint32_t a, uint32_t b)
{
    const touched *t = user;
    const rni_buffer *x = t->plan->buffers + a, *y = t->plan->buffers + b;
    int32_t order = order_of(x->extent, y->extent);
    order = order ? order : order_of(x->axis, y->axis);
    order = order ? order : order_of(x->offset, y->offset);
    return order ? order : order_of(x->cols, y->cols);
}

// What lies before in a class: where it ends, and what is written of it.
typedef struct behind {
    int64_t end, written;
} behind;

// Goes on to the buffers from *at on that lie at one and the same place; false
// where they meet what lies before.
static bool pass_place(const touched *t, uint32_t *at, behind *before)
{
    const rni_buffer *b = t->plan->buffers + t->list[*at];
    bool written = false;
    for (; *at < t->n; ++*at) {
        const rni_buffer *next = t->plan->buffers + t->list[*at];
        if (next->extent != b->extent || next->axis != b->axis ||
            next->offset != b->offset || next->cols != b->cols)
            break;
        written |= (t->marks[t->list[*at]] & WRITTEN) != 0;
    }
    if ((written ? before->end : before->written) > b->offset)
        return false;
    int64_t end = b->offset + b->cols;
    before->end = end > before->end ? end : before->end;
    if (written && end > before->written)
        before->written = end;
    return true;
}

// Buffers that share memory row for row keep ranks apart; others do not: row 3
// of one may lie on row 7 of the other.
static bool keeps_ranks_apart(touched *t)
{
    rni_sort(t->list, t->n, by_place, t);
    behind before = {0, 0};
    int32_t extent = -1, axis = -1;
    for (uint32_t at = 0; at < t->n;) {
        const rni_buffer *b = t->plan->buffers + t->list[at];
        if (b->extent != extent || b->axis != axis)
            before = (behind){0, 0};
        extent = b->extent;
        axis = b->axis;
        if (extent <= RNI_EXTENT_STATIC || extent == RNI_EXTENT_INPUT)
            at++;
        else if (!pass_place(t, &at, &before))
            return false;
    }
    return true;
}

static bool is_rank_safe(const rnnc_plan *plan, const rni_section *section,
                         uint8_t *marks, uint32_t *list)
{
    touched t = {plan, marks, list, 0};
    for (int32_t k = 0; k < section->n_instructions; k++)
        rni_instruction_visit(
            plan, plan->instructions + section->first_instruction + k,
            mark_touched, &t);
    bool safe = keeps_ranks_apart(&t);
    for (uint32_t i = 0; i < t.n; i++)
        marks[list[i]] = 0;
    return safe;
}

// ---- The profile -----------------------------------------------------------

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

bool rni_packed_floats(const rni_kernels *kernels, int64_t depth, int64_t cols,
                       int64_t *floats)
{
    size_t product;
    int64_t panel = kernels->panel;
    if (cols > INT64_MAX - panel)
        return false;
    int64_t width = (cols + panel - 1) / panel * panel;
    if (!rni_size_multiply((size_t)depth, (size_t)width, &product) ||
        product > (size_t)PTRDIFF_MAX / sizeof(float))
        return false;
    *floats = (int64_t)product;
    return true;
}

static bool measure_pack(rni_profile *profile, const rnnc_plan *plan,
                         const rni_kernels *kernels, int32_t pack)
{
    const rni_plan_product *p = plan->products + plan->packs[pack].product;
    int64_t depth = rni_product_depth(plan, p), all = 0, one;
    for (int32_t r = 0; r < p->n_results; r++) {
        if (!rni_packed_floats(kernels, depth,
                               plan->results[p->first_result + r].cols, &one) ||
            all > INT64_MAX / (int64_t)sizeof(float) - one)
            return false;
        all += one;
    }
    profile->pack_floats[pack] = all;
    return true;
}

static bool measure_matmul(rni_profile *profile, const rnnc_plan *plan,
                           const rni_kernels *kernels, const rni_instruction *i)
{
    const rni_plan_matmul *m = plan->matmuls + i->detail;
    int64_t depth = 0, floats;
    for (int32_t k = 0; k < m->n_terms; k++)
        depth += plan->terms[m->first_term + k].depth;
    profile->most_terms = larger(profile->most_terms, m->n_terms);
    profile->most_results = larger(profile->most_results, 1);
    if (!rni_packed_floats(kernels, depth, i->cols, &floats))
        return false;
    if (floats > profile->matmul_floats)
        profile->matmul_floats = floats;
    return true;
}

static bool measure_instruction(rni_profile *profile, const rnnc_plan *plan,
                                const rni_kernels *kernels,
                                const rni_instruction *i)
{
    if (i->op == RNI_RUN_TAPE) {
        const rni_plan_tape *tape = plan->tapes + i->detail;
        profile->most_loads = larger(profile->most_loads, tape->n_loads);
        profile->most_stores = larger(profile->most_stores, tape->n_stores);
        profile->most_slots = larger(profile->most_slots, tape->n_slots);
    } else if (i->op == RNI_RUN_PRODUCT) {
        const rni_plan_product *p = plan->products + i->detail;
        profile->most_terms = larger(profile->most_terms, p->n_terms);
        profile->most_results = larger(profile->most_results, p->n_results);
    } else if (i->op == RNI_RUN_MATMUL) {
        return measure_matmul(profile, plan, kernels, i);
    } else if (i->op == RNI_RUN_OUTER) {
        profile->outer = true;
    }
    return true;
}

static void measure_section(rni_profile *profile, const rnnc_plan *plan,
                            int32_t index, uint32_t *list)
{
    const rni_section *section = plan->sections + index;
    rni_section_profile *to = profile->sections + index;
    for (int32_t k = 0; k < section->n_instructions; k++) {
        const rni_instruction *i =
            plan->instructions + section->first_instruction + k;
        to->cost += rni_profile_cost(plan, i);
        if (i->op == RNI_RUN_PRODUCT)
            to->weights += product_cost(plan, plan->products + i->detail);
    }
    to->rank_safe = section->loop >= 0 &&
                    is_rank_safe(plan, section, profile->touched, list);
}

// ---- Buffers and their classes ---------------------------------------------

static void mark_all(rni_profile *profile, const rnnc_plan *plan)
{
    touched t = {plan, profile->touched, NULL, 0};
    memset(t.marks, 0, (size_t)plan->n_buffers);
    for (int32_t k = 0; k < plan->n_instructions; k++)
        rni_instruction_visit(plan, plan->instructions + k, mark_touched, &t);
    for (int32_t k = 0; k < plan->n_states; k++) {
        mark_touched(&t, &plan->states[k].next, false);
        mark_touched(&t, &plan->states[k].first, false);
        mark_touched(&t, &plan->states[k].final, true);
    }
    for (int32_t k = 0; k < plan->n_outputs; k++)
        mark_touched(&t, &plan->outputs[k].operand, false);
    for (int32_t k = 0; k < plan->n_gradients; k++)
        mark_touched(&t, &plan->gradients[k].operand, false);
    mark_touched(&t, &plan->loss, false);
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void find_classes(rni_profile *profile, const rnnc_plan *plan)
{
    for (int32_t c = 0; c < plan->n_classes; c++)
        profile->grains[c] = 1;
    for (int32_t b = 0; b < plan->n_buffers; b++) {
        const rni_buffer *buffer = plan->buffers + b;
        profile->classes[b] = -1;
        for (int32_t c = 0; c < plan->n_classes; c++)
            if (plan->classes[c].extent == buffer->extent &&
                plan->classes[c].axis == buffer->axis)
                profile->classes[b] = c;
        if (profile->classes[b] < 0)
            continue;
        // offset * rows is then a multiple of 16 floats
        int64_t grain = GRAIN / common_divisor(GRAIN, buffer->offset % GRAIN);
        int64_t *known = profile->grains + profile->classes[b];
        *known = grain > *known ? grain : *known;
    }
}

static void *room(const rni_memory *memory, int32_t count, size_t size,
                  bool *good)
{
    void *block = rni_memory_zeroed(memory, (size_t)count, size);
    *good = *good && block != NULL;
    return block;
}

bool rni_profile_init(rni_profile *profile, const rnnc_plan *plan,
                      const rni_kernels *kernels, const rni_memory *memory)
{
    bool good = true;
    *profile = (rni_profile){.memory = memory};
    profile->sections =
        room(memory, plan->n_sections, sizeof *profile->sections, &good);
    profile->classes =
        room(memory, plan->n_buffers, sizeof *profile->classes, &good);
    profile->grains =
        room(memory, plan->n_classes, sizeof *profile->grains, &good);
    profile->touched = room(memory, plan->n_buffers, 1, &good);
    profile->pack_floats =
        room(memory, plan->n_packs, sizeof *profile->pack_floats, &good);
    profile->folds =
        room(memory, plan->n_products, sizeof *profile->folds, &good);
    profile->meets = room(memory, plan->n_instructions, 1, &good);
    if (!good)
        return false;
    uint32_t *list = room(memory, plan->n_buffers, sizeof *list, &good);
    for (int32_t s = 0; good && s < plan->n_sections; s++)
        measure_section(profile, plan, s, list);
    rni_memory_release(memory, list);
    for (int32_t k = 0; good && k < plan->n_instructions; k++)
        good =
            measure_instruction(profile, plan, kernels, plan->instructions + k);
    for (int32_t k = 0; good && k < plan->n_packs; k++)
        good = measure_pack(profile, plan, kernels, k);
    mark_all(profile, plan);
    find_classes(profile, plan);
    for (int32_t s = 0; s < plan->n_sections; s++)
        rni_columns_find(profile, plan, s);
    return good;
}

void rni_profile_fini(rni_profile *profile)
{
    rni_memory_release(profile->memory, profile->sections);
    rni_memory_release(profile->memory, profile->classes);
    rni_memory_release(profile->memory, profile->grains);
    rni_memory_release(profile->memory, profile->touched);
    rni_memory_release(profile->memory, profile->pack_floats);
    rni_memory_release(profile->memory, profile->folds);
    rni_memory_release(profile->memory, profile->meets);
}
