// SPDX-License-Identifier: MIT
// Values, gradients, finite differences, and the check of one by the other.
#include "reference/reference.h"

#include <math.h>

// ---- Layout: padded, as the caller sees a value ---------------------------

typedef struct layout {
    const int64_t *starts; // of a sequence value, else NULL
    int64_t batch, longest;
    int64_t rows, cols; // as seen by the caller
} layout;

static layout layout_of(const int64_t *starts, int64_t batch, int64_t rows,
                        int64_t cols)
{
    layout l = {starts, batch, 0, rows, cols};
    for (int64_t b = 0; starts && b < batch; b++)
        if (starts[b + 1] - starts[b] > l.longest)
            l.longest = starts[b + 1] - starts[b];
    if (starts)
        l.rows = batch * l.longest;
    return l;
}

static void pad(const layout *l, const double *from, double *to)
{
    for (int64_t i = 0; i < l->rows * l->cols; i++)
        to[i] = l->starts ? 0 : from[i];
    for (int64_t b = 0; l->starts && b < l->batch; b++)
        for (int64_t r = l->starts[b]; r < l->starts[b + 1]; r++)
            for (int64_t c = 0; c < l->cols; c++) {
                int64_t row = b * l->longest + r - l->starts[b];
                to[row * l->cols + c] = from[r * l->cols + c];
            }
}

static rnnc_status check_room(rnnc_reference *reference, const layout *l,
                              const double *values, int64_t count)
{
    if (count != l->rows * l->cols)
        return rni_error_set(&reference->error, RNNC_E_ARGUMENT,
                             "reference: room for %lld values, expected %lld",
                             (long long)count, (long long)(l->rows * l->cols));
    if (!values && count > 0)
        return rni_error_set(&reference->error, RNNC_E_ARGUMENT,
                             "reference: values is NULL");
    return RNNC_OK;
}

// ---- Values ---------------------------------------------------------------

static rnnc_status evaluate(rnnc_reference *reference, const rnnc_node *node)
{
    if (reference->evaluated && reference->needed[node->id])
        return RNNC_OK;
    if (rni_reference_need(reference, node) == RNNC_OK)
        rni_reference_evaluate(reference);
    return reference->error.status;
}

rnnc_status rnnc_reference_value(rnnc_reference *reference, rnnc_node *node,
                                 double *values, int64_t count)
{
    if (!rni_reference_begin(reference))
        return rnnc_reference_status(reference);
    if (rni_reference_check_node(reference, "node", node) != RNNC_OK)
        return reference->error.status;
    if (evaluate(reference, node) != RNNC_OK)
        return reference->error.status;
    const rni_reference_matrix *matrix =
        rni_reference_at(reference, &reference->root, node);
    const int64_t *starts = node->shape.kind == RNI_SEQUENCE
                                ? reference->starts[node->shape.axis]
                                : NULL;
    layout l = layout_of(starts, reference->batch, matrix->rows, matrix->cols);
    if (check_room(reference, &l, values, count) == RNNC_OK)
        pad(&l, matrix->value, values);
    return reference->error.status;
}

// ---- What a gradient is asked of ------------------------------------------

// A parameter, or an input that is set: its values, and how they are laid out.
static rnnc_status find_source(rnnc_reference *reference, const rnnc_node *of,
                               layout *l, double **values)
{
    if (rni_reference_check_node(reference, "node", of) != RNNC_OK)
        return reference->error.status;
    char label[RNI_REFERENCE_LABEL];
    rni_reference_label(of, label);
    if (of->op == RNI_OP_PARAMETER) {
        *values = reference->parameters[of->parameter->index];
        *l = layout_of(NULL, 0, of->shape.rows, of->shape.cols);
        return RNNC_OK;
    }
    if (of->op != RNI_OP_INPUT || of->shape.type == RNI_IDS)
        return rni_error_set(&reference->error, RNNC_E_ARGUMENT,
                             "reference: node %s is neither a parameter nor "
                             "an input of floats",
                             label);
    const rni_reference_input *input = reference->inputs + of->id;
    if (!input->set)
        return rni_error_set(&reference->error, RNNC_E_STATE,
                             "reference: input %s is not set", label);
    *values = input->values;
    *l = layout_of(input->starts, input->batch, input->rows, of->shape.cols);
    return RNNC_OK;
}

static rnnc_status check_loss(rnnc_reference *reference, const rnnc_node *loss)
{
    if (rni_reference_check_node(reference, "loss", loss) != RNNC_OK)
        return reference->error.status;
    const rni_shape *shape = &loss->shape;
    if (shape->kind == RNI_STATIC && shape->type == RNI_FLOAT &&
        shape->rows == 1 && shape->cols == 1)
        return RNNC_OK;
    char label[RNI_REFERENCE_LABEL];
    rni_reference_label(loss, label);
    return rni_error_set(&reference->error, RNNC_E_SHAPE,
                         "reference: the loss %s has %lld columns of kind %d, "
                         "expected a static [1, 1] value",
                         label, (long long)shape->cols, shape->kind);
}

// ---- Gradients ------------------------------------------------------------

static rnnc_status differentiate(rnnc_reference *reference,
                                 const rnnc_node *loss)
{
    if (reference->evaluated && reference->differentiated == loss)
        return RNNC_OK;
    if (reference->differentiated)
        reference->evaluated = false;
    if (evaluate(reference, loss) == RNNC_OK)
        rni_reference_differentiate(reference, loss);
    return reference->error.status;
}

rnnc_status rnnc_reference_gradient(rnnc_reference *reference, rnnc_node *loss,
                                    rnnc_node *of, double *values,
                                    int64_t count)
{
    layout l;
    double *source;
    if (!rni_reference_begin(reference))
        return rnnc_reference_status(reference);
    if (check_loss(reference, loss) != RNNC_OK ||
        find_source(reference, of, &l, &source) != RNNC_OK ||
        check_room(reference, &l, values, count) != RNNC_OK ||
        differentiate(reference, loss) != RNNC_OK)
        return reference->error.status;
    const rni_reference_matrix *matrix =
        rni_reference_at(reference, &reference->root, of);
    if (reference->needed[of->id])
        pad(&l, matrix->gradient, values);
    else
        for (int64_t i = 0; i < count; i++)
            values[i] = 0;
    return RNNC_OK;
}

// ---- Finite differences ---------------------------------------------------

// The loss with one element of a parameter or input moved.
static double loss_at(rnnc_reference *reference, const rnnc_node *loss,
                      double *element, double moved)
{
    double before = *element, value = 0;
    *element = moved;
    reference->evaluated = false;
    if (evaluate(reference, loss) == RNNC_OK)
        value = *rni_reference_at(reference, &reference->root, loss)->value;
    *element = before;
    reference->evaluated = false;
    return value;
}

static double difference(rnnc_reference *reference, const rnnc_node *loss,
                         double *element, double h)
{
    double above = *element + h, below = *element - h;
    double high = loss_at(reference, loss, element, above);
    double low = loss_at(reference, loss, element, below);
    return (high - low) / (above - below);
}

// Differences by every element, in the order in which the source has them.
static rnnc_status all_differences(rnnc_reference *reference,
                                   const rnnc_node *loss, double h,
                                   double *source, int64_t count, double *found)
{
    for (int64_t i = 0; i < count; i++) {
        found[i] = difference(reference, loss, source + i, h);
        if (reference->error.status != RNNC_OK)
            return reference->error.status;
    }
    return evaluate(reference, loss); // where nothing is moved
}

rnnc_status rnnc_reference_difference(rnnc_reference *reference,
                                      rnnc_node *loss, rnnc_node *of, double h,
                                      double *values, int64_t count)
{
    layout l;
    double *source;
    if (!rni_reference_begin(reference))
        return rnnc_reference_status(reference);
    if (check_loss(reference, loss) != RNNC_OK ||
        find_source(reference, of, &l, &source) != RNNC_OK ||
        check_room(reference, &l, values, count) != RNNC_OK)
        return reference->error.status;
    if (!(h > 0))
        return rni_error_set(&reference->error, RNNC_E_ARGUMENT,
                             "reference: h is %g, expected above 0", h);
    int64_t n = (l.starts ? l.starts[l.batch] : l.rows) * l.cols;
    double *found =
        rni_memory_zeroed(&reference->allocator, (size_t)n, sizeof *found);
    if (!found)
        return rni_error_memory(&reference->error);
    if (all_differences(reference, loss, h, source, n, found) == RNNC_OK)
        pad(&l, found, values);
    rni_memory_release(&reference->allocator, found);
    return reference->error.status;
}

// ---- The check ------------------------------------------------------------

static double greatest_error(int64_t count, const double *gradient,
                             const double *found)
{
    double worst = 0;
    for (int64_t i = 0; i < count; i++) {
        double error = fabs(gradient[i] - found[i]) / (1 + fabs(found[i]));
        worst = isnan(error) ? INFINITY : fmax(worst, error);
    }
    return worst;
}

static rnnc_status check_source(rnnc_reference *reference, rnnc_node *loss,
                                rnnc_node *of, double h, double *worst)
{
    layout l;
    double *source;
    if (find_source(reference, of, &l, &source) != RNNC_OK)
        return reference->error.status;
    int64_t count = l.rows * l.cols;
    const rni_memory *memory = &reference->allocator;
    double *gradient = rni_memory_zeroed(memory, (size_t)count, sizeof(double));
    double *found = rni_memory_zeroed(memory, (size_t)count, sizeof(double));
    if (!gradient || !found)
        rni_error_memory(&reference->error);
    else if (rnnc_reference_gradient(reference, loss, of, gradient, count) ==
                 RNNC_OK &&
             rnnc_reference_difference(reference, loss, of, h, found, count) ==
                 RNNC_OK)
        *worst = fmax(*worst, greatest_error(count, gradient, found));
    rni_memory_release(memory, gradient);
    rni_memory_release(memory, found);
    return reference->error.status;
}

rnnc_status rnnc_reference_check(rnnc_reference *reference, rnnc_node *loss,
                                 double h, double *worst)
{
    if (!rni_reference_begin(reference))
        return rnnc_reference_status(reference);
    if (!worst)
        return rni_error_set(&reference->error, RNNC_E_ARGUMENT,
                             "reference: worst is NULL");
    if (check_loss(reference, loss) != RNNC_OK ||
        evaluate(reference, loss) != RNNC_OK)
        return reference->error.status;
    double greatest = 0;
    for (int32_t id = 0; id <= loss->id; id++) {
        rnnc_node *node = reference->graph->nodes[id];
        bool source =
            node->op == RNI_OP_PARAMETER ||
            (node->op == RNI_OP_INPUT && node->shape.type == RNI_FLOAT);
        if (source && reference->needed[id] &&
            check_source(reference, loss, node, h, &greatest) != RNNC_OK)
            return reference->error.status;
    }
    *worst = greatest;
    return RNNC_OK;
}

double rnnc_reference_kink(const rnnc_reference *reference)
{
    return reference ? reference->kink : (double)INFINITY;
}

// ---- Settings -------------------------------------------------------------

rnnc_status rnnc_reference_train(rnnc_reference *reference, int32_t train,
                                 uint64_t seed, uint64_t counter)
{
    if (!rni_reference_begin(reference))
        return rnnc_reference_status(reference);
    reference->train = train != 0;
    reference->seed = seed;
    reference->counter = counter;
    reference->evaluated = false;
    return RNNC_OK;
}

rnnc_status rnnc_reference_carry(rnnc_reference *reference,
                                 const uint8_t *carried, int64_t batch)
{
    if (!rni_reference_begin(reference))
        return rnnc_reference_status(reference);
    if (!carried) {
        rni_reference_forget(reference);
        reference->evaluated = false;
        return RNNC_OK;
    }
    if (batch < 0)
        return rni_error_set(&reference->error, RNNC_E_ARGUMENT,
                             "reference: a batch of %lld to carry",
                             (long long)batch);
    if (rni_reference_need_states(reference) == RNNC_OK &&
        rni_reference_evaluate(reference) == RNNC_OK)
        rni_reference_remember(reference, carried, batch);
    reference->evaluated = false;
    return reference->error.status;
}
