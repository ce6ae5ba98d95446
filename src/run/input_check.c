// SPDX-License-Identifier: MIT
// What a forward pass asks of its inputs, and messages for a person.
#include "run/input.h"

#include <stdio.h>

// The sequences seen so far: the first of each axis, and the batch.
typedef struct seen {
    const rni_inputs *inputs;
    rni_input_filter filter;
    const rni_order **orders;
    int64_t batch;    // -1: not known yet
    const char *from; // the input that told it; NULL: the stream
    rni_error *error;
} seen;

static rnnc_status check_batch(seen *s, const char *name, int64_t batch)
{
    if (s->batch < 0) {
        s->batch = batch;
        s->from = name;
    }
    if (s->batch == batch)
        return RNNC_OK;
    if (s->from == NULL)
        return rni_error_set(s->error, RNNC_E_SHAPE,
                             "input \"%.80s\" has %lld sequences, expected "
                             "the %lld rows of the stream",
                             name, (long long)batch, (long long)s->batch);
    return rni_error_set(s->error, RNNC_E_SHAPE,
                         "input \"%.80s\" has %lld sequences, expected the "
                         "%lld of input \"%.80s\"",
                         name, (long long)batch, (long long)s->batch, s->from);
}

static rnnc_status lengths_differ(seen *s, const char *name, int32_t axis,
                                  const rni_order *order)
{
    const rni_order *first = s->orders[axis];
    int64_t row = 0;
    while (order->lengths[row] == first->lengths[row])
        row++;
    return rni_error_set(
        s->error, RNNC_E_SHAPE,
        "input \"%.80s\", row %lld: length %lld, but another input of axis "
        "\"%.40s\" has %lld there",
        name, (long long)row, (long long)order->lengths[row],
        s->inputs->plan->graph->axes[axis], (long long)first->lengths[row]);
}

static rnnc_status check_axis(seen *s, const char *name, int32_t axis,
                              const rni_order *order)
{
    if (check_batch(s, name, order->batch) != RNNC_OK)
        return s->error->status;
    if (s->orders[axis] == NULL)
        s->orders[axis] = order;
    if (!rni_order_same(s->orders[axis], order))
        return lengths_differ(s, name, axis, order);
    return RNNC_OK;
}

static rnnc_status check_sequence(seen *s, const rni_input *input)
{
    const rnnc_sequence *sequence = input->sequence;
    const rni_shape *shape = &input->node->shape;
    int64_t features = shape->type == RNI_IDS ? 0 : shape->cols;
    char text[RNI_NODE_TEXT];
    if (sequence->error.status != RNNC_OK)
        return rni_error_copy(s->error, &sequence->error);
    if (sequence->features != features) {
        rni_node_print(input->node, text);
        if (sequence->features == 0)
            return rni_error_set(s->error, RNNC_E_SHAPE,
                                 "input %s: its sequence has ids", text);
        return rni_error_set(s->error, RNNC_E_SHAPE,
                             "input %s: its sequence has rows of %lld features",
                             text, (long long)sequence->features);
    }
    return check_axis(s, input->node->name, shape->axis, &sequence->order);
}

// ---- Ids -------------------------------------------------------------------

int64_t rni_input_bad_id(const rni_input *input, const int32_t *ids,
                         int64_t count)
{
    int64_t limit = input->limit;
    for (int64_t k = 0; k < count; k++)
        if ((ids[k] < 0 || ids[k] >= limit) &&
            !(input->may_ignore && ids[k] == input->ignore))
            return k;
    return -1;
}

static rnnc_status bad_id(seen *s, const rni_input *input, int32_t id,
                          int64_t row, int64_t step)
{
    char place[32] = "";
    if (step >= 0)
        snprintf(place, sizeof place, ", step %lld", (long long)step);
    return rni_error_set(s->error, RNNC_E_VALUE,
                         "input \"%.80s\", row %lld%s: id %ld, expected 0 to "
                         "%lld",
                         input->node->name, (long long)row, place, (long)id,
                         (long long)input->limit - 1);
}

static rnnc_status check_ids(seen *s, const rni_input *input)
{
    if (input->node->shape.kind == RNI_BATCH) {
        const int32_t *ids = (const int32_t *)(const void *)input->copy;
        int64_t row = rni_input_bad_id(input, ids, input->batch);
        return row < 0 ? RNNC_OK : bad_id(s, input, ids[row], row, -1);
    }
    const rni_order *order = &input->sequence->order;
    const int32_t *ids = input->sequence->data;
    int64_t place = rni_input_bad_id(input, ids, order->total), step = 0;
    if (place < 0)
        return RNNC_OK;
    while (order->offsets[step + 1] <= place)
        step++;
    return bad_id(s, input, ids[place],
                  order->rows[place - order->offsets[step]], step);
}

// ---- All together ----------------------------------------------------------

static bool looks_at(const seen *s, int32_t axis)
{
    return s->filter.axis == RNI_AXIS_NONE ||
           (s->filter.axis == axis) == s->filter.only;
}

static rnnc_status check_input(seen *s, const rni_input *input)
{
    const char *name = input->node->name;
    if (!looks_at(s, input->node->shape.axis))
        return RNNC_OK;
    if (!input->set)
        return rni_error_set(s->error, RNNC_E_STATE,
                             "input \"%.80s\" is not set", name);
    if (input->node->shape.kind == RNI_SEQUENCE)
        check_sequence(s, input);
    else if (input->node->shape.kind == RNI_BATCH)
        check_batch(s, name, input->batch);
    if (s->error->status == RNNC_OK && input->node->shape.type == RNI_IDS)
        check_ids(s, input);
    return s->error->status;
}

// Axes without an input that is read: any sequence that was set tells.
static rnnc_status check_silent_axis(seen *s, int32_t axis)
{
    const rnnc_plan *plan = s->inputs->plan;
    const rnnc_sequence *sequence = s->inputs->axes[axis];
    if (!plan->axes_used[axis] || !looks_at(s, axis) || s->orders[axis] != NULL)
        return RNNC_OK;
    if (sequence == NULL)
        return rni_error_set(s->error, RNNC_E_STATE,
                             "no input of axis \"%.80s\" is set",
                             plan->graph->axes[axis]);
    return check_axis(s, plan->graph->axes[axis], axis, &sequence->order);
}

rnnc_status rni_inputs_check(const rni_inputs *inputs, rni_input_filter filter,
                             int64_t *batch, const rni_order **orders,
                             rni_error *error)
{
    const rnnc_plan *plan = inputs->plan;
    seen s = {inputs, filter, orders, *batch, NULL, error};
    for (int32_t a = 0; a < plan->n_axes; a++)
        if (looks_at(&s, a))
            orders[a] = NULL;
    for (int32_t k = 0; k < plan->n_inputs; k++)
        if (check_input(&s, inputs->list + k) != RNNC_OK)
            return error->status;
    for (int32_t a = 0; a < plan->n_axes; a++)
        if (check_silent_axis(&s, a) != RNNC_OK)
            return error->status;
    *batch = s.batch < 0 ? 0 : s.batch;
    return RNNC_OK;
}
