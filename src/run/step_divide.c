// SPDX-License-Identifier: MIT
// Dividing a step among the members of a team: what is theirs, where they
// meet, and whether it is worth it.
#include <string.h>

#include "run/step.h"

// In multiply-adds of a packed product, of which a microsecond has about 30
// thousand: a meeting within a step, and its start and end.
static const double meet_cost = 4e3, start_cost = 6e3;
// The gain below which a step stays on one thread.
static const double least_gain = 1.15;

enum { MEMBERS_MOST = 256, GRAIN = 16 };

// ---- Folds -----------------------------------------------------------------

// The distance of what a tape reads from the first column of a result, or -1
// where it reads something else.
static int64_t distance(const rni_tape_port *port,
                        const rni_product_result *result)
{
    int64_t apart = (int64_t)((uintptr_t)port->data - (uintptr_t)result->c);
    apart /= (int64_t)sizeof(float);
    return apart >= 0 && apart < result->cols ? apart : -1;
}

// Notes the width of a tape that reads a result; false where its parts are not
// all of one width.
static bool note_width(const rni_tape_call *tape,
                       const rni_product_result *result, int64_t *width)
{
    for (int32_t k = 0; k < tape->n_loads; k++) {
        int64_t at = distance(tape->loads + k, result);
        if (at < 0)
            continue;
        if (*width == 0)
            *width = tape->cols;
        if (tape->cols != *width || at % *width != 0)
            return false;
    }
    return true;
}

// The columns of a product are those of so many units, again and again, where
// tapes read them so: a member that owns the same units of all of them then
// reads what it has computed itself. 0: it is not so.
static int64_t find_width(const rni_step *step, const rni_product_call *call)
{
    int64_t width = 0;
    for (int32_t k = 0; k < step->n_calls; k++)
        for (int32_t r = 0; r < call->n_results; r++)
            if (step->calls[k].kind == RNI_STEP_TAPE &&
                !note_width(&step->calls[k].as.tape, call->results + r, &width))
                return 0;
    for (int32_t r = 0; width > 0 && r < call->n_results; r++)
        if (call->results[r].cols % width != 0)
            return 0;
    return width % GRAIN == 0 && width / GRAIN >= step->size ? width : 0;
}

static void find_folds(rni_step *step)
{
    const rni_kernels *kernels = step->e->kernels;
    for (int32_t k = 0; k < step->n_calls; k++) {
        rni_step_call *call = step->parts + k;
        if (call->kind == RNI_STEP_PRODUCT &&
            kernels->product_link(&call->as.product, 1, 0, NULL, NULL) > 0)
            call->fold = find_width(step, &call->as.product) / kernels->panel;
    }
}

// ---- Meetings --------------------------------------------------------------

static bool is_alone(const rni_step *step, const rni_step_call *call)
{
    rni_share others = rni_step_own(step, call, 1, 2);
    return call->kind == RNI_STEP_NOTHING || others.first >= others.last;
}

// What one member does at the end, the caller does when the others are done.
static void leave_rest(rni_step *step)
{
    step->n_parts = step->n_calls;
    while (step->n_parts > 0 && is_alone(step, step->parts + step->n_parts - 1))
        step->n_parts--;
}

static void find_meets(rni_step *step)
{
    int32_t last = 0; // the first call behind the last meeting
    for (int32_t k = 0; k < step->n_parts; k++) {
        step->meets[k] = false;
        for (int32_t before = last; !step->meets[k] && before < k; before++)
            step->meets[k] = rni_step_members_conflict(
                step, step->parts + before, step->parts + k, step->size);
        if (step->meets[k])
            last = k;
    }
}

// ---- Whether it is worth it ------------------------------------------------

static double part_of(const rni_step *step, const rni_step_call *call,
                      int32_t member)
{
    rni_share all = rni_step_own(step, call, 0, 1);
    rni_share own = rni_step_own(step, call, member, step->size);
    return call->cost * (double)(own.last - own.first) /
           (double)(all.last > all.first ? all.last - all.first : 1);
}

// The work of the member that has most of it; nobody has any after that.
static double take_most(double *costs, int32_t n)
{
    double most = 0;
    for (int32_t k = 0; k < n; k++) {
        most = costs[k] > most ? costs[k] : most;
        costs[k] = 0;
    }
    return most;
}

static double cost_of(const rni_step_call *calls, int32_t first, int32_t last)
{
    double cost = 0;
    for (int32_t k = first; k < last; k++)
        cost += calls[k].kind == RNI_STEP_NOTHING ? 0 : calls[k].cost;
    return cost;
}

static double cost_together(const rni_step *step)
{
    double own[MEMBERS_MOST] = {0}, cost = start_cost;
    for (int32_t k = 0; k < step->n_parts; k++) {
        const rni_step_call *call = step->parts + k;
        if (call->kind == RNI_STEP_NOTHING)
            continue;
        if (step->meets[k])
            cost += meet_cost + take_most(own, step->size);
        for (int32_t m = 0; m < step->size; m++)
            own[m] += part_of(step, call, m);
    }
    return cost + take_most(own, step->size) +
           cost_of(step->parts, step->n_parts, step->n_calls);
}

void rni_step_divide(rni_step *step)
{
    step->cost = cost_of(step->calls, 0, step->n_calls);
    step->shared = false;
    if (step->size == 1 || step->cost < least_gain * start_cost)
        return;
    memcpy(step->parts, step->calls,
           (size_t)step->n_calls * sizeof *step->calls);
    find_folds(step);
    rni_step_join_copies(step, step->parts, step->size);
    leave_rest(step);
    find_meets(step);
    step->shared = least_gain * cost_together(step) < step->cost;
}
