// SPDX-License-Identifier: MIT
// The kernels: every number of a run is computed by one of these. One table
// for each instruction set, all with the same contracts; rni_kernels_get gives
// the table. All matrices are row-major float32 with a row stride in floats.
// No kernel asks for alignment, reads past a row's last column or writes past
// it. Instruction sets with a fused multiply-add (scalar, avx2, avx512, neon)
// give the same bits; sse2 rounds each product and so differs in last bits.
#ifndef RNI_KERNEL_H
#define RNI_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

// ---- Tapes: element-wise programs ---------------------------------------

typedef enum rni_tape_op {
#define RNI_TAPE(name, text, operands, constants) RNI_TAPE_##name,
#include "kernel/tape.def"
#undef RNI_TAPE
    RNI_TAPE_OP_COUNT
} rni_tape_op;

const char *rni_tape_name(int32_t op);
int32_t rni_tape_operands(int32_t op);
int32_t rni_tape_constants(int32_t op);

enum { RNI_TAPE_SLOTS = 64, RNI_TAPE_TILE = 256 };

// One instruction over slots (registers of RNI_TAPE_TILE floats).
typedef struct rni_tape_code {
    int32_t op;
    int32_t to;
    int32_t a, b, c; // slots; those beyond the operands of op are ignored
    float x, y;
} rni_tape_code;

typedef enum rni_port_kind {
    RNI_PORT_ROWS,   // [rows, cols], stride floats from row to row
    RNI_PORT_ROW,    // [1, cols], the same for every row
    RNI_PORT_COLUMN, // [rows, 1], the same for every column of a row
    RNI_PORT_SCALAR  // one float for all
} rni_port_kind;

// What a slot is filled from before the code runs, or written to after it.
typedef struct rni_tape_port {
    int32_t kind; // stores are always RNI_PORT_ROWS
    int32_t slot;
    float *data;
    int64_t stride;
} rni_tape_port;

typedef struct rni_tape_call {
    const rni_tape_code *code;
    int32_t n_code;
    const rni_tape_port *loads;
    int32_t n_loads;
    const rni_tape_port *stores;
    int32_t n_stores;
    int32_t n_slots; // highest slot used + 1
    int64_t rows, cols;
    float *scratch; // n_slots * RNI_TAPE_TILE floats
} rni_tape_call;
// A store may share memory with a load of the same shape, element for element:
// within a tile everything is loaded before anything is stored.

static inline int64_t rni_tape_links_most(const rni_tape_call *call)
{
    return (int64_t)call->n_loads + call->n_code + call->n_stores;
}

// ---- Products with packed weights ---------------------------------------

// How packed weights are written: as float32, or as words of 32 bits that hold
// two (bf16) or four (int8) depths of one column, the first of them lowest.
// They are read back to the very floats that were packed, and all arithmetic
// is that of floats; so what a product gives does not depend on it. The floats
// must be numbers that can be written so: with bf16 those whose lower half is
// zero, with int8 a whole number of -128 to 127 times the scale of the column.
typedef enum rni_number {
    RNI_NUMBER_FLOAT32,
    RNI_NUMBER_BF16,
    RNI_NUMBER_INT8,
    RNI_NUMBER_COUNT
} rni_number;

// Rows of a panel that a piece of weights takes: its depth, in words half or a
// quarter of it, and with int8 one for the scales, times 2^-24, before them.
static inline int64_t rni_panel_rows(int32_t number, int64_t depth)
{
    if (number == RNI_NUMBER_BF16)
        return (depth + 1) / 2;
    return number == RNI_NUMBER_INT8 ? (depth + 3) / 4 + 1 : depth;
}

// Weights W [depth, cols] are packed in panels of `panel` columns (a constant
// of the table): panel j holds [panel rows][panel] floats or words, columns
// beyond `cols` zero. Floats of all: panel rows * round_up(cols, panel).
typedef struct rni_pack_call {
    const float *w; // W[k, n] = w[k * stride + n],
    int64_t stride; // transposed: w[n * stride + k]
    bool transposed;
    int64_t depth, cols; // of this piece
    int64_t first;       // panel rows of the pieces before it: merged products
    int64_t total;       // panel rows of all pieces together
    float *packed;       // the panels of all pieces
    int32_t number;      // rni_number
    const float *scales; // [cols] of int8, 2^-100 at least; else not read
} rni_pack_call;

typedef struct rni_product_term { // one left operand, [rows, depth]
    const float *a;
    int64_t stride;
    int64_t depth;
} rni_product_term;

typedef struct rni_product_result { // one block of columns
    int64_t cols;
    const float *packed; // of all terms, depth after depth
    const float *init;   // [rows, cols] to start from; NULL: zero
    int64_t init_stride; // 0: one row for all (a bias)
    float *c;            // [rows, cols]; may be init itself
    int64_t stride;
    const uint8_t *numbers; // [terms] rni_number of the weights; NULL: float32
} rni_product_result;

static inline int32_t rni_product_number(const rni_product_result *result,
                                         int32_t term)
{
    return result->numbers ? result->numbers[term] : RNI_NUMBER_FLOAT32;
}

// c[r, n] = init[r, n] + a0[r, 0] W[0, n] + a0[r, 1] W[1, n] + ... over the
// terms in order: one chain of fused multiply-adds over rising depth for each
// element, whatever the tile, the number of rows or the split among threads.
typedef struct rni_product_call {
    int64_t rows;
    const rni_product_term *terms;
    int32_t n_terms;
    const rni_product_result *results;
    int32_t n_results;
    int64_t first_panel, last_panel; // of all results' panels counted through
    float *scratch;                  // product_scratch(rows, depth) floats
} rni_product_call;

// ---- Links: calls worked out ahead ----------------------------------------

// A call that comes again and again for the same memory, as a step of a stream
// does, is worked out once, into the loops it comes down to with all of their
// pointers; to follow these is all that is left to do. The same bits.
typedef struct rni_tape_link {
    void (*loop)(void); // a function that the kernel knows
    const rni_tape_code *code;
    float *to;
    const float *a, *b, *c;
    int64_t n;
} rni_tape_link;

typedef struct rni_tile_term { // one left operand and its panels
    const float *a;
    int64_t stride, depth;
    const float *panel;
    int64_t panel_stride;
    int32_t number; // rni_number of the panels
} rni_tile_term;

typedef struct rni_tile_link rni_tile_link;
typedef void rni_tile_run(const rni_tile_link *link);

struct rni_tile_link {
    rni_tile_run *run;
    const rni_tile_term *terms;
    int64_t n_terms;
    const float *init; // NULL: zero
    int64_t init_stride;
    float *c;
    int64_t stride;
    int64_t apart;       // columns from the first of a panel to the next one's
    rni_tile_run *whole; // of a tile that reaches beyond the columns of c:
    int64_t rows, cols;  // how the whole tile is run, and what there is of c
    int64_t width;
};

// ---- Products over rows (weight gradients) ------------------------------

typedef struct rni_outer_run { // rows that lie one after another
    const float *a, *b;
    int64_t rows;
} rni_outer_run;

// c[m, n] (+)= sum over runs, rows in order, of a[row, m] b[row, n]: one chain
// of fused multiply-adds for each element. `start` false: from zero; true:
// from what c holds. Members of a team own rows [first_row, last_row) of c.
typedef struct rni_outer_call {
    const rni_outer_run *runs;
    int64_t n_runs;
    int64_t a_stride, b_stride;
    int64_t m, n;
    int64_t first_row, last_row;
    bool start;
    float *c;
    int64_t stride;
    float *scratch; // outer_scratch(m, n, rows) floats
} rni_outer_call;

// ---- The table ------------------------------------------------------------

typedef struct rni_kernels {
    rni_isa isa;
    int32_t panel;     // columns of a packed panel
    int32_t tile_rows; // rows of a register tile; a good unit to split rows by

    void (*tape)(const rni_tape_call *call);

    void (*pack)(const rni_pack_call *call);
    void (*product)(const rni_product_call *call);
    int64_t (*product_scratch)(int64_t rows, int64_t depth);

    // Links of a call: how many there are, written where there is a place for
    // them, at most rni_tape_links_most. 0 where the call is no single tile of
    // one row: it is then made as it is.
    int64_t (*tape_link)(const rni_tape_call *call, rni_tape_link *links);
    void (*tape_follow)(const rni_tape_link *links, int64_t n);
    // Links of products that continue each other: each starts from what the
    // one before it leaves, has results of the same columns, and the panels
    // of the first; with a fold, these are of every `fold` panels, of which
    // there are whole ones in all results. Each link takes as many terms as all
    // calls have. 0 for more rows than are read where they lie. Tiles do not
    // depend on one another: followed backwards in every other step, weights
    // that just do not fit a cache are half in it.
    int64_t (*product_link)(const rni_product_call *calls, int32_t n_calls,
                            int64_t fold, rni_tile_link *links,
                            rni_tile_term *terms);
    void (*product_follow)(const rni_tile_link *links, int64_t n,
                           bool backwards);

    void (*outer)(const rni_outer_call *call);
    int64_t (*outer_scratch)(int64_t m, int64_t n, int64_t rows);

    // Row operations: each row by itself; sums over features keep sixteen
    // partial sums (column c goes to partial c % 16) added in one fixed tree:
    // ((0+8)+(4+12)) + ((2+10)+(6+14)) + the same of the odd ones, i.e. halves
    // folded 16 -> 8 -> 4 -> 2 -> 1. Maxima are order-free. x and y may be the
    // same memory.
    // y [rows, 1]
    void (*row_sum)(int64_t rows, int64_t cols, const float *x,
                    int64_t x_stride, float *y, int64_t y_stride);
    void (*softmax)(int64_t rows, int64_t cols, const float *x,
                    int64_t x_stride, float *y, int64_t y_stride);
    void (*log_softmax)(int64_t rows, int64_t cols, const float *x,
                        int64_t x_stride, float *y, int64_t y_stride);
    // y = (x - mean) / sqrt(variance + epsilon), the biased variance
    void (*normalize)(int64_t rows, int64_t cols, float epsilon, const float *x,
                      int64_t x_stride, float *y, int64_t y_stride);
    // gradient of x from d, the gradient of y; statistics are made again from x
    void (*normalize_grad)(int64_t rows, int64_t cols, float epsilon,
                           const float *d, int64_t d_stride, const float *x,
                           int64_t x_stride, float *y, int64_t y_stride);
    // y[r] = table[ids[r]]; ids are known to be in range
    void (*lookup)(int64_t rows, int64_t cols, const int32_t *ids,
                   int64_t ids_stride, const float *table, int64_t table_stride,
                   float *y, int64_t y_stride);
    // table[ids[r]] += d[r], rows in order
    void (*lookup_grad)(int64_t rows, int64_t cols, const int32_t *ids,
                        int64_t ids_stride, const float *d, int64_t d_stride,
                        float *table, int64_t table_stride);
    // sum[c] += x[r, c], rows in order: one chain for each column
    void (*col_sum)(int64_t rows, int64_t cols, const float *x,
                    int64_t x_stride, float *sum);
    // partial[(first + r) % 16] += x[r, 0], rows in order
    void (*total)(int64_t rows, int64_t first, const float *x, int64_t x_stride,
                  float partial[16]);
    // partial[i % 16] += x[i] x[i] in double, where a square is exact
    void (*squares)(int64_t count, const float *x, double partial[16]);
    // Cross-entropy of ids under softmax(logits):
    // loss[r] = w[id] * ((1 - s) * nll(id)) + s / cols * sum_c w[c] nll(c),
    // nll(c) = -log softmax(logits)[c]; 0 where ids[r] == ignore. w NULL: ones.
    // (PyTorch's definition, before it divides by the sum of w[id].)
    void (*cross_entropy)(int64_t rows, int64_t cols, const float *logits,
                          int64_t logits_stride, const int32_t *ids,
                          int64_t ids_stride, const float *w, float smoothing,
                          int32_t ignore, float *loss, int64_t loss_stride);
    // y = d[r] * the gradient of loss[r] by logits[r]
    void (*cross_entropy_grad)(int64_t rows, int64_t cols, const float *d,
                               int64_t d_stride, const float *logits,
                               int64_t logits_stride, const int32_t *ids,
                               int64_t ids_stride, const float *w,
                               float smoothing, int32_t ignore, float *y,
                               int64_t y_stride);
    // y = x * mask / (1 - rate) on one row; mask of feature c is made from
    // word c % 4 of the random block with `key` and the counter {row, low and
    // high half of time, c / 4}: kept where word / 2^32 >= rate
    void (*dropout)(int64_t cols, float rate, uint64_t key, uint32_t row,
                    uint64_t time, const float *x, float *y);
} rni_kernels;

// The table of an instruction set, or NULL where this build or this machine
// does not have it.
const rni_kernels *rni_kernels_get(rni_isa isa);
// Those of rni_isa_choose().
const rni_kernels *rni_kernels_choose(void);

// The sixteen partial sums of `total`, added in the fixed tree.
float rni_kernels_fold(const float partial[16]);

#endif
