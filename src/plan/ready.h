// SPDX-License-Identifier: MIT
// The values of a section that can be emitted next, in the order of their
// indices: row operations, products, element-wise values; and, of one that is
// ready, those that may go with it.
#ifndef RNI_READY_H
#define RNI_READY_H

#include "base/heap.h"
#include "plan/planner.h"

typedef struct rni_ready {
    rni_planner *p;
    const bool *done; // value -> known before the section, or emitted
    int32_t *first;   // value -> its first user, [n_values + 1]
    int32_t *users;   // values that read it, views left out
    int32_t *missing; // value -> arguments that are not known yet
    int32_t *place;   // value -> among the members, -1: of another section
    const int32_t *members;
    int32_t n;
    // Of each member.
    bool *taken;       // it is emitted, or about to be
    uint8_t *queued;   // in which heaps it lies
    int32_t *group;    // of those that may go together
    uint32_t *order;   // members by group
    int32_t *items;    // of the heaps, two for each member
    int32_t *together; // room for a list of members
    rni_heap rows, products, tapes;
    rni_heap *groups;
} rni_ready;

bool rni_ready_init(rni_ready *ready, rni_planner *planner, const bool *done);
void rni_ready_fini(rni_ready *ready);

// Goes on to a section of these members.
void rni_ready_begin(rni_ready *ready, const int32_t *members, int32_t n);

// The first value of a kind that is ready, which is taken; -1: none.
int32_t rni_ready_row(rni_ready *ready);
int32_t rni_ready_product(rni_ready *ready);
int32_t rni_ready_tape(rni_ready *ready);

// The first that is ready and may go with `value`: the same left side of a
// product, the same shape of a tape. It is taken; -1: none.
int32_t rni_ready_alike(rni_ready *ready, int32_t value);

// A value that was taken is computed: those that read all of it may follow. It
// lies in memory: so may those that read a view of it. Or it is not computed,
// after all.
void rni_ready_compute(rni_ready *ready, int32_t value);
void rni_ready_store(rni_ready *ready, int32_t value);
void rni_ready_give_back(rni_ready *ready, int32_t value);

#endif
