// SPDX-License-Identifier: MIT
// The table of the cells that ship, and their options.
#include <float.h>

#include "base/options.h"
#include "cell/draft.h"
#include "graph/node.h"

typedef struct kind {
    const char *call;
    int32_t variants;
    void (*write)(const rni_cell_draft *draft);
} kind;

static const kind kinds[] = {
    [RNNC_CELL_RNN] = {"rnnc_cell_rnn", 3, rni_cell_rnn},
    [RNNC_CELL_LSTM] = {"rnnc_cell_lstm", 1, rni_cell_lstm},
    [RNNC_CELL_GRU] = {"rnnc_cell_gru", 2, rni_cell_gru},
    [RNNC_CELL_PEEPHOLE] = {"rnnc_cell_peephole", 1, rni_cell_peephole},
    [RNNC_CELL_CTRNN] = {"rnnc_cell_ctrnn", 2, rni_cell_ctrnn},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const size_t options_least =
    offsetof(rnnc_cell_options, reserved) + sizeof(uint32_t);

// True where `value` is from 0 to `most`.
static bool check(rnnc_graph *graph, const char *call, const char *word,
                  int32_t value, int32_t most)
{
    if (value >= 0 && value <= most)
        return true;
    rni_error_set(&graph->error, RNNC_E_ARGUMENT,
                  "%s: %s is %ld, expected 0 to %ld", call, word, (long)value,
                  (long)most);
    return false;
}

static bool check_number(rnnc_graph *graph, const char *call, const char *word,
                         float value)
{
    if (value >= 0 && value <= FLT_MAX)
        return true;
    rni_error_set(&graph->error, RNNC_E_ARGUMENT,
                  "%s: %s is %.9g, expected a finite number, 0 or more", call,
                  word, (double)value);
    return false;
}

bool rni_cell_options_read(rnnc_graph *graph, const char *call,
                           rnnc_cell_options *known,
                           const rnnc_cell_options *options)
{
    *known = (rnnc_cell_options){0};
    if (options != NULL && rni_options_read(known, sizeof *known, options_least,
                                            options, &graph->error) != RNNC_OK)
        return false;
    if (known->reserved != 0) {
        rni_error_set(&graph->error, RNNC_E_UNSUPPORTED,
                      "%s: reserved is %lu, expected 0", call,
                      (unsigned long)known->reserved);
        return false;
    }
    if (known->step == 0)
        known->step = 1;
    return check(graph, call, "bias", known->bias, RNNC_BIAS_NONE) &&
           check(graph, call, "init", known->init, RNNC_CELL_INIT_TORCH) &&
           check(graph, call, "layer", known->layer, INT32_MAX) &&
           check(graph, call, "reverse", known->reverse, 1) &&
           check(graph, call, "learned_first", known->learned_first, 1) &&
           check_number(graph, call, "step", known->step) &&
           check_number(graph, call, "tau_min", known->tau_min);
}

static bool check_size(rnnc_graph *graph, const char *call, const char *word,
                       int64_t size)
{
    // Gates and directions multiply these.
    enum { SIZE_MOST = INT32_MAX / 8 };
    if (size >= 1 && size <= SIZE_MOST)
        return true;
    rni_error_set(&graph->error, RNNC_E_ARGUMENT,
                  "%s: %s is %lld, expected 1 to %d", call, word,
                  (long long)size, (int)SIZE_MOST);
    return false;
}

rnnc_cell *rnnc_cell_make(rnnc_graph *graph, const char *name, int32_t which,
                          int64_t inputs, int64_t hidden,
                          const rnnc_cell_options *options)
{
    if (graph == NULL || graph->error.status != RNNC_OK ||
        !check(graph, "rnnc_cell_make", "which", which, KINDS - 1))
        return NULL;
    const kind *kind_of = &kinds[which];
    const char *call = kind_of->call;
    rnnc_cell_options known;
    if (!rni_cell_options_read(graph, call, &known, options) ||
        !check(graph, call, "variant", known.variant, kind_of->variants - 1) ||
        !check_size(graph, call, "inputs", inputs) ||
        !check_size(graph, call, "hidden", hidden))
        return NULL;
    rnnc_cell *cell = rnnc_cell_create(graph, name);
    if (cell == NULL)
        return NULL;
    kind_of->write(&(rni_cell_draft){.graph = graph,
                                     .cell = cell,
                                     .inputs = inputs,
                                     .hidden = hidden,
                                     .options = &known});
    return graph->error.status == RNNC_OK ? cell : NULL;
}

rnnc_cell *rnnc_cell_rnn(rnnc_graph *graph, const char *name, int64_t inputs,
                         int64_t hidden)
{
    return rnnc_cell_make(graph, name, RNNC_CELL_RNN, inputs, hidden, NULL);
}

rnnc_cell *rnnc_cell_lstm(rnnc_graph *graph, const char *name, int64_t inputs,
                          int64_t hidden)
{
    return rnnc_cell_make(graph, name, RNNC_CELL_LSTM, inputs, hidden, NULL);
}

rnnc_cell *rnnc_cell_gru(rnnc_graph *graph, const char *name, int64_t inputs,
                         int64_t hidden)
{
    return rnnc_cell_make(graph, name, RNNC_CELL_GRU, inputs, hidden, NULL);
}

rnnc_cell *rnnc_cell_peephole(rnnc_graph *graph, const char *name,
                              int64_t inputs, int64_t hidden)
{
    return rnnc_cell_make(graph, name, RNNC_CELL_PEEPHOLE, inputs, hidden,
                          NULL);
}

rnnc_cell *rnnc_cell_ctrnn(rnnc_graph *graph, const char *name, int64_t inputs,
                           int64_t hidden)
{
    return rnnc_cell_make(graph, name, RNNC_CELL_CTRNN, inputs, hidden, NULL);
}
