// SPDX-License-Identifier: MIT
// Parts of a gradient that do not overlap go into one value, with zeros around
// them: each part, in order, into the first one where there is room for it. A
// part that had no room in many is given one of its own.
#include "base/sort.h"
#include "graph/gradient.h"

enum { ROUNDS_MOST = 64 };

// Parts along the one direction in which they differ.
typedef struct rounds {
    int32_t n;
    int64_t *start, *end; // [n]
    int32_t *next;        // part -> the next one of the same place, -1: none
    uint32_t *order;      // room for n parts
    uint32_t *heads;      // the first parts of each place that wait
    uint32_t n_heads;
    int32_t *rank;     // part -> of its start among all starts, from 1 on
    int32_t *count;    // Fenwick tree over starts: how many are taken
    int64_t *furthest; // the same: the furthest end of those before
    int32_t *round;    // part -> result
} rounds;

// ---- What is taken ----------------------------------------------------------

static void set(rounds *r, int32_t part, bool taken)
{
    for (int32_t i = r->rank[part]; i <= r->n; i += i & -i) {
        r->count[i] += taken ? 1 : -1;
        if (!taken)
            r->furthest[i] = 0;
        else if (r->end[part] > r->furthest[i])
            r->furthest[i] = r->end[part];
    }
}

// How many taken parts start at ranks up to `rank`.
static int32_t taken_to(const rounds *r, int32_t rank)
{
    int32_t count = 0;
    for (int32_t i = rank; i > 0; i -= i & -i)
        count += r->count[i];
    return count;
}

// The rank of the last start before `end`.
static int32_t rank_before(const rounds *r, int64_t end)
{
    int32_t low = 0, high = r->n;
    while (low < high) {
        int32_t middle = low + (high - low + 1) / 2;
        if (r->start[r->order[middle - 1]] < end)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static bool is_clear(const rounds *r, int32_t part)
{
    for (int32_t i = r->rank[part]; i > 0; i -= i & -i)
        if (r->furthest[i] > r->start[part])
            return false;
    return taken_to(r, rank_before(r, r->end[part])) ==
           taken_to(r, r->rank[part]);
}

// ---- Rounds -----------------------------------------------------------------

static int32_t by_place(const void *user, uint32_t a, uint32_t b)
{
    const rounds *r = user;
    if (r->start[a] != r->start[b])
        return r->start[a] < r->start[b] ? -1 : 1;
    if (r->end[a] != r->end[b])
        return r->end[a] < r->end[b] ? -1 : 1;
    return a < b ? -1 : a > b;
}

static int32_t by_number(const void *user, uint32_t a, uint32_t b)
{
    (void)user;
    return a < b ? -1 : a > b;
}

// Sorts by start; equal places become lists, equal starts have one rank, that
// of the last of them.
static void find_places(rounds *r)
{
    for (int32_t i = 0; i < r->n; i++)
        r->order[i] = (uint32_t)i;
    rni_sort(r->order, (uint32_t)r->n, by_place, r);
    for (int32_t i = r->n - 1, rank = r->n; i >= 0; i--) {
        uint32_t part = r->order[i];
        bool last = i == r->n - 1;
        uint32_t behind = last ? 0 : r->order[i + 1];
        if (!last && r->start[behind] != r->start[part])
            rank = i + 1;
        r->rank[part] = rank;
        bool same = !last && r->start[behind] == r->start[part] &&
                    r->end[behind] == r->end[part];
        r->next[part] = same ? (int32_t)behind : -1;
    }
    for (int32_t i = 0; i < r->n; i++) {
        bool same = i > 0 && r->next[r->order[i - 1]] == (int32_t)r->order[i];
        if (!same)
            r->heads[r->n_heads++] = r->order[i];
    }
}

// The first parts of all places, in order, as far as they are clear; the next
// ones of their places take their turn.
static void run_round(rounds *r, int32_t round, uint32_t *taken)
{
    uint32_t n = 0, kept = 0;
    rni_sort(r->heads, r->n_heads, by_number, NULL);
    for (uint32_t i = 0; i < r->n_heads; i++) {
        int32_t part = (int32_t)r->heads[i];
        if (is_clear(r, part)) {
            set(r, part, true);
            r->round[part] = round;
            taken[n++] = (uint32_t)part;
            part = r->next[part];
        }
        if (part >= 0)
            r->heads[kept++] = (uint32_t)part;
    }
    r->n_heads = kept;
    for (uint32_t i = 0; i < n; i++)
        set(r, (int32_t)taken[i], false);
}

static int32_t run_rounds(rounds *r, uint32_t *taken)
{
    int32_t n = 0;
    for (int32_t i = 0; i < r->n; i++)
        r->round[i] = -1;
    find_places(r);
    while (r->n_heads > 0 && n < ROUNDS_MOST)
        run_round(r, n++, taken);
    for (int32_t i = 0; i < r->n; i++)
        if (r->round[i] < 0)
            r->round[i] = n++;
    return n;
}

// ---- Parts ------------------------------------------------------------------

// Lays the parts along their rows or their columns; false where they differ in
// both, or an error stands.
static bool lay_out(rounds *r, const rni_part *parts)
{
    bool rows = false, cols = false;
    for (int32_t i = 0; i < r->n; i++) {
        rows |= parts[i].row != parts[0].row || parts[i].rows != parts[0].rows;
        cols |= parts[i].col != parts[0].col || parts[i].cols != parts[0].cols;
        r->start[i] = parts[i].row;
        r->end[i] = parts[i].row + parts[i].rows;
    }
    for (int32_t i = 0; !rows && i < r->n; i++) {
        r->start[i] = parts[i].col;
        r->end[i] = parts[i].col + parts[i].cols;
    }
    return !(rows && cols);
}

static bool overlap(const rni_part *a, const rni_part *b)
{
    return a->row < b->row + b->rows && b->row < a->row + a->rows &&
           a->col < b->col + b->cols && b->col < a->col + a->cols;
}

// Rectangles: every part is compared with those that were taken.
static int32_t run_rectangles(rounds *r, const rni_part *parts)
{
    int32_t n = 0, left = r->n;
    for (int32_t i = 0; i < r->n; i++)
        r->round[i] = -1;
    for (; left > 0 && n < ROUNDS_MOST; n++)
        for (int32_t i = 0; i < r->n; i++) {
            bool clear = r->round[i] < 0;
            for (int32_t k = 0; clear && k < i; k++)
                clear = r->round[k] != n || !overlap(parts + k, parts + i);
            if (!clear)
                continue;
            r->round[i] = n;
            left--;
        }
    for (int32_t i = 0; i < r->n; i++)
        if (r->round[i] < 0)
            r->round[i] = n++;
    return n;
}

enum { RECTANGLES_MOST = 1024 };

static int32_t find_rounds(rounds *r, const rni_part *parts, uint32_t *taken)
{
    if (lay_out(r, parts))
        return run_rounds(r, taken);
    if (r->n <= RECTANGLES_MOST)
        return run_rectangles(r, parts);
    for (int32_t i = 0; i < r->n; i++)
        r->round[i] = i;
    return r->n;
}

int32_t rni_gradient_rounds(const rni_memory *m, const rni_part *parts,
                            int32_t n_parts, int32_t *round)
{
    size_t n = (size_t)n_parts;
    rounds r = {.n = n_parts, .round = round};
    r.start = rni_memory_zeroed(m, n, sizeof *r.start);
    r.end = rni_memory_zeroed(m, n, sizeof *r.end);
    r.next = rni_memory_zeroed(m, n, sizeof *r.next);
    r.order = rni_memory_zeroed(m, n, sizeof *r.order);
    r.heads = rni_memory_zeroed(m, n, sizeof *r.heads);
    r.rank = rni_memory_zeroed(m, n, sizeof *r.rank);
    r.count = rni_memory_zeroed(m, n + 1, sizeof *r.count);
    r.furthest = rni_memory_zeroed(m, n + 1, sizeof *r.furthest);
    uint32_t *taken = rni_memory_zeroed(m, n, sizeof *taken);
    bool good = r.start && r.end && r.next && r.order && r.heads && r.rank &&
                r.count && r.furthest && taken;
    int32_t found = good ? find_rounds(&r, parts, taken) : -1;
    void *const tables[] = {r.start, r.end,   r.next,     r.order, r.heads,
                            r.rank,  r.count, r.furthest, taken};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        rni_memory_release(m, tables[i]);
    return found;
}
