// SPDX-License-Identifier: MIT
// What a falling stage makes again of the forward pass, segment by segment:
// the instructions of the forward stages of its axis from which the rows that
// it reads can be had, in sections of their own, and the states that these
// begin from. Values that lie whole are there and are not made again.
#include "base/sort.h"
#include "plan/planner.h"

typedef struct writer { // an instruction that writes a buffer
    int32_t instruction;
    int32_t next; // of the same buffer, -1: none
} writer;

typedef struct search {
    rni_planner *p;
    int32_t *section; // instruction -> its section, of forward rows; -1: none
    int32_t *first;   // buffer -> its first writer, -1: none
    int32_t n_writers, writers_capacity;
    writer *writers;
    int32_t *carried; // buffer -> the state whose carry it is, -1: none
    // Of one stage: buffers that are wanted and those of them whose writers
    // were taken, states that begin at the border, instructions taken.
    bool *wanted, *begins, *taken;
    int32_t n_buffers, n_states, n_instructions, n_done;
    int32_t *buffers, *states;
    uint32_t *instructions;
} search;

static bool is_sum(int32_t op)
{
    return op == RNI_RUN_OUTER || op == RNI_RUN_COL_SUM ||
           op == RNI_RUN_LOOKUP_GRAD || op == RNI_RUN_TOTAL;
}

// ---- Who writes what --------------------------------------------------------

typedef struct note {
    search *s;
    int32_t instruction;
    bool good;
} note;

static void note_writer(void *user, const rni_operand *o, bool written)
{
    note *n = user;
    search *s = n->s;
    if (!written || o->buffer < 0 || !n->good)
        return;
    n->good =
        rni_planner_reserve(s->p, (void **)&s->writers, &s->writers_capacity,
                            (int64_t)s->n_writers + 1, sizeof *s->writers);
    if (!n->good)
        return;
    s->writers[s->n_writers] = (writer){n->instruction, s->first[o->buffer]};
    s->first[o->buffer] = s->n_writers++;
}

// Sums are not made again.
static bool note_section(search *s, int32_t index)
{
    const rnnc_plan *plan = s->p->plan;
    const rni_section *section = plan->sections + index;
    note n = {s, section->first_instruction, true};
    int32_t end = section->first_instruction + section->n_instructions;
    for (; n.instruction < end && n.good; n.instruction++) {
        const rni_instruction *i = plan->instructions + n.instruction;
        if (is_sum(i->op))
            continue;
        s->section[n.instruction] = index;
        rni_instruction_visit(plan, i, note_writer, &n);
    }
    return n.good;
}

// All that makes rows of steps in the forward stages.
static bool find_writers(search *s)
{
    const rnnc_plan *plan = s->p->plan;
    for (int32_t k = 0; k < plan->n_forward; k++) {
        const rni_stage *stage = plan->stages + k;
        for (int32_t n = 0; stage->axis >= 0 && n < stage->n_sections; n++)
            if (!note_section(s, stage->first_section + n))
                return false;
    }
    return true;
}

// ---- What is wanted ---------------------------------------------------------

static void want_buffer(search *s, int32_t buffer)
{
    int32_t extent = s->p->plan->buffers[buffer].extent;
    if (s->wanted[buffer] ||
        (extent != RNI_EXTENT_RANK && extent != RNI_EXTENT_BLOCK &&
         extent != RNI_EXTENT_SEGMENT))
        return;
    s->wanted[buffer] = true;
    s->buffers[s->n_buffers++] = buffer;
}

// A state that is there whole has its rows; the others begin at the border.
static void want_state(search *s, int32_t index)
{
    const rni_plan_state *state = s->p->plan->states + index;
    if (state->falling || state->mode == RNI_STATE_ALL || s->begins[index])
        return;
    s->begins[index] = true;
    s->states[s->n_states++] = index;
    want_buffer(s, state->next.buffer);
}

static void want_read(void *user, const rni_operand *o, bool written)
{
    search *s = user;
    if (written || o->buffer < 0)
        return;
    if (o->state >= 0)
        want_state(s, o->state);
    else if (s->carried[o->buffer] >= 0)
        want_state(s, s->carried[o->buffer]);
    want_buffer(s, o->buffer);
}

static void take_writers(search *s, int32_t buffer)
{
    const rnnc_plan *plan = s->p->plan;
    for (int32_t w = s->first[buffer]; w >= 0; w = s->writers[w].next) {
        int32_t i = s->writers[w].instruction;
        if (s->taken[i])
            continue;
        s->taken[i] = true;
        s->instructions[s->n_instructions++] = (uint32_t)i;
        rni_instruction_visit(plan, plan->instructions + i, want_read, s);
    }
}

static int32_t by_place(const void *user, uint32_t a, uint32_t b)
{
    (void)user;
    return a < b ? -1 : a > b;
}

static void want_stage(search *s, const rni_stage *stage)
{
    const rnnc_plan *plan = s->p->plan;
    for (int32_t k = 0; k < stage->n_sections; k++) {
        const rni_section *section = plan->sections + stage->first_section + k;
        for (int32_t n = 0; n < section->n_instructions; n++)
            rni_instruction_visit(
                plan, plan->instructions + section->first_instruction + n,
                want_read, s);
    }
    while (s->n_done < s->n_buffers)
        take_writers(s, s->buffers[s->n_done++]);
    rni_sort(s->instructions, (uint32_t)s->n_instructions, by_place, NULL);
}

static void forget(search *s)
{
    for (int32_t i = 0; i < s->n_buffers; i++)
        s->wanted[s->buffers[i]] = false;
    for (int32_t i = 0; i < s->n_states; i++)
        s->begins[s->states[i]] = false;
    for (int32_t i = 0; i < s->n_instructions; i++)
        s->taken[s->instructions[i]] = false;
    s->n_buffers = s->n_states = s->n_instructions = s->n_done = 0;
}

// ---- Writing it down --------------------------------------------------------

static bool list_state(rni_planner *p, int32_t state)
{
    if (!RNI_PLAN_RESERVE(p, state_list, 1))
        return false;
    p->plan->state_list[p->plan->n_state_list++] = state;
    return true;
}

// The states that the section moves on.
static bool list_states(search *s, int32_t from, rni_section *to)
{
    rnnc_plan *plan = s->p->plan;
    to->first_state = plan->n_state_list;
    for (int32_t k = 0; k < plan->sections[from].n_states; k++) {
        int32_t at = plan->sections[from].first_state + k;
        int32_t state = plan->state_list[at];
        if (s->begins[state] && !list_state(s->p, state))
            return false;
    }
    to->n_states = plan->n_state_list - to->first_state;
    return true;
}

// A section of those from *at on that are of one section.
static bool write_section(search *s, int32_t *at)
{
    rni_planner *p = s->p;
    rnnc_plan *plan = p->plan;
    int32_t from = s->section[s->instructions[*at]];
    rni_section made = {.loop = plan->sections[from].loop,
                        .first_instruction = plan->n_instructions};
    for (; *at < s->n_instructions; ++*at) {
        uint32_t i = s->instructions[*at];
        if (s->section[i] != from)
            break;
        if (!RNI_PLAN_RESERVE(p, instructions, 1))
            return false;
        plan->instructions[plan->n_instructions++] = plan->instructions[i];
    }
    made.n_instructions = plan->n_instructions - made.first_instruction;
    if (!list_states(s, from, &made) || !RNI_PLAN_RESERVE(p, sections, 1))
        return false;
    plan->sections[plan->n_sections++] = made;
    return true;
}

static bool need_border(rni_planner *p, int32_t index)
{
    rni_plan_state *state = p->plan->states + index;
    if (state->border >= 0)
        return true;
    rni_buffer border = p->plan->buffers[state->carry];
    border.extent = RNI_EXTENT_BORDER;
    state->border = rni_planner_buffer(p, border);
    return state->border >= 0;
}

static bool write_borders(search *s)
{
    for (int32_t i = 0; i < s->n_states; i++)
        if (!need_border(s->p, s->states[i]) || !list_state(s->p, s->states[i]))
            return false;
    return true;
}

static bool write_stage(search *s, int32_t index, bool *met)
{
    rnnc_plan *plan = s->p->plan;
    rni_stage *stage = plan->stages + index;
    want_stage(s, stage);
    stage->held = !met[stage->axis];
    met[stage->axis] = true;
    stage->first_again = plan->n_sections;
    for (int32_t at = 0; at < s->n_instructions;)
        if (!write_section(s, &at))
            return false;
    stage->n_again = plan->n_sections - stage->first_again;
    stage->first_border = plan->n_state_list;
    stage->n_borders = s->n_states;
    return write_borders(s);
}

// ---- The whole --------------------------------------------------------------

static bool make_tables(search *s)
{
    const rnnc_plan *plan = s->p->plan;
    const rni_memory *m = s->p->memory;
    size_t buffers = (size_t)plan->n_buffers, states = (size_t)plan->n_states;
    size_t instructions = (size_t)plan->n_instructions;
    s->section = rni_memory_zeroed(m, instructions, sizeof *s->section);
    s->first = rni_memory_zeroed(m, buffers, sizeof *s->first);
    s->carried = rni_memory_zeroed(m, buffers, sizeof *s->carried);
    s->wanted = rni_memory_zeroed(m, buffers, sizeof *s->wanted);
    s->begins = rni_memory_zeroed(m, states, sizeof *s->begins);
    s->taken = rni_memory_zeroed(m, instructions, sizeof *s->taken);
    s->buffers = rni_memory_zeroed(m, buffers, sizeof *s->buffers);
    s->states = rni_memory_zeroed(m, states, sizeof *s->states);
    s->instructions =
        rni_memory_zeroed(m, instructions, sizeof *s->instructions);
    if (!s->section || !s->first || !s->carried || !s->wanted || !s->begins ||
        !s->taken || !s->buffers || !s->states || !s->instructions)
        return false;
    for (size_t b = 0; b < buffers; b++)
        s->first[b] = s->carried[b] = -1;
    for (int32_t k = 0; k < plan->n_states; k++)
        s->carried[plan->states[k].carry] = k;
    return true;
}

static void release_tables(search *s)
{
    void *const tables[] = {s->section, s->first,       s->writers, s->carried,
                            s->wanted,  s->begins,      s->taken,   s->buffers,
                            s->states,  s->instructions};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        rni_memory_release(s->p->memory, tables[i]);
}

bool rni_plan_again(rni_planner *p)
{
    search s = {.p = p};
    bool *met = rni_memory_zeroed(p->memory, (size_t)p->form->graph->n_axes,
                                  sizeof *met);
    bool good = met && make_tables(&s) && find_writers(&s);
    for (int32_t k = p->plan->n_forward; good && k < p->plan->n_stages; k++) {
        if (p->plan->stages[k].axis < 0)
            continue;
        good = write_stage(&s, k, met);
        forget(&s);
    }
    if (!good)
        rni_error_memory(p->error);
    rni_memory_release(p->memory, met);
    release_tables(&s);
    return good;
}
