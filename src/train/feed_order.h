// SPDX-License-Identifier: MIT
// The order in which a feed goes through its examples.
#ifndef RNI_FEED_ORDER_H
#define RNI_FEED_ORDER_H

#include "train/feed.h"

// Puts items and turns in the order of an epoch.
void rni_feed_arrange(rni_feed *feed, int64_t epoch);

#endif
