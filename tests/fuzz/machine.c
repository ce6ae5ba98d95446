// SPDX-License-Identifier: MIT
// Instructions of the machine: each takes its operands from the bytes and adds
// what a builder call gives. In a tame program a value that could grow goes
// through tanh.
#include "machine.h"

#include <stdio.h>

uint8_t machine_byte(machine *m)
{
    return m->at < m->size ? m->data[m->at++] : 0;
}

static int64_t cols(machine *m)
{
    return 1 + machine_byte(m) % MACHINE_COLS;
}

static float small(machine *m)
{
    return (float)((int8_t)machine_byte(m)) / 127.0f;
}

static const char *fresh(machine *m)
{
    static char name[16];
    snprintf(name, sizeof name, "n%ld", (long)m->names++);
    return name;
}

static machine_values *pool(machine *m)
{
    return m->cell != NULL ? &m->steps : &m->values;
}

// One of the values so far; in a wild program sometimes none at all.
static rnnc_node *pick(machine *m)
{
    machine_values *p = pool(m);
    uint8_t byte = machine_byte(m);
    if (p->count == 0 || (!m->tame && byte == 255))
        return NULL;
    return p->nodes[p->count - 1 - byte % p->count];
}

static bool alike(const rnnc_node *a, const rnnc_node *b)
{
    return rnnc_node_kind(a) == rnnc_node_kind(b) &&
           rnnc_node_type(a) == rnnc_node_type(b) &&
           rnnc_node_rows(a) == rnnc_node_rows(b) &&
           rnnc_node_cols(a) == rnnc_node_cols(b);
}

// One of the shape of `a`, from a chosen one on; or the chosen one.
static rnnc_node *pick_like(machine *m, const rnnc_node *a)
{
    machine_values *p = pool(m);
    rnnc_node *chosen = pick(m);
    if (a == NULL || chosen == NULL)
        return chosen;
    for (int32_t i = p->count - 1; i >= 0; i--)
        if (alike(p->nodes[i], a) && (p->nodes[i] != a || i % 2 == 0))
            return p->nodes[i];
    return chosen;
}

static rnnc_node *tamed(const machine *m, rnnc_node *node)
{
    return m->tame ? rnnc_tanh(node) : node;
}

// ---- Leaves ----------------------------------------------------------------

static rnnc_node *leaf(machine *m)
{
    int32_t init = m->tame ? RNNC_INIT_UNIFORM : machine_byte(m) % 8;
    int64_t rows = cols(m);
    switch (machine_byte(m) % 7) {
    case 0:
        return rnnc_input_batch(m->graph, fresh(m), rows);
    case 1:
        return rnnc_input_static(m->graph, fresh(m), rows, cols(m));
    case 2:
        return rnnc_input_ids(m->graph, fresh(m), rows);
    case 3:
        return rnnc_parameter(m->graph, fresh(m), rows, cols(m), init, 1);
    case 4:
        return rnnc_parameter_vector(m->graph, fresh(m), rows, init, 1);
    case 5:
        return rnnc_scalar(m->graph, small(m));
    default:
        return rnnc_input_rows(m->graph, fresh(m), rows);
    }
}

// ---- Functions -------------------------------------------------------------

typedef rnnc_node *unary(rnnc_node *x);
typedef rnnc_node *binary(rnnc_node *a, rnnc_node *b);

static rnnc_node *apply(machine *m)
{
    // The first ones stay within -1 and 1.
    static unary *const functions[] = {
        rnnc_tanh, rnnc_sigmoid, rnnc_relu,     rnnc_neg,         rnnc_abs,
        rnnc_mean, rnnc_softmax, rnnc_softsign, rnnc_log_softmax, rnnc_exp,
        rnnc_log,  rnnc_sqrt,    rnnc_softplus, rnnc_sum};
    enum { TAME = 8, ALL = sizeof functions / sizeof *functions };
    int32_t which = machine_byte(m) % (m->tame ? TAME : ALL);
    return functions[which](pick(m));
}

static rnnc_node *combine(machine *m)
{
    static binary *const functions[] = {rnnc_mul,        rnnc_min,   rnnc_max,
                                        rnnc_add,        rnnc_sub,   rnnc_less,
                                        rnnc_less_equal, rnnc_equal, rnnc_div};
    enum { WITHIN = 3, TAME = 5, ALL = sizeof functions / sizeof *functions };
    int32_t which = machine_byte(m) % (m->tame ? TAME : ALL);
    rnnc_node *a = pick(m), *b = pick_like(m, a);
    rnnc_node *result = functions[which](a, b);
    return which < WITHIN ? result : tamed(m, result);
}

static rnnc_node *shaped(machine *m)
{
    rnnc_node *x = pick(m);
    float a = small(m), b = small(m);
    switch (m->tame ? 7 : machine_byte(m) % 8) {
    case 0:
        return rnnc_elu(x, a);
    case 1:
        return rnnc_hard_sigmoid(x, a, b);
    case 2:
        return rnnc_leaky_relu(x, a);
    case 3:
        return rnnc_thresholded_relu(x, a);
    case 4:
        return rnnc_affine(x, a, b);
    case 5:
        return rnnc_scaled_tanh(x, a, b);
    case 6:
        return rnnc_dropout(x, a);
    default:
        return rnnc_clip(x, -1, 1);
    }
}

static rnnc_node *choose(machine *m)
{
    rnnc_node *condition = pick(m), *yes = pick_like(m, condition);
    return rnnc_select(m->tame ? rnnc_relu(condition) : condition, yes,
                       pick_like(m, condition));
}

// ---- Products and features -------------------------------------------------

static rnnc_node *product(machine *m)
{
    rnnc_node *a = pick(m);
    switch (machine_byte(m) % 5) {
    case 0:
        return tamed(m, rnnc_matmul(a, pick(m)));
    case 1:
        return tamed(m, rnnc_project_unbiased(a, pick(m)));
    case 2:
        return rnnc_node_type(a) == RNNC_IDS
                   ? rnnc_embedding(a, fresh(m), cols(m))
                   : rnnc_lookup(a, pick(m));
    case 3:
        return tamed(m, rnnc_project(a, pick(m), pick(m)));
    default:
        return tamed(m, rnnc_linear(a, fresh(m), cols(m)));
    }
}

static rnnc_node *feature(machine *m)
{
    rnnc_node *parts[3] = {pick(m), NULL, NULL};
    uint8_t first = machine_byte(m) % 4;
    switch (machine_byte(m) % 5) {
    case 0:
        return rnnc_slice(parts[0], first, cols(m));
    case 1:
        return rnnc_rows(parts[0], first, cols(m));
    case 2:
        return m->tame ? parts[0] : rnnc_normalize(parts[0], 1e-5f);
    case 3:
        return m->tame ? parts[0]
                       : rnnc_layer_norm(parts[0], pick(m), pick(m), 1e-5f);
    default:
        parts[1] = pick_like(m, parts[0]);
        parts[2] = pick_like(m, parts[0]);
        return rnnc_concat(parts, 1 + machine_byte(m) % 3);
    }
}

// ---- Time and losses -------------------------------------------------------

static rnnc_node *across(machine *m)
{
    rnnc_node *x = pick(m);
    switch (machine_byte(m) % 6) {
    case 0:
        return rnnc_reverse(x);
    case 1:
        return rnnc_repeat(x, pick(m));
    case 2:
        return rnnc_shift(x, cols(m));
    case 3:
        return tamed(m, rnnc_pool(x, RNNC_POOL_SUM));
    default:
        return rnnc_pool(x, machine_byte(m) % (m->tame ? 4 : 6));
    }
}

static rnnc_node *lose(machine *m)
{
    rnnc_node *a = pick(m), *loss;
    int32_t reduction = machine_byte(m) % 3;
    switch (machine_byte(m) % 6) {
    case 0:
        loss = rnnc_cross_entropy(a, pick(m));
        break;
    case 1:
        loss = rnnc_binary_cross_entropy(a, pick_like(m, a), reduction);
        break;
    case 2:
        loss = rnnc_huber(a, pick_like(m, a), 0.5f, reduction);
        break;
    case 3:
        loss = rnnc_l2_penalty(a, 0.5f);
        break;
    case 4:
        loss = rnnc_total(a);
        break;
    default:
        loss = rnnc_mse(a, pick_like(m, a), reduction);
        break;
    }
    if (loss != NULL && rnnc_node_kind(loss) == RNNC_STATIC)
        m->loss = loss;
    return m->tame ? NULL : loss;
}

// ---- Cells -----------------------------------------------------------------

static void add(machine_values *p, rnnc_node *node)
{
    if (node != NULL && p->count < MACHINE_VALUES)
        p->nodes[p->count++] = node;
}

static rnnc_node *cell_part(machine *m)
{
    rnnc_node *state;
    if (m->cell == NULL)
        return NULL;
    switch (machine_byte(m) % 4) {
    case 0:
        state = rnnc_cell_state(m->cell, fresh(m), cols(m));
        add(&m->states, state);
        return state;
    case 1:
        return rnnc_cell_parameter(m->cell, fresh(m), cols(m), cols(m),
                                   RNNC_INIT_UNIFORM, 1);
    case 2:
        return rnnc_cell_input_batch(m->cell, cols(m));
    default:
        return rnnc_cell_input(m->cell, cols(m));
    }
}

// Every state gets a next value of its shape; the cell runs over a sequence.
static rnnc_node *end_cell(machine *m)
{
    rnnc_cell *cell = m->cell;
    for (int32_t s = 0; s < m->states.count; s++) {
        rnnc_node *state = m->states.nodes[s];
        rnnc_cell_next(cell, state, pick_like(m, state));
    }
    for (int32_t i = machine_byte(m) % 2; i >= 0; i--)
        rnnc_cell_output(cell, pick(m));
    m->cell = NULL;
    rnnc_node *x = pick(m);
    rnnc_node *unrolled = rnnc_unroll(cell, x);
    if (machine_byte(m) % 4 == 0)
        add(&m->values, rnnc_unroll_output(unrolled, machine_byte(m) % 2));
    return unrolled;
}

// Begins a cell over what may be a sequence, or ends the one that is being
// written.
static rnnc_node *own_cell(machine *m)
{
    if (m->cell != NULL)
        return end_cell(m);
    m->steps.count = m->states.count = 0;
    rnnc_node *x = pick(m);
    m->cell = rnnc_cell_create(m->graph, fresh(m));
    return rnnc_cell_input(m->cell, x == NULL ? 0 : rnnc_node_cols(x));
}

static rnnc_node *ready_cell(machine *m)
{
    if (m->cell != NULL)
        return cell_part(m);
    rnnc_node *x = pick(m);
    uint8_t flags = machine_byte(m);
    rnnc_layers_options options = {.struct_size = sizeof options,
                                   .layers = 1 + (flags & 1),
                                   .bidirectional = flags >> 1 & 1,
                                   .merge = flags >> 2 & 3};
    if (m->tame)
        options.merge = RNNC_MERGE_CONCAT;
    return rnnc_layers(x, fresh(m), machine_byte(m) % 4, cols(m), &options);
}

// ---- Programs --------------------------------------------------------------

static rnnc_node *(*const instructions[])(machine *) = {
    leaf,    apply,  combine, shaped,   choose,     product,
    feature, across, lose,    own_cell, ready_cell, cell_part,
};

void machine_describe(machine *m)
{
    enum { COUNT = sizeof instructions / sizeof *instructions };
    // Something to begin with.
    add(&m->values, rnnc_input_rows(m->graph, "x", cols(m)));
    while (m->at < m->size && rnnc_graph_status(m->graph) == RNNC_OK) {
        rnnc_node *node = instructions[machine_byte(m) % COUNT](m);
        add(pool(m), node);
    }
    if (m->cell != NULL && rnnc_graph_status(m->graph) == RNNC_OK)
        add(&m->values, end_cell(m));
    fuzz_check((rnnc_graph_message(m->graph)[0] == '\0') ==
                   (rnnc_graph_status(m->graph) == RNNC_OK),
               "graph", "its message does not go with its status");
}
