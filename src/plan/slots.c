// SPDX-License-Identifier: MIT
// Slots by size, those of a size as heaps by when they are free again.
#include "plan/slots.h"

#include "base/sort.h"

typedef struct rni_slot_heap heap;

// ---- Heaps of one size ------------------------------------------------------

static void put(const heap *h, int32_t base, int32_t at, int32_t slot)
{
    h->slots[base + at] = slot;
    h->place[slot] = at;
}

static int64_t end_at(const heap *h, int32_t base, int32_t at)
{
    return h->ends[h->slots[base + at]];
}

// Slots only ever end later: they sink.
static void sink(const heap *h, int32_t base, int32_t n, int32_t slot)
{
    int32_t at = h->place[slot];
    for (int32_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n &&
            end_at(h, base, child + 1) < end_at(h, base, child))
            child++;
        if (end_at(h, base, child) >= h->ends[slot])
            break;
        put(h, base, at, h->slots[base + child]);
        at = child;
    }
    put(h, base, at, slot);
}

static void rise(const heap *h, int32_t base, int32_t n, int32_t slot)
{
    int32_t at = n - 1;
    while (at > 0 && end_at(h, base, (at - 1) / 2) > h->ends[slot]) {
        put(h, base, at, h->slots[base + (at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(h, base, at, slot);
}

// ---- Sizes ------------------------------------------------------------------

static int32_t find_size(const rni_slots *s, int64_t size)
{
    int32_t low = 0, high = s->n_sizes - 1;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (s->sizes[middle] < size)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void note_end(rni_slots *s, int32_t size)
{
    int32_t at = s->leaves + size;
    s->tree[at] = end_at(&s->whole, s->first[size], 0);
    for (at /= 2; at > 0; at /= 2)
        s->tree[at] = s->tree[2 * at] < s->tree[2 * at + 1]
                          ? s->tree[2 * at]
                          : s->tree[2 * at + 1];
}

// The smallest size from `size` on with a slot that ends before `start`, or -1.
static int32_t find_free(const rni_slots *s, int32_t size, int64_t start)
{
    int32_t at = s->leaves + size;
    while (s->tree[at] >= start) {
        while (at % 2 == 1)
            at /= 2; // up, until there is something to the right
        if (at == 0)
            return -1;
        at++;
    }
    while (at < s->leaves)
        at = s->tree[2 * at] < start ? 2 * at : 2 * at + 1;
    return at - s->leaves;
}

// ---- Slots ------------------------------------------------------------------

static int32_t make_slot(rni_slots *s, int32_t size)
{
    int32_t slot = s->n_slots++, n = ++s->count[size];
    s->offset[slot] = s->total;
    s->size[slot] = size;
    s->total += s->sizes[size];
    s->whole.ends[slot] = s->exact.ends[slot] = s->others[slot] = -1;
    rise(&s->whole, s->first[size], n, slot);
    rise(&s->exact, s->first[size], n, slot);
    return slot;
}

static int32_t top(const rni_slots *s, const heap *h, int32_t size)
{
    return h->slots[s->first[size]];
}

static int64_t occupy(rni_slots *s, int32_t slot, const rni_life *life,
                      bool alike)
{
    int32_t size = s->size[slot];
    if (life->end > s->whole.ends[slot])
        s->whole.ends[slot] = life->end;
    if (alike && life->exact_end > s->exact.ends[slot])
        s->exact.ends[slot] = life->exact_end;
    if (!alike && life->end > s->others[slot])
        s->others[slot] = life->end;
    sink(&s->whole, s->first[size], s->count[size], slot);
    sink(&s->exact, s->first[size], s->count[size], slot);
    note_end(s, size);
    return s->offset[slot];
}

int64_t rni_slots_take(rni_slots *s, int64_t size, const rni_life *life,
                       rni_slot_wish wish)
{
    int32_t own = find_size(s, size);
    if (s->sizes[own] == size && s->count[own] > 0) {
        int32_t slot = top(s, &s->exact, own);
        if (s->exact.ends[slot] < life->exact_start &&
            s->others[slot] < life->start)
            return occupy(s, slot, life, true);
    }
    if (wish == RNI_SLOT_THERE)
        return -1;
    int32_t found = wish == RNI_SLOT_ANY ? find_free(s, own, life->start) : -1;
    if (found < 0)
        return occupy(s, make_slot(s, own), life, true);
    // Rows of another size lie elsewhere.
    return occupy(s, top(s, &s->whole, found), life, found == own);
}

// ---- Beginning and end ------------------------------------------------------

static int32_t by_size(const void *user, uint32_t a, uint32_t b)
{
    const int64_t *sizes = user;
    return sizes[a] < sizes[b] ? -1 : sizes[a] > sizes[b];
}

static bool make_heap(rni_slots *s, heap *h, int32_t n)
{
    h->ends = rni_arena_zeroed(&s->arena, (size_t)n, sizeof *h->ends);
    h->slots = rni_arena_zeroed(&s->arena, (size_t)n, sizeof *h->slots);
    h->place = rni_arena_zeroed(&s->arena, (size_t)n, sizeof *h->place);
    return h->ends && h->slots && h->place;
}

// Each size once; where its slots begin.
static bool list_sizes(rni_slots *s, const int64_t *sizes, int32_t n)
{
    uint32_t *order = rni_arena_zeroed(&s->arena, (size_t)n, sizeof *order);
    if (!order)
        return false;
    for (int32_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    rni_sort(order, (uint32_t)n, by_size, sizes);
    for (int32_t i = 0; i < n; i++) {
        if (i > 0 && sizes[order[i]] == s->sizes[s->n_sizes - 1])
            continue;
        s->first[s->n_sizes] = i;
        s->sizes[s->n_sizes++] = sizes[order[i]];
    }
    for (s->leaves = 1; s->leaves < s->n_sizes; s->leaves *= 2)
        continue;
    return true;
}

bool rni_slots_init(rni_slots *s, const rni_memory *memory,
                    const int64_t *sizes, int32_t n)
{
    *s = (rni_slots){0};
    rni_arena_init(&s->arena, memory);
    size_t count = (size_t)n;
    s->sizes = rni_arena_zeroed(&s->arena, count, sizeof *s->sizes);
    s->first = rni_arena_zeroed(&s->arena, count, sizeof *s->first);
    s->count = rni_arena_zeroed(&s->arena, count, sizeof *s->count);
    s->offset = rni_arena_zeroed(&s->arena, count, sizeof *s->offset);
    s->size = rni_arena_zeroed(&s->arena, count, sizeof *s->size);
    s->others = rni_arena_zeroed(&s->arena, count, sizeof *s->others);
    if (!s->sizes || !s->first || !s->count || !s->offset || !s->size ||
        !s->others || !make_heap(s, &s->whole, n) ||
        !make_heap(s, &s->exact, n) || !list_sizes(s, sizes, n))
        return false;
    s->tree =
        rni_arena_zeroed(&s->arena, 2 * (size_t)s->leaves, sizeof *s->tree);
    for (int32_t i = 0; s->tree && i < 2 * s->leaves; i++)
        s->tree[i] = INT64_MAX;
    return s->tree != NULL;
}

void rni_slots_fini(rni_slots *s)
{
    rni_arena_fini(&s->arena);
}
