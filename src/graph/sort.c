// SPDX-License-Identifier: MIT
// Which values must be computed step by step: those that depend on a state of
// a loop and that a next state of the same loop depends on. What depends on
// no state is hoisted above the loop, what no state needs sinks below it.
#include "graph/form.h"

enum { NOBODY = -2, SEVERAL = -3 };

// Of each value: the one loop that uses it (-1: what is outside every loop),
// and whether all users are element-wise values of its own width.
typedef struct users {
    int32_t *loop;
    bool *alike;
} users;

static void note_users(const rni_form *form, int32_t v, const users *u)
{
    const rni_value *value = form->values + v;
    for (int32_t i = 0; i < value->n_args; i++) {
        int32_t arg = form->args[value->first_arg + i].value;
        if (arg < 0)
            continue;
        if (u->loop[arg] == NOBODY)
            u->loop[arg] = value->loop;
        else if (u->loop[arg] != value->loop)
            u->loop[arg] = SEVERAL;
        u->alike[arg] &= value->op == RNI_FORM_TAPE &&
                         value->shape.cols == form->values[arg].shape.cols;
    }
}

// Gradients that could be made in the one loop that uses them.
static bool may_sink(const rni_value *value)
{
    return value->backward && !value->again && value->loop < 0 &&
           value->op == RNI_FORM_TAPE && value->shape.kind == RNI_SEQUENCE;
}

static void note_others(const rni_form *form, const users *u)
{
    for (int32_t v = 0; v < form->n_values; v++) {
        u->loop[v] = NOBODY;
        u->alike[v] = true;
    }
    for (int32_t v = 0; v < form->n_values; v++)
        if (!form->values[v].again && !may_sink(form->values + v))
            note_users(form, v, u);
    for (int32_t s = 0; s < form->n_states; s++)
        u->loop[form->states[s].next] = SEVERAL;
    for (int32_t i = 0; i < form->n_input_gradients; i++)
        u->loop[form->input_gradients[i].value] = SEVERAL;
}

// What one loop alone uses is made in it, never reaching memory, if it goes
// into a tape that is there anyway.
static void sink_gradients(rni_form *form, const users *u)
{
    for (int32_t v = form->n_values - 1; v >= 0; v--) {
        rni_value *value = form->values + v;
        if (!may_sink(value))
            continue;
        if (u->loop[v] >= 0 && u->alike[v])
            value->loop = u->loop[v];
        note_users(form, v, u);
    }
}

// So is what is made again; but products are for many steps at once.
static void sink_again(rni_form *form, const users *u)
{
    for (int32_t v = form->n_values - 1; v >= 0; v--) {
        if (!form->values[v].again)
            continue;
        bool product = form->values[v].op == RNI_FORM_DOT;
        form->values[v].loop = u->loop[v] >= 0 && !product ? u->loop[v] : -1;
        note_users(form, v, u);
    }
}

static rnnc_status sink(rni_form *form)
{
    size_t n = (size_t)form->n_values;
    users u = {rni_memory_allocate(form->memory, n * sizeof *u.loop),
               rni_memory_allocate(form->memory, n * sizeof *u.alike)};
    if (u.loop && u.alike) {
        note_others(form, &u);
        sink_gradients(form, &u);
        sink_again(form, &u);
    } else {
        rni_error_memory(form->error);
    }
    rni_memory_release(form->memory, u.loop);
    rni_memory_release(form->memory, u.alike);
    return form->error->status;
}

rnnc_status rni_form_sort(rni_form *form)
{
    bool *reaches = rni_memory_zeroed(form->memory, (size_t)form->n_values,
                                      sizeof *reaches);
    if (!reaches)
        return rni_error_memory(form->error);
    for (int32_t s = 0; s < form->n_states; s++) {
        const rni_form_state *state = form->states + s;
        if (form->values[state->next].loop == state->loop)
            reaches[state->next] = true;
    }
    for (int32_t v = form->n_values - 1; v >= 0; v--) {
        const rni_value *value = form->values + v;
        for (int32_t i = 0; reaches[v] && i < value->n_args; i++) {
            int32_t arg = form->args[value->first_arg + i].value;
            if (arg >= 0 && form->values[arg].loop == value->loop)
                reaches[arg] = true;
        }
    }
    for (int32_t v = 0; v < form->n_values; v++)
        if (!reaches[v] || form->values[v].shape.kind != RNI_SEQUENCE)
            form->values[v].loop = -1;
    rni_memory_release(form->memory, reaches);
    return sink(form);
}
