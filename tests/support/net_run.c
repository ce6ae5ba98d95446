// SPDX-License-Identifier: MIT
#include "support/net_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SEED = 5 };

net_run net_run_make(size_t which, int64_t hidden, int32_t use)
{
    net_run r = {.n = net_make(NULL, net_table + which, hidden)};
    r.weights = rnnc_weights_create(r.n.graph, SEED);
    r.plan = net_plan(&r.n, use, 0);
    r.run = rnnc_run_create(r.plan, r.weights);
    r.x = rnnc_sequence_create(NULL);
    r.next = rnnc_sequence_create(NULL);
    assert_string_equal(rnnc_run_message(r.run), "");
    return r;
}

void net_run_destroy(net_run *r)
{
    rnnc_sequence_destroy(r->x);
    rnnc_sequence_destroy(r->next);
    rnnc_run_destroy(r->run);
    rnnc_plan_destroy(r->plan);
    rnnc_weights_destroy(r->weights);
    net_destroy(&r->n);
}

void net_run_feed(net_run *r, const int64_t *rows, const int64_t *lengths,
                  const int64_t *first, int64_t batch)
{
    assert_true(net_fill(r->x, r->next, rows, lengths, first, batch));
    assert_int_equal(rnnc_run_input(r->run, r->n.x, r->x), RNNC_OK);
    assert_int_equal(rnnc_run_input(r->run, r->n.next, r->next), RNNC_OK);
}
