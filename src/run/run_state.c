// SPDX-License-Identifier: MIT
// The states that a run carries from pass to pass: read and set.
#include "run/run.h"

static int64_t stride_of(const rnnc_plan *plan, int32_t state)
{
    return plan->buffers[plan->states[state].carry].cols;
}

int64_t rnnc_run_state_count(const rnnc_run *run)
{
    int64_t count = 0;
    if (run == NULL || !run->whole)
        return 0;
    for (int32_t s = 0; s < run->plan->n_states; s++)
        if (run->plan->states[s].kept)
            count += run->plan->states[s].cols;
    return count;
}

// Columns of all states side by side, to or from where they are kept; each
// state has its rows together there.
static void copy_states(rnnc_run *run, float *states, int64_t batch, bool back)
{
    const rni_program *program = rni_run_program(run);
    const rnnc_plan *plan = program->plan;
    const int64_t count = rnnc_run_state_count(run);
    float *kept = rni_layout_piece(&program->layout, RNI_PIECE_KEPT)->data;
    for (int32_t s = 0; s < plan->n_states; s++) {
        if (!plan->states[s].kept)
            continue;
        int64_t cols = plan->states[s].cols, stride = stride_of(plan, s);
        if (back)
            rni_copy_rows(batch, cols, states, count, kept, stride);
        else
            rni_copy_rows(batch, cols, kept, stride, states, count);
        kept += batch * stride;
        states += cols;
    }
}

static rnnc_status begin(rnnc_run *run, const float *states)
{
    if (run == NULL || !run->whole)
        return rnnc_run_status(run);
    rni_error_clear(&run->error);
    if (states == NULL)
        return rni_error_set(&run->error, RNNC_E_ARGUMENT,
                             "run: states is NULL");
    return RNNC_OK;
}

rnnc_status rnnc_run_state_get(rnnc_run *run, float *states)
{
    rnnc_status status = begin(run, states);
    if (status != RNNC_OK)
        return status;
    if (run->kept_batch < 0)
        return rni_error_set(&run->error, RNNC_E_STATE,
                             "run: it has no states yet; a forward pass comes "
                             "before this");
    copy_states(run, states, run->kept_batch, false);
    return RNNC_OK;
}

rnnc_status rnnc_run_state_set(rnnc_run *run, const float *states,
                               int64_t batch)
{
    rnnc_status status = begin(run, states);
    if (status == RNNC_OK)
        status = rnnc_run_reserve(run, batch, 0, 0);
    if (status != RNNC_OK)
        return status;
    copy_states(run, (float *)(uintptr_t)states, batch, true);
    run->kept_batch = batch;
    run->carry_set = false;
    run->done = RNI_NOTHING;
    return RNNC_OK;
}
