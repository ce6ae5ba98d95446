// SPDX-License-Identifier: MIT
// Columns of a loop's step that members own: which products have columns of
// the same units again and again, and before which instructions members must
// meet, because one reads or writes what another has written.
#include "run/executor.h"

enum { GRAIN = 16 };

// Columns of a buffer in the rows of the step. With a width, members own parts
// of them as they own parts of so many columns; without, anybody may be there.
typedef struct access {
    int32_t buffer;
    int64_t col, cols, width;
    bool written;
} access;

typedef bool access_visit(void *user, const access *a);

// One way of looking at a section.
typedef struct view {
    const rni_profile *profile;
    const rnnc_plan *plan;
    const rni_section *section;
    bool folded;
} view;

// ---- What an instruction touches -------------------------------------------

// States before the step are rows of their own, unless they are the carry that
// moves on with the step.
static bool visit_columns(const view *v, const rni_operand *o, int64_t cols,
                          int64_t width, bool written, access_visit visit,
                          void *user)
{
    access a = {o->buffer, o->col, cols, width, written};
    if (o->buffer < 0)
        return false;
    if (o->state >= 0) {
        const rni_plan_state *s = v->plan->states + o->state;
        if (s->mode != RNI_STATE_STEP)
            return false;
        a.buffer = s->carry;
        a.col -= s->next.col;
    }
    return visit(user, &a);
}

static bool visit_port(const view *v, const rni_plan_tape *tape, int32_t port,
                       bool written, access_visit visit, void *user)
{
    const rni_plan_port *p = v->plan->ports + port;
    bool wide = p->kind == RNI_PORT_ROWS;
    int64_t cols = p->kind == RNI_PORT_ROW ? tape->cols : 1;
    return visit_columns(v, &p->operand, wide ? tape->cols : cols,
                         wide ? tape->cols : 0, written, visit, user);
}

static bool visit_tape(const view *v, const rni_plan_tape *tape,
                       access_visit visit, void *user)
{
    for (int32_t k = 0; k < tape->n_loads; k++)
        if (visit_port(v, tape, tape->first_load + k, false, visit, user))
            return true;
    for (int32_t k = 0; k < tape->n_stores; k++)
        if (visit_port(v, tape, tape->first_store + k, true, visit, user))
            return true;
    return false;
}

// The columns of a result, in each of its folds.
static bool visit_folds(const view *v, rni_operand o, int64_t cols,
                        int64_t fold, bool written, access_visit visit,
                        void *user)
{
    int64_t width = v->folded && fold > 0 ? fold : 0;
    int64_t each = width > 0 ? width : cols;
    for (int64_t at = 0; at < cols; at += each, o.col += each)
        if (visit_columns(v, &o, each, width, written, visit, user))
            return true;
    return false;
}

static bool visit_product(const view *v, int32_t product, access_visit visit,
                          void *user)
{
    const rni_plan_product *p = v->plan->products + product;
    int64_t fold = v->profile->folds[product];
    for (int32_t k = 0; k < p->n_terms; k++) {
        const rni_plan_term *term = v->plan->terms + p->first_term + k;
        if (visit_columns(v, &term->a, term->depth, 0, false, visit, user))
            return true;
    }
    for (int32_t k = 0; k < p->n_results; k++) {
        const rni_plan_result *r = v->plan->results + p->first_result + k;
        if (visit_folds(v, r->init, r->cols, fold, false, visit, user) ||
            visit_folds(v, r->c, r->cols, fold, true, visit, user))
            return true;
    }
    return false;
}

typedef struct plain {
    const view *v;
    access_visit *visit;
    void *user;
    bool found;
} plain;

static void visit_plain(void *user, const rni_operand *o, bool written)
{
    plain *p = user;
    if (p->found || o->buffer < 0)
        return;
    rni_operand all = *o;
    all.col = o->state < 0 ? 0 : o->col;
    p->found =
        visit_columns(p->v, &all, INT64_MAX / 2, 0, written, p->visit, p->user);
}

// Number n_instructions of a section are its states that move with the step.
static bool visit_states(const view *v, access_visit visit, void *user)
{
    for (int32_t k = 0; k < v->section->n_states; k++) {
        const rni_plan_state *s =
            v->plan->states + v->plan->state_list[v->section->first_state + k];
        rni_operand carry = {s->carry, -1, 0, 0};
        if (s->mode == RNI_STATE_STEP &&
            (visit_columns(v, &s->next, s->cols, s->cols, false, visit, user) ||
             visit_columns(v, &carry, s->cols, s->cols, true, visit, user)))
            return true;
    }
    return false;
}

static bool visit_all(const view *v, int32_t n, access_visit visit, void *user)
{
    if (n == v->section->n_instructions)
        return visit_states(v, visit, user);
    const rni_instruction *i =
        v->plan->instructions + v->section->first_instruction + n;
    if (i->op == RNI_RUN_PACK)
        return false;
    if (i->op == RNI_RUN_TAPE)
        return visit_tape(v, v->plan->tapes + i->detail, visit, user);
    if (i->op == RNI_RUN_PRODUCT)
        return visit_product(v, i->detail, visit, user);
    plain p = {v, visit, user, false};
    rni_instruction_visit(v->plan, i, visit_plain, &p);
    return p.found;
}

// ---- Meetings --------------------------------------------------------------

static bool overlap(const view *v, const access *a, const access *b)
{
    if (a->buffer == b->buffer)
        return a->col < b->col + b->cols && b->col < a->col + a->cols;
    const rni_buffer *x = v->plan->buffers + a->buffer;
    const rni_buffer *y = v->plan->buffers + b->buffer;
    return v->profile->classes[a->buffer] >= 0 &&
           v->profile->classes[a->buffer] == v->profile->classes[b->buffer] &&
           x->offset < y->offset + y->cols && y->offset < x->offset + x->cols;
}

typedef struct against {
    const view *v;
    int32_t other;
    const access *mine;
} against;

static bool meets_mine(void *user, const access *b)
{
    const against *g = user;
    const access *a = g->mine;
    bool same_owner = a->buffer == b->buffer && a->width > 0 &&
                      a->width == b->width && a->col == b->col;
    return (a->written || b->written) && !same_owner && overlap(g->v, a, b);
}

static bool meets_other(void *user, const access *a)
{
    against *g = user;
    g->mine = a;
    return visit_all(g->v, g->other, meets_mine, g);
}

static bool must_meet(const view *v, int32_t first, int32_t second)
{
    against g = {v, second, NULL};
    return visit_all(v, first, meets_other, &g);
}

// Marks what comes after a meeting, and counts.
static int32_t find_meets(const view *v, rni_profile *profile,
                          rni_section_profile *to, uint8_t mark)
{
    uint8_t *meets = profile->meets + v->section->first_instruction;
    int32_t last = 0, count = 0, end = v->section->n_instructions;
    for (int32_t n = 0; n <= end; n++) {
        bool meet = false;
        for (int32_t before = last; !meet && before < n; before++)
            meet = must_meet(v, before, n);
        if (!meet)
            continue;
        *(n == end ? &to->states_meet : meets + n) |= mark;
        last = n;
        count++;
    }
    return count;
}

// ---- Folds -----------------------------------------------------------------

// Notes the width of a tape that reads a result; false where its parts are not
// all of one width.
static bool note_width(const rnnc_plan *plan, const rni_plan_tape *tape,
                       const rni_plan_result *r, int64_t *width)
{
    for (int32_t k = 0; k < tape->n_loads; k++) {
        const rni_operand *o = &plan->ports[tape->first_load + k].operand;
        int64_t at = o->col - r->c.col;
        if (o->buffer != r->c.buffer || o->state >= 0 || at < 0 ||
            at >= r->cols)
            continue;
        if (*width == 0)
            *width = tape->cols;
        if (tape->cols != *width || at % *width != 0)
            return false;
    }
    return true;
}

static int64_t find_fold(const rnnc_plan *plan, const rni_section *section,
                         const rni_plan_product *p)
{
    int64_t width = 0;
    for (int32_t n = 0; n < section->n_instructions; n++) {
        const rni_instruction *i =
            plan->instructions + section->first_instruction + n;
        for (int32_t r = 0; i->op == RNI_RUN_TAPE && r < p->n_results; r++)
            if (!note_width(plan, plan->tapes + i->detail,
                            plan->results + p->first_result + r, &width))
                return 0;
    }
    for (int32_t r = 0; width > 0 && r < p->n_results; r++)
        if (plan->results[p->first_result + r].cols % width != 0)
            return 0;
    return width % GRAIN == 0 && width > GRAIN ? width : 0;
}

void rni_columns_find(rni_profile *profile, const rnnc_plan *plan,
                      int32_t index)
{
    view v = {profile, plan, plan->sections + index, false};
    rni_section_profile *to = profile->sections + index;
    if (v.section->loop < 0)
        return;
    for (int32_t n = 0; n < v.section->n_instructions; n++) {
        const rni_instruction *i =
            plan->instructions + v.section->first_instruction + n;
        if (i->op == RNI_RUN_PRODUCT)
            profile->folds[i->detail] =
                find_fold(plan, v.section, plan->products + i->detail);
    }
    to->meets = find_meets(&v, profile, to, RNI_MEET_WHOLE);
    v.folded = true;
    to->meets_folded = find_meets(&v, profile, to, RNI_MEET_FOLDED);
}
