// SPDX-License-Identifier: MIT
// How much memory a run needs, and where everything lies in it.
#include "run/layout.h"

#include <string.h>

enum { LINE = 16 }; // floats of a cache line

// ---- Sizes -----------------------------------------------------------------

// Rows of the largest block or segment of an axis.
static int64_t cut_rows(const rni_layout *layout, int32_t axis, int64_t aim,
                        int64_t batch)
{
    return rni_blocks_most(aim, batch, layout->limits[axis].total);
}

static int64_t axis_rows(const rni_layout *layout, const rni_class *class,
                         int64_t batch)
{
    const rni_cut *cut = layout->cuts + class->axis;
    switch (class->extent) {
    case RNI_EXTENT_BLOCK:
        return cut_rows(layout, class->axis, cut->block, batch);
    case RNI_EXTENT_BORDER:
        return cut->borders;
    case RNI_EXTENT_SEGMENT:
        if (cut->segment > 0)
            return cut_rows(layout, class->axis, cut->segment, batch);
        return layout->limits[class->axis].total;
    case RNI_EXTENT_ALL:
        return layout->limits[class->axis].total;
    default:
        return batch;
    }
}

// Rows of a class, rounded up so that its buffers begin at 64 bytes.
static int64_t class_rows(const rni_layout *layout, int32_t index,
                          int64_t batch)
{
    const rni_class *class = layout->plan->classes + index;
    int64_t rows, grain = layout->profile->grains[index];
    if (class->extent <= RNI_EXTENT_STATIC)
        return 1;
    rows = class->axis < 0 ? batch : axis_rows(layout, class, batch);
    return rows + (grain - rows % grain) % grain;
}

static bool bytes_of(size_t *bytes, int64_t a, int64_t b, size_t size)
{
    size_t items;
    return rni_size_multiply((size_t)a, (size_t)b, &items) &&
           rni_size_multiply(items, size, &items) &&
           items <= (size_t)PTRDIFF_MAX && ((void)(*bytes = items), true);
}

static bool want_classes(rni_layout *layout, int64_t batch)
{
    const rnnc_plan *plan = layout->plan;
    for (int32_t c = 0; c < plan->n_classes; c++) {
        const rni_class *class = plan->classes + c;
        layout->pieces[c].wanted = 0;
        if (class->extent == RNI_EXTENT_PREPARED ||
            (layout->only_axis >= 0 && class->axis != layout->only_axis))
            continue;
        if (!bytes_of(&layout->pieces[c].wanted, class->cols,
                      class_rows(layout, c, batch), sizeof(float)))
            return false;
    }
    return true;
}

// Rows that the largest call of a kernel goes over.
static int64_t most_rows(const rni_layout *layout, const rni_instruction *i,
                         int64_t batch)
{
    int64_t most = i->rows > batch ? i->rows : batch;
    for (int32_t a = 0; a < layout->plan->n_axes; a++) {
        int64_t rows = cut_rows(layout, a, layout->cuts[a].block, batch);
        most = rows > most ? rows : most;
    }
    return most;
}

static int64_t scratch_of(const rni_layout *layout, const rni_instruction *i,
                          int64_t rows)
{
    const rnnc_plan *plan = layout->plan;
    int64_t depth = 0;
    if (i->op == RNI_RUN_OUTER)
        return layout->kernels->outer_scratch(i->integers[0], i->cols, rows);
    if (i->op == RNI_RUN_PRODUCT) {
        depth = rni_product_depth(plan, plan->products + i->detail);
    } else if (i->op == RNI_RUN_MATMUL) {
        const rni_plan_matmul *m = plan->matmuls + i->detail;
        for (int32_t k = 0; k < m->n_terms; k++)
            depth += plan->terms[m->first_term + k].depth;
    } else {
        return 0;
    }
    return layout->kernels->product_scratch(rows, depth);
}

static bool want_scratch(rni_layout *layout, int64_t batch)
{
    int64_t most = (int64_t)layout->profile->most_slots * RNI_TAPE_TILE;
    for (int32_t k = 0; k < layout->plan->n_instructions; k++) {
        const rni_instruction *i = layout->plan->instructions + k;
        int64_t floats = scratch_of(layout, i, most_rows(layout, i, batch));
        most = floats > most ? floats : most;
    }
    // Members begin at cache lines of their own.
    most += LINE + (LINE - most % LINE) % LINE;
    return bytes_of(&rni_layout_piece(layout, RNI_PIECE_SCRATCH)->wanted, most,
                    layout->members, sizeof(float));
}

// A run of rows for each step of a block: each step of an axis' order has a row
// at least.
static bool want_runs(rni_layout *layout, int64_t batch)
{
    int64_t most = 1;
    for (int32_t a = 0; a < layout->plan->n_axes; a++) {
        int64_t rows = cut_rows(layout, a, layout->cuts[a].block, batch);
        if (rows > layout->limits[a].longest)
            rows = layout->limits[a].longest;
        most = rows > most ? rows : most;
    }
    return bytes_of(&rni_layout_piece(layout, RNI_PIECE_RUNS)->wanted,
                    layout->profile->outer ? most : 0, layout->members,
                    sizeof(rni_outer_run));
}

static bool want_blocks(rni_layout *layout)
{
    size_t steps = 0;
    for (int32_t a = 0; a < layout->plan->n_axes; a++)
        if (!rni_size_add(steps, (size_t)rni_blocks_room(layout->cuts + a),
                          &steps))
            return false;
    return bytes_of(&rni_layout_piece(layout, RNI_PIECE_BLOCKS)->wanted, 1,
                    (int64_t)steps, sizeof(int64_t));
}

int64_t rni_layout_kept_cols(const rnnc_plan *plan)
{
    int64_t cols = 0;
    for (int32_t s = 0; s < plan->n_states; s++)
        if (plan->states[s].kept)
            cols += plan->buffers[plan->states[s].carry].cols;
    return cols;
}

static bool want_packed(rni_layout *layout)
{
    const rnnc_plan *plan = layout->plan;
    size_t floats = 0;
    if (layout->only_axis >= 0)
        return true;
    for (int32_t p = 0; p < plan->n_packs; p++)
        if (!plan->packs[p].prepared &&
            !rni_size_add(floats, (size_t)layout->profile->pack_floats[p],
                          &floats))
            return false;
    return bytes_of(&rni_layout_piece(layout, RNI_PIECE_PACKED)->wanted, 1,
                    (int64_t)floats, sizeof(float)) &&
           bytes_of(&rni_layout_piece(layout, RNI_PIECE_MATMUL)->wanted, 1,
                    layout->plan->blas ? 0 : layout->profile->matmul_floats,
                    sizeof(float));
}

static bool want_kept(rni_layout *layout, int64_t batch)
{
    rni_piece *kept = rni_layout_piece(layout, RNI_PIECE_KEPT);
    rni_piece *carried = rni_layout_piece(layout, RNI_PIECE_CARRIED);
    kept->keep = carried->keep = true;
    // Two sets of flags: those of the next run, those of the one that was.
    return bytes_of(&carried->wanted, batch, 2, 1) &&
           bytes_of(&kept->wanted, rni_layout_kept_cols(layout->plan),
                    layout->only_axis >= 0 ? 0 : batch, sizeof(float));
}

static int32_t piece_count(const rni_layout *layout)
{
    return layout->plan->n_classes + RNI_PIECE_COUNT;
}

static void forget_fresh(rni_layout *layout)
{
    for (int32_t p = 0; p < piece_count(layout); p++) {
        rni_memory_release(layout->memory, layout->pieces[p].fresh);
        layout->pieces[p].fresh = NULL;
    }
}

static void take_fresh(rni_layout *layout)
{
    for (int32_t p = 0; p < piece_count(layout); p++) {
        rni_piece *piece = layout->pieces + p;
        if (piece->fresh == NULL)
            continue;
        size_t same =
            piece->bytes < piece->wanted ? piece->bytes : piece->wanted;
        if (piece->keep && same > 0)
            memcpy(piece->fresh, piece->data, same);
        rni_memory_release(layout->memory, piece->data);
        piece->data = piece->fresh;
        piece->bytes = piece->wanted;
        piece->fresh = NULL;
        layout->moves++;
    }
}

static bool want_all(rni_layout *layout, int64_t batch)
{
    for (int32_t a = 0; a < layout->plan->n_axes; a++)
        rni_blocks_measure(layout->cuts + a, batch, layout->limits[a].longest,
                           layout->limits[a].total, layout->spare);
    return want_classes(layout, batch) && want_scratch(layout, batch) &&
           want_runs(layout, batch) && want_blocks(layout) &&
           want_packed(layout) && want_kept(layout, batch);
}

bool rni_layout_measure(rni_layout *layout, int64_t batch, int64_t *bytes)
{
    size_t all = 0;
    if (!want_all(layout, batch))
        return false;
    for (int32_t p = 0; p < piece_count(layout); p++)
        if (!rni_size_add(all, layout->pieces[p].wanted, &all))
            return false;
    *bytes = (int64_t)all;
    return all <= (size_t)PTRDIFF_MAX;
}

bool rni_layout_reserve(rni_layout *layout, int64_t batch)
{
    if (!want_all(layout, batch))
        return false;
    for (int32_t p = 0; p < piece_count(layout); p++) {
        rni_piece *piece = layout->pieces + p;
        bool fits = layout->tight ? piece->wanted == piece->bytes
                                  : piece->wanted <= piece->bytes;
        if (piece->data != NULL && fits)
            continue;
        piece->fresh = rni_memory_allocate(layout->memory, piece->wanted);
        if (piece->fresh == NULL) {
            forget_fresh(layout);
            return false;
        }
    }
    take_fresh(layout);
    return true;
}

int64_t rni_layout_grown(const rni_layout *layout)
{
    size_t bytes = 0;
    for (int32_t p = 0; p < piece_count(layout); p++) {
        const rni_piece *piece = layout->pieces + p;
        bytes += piece->bytes > piece->wanted ? piece->bytes : piece->wanted;
    }
    return bytes > (size_t)INT64_MAX ? INT64_MAX : (int64_t)bytes;
}

void rni_layout_clear(rni_layout *layout)
{
    for (int32_t p = 0; p < piece_count(layout); p++) {
        rni_memory_release(layout->memory, layout->pieces[p].data);
        layout->pieces[p].data = NULL;
        layout->pieces[p].bytes = 0;
    }
}

int64_t rni_layout_bytes(const rni_layout *layout)
{
    size_t bytes = 0;
    for (int32_t p = 0; p < piece_count(layout); p++)
        bytes += layout->pieces[p].bytes;
    return (int64_t)bytes;
}

int64_t rni_layout_row_bytes(const rni_layout *layout)
{
    size_t bytes = 0;
    for (int32_t c = 0; c < layout->plan->n_classes; c++)
        if (layout->plan->classes[c].extent > RNI_EXTENT_STATIC)
            bytes += layout->pieces[c].bytes;
    return (int64_t)bytes;
}

int64_t rni_layout_cols(const rni_layout *layout, int32_t extent, int32_t axis)
{
    for (int32_t c = 0; c < layout->plan->n_classes; c++)
        if (layout->plan->classes[c].extent == extent &&
            layout->plan->classes[c].axis == axis)
            return layout->plan->classes[c].cols;
    return 0;
}

// ---- Places ----------------------------------------------------------------

static void place_buffers(rni_layout *layout, int64_t batch)
{
    const rnnc_plan *plan = layout->plan;
    for (int32_t b = 0; b < plan->n_buffers; b++) {
        int32_t c = layout->profile->classes[b];
        if (c < 0 || plan->classes[c].extent == RNI_EXTENT_PREPARED ||
            (layout->only_axis >= 0 &&
             plan->classes[c].axis != layout->only_axis))
            continue;
        layout->base[b] =
            (float *)layout->pieces[c].data +
            plan->buffers[b].offset * class_rows(layout, c, batch);
    }
}

static void place_packed(rni_layout *layout)
{
    float *at = rni_layout_piece(layout, RNI_PIECE_PACKED)->data;
    for (int32_t p = 0; p < layout->plan->n_packs; p++) {
        if (layout->plan->packs[p].prepared)
            continue;
        layout->packed[p] = at;
        at += layout->profile->pack_floats[p];
    }
}

static void place_kept(rni_layout *layout, int64_t batch)
{
    const rnnc_plan *plan = layout->plan;
    float *at = rni_layout_piece(layout, RNI_PIECE_KEPT)->data;
    for (int32_t s = 0; s < plan->n_states; s++) {
        if (!plan->states[s].kept)
            continue;
        layout->kept[s] = at;
        at += batch * plan->buffers[plan->states[s].carry].cols;
    }
}

static void place_blocks(rni_layout *layout)
{
    int64_t *at = rni_layout_piece(layout, RNI_PIECE_BLOCKS)->data;
    for (int32_t a = 0; a < layout->plan->n_axes; a++) {
        rni_axis *axis = layout->axes + a;
        if (axis->order == NULL)
            continue;
        rni_blocks_set(&axis->blocks, axis->order, layout->cuts + a, at);
        at += rni_blocks_room(layout->cuts + a);
    }
}

static void place_spaces(rni_layout *layout)
{
    const rni_piece *scratch = rni_layout_piece(layout, RNI_PIECE_SCRATCH);
    const rni_piece *runs = rni_layout_piece(layout, RNI_PIECE_RUNS);
    size_t members = (size_t)layout->members;
    size_t floats = scratch->bytes / members / sizeof(float);
    size_t each = runs->bytes / members / sizeof(rni_outer_run);
    floats -= floats % LINE;
    for (size_t m = 0; m < members; m++) {
        layout->spaces[m].scratch = (float *)scratch->data + m * floats;
        layout->spaces[m].runs = (rni_outer_run *)runs->data + m * each;
    }
}

void rni_layout_place(rni_layout *layout, int64_t batch)
{
    for (int32_t a = 0; a < layout->plan->n_axes; a++)
        if (layout->axes[a].order != NULL)
            layout->limits[a] = (rni_limits){layout->axes[a].order->longest,
                                             layout->axes[a].order->total};
    place_buffers(layout, batch);
    if (layout->only_axis < 0) {
        place_packed(layout);
        place_kept(layout, batch);
    }
    place_blocks(layout);
    place_spaces(layout);
}

// ---- Beginning and end -----------------------------------------------------

// Ports, terms and results of every member, in one block.
static bool make_calls(rni_layout *layout)
{
    const rni_profile *profile = layout->profile;
    size_t loads = (size_t)profile->most_loads * sizeof(rni_tape_port);
    size_t stores = (size_t)profile->most_stores * sizeof(rni_tape_port);
    size_t terms = (size_t)profile->most_terms * sizeof(rni_product_term);
    size_t results = (size_t)profile->most_results * sizeof(rni_product_result);
    size_t each = loads + stores + terms + results;
    each += RNI_ALIGNMENT + (RNI_ALIGNMENT - each % RNI_ALIGNMENT);
    char *at = rni_memory_zeroed(layout->memory, (size_t)layout->members, each);
    layout->calls = at;
    if (at == NULL)
        return false;
    for (int32_t m = 0; m < layout->members; m++, at += each)
        layout->spaces[m] =
            (rni_workspace){.loads = (void *)at,
                            .stores = (void *)(at + loads),
                            .terms = (void *)(at + loads + stores),
                            .results = (void *)(at + loads + stores + terms)};
    return true;
}

static void *room(const rni_layout *layout, int32_t count, size_t size,
                  bool *good)
{
    void *block = rni_memory_zeroed(layout->memory, (size_t)count, size);
    *good = *good && block != NULL;
    return block;
}

bool rni_layout_init(rni_layout *layout, const rnnc_plan *plan,
                     const rni_profile *profile, const rni_kernels *kernels,
                     const rni_memory *memory, int32_t members)
{
    bool good = true;
    *layout = (rni_layout){.memory = memory,
                           .plan = plan,
                           .profile = profile,
                           .kernels = kernels,
                           .members = members,
                           .only_axis = -1};
    layout->pieces =
        room(layout, piece_count(layout), sizeof *layout->pieces, &good);
    layout->base = room(layout, plan->n_buffers, sizeof *layout->base, &good);
    layout->packed = room(layout, plan->n_packs, sizeof *layout->packed, &good);
    layout->kept = room(layout, plan->n_states, sizeof *layout->kept, &good);
    layout->axes = room(layout, plan->n_axes, sizeof *layout->axes, &good);
    layout->limits = room(layout, plan->n_axes, sizeof *layout->limits, &good);
    layout->cuts = room(layout, plan->n_axes, sizeof *layout->cuts, &good);
    layout->spaces = room(layout, members, sizeof *layout->spaces, &good);
    for (int32_t a = 0; good && a < plan->n_axes; a++)
        layout->cuts[a].block = rni_blocks_aim(plan->block_rows);
    return good && make_calls(layout);
}

void rni_layout_fini(rni_layout *layout)
{
    if (layout->pieces != NULL)
        rni_layout_clear(layout);
    rni_memory_release(layout->memory, layout->pieces);
    rni_memory_release(layout->memory, layout->base);
    rni_memory_release(layout->memory, layout->packed);
    rni_memory_release(layout->memory, layout->kept);
    rni_memory_release(layout->memory, layout->axes);
    rni_memory_release(layout->memory, layout->limits);
    rni_memory_release(layout->memory, layout->cuts);
    rni_memory_release(layout->memory, layout->spaces);
    rni_memory_release(layout->memory, layout->calls);
}
