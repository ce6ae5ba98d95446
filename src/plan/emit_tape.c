// SPDX-License-Identifier: MIT
// Tapes: element-wise values of one shape become one program over slots. What
// nobody outside needs never reaches memory.
#include "plan/planner.h"
#include "plan/ready.h"

enum { GROUP_MOST = 40 }; // values of one tape

typedef struct group {
    rni_emission *e;
    rni_shape shape;
    int32_t n;
    int32_t values[GROUP_MOST];
    int32_t n_loads;
    int32_t loads[RNI_TAPE_SLOTS];  // values read from memory
    int32_t last_use[GROUP_MOST];   // place of the last reader within
    int32_t inner_uses[GROUP_MOST]; // how many readers within
    int32_t slots[GROUP_MOST];
    int32_t n_slots;
} group;

// ---- Choosing
// -----------------------------------------------------------------

static int32_t place_in(const group *g, int32_t v)
{
    for (int32_t i = 0; i < g->n; i++)
        if (g->values[i] == v)
            return i;
    return -1;
}

// Each that is taken may make others ready.
static void gather(group *g)
{
    rni_ready_compute(g->e->ready, g->values[0]);
    while (g->n < GROUP_MOST) {
        int32_t v = rni_ready_alike(g->e->ready, g->values[0]);
        if (v < 0)
            break;
        g->values[g->n++] = v;
        rni_ready_compute(g->e->ready, v);
    }
}

static void shorten(group *g)
{
    int32_t n = g->n / 2; // one value always fits
    while (g->n > n)
        rni_ready_give_back(g->e->ready, g->values[--g->n]);
}

// ---- Slots
// --------------------------------------------------------------------

static int32_t load_place(group *g, int32_t v)
{
    for (int32_t i = 0; i < g->n_loads; i++)
        if (g->loads[i] == v)
            return i;
    if (g->n_loads == RNI_TAPE_SLOTS)
        return -1;
    g->loads[g->n_loads] = v;
    return g->n_loads++;
}

// Finds loads and readers; false where there are too many loads.
static bool read_args(group *g)
{
    const rni_planner *p = g->e->planner;
    g->n_loads = 0;
    for (int32_t i = 0; i < g->n; i++) {
        g->inner_uses[i] = 0;
        g->last_use[i] = i;
    }
    for (int32_t i = 0; i < g->n; i++) {
        const rni_value *value = p->form->values + g->values[i];
        for (int32_t k = 0; k < value->n_args; k++) {
            int32_t arg = rni_planner_args(p, g->values[i])[k].value;
            int32_t at = place_in(g, arg);
            if (at >= 0) {
                g->inner_uses[at]++;
                g->last_use[at] = i;
            } else if (load_place(g, arg) < 0) {
                return false;
            }
        }
    }
    return true;
}

static bool is_stored(const group *g, int32_t i)
{
    return g->e->planner->uses[g->values[i]] > g->inner_uses[i];
}

// Loads keep the first slots; a value's slot is free again after its last
// reader, unless it is stored in the end. False where slots run out.
static bool give_slots(group *g)
{
    int32_t free_from[RNI_TAPE_SLOTS] = {0};
    g->n_slots = g->n_loads;
    for (int32_t i = 0; i < g->n; i++) {
        int32_t slot = g->n_loads;
        while (slot < RNI_TAPE_SLOTS && free_from[slot] > i)
            slot++;
        if (slot == RNI_TAPE_SLOTS)
            return false;
        free_from[slot] = is_stored(g, i) ? INT32_MAX : g->last_use[i] + 1;
        g->slots[i] = slot;
        if (slot + 1 > g->n_slots)
            g->n_slots = slot + 1;
    }
    return true;
}

// ---- Writing
// --------------------------------------------------------------------

static int32_t slot_of(group *g, int32_t v)
{
    int32_t at = place_in(g, v);
    return at >= 0 ? g->slots[at] : load_place(g, v);
}

static bool write_code(group *g)
{
    rni_planner *p = g->e->planner;
    if (!RNI_PLAN_RESERVE(p, code, g->n))
        return false;
    for (int32_t i = 0; i < g->n; i++) {
        const rni_value *value = p->form->values + g->values[i];
        int32_t slots[3] = {0};
        for (int32_t k = 0; k < value->n_args; k++)
            slots[k] = slot_of(g, rni_planner_args(p, g->values[i])[k].value);
        p->plan->code[p->plan->n_code++] =
            (rni_tape_code){(int32_t)value->integers[0],
                            g->slots[i],
                            slots[0],
                            slots[1],
                            slots[2],
                            value->numbers[0],
                            value->numbers[1]};
    }
    return true;
}

static int32_t port_kind(const rni_shape *own, const rni_shape *tape)
{
    bool row = own->kind == RNI_STATIC &&
               (tape->kind != RNI_STATIC || own->rows < tape->rows);
    bool column = own->cols < tape->cols;
    if (row)
        return column || own->cols == 1 ? RNI_PORT_SCALAR : RNI_PORT_ROW;
    return column ? RNI_PORT_COLUMN : RNI_PORT_ROWS;
}

static bool write_ports(group *g, rni_plan_tape *tape)
{
    rni_planner *p = g->e->planner;
    if (!RNI_PLAN_RESERVE(p, ports, g->n_loads + g->n))
        return false;
    rni_plan_port *ports = p->plan->ports;
    tape->first_load = p->plan->n_ports;
    tape->n_loads = g->n_loads;
    for (int32_t i = 0; i < g->n_loads; i++)
        ports[p->plan->n_ports++] = (rni_plan_port){
            port_kind(&p->form->values[g->loads[i]].shape, &g->shape), i,
            rni_planner_operand(p, g->loads[i], g->e->section)};
    tape->first_store = p->plan->n_ports;
    for (int32_t i = 0; i < g->n; i++) {
        if (!is_stored(g, i))
            continue;
        ports[p->plan->n_ports++] = (rni_plan_port){
            RNI_PORT_ROWS, g->slots[i],
            rni_planner_operand(p, g->values[i], g->e->section)};
        tape->n_stores++;
    }
    return true;
}

static bool any_by_step(const rni_planner *p, int32_t section,
                        const rni_plan_port *ports, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (rni_planner_by_step(p, section, &ports[i].operand, 1))
            return true;
    return false;
}

static bool add_tape(rni_planner *p, const rni_plan_tape *tape, rni_shape shape,
                     int32_t value, bool by_step)
{
    if (!RNI_PLAN_RESERVE(p, tapes, 1))
        return false;
    rni_instruction instruction = {.op = RNI_RUN_TAPE,
                                   .detail = p->plan->n_tapes,
                                   .cols = shape.cols,
                                   .rows = shape.kind == RNI_STATIC ? shape.rows
                                                                    : 0,
                                   .batch = shape.kind == RNI_BATCH,
                                   .by_step = by_step,
                                   .value = value};
    p->plan->tapes[p->plan->n_tapes++] = *tape;
    return rni_planner_instruction(p, instruction, NULL, 0);
}

static bool write(group *g)
{
    rni_planner *p = g->e->planner;
    rni_plan_tape tape = {.first_code = p->plan->n_code,
                          .n_code = g->n,
                          .n_slots = g->n_slots,
                          .cols = g->shape.cols};
    if (!write_code(g) || !write_ports(g, &tape))
        return false;
    bool by_step =
        any_by_step(p, g->e->section, p->plan->ports + tape.first_load,
                    tape.n_loads + tape.n_stores);
    for (int32_t i = 0; i < g->n; i++) {
        g->e->done[g->values[i]] = true;
        rni_ready_store(g->e->ready, g->values[i]);
    }
    return add_tape(p, &tape, g->shape, g->values[0], by_step);
}

bool rni_emit_tape(rni_emission *e, int32_t value)
{
    group g = {.e = e, .n = 1, .values = {value}};
    g.shape = e->planner->form->values[value].shape;
    gather(&g);
    while (!read_args(&g) || !give_slots(&g))
        shorten(&g);
    return write(&g);
}

bool rni_emit_simple_tape(rni_planner *p, int32_t op, rni_shape shape,
                          const rni_plan_port *loads, int32_t n_loads,
                          rni_operand to, bool by_step)
{
    if (!RNI_PLAN_RESERVE(p, code, 1) ||
        !RNI_PLAN_RESERVE(p, ports, n_loads + 1))
        return false;
    rni_plan_tape tape = {.first_code = p->plan->n_code,
                          .n_code = 1,
                          .first_load = p->plan->n_ports,
                          .n_loads = n_loads,
                          .first_store = p->plan->n_ports + n_loads,
                          .n_stores = 1,
                          .n_slots = n_loads + 1,
                          .cols = shape.cols};
    p->plan->code[p->plan->n_code++] = (rni_tape_code){
        .op = op, .to = n_loads, .a = 0, .b = n_loads > 1 ? 1 : 0};
    for (int32_t i = 0; i < n_loads; i++)
        p->plan->ports[p->plan->n_ports++] = loads[i];
    p->plan->ports[p->plan->n_ports++] =
        (rni_plan_port){RNI_PORT_ROWS, n_loads, to};
    return add_tape(p, &tape, shape, -1, by_step);
}
