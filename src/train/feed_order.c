// SPDX-License-Identifier: MIT
// The order of an epoch: a function of the seed and the epoch's number.
#include "base/random.h"
#include "base/sort.h"
#include "rnnc/trainer.h"
#include "train/feed.h"
#include "train/feed_order.h"

// Batches whose examples are sorted by their steps together: more make batches
// more even, fewer keep more chance.
enum { POOL = 16 };

static void shuffle(rni_random *random, uint32_t *items, int64_t count)
{
    for (int64_t i = count - 1; i > 0; i--) {
        uint64_t draw = rni_random_word(random);
        int64_t j = (int64_t)(draw * ((uint64_t)i + 1) >> 32);
        uint32_t kept = items[i];
        items[i] = items[j];
        items[j] = kept;
    }
}

// By steps; those of equal length stay in the order of chance.
static int32_t by_steps(const void *user, uint32_t a, uint32_t b)
{
    const rni_feed *feed = user;
    if (feed->steps[a] != feed->steps[b])
        return feed->steps[a] < feed->steps[b] ? -1 : 1;
    return feed->places[a] < feed->places[b] ? -1 : 1;
}

static void sort_pools(rni_feed *feed)
{
    int64_t count = feed->data->count, pool = POOL * feed->batch;
    for (int64_t i = 0; i < count; i++)
        feed->places[feed->items[i]] = (uint32_t)i;
    for (int64_t first = 0; first < count; first += pool)
        rni_sort(feed->items + first,
                 (uint32_t)(count - first < pool ? count - first : pool),
                 by_steps, feed);
}

void rni_feed_arrange(rni_feed *feed, int64_t epoch)
{
    int64_t count = feed->data->count;
    if (feed->epoch == epoch)
        return;
    rni_random random = {.key = rni_random_mix(feed->key, (uint64_t)epoch)};
    for (int64_t i = 0; i < count; i++)
        feed->items[i] = (uint32_t)i;
    for (int64_t b = 0; b < feed->batches; b++)
        feed->turns[b] = (uint32_t)b;
    if (feed->order != RNNC_ORDER_GIVEN)
        shuffle(&random, feed->items, count);
    if (feed->order == RNNC_ORDER_SIMILAR) {
        sort_pools(feed);
        shuffle(&random, feed->turns, feed->batches);
    }
    feed->epoch = epoch;
}
