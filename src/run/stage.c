// SPDX-License-Identifier: MIT
// Running stages: blocks, sections, steps, and who does what. All members walk
// through the same program; each decides by the same numbers what is its own.
#include "run/executor.h"

// How the rows of a section are shared.
typedef enum split {
    ALONE,   // the first member does it
    BY_ROWS, // each member has rows of its own
    BY_COLS  // each member has columns of its own
} split;

// In multiply-adds of a packed product: what a meeting costs, what waking a
// team costs, and what a row operation must be worth to be shared.
static const double meet_cost = 5e3, team_cost = 1.5e6, share_cost = 3e4;

// Rows of a step that each member should have before rows are shared in a
// loop: below, the weights are read too often for what is done with them; and
// where they do not fit the caches of one core, twice as many.
enum { LOOP_ROWS = 8 };
static const double core_weights = 256e3; // floats

static bool is_sum(const rni_instruction *i)
{
    return i->op == RNI_RUN_OUTER || i->op == RNI_RUN_COL_SUM ||
           i->op == RNI_RUN_LOOKUP_GRAD || i->op == RNI_RUN_TOTAL;
}

static void run(rni_worker *w, const rni_instruction *i)
{
    rni_instruction_table[i->op].run(w, i);
}

// ---- Sharing one instruction -----------------------------------------------

static void run_alone(rni_worker *w, const rni_instruction *i)
{
    if (w->member != 0)
        return;
    int32_t size = w->size;
    w->size = 1;
    run(w, i);
    w->size = size;
}

static void run_own_rows(rni_worker *w, const rni_instruction *i, int64_t grain)
{
    rni_share own = rni_share_of(w->rows, grain, w->member, w->size);
    if (own.first == own.last)
        return;
    rni_worker_narrow(w, own.first, own.last - own.first);
    run(w, i);
}

// Where the worker stands are all rows; it goes elsewhere.
static void run_shared(rni_worker *w, const rni_instruction *i, split how)
{
    uint32_t can = rni_instruction_table[i->op].split;
    if (w->size == 1) {
        run(w, i);
    } else if (how == ALONE) {
        run_alone(w, i);
    } else if (can & RNI_ITSELF) {
        run(w, i);
    } else if (how == BY_COLS && (can & RNI_BY_COLS)) {
        w->by_cols = true;
        run(w, i);
        w->by_cols = false;
    } else if (can & RNI_BY_ROWS) {
        run_own_rows(w, i, how == BY_ROWS ? w->e->kernels->tile_rows : 1);
    } else {
        run_alone(w, i);
    }
}

// ---- Ranks of one's own ----------------------------------------------------

// The first rank of a member, so that all have about as many rows of the block.
static int64_t first_rank(const rni_worker *w, int32_t member)
{
    const rni_order *order = w->order;
    int64_t ranks = rni_worker_active(w, w->first_step), rows = 0, rank = 0;
    int64_t total =
        order->offsets[w->last_step] - order->offsets[w->first_step];
    int64_t aim = total * member / w->size;
    while (rank < ranks && rows < aim) {
        int64_t length = order->lengths[order->rows[rank++]];
        int64_t last = length < w->last_step ? length : w->last_step;
        rows += last - w->first_step;
    }
    return member == w->size ? ranks : rank;
}

static rni_share own_ranks(const rni_worker *w)
{
    if (w->size == 1)
        return (rni_share){0, rni_worker_active(w, w->first_step)};
    return (rni_share){first_rank(w, w->member), first_rank(w, w->member + 1)};
}

// Stands at the rows of a step that are one's own; false where there are none.
static bool stand_at(rni_worker *w, int64_t step, rni_share ranks)
{
    int64_t last = rni_worker_active(w, step);
    last = ranks.last < last ? ranks.last : last;
    if (ranks.first >= last)
        return false;
    rni_worker_step(w, step, ranks.first, last - ranks.first);
    return true;
}

// Step k of the block in the stage's direction.
static int64_t step_at(const rni_worker *w, bool falling, int64_t k)
{
    return falling ? w->last_step - 1 - k : w->first_step + k;
}

// ---- Loops -----------------------------------------------------------------

static split loop_split(const rni_worker *w, int32_t section)
{
    const rni_section_profile *profile = w->e->profile->sections + section;
    int64_t ranks = rni_worker_active(w, w->first_step);
    double step_cost = profile->cost * (double)ranks;
    int64_t least = (int64_t)w->size * LOOP_ROWS;
    if (profile->weights > core_weights)
        least *= 2;
    if (w->size == 1)
        return ALONE;
    if (profile->rank_safe && ranks >= least)
        return BY_ROWS;
    int32_t meets = 1 + (rni_worker_folds(w, ranks) ? profile->meets_folded
                                                    : profile->meets);
    double gain = step_cost * (w->size - 1) / w->size;
    return gain > meet_cost * meets ? BY_COLS : ALONE;
}

// The members' ranks have nothing to do with each other: no barrier.
static void run_ranks(rni_worker *w, const rni_section *section, bool falling,
                      rni_share ranks)
{
    const rni_instruction *first =
        w->e->plan->instructions + section->first_instruction;
    for (int64_t k = 0; k < w->last_step - w->first_step; k++) {
        if (!stand_at(w, step_at(w, falling, k), ranks))
            continue;
        for (int32_t n = 0; n < section->n_instructions; n++)
            if (first[n].op != RNI_RUN_PACK)
                run(w, first + n);
        rni_state_step(w, section);
    }
}

static void meet_before(const rni_worker *w, uint8_t marks, bool folds)
{
    if (marks & (folds ? RNI_MEET_FOLDED : RNI_MEET_WHOLE))
        rni_worker_meet(w);
}

static void run_columns(rni_worker *w, int32_t index, bool falling)
{
    const rni_section *section = w->e->plan->sections + index;
    const rni_profile *profile = w->e->profile;
    const rni_instruction *first =
        w->e->plan->instructions + section->first_instruction;
    const uint8_t *meets = profile->meets + section->first_instruction;
    for (int64_t k = 0; k < w->last_step - w->first_step; k++) {
        int64_t step = step_at(w, falling, k);
        rni_share all = {0, rni_worker_active(w, step)};
        bool folds = rni_worker_folds(w, all.last);
        for (int32_t n = 0; n < section->n_instructions; n++) {
            if (first[n].op == RNI_RUN_PACK)
                continue;
            meet_before(w, meets[n], folds);
            stand_at(w, step, all);
            run_shared(w, first + n, BY_COLS);
        }
        meet_before(w, profile->sections[index].states_meet, folds);
        stand_at(w, step, all);
        w->by_cols = true;
        rni_state_step(w, section);
        w->by_cols = false;
        rni_worker_meet(w);
    }
}

static void run_loop(rni_worker *w, int32_t index, bool falling)
{
    const rni_section *section = w->e->plan->sections + index;
    split how = loop_split(w, index);
    if (how == BY_COLS) {
        run_columns(w, index, falling);
    } else if (how == BY_ROWS) {
        run_ranks(w, section, falling, own_ranks(w));
    } else if (w->member == 0) {
        rni_share all = {0, rni_worker_active(w, w->first_step)};
        run_ranks(w, section, falling, all);
    }
    rni_worker_meet(w);
}

// ---- Rows of a block -------------------------------------------------------

// A step may write where a later one reads: a member keeps to its ranks.
static void run_by_step(rni_worker *w, const rni_instruction *i, bool falling,
                        split how)
{
    int64_t ranks = rni_worker_active(w, w->first_step);
    rni_share own = {0, ranks};
    if (w->size > 1 && how != ALONE && ranks >= 2 * w->size)
        own = own_ranks(w);
    else if (w->member != 0)
        return;
    for (int64_t k = 0; k < w->last_step - w->first_step; k++)
        if (stand_at(w, step_at(w, falling, k), own))
            run(w, i);
}

static split row_split(const rni_worker *w, double cost, int64_t rows)
{
    if (w->size == 1 || cost < share_cost)
        return ALONE;
    return rows >= 2 * (int64_t)w->size * w->e->kernels->tile_rows ? BY_ROWS
                                                                   : BY_COLS;
}

static void run_block_rows(rni_worker *w, const rni_section *section,
                           bool falling)
{
    const rnnc_plan *plan = w->e->plan;
    for (int32_t n = 0; n < section->n_instructions; n++) {
        const rni_instruction *i =
            plan->instructions + section->first_instruction + n;
        if (i->op == RNI_RUN_PACK)
            continue;
        rni_worker_rows_of_block(w);
        double cost = rni_profile_cost(plan, i) * (double)w->rows;
        split how = row_split(w, cost, w->rows);
        if (i->by_step && !is_sum(i))
            run_by_step(w, i, falling, how);
        else
            run_shared(w, i, how);
        rni_worker_meet(w);
    }
}

// ---- Stages ----------------------------------------------------------------

typedef void (*sum_visit)(rni_worker *w, const rni_instruction *i);

static void visit_sums(rni_worker *w, const rni_stage *stage, sum_visit visit)
{
    const rnnc_plan *plan = w->e->plan;
    for (int32_t s = 0; s < stage->n_sections; s++) {
        const rni_section *section = plan->sections + stage->first_section + s;
        for (int32_t n = 0; n < section->n_instructions; n++)
            visit(w, plan->instructions + section->first_instruction + n);
    }
}

// Sums begin, and weights that the run itself has made are packed once.
static void begin(rni_worker *w, const rni_instruction *i)
{
    if (i->op == RNI_RUN_PACK)
        rni_run_pack(w, i);
    else
        rni_sum_begin(w, i);
}

static void enter_stage(rni_worker *w, const rni_stage *stage)
{
    if (w->member == 0) {
        rni_worker_flat(w, false, 0);
        rni_state_enter(w, stage);
        visit_sums(w, stage, begin);
    }
    rni_worker_meet(w);
}

static void leave_stage(rni_worker *w, const rni_stage *stage)
{
    if (w->member == 0) {
        rni_state_leave(w, stage);
        visit_sums(w, stage, rni_sum_end);
    }
    rni_worker_meet(w);
}

static void run_sections(rni_worker *w, int32_t first, int32_t n, bool falling)
{
    for (int32_t index = first; index < first + n; index++) {
        const rni_section *section = w->e->plan->sections + index;
        if (section->loop >= 0)
            run_loop(w, index, falling);
        else
            run_block_rows(w, section, falling);
    }
}

static void run_block(rni_worker *w, const rni_stage *stage, int64_t block)
{
    rni_worker_block(w, w->e->axes + stage->axis, block);
    run_sections(w, stage->first_section, stage->n_sections, stage->falling);
    if (w->member == 0)
        rni_state_leave_steps(w, stage->first_state, stage->n_states,
                              RNI_STATE_BLOCK);
    rni_worker_meet(w);
}

// ---- Segments --------------------------------------------------------------

static void run_rising(rni_worker *w, const rni_stage *stage)
{
    const rni_axis *axis = w->e->axes + stage->axis;
    const rni_blocks *blocks = &axis->blocks;
    for (int64_t k = 0; k < blocks->segments; k++) {
        rni_worker_segment(w, axis, k);
        if (w->member == 0)
            rni_state_border(w, stage->first_state, stage->n_states, k, false);
        rni_worker_meet(w);
        for (int64_t b = blocks->first[k]; b < blocks->first[k + 1]; b++)
            run_block(w, stage, b);
        if (w->member == 0)
            rni_state_leave_steps(w, stage->first_state, stage->n_states,
                                  RNI_STATE_SEGMENT);
    }
}

// What the stage reads of a segment's forward rows, once more.
static void run_again(rni_worker *w, const rni_stage *stage, int64_t segment)
{
    const rni_axis *axis = w->e->axes + stage->axis;
    int64_t block = axis->blocks.first[segment];
    for (; block < axis->blocks.first[segment + 1]; block++) {
        rni_worker_block(w, axis, block);
        run_sections(w, stage->first_again, stage->n_again, false);
        if (w->member == 0)
            rni_state_leave_steps(w, stage->first_border, stage->n_borders,
                                  RNI_STATE_BLOCK);
        rni_worker_meet(w);
    }
}

static void run_falling(rni_worker *w, const rni_stage *stage)
{
    const rni_axis *axis = w->e->axes + stage->axis;
    const rni_blocks *blocks = &axis->blocks;
    int64_t last = blocks->segments - 1;
    for (int64_t k = last; k >= 0; k--) {
        rni_worker_segment(w, axis, k);
        bool there = last == 0 || (k == last && stage->held);
        if (w->member == 0)
            rni_state_border(w, stage->first_border, stage->n_borders, k, true);
        rni_worker_meet(w);
        if (!there)
            run_again(w, stage, k);
        for (int64_t b = blocks->first[k + 1] - 1; b >= blocks->first[k]; b--)
            run_block(w, stage, b);
    }
}

static void run_axis(rni_worker *w, const rni_stage *stage)
{
    enter_stage(w, stage);
    if (stage->falling)
        run_falling(w, stage);
    else
        run_rising(w, stage);
    leave_stage(w, stage);
}

static void run_flat_section(rni_worker *w, const rni_section *section)
{
    const rnnc_plan *plan = w->e->plan;
    for (int32_t n = 0; n < section->n_instructions; n++) {
        const rni_instruction *i =
            plan->instructions + section->first_instruction + n;
        rni_worker_flat(w, i->batch, i->batch ? w->e->batch : i->rows);
        double cost = rni_profile_cost(plan, i) * (double)w->rows;
        run_shared(w, i, row_split(w, cost, w->rows));
        rni_worker_meet(w);
    }
}

static void run_stage(rni_worker *w, const rni_stage *stage)
{
    if (stage->axis >= 0) {
        run_axis(w, stage);
        return;
    }
    for (int32_t s = 0; s < stage->n_sections; s++)
        run_flat_section(w, w->e->plan->sections + stage->first_section + s);
}

// ---- Runs ------------------------------------------------------------------

typedef struct job {
    const rni_executor *e;
    int32_t first, last;
    rni_which which;
} job;

static bool takes_part(const rni_stage *stage, rni_which which)
{
    return which == RNI_EVERY_STAGE ||
           stage->once == (which == RNI_ONCE_STAGES);
}

static void run_job(void *work, int32_t member, int32_t size)
{
    const job *j = work;
    rni_worker w = rni_worker_make(j->e, member, size);
    for (int32_t s = j->first; s < j->last; s++)
        if (takes_part(j->e->plan->stages + s, j->which))
            run_stage(&w, j->e->plan->stages + s);
}

static double flat_cost(const rni_executor *e, const rni_section *section)
{
    double cost = 0;
    for (int32_t n = 0; n < section->n_instructions; n++) {
        const rni_instruction *i =
            e->plan->instructions + section->first_instruction + n;
        double rows = (double)(i->batch ? e->batch : i->rows);
        cost += rni_profile_cost(e->plan, i) * rows;
    }
    return cost;
}

static double job_cost(const job *j)
{
    const rnnc_plan *plan = j->e->plan;
    double cost = 0;
    for (int32_t k = j->first; k < j->last; k++) {
        const rni_stage *stage = plan->stages + k;
        for (int32_t s = 0; s < stage->n_sections; s++) {
            int32_t index = stage->first_section + s;
            if (stage->axis < 0)
                cost += flat_cost(j->e, plan->sections + index);
            else
                cost += j->e->profile->sections[index].cost *
                        (double)j->e->axes[stage->axis].order->total;
        }
    }
    return cost;
}

void rni_executor_run(const rni_executor *executor, int32_t first, int32_t last,
                      rni_which which)
{
    job j = {executor, first, last, which};
    if (executor->team == NULL || job_cost(&j) < team_cost)
        run_job(&j, 0, 1);
    else if (executor->members > 0)
        rni_team_run_few(executor->team, executor->members, run_job, &j);
    else
        rni_team_run(executor->team, run_job, &j);
}

void rni_executor_section(const rni_executor *executor, int32_t section)
{
    rni_worker w = rni_worker_make(executor, 0, 1);
    run_flat_section(&w, executor->plan->sections + section);
}
