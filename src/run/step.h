// SPDX-License-Identifier: MIT
// One step of a stream as a flat list of calls, with every pointer known: what
// the executor would do for one step of one block, and nothing else. The list
// is written, calls are joined where that saves work, and what is left becomes
// a program for one thread and, if asked for, one for each member of a team.
#ifndef RNI_STEP_H
#define RNI_STEP_H

#include "run/executor.h"

typedef enum rni_step_kind {
    RNI_STEP_NOTHING, // joined to another
    RNI_STEP_TAPE,
    RNI_STEP_PRODUCT,
    RNI_STEP_COPY,
    RNI_STEP_FLAT,  // an instruction of a flat section
    RNI_STEP_ROWS,  // an instruction over the step's rows
    RNI_STEP_BEGIN, // a sum begins, or weights are packed
    RNI_STEP_END,   // a sum ends
    // Of programs alone:
    RNI_STEP_TAPE_LINKS,
    RNI_STEP_TILE_LINKS,
    RNI_STEP_FETCH, // the left sides of tiles that other members wrote
    RNI_STEP_MEET   // the members wait for each other
} rni_step_kind;

enum {
    RNI_STEP_CHAIN = 4,      // products that become one, at most
    RNI_STEP_MORE_STORES = 4 // copies that one tape takes over, at most
};

typedef struct rni_step_copy {
    const float *from; // NULL: zeros
    float *to;
    int64_t rows, cols, from_stride, to_stride;
} rni_step_copy;

typedef struct rni_step_links {
    union {
        const rni_tape_link *tape;
        const rni_tile_link *tile;
    } first;
    int64_t n;
} rni_step_links;

typedef struct rni_step_call {
    int32_t kind;
    int32_t axis;   // of ROWS
    int32_t before; // of PRODUCT: the call it continues, or -1
    int64_t fold;   // of PRODUCT: panels after which its columns are those of
                    // the same units again, as gates are; 0: it has no such
    double cost;    // in multiply-adds, as in the profile
    union {
        rni_tape_call tape;
        rni_product_call product;
        rni_step_copy copy;
        const rni_instruction *instruction;
        rni_step_links links;
    } as;
} rni_step_call;

// What a program needs, at most.
typedef struct rni_step_sizes {
    int64_t calls, ports, tape_links, tile_links, tile_terms, scratch;
} rni_step_sizes;

// What one thread does in a step. It alone touches it meanwhile.
typedef struct rni_step_program {
    _Alignas(RNI_ALIGNMENT) int32_t n_calls;
    bool backwards; // tiles are followed backwards in every other step
    rni_step_call *calls;
    rni_tape_port *ports;
    rni_tape_link *tape_links;
    rni_tile_link *tile_links;
    rni_tile_term *tile_terms;
    float *scratch;      // of tapes and products
    rni_step_sizes used; // of what it has
} rni_step_program;

typedef struct rni_step {
    const rni_memory *memory;
    const rni_executor *e;
    int64_t rows, room; // of the stream; of calls
    int32_t n_calls;
    rni_step_call *calls;
    rni_tape_port *ports; // as the plan's lists, then those that joining adds
    int32_t n_ports;
    rni_product_term *terms;
    rni_product_result *results;
    rni_step_program alone;

    int32_t size; // members that were asked for; 1: no team
    rni_team *team;
    rni_step_call *parts;      // where size > 1: the calls that they share
    bool *meets;               // [calls] members meet before the call
    int32_t n_parts;           // the others are left to the caller, at the end
    rni_step_program *members; // [size]
    rni_step_program rest;     // of the caller
    bool shared;               // it is worth it
    double cost;
    bool ran_alone;       // the team had no time
    int64_t last, roused; // nanoseconds: when members were found asleep, woken
} rni_step;

bool rni_step_init(rni_step *step, const rni_executor *e, int64_t rows,
                   int32_t more_copies, const rni_memory *memory);
void rni_step_fini(rni_step *step);

// So many members of a team are to share steps; 1: the caller alone. False and
// unchanged where memory runs out. The list is to be bound anew after it.
bool rni_step_share(rni_step *step, rni_team *team, int32_t size);

// Writes the list anew for the executor's present pointers. The carries of
// states that are kept lie where they are kept. Allocates nothing.
void rni_step_bind(rni_step *step);
// A copy after all else.
void rni_step_add_copy(rni_step *step, rni_step_copy copy);
// The list is whole: programs are made of it.
void rni_step_finish(rni_step *step);

void rni_step_run(rni_step *step);

// ---- Within the step -------------------------------------------------------

// The worker stands at the rows of the step.
void rni_step_stand(rni_worker *worker, const rni_axis *axis);

// What a member owns of a call: columns of a tape or a copy, panels of a
// product (of each fold); {0, 1} of what one member does alone, the first.
rni_share rni_step_own(const rni_step *step, const rni_step_call *call,
                       int32_t member, int32_t size);
// Panels of all results of a product, counted through.
int64_t rni_step_panels(const rni_step *step, const rni_product_call *call);
// Whether one of two calls, or parts of them, writes what the other reads or
// writes.
bool rni_step_conflict(const rni_step *step, const rni_step_call *a,
                       rni_share own_a, const rni_step_call *b,
                       rni_share own_b);
// The same of two different members of `size`.
bool rni_step_members_conflict(const rni_step *step, const rni_step_call *a,
                               const rni_step_call *b, int32_t size);

// Products that continue each other become one.
void rni_step_join_products(rni_step *step);
// Copies of what a tape stores become stores of it, in step->calls or parts.
// With a team, only where no member has to wait for another because of it.
void rni_step_join_copies(rni_step *step, rni_step_call *calls, int32_t size);
// The call and those it continues, first things first, into `chain`; how many.
int32_t rni_step_chain(const rni_step *step, const rni_step_call *call,
                       rni_product_call chain[RNI_STEP_CHAIN]);

// What members of a team own of the calls, where they meet, and whether it is
// worth it: parts, meets, n_parts, shared.
void rni_step_divide(rni_step *step);

bool rni_step_program_init(rni_step_program *program, const rni_step *step,
                           const rni_step_sizes *sizes);
void rni_step_program_fini(rni_step_program *program, const rni_step *step);
rni_step_sizes rni_step_measure(const rni_step *step);
// Of calls [first, last), what a member does, with meetings where there are
// several.
void rni_step_program_write(rni_step_program *program, const rni_step *step,
                            const rni_step_call *calls, rni_share range,
                            int32_t member, int32_t size);

#endif
