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

// The parts on one side of the loop, and in which assembled value each goes.
typedef struct parts {
    int32_t n, n_rounds;
    int32_t *pieces, *round;
    rni_part *places;
    int32_t *first; // round -> its first part in `order`, [n_rounds + 1]
    int32_t *order;
    rni_arg *args;
} parts;

static int32_t count_parts(const sum *s, bool in)
{
    const rni_gradient *g = s->g;
    int32_t n = 0;
    for (int32_t p = g->first[s->to]; p >= 0; p = g->pieces[p].next)
        n += g->pieces[p].kind == RNI_PIECE_PART &&
             inside(s, g->pieces + p) == in;
    return n;
}

static bool make_parts(const sum *s, parts *all, int32_t n)
{
    const rni_memory *m = s->g->form->memory;
    size_t count = (size_t)n;
    *all = (parts){.n = n};
    all->pieces = rni_memory_zeroed(m, count, sizeof *all->pieces);
    all->round = rni_memory_zeroed(m, count, sizeof *all->round);
    all->places = rni_memory_zeroed(m, count, sizeof *all->places);
    all->first = rni_memory_zeroed(m, count + 1, sizeof *all->first);
    all->order = rni_memory_zeroed(m, count, sizeof *all->order);
    all->args = rni_memory_zeroed(m, count, sizeof *all->args);
    return all->pieces && all->round && all->places && all->first &&
           all->order && all->args;
}

static void release_parts(const sum *s, parts *all)
{
    void *const tables[] = {all->pieces, all->round, all->places,
                            all->first,  all->order, all->args};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        rni_memory_release(s->g->form->memory, tables[i]);
}

static void list_parts(const sum *s, parts *all, bool in)
{
    const rni_gradient *g = s->g;
    int32_t n = 0;
    for (int32_t p = g->first[s->to]; p >= 0; p = g->pieces[p].next) {
        const rni_piece *piece = g->pieces + p;
        if (piece->kind != RNI_PIECE_PART || inside(s, piece) != in)
            continue;
        const rni_shape *shape = &g->form->values[piece->value].shape;
        all->places[n] =
            (rni_part){piece->row, piece->col, shape->rows, shape->cols};
        all->pieces[n++] = p;
    }
}

// The parts of each round, in order.
static void sort_rounds(parts *all)
{
    int32_t *first = all->first;
    for (int32_t i = 0; i < all->n; i++)
        first[all->round[i] + 1]++;
    for (int32_t k = 0; k < all->n_rounds; k++)
        first[k + 1] += first[k];
    for (int32_t i = 0; i < all->n; i++)
        all->order[first[all->round[i]]++] = i;
    for (int32_t k = all->n_rounds; k > 0; k--)
        first[k] = first[k - 1];
    first[0] = 0;
}

static int32_t assemble(const sum *s, const parts *all, int32_t round)
{
    int32_t n = 0;
    for (int32_t i = all->first[round]; i < all->first[round + 1]; i++) {
        const rni_piece *piece = s->g->pieces + all->pieces[all->order[i]];
        all->args[n++] = (rni_arg){piece->value, false, piece->row, piece->col};
    }
    return rni_form_value(s->g->form, RNI_FORM_ASSEMBLE, s->shape, all->args,
                          n);
}

static int32_t add_rounds(const sum *s, int32_t value, parts *all)
{
    all->n_rounds = rni_gradient_rounds(s->g->form->memory, all->places, all->n,
                                        all->round);
    if (all->n_rounds < 0)
        return -1;
    sort_rounds(all);
    for (int32_t k = 0; k < all->n_rounds; k++) {
        int32_t part = assemble(s, all, k);
        if (part < 0)
            return -1;
        value = add(s, value, part);
    }
    return value;
}

static int32_t add_parts(const sum *s, int32_t value, bool in)
{
    parts all;
    int32_t n = count_parts(s, in);
    if (n == 0 || value == -1)
        return value;
    if (make_parts(s, &all, n)) {
        list_parts(s, &all, in);
        value = add_rounds(s, value, &all);
    } else {
        value = -1;
    }
    if (value == -1)
        rni_error_memory(s->g->form->error); // unless another reason stands
    release_parts(s, &all);
    return value;
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
