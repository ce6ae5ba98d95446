// SPDX-License-Identifier: MIT
// What others of this folder need of an average.
#ifndef RNI_AVERAGE_H
#define RNI_AVERAGE_H

#include "rnnc/average.h"

rnnc_average *rni_average_hold(rnnc_average *average); // NULL is allowed

// The weights that are averaged; NULL: it could not be made.
const rnnc_weights *rni_average_of(const rnnc_average *average);

#endif
