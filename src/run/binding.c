// SPDX-License-Identifier: MIT
// Making and sharing bindings.
#include "run/binding.h"

#include <string.h>

#include "weights/storage.h"

enum { LINE = 16 }; // floats of a cache line

// ---- Room ------------------------------------------------------------------

// Gives out pieces of one block: first with `floats` NULL, to measure.
typedef struct cutter {
    float *floats;
    size_t used;
    bool good;
} cutter;

static float *cut(cutter *c, int64_t floats)
{
    size_t rounded = (size_t)floats + (LINE - 1);
    rounded -= rounded % LINE;
    float *at = c->floats == NULL ? NULL : c->floats + c->used;
    c->good = c->good && floats >= 0 &&
              rni_size_add(c->used, rounded, &c->used) &&
              c->used <= (size_t)PTRDIFF_MAX / sizeof(float);
    return at;
}

static bool copies_parameters(const rnnc_plan *plan)
{
    return plan->use != RNNC_TRAIN;
}

// What one tape, product or packing of `prepare` needs.
static int64_t prepare_scratch(const rnnc_plan *plan,
                               const rni_profile *profile,
                               const rni_kernels *kernels)
{
    int64_t most = (int64_t)profile->most_slots * RNI_TAPE_TILE;
    const rni_section *section = plan->sections + plan->prepare;
    for (int32_t n = 0; n < section->n_instructions; n++) {
        const rni_instruction *i =
            plan->instructions + section->first_instruction + n;
        int64_t depth = 0, floats = 0;
        if (i->op == RNI_RUN_MATMUL) {
            const rni_plan_matmul *m = plan->matmuls + i->detail;
            for (int32_t k = 0; k < m->n_terms; k++)
                depth += plan->terms[m->first_term + k].depth;
            floats = kernels->product_scratch(i->rows, depth);
        } else if (i->op == RNI_RUN_OUTER) {
            floats = kernels->outer_scratch(i->integers[0], i->cols, i->rows);
        }
        most = floats > most ? floats : most;
    }
    return most;
}

static void cut_parameters(const rni_binding *b, const rni_profile *profile,
                           cutter *c)
{
    const rnnc_plan *plan = b->plan;
    for (int32_t k = 0; k < plan->n_buffers; k++) {
        const rni_buffer *buffer = plan->buffers + k;
        if (buffer->extent == RNI_EXTENT_PARAMETER && profile->touched[k])
            b->base[k] = cut(c, buffer->rows * buffer->cols);
    }
}

static void cut_prepared(const rni_binding *b, cutter *c)
{
    const rnnc_plan *plan = b->plan;
    float *start = NULL;
    for (int32_t k = 0; k < plan->n_classes; k++)
        if (plan->classes[k].extent == RNI_EXTENT_PREPARED)
            start = cut(c, plan->classes[k].cols);
    for (int32_t k = 0; start != NULL && k < plan->n_buffers; k++)
        if (plan->buffers[k].extent == RNI_EXTENT_PREPARED)
            b->base[k] = start + plan->buffers[k].offset;
}

// Panels of a parameter that is stored in fewer bits are words. A row of it
// has one scale, so with int8 it must be the weights of one column.
static uint8_t number_of(const rni_binding *b, const rnnc_weights *weights,
                         const rni_plan_source *source)
{
    static const uint8_t numbers[] = {
        [RNNC_STORE_FLOAT32] = RNI_NUMBER_FLOAT32,
        [RNNC_STORE_BF16] = RNI_NUMBER_BF16,
        [RNNC_STORE_INT8] = RNI_NUMBER_INT8,
    };
    const rni_buffer *buffer = b->plan->buffers + source->w.buffer;
    if (buffer->extent != RNI_EXTENT_PARAMETER)
        return RNI_NUMBER_FLOAT32;
    uint8_t number = numbers[weights->storages[buffer->index]];
    return number == RNI_NUMBER_INT8 && !source->transposed ? RNI_NUMBER_FLOAT32
                                                            : number;
}

static void choose_numbers(rni_binding *b, const rnnc_weights *weights)
{
    const rnnc_plan *plan = b->plan;
    b->stored = weights->stored;
    for (int32_t p = 0; p < plan->n_packs; p++) {
        const rni_plan_pack *pack = plan->packs + p;
        const rni_plan_product *product = plan->products + pack->product;
        int32_t n = product->n_terms * product->n_results;
        for (int32_t k = 0; pack->prepared && k < n; k++)
            b->numbers[pack->first_source + k] =
                number_of(b, weights, plan->sources + pack->first_source + k);
    }
}

static int64_t packed_cols(const rni_binding *b, int64_t cols)
{
    int64_t panel = b->kernels->panel;
    return (cols + panel - 1) / panel * panel;
}

static const uint8_t *numbers_of(const rni_binding *b,
                                 const rni_plan_pack *pack, int32_t result)
{
    return b->numbers + pack->first_source +
           result * b->plan->products[pack->product].n_terms;
}

// No more than twice what float32 takes, whose sizes fit.
static int64_t pack_floats(const rni_binding *b, const rni_plan_pack *pack)
{
    const rnnc_plan *plan = b->plan;
    const rni_plan_product *p = plan->products + pack->product;
    int64_t floats = 0;
    for (int32_t r = 0; r < p->n_results; r++)
        floats += rni_product_panel_rows(plan, p, numbers_of(b, pack, r)) *
                  packed_cols(b, plan->results[p->first_result + r].cols);
    return floats;
}

static void cut_all(rni_binding *b, const rni_profile *profile, cutter *c)
{
    const rnnc_plan *plan = b->plan;
    if (copies_parameters(plan))
        cut_parameters(b, profile, c);
    cut_prepared(b, c);
    for (int32_t p = 0; p < plan->n_packs; p++)
        if (plan->packs[p].prepared)
            b->packed[p] = cut(c, pack_floats(b, plan->packs + p));
    if (plan->prepare < 0)
        return;
    b->matmul = cut(c, plan->blas ? 0 : profile->matmul_floats);
    b->scratch = cut(c, prepare_scratch(plan, profile, b->kernels));
}

static bool make_room(rni_binding *b, const rni_profile *profile)
{
    cutter c = {NULL, 0, true};
    cut_all(b, profile, &c);
    if (!c.good)
        return false;
    b->bytes = c.used * sizeof(float);
    b->floats = rni_memory_allocate(b->memory, b->bytes);
    if (b->floats == NULL)
        return false;
    c = (cutter){b->floats, 0, true};
    cut_all(b, profile, &c);
    return true;
}

static void free_binding(rni_binding *b)
{
    const rni_memory *memory = b->memory;
    rni_memory_release(memory, b->floats);
    rni_memory_release(memory, b->base);
    rni_memory_release(memory, b->packed);
    rni_memory_release(memory, b->numbers);
    rni_memory_release(memory, b);
}

static rni_binding *make(const rni_binding_user *user)
{
    const rnnc_plan *plan = user->plan;
    const rni_memory *memory = &user->weights->graph->context->memory;
    rni_binding *b = rni_memory_zeroed(memory, 1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->references = 1;
    b->plan = plan;
    b->kernels = user->kernels;
    b->memory = memory;
    b->base =
        rni_memory_zeroed(memory, (size_t)plan->n_buffers, sizeof *b->base);
    b->packed =
        rni_memory_zeroed(memory, (size_t)plan->n_packs, sizeof *b->packed);
    b->numbers = rni_memory_zeroed(memory, (size_t)plan->n_sources, 1);
    if (b->base == NULL || b->packed == NULL || b->numbers == NULL) {
        free_binding(b);
        return NULL;
    }
    choose_numbers(b, user->weights);
    if (!make_room(b, user->profile)) {
        free_binding(b);
        return NULL;
    }
    return b;
}

// ---- Values ----------------------------------------------------------------

// Parameters where they are: copies, or the weights' own memory.
static void place_sources(rni_binding *b, const rnnc_weights *weights,
                          const rni_profile *profile)
{
    const rnnc_plan *plan = b->plan;
    for (int32_t k = 0; k < plan->n_buffers; k++) {
        const rni_buffer *buffer = plan->buffers + k;
        if (buffer->extent == RNI_EXTENT_CONSTANT) {
            b->base[k] = plan->constants + buffer->index;
            continue;
        }
        if (buffer->extent != RNI_EXTENT_PARAMETER)
            continue;
        float *values = rni_weights_values(weights, buffer->index);
        if (copies_parameters(plan) && profile->touched[k])
            memcpy(b->base[k], values,
                   (size_t)(buffer->rows * buffer->cols) * sizeof(float));
        else
            b->base[k] = values;
    }
}

static void run_prepare(const rni_binding *b, const rni_profile *profile,
                        const rni_workspace *space)
{
    const rnnc_plan *plan = b->plan;
    if (plan->prepare < 0)
        return;
    rni_workspace own = *space;
    rni_outer_run rows; // static rows are one run
    own.scratch = b->scratch;
    own.runs = &rows;
    rni_executor e = {.plan = plan,
                      .profile = profile,
                      .kernels = b->kernels,
                      .base = b->base,
                      .packed = b->packed,
                      .matmul = b->matmul,
                      .spaces = &own};
    rni_executor_section(&e, plan->prepare);
}

enum { SCALES = 64 }; // a multiple of every panel

// Columns from `first` on of a source in int8: its scales are those of whole
// rows of the parameter, whatever part of them it takes.
static void pack_scaled(const rni_binding *b, const rni_plan_source *source,
                        int64_t first, rni_pack_call call)
{
    float scales[SCALES];
    int64_t cols = call.cols, width = call.stride;
    const float *row =
        b->base[source->w.buffer] + (source->w.row + first) * width;
    call.scales = scales;
    for (int64_t done = 0; done < cols; done += SCALES) {
        call.cols = cols - done < SCALES ? cols - done : SCALES;
        for (int64_t n = 0; n < call.cols; n++, row += width)
            scales[n] = rni_storage_scale(row, width);
        b->kernels->pack(&call);
        call.w += call.cols * width;
        call.packed += call.cols * call.total;
    }
}

// Members share the panels of each source.
static void pack_source(const rni_binding *b, const rni_plan_source *source,
                        const rni_pack_call *whole, int32_t member,
                        int32_t size)
{
    const rni_buffer *buffer = b->plan->buffers + source->w.buffer;
    const float *w = b->base[source->w.buffer] + source->w.row * buffer->cols +
                     source->w.col;
    rni_share own = rni_share_of(whole->cols, b->kernels->panel, member, size);
    if (own.first == own.last)
        return;
    rni_pack_call call = *whole;
    call.stride = buffer->cols;
    call.transposed = source->transposed;
    call.w = w + (source->transposed ? own.first * call.stride : own.first);
    call.cols = own.last - own.first;
    call.packed += own.first * whole->total;
    if (call.number == RNI_NUMBER_INT8)
        pack_scaled(b, source, own.first, call);
    else
        b->kernels->pack(&call);
}

static void pack_one(const rni_binding *b, int32_t index, int32_t member,
                     int32_t size)
{
    const rnnc_plan *plan = b->plan;
    const rni_plan_pack *pack = plan->packs + index;
    const rni_plan_product *p = plan->products + pack->product;
    const rni_plan_source *source = plan->sources + pack->first_source;
    rni_pack_call call = {.packed = b->packed[index]};
    for (int32_t r = 0; r < p->n_results; r++) {
        const uint8_t *numbers = numbers_of(b, pack, r);
        call.cols = plan->results[p->first_result + r].cols;
        call.first = 0;
        call.total = rni_product_panel_rows(plan, p, numbers);
        for (int32_t k = 0; k < p->n_terms; k++, source++) {
            call.depth = plan->terms[p->first_term + k].depth;
            call.number = numbers[k];
            pack_source(b, source, &call, member, size);
            call.first += rni_panel_rows(numbers[k], call.depth);
        }
        call.packed += call.total * packed_cols(b, call.cols);
    }
}

static void pack_all(void *work, int32_t member, int32_t size)
{
    const rni_binding *b = work;
    for (int32_t p = 0; p < b->plan->n_packs; p++)
        if (b->plan->packs[p].prepared)
            pack_one(b, p, member, size);
}

static const size_t team_bytes = 1 << 20; // less is not worth a team

static void fill(rni_binding *b, const rni_binding_user *user)
{
    b->version = atomic_load(&user->weights->version);
    place_sources(b, user->weights, user->profile);
    run_prepare(b, user->profile, user->space);
    if (user->team != NULL && b->bytes >= team_bytes)
        rni_team_run(user->team, pack_all, b);
    else
        pack_all(b, 0, 1);
}

// ---- Sharing ---------------------------------------------------------------

static void unlink_binding(rni_binding *binding, rnnc_weights *weights)
{
    rni_binding **link = &weights->bindings;
    while (*link != binding)
        link = &(*link)->next;
    *link = binding->next;
}

static void drop_locked(rni_binding *binding, rnnc_weights *weights)
{
    if (binding == NULL || --binding->references > 0)
        return;
    unlink_binding(binding, weights);
    free_binding(binding);
}

void rni_binding_drop(rni_binding *binding, rnnc_weights *weights)
{
    if (binding == NULL)
        return;
    pthread_mutex_lock(&weights->lock);
    drop_locked(binding, weights);
    pthread_mutex_unlock(&weights->lock);
}

static rni_binding *find(const rni_binding_user *user)
{
    unsigned long long version = atomic_load(&user->weights->version);
    for (rni_binding *b = user->weights->bindings; b != NULL; b = b->next)
        if (b->plan == user->plan && b->kernels == user->kernels &&
            b->version == version)
            return b;
    return NULL;
}

static rni_binding *acquire_locked(const rni_binding_user *user,
                                   rni_binding *old)
{
    rni_binding *b = find(user);
    if (b != NULL && b == old)
        return b;
    if (b == NULL && old != NULL && old->references == 1 &&
        old->stored == user->weights->stored) {
        fill(old, user);
        return old;
    }
    if (b != NULL) {
        b->references++;
    } else {
        b = make(user);
        if (b == NULL)
            return NULL;
        fill(b, user);
        b->next = user->weights->bindings;
        user->weights->bindings = b;
    }
    drop_locked(old, user->weights);
    return b;
}

rni_binding *rni_binding_acquire(const rni_binding_user *user, rni_binding *old)
{
    pthread_mutex_lock(&user->weights->lock);
    rni_binding *b = acquire_locked(user, old);
    pthread_mutex_unlock(&user->weights->lock);
    return b;
}
