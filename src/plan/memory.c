// SPDX-License-Identifier: MIT
// Where each buffer lies in the memory of its class. Lives are read off the
// finished instructions; buffers whose lives do not meet share memory.
#include "plan/planner.h"

typedef struct life {
    int64_t start, end; // ticks, both included; start > end: never used
    bool ranked;        // a copy in rank order: stays for whole stages
} life;

typedef struct lives {
    rni_planner *p;
    life *of; // buffer -> life
    int64_t tick;
    // of the stage and section that is being read
    const rni_stage *stage;
    int64_t stage_start, stage_end;
    bool loop;
    int64_t section_start, section_end;
} lives;

static void touch(lives *l, int32_t buffer, int64_t start, int64_t end)
{
    life *of = l->of + buffer;
    // What a stream computes at its begin is there for all its steps.
    if (l->stage->once) {
        start = 0;
        end = INT64_MAX;
    }
    if (start < of->start)
        of->start = start;
    if (end > of->end)
        of->end = end;
}

static void touch_operand(lives *l, const rni_operand *operand)
{
    int32_t b = operand->buffer;
    if (b < 0)
        return;
    int32_t extent = l->p->plan->buffers[b].extent;
    bool steps = l->stage->axis >= 0;
    if (extent == RNI_EXTENT_ALL || (steps && extent == RNI_EXTENT_STATIC) ||
        (steps && l->of[b].ranked))
        touch(l, b, l->stage_start, l->stage_end);
    else if (extent == RNI_EXTENT_BLOCK && l->loop)
        touch(l, b, l->section_start, l->section_end);
    else
        touch(l, b, l->tick, l->tick);
}

static void touch_tape(lives *l, const rni_plan_tape *tape)
{
    const rni_plan_port *ports = l->p->plan->ports;
    for (int32_t i = 0; i < tape->n_loads; i++)
        touch_operand(l, &ports[tape->first_load + i].operand);
    for (int32_t i = 0; i < tape->n_stores; i++)
        touch_operand(l, &ports[tape->first_store + i].operand);
}

static void touch_product(lives *l, const rni_plan_product *product)
{
    const rnnc_plan *plan = l->p->plan;
    for (int32_t k = 0; k < product->n_terms; k++)
        touch_operand(l, &plan->terms[product->first_term + k].a);
    for (int32_t r = 0; r < product->n_results; r++) {
        touch_operand(l, &plan->results[product->first_result + r].init);
        touch_operand(l, &plan->results[product->first_result + r].c);
    }
}

static void touch_sources(lives *l, int32_t first, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        touch_operand(l, &l->p->plan->sources[first + i].w);
}

static void touch_matmul(lives *l, const rni_plan_matmul *matmul)
{
    for (int32_t k = 0; k < matmul->n_terms; k++)
        touch_operand(l, &l->p->plan->terms[matmul->first_term + k].a);
    touch_sources(l, matmul->first_source, matmul->n_terms);
    touch_operand(l, &matmul->init);
    touch_operand(l, &matmul->c);
}

static void touch_pack(lives *l, const rni_plan_pack *pack)
{
    const rni_plan_product *product = l->p->plan->products + pack->product;
    touch_sources(l, pack->first_source, product->n_terms * product->n_results);
}

static void touch_instruction(lives *l, const rni_instruction *instruction)
{
    const rnnc_plan *plan = l->p->plan;
    if (instruction->op == RNI_RUN_TAPE)
        touch_tape(l, plan->tapes + instruction->detail);
    else if (instruction->op == RNI_RUN_PRODUCT)
        touch_product(l, plan->products + instruction->detail);
    else if (instruction->op == RNI_RUN_MATMUL)
        touch_matmul(l, plan->matmuls + instruction->detail);
    else if (instruction->op == RNI_RUN_PACK)
        touch_pack(l, plan->packs + instruction->detail);
    for (int32_t i = 0; i < instruction->n_operands; i++)
        touch_operand(l, plan->operands + instruction->first_operand + i);
}

static void read_section(lives *l, const rni_section *section)
{
    l->loop = section->loop >= 0;
    l->section_start = l->tick;
    l->section_end = l->tick + section->n_instructions;
    for (int32_t i = 0; i < section->n_instructions; i++, l->tick++)
        touch_instruction(l, l->p->plan->instructions +
                                 section->first_instruction + i);
    for (int32_t i = 0; i < section->n_states; i++) {
        int32_t s = l->p->plan->state_list[section->first_state + i];
        touch(l, l->p->plan->states[s].next.buffer, l->tick, l->tick);
    }
    l->tick++;
}

static void read_states(lives *l, const rni_stage *stage)
{
    const rnnc_plan *plan = l->p->plan;
    for (int32_t i = 0; i < stage->n_states; i++) {
        const rni_plan_state *s =
            plan->states + plan->state_list[stage->first_state + i];
        if (s->mode != RNI_STATE_STEP)
            touch(l, s->next.buffer, l->stage_start, l->stage_end);
        if (s->first.buffer >= 0)
            touch(l, s->first.buffer, l->stage_start, l->stage_end);
        if (s->final.buffer >= 0)
            touch(l, s->final.buffer, l->stage_end, l->stage_end);
    }
}

static void read_stage(lives *l, const rni_stage *stage)
{
    const rnnc_plan *plan = l->p->plan;
    l->stage = stage;
    l->stage_start = l->tick++;
    l->stage_end = l->tick;
    for (int32_t i = 0; i < stage->n_sections; i++)
        l->stage_end +=
            plan->sections[stage->first_section + i].n_instructions + 1;
    for (int32_t i = 0; i < stage->n_sections; i++)
        read_section(l, plan->sections + stage->first_section + i);
    read_states(l, stage);
    l->tick = l->stage_end + 1;
}

// What the caller sets or reads is there before and after everything.
static void read_names(lives *l, const rni_port_name *names, int32_t n,
                       bool set)
{
    for (int32_t i = 0; i < n; i++) {
        life *of = l->of + names[i].operand.buffer;
        of->end = INT64_MAX;
        if (set || of->start == INT64_MAX)
            of->start = 0;
    }
}

static void read_lives(lives *l)
{
    const rnnc_plan *plan = l->p->plan;
    for (int32_t b = 0; b < plan->n_buffers; b++)
        l->of[b] = (life){INT64_MAX, -1, false};
    for (int32_t i = 0; i < l->p->n_copies; i++)
        l->of[l->p->copies[i].buffer].ranked = true;
    for (int32_t i = 0; i < plan->n_stages; i++)
        read_stage(l, plan->stages + i);
    read_names(l, plan->inputs, plan->n_inputs, true);
    read_names(l, plan->outputs, plan->n_outputs, false);
    read_names(l, plan->gradients, plan->n_gradients, false);
    for (int32_t b = 0; b < plan->n_buffers; b++)
        if (plan->buffers[b].extent == RNI_EXTENT_PREPARED ||
            plan->buffers[b].extent == RNI_EXTENT_CARRY)
            l->of[b] = (life){0, INT64_MAX, false};
}

// ---- Laying out
// -----------------------------------------------------------------

typedef struct slot {
    int64_t end, offset, size;
} slot;

static bool has_class(int32_t extent)
{
    return extent == RNI_EXTENT_PREPARED || extent == RNI_EXTENT_STATIC ||
           extent == RNI_EXTENT_BATCH || extent == RNI_EXTENT_RANK ||
           extent == RNI_EXTENT_CARRY || extent == RNI_EXTENT_BLOCK ||
           extent == RNI_EXTENT_ALL;
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

static rni_class *find_class(rni_planner *p, const rni_buffer *buffer)
{
    for (int32_t c = 0; c < p->plan->n_classes; c++)
        if (p->plan->classes[c].extent == buffer->extent &&
            p->plan->classes[c].axis == buffer->axis)
            return p->plan->classes + c;
    if (!RNI_PLAN_RESERVE(p, classes, 1))
        return NULL;
    rni_class *made = p->plan->classes + p->plan->n_classes++;
    *made = (rni_class){buffer->extent, buffer->axis, 0};
    return made;
}

// The smallest slot that is free by then and large enough (`exact`: of this
// very size), or a new one.
static int64_t take_slot(slot *slots, int32_t *n, const life *of, int64_t size,
                         bool exact, int64_t *total)
{
    slot *best = NULL;
    for (int32_t i = 0; i < *n; i++)
        if (slots[i].end < of->start && slots[i].size >= size &&
            (!exact || slots[i].size == size) &&
            (!best || slots[i].size < best->size))
            best = slots + i;
    if (!best) {
        best = slots + (*n)++;
        *best = (slot){0, *total, size};
        *total += size;
    }
    best->end = of->end;
    return best->offset;
}

// The buffer of the class whose life begins next after (start, b).
static int32_t next_buffer(const lives *l, const rni_class *class,
                           const bool *placed)
{
    const rnnc_plan *plan = l->p->plan;
    int32_t best = -1;
    for (int32_t b = 0; b < plan->n_buffers; b++) {
        const rni_buffer *buffer = plan->buffers + b;
        if (placed[b] || buffer->extent != class->extent ||
            buffer->axis != class->axis || l->of[b].end < 0)
            continue;
        if (best < 0 || l->of[b].start < l->of[best].start)
            best = b;
    }
    return best;
}

static bool lay_out(lives *l, rni_class *class, slot *slots, bool *placed)
{
    int32_t n = 0;
    for (int32_t b; (b = next_buffer(l, class, placed)) >= 0;) {
        rni_buffer *buffer = l->p->plan->buffers + b;
        int64_t size;
        if (!size_of(buffer, &size) || class->cols > INT64_MAX / 8)
            return false;
        // What shares memory row for row in a step keeps ranks apart: threads
        // may then own ranks for a whole loop.
        buffer->offset =
            take_slot(slots, &n, l->of + b, size,
                      class->extent == RNI_EXTENT_RANK, &class->cols);
        placed[b] = true;
    }
    return true;
}

static bool lay_out_all(lives *l, slot *slots, bool *placed)
{
    rni_planner *p = l->p;
    for (int32_t b = 0; b < p->plan->n_buffers; b++)
        if (has_class(p->plan->buffers[b].extent) && l->of[b].end >= 0 &&
            !find_class(p, p->plan->buffers + b))
            return false;
    for (int32_t c = 0; c < p->plan->n_classes; c++)
        if (!lay_out(l, p->plan->classes + c, slots, placed))
            return false;
    return true;
}

bool rni_plan_memory(rni_planner *p)
{
    size_t n = (size_t)p->plan->n_buffers;
    lives l = {.p = p};
    l.of = rni_memory_zeroed(p->memory, n, sizeof *l.of);
    slot *slots = rni_memory_zeroed(p->memory, n, sizeof *slots);
    bool *placed = rni_memory_zeroed(p->memory, n, sizeof *placed);
    bool good = l.of && slots && placed;
    if (good) {
        read_lives(&l);
        good = lay_out_all(&l, slots, placed);
    }
    if (!good)
        rni_error_memory(p->error);
    rni_memory_release(p->memory, l.of);
    rni_memory_release(p->memory, slots);
    rni_memory_release(p->memory, placed);
    return good;
}
