// SPDX-License-Identifier: MIT
// An optimizer: a table of tape instructions, the scalars they take, and the
// moving averages they keep.
#ifndef RNI_OPTIMIZER_H
#define RNI_OPTIMIZER_H

#include "kernel/kernel.h"
#include "rnnc/optimizer.h"
#include "weights/weights.h"

enum { RNI_OPTIMIZERS = 3, RNI_OPTIONS = 10, RNI_AVERAGES = 3 };

// Slots of the tape: the parameter, its gradient, the averages, a temporary,
// and scalars that are the same for all elements.
enum {
    RNI_SLOT_P,
    RNI_SLOT_G,
    RNI_SLOT_AVERAGE,
    RNI_SLOT_T = RNI_SLOT_AVERAGE + RNI_AVERAGES,
    RNI_SLOT_SCALAR,
    RNI_UPDATE_SCALARS = 7,
    RNI_UPDATE_SLOTS = RNI_SLOT_SCALAR + RNI_UPDATE_SCALARS,
    RNI_UPDATE_CODE = 16 // instructions at most
};

// What an instruction or an average is needed for.
enum {
    RNI_WHEN_DECAY = 1 << 0,
    RNI_WHEN_MOMENTUM = 1 << 1,
    RNI_WHEN_NO_MOMENTUM = 1 << 2,
    RNI_WHEN_NESTEROV = 1 << 3,
    RNI_WHEN_PLAIN = 1 << 4, // momentum without nesterov
    RNI_WHEN_CENTERED = 1 << 5,
    RNI_WHEN_NOT_CENTERED = 1 << 6,
    RNI_WHEN_NEVER = 1 << 7
};

typedef struct rni_update_code {
    int32_t op, to, a, b, c; // as in rni_tape_code
    uint32_t when;           // all of these must hold
} rni_update_code;

typedef struct rni_update_row {
    const char *name;
    double defaults[RNI_OPTIONS];
    uint32_t options;                // bit o: option o is one of its own
    uint32_t averages[RNI_AVERAGES]; // when each is needed
    const rni_update_code *code;
    int32_t n_code;
    // The scalars of a parameter that has made `steps` steps before this one.
    void (*scalars)(const double options[RNI_OPTIONS], int64_t steps,
                    float scalars[RNI_UPDATE_SCALARS]);
} rni_update_row;

extern const rni_update_row rni_update_table[RNI_OPTIMIZERS];

struct rnnc_optimizer {
    rnnc_weights *weights; // held
    rni_error error;
    bool whole; // create came to its end
    const rni_kernels *kernels;
    const rni_update_row *row;
    double options[RNI_OPTIONS];
    int64_t *steps;                // [n_parameters]
    float *averages[RNI_AVERAGES]; // laid out as the weights; NULL: unused
    rni_tape_code code[RNI_UPDATE_CODE];
    int32_t n_code;
    float *scratch; // a tape's for each member of the team
};

// Correctly rounded or one unit beside it; no libm. x is not negative; a NaN
// and an infinity give themselves.
double rni_square_root(double x);

#endif
