// SPDX-License-Identifier: MIT
// Unrolling: a frame for each step of each sequence. A state before a step is
// its next value of the step before, or the first value.
#include "reference/reference.h"

// The UNROLL that an OUTPUT or FINAL takes from.
static rni_reference_unrolled *unrolled(const rni_reference_call *call)
{
    return rni_reference_in(call, 0)->steps;
}

static rni_reference_frame *frame_at(const rnnc_reference *reference,
                                     const rni_reference_unrolled *site,
                                     int64_t b, int64_t t)
{
    return site->frames + reference->starts[site->axis][b] + t;
}

static double *gradient_at(rni_reference_matrix *matrix, int64_t r, int64_t c)
{
    return matrix->gradient + rni_reference_index(matrix, r, c);
}

static double value_at(const rni_reference_matrix *matrix, int64_t r, int64_t c)
{
    return matrix->value[rni_reference_index(matrix, r, c)];
}

// ---- First values ---------------------------------------------------------

// Where the first value of a state comes from: an input of the UNROLL, the
// cell's own node, or nowhere (zeros).
static rni_reference_matrix *first_source(const rnnc_reference *reference,
                                          const rni_reference_unrolled *site,
                                          int32_t state)
{
    const rnnc_node *node = site->node;
    const rnnc_cell *cell = node->unrolled;
    int32_t input = cell->n_inputs;
    for (int32_t s = 0; s < state; s++)
        input += (int32_t)(node->integers[1] >> s & 1);
    const rnnc_node *source = node->integers[1] >> state & 1
                                  ? node->inputs[input]
                                  : cell->states[state].first;
    return source ? rni_reference_at(reference, &reference->root, source)
                  : NULL;
}

static rnnc_status set_first(rnnc_reference *reference,
                             rni_reference_unrolled *site, int32_t state,
                             int64_t kept_first)
{
    int64_t cols = site->node->unrolled->states[state].node->shape.cols;
    rni_reference_matrix *first = site->first + state;
    const rni_reference_matrix *source = first_source(reference, site, state);
    if (rni_reference_matrix_make(reference, first, reference->batch, cols) !=
        RNNC_OK)
        return reference->error.status;
    for (int64_t b = 0; b < reference->batch; b++) {
        const double *kept = rni_reference_kept(reference, site->node, b);
        for (int64_t c = 0; c < cols; c++)
            first->value[b * cols + c] = kept     ? kept[kept_first + c]
                                         : source ? value_at(source, b, c)
                                                  : 0;
    }
    return RNNC_OK;
}

static void first_gradient(const rnnc_reference *reference,
                           const rni_reference_unrolled *site, int32_t state)
{
    const rni_reference_matrix *first = site->first + state;
    rni_reference_matrix *source = first_source(reference, site, state);
    for (int64_t b = 0; source && b < first->rows; b++)
        if (!rni_reference_kept(reference, site->node, b))
            for (int64_t c = 0; c < first->cols; c++)
                *gradient_at(source, b, c) +=
                    first->gradient[b * first->cols + c];
}

// ---- The site -------------------------------------------------------------

static rni_reference_unrolled *make_site(const rni_reference_call *call)
{
    rnnc_reference *reference = call->reference;
    rni_arena *arena = &reference->arena;
    rni_reference_unrolled *site = rni_arena_zeroed(arena, 1, sizeof *site);
    if (site) {
        site->node = call->node;
        site->axis = call->node->shape.axis;
        int64_t rows = reference->starts[site->axis][reference->batch];
        site->frames =
            rni_arena_zeroed(arena, (size_t)rows, sizeof *site->frames);
        site->first = rni_arena_zeroed(
            arena, (size_t)call->node->unrolled->n_states, sizeof *site->first);
    }
    if (site && site->frames && site->first)
        return site;
    rni_error_memory(&reference->error);
    return NULL;
}

static rnnc_status run_step(rnnc_reference *reference,
                            rni_reference_unrolled *site, int64_t b, int64_t t)
{
    rni_reference_frame *frame = frame_at(reference, site, b, t);
    *frame = (rni_reference_frame){.site = site, .sequence = b, .step = t};
    if (rni_reference_frame_make(reference, frame) == RNNC_OK)
        rni_reference_frame_evaluate(reference, frame);
    return reference->error.status;
}

// ---- Within a step --------------------------------------------------------

// The row of the UNROLL's input that a step sees.
static int64_t input_row(const rni_reference_call *call)
{
    const rni_reference_frame *frame = call->frame;
    return call->node->shape.kind == RNI_BATCH
               ? frame->sequence
               : call->reference->starts[frame->site->axis][frame->sequence] +
                     frame->step;
}

static rni_reference_matrix *outer_input(const rni_reference_call *call)
{
    const rnnc_node *node =
        call->frame->site->node->inputs[call->node->integers[0]];
    return rni_reference_at(call->reference, &call->reference->root, node);
}

void rni_reference_value_cell_input(rni_reference_call *call)
{
    for (int64_t c = 0; c < call->to->cols; c++)
        call->to->value[c] = value_at(outer_input(call), input_row(call), c);
}

void rni_reference_gradient_cell_input(rni_reference_call *call)
{
    for (int64_t c = 0; c < call->to->cols; c++)
        *gradient_at(outer_input(call), input_row(call), c) +=
            call->to->gradient[c];
}

// The matrix, and the row in it, of state s of a site before step t. Before
// the first step: its first value; t one past the last step: its final value.
static rni_reference_matrix *state_before(const rnnc_reference *reference,
                                          const rni_reference_unrolled *site,
                                          int32_t s, int64_t b, int64_t t,
                                          int64_t *row)
{
    *row = t == 0 ? b : 0;
    if (t == 0)
        return site->first + s;
    return rni_reference_at(reference, frame_at(reference, site, b, t - 1),
                            site->node->unrolled->states[s].next);
}

double rni_reference_final(const rnnc_reference *reference,
                           const rni_reference_unrolled *site, int32_t s,
                           int64_t b, int64_t c)
{
    int64_t row, length = rni_reference_length(reference, site->axis, b);
    const rni_reference_matrix *state =
        state_before(reference, site, s, b, length, &row);
    return value_at(state, row, c);
}

void rni_reference_value_cell_state(rni_reference_call *call)
{
    const rni_reference_frame *frame = call->frame;
    int64_t row;
    const rni_reference_matrix *state = state_before(
        call->reference, frame->site, (int32_t)call->node->integers[0],
        frame->sequence, frame->step, &row);
    for (int64_t c = 0; c < call->to->cols; c++)
        call->to->value[c] = value_at(state, row, c);
}

void rni_reference_gradient_cell_state(rni_reference_call *call)
{
    const rni_reference_frame *frame = call->frame;
    int64_t row;
    rni_reference_matrix *state = state_before(
        call->reference, frame->site, (int32_t)call->node->integers[0],
        frame->sequence, frame->step, &row);
    for (int64_t c = 0; c < call->to->cols; c++)
        *gradient_at(state, row, c) += call->to->gradient[c];
}

// ---- What an unrolled cell gives ------------------------------------------

// Row r of output `index` of a site is the only row of that node in frame r.
static void output_value(const rni_reference_call *call,
                         const rni_reference_unrolled *site, int64_t index)
{
    const rnnc_node *output = site->node->unrolled->outputs[index].node;
    for (int64_t r = 0; r < call->to->rows; r++)
        for (int64_t c = 0; c < call->to->cols; c++)
            call->to->value[r * call->to->cols + c] = value_at(
                rni_reference_at(call->reference, site->frames + r, output), 0,
                c);
}

static void output_gradient(const rni_reference_call *call,
                            const rni_reference_unrolled *site, int64_t index)
{
    const rnnc_node *output = site->node->unrolled->outputs[index].node;
    for (int64_t r = 0; r < call->to->rows; r++)
        for (int64_t c = 0; c < call->to->cols; c++)
            *gradient_at(
                rni_reference_at(call->reference, site->frames + r, output), 0,
                c) += call->to->gradient[r * call->to->cols + c];
}

void rni_reference_value_output(rni_reference_call *call)
{
    output_value(call, unrolled(call), call->node->integers[0]);
}

void rni_reference_gradient_output(rni_reference_call *call)
{
    output_gradient(call, unrolled(call), call->node->integers[0]);
}

void rni_reference_value_final(rni_reference_call *call)
{
    for (int64_t b = 0; b < call->reference->batch; b++)
        for (int64_t c = 0; c < call->to->cols; c++)
            call->to->value[b * call->to->cols + c] =
                rni_reference_final(call->reference, unrolled(call),
                                    (int32_t)call->node->integers[0], b, c);
}

void rni_reference_gradient_final(rni_reference_call *call)
{
    const rnnc_reference *reference = call->reference;
    const rni_reference_unrolled *site = unrolled(call);
    for (int64_t b = 0; b < reference->batch; b++) {
        int64_t row, length = rni_reference_length(reference, site->axis, b);
        rni_reference_matrix *state = state_before(
            reference, site, (int32_t)call->node->integers[0], b, length, &row);
        for (int64_t c = 0; c < call->to->cols; c++)
            *gradient_at(state, row, c) +=
                call->to->gradient[b * call->to->cols + c];
    }
}

// ---- The UNROLL itself ----------------------------------------------------

void rni_reference_value_unroll(rni_reference_call *call)
{
    rnnc_reference *reference = call->reference;
    rni_reference_unrolled *site = make_site(call);
    call->to->steps = site;
    if (!site)
        return;
    const rnnc_cell *cell = call->node->unrolled;
    for (int32_t s = 0, kept = 0; s < cell->n_states; s++) {
        if (set_first(reference, site, s, kept) != RNNC_OK)
            return;
        kept += (int32_t)cell->states[s].node->shape.cols;
    }
    for (int64_t b = 0; b < reference->batch; b++)
        for (int64_t t = 0; t < rni_reference_length(reference, site->axis, b);
             t++)
            if (run_step(reference, site, b, t) != RNNC_OK)
                return;
    output_value(call, site, 0);
}

// The value of an UNROLL is its first output. The last step comes first; each
// adds to the gradients of the step before it.
void rni_reference_gradient_unroll(rni_reference_call *call)
{
    rnnc_reference *reference = call->reference;
    rni_reference_unrolled *site = call->to->steps;
    output_gradient(call, site, 0);
    for (int64_t b = 0; b < reference->batch; b++)
        for (int64_t t = rni_reference_length(reference, site->axis, b); t > 0;
             t--)
            rni_reference_frame_differentiate(
                reference, frame_at(reference, site, b, t - 1));
    for (int32_t s = 0; s < site->node->unrolled->n_states; s++)
        first_gradient(reference, site, s);
}
