// SPDX-License-Identifier: MIT
// Making the values of a normal form.
#include "graph/form.h"

#include <string.h>

#include "kernel/kernel.h"

// Room for `extra` more items behind *count; false with the error recorded.
static bool reserve(rni_form *form, void **items, int32_t *capacity,
                    int64_t count, size_t size)
{
    if (rni_array_reserve(form->memory, items, capacity, count, size))
        return true;
    rni_error_memory(form->error);
    return false;
}

#define RESERVE(form, list, extra)                                             \
    reserve(form, (void **)&(form)->list, &(form)->list##_capacity,            \
            (int64_t)(form)->n_##list + (extra), sizeof *(form)->list)

// The last loop whose states the arguments depend on, row by row.
static int32_t depends_on(const rni_form *form, const rni_arg *args,
                          int32_t n_args)
{
    int32_t loop = -1;
    for (int32_t i = 0; i < n_args; i++) {
        if (args[i].value < 0)
            continue;
        const rni_value *arg = form->values + args[i].value;
        if (arg->loop > loop)
            loop = arg->loop;
    }
    return loop;
}

// A small description can have a large normal form: cells written out again and
// again, shifts over many steps.
enum { VALUES_OF_A_NODE = 8, VALUES_BESIDES = 1000 };

bool rni_form_has_room(rni_form *form, int32_t more)
{
    int64_t most =
        (int64_t)form->graph->context->node_limit * VALUES_OF_A_NODE +
        VALUES_BESIDES;
    if (form->n_values + form->n_outlets < most &&
        form->n_args + (int64_t)more < 4 * most)
        return true;
    rni_error_set(form->error, RNNC_E_LIMIT,
                  "plan: more than %lld values, %d for each node that the "
                  "context's node_limit allows",
                  (long long)most, VALUES_OF_A_NODE);
    return false;
}

int32_t rni_form_value(rni_form *form, int32_t op, rni_shape shape,
                       const rni_arg *args, int32_t n_args)
{
    for (int32_t i = 0; i < n_args; i++)
        if (args[i].value < 0 && !(op == RNI_FORM_DOT && i == 0))
            return -1;
    if (form->error->status != RNNC_OK || !rni_form_has_room(form, n_args) ||
        !RESERVE(form, values, 1) || !RESERVE(form, args, n_args))
        return -1;
    rni_value *value = form->values + form->n_values;
    *value = (rni_value){.op = op, .shape = shape, .node = -1};
    value->loop =
        shape.kind == RNI_SEQUENCE ? depends_on(form, args, n_args) : -1;
    value->first_arg = form->n_args;
    value->n_args = n_args;
    value->backward = form->n_forward > 0;
    if (n_args > 0)
        memcpy(form->args + form->n_args, args, (size_t)n_args * sizeof *args);
    form->n_args += n_args;
    return form->n_values++;
}

int32_t rni_form_one(rni_form *form, int32_t op, rni_shape shape, int32_t arg)
{
    return rni_form_value(form, op, shape, &(rni_arg){.value = arg}, 1);
}

// The shape that element-wise arguments are spread to.
static rni_shape joined(const rni_form *form, const int32_t *args,
                        int32_t n_args)
{
    rni_shape shape = form->values[args[0]].shape;
    for (int32_t i = 1; i < n_args; i++) {
        const rni_shape *other = &form->values[args[i]].shape;
        if (other->kind > shape.kind) {
            shape.kind = other->kind;
            shape.axis = other->axis;
        }
        if (other->rows > shape.rows)
            shape.rows = other->rows;
        if (other->cols > shape.cols)
            shape.cols = other->cols;
    }
    if (shape.kind != RNI_STATIC)
        shape.rows = 1;
    return shape;
}

int32_t rni_form_tape(rni_form *form, int32_t tape, const int32_t *args,
                      int32_t n_args, float x, float y)
{
    rni_arg list[3] = {{0}};
    for (int32_t i = 0; i < n_args; i++) {
        if (args[i] < 0)
            return -1;
        list[i].value = args[i];
    }
    int32_t value = rni_form_value(form, RNI_FORM_TAPE,
                                   joined(form, args, n_args), list, n_args);
    if (value >= 0) {
        form->values[value].integers[0] = tape;
        form->values[value].numbers[0] = x;
        form->values[value].numbers[1] = y;
    }
    return value;
}

int32_t rni_form_constant_rows(rni_form *form, int64_t rows, int64_t cols,
                               const float *data)
{
    if (form->error->status != RNNC_OK || !RESERVE(form, constants, 1))
        return -1;
    if (!data) {
        size_t count;
        if (rni_size_multiply((size_t)rows, (size_t)cols, &count))
            data = rni_arena_zeroed(&form->arena, count, sizeof *data);
        if (!data) {
            rni_error_memory(form->error);
            return -1;
        }
    }
    rni_shape shape = {RNI_STATIC, RNI_FLOAT, RNI_AXIS_NONE, rows, cols};
    int32_t value = rni_form_value(form, RNI_FORM_CONSTANT, shape, NULL, 0);
    if (value < 0)
        return -1;
    form->values[value].integers[0] = form->n_constants;
    form->constants[form->n_constants++] =
        (rni_form_constant){rows, cols, data};
    return value;
}

int32_t rni_form_scalar(rni_form *form, float number)
{
    float *data = rni_arena_zeroed(&form->arena, 1, sizeof *data);
    if (!data) {
        rni_error_memory(form->error);
        return -1;
    }
    *data = number;
    return rni_form_constant_rows(form, 1, 1, data);
}

int32_t rni_form_spread(rni_form *form, int32_t value, rni_shape shape)
{
    if (value < 0)
        return -1;
    const rni_shape *own = &form->values[value].shape;
    if (own->kind == shape.kind && own->cols == shape.cols &&
        (own->kind != RNI_STATIC || own->rows == shape.rows))
        return value;
    shape.type = RNI_FLOAT;
    int32_t copy = rni_form_one(form, RNI_FORM_TAPE, shape, value);
    if (copy >= 0)
        form->values[copy].integers[0] = RNI_TAPE_COPY;
    return copy;
}

int32_t rni_form_solid(rni_form *form, int32_t value)
{
    int32_t root = value;
    while (root >= 0 && form->values[root].op == RNI_FORM_VIEW)
        root = rni_form_args(form, root)[0].value;
    if (root < 0 || form->values[root].op != RNI_FORM_PREV)
        return value;
    int32_t copy =
        rni_form_one(form, RNI_FORM_TAPE, form->values[value].shape, value);
    if (copy >= 0)
        form->values[copy].integers[0] = RNI_TAPE_COPY;
    return copy;
}

int32_t rni_form_loop_make(rni_form *form, int32_t axis, bool falling)
{
    if (form->error->status != RNNC_OK || !RESERVE(form, loops, 1))
        return -1;
    form->loops[form->n_loops] = (rni_loop){axis, falling};
    return form->n_loops++;
}

int32_t rni_form_state_make(rni_form *form, int32_t loop, int64_t cols,
                            int32_t first, bool kept)
{
    if (loop < 0 || !RESERVE(form, states, 1))
        return -1;
    rni_shape shape = {RNI_SEQUENCE, RNI_FLOAT, form->loops[loop].axis, 1,
                       cols};
    int32_t prev = rni_form_value(form, RNI_FORM_PREV, shape, NULL, 0);
    if (prev < 0)
        return -1;
    form->values[prev].integers[0] = form->n_states;
    form->values[prev].loop = loop;
    form->states[form->n_states] =
        (rni_form_state){loop, cols, prev, -1, first, -1, kept};
    return form->n_states++;
}

int32_t rni_form_final(rni_form *form, int32_t state)
{
    if (state < 0)
        return -1;
    if (form->states[state].final >= 0)
        return form->states[state].final;
    rni_shape shape = {RNI_BATCH, RNI_FLOAT, RNI_AXIS_NONE, 1,
                       form->states[state].cols};
    int32_t value = rni_form_value(form, RNI_FORM_FINAL, shape, NULL, 0);
    if (value >= 0) {
        form->values[value].integers[0] = state;
        form->states[state].final = value;
    }
    return value;
}

int32_t rni_form_pool_sum(rni_form *form, int32_t value, bool falling)
{
    if (value < 0)
        return -1;
    rni_shape shape = form->values[value].shape;
    int32_t loop = rni_form_loop_make(form, shape.axis, falling);
    int32_t state = rni_form_state_make(form, loop, shape.cols, -1, !falling);
    if (state < 0)
        return -1;
    int32_t terms[2] = {form->states[state].prev, value};
    form->states[state].next =
        rni_form_tape(form, RNI_TAPE_ADD, terms, 2, 0, 0);
    return rni_form_final(form, state);
}

void rni_form_fini(rni_form *form)
{
    if (!form->memory)
        return;
    rni_memory_release(form->memory, form->values);
    rni_memory_release(form->memory, form->args);
    rni_memory_release(form->memory, form->loops);
    rni_memory_release(form->memory, form->states);
    rni_memory_release(form->memory, form->constants);
    rni_memory_release(form->memory, form->outputs);
    rni_memory_release(form->memory, form->parameter_gradients);
    rni_memory_release(form->memory, form->input_gradients);
    rni_arena_fini(&form->arena);
    *form = (rni_form){0};
}
