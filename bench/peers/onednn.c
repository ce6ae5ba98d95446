// SPDX-License-Identifier: MIT
// oneDNN's C interface (version 2) behind bench/work.h: an LSTM, alone.
//
// In training every step meets new weights, so they are brought into oneDNN's
// own layouts in each, and the gradients out of them, as PyTorch does too.
#include "work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oneapi/dnnl/dnnl.h"
#include "oneapi/dnnl/dnnl_debug.h"

#include "answer.h"
#include "fill.h"

#if DNNL_VERSION_MAJOR != 2
#error "written for oneDNN 2"
#endif

enum { MOST_ARGUMENTS = 24, MOST_MEMORIES = 40, GATES = 4 };

typedef struct call {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arguments[MOST_ARGUMENTS];
    int n_arguments;
} call;

typedef struct bench_kind bench_kind;

struct bench_work {
    const bench_kind *kind;
    bench_row row;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_memory_t memories[MOST_MEMORIES];
    int n_memories;
    dnnl_memory_t x, layer, iter, bias, y; // layer, iter: [4, H, H] and plain
    dnnl_memory_t layer_diff, iter_diff, bias_diff, x_diff; // plain too
    dnnl_primitive_desc_t forward_desc, backward_desc;
    call forward, backward, back; // back: forward with its states swapped
    call pack[2], pack_back[2], unpack[2];
    dnnl_memory_t workspace;      // from forward to backward, in training
    dnnl_memory_t inside_diff[2]; // of the weights, in oneDNN's layouts
    int turn;
};

struct bench_kind {
    const char *name;
    void (*make)(bench_work *);
    void (*act)(bench_work *);
    void (*show)(bench_work *);
};

static void check(dnnl_status_t status, const char *what)
{
    if (status != dnnl_success)
        bench_fail(what, "oneDNN refuses");
}

static dnnl_memory_desc_t describe(int n, const dnnl_dim_t *dims,
                                   dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t desc;
    check(dnnl_memory_desc_init_by_tag(&desc, n, dims, dnnl_f32, tag), "shape");
    return desc;
}

// [steps, batch, cols]
static dnnl_memory_desc_t rows_desc(const bench_work *work, int64_t cols)
{
    const bench_row *row = &work->row;
    return describe(3, (dnnl_dims_t){row->steps, row->batch, cols}, dnnl_tnc);
}

static dnnl_memory_desc_t state_desc(const bench_work *work)
{
    const bench_row *row = &work->row;
    return describe(4, (dnnl_dims_t){1, 1, row->batch, row->hidden}, dnnl_ldnc);
}

// PyTorch's layout is ldgoi.
static dnnl_memory_desc_t weights_desc(const bench_work *work, int64_t from,
                                       dnnl_format_tag_t tag)
{
    return describe(5, (dnnl_dims_t){1, 1, from, GATES, work->row.hidden}, tag);
}

static dnnl_memory_desc_t bias_desc(const bench_work *work)
{
    return describe(4, (dnnl_dims_t){1, 1, GATES, work->row.hidden}, dnnl_ldgo);
}

static float *data_of(dnnl_memory_t memory)
{
    void *data = NULL;
    check(dnnl_memory_get_data_handle(memory, &data), "memory");
    return data;
}

static size_t size_of(dnnl_memory_t memory)
{
    const dnnl_memory_desc_t *desc;
    check(dnnl_memory_get_memory_desc(memory, &desc), "memory");
    return dnnl_memory_desc_get_size(desc);
}

static void clear(dnnl_memory_t memory)
{
    memset(data_of(memory), 0, size_of(memory));
}

static dnnl_memory_t take(bench_work *work, const dnnl_memory_desc_t *desc)
{
    if (work->n_memories == MOST_MEMORIES)
        bench_fail("memory", "too many");
    dnnl_memory_t memory;
    check(dnnl_memory_create(&memory, desc, work->engine, DNNL_MEMORY_ALLOCATE),
          "memory");
    clear(memory);
    return work->memories[work->n_memories++] = memory;
}

static void give(call *to, int argument, dnnl_memory_t memory)
{
    to->arguments[to->n_arguments++] = (dnnl_exec_arg_t){argument, memory};
}

// Memory in the layout that the primitive wants for an argument.
static dnnl_memory_t take_for(bench_work *work, dnnl_primitive_desc_t desc,
                              int argument)
{
    return take(work, dnnl_primitive_desc_query_md(desc, dnnl_query_exec_arg_md,
                                                   argument));
}

static void execute(bench_work *work, const call *what)
{
    check(dnnl_primitive_execute(what->primitive, work->stream,
                                 what->n_arguments, what->arguments),
          "run");
}

static void reorder(bench_work *work, call *to, dnnl_memory_t from,
                    dnnl_memory_t into)
{
    const dnnl_memory_desc_t *a, *b;
    dnnl_primitive_desc_t desc;
    check(dnnl_memory_get_memory_desc(from, &a), "reorder");
    check(dnnl_memory_get_memory_desc(into, &b), "reorder");
    check(dnnl_reorder_primitive_desc_create(&desc, a, work->engine, b,
                                             work->engine, NULL),
          "reorder");
    check(dnnl_primitive_create(&to->primitive, desc), "reorder");
    dnnl_primitive_desc_destroy(desc);
    give(to, DNNL_ARG_FROM, from);
    give(to, DNNL_ARG_TO, into);
}

// [batch, steps, cols] from or to [steps, batch, cols]
static void swap_rows(float *to, const float *from, int64_t outer,
                      int64_t inner, int64_t cols)
{
    size_t bytes = (size_t)cols * sizeof *to;
    for (int64_t i = 0; i < outer; i++)
        for (int64_t j = 0; j < inner; j++)
            memcpy(to + (i * inner + j) * cols, from + (j * outer + i) * cols,
                   bytes);
}

static void make_inputs(bench_work *work)
{
    const bench_row *row = &work->row;
    dnnl_memory_desc_t bias = bias_desc(work),
                       rows = rows_desc(work, row->inputs),
                       out = rows_desc(work, row->hidden),
                       layer = weights_desc(work, row->inputs, dnnl_ldgoi),
                       iter = weights_desc(work, row->hidden, dnnl_ldgoi);
    work->x = take(work, &rows);
    work->y = take(work, &out);
    work->layer = take(work, &layer);
    work->iter = take(work, &iter);
    work->bias = take(work, &bias);
    int64_t count = row->batch * row->steps * row->inputs,
            gates = GATES * row->hidden;
    float *plain = bench_take(count + gates, sizeof *plain);
    bench_fill(plain, count, "x", 1);
    swap_rows(data_of(work->x), plain, row->steps, row->batch, row->inputs);
    float scale = bench_scale(row->hidden), *both = data_of(work->bias);
    bench_fill(data_of(work->layer), gates * row->inputs, "weight_ih_l0",
               scale);
    bench_fill(data_of(work->iter), gates * row->hidden, "weight_hh_l0", scale);
    bench_fill(both, gates, "bias_ih_l0", scale);
    bench_fill(plain, gates, "bias_hh_l0", scale);
    for (int64_t i = 0; i < gates; i++)
        both[i] += plain[i];
    free(plain);
}

// The forward primitive; its states are zero and not wanted without `state`.
static void make_forward(bench_work *work, dnnl_prop_kind_t kind,
                         const dnnl_memory_desc_t *state)
{
    const bench_row *row = &work->row;
    dnnl_memory_desc_t bias = bias_desc(work),
                       rows = rows_desc(work, row->inputs),
                       out = rows_desc(work, row->hidden),
                       layer =
                           weights_desc(work, row->inputs, dnnl_format_tag_any),
                       iter =
                           weights_desc(work, row->hidden, dnnl_format_tag_any);
    dnnl_rnn_desc_t desc;
    check(dnnl_lstm_forward_desc_init(
              &desc, kind, dnnl_unidirectional_left2right, &rows, state, state,
              &layer, &iter, &bias, &out, state, state, dnnl_rnn_flags_undef),
          "forward");
    check(dnnl_primitive_desc_create(&work->forward_desc, &desc, NULL,
                                     work->engine, NULL),
          "forward");
    call *to = &work->forward;
    check(dnnl_primitive_create(&to->primitive, work->forward_desc), "forward");
    const int sides[] = {DNNL_ARG_WEIGHTS_LAYER, DNNL_ARG_WEIGHTS_ITER};
    const dnnl_memory_t plain[] = {work->layer, work->iter};
    for (int i = 0; i < 2; i++) {
        dnnl_memory_t packed = take_for(work, work->forward_desc, sides[i]);
        reorder(work, &work->pack[i], plain[i], packed);
        give(to, sides[i], packed);
        execute(work, &work->pack[i]);
    }
    give(to, DNNL_ARG_SRC_LAYER, work->x);
    give(to, DNNL_ARG_BIAS, work->bias);
    give(to, DNNL_ARG_DST_LAYER, work->y);
}

static void make_sequence(bench_work *work)
{
    make_forward(work, dnnl_forward_inference, NULL);
}

static void infer(bench_work *work)
{
    execute(work, &work->forward);
    dnnl_stream_wait(work->stream);
}

static void make_stream(bench_work *work)
{
    dnnl_memory_desc_t state = state_desc(work);
    make_forward(work, dnnl_forward_inference, &state);
    work->back = work->forward;
    const int before[] = {DNNL_ARG_SRC_ITER, DNNL_ARG_SRC_ITER_C};
    const int after[] = {DNNL_ARG_DST_ITER, DNNL_ARG_DST_ITER_C};
    for (int i = 0; i < 2; i++) {
        dnnl_memory_t one = take(work, &state), other = take(work, &state);
        give(&work->forward, before[i], one);
        give(&work->forward, after[i], other);
        give(&work->back, before[i], other);
        give(&work->back, after[i], one);
    }
}

static void step_stream(bench_work *work)
{
    execute(work, work->turn ? &work->back : &work->forward);
    dnnl_stream_wait(work->stream);
    work->turn = !work->turn;
}

// First and last states, and their gradients: zero, or not asked for. Without
// them, oneDNN 2.6 gives a wrong gradient of the recurrent weights.
static void give_states(bench_work *work)
{
    const int both[] = {DNNL_ARG_SRC_ITER, DNNL_ARG_SRC_ITER_C,
                        DNNL_ARG_DST_ITER, DNNL_ARG_DST_ITER_C};
    const int grads[] = {DNNL_ARG_DIFF_SRC_ITER, DNNL_ARG_DIFF_SRC_ITER_C,
                         DNNL_ARG_DIFF_DST_ITER, DNNL_ARG_DIFF_DST_ITER_C};
    dnnl_memory_desc_t state = state_desc(work);
    for (int i = 0; i < 4; i++) {
        dnnl_memory_t memory = take(work, &state);
        give(&work->forward, both[i], memory);
        give(&work->backward, both[i], memory);
        give(&work->backward, grads[i], take(work, &state));
    }
}

// Arguments that forward and backward have in common, less the weights.
static void give_shared(bench_work *work, dnnl_memory_t workspace)
{
    give(&work->forward, DNNL_ARG_WORKSPACE, workspace);
    give(&work->backward, DNNL_ARG_WORKSPACE, workspace);
    give(&work->backward, DNNL_ARG_SRC_LAYER, work->x);
    give(&work->backward, DNNL_ARG_BIAS, work->bias);
    give(&work->backward, DNNL_ARG_DST_LAYER, work->y);
}

static void give_gradients(bench_work *work)
{
    dnnl_memory_desc_t rows = rows_desc(work, work->row.inputs),
                       out = rows_desc(work, work->row.hidden),
                       bias = bias_desc(work);
    work->x_diff = take(work, &rows);
    work->bias_diff = take(work, &bias);
    dnnl_memory_t y_diff = take(work, &out); // the loss is the sum of y
    for (size_t i = 0; i < size_of(y_diff) / sizeof(float); i++)
        data_of(y_diff)[i] = 1;
    give(&work->backward, DNNL_ARG_DIFF_DST_LAYER, y_diff);
    give(&work->backward, DNNL_ARG_DIFF_SRC_LAYER, work->x_diff);
    give(&work->backward, DNNL_ARG_DIFF_BIAS, work->bias_diff);
}

static void give_weights(bench_work *work)
{
    dnnl_memory_desc_t layer = weights_desc(work, work->row.inputs, dnnl_ldgoi),
                       iter = weights_desc(work, work->row.hidden, dnnl_ldgoi);
    work->layer_diff = take(work, &layer);
    work->iter_diff = take(work, &iter);
    const dnnl_memory_t plain[] = {work->layer, work->iter},
                        diffs[] = {work->layer_diff, work->iter_diff};
    const int values[] = {DNNL_ARG_WEIGHTS_LAYER, DNNL_ARG_WEIGHTS_ITER};
    const int grads[] = {DNNL_ARG_DIFF_WEIGHTS_LAYER,
                         DNNL_ARG_DIFF_WEIGHTS_ITER};
    for (int i = 0; i < 2; i++) {
        dnnl_memory_t packed = take_for(work, work->backward_desc, values[i]);
        reorder(work, &work->pack_back[i], plain[i], packed);
        give(&work->backward, values[i], packed);
        work->inside_diff[i] = take_for(work, work->backward_desc, grads[i]);
        reorder(work, &work->unpack[i], work->inside_diff[i], diffs[i]);
        give(&work->backward, grads[i], work->inside_diff[i]);
    }
}

static void make_training(bench_work *work)
{
    dnnl_memory_desc_t state = state_desc(work);
    make_forward(work, dnnl_forward_training, &state);
    const bench_row *row = &work->row;
    dnnl_memory_desc_t bias = bias_desc(work),
                       rows = rows_desc(work, row->inputs),
                       out = rows_desc(work, row->hidden),
                       layer =
                           weights_desc(work, row->inputs, dnnl_format_tag_any),
                       iter =
                           weights_desc(work, row->hidden, dnnl_format_tag_any);
    dnnl_rnn_desc_t desc;
    check(dnnl_lstm_backward_desc_init(
              &desc, dnnl_backward, dnnl_unidirectional_left2right, &rows,
              &state, &state, &layer, &iter, &bias, &out, &state, &state, &rows,
              &state, &state, &layer, &iter, &bias, &out, &state, &state,
              dnnl_rnn_flags_undef),
          "backward");
    check(dnnl_primitive_desc_create(&work->backward_desc, &desc, NULL,
                                     work->engine, work->forward_desc),
          "backward");
    check(dnnl_primitive_create(&work->backward.primitive, work->backward_desc),
          "backward");
    work->workspace = take_for(work, work->forward_desc, DNNL_ARG_WORKSPACE);
    give_shared(work, work->workspace);
    give_states(work);
    give_gradients(work);
    give_weights(work);
}

static void train(bench_work *work)
{
    for (int i = 0; i < 2; i++)
        execute(work, &work->pack[i]);
    execute(work, &work->forward);
    for (int i = 0; i < 2; i++) {
        execute(work, &work->pack_back[i]);
        clear(work->inside_diff[i]); // oneDNN adds to what is there
    }
    clear(work->bias_diff);
    execute(work, &work->backward);
    for (int i = 0; i < 2; i++)
        execute(work, &work->unpack[i]);
    dnnl_stream_wait(work->stream);
}

static void show_rows(bench_work *work, const char *name, dnnl_memory_t memory,
                      int64_t cols)
{
    const bench_row *row = &work->row;
    int64_t count = row->batch * row->steps * cols;
    float *rows = bench_take(count, sizeof *rows);
    swap_rows(rows, data_of(memory), row->batch, row->steps, cols);
    bench_show(name, rows, count);
    free(rows);
}

static void show_sequence(bench_work *work)
{
    infer(work);
    show_rows(work, "y", work->y, work->row.hidden);
}

static void show_stream(bench_work *work)
{
    int64_t width = work->row.batch * work->row.hidden;
    float *rows = bench_take(BENCH_STREAM_SHOWN * width, sizeof *rows);
    for (int t = 0; t < BENCH_STREAM_SHOWN; t++) {
        step_stream(work);
        memcpy(rows + t * width, data_of(work->y),
               (size_t)width * sizeof *rows);
    }
    bench_show("y", rows, BENCH_STREAM_SHOWN * width);
    free(rows);
}

static void show_training(bench_work *work)
{
    train(work);
    show_rows(work, "y", work->y, work->row.hidden);
    show_rows(work, "x", work->x_diff, work->row.inputs);
    int64_t gates = GATES * work->row.hidden;
    bench_show("weight_ih_l0", data_of(work->layer_diff),
               gates * work->row.inputs);
    bench_show("weight_hh_l0", data_of(work->iter_diff),
               gates * work->row.hidden);
    bench_show("bias_ih_l0", data_of(work->bias_diff), gates);
    bench_show("bias_hh_l0", data_of(work->bias_diff), gates);
}

static const bench_kind kinds[] = {
    {"train", make_training, train, show_training},
    {"sequence", make_sequence, infer, show_sequence},
    {"stream", make_stream, step_stream, show_stream},
};

void bench_work_about(void)
{
    const dnnl_version_t *version = dnnl_version();
    printf("oneDNN %d.%d.%d, %s kernels", version->major, version->minor,
           version->patch, dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa()));
}

const char *bench_work_isa(void)
{
    return "avx2";
}

static const bench_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

// The threads are OMP_NUM_THREADS.
bench_work *bench_work_make(const bench_row *row, int threads)
{
    (void)threads;
    const bench_kind *kind = find_kind(row->kind);
    if (!kind || strcmp(row->cell, "lstm") != 0 || strcmp(row->form, "-") != 0)
        return NULL;
    bench_work *work = bench_take(1, sizeof *work);
    work->kind = kind;
    work->row = *row;
    check(dnnl_engine_create(&work->engine, dnnl_cpu, 0), "engine");
    check(dnnl_stream_create(&work->stream, work->engine,
                             dnnl_stream_default_flags),
          "stream");
    make_inputs(work);
    kind->make(work);
    return work;
}

void bench_work_do(bench_work *work)
{
    work->kind->act(work);
}

void bench_work_show(bench_work *work)
{
    work->kind->show(work);
}

bench_memory bench_work_memory(const bench_work *work)
{
    int64_t rows = work->workspace ? (int64_t)size_of(work->workspace) : 0;
    return (bench_memory){rows, rows, 0};
}

void bench_work_plan(const bench_work *work)
{
    (void)work;
}

static void free_calls(call *calls, int n)
{
    for (int i = 0; i < n; i++)
        if (calls[i].primitive)
            dnnl_primitive_destroy(calls[i].primitive);
}

void bench_work_free(bench_work *work)
{
    free_calls(&work->forward, 1);
    free_calls(&work->backward, 1);
    free_calls(work->pack, 2);
    free_calls(work->pack_back, 2);
    free_calls(work->unpack, 2);
    dnnl_primitive_desc_destroy(work->forward_desc);
    if (work->backward_desc)
        dnnl_primitive_desc_destroy(work->backward_desc);
    for (int i = 0; i < work->n_memories; i++)
        dnnl_memory_destroy(work->memories[i]);
    dnnl_stream_destroy(work->stream);
    dnnl_engine_destroy(work->engine);
    free(work);
}
