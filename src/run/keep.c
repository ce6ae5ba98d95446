// SPDX-License-Identifier: MIT
// Choosing what a pass keeps, and making room for it.
#include "run/keep.h"

#include <string.h>

// ---- Cutting axes -----------------------------------------------------------

// Where states alone are kept, blocks hold all else: they are shorter.
enum { LEAN_PARTS = 16, LEAN_ROWS = 64 };

static int64_t block_aim(const rni_program *p, int64_t total)
{
    int64_t aim = rni_blocks_aim(p->plan->block_rows);
    if (p->plan->block_rows > 0 || p->plan->keep != RNNC_KEEP_STATES)
        return aim;
    int64_t part = total / LEAN_PARTS;
    part = part > LEAN_ROWS ? part : LEAN_ROWS;
    return part < aim ? part : aim;
}

// Rows of the shortest segments that make sense: about the root, and where that
// is a quarter of a block or more, whole blocks, so that products run at full
// speed.
static int64_t segment_rows(const rni_program *p, int32_t axis, int64_t batch)
{
    int64_t total = p->layout.limits[axis].total;
    int64_t block = block_aim(p, total);
    int64_t kept = rni_layout_cols(&p->layout, RNI_EXTENT_SEGMENT, axis);
    int64_t border = rni_layout_cols(&p->layout, RNI_EXTENT_BORDER, axis);
    if (p->plan->segment_rows > 0)
        return p->plan->segment_rows;
    if (kept > 0 && border == 0)
        return block;
    int64_t rows = rni_blocks_root(batch, total, kept, border);
    if (rows < block / 4)
        return rows;
    return rows < block ? block : (rows + block / 2) / block * block;
}

// Rows of a segment; 0: the axis is one.
static int64_t segment_aim(const rni_program *p, int32_t axis, int64_t scale,
                           int64_t batch)
{
    int64_t rows = segment_rows(p, axis, batch);
    int64_t total = p->layout.limits[axis].total;
    return rows <= 0 || rows > total / scale ? 0 : rows * scale;
}

// Blocks of a segment are about equally long; with spare room, for all shorter
// segments too.
static rni_cut cut_axis(const rni_program *p, int32_t axis, const rni_way *way,
                        const rni_keep *keep)
{
    rni_limits limits = p->layout.limits[axis];
    rni_cut cut = {.block = block_aim(p, limits.total)};
    if (way->keep == RNNC_KEEP_SEGMENTS)
        cut.segment = segment_aim(p, axis, way->scale, keep->batch);
    if (cut.segment > 0 && cut.segment < cut.block)
        cut.block = cut.segment;
    int64_t n = (cut.segment + cut.block - 1) / cut.block;
    if (n > 0 && !keep->spare)
        cut.block = (cut.segment + n - 1) / n;
    return cut;
}

// ---- Ways -------------------------------------------------------------------

// Sets a program up for a way: the bytes it needs, or -1.
static int64_t try_way(rni_keep *keep, const rni_way *way)
{
    rni_program *p = keep->programs + way->program;
    int64_t bytes;
    p->layout.spare = keep->spare;
    for (int32_t a = 0; a < p->plan->n_axes; a++) {
        p->layout.limits[a] = keep->limits[a];
        p->layout.cuts[a] = cut_axis(p, a, way, keep);
    }
    return rni_layout_measure(&p->layout, keep->batch, &bytes) ? bytes : -1;
}

// Segments of that scale are shorter than an axis.
static bool is_cut(const rni_keep *keep, int64_t scale)
{
    const rni_program *p = keep->programs;
    for (int32_t a = 0; a < p->plan->n_axes; a++)
        if (segment_aim(p, a, scale, keep->batch) > 0)
            return true;
    return false;
}

// The ways of a plan from the fastest to the leanest; false behind the last.
static bool next_way(const rni_keep *keep, rni_way *way)
{
    int32_t kind = keep->programs[0].plan->keep;
    if (way->keep == RNNC_KEEP_RESULTS && keep->count > 1) {
        *way = (rni_way){RNNC_KEEP_STATES, 1, 1};
    } else if (kind == RNNC_KEEP_BUDGET && way->keep != RNNC_KEEP_SEGMENTS) {
        *way = (rni_way){RNNC_KEEP_SEGMENTS, 0, 1};
        while (is_cut(keep, 2 * way->scale))
            way->scale *= 2;
    } else if (way->keep == RNNC_KEEP_SEGMENTS && way->scale > 1) {
        way->scale /= 2;
    } else {
        return false;
    }
    return true;
}

static rni_way first_way(const rni_keep *keep)
{
    int32_t kind = keep->programs[0].plan->keep;
    return (rni_way){kind == RNNC_KEEP_BUDGET ? RNNC_KEEP_RESULTS : kind, 0, 1};
}

static rnnc_status too_small(const rni_keep *keep, int64_t least,
                             rni_error *error)
{
    return rni_error_set(error, RNNC_E_MEMORY,
                         "the budget is %lld bytes; for %lld sequences of "
                         "these lengths the run needs %lld at least",
                         (long long)keep->budget, (long long)keep->batch,
                         (long long)least);
}

// False where the pass is like the last one for which there was room.
static bool is_new(rni_keep *keep, int64_t batch, const rni_limits *limits,
                   bool spare, int64_t more)
{
    int32_t axes = keep->programs[0].plan->n_axes;
    bool same = keep->known && keep->batch == batch && keep->spare == spare &&
                keep->more == more;
    for (int32_t a = 0; a < axes; a++) {
        same = same && keep->limits[a].longest == limits[a].longest &&
               keep->limits[a].total == limits[a].total;
        keep->limits[a] = limits[a];
    }
    keep->batch = batch;
    keep->spare = spare;
    keep->more = more;
    keep->known = same;
    return !same;
}

rnnc_status rni_keep_choose(rni_keep *keep, int64_t batch,
                            const rni_limits *limits, bool spare, int64_t more,
                            rni_error *error)
{
    rni_way way = first_way(keep);
    int64_t least = INT64_MAX;
    if (!is_new(keep, batch, limits, spare, more))
        return RNNC_OK;
    do {
        int64_t bytes = try_way(keep, &way);
        if (bytes < 0)
            continue;
        bytes += more;
        if (bytes < least)
            least = bytes;
        if (keep->budget == 0 || bytes <= keep->budget) {
            keep->next = way;
            return RNNC_OK;
        }
    } while (next_way(keep, &way));
    if (least == INT64_MAX)
        return rni_error_memory(error);
    return too_small(keep, least, error);
}

// The program that keeps that, -1: none.
static int32_t program_of(const rni_keep *keep, int32_t kind)
{
    for (int32_t k = 0; k < keep->count; k++) {
        bool states = keep->programs[k].plan->keep == RNNC_KEEP_STATES;
        if (states == (kind == RNNC_KEEP_STATES))
            return k;
    }
    return -1;
}

bool rni_keep_can(const rni_keep *keep, int32_t kind)
{
    return program_of(keep, kind) >= 0;
}

int64_t rni_keep_measure(rni_keep *keep, int32_t kind, int64_t batch,
                         const rni_limits *limits)
{
    rni_way way = {kind, program_of(keep, kind), 1};
    is_new(keep, batch, limits, false, 0);
    keep->known = false;
    return try_way(keep, &way);
}

// ---- Room -------------------------------------------------------------------

// States and flags go along to the program of the next pass.
static void hand_over(rni_program *from, rni_program *to)
{
    static const rni_piece_name lasting[] = {RNI_PIECE_KEPT, RNI_PIECE_CARRIED};
    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
        rni_piece *old = rni_layout_piece(&from->layout, lasting[i]);
        rni_piece *made = rni_layout_piece(&to->layout, lasting[i]);
        size_t bytes = old->bytes < made->bytes ? old->bytes : made->bytes;
        if (bytes > 0)
            memcpy(made->data, old->data, bytes);
    }
}

bool rni_keep_reserve(rni_keep *keep, rnnc_weights *weights, bool *moved)
{
    rni_program *now = rni_keep_program(keep);
    rni_program *next = keep->programs + keep->next.program;
    int64_t moves = next->layout.moves;
    if (keep->known)
        return true;
    next->layout.tight =
        keep->budget > 0 &&
        rni_layout_grown(&next->layout) + keep->more > keep->budget;
    if (!rni_layout_reserve(&next->layout, keep->batch))
        return false;
    *moved = *moved || next != now || next->layout.moves != moves;
    if (next != now) {
        hand_over(now, next);
        rni_layout_clear(&now->layout);
        rni_binding_drop(now->binding, weights);
        now->binding = NULL;
    }
    keep->way = keep->next;
    keep->known = true;
    return true;
}

int64_t rni_keep_bytes(const rni_keep *keep, bool rows)
{
    int64_t bytes = 0;
    for (int32_t k = 0; k < keep->count; k++)
        bytes += rows ? rni_layout_row_bytes(&keep->programs[k].layout)
                      : rni_layout_bytes(&keep->programs[k].layout);
    return bytes;
}

// ---- Beginning and end ------------------------------------------------------

static bool make_program(rni_program *p, const rnnc_plan *plan,
                         const rni_kernels *kernels, const rni_memory *memory,
                         rni_team *team, int32_t members)
{
    p->plan = plan;
    p->executor = (rni_executor){
        .plan = plan, .profile = &p->profile, .kernels = kernels, .team = team};
    return rni_profile_init(&p->profile, plan, kernels, memory) &&
           rni_layout_init(&p->layout, plan, &p->profile, kernels, memory,
                           members);
}

bool rni_keep_init(rni_keep *keep, const rnnc_plan *plan,
                   const rni_kernels *kernels, const rni_memory *memory,
                   rni_team *team, int32_t members)
{
    const rnnc_plan *plans[RNI_PROGRAMS] = {plan, plan->lean};
    *keep = (rni_keep){.memory = memory};
    keep->limits =
        rni_memory_zeroed(memory, (size_t)plan->n_axes, sizeof *keep->limits);
    for (int32_t k = 0; k < RNI_PROGRAMS && plans[k] != NULL; k++) {
        keep->count++;
        if (!make_program(keep->programs + k, plans[k], kernels, memory, team,
                          members))
            return false;
    }
    keep->way = keep->next = first_way(keep);
    return keep->limits != NULL &&
           rni_layout_reserve(&keep->programs[0].layout, 0);
}

void rni_keep_fini(rni_keep *keep, rnnc_weights *weights)
{
    for (int32_t k = 0; k < keep->count; k++) {
        rni_program *p = keep->programs + k;
        rni_binding_drop(p->binding, weights);
        if (p->layout.memory != NULL)
            rni_layout_fini(&p->layout);
        if (p->profile.memory != NULL)
            rni_profile_fini(&p->profile);
    }
    if (keep->memory != NULL)
        rni_memory_release(keep->memory, keep->limits);
}
