// SPDX-License-Identifier: MIT
// One of the small networks with weights, a plan, a run and room for its data.
#ifndef RNNC_TEST_NET_RUN_H
#define RNNC_TEST_NET_RUN_H

#include "support/nets.h"

typedef struct net_run {
    net n;
    rnnc_weights *weights;
    rnnc_plan *plan;
    rnnc_run *run;
    rnnc_sequence *x, *next;
} net_run;

// The net net_table[which]; the test fails where one cannot be made.
net_run net_run_make(size_t which, int64_t hidden, int32_t use);
void net_run_destroy(net_run *r);

// As net_fill; the run gets what was filled.
void net_run_feed(net_run *r, const int64_t *rows, const int64_t *lengths,
                  const int64_t *first, int64_t batch);

#endif
