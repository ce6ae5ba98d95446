// SPDX-License-Identifier: MIT
// Planning of large and of tangled graphs: the parts of it that sort and share,
// against slow and simple ones; and graphs of 100,000 nodes, which a planner
// that takes the square of anything would not be done with today.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/heap.h"
#include "graph/gradient.h"
#include "graph/node.h"
#include "plan/slots.h"
#include "rnnc/rnnc.h"
#include "support/floats.h"

static int64_t drawn(int64_t most)
{
    return floats_draw_up_to(most);
}

// ---- Large graphs -----------------------------------------------------------

enum { NODES = 100000, WIDE = 4 };

static rnnc_node *sums(rnnc_node *x)
{
    rnnc_node *y = x;
    for (int i = 0; i < NODES / 2; i++)
        y = rnnc_add(y, x);
    return y;
}

static rnnc_node *products_of_elements(rnnc_node *x)
{
    rnnc_node *y = x;
    for (int i = 0; i < NODES / 2; i++)
        y = rnnc_mul(rnnc_tanh(y), x);
    return y;
}

static rnnc_node *rows_in_a_row(rnnc_node *x)
{
    rnnc_node *y = x;
    for (int i = 0; i < NODES / 2; i++)
        y = rnnc_softmax(y);
    return y;
}

static rnnc_node *slices_of_one(rnnc_node *x)
{
    rnnc_node *y = rnnc_linear(x, "wide", NODES / 4), *sum = NULL;
    for (int i = 0; i < NODES / 4; i++) {
        rnnc_node *part = rnnc_tanh(rnnc_slice(y, i, 1));
        sum = sum == NULL ? part : rnnc_mul(sum, part);
    }
    return sum;
}

static rnnc_node *slices_that_overlap(rnnc_node *x)
{
    rnnc_node *y = rnnc_tanh(x), *sum = NULL;
    for (int i = 0; i < NODES / 4; i++) {
        rnnc_node *part = rnnc_tanh(rnnc_slice(y, i % 3, 2));
        sum = sum == NULL ? part : rnnc_mul(sum, part);
    }
    return sum;
}

static rnnc_node *layers_of_weights(rnnc_node *x)
{
    rnnc_node *w =
        rnnc_parameter(x->graph, "w", WIDE, WIDE, RNNC_INIT_GLOROT, 0);
    rnnc_node *y = x;
    for (int i = 0; i < NODES / 8; i++)
        y = rnnc_tanh(rnnc_project_unbiased(y, w));
    return y;
}

static rnnc_node *sites_of_one_cell(rnnc_node *x)
{
    rnnc_cell *cell = rnnc_cell_rnn(x->graph, "cell", WIDE, WIDE);
    rnnc_node *y = x;
    for (int i = 0; i < NODES / 40; i++)
        y = rnnc_unroll(cell, y);
    return y;
}

static rnnc_node *one_large_step(rnnc_node *x)
{
    rnnc_cell *cell = rnnc_cell_create(x->graph, "large");
    rnnc_node *in = rnnc_cell_input(cell, WIDE);
    rnnc_node *h = rnnc_cell_state(cell, "h", WIDE), *y = h;
    for (int i = 0; i < NODES / 4; i++)
        y = rnnc_add(rnnc_tanh(y), in);
    rnnc_cell_next(cell, h, y);
    rnnc_cell_output(cell, y);
    return rnnc_unroll(cell, x);
}

static rnnc_node *back_and_forth(rnnc_node *x)
{
    rnnc_node *y = x;
    for (int i = 0; i < NODES / 8; i++)
        y = rnnc_reverse(rnnc_tanh(y));
    return y;
}

static rnnc_node *pools_and_shifts(rnnc_node *x)
{
    rnnc_node *y = x;
    for (int i = 0; i < NODES / 16; i++)
        y = rnnc_add(
            rnnc_repeat(rnnc_pool(rnnc_shift(y, 2), RNNC_POOL_MEAN), x), x);
    return y;
}

typedef rnnc_node *builder(rnnc_node *x);

static builder *const builders[] = {
    sums,
    products_of_elements,
    rows_in_a_row,
    slices_of_one,
    slices_that_overlap,
    layers_of_weights,
    one_large_step,
    sites_of_one_cell,
    back_and_forth,
    pools_and_shifts,
};

static void plan_for(rnnc_node *y, rnnc_node *loss, int32_t use, int32_t keep)
{
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = use,
                                 .outputs = &y,
                                 .n_outputs = 1,
                                 .loss = use == RNNC_TRAIN ? loss : NULL,
                                 .keep = keep};
    rnnc_graph *graph = y->graph;
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    assert_string_equal(rnnc_plan_message(plan), "");
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_run *run = rnnc_run_create(plan, weights);
    assert_string_equal(rnnc_run_message(run), "");
    rnnc_run_destroy(run);
    rnnc_weights_destroy(weights);
    rnnc_plan_destroy(plan);
}

static void large_graphs_are_planned(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof builders / sizeof builders[0]; k++) {
        rnnc_graph *graph = rnnc_graph_create(NULL);
        rnnc_node *y = builders[k](rnnc_input_rows(graph, "x", WIDE));
        rnnc_node *loss = rnnc_total(rnnc_tanh(y));
        assert_string_equal(rnnc_graph_message(graph), "");
        plan_for(y, loss, RNNC_INFER, 0);
        plan_for(y, loss, RNNC_TRAIN, RNNC_KEEP_RESULTS);
        plan_for(y, loss, RNNC_TRAIN, RNNC_KEEP_STATES);
        rnnc_graph_destroy(graph);
    }
}

// ---- Rounds of parts --------------------------------------------------------

enum { PARTS_MOST = 60 };

static bool meet(const rni_part *a, const rni_part *b)
{
    return a->row < b->row + b->rows && b->row < a->row + a->rows &&
           a->col < b->col + b->cols && b->col < a->col + a->cols;
}

// The first round in which there is room, part after part.
static void first_fit(const rni_part *parts, int32_t n, int32_t *round)
{
    for (int32_t i = 0; i < n; i++)
        for (round[i] = 0;; round[i]++) {
            bool clear = true;
            for (int32_t k = 0; k < i; k++)
                clear &= round[k] != round[i] || !meet(parts + k, parts + i);
            if (clear)
                break;
        }
}

static void parts_go_where_there_is_room_first(void **state)
{
    (void)state;
    rni_memory memory = rni_memory_default();
    for (int trial = 0; trial < 3000; trial++) {
        rni_part parts[PARTS_MOST];
        int32_t wanted[PARTS_MOST], found[PARTS_MOST], rounds = 0;
        int32_t n = 1 + (int32_t)drawn(PARTS_MOST - 1);
        int64_t width = 1 + drawn(30), most = 1 + drawn(width - 1);
        for (int32_t i = 0; i < n; i++) {
            rni_part *p = parts + i;
            *p = (rni_part){0, drawn(width - 1), 1, 1 + drawn(most - 1)};
            if (trial % 3 == 1)
                *p = (rni_part){p->col, 2, p->cols, 5};
            if (trial % 3 == 2)
                *p = (rni_part){drawn(3), p->col, 1 + drawn(2), p->cols};
        }
        first_fit(parts, n, wanted);
        int32_t count = rni_gradient_rounds(&memory, parts, n, found);
        for (int32_t i = 0; i < n; i++) {
            assert_int_equal(found[i], wanted[i]);
            rounds = wanted[i] >= rounds ? wanted[i] + 1 : rounds;
        }
        assert_int_equal(count, rounds);
    }
}

// ---- Slots ------------------------------------------------------------------

enum { BUFFERS = 80 };

typedef struct placed {
    rni_life life;
    int64_t size, offset;
} placed;

static void draw_buffers(placed *all, int64_t *sizes)
{
    int64_t start = 0;
    for (int32_t i = 0; i < BUFFERS; i++) {
        start += drawn(3);
        int64_t end = start + drawn(40);
        all[i].life = (rni_life){start - drawn(9), end + drawn(9), start, end};
        all[i].size = sizes[i] = 1 + drawn(4);
    }
}

// Two that share memory: at the same place, row for row, their rows must not
// live at once; otherwise they must not.
static void check_pair(const placed *a, const placed *b)
{
    bool apart =
        a->offset + a->size <= b->offset || b->offset + b->size <= a->offset;
    bool alike = a->offset == b->offset && a->size == b->size;
    const rni_life *x = &a->life, *y = &b->life;
    if (apart)
        return;
    if (alike)
        assert_true(x->exact_end < y->exact_start ||
                    y->exact_end < x->exact_start);
    else
        assert_true(x->end < y->start || y->end < x->start);
}

static void buffers_alive_at_once_lie_apart(void **state)
{
    (void)state;
    rni_memory memory = rni_memory_default();
    for (int trial = 0; trial < 2000; trial++) {
        placed all[BUFFERS];
        int64_t sizes[BUFFERS], sum = 0;
        rni_slots slots;
        rni_slot_wish wish = trial % 2 ? RNI_SLOT_ANY : RNI_SLOT_EXACT;
        draw_buffers(all, sizes);
        assert_true(rni_slots_init(&slots, &memory, sizes, BUFFERS));
        for (int32_t i = 0; i < BUFFERS; i++) {
            all[i].offset =
                rni_slots_take(&slots, all[i].size, &all[i].life, wish);
            assert_true(all[i].offset >= 0);
            assert_true(all[i].offset + all[i].size <= slots.total);
            sum += all[i].size;
        }
        for (int32_t i = 0; i < BUFFERS; i++)
            for (int32_t k = 0; k < i; k++)
                check_pair(all + k, all + i);
        assert_true(slots.total < sum);
        rni_slots_fini(&slots);
    }
}

static void a_heap_gives_the_smallest_first(void **state)
{
    (void)state;
    int32_t items[100], counts[50] = {0};
    rni_heap heap = {items, 0};
    for (int step = 0; step < 100000; step++) {
        if (heap.n < 100 && drawn(1)) {
            int32_t item = (int32_t)drawn(49);
            rni_heap_push(&heap, item);
            counts[item]++;
            continue;
        }
        int32_t least = 0;
        while (least < 50 && counts[least] == 0)
            least++;
        int32_t found = rni_heap_pop(&heap);
        assert_int_equal(found, least < 50 ? least : -1);
        if (found >= 0)
            counts[found]--;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_graphs_are_planned),
        cmocka_unit_test(parts_go_where_there_is_room_first),
        cmocka_unit_test(buffers_alive_at_once_lie_apart),
        cmocka_unit_test(a_heap_gives_the_smallest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
