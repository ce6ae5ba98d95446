// SPDX-License-Identifier: MIT
// What is known of a plan before any batch: how much room its calls need, what
// its sections cost, and how their work may be split.
#ifndef RNI_PROFILE_H
#define RNI_PROFILE_H

#include "kernel/kernel.h"
#include "plan/plan.h"

// Costs are in multiply-adds of a packed product (about 8 a cycle and lane
// group; an element of a tape instruction costs about as much as 8 of them).
typedef struct rni_section_profile {
    double cost;         // of one row
    double weights;      // floats of packed weights that one step reads
    bool rank_safe;      // members that own ranks never touch each other's rows
    uint8_t states_meet; // before states move on, as in `meets` below
    int32_t meets, meets_folded; // how many in a step
} rni_section_profile;

// Whether members meet where products are shared by their folds, or as a whole.
enum { RNI_MEET_FOLDED = 1, RNI_MEET_WHOLE = 2 };

typedef struct rni_profile {
    const rni_memory *memory;
    rni_section_profile *sections; // [n_sections]
    int32_t *classes;              // [n_buffers] index of class, or -1
    int64_t *grains;               // [n_classes] rows are a multiple of it
    uint8_t *touched;              // [n_buffers] 0: no instruction needs it
    int64_t *pack_floats;          // [n_packs]
    int64_t *folds;                // [n_products] columns after which those of
                                   // the same units come again; 0: never
    uint8_t *meets; // [n_instructions] members that own columns of a step meet
                    // before it: see columns.c
    int64_t matmul_floats; // packed weights of the largest
    int32_t most_loads, most_stores, most_terms, most_results, most_slots;
    bool outer; // some OUTER goes over an axis
} rni_profile;

// False where memory runs out, or a size does not fit.
bool rni_profile_init(rni_profile *profile, const rnnc_plan *plan,
                      const rni_kernels *kernels, const rni_memory *memory);
void rni_profile_fini(rni_profile *profile);

// Cost of one row of an instruction.
double rni_profile_cost(const rnnc_plan *plan, const rni_instruction *i);

// columns.c: what members that own columns do in a section; folds and meets.
void rni_columns_find(rni_profile *profile, const rnnc_plan *plan,
                      int32_t section);

int64_t rni_product_depth(const rnnc_plan *plan, const rni_plan_product *p);

// depth * cols rounded up to panels; false where it does not fit.
bool rni_packed_floats(const rni_kernels *kernels, int64_t depth, int64_t cols,
                       int64_t *floats);

#endif
