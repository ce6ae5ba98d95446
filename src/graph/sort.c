// SPDX-License-Identifier: MIT
// Which values must be computed step by step: those that depend on a state of
// a loop and that a next state of the same loop depends on. What depends on
// no state is hoisted above the loop, what no state needs sinks below it.
#include "graph/form.h"

enum { NOBODY = -2, SEVERAL = -3 };

static void note_users(const rni_form *form, int32_t v, int32_t *users)
{
    const rni_value *value = form->values + v;
    for (int32_t i = 0; i < value->n_args; i++) {
        int32_t arg = form->args[value->first_arg + i].value;
        if (arg < 0)
            continue;
        if (users[arg] == NOBODY)
            users[arg] = value->loop;
        else if (users[arg] != value->loop)
            users[arg] = SEVERAL;
    }
}

// What is made again for one loop alone is made in it, never reaching memory;
// but products are for many steps at once.
static rnnc_status sort_again(rni_form *form)
{
    int32_t *users = rni_memory_allocate(form->memory, (size_t)form->n_values *
                                                           sizeof *users);
    if (!users)
        return rni_error_memory(form->error);
    for (int32_t v = 0; v < form->n_values; v++)
        users[v] = NOBODY;
    for (int32_t v = 0; v < form->n_values; v++)
        if (!form->values[v].again)
            note_users(form, v, users);
    for (int32_t v = form->n_values - 1; v >= 0; v--) {
        if (!form->values[v].again)
            continue;
        bool product = form->values[v].op == RNI_FORM_DOT;
        form->values[v].loop = users[v] >= 0 && !product ? users[v] : -1;
        note_users(form, v, users);
    }
    rni_memory_release(form->memory, users);
    return RNNC_OK;
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
    return sort_again(form);
}
