// SPDX-License-Identifier: MIT
// Four gates are squashed; then two of the values that wait to be used are
// joined, or one is joined with any value, until two are left. One of them
// becomes the next c, and the other one, joined with it, the next h.
#include "drawn.h"

#include "fill.h"
#include "peephole.h"

enum {
    GATES = 4,
    JOINS = 5, // of GATES and c, with h and all others free to be used again
    MERGES = 3,
    MOST_VALUES = 2 * GATES + 2 + JOINS + 3
};

typedef struct drawing {
    const char *label;
    uint32_t drawn;                 // numbers so far
    rnnc_node *values[MOST_VALUES]; // all that may be read
    int n_values;
    rnnc_node *waiting[GATES + 1]; // not read yet
    int n_waiting;
} drawing;

static int draw(drawing *d, int below)
{
    return (int)(bench_bits(d->label, d->drawn++) % (uint32_t)below);
}

static rnnc_node *keep(drawing *d, rnnc_node *value)
{
    return d->values[d->n_values++] = value;
}

static rnnc_node *squash(drawing *d, rnnc_node *value)
{
    return keep(d, draw(d, 2) ? rnnc_tanh(value) : rnnc_sigmoid(value));
}

static rnnc_node *join(drawing *d, rnnc_node *a, rnnc_node *b)
{
    static rnnc_node *(*const joins[])(rnnc_node *, rnnc_node *) = {
        rnnc_mul, rnnc_add, rnnc_sub};
    return keep(d, joins[draw(d, 3)](a, b));
}

static rnnc_node *take_waiting(drawing *d)
{
    int place = draw(d, d->n_waiting);
    rnnc_node *taken = d->waiting[place];
    d->waiting[place] = d->waiting[--d->n_waiting];
    return taken;
}

static void join_until_two(drawing *d)
{
    for (int left = JOINS, merges = MERGES; left > 0; left--) {
        int merge = draw(d, left) < merges;
        merges -= merge;
        rnnc_node *a = take_waiting(d);
        rnnc_node *b =
            merge ? take_waiting(d) : d->values[draw(d, d->n_values)];
        // a - a would be nothing: then h, the first of the values.
        rnnc_node *joined = join(d, a, b == a ? d->values[0] : b);
        d->waiting[d->n_waiting++] = joined;
    }
}

rnnc_cell *bench_drawn(rnnc_graph *graph, const char *name, int64_t n_in,
                       int64_t n, const char *label)
{
    drawing d = {.label = label};
    rnnc_cell *cell = rnnc_cell_create(graph, name);
    rnnc_node *x = rnnc_cell_input(cell, n_in);
    rnnc_node *h = keep(&d, rnnc_cell_state(cell, "h", n));
    rnnc_node *c = keep(&d, rnnc_cell_state(cell, "c", n));
    for (int g = 0; g < GATES; g++) {
        const char letter[] = {(char)('0' + g), 0};
        d.waiting[d.n_waiting++] = squash(&d, bench_gate(cell, letter, x, h));
    }
    d.waiting[d.n_waiting++] = c;
    join_until_two(&d);
    rnnc_node *c_new = squash(&d, d.waiting[0]);
    rnnc_node *h_new = squash(&d, join(&d, d.waiting[1], c_new));
    rnnc_cell_next(cell, c, c_new);
    rnnc_cell_next(cell, h, h_new);
    rnnc_cell_output(cell, h_new);
    return cell;
}
