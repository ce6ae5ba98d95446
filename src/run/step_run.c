// SPDX-License-Identifier: MIT
// Running a step: on the caller alone, or on a team whose members are there.
#include <time.h>

#include "run/step.h"

// In multiply-adds of a packed product: work that is worth waking a member for.
static const double wake_cost = 1.5e6;
// Nanoseconds: steps that follow each other so soon should find members awake,
// and how often these are roused at most.
static const int64_t soon = 100000, seldom = 1000000;

void rni_step_finish(rni_step *step)
{
    rni_step_join_products(step);
    rni_step_divide(step);
    rni_share parts = {0, step->n_parts};
    rni_share rest = {step->n_parts, step->n_calls};
    for (int32_t m = 0; step->shared && m < step->size; m++)
        rni_step_program_write(step->members + m, step, step->parts, parts, m,
                               step->size);
    if (step->shared)
        rni_step_program_write(&step->rest, step, step->parts, rest, 0, 1);
    rni_step_join_copies(step, step->calls, 1);
    rni_step_program_write(&step->alone, step, step->calls,
                           (rni_share){0, step->n_calls}, 0, 1);
}

static void run_instruction(const rni_executor *e, const rni_step_call *call)
{
    const rni_instruction *i = call->as.instruction;
    rni_worker w = rni_worker_make(e, 0, 1);
    rni_worker_flat(&w, i->batch, i->batch ? e->batch : i->rows);
    if (call->kind == RNI_STEP_ROWS)
        rni_step_stand(&w, e->axes + call->axis);
    if (call->kind == RNI_STEP_END)
        rni_sum_end(&w, i);
    else if (call->kind != RNI_STEP_BEGIN || i->op == RNI_RUN_PACK)
        rni_instruction_table[i->op].run(&w, i);
    else
        rni_sum_begin(&w, i);
}

static void run_copy(const rni_step_copy *c)
{
    rni_copy_rows(c->rows, c->cols, c->from, c->from_stride, c->to,
                  c->to_stride);
}

static void fetch(const rni_tile_link *link)
{
    enum { LINE = 16 };
    for (int64_t k = 0; k < link->n_terms; k++) {
        const rni_tile_term *term = link->terms + k;
        for (int64_t row = 0; row < link->rows; row++)
            for (int64_t at = 0; at < term->depth; at += LINE)
                __builtin_prefetch(term->a + row * term->stride + at);
    }
}

static void follow(const rni_step *step, rni_step_program *program,
                   int32_t member)
{
    bool backwards = program->backwards;
    const rni_kernels *kernels = step->e->kernels;
    const rni_step_call *end = program->calls + program->n_calls;
    for (const rni_step_call *call = program->calls; call < end; call++) {
        const rni_step_links *links = &call->as.links;
        if (call->kind == RNI_STEP_TILE_LINKS)
            kernels->product_follow(links->first.tile, links->n, backwards);
        else if (call->kind == RNI_STEP_TAPE_LINKS)
            kernels->tape_follow(links->first.tape, links->n);
        else if (call->kind == RNI_STEP_FETCH)
            fetch(links->first.tile);
        else if (call->kind == RNI_STEP_MEET)
            rni_team_barrier(step->team, member, step->size);
        else if (call->kind == RNI_STEP_PRODUCT)
            kernels->product(&call->as.product);
        else if (call->kind == RNI_STEP_TAPE)
            kernels->tape(&call->as.tape);
        else if (call->kind == RNI_STEP_COPY)
            run_copy(&call->as.copy);
        else
            run_instruction(step->e, call);
    }
    program->backwards = !backwards;
}

// A team that has fewer members than were asked for, or other work, leaves the
// step to the caller. Members write nothing of the step that others read.
static void run_member(void *work, int32_t member, int32_t size)
{
    rni_step *step = work;
    if (size == step->size) {
        follow(step, step->members + member, member);
    } else if (member == 0) {
        follow(step, &step->alone, 0);
        step->ran_alone = true;
    }
}

static void run_together(rni_step *step)
{
    rni_team_run_few(step->team, step->size, run_member, step);
    if (!step->ran_alone)
        follow(step, &step->rest, 0);
    else
        step->ran_alone = false;
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// Members that are asleep take longer to wake than a small step to run: it is
// run alone. They are roused where steps follow each other, for those to come.
static bool members_are_there(rni_step *step)
{
    if (step->cost >= wake_cost || !rni_team_asleep(step->team, step->size))
        return true;
    int64_t time = now();
    if (time - step->last < soon && time - step->roused > seldom) {
        step->roused = time;
        rni_team_rouse(step->team, step->size);
    }
    step->last = time;
    return false;
}

void rni_step_run(rni_step *step)
{
    if (step->shared && members_are_there(step))
        run_together(step);
    else
        follow(step, &step->alone, 0);
}
