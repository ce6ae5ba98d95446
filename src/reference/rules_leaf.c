// SPDX-License-Identifier: MIT
// Leaves: inputs, parameters, constants. Their gradients stay where they are.
#include "reference/reference.h"

static void copy(rni_reference_matrix *to, const double *values)
{
    for (int64_t i = 0; i < to->rows * to->cols; i++)
        to->value[i] = values[i];
}

void rni_reference_value_input(rni_reference_call *call)
{
    copy(call->to, call->reference->inputs[call->node->id].values);
}

void rni_reference_gradient_input(rni_reference_call *call)
{
    (void)call;
}

void rni_reference_value_parameter(rni_reference_call *call)
{
    copy(call->to, call->reference->parameters[call->node->parameter->index]);
}

void rni_reference_gradient_parameter(rni_reference_call *call)
{
    (void)call;
}

void rni_reference_value_constant(rni_reference_call *call)
{
    for (int64_t i = 0; i < call->to->rows * call->to->cols; i++)
        call->to->value[i] = (double)call->node->data[i];
}

void rni_reference_gradient_constant(rni_reference_call *call)
{
    (void)call;
}
