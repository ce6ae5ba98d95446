// SPDX-License-Identifier: MIT
// Sums of products in the one order they will ever have: biases, products
// with batch values, products with what comes from outside the loop, products
// with states, then everything else. So a hoisted input product and a fused
// one, a streamed step and a trained sequence, all add up alike.
#include "graph/lower.h"
#include "kernel/kernel.h"

typedef enum term_kind {
    TERM_BIAS,    // a static row
    TERM_BATCH,   // a product with a batch value
    TERM_OUTSIDE, // a product with a sequence value from outside the loop
    TERM_INSIDE,  // a product with a value of the loop
    TERM_OTHER
} term_kind;

typedef struct term {
    term_kind kind;
    int32_t value; // of a bias or other addend, or the left operand
    int32_t weight;
    bool transposed;
} term;

typedef struct sum {
    rni_lowering *lowering;
    int64_t cols;
    int32_t n_terms, terms_capacity;
    term *terms;
    int32_t n_pending, pending_capacity;
    const rnnc_node **pending; // nodes still to be taken apart, last first
    int32_t n_parts, parts_capacity;
    term *parts; // products still to be taken apart, last first
} sum;

static bool push_pending(sum *s, const rnnc_node *node)
{
    rni_form *form = s->lowering->form;
    if (!rni_array_reserve(form->memory, (void **)&s->pending,
                           &s->pending_capacity, (int64_t)s->n_pending + 1,
                           sizeof *s->pending)) {
        rni_error_memory(form->error);
        return false;
    }
    s->pending[s->n_pending++] = node;
    return true;
}

static bool push_term(sum *s, term t)
{
    rni_form *form = s->lowering->form;
    if (t.value < 0)
        return false;
    if (!rni_array_reserve(form->memory, (void **)&s->terms, &s->terms_capacity,
                           (int64_t)s->n_terms + 1, sizeof *s->terms)) {
        rni_error_memory(form->error);
        return false;
    }
    s->terms[s->n_terms++] = t;
    return true;
}

static bool push_addend(sum *s, int32_t value)
{
    if (value < 0)
        return false;
    const rni_shape *shape = &s->lowering->form->values[value].shape;
    bool row =
        shape->kind == RNI_STATIC && shape->rows == 1 && shape->cols == s->cols;
    return push_term(s, (term){row ? TERM_BIAS : TERM_OTHER, value, -1, false});
}

// A product whose left operand is static is a static value of its own.
static bool push_static_product(sum *s, int32_t a, int32_t weight,
                                bool transposed)
{
    rni_form *form = s->lowering->form;
    rni_shape shape = form->values[a].shape;
    shape.cols = s->cols;
    rni_arg args[3] = {{.value = -1}, {.value = a}, {.value = weight}};
    args[2].transposed = transposed;
    return push_addend(s, rni_form_value(form, RNI_FORM_DOT, shape, args, 3));
}

static bool push_product(sum *s, int32_t a, int32_t weight, bool transposed)
{
    if (a < 0 || weight < 0)
        return false;
    const rni_value *left = s->lowering->form->values + a;
    term_kind kind = TERM_OUTSIDE;
    if (left->shape.kind == RNI_STATIC)
        return push_static_product(s, a, weight, transposed);
    if (left->shape.kind == RNI_BATCH)
        kind = TERM_BATCH;
    else if (s->lowering->loop >= 0 && left->loop == s->lowering->loop)
        kind = TERM_INSIDE;
    return push_term(s, (term){kind, a, weight, transposed});
}

// The part of a weight that meets columns [first, first + count) of the left
// operand.
static int32_t weight_part(rni_form *form, int32_t weight, bool transposed,
                           int64_t first, int64_t count)
{
    rni_shape shape = form->values[weight].shape;
    rni_arg arg = {.value = weight};
    if (transposed) {
        arg.col = first;
        shape.cols = count;
    } else {
        arg.row = first;
        shape.rows = count;
    }
    return rni_form_value(form, RNI_FORM_VIEW, shape, &arg, 1);
}

static bool push_part(sum *s, term part)
{
    rni_form *form = s->lowering->form;
    if (part.value < 0 || part.weight < 0)
        return false;
    if (!rni_array_reserve(form->memory, (void **)&s->parts, &s->parts_capacity,
                           (int64_t)s->n_parts + 1, sizeof *s->parts)) {
        rni_error_memory(form->error);
        return false;
    }
    s->parts[s->n_parts++] = part;
    return true;
}

// The parts of a concatenation, the first on top.
static bool push_parts(sum *s, term whole)
{
    rni_form *form = s->lowering->form;
    int32_t bottom = s->n_parts, n = form->values[whole.value].n_args;
    for (int32_t i = 0; i < n; i++) {
        rni_arg part = rni_form_args(form, whole.value)[i];
        int64_t cols = form->values[part.value].shape.cols;
        int32_t w =
            weight_part(form, whole.weight, whole.transposed, part.col, cols);
        if (!push_part(s, (term){.value = part.value,
                                 .weight = w,
                                 .transposed = whole.transposed}))
            return false;
    }
    for (int32_t i = 0; i < n / 2; i++) {
        term swapped = s->parts[bottom + i];
        s->parts[bottom + i] = s->parts[bottom + n - 1 - i];
        s->parts[bottom + n - 1 - i] = swapped;
    }
    return true;
}

// A product over a concatenation is the products over its parts. They lie on a
// stack of their own: how deep a graph is, is for whoever described it to say.
static bool push_split(sum *s, int32_t a, int32_t weight, bool transposed)
{
    const rni_form *form = s->lowering->form;
    bool good = push_part(
        s, (term){.value = a, .weight = weight, .transposed = transposed});
    while (good && s->n_parts > 0) {
        term part = s->parts[--s->n_parts];
        const rni_value *left = form->values + part.value;
        bool split =
            left->op == RNI_FORM_ASSEMBLE && left->shape.kind != RNI_STATIC;
        good = split
                   ? push_parts(s, part)
                   : push_product(s, part.value, part.weight, part.transposed);
    }
    return good;
}

// Takes one node apart: sums into their sides, products into terms.
static bool take(sum *s, const rnnc_node *node, bool root)
{
    const rni_lowering *l = s->lowering;
    if (!root && !rni_lowering_absorbed(l, node))
        return push_addend(s, rni_lowered(l, node));
    if (node->op == RNI_OP_ADD)
        return push_pending(s, node->inputs[1]) &&
               push_pending(s, node->inputs[0]);
    bool transposed = node->op == RNI_OP_PROJECT;
    int32_t weight = rni_lowered(l, node->inputs[1]);
    if (node->n_inputs == 3 && !push_addend(s, rni_lowered(l, node->inputs[2])))
        return false;
    return push_split(s, rni_lowered(l, node->inputs[0]), weight, transposed);
}

static int32_t add(rni_form *form, int32_t a, int32_t b)
{
    return a < 0
               ? b
               : rni_form_tape(form, RNI_TAPE_ADD, (int32_t[2]){a, b}, 2, 0, 0);
}

static int32_t add_all(const sum *s, int32_t value, term_kind kind)
{
    for (int32_t i = 0; i < s->n_terms; i++)
        if (s->terms[i].kind == kind)
            value = add(s->lowering->form, value, s->terms[i].value);
    return value;
}

static int32_t count(const sum *s, term_kind kind)
{
    int32_t n = 0;
    for (int32_t i = 0; i < s->n_terms; i++)
        n += s->terms[i].kind == kind;
    return n;
}

// init + the products of one kind, as one chain.
static int32_t dot(const sum *s, int32_t init, term_kind kind)
{
    rni_form *form = s->lowering->form;
    int32_t n_products = count(s, kind);
    if (n_products == 0)
        return init;
    size_t n_args = 2 * (size_t)n_products + 1;
    rni_arg *args = rni_memory_zeroed(form->memory, n_args, sizeof *args);
    if (!args) {
        rni_error_memory(form->error);
        return -1;
    }
    args[0].value = init;
    rni_shape shape = {0};
    for (int32_t i = 0, at = 1; i < s->n_terms; i++) {
        const term *t = s->terms + i;
        if (t->kind != kind)
            continue;
        shape = form->values[t->value].shape;
        args[at++].value = t->value;
        args[at].value = t->weight;
        args[at++].transposed = t->transposed;
    }
    shape.cols = s->cols;
    int32_t value =
        rni_form_value(form, RNI_FORM_DOT, shape, args, (int32_t)n_args);
    rni_memory_release(form->memory, args);
    return value;
}

static int32_t finish(const sum *s)
{
    rni_form *form = s->lowering->form;
    bool products = count(s, TERM_BIAS) + count(s, TERM_OTHER) < s->n_terms;
    int32_t value = -1;
    if (!products) { // in the order written
        for (int32_t i = 0; i < s->n_terms; i++)
            value = add(form, value, s->terms[i].value);
        return value;
    }
    value = add_all(s, value, TERM_BIAS);
    for (int32_t kind = TERM_BATCH; kind <= TERM_INSIDE; kind++) {
        value = dot(s, value, (term_kind)kind);
        if (form->error->status != RNNC_OK)
            return -1;
    }
    return add_all(s, value, TERM_OTHER);
}

int32_t rni_lower_sum(rni_lowering *lowering, const rnnc_node *node)
{
    sum s = {.lowering = lowering, .cols = node->shape.cols};
    bool good = take(&s, node, true);
    while (good && s.n_pending > 0)
        good = take(&s, s.pending[--s.n_pending], false);
    int32_t value = good ? finish(&s) : -1;
    rni_memory_release(lowering->form->memory, s.terms);
    rni_memory_release(lowering->form->memory, (void *)s.pending);
    rni_memory_release(lowering->form->memory, s.parts);
    return value;
}
