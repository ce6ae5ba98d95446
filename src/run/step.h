// SPDX-License-Identifier: MIT
// One step of a stream as a flat list of calls, with every pointer known: what
// the executor would do for one step of one block, and nothing else.
#ifndef RNI_STEP_H
#define RNI_STEP_H

#include "run/executor.h"

typedef enum rni_step_kind {
    RNI_STEP_TAPE,
    RNI_STEP_PRODUCT,
    RNI_STEP_COPY,
    RNI_STEP_FLAT,  // an instruction of a flat section
    RNI_STEP_ROWS,  // an instruction over the step's rows
    RNI_STEP_BEGIN, // a sum begins, or weights are packed
    RNI_STEP_END    // a sum ends
} rni_step_kind;

typedef struct rni_step_copy {
    const float *from; // NULL: zeros
    float *to;
    int64_t rows, cols, from_stride, to_stride;
} rni_step_copy;

typedef struct rni_step_call {
    int32_t kind;
    int32_t axis; // of ROWS
    union {
        rni_tape_call tape;
        rni_product_call product;
        rni_step_copy copy;
        const rni_instruction *instruction;
    } as;
} rni_step_call;

typedef struct rni_step {
    const rni_memory *memory;
    const rni_executor *e;
    int32_t n_calls;
    rni_step_call *calls;
    rni_tape_port *ports; // as the plan's lists
    rni_product_term *terms;
    rni_product_result *results;
} rni_step;

bool rni_step_init(rni_step *step, const rni_executor *e, int32_t more_copies,
                   const rni_memory *memory);
void rni_step_fini(rni_step *step);

// Writes the list anew for the executor's present pointers. The carries of
// states that are kept lie where they are kept. Allocates nothing.
void rni_step_bind(rni_step *step);
// A copy after all else.
void rni_step_add_copy(rni_step *step, rni_step_copy copy);
void rni_step_run(const rni_step *step);

#endif
