// SPDX-License-Identifier: MIT
// The memory of a run: for each class of buffers, and for all else that a run
// touches, one piece that only grows. All that is missing is made first, so a
// failure changes nothing.
#ifndef RNI_LAYOUT_H
#define RNI_LAYOUT_H

#include "run/executor.h"

typedef struct rni_piece {
    void *data;
    size_t bytes, wanted;
    void *fresh;
    bool keep; // what is in it survives its growth
} rni_piece;

// What an axis must have room for.
typedef struct rni_limits {
    int64_t longest, total;
} rni_limits;

// The pieces behind those of the classes.
typedef enum rni_piece_name {
    RNI_PIECE_PACKED, // weights that the run packs itself
    RNI_PIECE_MATMUL,
    RNI_PIECE_SCRATCH, // floats of all members
    RNI_PIECE_RUNS,    // rows of OUTER of all members
    RNI_PIECE_BLOCKS,  // tables of blocks of all axes
    RNI_PIECE_KEPT,
    RNI_PIECE_CARRIED,
    RNI_PIECE_COUNT
} rni_piece_name;

typedef struct rni_layout {
    const rni_memory *memory;
    const rnnc_plan *plan;
    const rni_profile *profile;
    const rni_kernels *kernels;
    int32_t members;
    int32_t only_axis;     // -1, or: classes of this axis alone, the others
                           // lie in another layout
    rni_piece *pieces;     // classes, then rni_piece_name
    float **base;          // [n_buffers]
    float **packed;        // [n_packs]
    float **kept;          // [n_states]
    rni_axis *axes;        // [n_axes]
    rni_limits *limits;    // [n_axes]: set before each call of reserve,
    rni_cut *cuts;         // as these are, where they are to change
    bool spare;            // smaller batches must fit too, cut in any way
    bool tight;            // pieces give back what is more than that needs
    int64_t moves;         // how often pieces were made anew
    rni_workspace *spaces; // [members]
    void *calls;           // ports, terms, results of all members
} rni_layout;

bool rni_layout_init(rni_layout *layout, const rnnc_plan *plan,
                     const rni_profile *profile, const rni_kernels *kernels,
                     const rni_memory *memory, int32_t members);
void rni_layout_fini(rni_layout *layout);

// Finds what `batch`, layout->limits and layout->cuts need, in bytes of all
// pieces. False where a size does not fit.
bool rni_layout_measure(rni_layout *layout, int64_t batch, int64_t *bytes);

// Room for the same. False and unchanged where memory runs out or a size does
// not fit.
bool rni_layout_reserve(rni_layout *layout, int64_t batch);

// Places all buffers for a batch and layout->axes[].order, for which there is
// room, and cuts the blocks.
void rni_layout_place(rni_layout *layout, int64_t batch);

// Bytes of all pieces once those are made that are too small for what was
// measured last.
int64_t rni_layout_grown(const rni_layout *layout);

// Gives all pieces back.
void rni_layout_clear(rni_layout *layout);

// Bytes of all pieces; of those that hold rows of steps and of sequences.
int64_t rni_layout_bytes(const rni_layout *layout);
int64_t rni_layout_row_bytes(const rni_layout *layout);

// Columns of a class of an axis, 0 where there is none.
int64_t rni_layout_cols(const rni_layout *layout, int32_t extent, int32_t axis);

static inline rni_piece *rni_layout_piece(const rni_layout *layout,
                                          rni_piece_name name)
{
    return layout->pieces + layout->plan->n_classes + name;
}

// Floats of the kept copies of one row.
int64_t rni_layout_kept_cols(const rnnc_plan *plan);

#endif
