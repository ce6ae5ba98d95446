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

static void need_result(rni_planner *p, int32_t value)
{
    p->needed[value] = true;
    p->uses[value]++;
    p->kept[value] = true;
}

static void need_results(rni_planner *p)
{
    const rni_form *form = p->form;
    for (int32_t i = 0; i < form->n_outputs; i++)
        need_result(p, form->outputs[i].value);
    for (int32_t i = 0; i < form->n_input_gradients; i++)
        need_result(p, form->input_gradients[i].value);
    for (int32_t i = 0; i < form->n_parameter_gradients; i++) {
        p->needed[form->parameter_gradients[i].value] = true;
        p->uses[form->parameter_gradients[i].value]++;
    }
}

// A state that takes part needs its next and its first. True where something
// new turned up behind the place of the sweep.
static bool need_state(rni_planner *p, int32_t s, int32_t place)
{
    const rni_form_state *state = p->form->states + s;
    if (p->live[s])
        return false;
    p->live[s] = true;
    bool again = !p->needed[state->next] && state->next > place;
    p->needed[state->next] = true;
    if (state->first >= 0) {
        again |= !p->needed[state->first] && state->first > place;
        p->needed[state->first] = true;
        p->uses[state->first]++;
    }
    p->uses[state->next]++;
    return again;
}

static bool sweep(rni_planner *p)
{
    const rni_form *form = p->form;
    bool again = false;
    for (int32_t v = form->n_values - 1; v >= 0; v--) {
        const rni_value *value = form->values + v;
        if (!p->needed[v])
            continue;
        if (value->op == RNI_FORM_PREV || value->op == RNI_FORM_FINAL)
            again |= need_state(p, (int32_t)value->integers[0], v);
        for (int32_t i = 0; i < value->n_args; i++) {
            int32_t arg = rni_planner_args(p, v)[i].value;
            if (arg < 0 || p->needed[arg])
                continue;
            p->needed[arg] = true;
            again |= arg > v;
        }
    }
    return again;
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
    need_results(p);
    while (sweep(p))
        continue;
    count_uses(p);
    for (int32_t v = 0; v < p->form->n_values; v++)
        p->prepared[v] = is_prepared(p, v);
    find_moving(p);
    return check_stream(p);
}
