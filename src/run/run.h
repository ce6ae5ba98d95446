// SPDX-License-Identifier: MIT
// A run: a plan, the weights' values, memory, and the sequences in hand.
#ifndef RNI_RUN_H
#define RNI_RUN_H

#include "rnnc/run.h"
#include "run/input.h"
#include "run/keep.h"

// What the memory of a run holds.
typedef enum rni_run_done {
    RNI_NOTHING,
    RNI_FORWARD,
    RNI_BACKWARD
} rni_run_done;

struct rnnc_run {
    rni_memory memory;
    rni_error error;
    bool whole;            // made without error; other calls need that
    rnnc_plan *plan;       // held
    rnnc_weights *weights; // held
    const rni_kernels *kernels;
    rni_keep keep;
    rni_inputs inputs;
    rni_order *orders;       // [n_axes], copies: sequences may move on
    const rni_order **found; // [n_axes], of the inputs in hand
    rni_limits *limits;      // [n_axes] of the next pass
    rni_run_done done;
    bool changed;           // inputs were set after the last forward pass
    bool carry_set;         // the next pass has flags of its own
    int64_t carry_batch;    // how many
    int64_t kept_batch;     // rows of the kept states; -1: no pass yet
    uint64_t seed, counter; // of the next training pass
};

// That of the last pass.
static inline const rni_program *rni_run_program(const rnnc_run *run)
{
    return run->keep.programs + run->keep.way.program;
}

// The flags that are set for the next pass, [half of the piece]; those of the
// pass that was lie behind them.
static inline uint8_t *rni_run_carried(const rnnc_run *run, bool next)
{
    const rni_layout *layout = &rni_run_program(run)->layout;
    const rni_piece *piece = rni_layout_piece(layout, RNI_PIECE_CARRIED);
    return (uint8_t *)piece->data + (next ? 0 : piece->bytes / 2);
}

// Takes over an order; `to` has room for it.
void rni_order_copy(rni_order *to, const rni_order *from);

// Fills in the executor's bases: the layout's, the binding's and the inputs'.
void rni_executor_bind(rni_executor *e, const rni_layout *layout,
                       const rni_binding *binding, const rni_inputs *inputs);

// Checks that a plan and weights belong together; the status of either.
rnnc_status rni_run_fit(const rnnc_plan *plan, const rnnc_weights *weights,
                        rni_error *error);

#endif
