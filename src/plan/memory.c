// SPDX-License-Identifier: MIT
// Where each buffer lies in the memory of its class. Lives are read off the
// finished instructions; buffers whose lives do not meet share memory. What a
// falling stage makes for one block lies where forward rows were, once nobody
// reads them any more: gradients overwrite values at their last use.
#include "base/sort.h"
#include "plan/planner.h"
#include "plan/slots.h"

typedef struct lives {
    rni_planner *p;
    rni_life *of;    // buffer -> life; an instruction takes two ticks, in the
                     // first it reads, in the second it writes
    bool *ranked;    // buffer -> a copy in rank order: stays for whole stages
    bool *falling;   // buffer -> falling stages alone touch it
    int32_t *extent; // buffer -> that before blocks found places in segments
    int64_t tick;    // of the instruction that is read
    int64_t forward; // the end of the last forward stage so far
    // of the stage and section that is being read
    const rni_stage *stage;
    int64_t stage_start, stage_end;
    bool loop;
    int64_t section_start, section_end;
} lives;

// ---- Touching ---------------------------------------------------------------

static void widen(int64_t *start, int64_t *end, int64_t from, int64_t to)
{
    if (from < *start)
        *start = from;
    if (to > *end)
        *end = to;
}

// All rows from `start` to `end`, each row from `from` to `to`.
static void touch_rows(lives *l, int32_t buffer, int64_t start, int64_t end,
                       int64_t from, int64_t to)
{
    rni_life *of = l->of + buffer;
    // What a stream computes at its begin is there for all its steps.
    if (l->stage->once) {
        start = from = 0;
        end = to = INT64_MAX;
    }
    l->falling[buffer] &= l->stage->falling;
    widen(&of->start, &of->end, start, end);
    widen(&of->exact_start, &of->exact_end, from, to);
}

static void touch_stage(lives *l, int32_t buffer)
{
    touch_rows(l, buffer, l->stage_start, l->stage_end, l->stage_start,
               l->stage_end);
}

// An instruction touches an operand from `from` to `to`. The rows of a segment
// are read and written as their block comes; only rising stages look back into
// an earlier one, at what a state was.
static void touch_at(lives *l, const rni_operand *operand, int64_t from,
                     int64_t to)
{
    int32_t b = operand->buffer;
    int32_t extent = l->p->plan->buffers[b].extent;
    bool steps = l->stage->axis >= 0;
    if (extent == RNI_EXTENT_ALL || (steps && extent == RNI_EXTENT_STATIC) ||
        (steps && l->ranked[b]))
        touch_stage(l, b);
    else if (extent == RNI_EXTENT_SEGMENT && l->stage->falling)
        touch_rows(l, b, l->stage_start, l->stage_end, from, to);
    else if (extent == RNI_EXTENT_SEGMENT)
        touch_stage(l, b);
    else if (extent == RNI_EXTENT_BLOCK && l->loop)
        touch_rows(l, b, l->section_start, l->section_end, from, to);
    else
        touch_rows(l, b, l->tick, l->tick + 1, from, to);
}

static void touch_operand(void *user, const rni_operand *operand, bool written)
{
    lives *l = user;
    (void)written;
    if (operand->buffer >= 0)
        touch_at(l, operand, l->tick, l->tick + 1);
}

// A tape reads all of a tile before it writes any of it. So a result may take
// the place of what it is made from, column for column: columns that begin at
// multiples of the tape's own are the same or apart.
static void touch_port(lives *l, const rni_plan_tape *tape,
                       const rni_plan_port *port, bool written)
{
    const rni_operand *o = &port->operand;
    bool apart = port->kind == RNI_PORT_ROWS && o->state < 0 &&
                 o->col % tape->cols == 0 &&
                 l->p->plan->buffers[o->buffer].extent > RNI_EXTENT_STATIC;
    int64_t from = l->tick + (apart && written);
    touch_at(l, o, from, l->tick + !(apart && !written));
}

static void touch_tape(lives *l, const rni_plan_tape *tape)
{
    const rni_plan_port *ports = l->p->plan->ports;
    for (int32_t i = 0; i < tape->n_loads; i++)
        touch_port(l, tape, ports + tape->first_load + i, false);
    for (int32_t i = 0; i < tape->n_stores; i++)
        touch_port(l, tape, ports + tape->first_store + i, true);
}

// ---- Reading the plan -------------------------------------------------------

static void read_section(lives *l, const rni_section *section)
{
    const rnnc_plan *plan = l->p->plan;
    l->loop = section->loop >= 0;
    l->section_start = l->tick;
    l->section_end = l->tick + 2 * (int64_t)section->n_instructions + 1;
    for (int32_t i = 0; i < section->n_instructions; i++, l->tick += 2) {
        const rni_instruction *instruction =
            plan->instructions + section->first_instruction + i;
        if (instruction->op == RNI_RUN_TAPE)
            touch_tape(l, plan->tapes + instruction->detail);
        else
            rni_instruction_visit(plan, instruction, touch_operand, l);
    }
    for (int32_t i = 0; i < section->n_states; i++) {
        int32_t s = plan->state_list[section->first_state + i];
        touch_operand(l, &plan->states[s].next, false);
    }
    l->tick += 2;
}

static void read_states(lives *l, const rni_stage *stage)
{
    const rnnc_plan *plan = l->p->plan;
    for (int32_t i = 0; i < stage->n_states; i++) {
        const rni_plan_state *s =
            plan->states + plan->state_list[stage->first_state + i];
        if (s->mode != RNI_STATE_STEP)
            touch_stage(l, s->next.buffer);
        if (s->first.buffer >= 0)
            touch_stage(l, s->first.buffer);
        if (s->final.buffer >= 0)
            touch_rows(l, s->final.buffer, l->stage_end, l->stage_end,
                       l->stage_end, l->stage_end);
    }
}

// What is not rows of steps has to be there when a segment is made again. Rows
// of a block or a step lie where they lay in the forward stage, and nothing
// of that kind lives while segments are made again.
static void touch_lasting(void *user, const rni_operand *operand, bool written)
{
    lives *l = user;
    (void)written;
    if (operand->buffer < 0)
        return;
    int32_t extent = l->p->plan->buffers[operand->buffer].extent;
    if (extent == RNI_EXTENT_STATIC || extent == RNI_EXTENT_BATCH ||
        extent == RNI_EXTENT_ALL || l->ranked[operand->buffer])
        touch_stage(l, operand->buffer);
}

// When a segment is made again, what several forward stages do follows upon
// each other in one block, at the end of which a state leaves its last rows:
// nothing of the later stages may lie on them.
static void keep_last_rows(lives *l, const rni_stage *stage)
{
    const rnnc_plan *plan = l->p->plan;
    for (int32_t i = 0; i < stage->n_borders; i++) {
        const rni_plan_state *s =
            plan->states + plan->state_list[stage->first_border + i];
        if (s->mode == RNI_STATE_BLOCK)
            touch_rows(l, s->next.buffer, l->forward, l->forward, l->forward,
                       l->forward);
    }
}

static void read_again(lives *l, const rni_stage *stage)
{
    const rnnc_plan *plan = l->p->plan;
    for (int32_t i = 0; i < stage->n_again; i++) {
        const rni_section *section = plan->sections + stage->first_again + i;
        for (int32_t k = 0; k < section->n_instructions; k++)
            rni_instruction_visit(
                plan, plan->instructions + section->first_instruction + k,
                touch_lasting, l);
    }
}

static void read_stage(lives *l, const rni_stage *stage)
{
    const rnnc_plan *plan = l->p->plan;
    l->stage = stage;
    l->stage_start = l->tick;
    l->tick += 2;
    l->stage_end = l->tick + 1;
    for (int32_t i = 0; i < stage->n_sections; i++)
        l->stage_end += 2 * (int64_t)plan->sections[stage->first_section + i]
                                .n_instructions +
                        2;
    keep_last_rows(l, stage);
    read_again(l, stage);
    for (int32_t i = 0; i < stage->n_sections; i++)
        read_section(l, plan->sections + stage->first_section + i);
    read_states(l, stage);
    if (stage < plan->stages + plan->n_forward)
        l->forward = l->stage_end;
    l->tick = l->stage_end + 1;
}

static const rni_life always = {0, INT64_MAX, 0, INT64_MAX};
static const rni_life never = {INT64_MAX, -1, INT64_MAX, -1};

// What the caller sets or reads is there before and after everything.
static void read_names(lives *l, const rni_port_name *names, int32_t n,
                       bool set)
{
    for (int32_t i = 0; i < n; i++) {
        rni_life *of = l->of + names[i].operand.buffer;
        of->end = of->exact_end = INT64_MAX;
        if (set || of->start == INT64_MAX)
            *of = always;
    }
}

static bool is_always(const lives *l, int32_t b)
{
    int32_t extent = l->p->plan->buffers[b].extent;
    return extent == RNI_EXTENT_PREPARED || extent == RNI_EXTENT_CARRY ||
           extent == RNI_EXTENT_BORDER ||
           (l->ranked[b] && l->p->plan->use == RNNC_TRAIN);
}

static void read_lives(lives *l)
{
    const rnnc_plan *plan = l->p->plan;
    for (int32_t b = 0; b < plan->n_buffers; b++) {
        l->of[b] = never;
        l->falling[b] = true;
    }
    for (int32_t i = 0; i < l->p->n_copies; i++)
        l->ranked[l->p->copies[i].buffer] = true;
    for (int32_t i = 0; i < plan->n_stages; i++)
        read_stage(l, plan->stages + i);
    read_names(l, plan->inputs, plan->n_inputs, true);
    read_names(l, plan->outputs, plan->n_outputs, false);
    read_names(l, plan->gradients, plan->n_gradients, false);
    for (int32_t b = 0; b < plan->n_buffers; b++)
        if (is_always(l, b))
            l->of[b] = always;
}

// ---- Laying out -------------------------------------------------------------

static bool has_class(int32_t extent)
{
    return extent >= RNI_EXTENT_PREPARED && extent <= RNI_EXTENT_ALL;
}

static bool size_of(const rni_buffer *buffer, int64_t *size)
{
    bool fixed = buffer->extent == RNI_EXTENT_PREPARED ||
                 buffer->extent == RNI_EXTENT_STATIC;
    size_t floats;
    if (!rni_size_multiply(fixed ? (size_t)buffer->rows : 1,
                           (size_t)buffer->cols, &floats) ||
        floats > (size_t)INT64_MAX / 8)
        return false;
    *size = fixed ? ((int64_t)floats + 15) / 16 * 16 : (int64_t)floats;
    return true;
}

static bool is_used(const lives *l, int32_t b)
{
    return has_class(l->p->plan->buffers[b].extent) && l->of[b].end >= 0;
}

// The order of classes and, within one, of lives.
static int32_t by_class(const void *user, uint32_t a, uint32_t b)
{
    const lives *l = user;
    const rni_buffer *x = l->p->plan->buffers + a;
    const rni_buffer *y = l->p->plan->buffers + b;
    const rni_life *first = l->of + a, *second = l->of + b;
    if (x->axis != y->axis)
        return x->axis < y->axis ? -1 : 1;
    // Segments before blocks: these may find a place in them.
    if (x->extent != y->extent)
        return x->extent > y->extent ? -1 : 1;
    if (first->exact_start != second->exact_start)
        return first->exact_start < second->exact_start ? -1 : 1;
    return a < b ? -1 : a > b;
}

// Buffers of one class, in the order of their lives.
typedef struct group {
    lives *l;
    const uint32_t *buffers;
    int32_t n;
    rni_class *class;
} group;

static bool is_of(const lives *l, uint32_t b, const rni_class *class)
{
    const rni_buffer *buffer = l->p->plan->buffers + b;
    return buffer->extent == class->extent && buffer->axis == class->axis;
}

static bool place(const group *g, rni_slots *slots, uint32_t b,
                  rni_slot_wish wish)
{
    rni_buffer *buffer = g->l->p->plan->buffers + b;
    int64_t size;
    if (!size_of(buffer, &size) || slots->total > INT64_MAX / 8)
        return false;
    int64_t offset = rni_slots_take(slots, size, g->l->of + b, wish);
    if (offset < 0)
        return false;
    buffer->offset = offset;
    return true;
}

// Rows of a block that falling stages make, among those of the segment that
// nobody reads any more. They are rows of the segment then.
static void place_blocks(const group *g, rni_slots *slots,
                         const uint32_t *blocks, int32_t n)
{
    const rni_class class = {RNI_EXTENT_BLOCK, g->class->axis, 0};
    for (int32_t i = 0; i < n && is_of(g->l, blocks[i], &class); i++)
        if (g->l->falling[blocks[i]] &&
            place(g, slots, blocks[i], RNI_SLOT_THERE))
            g->l->p->plan->buffers[blocks[i]].extent = RNI_EXTENT_SEGMENT;
}

// `n_behind` buffers of other classes stand behind those of the group.
static bool place_all(const group *g, rni_slots *slots, int32_t n_behind)
{
    // What shares memory row for row in a step keeps ranks apart: threads may
    // then own ranks for a whole loop.
    rni_slot_wish wish =
        g->class->extent == RNI_EXTENT_RANK ? RNI_SLOT_EXACT : RNI_SLOT_ANY;
    for (int32_t i = 0; i < g->n; i++)
        if (is_of(g->l, g->buffers[i], g->class) &&
            !place(g, slots, g->buffers[i], wish))
            return false;
    if (g->class->extent == RNI_EXTENT_SEGMENT)
        place_blocks(g, slots, g->buffers + g->n, n_behind);
    g->class->cols = slots->total;
    return true;
}

static bool lay_out(const group *g, int64_t *sizes, int32_t n_behind)
{
    rni_slots slots;
    for (int32_t i = 0; i < g->n; i++)
        if (!size_of(g->l->p->plan->buffers + g->buffers[i], sizes + i))
            return false;
    bool good = rni_slots_init(&slots, g->l->p->memory, sizes, g->n) &&
                place_all(g, &slots, n_behind);
    rni_slots_fini(&slots);
    return good;
}

static bool lay_out_all(lives *l, const uint32_t *buffers, int32_t n,
                        int64_t *sizes)
{
    rnnc_plan *plan = l->p->plan;
    for (int32_t at = 0; at < n;) {
        const rni_buffer *first = plan->buffers + buffers[at];
        if (!RNI_PLAN_RESERVE(l->p, classes, 1))
            return false;
        group g = {l, buffers + at, 0, plan->classes + plan->n_classes++};
        *g.class = (rni_class){l->extent[buffers[at]], first->axis, 0};
        while (at + g.n < n &&
               l->extent[buffers[at + g.n]] == g.class->extent &&
               plan->buffers[buffers[at + g.n]].axis == g.class->axis)
            g.n++;
        at += g.n;
        if (!lay_out(&g, sizes, n - at))
            return false;
    }
    return true;
}

static bool lay_out_used(lives *l, uint32_t *buffers, int64_t *sizes)
{
    int32_t n = 0;
    for (int32_t b = 0; b < l->p->plan->n_buffers; b++) {
        l->extent[b] = l->p->plan->buffers[b].extent;
        if (is_used(l, b))
            buffers[n++] = (uint32_t)b;
    }
    rni_sort(buffers, (uint32_t)n, by_class, l);
    return lay_out_all(l, buffers, n, sizes);
}

bool rni_plan_memory(rni_planner *p)
{
    const rni_memory *m = p->memory;
    size_t n = (size_t)p->plan->n_buffers;
    lives l = {.p = p};
    l.of = rni_memory_zeroed(m, n, sizeof *l.of);
    l.ranked = rni_memory_zeroed(m, n, sizeof *l.ranked);
    l.falling = rni_memory_zeroed(m, n, sizeof *l.falling);
    l.extent = rni_memory_zeroed(m, n, sizeof *l.extent);
    uint32_t *buffers = rni_memory_zeroed(m, n, sizeof *buffers);
    int64_t *sizes = rni_memory_zeroed(m, n, sizeof *sizes);
    bool good = l.of && l.ranked && l.falling && l.extent && buffers && sizes;
    if (good) {
        read_lives(&l);
        good = lay_out_used(&l, buffers, sizes);
    }
    if (!good)
        rni_error_memory(p->error);
    rni_memory_release(m, l.of);
    rni_memory_release(m, l.ranked);
    rni_memory_release(m, l.falling);
    rni_memory_release(m, l.extent);
    rni_memory_release(m, buffers);
    rni_memory_release(m, sizes);
    return good;
}
