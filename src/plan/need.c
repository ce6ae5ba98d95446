// SPDX-License-Identifier: MIT
// What takes part in a plan: from the results backwards. Also what is known
// from the weights alone, and what moves when a stream steps.
#include "plan/planner.h"

bool rni_planner_is_leaf(const rni_value *value)
{
    return value->op == RNI_FORM_INPUT || value->op == RNI_FORM_PARAMETER ||
           value->op == RNI_FORM_CONSTANT || value->op == RNI_FORM_PREV ||
           value->op == RNI_FORM_FINAL || value->op == RNI_FORM_VIEW;
}

// Values that were found to take part, and whose arguments are to be seen yet.
typedef struct list {
    rni_planner *p;
    int32_t n;
    int32_t *values;
} list;

static void need(list *open, int32_t value)
{
    if (value < 0 || open->p->needed[value])
        return;
    open->p->needed[value] = true;
    open->values[open->n++] = value;
}

static void need_result(list *open, int32_t value)
{
    need(open, value);
    open->p->uses[value]++;
    open->p->kept[value] = true;
}

static void need_results(list *open)
{
    const rni_form *form = open->p->form;
    for (int32_t i = 0; i < form->n_outputs; i++)
        need_result(open, form->outputs[i].value);
    for (int32_t i = 0; i < form->n_input_gradients; i++)
        need_result(open, form->input_gradients[i].value);
    for (int32_t i = 0; i < form->n_parameter_gradients; i++) {
        need(open, form->parameter_gradients[i].value);
        open->p->uses[form->parameter_gradients[i].value]++;
    }
}

// A state that takes part needs its next and its first.
static void need_state(list *open, int32_t s)
{
    rni_planner *p = open->p;
    const rni_form_state *state = p->form->states + s;
    if (p->live[s])
        return;
    p->live[s] = true;
    p->uses[state->next]++;
    need(open, state->next);
    need(open, state->first);
    if (state->first >= 0)
        p->uses[state->first]++;
}

static void need_args(list *open, int32_t v)
{
    const rni_value *value = open->p->form->values + v;
    if (value->op == RNI_FORM_PREV || value->op == RNI_FORM_FINAL)
        need_state(open, (int32_t)value->integers[0]);
    for (int32_t i = 0; i < value->n_args; i++)
        need(open, rni_planner_args(open->p, v)[i].value);
}

static bool find_needed(rni_planner *p)
{
    list open = {.p = p};
    open.values = rni_memory_zeroed(p->memory, (size_t)p->form->n_values,
                                    sizeof *open.values);
    if (!open.values) {
        rni_error_memory(p->error);
        return false;
    }
    need_results(&open);
    while (open.n > 0)
        need_args(&open, open.values[--open.n]);
    rni_memory_release(p->memory, open.values);
    return true;
}

static void count_uses(rni_planner *p)
{
    for (int32_t v = 0; v < p->form->n_values; v++)
        for (int32_t i = 0; p->needed[v] && i < p->form->values[v].n_args; i++)
            if (rni_planner_args(p, v)[i].value >= 0)
                p->uses[rni_planner_args(p, v)[i].value]++;
}

// Static values made of parameters and constants alone.
static bool is_prepared(const rni_planner *p, int32_t v)
{
    const rni_value *value = p->form->values + v;
    if (value->shape.kind != RNI_STATIC)
        return false;
    if (value->op == RNI_FORM_INPUT || value->op == RNI_FORM_DROPOUT ||
        value->op == RNI_FORM_FINAL)
        return false;
    if (value->op == RNI_FORM_ROWS)
        return value->integers[0] == -2;
    for (int32_t i = 0; i < value->n_args; i++) {
        int32_t arg = rni_planner_args(p, v)[i].value;
        if (arg >= 0 && !p->prepared[arg])
            return false;
    }
    return true;
}

static bool moves_by_itself(const rni_planner *p, const rni_value *value)
{
    int32_t axis = p->plan->stream_axis;
    if (value->op == RNI_FORM_PREV || value->op == RNI_FORM_FINAL) {
        int32_t loop = p->form->states[value->integers[0]].loop;
        return p->form->loops[loop].axis == axis;
    }
    if (value->op == RNI_FORM_ROWS)
        return value->integers[0] == axis;
    return value->shape.kind == RNI_SEQUENCE && value->shape.axis == axis;
}

static void find_moving(rni_planner *p)
{
    for (int32_t v = 0; v < p->form->n_values; v++) {
        p->moving[v] = moves_by_itself(p, p->form->values + v);
        for (int32_t i = 0; i < p->form->values[v].n_args; i++) {
            int32_t arg = rni_planner_args(p, v)[i].value;
            p->moving[v] |= arg >= 0 && p->moving[arg];
        }
    }
}

// A stream cannot run a sequence backwards.
static bool check_stream(rni_planner *p)
{
    const rni_form *form = p->form;
    if (p->plan->use != RNNC_STREAM)
        return true;
    for (int32_t v = 0; v < form->n_values; v++) {
        const rni_value *value = form->values + v;
        if (!p->needed[v] || value->op != RNI_FORM_REVERSE ||
            value->shape.axis != p->plan->stream_axis)
            continue;
        const rnnc_node *node =
            value->node >= 0 ? form->graph->nodes[value->node] : NULL;
        rni_error_set(p->error, RNNC_E_UNSUPPORTED,
                      "cannot stream node %d%s%s: reverse needs the end of a "
                      "sequence before its first step (a bidirectional graph "
                      "runs over whole sequences only)",
                      value->node, node && node->name ? " " : "",
                      node && node->name ? node->name : "");
        return false;
    }
    return true;
}

bool rni_plan_need(rni_planner *p)
{
    if (!find_needed(p))
        return false;
    count_uses(p);
    for (int32_t v = 0; v < p->form->n_values; v++)
        p->prepared[v] = is_prepared(p, v);
    find_moving(p);
    return check_stream(p);
}
