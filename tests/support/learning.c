// SPDX-License-Identifier: MIT
#include "support/learning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const learning_row learning_table[] = {
    {"adam, whole sequences, cosine by steps, average", 10, RNNC_ADAM, 0, 0, 0,
     RNNC_ORDER_SIMILAR, false, RNNC_SCHEDULE_COSINE, RNNC_EVERY_STEP, false,
     true, true, 0},
    {"momentum, windows, step by epochs, plateau", 10, RNNC_SGD, 0.9, 5, 0,
     RNNC_ORDER_SHUFFLED, false, RNNC_SCHEDULE_STEP, RNNC_EVERY_EPOCH, true,
     false, true, 3},
    {"asgd, windows of accumulated gradients", 96, RNNC_ASGD, 0, 4, 3,
     RNNC_ORDER_GIVEN, false, -1, 0, false, false, true, 0},
    {"rmsprop, filled by the caller, states carried", 64, RNNC_RMSPROP, 0.5, 0,
     2, 0, true, RNNC_SCHEDULE_EXPONENTIAL, RNNC_EVERY_STEP, false, true, false,
     0},
    {"adamw, accumulated whole sequences, one cycle", 10, RNNC_ADAMW, 0, 0, 2,
     RNNC_ORDER_SIMILAR, false, RNNC_SCHEDULE_ONE_CYCLE, RNNC_EVERY_STEP, false,
     true, true, 2},
};

const size_t learning_count = sizeof learning_table / sizeof *learning_table;

// ---- The graph --------------------------------------------------------------

static void describe(learning *l)
{
    rnnc_graph *g = l->graph = rnnc_graph_create(l->context);
    l->text = rnnc_input_ids(g, "text", LEARNING_VOCABULARY);
    l->next = rnnc_input_ids(g, "next", LEARNING_VOCABULARY);
    rnnc_node *x = rnnc_embedding(l->text, "embed", 6);
    rnnc_node *h = rnnc_unroll(rnnc_cell_lstm(g, "lstm", 6, l->row->hidden),
                               rnnc_dropout(x, 0.1f));
    rnnc_node *y =
        rnnc_linear(rnnc_dropout(h, 0.3f), "out", LEARNING_VOCABULARY);
    l->loss = rnnc_name(rnnc_cross_entropy(y, l->next), "loss");
}

// ---- Data -------------------------------------------------------------------

static void write_texts(learning *l)
{
    uint32_t state = 7;
    for (size_t t = 0; t < 2 * LEARNING_TEXTS; t++)
        for (int32_t i = 0; i <= LEARNING_LONGEST; i++) {
            state = state * 1664525u + 1013904223u;
            int32_t noise = state >> 24 < 40 ? (int32_t)(state >> 16 & 3) : 0;
            l->values[t][i] =
                ((int32_t)t % 3 * 5 + i * 2 + noise) % LEARNING_VOCABULARY;
        }
}

// Texts from `first` on; in windows all of them are as long.
static rnnc_dataset *make_data(learning *l, size_t first)
{
    const int32_t *text[LEARNING_TEXTS], *next[LEARNING_TEXTS];
    int64_t lengths[LEARNING_TEXTS];
    int64_t count = l->row->window > 0 ? LEARNING_ROWS + 1 : LEARNING_TEXTS;
    for (int64_t k = 0; k < count; k++) {
        text[k] = l->values[first + (size_t)k];
        next[k] = text[k] + 1;
        lengths[k] = l->row->window > 0 ? LEARNING_STEPS - k : k * 5 % 17;
    }
    rnnc_dataset *data = rnnc_dataset_create(l->graph);
    rnnc_dataset_ids(data, l->text, text, lengths, count);
    rnnc_dataset_ids(data, l->next, next, lengths, count);
    return data;
}

int32_t learning_fill(void *user, const rnnc_fill_request *request)
{
    enum { WINDOW = 6, WINDOWS = 5 };
    learning *l = user;
    const int32_t *text[LEARNING_ROWS], *next[LEARNING_ROWS];
    int64_t lengths[LEARNING_ROWS];
    uint8_t carried[LEARNING_ROWS];
    if (request->batch == WINDOWS)
        return 0;
    for (int64_t k = 0; k < LEARNING_ROWS; k++) {
        int64_t row = (k + request->epoch) % LEARNING_ROWS;
        text[k] = l->values[row] + request->batch * WINDOW;
        next[k] = text[k] + 1;
        lengths[k] = WINDOW;
        carried[k] = request->batch > 0;
    }
    bool set =
        rnnc_sequence_set_ids(l->in, text, lengths, LEARNING_ROWS) == RNNC_OK &&
        rnnc_sequence_set_ids(l->out, next, lengths, LEARNING_ROWS) ==
            RNNC_OK &&
        rnnc_run_input(request->run, l->text, l->in) == RNNC_OK &&
        rnnc_run_input(request->run, l->next, l->out) == RNNC_OK &&
        rnnc_run_carry(request->run, carried, LEARNING_ROWS) == RNNC_OK;
    return set ? 1 : -1;
}

int32_t learning_once(void *user, const rnnc_fill_request *request)
{
    (void)user;
    return request->batch == 0;
}

// ---- What follows gradients -------------------------------------------------

static void make_schedules(learning *l)
{
    const rnnc_schedule_setting settings[][2] = {
        [RNNC_SCHEDULE_STEP] = {{RNNC_SCHED_PERIOD, 0, 2},
                                {RNNC_SCHED_GAMMA, 0, 0.5}},
        [RNNC_SCHEDULE_EXPONENTIAL] = {{RNNC_SCHED_GAMMA, 0, 0.97},
                                       {RNNC_SCHED_GAMMA, 0, 0.98}},
        [RNNC_SCHEDULE_COSINE] = {{RNNC_SCHED_PERIOD, 0, 9},
                                  {RNNC_SCHED_MIN_RATE, 0, 1e-4}},
        [RNNC_SCHEDULE_ONE_CYCLE] = {{RNNC_SCHED_MAX_RATE, 0, 0.05},
                                     {RNNC_SCHED_ITERATIONS, 0, 500}},
    };
    if (l->row->schedule >= 0)
        l->schedule = rnnc_schedule_create(l->optimizer, l->row->schedule,
                                           settings[l->row->schedule], 2);
    if (l->row->plateau) {
        // Most losses are not so much better.
        const rnnc_schedule_setting strict[] = {{RNNC_SCHED_PATIENCE, 0, 2},
                                                {RNNC_SCHED_FACTOR, 0, 0.9},
                                                {RNNC_SCHED_THRESHOLD, 0, 0.3}};
        l->plateau = rnnc_schedule_create(l->optimizer, RNNC_SCHEDULE_PLATEAU,
                                          strict, 3);
    }
}

static void make_optimizer(learning *l)
{
    l->weights = rnnc_weights_create(l->graph, 3);
    l->optimizer = rnnc_optimizer_create(l->weights, l->row->optimizer);
    rnnc_optimizer_set(l->optimizer, RNNC_OPT_LEARNING_RATE, 0.02);
    if (l->row->momentum > 0)
        rnnc_optimizer_set(l->optimizer, RNNC_OPT_MOMENTUM, l->row->momentum);
    if (l->row->optimizer == RNNC_ASGD)
        rnnc_optimizer_set(l->optimizer, RNNC_OPT_T0, 4);
    make_schedules(l);
    if (l->row->average)
        l->average =
            rnnc_average_create(l->weights, RNNC_AVERAGE_EXPONENTIAL, 0.8);
}

// ---- The whole --------------------------------------------------------------

void learning_make(learning *l, const learning_row *row, rnnc_context *context,
                   int32_t threads)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = threads};
    *l = (learning){.row = row, .context = context};
    if (context == NULL)
        l->context = rnnc_context_create(&options);
    describe(l);
    write_texts(l);
    make_optimizer(l);
    l->in = rnnc_sequence_create(l->context);
    l->out = rnnc_sequence_create(l->context);
    if (!row->fill)
        l->data = make_data(l, 0);
    if (row->held_out)
        l->held_out = make_data(l, LEARNING_TEXTS);
    l->options =
        (rnnc_trainer_options){.struct_size = sizeof l->options,
                               .order = row->order,
                               .data = l->data,
                               .held_out = l->held_out,
                               .epochs = 4,
                               .batch = 4,
                               .window = row->window,
                               .accumulate = row->accumulate,
                               .clip_norm = 0.7,
                               .seed = 0x123456789abcdefu,
                               .schedule = l->schedule,
                               .plateau = l->plateau,
                               .average = l->average,
                               .schedule_every = row->schedule_every,
                               .validate_every = row->validate_every,
                               .fill = row->fill ? learning_fill : NULL,
                               .user = l};
}

rnnc_status learning_trainer(learning *l)
{
    const rnnc_status made[] = {
        rnnc_graph_status(l->graph),
        rnnc_optimizer_status(l->optimizer),
        l->row->schedule < 0 ? RNNC_OK : rnnc_schedule_status(l->schedule),
        l->row->plateau ? rnnc_schedule_status(l->plateau) : RNNC_OK,
        l->row->average ? rnnc_average_status(l->average) : RNNC_OK,
        l->row->fill ? RNNC_OK : rnnc_dataset_status(l->data),
        l->row->held_out ? rnnc_dataset_status(l->held_out) : RNNC_OK};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        if (made[i] != RNNC_OK)
            return made[i];
    l->trainer = rnnc_trainer_create(l->optimizer, l->loss, &l->options);
    return rnnc_trainer_status(l->trainer);
}

// In an order that leaves to the trainer what it holds.
void learning_free(learning *l)
{
    rnnc_dataset_destroy(l->data);
    rnnc_dataset_destroy(l->held_out);
    rnnc_schedule_destroy(l->schedule);
    rnnc_schedule_destroy(l->plateau);
    rnnc_average_destroy(l->average);
    rnnc_optimizer_destroy(l->optimizer);
    rnnc_weights_destroy(l->weights);
    rnnc_trainer_destroy(l->trainer);
    rnnc_sequence_destroy(l->in);
    rnnc_sequence_destroy(l->out);
    rnnc_graph_destroy(l->graph);
    rnnc_context_destroy(l->context);
}

void learning_assert_status(const rnnc_trainer *trainer, rnnc_status status,
                            const char *words)
{
    const char *message = rnnc_trainer_message(trainer);
    if (rnnc_trainer_status(trainer) != status ||
        strstr(message, words) == NULL)
        fail_msg("%d, \"%s\"; expected %d, \"%s\"",
                 (int)rnnc_trainer_status(trainer), message, (int)status,
                 words);
}

// ---- Comparing --------------------------------------------------------------

bool learning_same_weights(const rnnc_weights *a, const rnnc_weights *b)
{
    const rnnc_graph *graph = rnnc_weights_graph(a);
    bool same = true;
    int32_t count = rnnc_graph_parameter_count(graph);
    for (int32_t p = 0; same && p < count; p++) {
        const char *name = rnnc_node_name(rnnc_graph_parameter(graph, p));
        int64_t floats = rnnc_weights_count(a, name);
        float *x = calloc((size_t)floats, sizeof *x);
        float *y = calloc((size_t)floats, sizeof *y);
        same = x != NULL && y != NULL &&
               rnnc_weights_get(a, name, x, floats) == RNNC_OK &&
               rnnc_weights_get(b, name, y, floats) == RNNC_OK &&
               memcmp(x, y, (size_t)floats * sizeof *x) == 0;
        free(x);
        free(y);
    }
    return same;
}

// An entry as bytes; the caller frees them.
static void *bytes_of(const rnnc_record *record, int32_t i, size_t *size)
{
    const char *name = rnnc_record_name(record, i);
    int64_t count = rnnc_record_size(record, i);
    bool floats = rnnc_record_type(record, i) == RNNC_RECORD_FLOATS;
    *size = (size_t)count * (floats ? sizeof(float) : sizeof(double));
    void *bytes = calloc(*size + 1, 1);
    if (bytes != NULL && floats)
        rnnc_record_get_floats(record, name, bytes, count);
    else if (bytes != NULL)
        rnnc_record_get_numbers(record, name, bytes, count);
    return bytes;
}

static bool same_entry(const rnnc_record *a, const rnnc_record *b, int32_t i)
{
    int32_t j = rnnc_record_find(b, rnnc_record_name(a, i));
    size_t n = 0, m = 0;
    void *x = bytes_of(a, i, &n), *y = j < 0 ? NULL : bytes_of(b, j, &m);
    bool same = x != NULL && y != NULL && n == m && memcmp(x, y, n) == 0;
    free(x);
    free(y);
    return same;
}

bool learning_same(learning *a, learning *b)
{
    rnnc_record *x = rnnc_record_create(NULL), *y = rnnc_record_create(NULL);
    bool same = rnnc_trainer_save(a->trainer, x) == RNNC_OK &&
                rnnc_trainer_save(b->trainer, y) == RNNC_OK &&
                rnnc_record_count(x) == rnnc_record_count(y) &&
                rnnc_record_count(x) > 20 &&
                learning_same_weights(a->weights, b->weights);
    for (int32_t i = 0; same && i < rnnc_record_count(x); i++)
        same = same_entry(x, y, i);
    rnnc_record_destroy(x);
    rnnc_record_destroy(y);
    return same;
}
