// SPDX-License-Identifier: MIT
// The plan handle: from a graph and what is wanted of it to a plan.
#include "plan/plan.h"

#include <string.h>

#include "base/options.h"
#include "plan/planner.h"

// What the first version of the options had.
static const size_t options_least = offsetof(rnnc_plan_options, segment_rows);

// ---- What is asked for
// ----------------------------------------------------------

static const char *name_of(const rnnc_node *node)
{
    return node->name ? node->name : "(unnamed)";
}

static bool check_node(rnnc_plan *plan, const rnnc_node *node, const char *role,
                       int32_t i)
{
    if (!node || node->graph != plan->graph)
        return rni_error_set(&plan->error, RNNC_E_ARGUMENT, "%s %d is %s", role,
                             i, node ? "a node of another graph" : "NULL") ==
               RNNC_OK;
    if (node->cell)
        return rni_error_set(&plan->error, RNNC_E_ARGUMENT,
                             "%s %d, node %d %s, belongs to the step of cell "
                             "%s: only nodes of the graph itself have rows",
                             role, i, node->id, name_of(node),
                             node->cell->name) == RNNC_OK;
    return true;
}

static bool check_loss(rnnc_plan *plan, const rnnc_node *loss)
{
    const rni_shape *shape = &loss->shape;
    if (shape->kind == RNI_STATIC && shape->rows == 1 && shape->cols == 1 &&
        shape->type == RNI_FLOAT)
        return true;
    char text[RNI_SHAPE_TEXT];
    rni_shape_print(plan->graph, shape, text);
    rni_error_set(&plan->error, RNNC_E_SHAPE,
                  "the loss, node %d %s, is %s; a static [1, 1] value is "
                  "expected",
                  loss->id, name_of(loss), text);
    return false;
}

static bool check_gradient(rnnc_plan *plan, const rnnc_node *node)
{
    if (node->op == RNI_OP_INPUT && node->shape.type == RNI_FLOAT)
        return true;
    rni_error_set(&plan->error, RNNC_E_ARGUMENT,
                  "a gradient is asked for by node %d %s, which is not a "
                  "float input",
                  node->id, name_of(node));
    return false;
}

static bool check_lists(rnnc_plan *plan, const rnnc_plan_options *o)
{
    if (o->n_outputs < 0 || o->n_gradients < 0 ||
        (o->n_outputs > 0 && !o->outputs) ||
        (o->n_gradients > 0 && !o->gradients) || o->block_rows < 0 ||
        o->segment_rows < 0)
        return rni_error_set(&plan->error, RNNC_E_ARGUMENT,
                             "a list of the plan's options is NULL, or a "
                             "number is negative") == RNNC_OK;
    for (int32_t i = 0; i < o->n_outputs; i++)
        if (!check_node(plan, o->outputs[i], "output", i))
            return false;
    for (int32_t i = 0; i < o->n_gradients; i++)
        if (!check_node(plan, o->gradients[i], "gradient", i) ||
            !check_gradient(plan, o->gradients[i]))
            return false;
    return true;
}

static bool check_use(rnnc_plan *plan, const rnnc_plan_options *o)
{
    if (o->use != RNNC_INFER && o->use != RNNC_TRAIN && o->use != RNNC_STREAM)
        return rni_error_set(&plan->error, RNNC_E_ARGUMENT,
                             "use %d is none of INFER, TRAIN, STREAM",
                             o->use) == RNNC_OK;
    if (o->keep < RNNC_KEEP_RESULTS || o->keep > RNNC_KEEP_BUDGET)
        return rni_error_set(&plan->error, RNNC_E_ARGUMENT,
                             "keep %d is none of KEEP_RESULTS, KEEP_STATES, "
                             "KEEP_SEGMENTS, KEEP_BUDGET",
                             o->keep) == RNNC_OK;
    if (o->use != RNNC_TRAIN && o->keep != RNNC_KEEP_RESULTS)
        return rni_error_set(&plan->error, RNNC_E_ARGUMENT,
                             "keep %d needs a plan to train",
                             o->keep) == RNNC_OK;
    if (o->use == RNNC_TRAIN && !o->loss)
        return rni_error_set(&plan->error, RNNC_E_ARGUMENT,
                             "a plan to train needs a loss") == RNNC_OK;
    if (o->use != RNNC_TRAIN && o->n_gradients > 0)
        return rni_error_set(&plan->error, RNNC_E_ARGUMENT,
                             "gradients need a plan to train") == RNNC_OK;
    if (o->n_outputs == 0 && !o->loss)
        return rni_error_set(&plan->error, RNNC_E_ARGUMENT,
                             "a plan needs an output or a loss") == RNNC_OK;
    return !o->loss ||
           (check_node(plan, o->loss, "loss", 0) && check_loss(plan, o->loss));
}

static bool find_axis(rnnc_plan *plan, const char *name)
{
    plan->stream_axis = plan->use == RNNC_STREAM ? 0 : RNI_AXIS_NONE;
    if (plan->use != RNNC_STREAM || !name)
        return true;
    for (int32_t a = 0; a < plan->graph->n_axes; a++)
        if (strcmp(plan->graph->axes[a], name) == 0) {
            plan->stream_axis = a;
            return true;
        }
    rni_error_set(&plan->error, RNNC_E_NAME, "the graph has no axis %s", name);
    return false;
}

static bool check_options(rnnc_plan *plan, const rnnc_plan_options *o)
{
    if (rnnc_graph_status(plan->graph) != RNNC_OK)
        return rni_error_set(&plan->error, rnnc_graph_status(plan->graph),
                             "the graph has an error: %s",
                             rnnc_graph_message(plan->graph)) == RNNC_OK;
    plan->use = o->use;
    plan->keep = o->keep;
    plan->block_rows = o->block_rows;
    plan->segment_rows = o->segment_rows;
    return check_lists(plan, o) && check_use(plan, o) &&
           find_axis(plan, o->axis);
}

// ---- What is found in the end
// ----------------------------------------------------

static bool add_name(rni_planner *p, rni_port_name **list, int32_t *n,
                     int32_t *capacity, rni_port_name name)
{
    if (!rni_planner_reserve(p, (void **)list, capacity, (int64_t)*n + 1,
                             sizeof **list))
        return false;
    (*list)[(*n)++] = name;
    return true;
}

static bool name_results(rni_planner *p, const rni_form_result *results,
                         int32_t n_results, rni_port_name **list, int32_t *n)
{
    int32_t capacity = 0;
    for (int32_t i = 0; i < n_results; i++) {
        const rnnc_node *node = p->form->graph->nodes[results[i].index];
        rni_port_name name = {node->id, node->shape,
                              rni_planner_operand(p, results[i].value, -1)};
        if (!add_name(p, list, n, &capacity, name))
            return false;
    }
    return true;
}

static bool name_inputs(rni_planner *p)
{
    int32_t capacity = 0;
    for (int32_t v = 0; v < p->form->n_values; v++) {
        const rni_value *value = p->form->values + v;
        if (!p->needed[v] || value->op != RNI_FORM_INPUT)
            continue;
        int32_t id = (int32_t)value->integers[0];
        rni_port_name name = {id, p->form->graph->nodes[id]->shape,
                              rni_planner_operand(p, v, -1)};
        if (!add_name(p, &p->plan->inputs, &p->plan->n_inputs, &capacity, name))
            return false;
    }
    return true;
}

static bool find_kinds(rni_planner *p)
{
    rnnc_plan *plan = p->plan;
    plan->n_axes = plan->graph->n_axes;
    plan->axes_used = rni_memory_zeroed(p->memory, (size_t)plan->n_axes,
                                        sizeof *plan->axes_used);
    if (!plan->axes_used)
        return rni_error_memory(p->error) == RNNC_OK;
    plan->blas = true;
    for (int32_t v = 0; v < p->form->n_values; v++) {
        const rni_shape *shape = &p->form->values[v].shape;
        if (!p->needed[v] || shape->kind == RNI_STATIC)
            continue;
        plan->uses_batch = true;
        plan->blas = false;
        if (shape->kind == RNI_SEQUENCE)
            plan->axes_used[shape->axis] = 1;
    }
    return true;
}

bool rni_plan_results(rni_planner *p)
{
    const rni_form *form = p->form;
    rnnc_plan *plan = p->plan;
    plan->loss = form->loss < 0 ? rni_operand_none()
                                : rni_planner_operand(p, form->loss, -1);
    return name_inputs(p) &&
           name_results(p, form->outputs, form->n_outputs, &plan->outputs,
                        &plan->n_outputs) &&
           name_results(p, form->input_gradients, form->n_input_gradients,
                        &plan->gradients, &plan->n_gradients) &&
           find_kinds(p);
}

// ---- The planner's tables
// ----------------------------------------------------------

bool rni_planner_reserve(rni_planner *p, void **items, int32_t *capacity,
                         int64_t count, size_t size)
{
    if (rni_array_reserve(p->memory, items, capacity, count, size))
        return true;
    rni_error_memory(p->error);
    return false;
}

static bool make_tables(rni_planner *p)
{
    size_t n = (size_t)p->form->n_values, units = (size_t)p->n_units;
    size_t states = (size_t)p->form->n_states;
    size_t loops = (size_t)p->form->n_loops;
    const rni_memory *m = p->memory;
    p->needed = rni_memory_zeroed(m, n, sizeof *p->needed);
    p->live = rni_memory_zeroed(m, states, sizeof *p->live);
    p->prepared = rni_memory_zeroed(m, n, sizeof *p->prepared);
    p->moving = rni_memory_zeroed(m, n, sizeof *p->moving);
    p->uses = rni_memory_zeroed(m, n, sizeof *p->uses);
    p->kept = rni_memory_zeroed(m, n, sizeof *p->kept);
    p->homes = rni_memory_zeroed(m, n, sizeof *p->homes);
    p->whole = rni_memory_zeroed(m, n, sizeof *p->whole);
    p->section = rni_memory_zeroed(m, units, sizeof *p->section);
    p->stage = rni_memory_zeroed(m, units, sizeof *p->stage);
    p->looped = rni_memory_zeroed(m, loops, sizeof *p->looped);
    p->loop_values = rni_memory_zeroed(m, n, sizeof *p->loop_values);
    p->loop_values_first =
        rni_memory_zeroed(m, loops + 1, sizeof *p->loop_values_first);
    p->loop_states = rni_memory_zeroed(m, states, sizeof *p->loop_states);
    p->loop_states_first =
        rni_memory_zeroed(m, loops + 1, sizeof *p->loop_states_first);
    p->buffer = rni_memory_zeroed(m, n, sizeof *p->buffer);
    p->state = rni_memory_zeroed(m, states, sizeof *p->state);
    p->ranked = rni_memory_zeroed(m, n, sizeof *p->ranked);
    for (size_t i = 0; p->ranked && i < n; i++)
        p->ranked[i] = -1;
    return p->needed && p->live && p->prepared && p->moving && p->uses &&
           p->kept && p->homes && p->whole && p->section && p->stage &&
           p->looped && p->loop_values && p->loop_values_first &&
           p->loop_states && p->loop_states_first && p->buffer && p->state &&
           p->ranked;
}

static void release_tables(rni_planner *p)
{
    void *const tables[] = {p->copies,      p->needed,
                            p->live,        p->prepared,
                            p->moving,      p->uses,
                            p->kept,        p->homes,
                            p->whole,       p->section,
                            p->stage,       p->looped,
                            p->buffer,      p->state,
                            p->ranked,      p->section_stage,
                            p->loop_values, p->loop_values_first,
                            p->loop_states, p->loop_states_first,
                            p->members,     p->members_first};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        rni_memory_release(p->memory, tables[i]);
}

static void plan_form(rnnc_plan *plan, rni_form *form)
{
    rni_planner p = {.form = form,
                     .plan = plan,
                     .memory = form->memory,
                     .error = &plan->error,
                     .n_units = form->n_values + form->n_loops};
    plan->prepare = -1;
    bool good = make_tables(&p);
    if (!good)
        rni_error_memory(&plan->error);
    good = good && rni_plan_need(&p) && rni_plan_schedule(&p) &&
           rni_plan_place(&p) && rni_plan_extents(&p) && rni_plan_states(&p) &&
           rni_plan_emit(&p) && rni_plan_again(&p) && rni_plan_results(&p) &&
           rni_plan_memory(&p);
    if (!good)
        rni_error_memory(&plan->error); // unless another reason stands
    release_tables(&p);
}

static void make_plan(rnnc_plan *plan, const rnnc_plan_options *o)
{
    rni_form form;
    rni_form_wish wish = {.outputs = o->outputs,
                          .n_outputs = o->n_outputs,
                          .loss = o->loss,
                          .inputs = o->gradients,
                          .n_inputs = o->n_gradients,
                          .train = o->use == RNNC_TRAIN,
                          .repeat = o->keep == RNNC_KEEP_STATES};
    if (rni_form_init(&form, plan->graph, &plan->error, &wish) == RNNC_OK &&
        (!wish.train || rni_form_differentiate(&form, &wish) == RNNC_OK) &&
        (!wish.train || rni_form_keep(&form, wish.repeat) == RNNC_OK) &&
        rni_form_sort(&form) == RNNC_OK)
        plan_form(plan, &form);
    rni_form_fini(&form);
}

// ---- The handle
// ----------------------------------------------------------------

static rnnc_plan *make_handle(rnnc_graph *graph)
{
    rnnc_plan *plan =
        rni_memory_zeroed(&graph->context->memory, 1, sizeof *plan);
    if (!plan)
        return NULL;
    atomic_init(&plan->references, 1);
    plan->graph = rni_graph_hold(graph);
    return plan;
}

// A budget may choose the same plan made to keep states.
static void make_lean(rnnc_plan *plan, const rnnc_plan_options *o)
{
    rnnc_plan_options lean = *o;
    lean.keep = RNNC_KEEP_STATES;
    plan->lean = make_handle(plan->graph);
    if (!plan->lean) {
        rni_error_memory(&plan->error);
        return;
    }
    if (check_options(plan->lean, &lean))
        make_plan(plan->lean, &lean);
    rni_error_copy(&plan->error, &plan->lean->error);
}

static void make_whole(rnnc_plan *plan, const rnnc_plan_options *o)
{
    make_plan(plan, o);
    if (o->keep == RNNC_KEEP_BUDGET && plan->error.status == RNNC_OK)
        make_lean(plan, o);
}

rnnc_plan *rnnc_plan_create(rnnc_graph *graph, const rnnc_plan_options *options)
{
    if (!graph)
        return NULL;
    rnnc_plan *plan = make_handle(graph);
    if (!plan)
        return NULL;
    rnnc_plan_options own = {0};
    if (!options)
        rni_error_set(&plan->error, RNNC_E_ARGUMENT, "no options were given");
    else if (rni_options_read(&own, sizeof own, options_least, options,
                              &plan->error) == RNNC_OK &&
             check_options(plan, &own))
        make_whole(plan, &own);
    return plan;
}

rnnc_plan *rni_plan_hold(rnnc_plan *plan)
{
    atomic_fetch_add(&plan->references, 1);
    return plan;
}

static void release_arrays(rnnc_plan *plan, const rni_memory *memory)
{
    void *const arrays[] = {
        plan->buffers,      plan->classes,  plan->constants, plan->operands,
        plan->instructions, plan->tapes,    plan->code,      plan->ports,
        plan->products,     plan->terms,    plan->results,   plan->packs,
        plan->sources,      plan->matmuls,  plan->states,    plan->state_list,
        plan->sections,     plan->stages,   plan->axes_used, plan->inputs,
        plan->outputs,      plan->gradients};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        rni_memory_release(memory, arrays[i]);
}

void rni_plan_drop(rnnc_plan *plan)
{
    if (!plan || atomic_fetch_sub(&plan->references, 1) > 1)
        return;
    rnnc_graph *graph = plan->graph;
    rni_plan_drop(plan->lean);
    release_arrays(plan, &graph->context->memory);
    rni_memory_release(&graph->context->memory, plan);
    rni_graph_drop(graph);
}

void rnnc_plan_destroy(rnnc_plan *plan)
{
    rni_plan_drop(plan);
}

rnnc_status rnnc_plan_status(const rnnc_plan *plan)
{
    return plan ? plan->error.status : RNNC_E_MEMORY;
}

const char *rnnc_plan_message(const rnnc_plan *plan)
{
    return plan ? plan->error.text : "out of memory";
}
