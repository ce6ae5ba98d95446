// SPDX-License-Identifier: MIT
// One sequence of the last pass, by the textbook.
#include "train/trainer_trace.h"

#include "rnnc/reference.h"

int64_t rni_trainer_input_rows(const rni_input *input)
{
    return input->node->shape.kind == RNI_BATCH ? input->batch
                                                : input->node->shape.rows;
}

void rni_trainer_input_copy(const rnnc_trainer *t, const rni_input *input,
                            float *values)
{
    int64_t cols = input->node->shape.cols;
    rni_copy_rows(rni_trainer_input_rows(input), cols, input->copy,
                  t->run->plan->buffers[input->buffer].cols, values, cols);
}

typedef struct tracing {
    rnnc_trainer *t;
    rnnc_reference *reference;
    int64_t sequence;
} tracing;

static bool give_rows(const tracing *c, const rni_input *input,
                      const float *values)
{
    rnnc_node *node = input->node;
    const float *row = values + c->sequence * node->shape.cols;
    if (node->shape.kind == RNI_STATIC)
        return rnnc_reference_input_static(c->reference, node, values) ==
               RNNC_OK;
    if (node->shape.type == RNI_IDS)
        return rnnc_reference_input_batch_ids(
                   c->reference, node, (const int32_t *)(const void *)row, 1) ==
               RNNC_OK;
    return rnnc_reference_input_batch(c->reference, node, row, 1) == RNNC_OK;
}

static bool give_batch(const tracing *c, const rni_input *input)
{
    const rni_memory *memory = rni_trainer_memory(c->t);
    int64_t rows = rni_trainer_input_rows(input);
    float *values = rni_memory_zeroed(
        memory, (size_t)(rows * input->node->shape.cols), sizeof *values);
    bool given = values != NULL;
    if (given) {
        rni_trainer_input_copy(c->t, input, values);
        given = give_rows(c, input, values);
    }
    rni_memory_release(memory, values);
    return given;
}

// A batch of that sequence alone, which is there.
static bool one_of(const rnnc_sequence *all, int64_t row, float *values,
                   rnnc_sequence *one)
{
    int32_t *ids = (int32_t *)(void *)values;
    const float *rows[] = {values};
    const int32_t *also[] = {ids};
    int64_t lengths[] = {rnnc_sequence_length(all, row)};
    int64_t features = rnnc_sequence_features(all);
    if (features == 0) {
        rnnc_sequence_get_row_ids(all, row, ids);
        return rnnc_sequence_set_ids(one, also, lengths, 1) == RNNC_OK;
    }
    rnnc_sequence_get_row(all, row, values);
    return rnnc_sequence_set_rows(one, rows, lengths, 1, features) == RNNC_OK;
}

static bool give_sequence(const tracing *c, const rni_input *input)
{
    const rni_memory *memory = rni_trainer_memory(c->t);
    int64_t length = rnnc_sequence_length(input->sequence, c->sequence);
    if (length < 0) // a batch of none
        return false;
    rnnc_sequence *one = rnnc_sequence_create(c->t->context);
    float *values = rni_memory_zeroed(
        memory, (size_t)(length * input->node->shape.cols), sizeof *values);
    bool given =
        one != NULL && values != NULL &&
        one_of(input->sequence, c->sequence, values, one) &&
        rnnc_reference_input(c->reference, input->node, one) == RNNC_OK;
    rni_memory_release(memory, values);
    rnnc_sequence_destroy(one);
    return given;
}

static bool give_all(const tracing *c)
{
    const rni_inputs *inputs = &c->t->run->inputs;
    for (int32_t k = 0; k < inputs->plan->n_inputs; k++) {
        const rni_input *input = &inputs->list[k];
        if (!(input->node->shape.kind == RNI_SEQUENCE ? give_sequence(c, input)
                                                      : give_batch(c, input)))
            return false;
    }
    return true;
}

bool rni_trainer_trace(rnnc_trainer *t, int64_t sequence,
                       rni_reference_fault *fault)
{
    tracing c = {t, rnnc_reference_create(rni_trainer_weights(t)), sequence};
    bool found = rnnc_reference_status(c.reference) == RNNC_OK &&
                 give_all(&c) &&
                 rni_reference_find_fault(c.reference, t->loss, fault);
    rnnc_reference_destroy(c.reference);
    if (found && fault->sequence >= 0)
        fault->sequence = sequence;
    return found;
}
