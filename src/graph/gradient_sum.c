// SPDX-License-Identifier: MIT
// The pieces of a gradient and their sum. What does not depend on the states
// of the gradient's own loop comes first, so that it can leave the loop; all
// products of one value's gradient are one chain.
#include "graph/gradient.h"
#include "kernel/kernel.h"

bool rni_gradient_add(rni_gradient *g, int32_t to, rni_piece piece)
{
    rni_form *form = g->form;
    if (piece.value < 0)
        return false;
    if (!rni_array_reserve(form->memory, (void **)&g->pieces,
                           &g->pieces_capacity, (int64_t)g->n_pieces + 1,
                           sizeof *g->pieces)) {
        rni_error_memory(form->error);
        return false;
    }
    piece.next = -1;
    g->pieces[g->n_pieces] = piece;
    if (g->first[to] < 0)
        g->first[to] = g->n_pieces;
    else
        g->pieces[g->last[to]].next = g->n_pieces;
    g->last[to] = g->n_pieces++;
    return true;
}

// Sums over the rows that a static row or a batch value was spread to.
static int32_t over_rows(rni_form *form, int32_t value, const rni_shape *own)
{
    rni_shape shape = form->values[value].shape;
    if (own->kind == RNI_BATCH && shape.kind == RNI_SEQUENCE)
        return rni_form_pool_sum(form, value, true);
    bool spread = own->kind == RNI_STATIC &&
                  (shape.kind != RNI_STATIC || shape.rows != own->rows);
    if (!spread)
        return value;
    rni_shape row = {RNI_STATIC, RNI_FLOAT, RNI_AXIS_NONE, 1, shape.cols};
    return rni_form_one(form, RNI_FORM_COL_SUM, row, value);
}

static int32_t over_cols(rni_form *form, int32_t value, const rni_shape *own)
{
    rni_shape shape = form->values[value].shape;
    if (own->cols == shape.cols || own->cols != 1)
        return value;
    shape.cols = 1;
    return rni_form_one(form, RNI_FORM_ROW_SUM, shape, value);
}

bool rni_gradient_give(rni_gradient *g, int32_t to, int32_t value)
{
    if (value < 0)
        return false;
    rni_shape own = g->form->values[to].shape;
    value = over_cols(g->form, value, &own);
    if (value >= 0)
        value = over_rows(g->form, value, &own);
    return rni_gradient_add(
        g, to, (rni_piece){.kind = RNI_PIECE_VALUE, .value = value});
}

// ---- The sum
// ------------------------------------------------------------------

typedef struct sum {
    rni_gradient *g;
    int32_t to;
    int32_t loop; // of the gradient of the value's own loop, or -1
    rni_shape shape;
} sum;

// True where the piece depends on the states of the gradient's own loop.
static bool inside(const sum *s, const rni_piece *piece)
{
    const rni_value *value = s->g->form->values + piece->value;
    return s->loop >= 0 && value->shape.kind == RNI_SEQUENCE &&
           value->loop == s->loop;
}

static int32_t add(const sum *s, int32_t a, int32_t b)
{
    return a == -2 ? b
                   : rni_form_tape(s->g->form, RNI_TAPE_ADD, (int32_t[2]){a, b},
                                   2, 0, 0);
}

static int32_t add_values(const sum *s, int32_t value, bool in)
{
    for (int32_t p = s->g->first[s->to]; p >= 0; p = s->g->pieces[p].next) {
        rni_piece piece = s->g->pieces[p];
        if (piece.kind == RNI_PIECE_VALUE && inside(s, &piece) == in)
            value = add(s, value, piece.value);
    }
    return value;
}

// What a chain starts from has all its columns.
static int32_t widened(const sum *s, int32_t value)
{
    if (s->g->form->values[value].shape.cols == s->shape.cols)
        return value;
    return rni_form_spread(s->g->form, value, s->shape);
}

// init + all products on one side of the loop, as one chain.
static int32_t add_terms(const sum *s, int32_t value, bool in)
{
    rni_form *form = s->g->form;
    int32_t n = 0;
    for (int32_t p = s->g->first[s->to]; p >= 0; p = s->g->pieces[p].next)
        n += s->g->pieces[p].kind == RNI_PIECE_TERM &&
             inside(s, s->g->pieces + p) == in;
    if (n == 0 || value == -1)
        return value;
    rni_arg *args =
        rni_memory_zeroed(form->memory, 2 * (size_t)n + 1, sizeof *args);
    if (!args) {
        rni_error_memory(form->error);
        return -1;
    }
    args[0].value = value == -2 ? -1 : widened(s, value);
    if (value >= 0 && args[0].value < 0) {
        rni_memory_release(form->memory, args);
        return -1;
    }
    int32_t at = 1;
    for (int32_t p = s->g->first[s->to]; p >= 0; p = s->g->pieces[p].next) {
        const rni_piece *piece = s->g->pieces + p;
        if (piece->kind != RNI_PIECE_TERM || inside(s, piece) != in)
            continue;
        args[at++].value = piece->value;
        args[at].value = piece->weight;
        args[at++].transposed = piece->transposed;
    }
    value = rni_form_value(form, RNI_FORM_DOT, s->shape, args, at);
    rni_memory_release(form->memory, args);
    return value;
}

static bool overlap(const rni_form *form, const rni_piece *a,
                    const rni_piece *b)
{
    const rni_shape *x = &form->values[a->value].shape;
    const rni_shape *y = &form->values[b->value].shape;
    return a->row < b->row + y->rows && b->row < a->row + x->rows &&
           a->col < b->col + y->cols && b->col < a->col + x->cols;
}

// Parts that do not overlap go into one assembled value; what overlaps waits
// for the next one.
static int32_t assemble_some(const sum *s, rni_arg *args, bool in)
{
    rni_gradient *g = s->g;
    int32_t n = 0, first = -1;
    for (int32_t p = g->first[s->to]; p >= 0; p = g->pieces[p].next) {
        rni_piece *piece = g->pieces + p;
        if (piece->kind != RNI_PIECE_PART || inside(s, piece) != in)
            continue;
        bool clear = true;
        for (int32_t q = first < 0 ? p : first; q != p && clear;
             q = g->pieces[q].next)
            clear = g->pieces[q].kind != -1 ||
                    !overlap(g->form, g->pieces + q, piece);
        if (!clear)
            continue;
        if (first < 0)
            first = p;
        args[n++] = (rni_arg){piece->value, false, piece->row, piece->col};
        piece->kind = -1; // taken now
    }
    for (int32_t p = g->first[s->to]; p >= 0; p = g->pieces[p].next)
        if (g->pieces[p].kind == -1)
            g->pieces[p].kind = -3; // taken before
    if (n == 0)
        return -2;
    return rni_form_value(g->form, RNI_FORM_ASSEMBLE, s->shape, args, n);
}

static int32_t add_parts(const sum *s, int32_t value, bool in)
{
    rni_form *form = s->g->form;
    int32_t n = 0;
    for (int32_t p = s->g->first[s->to]; p >= 0; p = s->g->pieces[p].next)
        n += s->g->pieces[p].kind == RNI_PIECE_PART;
    if (n == 0 || value == -1)
        return value;
    rni_arg *args = rni_memory_zeroed(form->memory, (size_t)n, sizeof *args);
    if (!args) {
        rni_error_memory(form->error);
        return -1;
    }
    int32_t part = assemble_some(s, args, in);
    for (; part >= 0; part = assemble_some(s, args, in))
        value = add(s, value, part);
    rni_memory_release(form->memory, args);
    return part == -1 ? -1 : value;
}

int32_t rni_gradient_sum(rni_gradient *g, int32_t to)
{
    if (g->first[to] < 0)
        return -2;
    const rni_value *own = g->form->values + to;
    sum s = {g, to, own->loop < 0 ? -1 : g->loops[own->loop], own->shape};
    int32_t value = -2;
    for (int32_t in = 0; in < 2; in++) {
        value = add_values(&s, value, in);
        value = add_parts(&s, value, in);
        value = add_terms(&s, value, in);
    }
    return rni_form_spread(g->form, value, s.shape);
}
