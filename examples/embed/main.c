/* SPDX-License-Identifier: MIT */
/* The smallest host: a model that is part of the program, memory that the host
 * lays out itself, one sample in and one sample out. No file is opened, no
 * heap is used, and once the sound runs no memory is asked for. */
#include <math.h>
#include <rnnc/rnnc.h>
#include <stddef.h>
#include <stdio.h>

#include "circuit.h"
#include "model.h"

enum { MEMORY = 1 << 18, RATE = 48000 };

/* [arena] */
/* Memory that is given out from the start on and never taken back: what a
 * device has that loads one model and runs it until it is switched off. */
typedef struct arena {
    _Alignas(max_align_t) unsigned char memory[MEMORY];
    size_t used;
    int asked; /* how often */
} arena;

static void *arena_allocate(void *user, size_t bytes)
{
    arena *a = user;
    const size_t unit = _Alignof(max_align_t);
    a->asked++;
    if (bytes > MEMORY - unit - a->used)
        return NULL;
    void *block = a->memory + a->used;
    a->used += (bytes + unit - 1) / unit * unit;
    return block;
}

static void arena_release(void *user, void *block)
{
    (void)user;
    (void)block;
}
/* [arena] */

/* A stream over the model of model.h; NULL, with a word, where it fails. */
static rnnc_stream *open_stream(arena *memory, float **in, const float **out)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .allocate = arena_allocate,
                                    .release = arena_release,
                                    .user = memory};
    rnnc_context *context = rnnc_context_create(&options);
    rnnc_model *loaded = rnnc_model_load_memory(context, model, sizeof model);
    if (rnnc_model_status(loaded)) {
        fprintf(stderr, "%s\n", rnnc_model_message(loaded));
        return NULL;
    }
    rnnc_graph *graph = rnnc_model_graph(loaded);
    rnnc_node *y = rnnc_graph_node(graph, "y");
    rnnc_plan_options wanted = {.struct_size = sizeof wanted,
                                .use = RNNC_STREAM,
                                .outputs = &y,
                                .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(graph, &wanted);
    rnnc_stream *stream =
        rnnc_stream_create(plan, rnnc_model_weights(loaded), 1);
    rnnc_stream_begin(stream);
    *in = rnnc_stream_in(stream, rnnc_graph_node(graph, "x"));
    *out = rnnc_stream_out(stream, y);
    if (rnnc_stream_status(stream) || *in == NULL || *out == NULL) {
        fprintf(stderr, "%s\n", rnnc_stream_message(stream));
        return NULL;
    }
    return stream;
}

int main(void)
{
    static arena memory;
    float *in, state = 0, worst = 0;
    const float *out;
    rnnc_stream *stream = open_stream(&memory, &in, &out);
    if (stream == NULL)
        return 1;
    int asked = memory.asked;
    for (int t = 0; t < RATE; t++) { /* a second of a rising tone */
        *in = 0.7f * sinf(1e-6f * (float)t * (float)t);
        if (rnnc_stream_step(stream))
            return 1;
        worst = fmaxf(worst, fabsf(*out - circuit(*in, &state)));
    }
    printf("%d samples, off by %.3f at most; %zu bytes in %d blocks, %d more "
           "while it ran\n",
           RATE, (double)worst, memory.used, asked, memory.asked - asked);
    rnnc_stream_destroy(stream);
    return worst > 0.1f || memory.asked != asked;
}
