// SPDX-License-Identifier: MIT
// A stream: a run whose states always go on. Steps and chunks have memory of
// their own and share the states, what was computed at begin, and the weights.
#ifndef RNI_STREAM_H
#define RNI_STREAM_H

#include "rnnc/stream.h"
#include "run/run.h"
#include "run/step.h"

// A place where the caller writes or reads the rows of a step.
typedef struct rni_stream_port {
    rnnc_node *node;
    const rni_input *input;    // of an input: its rules for ids
    const rni_port_name *name; // of an output
    float *data;
    bool owned; // else it is the executor's own memory
} rni_stream_port;

struct rnnc_stream {
    rni_memory memory;
    rni_error error;
    bool whole, begun;
    rnnc_plan *plan;       // held
    rnnc_weights *weights; // held
    rni_binding *binding;
    const rni_kernels *kernels;
    rni_profile profile;
    rni_inputs inputs;
    int64_t rows;
    rni_layout layout, chunk; // of steps, of chunks
    rni_executor executor, chunk_executor;
    rni_step step;
    rni_order one;               // the order of a step: all lengths 1
    rni_order *orders;           // [n_axes] of chunks and other axes
    const rni_order **found;     // [n_axes]
    rni_stream_port *ins, *outs; // of the plan's inputs and outputs
    bool checks_ids;             // some input of a step has ids
    bool chunk_done;             // the chunk's results can be read
    uint8_t *flags;              // [2 * rows]: all fresh, all carried
    float *spare;                // kept states of all rows, to re-order
};

// Begins where it has not begun.
rnnc_status rni_stream_need_begin(rnnc_stream *stream);
// False for NULL and streams that could not be made; clears the last error.
bool rni_stream_ready(rnnc_stream *stream);
// Sets the states of a row to where it begins fresh.
void rni_stream_reset_row(rnnc_stream *stream, int64_t row);
// States of the stream's axis are what a caller sees.
bool rni_stream_has_state(const rnnc_stream *stream, int32_t state);
// Points everything at memory, and writes the step.
void rni_stream_place(rnnc_stream *stream);
// Copies outputs that do not lie row after row in the executor's memory.
void rni_stream_collect(rnnc_stream *stream);

#endif
