// SPDX-License-Identifier: MIT
// What the derivative rules share.
#ifndef RNI_GRADIENT_H
#define RNI_GRADIENT_H

#include "graph/form.h"

typedef enum rni_piece_kind {
    RNI_PIECE_VALUE, // a value, spread to the whole if it is narrower
    RNI_PIECE_TERM,  // a product: value W (or W')
    RNI_PIECE_PART   // a value of some columns (and rows): at row, col
} rni_piece_kind;

// One contribution to the gradient of a value.
typedef struct rni_piece {
    int32_t kind;
    int32_t value;
    int32_t weight;
    bool transposed;
    int64_t row, col;
    int32_t next; // the next piece of the same value, -1 at the end
} rni_piece;

typedef struct rni_gradient {
    rni_form *form;
    bool *active;          // value -> it depends on something wanted, and the
                           // loss depends on it
    int32_t *first, *last; // value -> its pieces in the order they came
    int32_t n_pieces, pieces_capacity;
    rni_piece *pieces;
    int32_t *mirror; // state -> the state of its gradient, or -1
    int32_t *loops;  // loop -> the loop of its gradient, or -1
} rni_gradient;

// Adds a piece to the gradient of `to`, which is not active or gets it.
// A value of -1 is an error that was recorded.
bool rni_gradient_add(rni_gradient *gradient, int32_t to, rni_piece piece);

// `value`, a gradient in the shape of some user of `to`, summed over what `to`
// was spread to there, as a piece.
bool rni_gradient_give(rni_gradient *gradient, int32_t to, int32_t value);

// The gradient of a value from its pieces: -2 where there is none.
int32_t rni_gradient_sum(rni_gradient *gradient, int32_t value);

// Some columns and rows of a value.
typedef struct rni_part {
    int64_t row, col, rows, cols;
} rni_part;

// Sorts parts into rounds in which none overlaps another: round[part]. How many
// there are, or -1 where memory runs out.
int32_t rni_gradient_rounds(const rni_memory *memory, const rni_part *parts,
                            int32_t n_parts, int32_t *round);

// Gives the arguments of an element-wise value their pieces.
bool rni_gradient_tape(rni_gradient *gradient, int32_t value, int32_t d);

#endif
