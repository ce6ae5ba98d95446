// SPDX-License-Identifier: MIT
// A number that depends on everything which a world shows.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/world.h"

typedef struct print {
    uint64_t hash; // FNV-1a
    double room[WORLD_ROOM];
} print;

static void mix(print *p, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        p->hash = (p->hash ^ at[i]) * 0x100000001b3u;
}

static void mix_number(print *p, int64_t number)
{
    mix(p, &number, sizeof number);
}

// What a call that may be refused has written, word by word.
static void mix_room(print *p, rnnc_status status)
{
    mix_number(p, status);
    for (size_t i = 0; status == RNNC_OK && i < WORLD_ROOM; i++) {
        uint64_t word;
        memcpy(&word, p->room + i, sizeof word);
        p->hash = (p->hash ^ word) * 0x100000001b3u;
        p->hash ^= p->hash >> 29;
    }
    memset(p->room, 0, sizeof p->room);
}

static void mix_weights(print *p, const rnnc_weights *weights)
{
    const rnnc_graph *graph = rnnc_weights_graph(weights);
    float *room = (float *)p->room;
    mix_number(p, (int64_t)rnnc_weights_version(weights));
    for (int32_t i = 0; i < rnnc_graph_parameter_count(graph); i++) {
        const char *name = rnnc_node_name(rnnc_graph_parameter(graph, i));
        const int64_t count = rnnc_weights_count(weights, name);
        mix_room(p, rnnc_weights_get(weights, name, room, count));
        mix_room(p, rnnc_weights_gradient(weights, name, room, count));
        mix_number(p, rnnc_weights_storage(weights, name));
    }
}

static void mix_run(print *p, const world *w, const rnnc_run *run)
{
    float *room = (float *)p->room;
    const int64_t time = 2 * WORLD_TIME;
    if (run == NULL)
        return;
    mix_number(p, rnnc_run_batch(run));
    mix_room(p, rnnc_run_loss(run, room));
    mix_room(p, rnnc_run_get_padded(run, w->y, room, time, 0, 0));
    mix_room(p, rnnc_run_get_batch(run, w->mean, room));
    mix_room(p, rnnc_run_gradient_padded(run, w->x, room, time, 0, 0));
    mix_room(p, rnnc_run_gradient_batch(run, w->b, room));
    mix_room(p, rnnc_run_gradient_static(run, w->s, room));
}

static void mix_stream(print *p, const world *w, rnnc_stream *stream)
{
    float *room = (float *)p->room;
    if (stream == NULL)
        return;
    for (int64_t row = 0; row < WORLD_BATCH; row++)
        mix_room(p, rnnc_stream_state_get(stream, row, room));
    const float *y = rnnc_stream_out(stream, w->y);
    if (stream == w->begun) // before a step there is no output
        mix(p, y, WORLD_BATCH * WORLD_CLASSES * sizeof *y);
    mix_room(p, rnnc_stream_chunk_padded(stream, w->y, room, 2 * WORLD_TIME,
                                         RNNC_BATCH_MAJOR, 0));
}

static void mix_record(print *p, const rnnc_record *record)
{
    for (int32_t i = 0; record && i < rnnc_record_count(record); i++) {
        const char *name = rnnc_record_name(record, i);
        const int64_t size = rnnc_record_size(record, i);
        assert_in_range(size, 0, WORLD_ROOM);
        mix(p, name, strlen(name));
        mix_room(p, rnnc_record_type(record, i) == RNNC_RECORD_FLOATS
                        ? rnnc_record_get_floats(record, name, (float *)p->room,
                                                 size)
                        : rnnc_record_get_numbers(record, name, p->room, size));
    }
}

static void mix_optimizer(print *p, const world *w, rnnc_optimizer *optimizer)
{
    double *room = p->room;
    if (optimizer == NULL)
        return;
    rnnc_record *record = rnnc_record_create(w->context);
    mix_number(p, rnnc_optimizer_save(optimizer, record));
    mix_record(p, record);
    rnnc_record_destroy(record);
    for (int32_t group = 0; group < rnnc_optimizer_groups(optimizer); group++)
        for (int32_t k = 0; k <= RNNC_OPT_NONMONOTONE; k++)
            mix_room(p, rnnc_optimizer_get_in_group(optimizer, group, k, room));
}

static void mix_trainer(print *p, const world *w, rnnc_trainer *trainer)
{
    if (trainer == NULL)
        return;
    rnnc_record *record = rnnc_record_create(w->context);
    mix_number(p, rnnc_trainer_save(trainer, record));
    mix_record(p, record);
    rnnc_record_destroy(record);
    mix_number(p, rnnc_trainer_steps(trainer));
}

static void mix_training(print *p, const world *w)
{
    mix_optimizer(p, w, w->optimizer);
    mix_optimizer(p, w, w->stepped);
    mix_number(p, rnnc_schedule_count(w->schedule));
    mix_number(p, rnnc_schedule_count(w->plateau));
    mix_number(p, rnnc_average_count(w->average));
    if (w->average)
        mix_weights(p, rnnc_average_weights(w->average));
    mix_record(p, w->record);
    mix_record(p, w->empty_record);
    mix_record(p, w->states);
    mix_record(p, w->course);
    mix_record(p, w->averages);
    mix_trainer(p, w, w->trainer);
    mix_trainer(p, w, w->resuming);
}

static void mix_sequence(print *p, const rnnc_sequence *sequence)
{
    mix_number(p, rnnc_sequence_batch(sequence));
    mix_number(p, rnnc_sequence_features(sequence));
    for (int64_t row = 0; row < rnnc_sequence_batch(sequence); row++) {
        mix_number(p, rnnc_sequence_length(sequence, row));
        mix_room(p, rnnc_sequence_features(sequence) > 0
                        ? rnnc_sequence_get_row(sequence, row, (float *)p->room)
                        : rnnc_sequence_get_row_ids(sequence, row,
                                                    (int32_t *)p->room));
    }
}

static void mix_graph(print *p, const rnnc_graph *graph)
{
    if (graph == NULL)
        return;
    mix_number(p, rnnc_graph_status(graph));
    mix_number(
        p, (int64_t)rnnc_graph_picture(graph, (char *)p->room, sizeof p->room));
    mix_room(p, RNNC_OK);
}

static void mix_lists(print *p, const rnnc_import *import)
{
    for (int32_t list = 0; list <= RNNC_IMPORT_MISFIT; list++)
        mix_number(p, import ? rnnc_import_count(import, list) : 0);
}

uint64_t world_fingerprint(world *w, bool results)
{
    static print p;
    memset(&p, 0, sizeof p);
    p.hash = 0xcbf29ce484222325u;
    mix_graph(&p, w->graph);
    if (w->weights)
        mix_weights(&p, w->weights);
    if (w->spare)
        mix_weights(&p, w->spare);
    mix_run(&p, w, w->fresh);
    mix_run(&p, w, w->forward);
    mix_run(&p, w, w->run);
    mix_stream(&p, w, w->begun);
    mix_stream(&p, w, w->waiting);
    mix_training(&p, w);
    mix_sequence(&p, w->rows);
    mix_sequence(&p, w->empty);
    mix_lists(&p, w->import);
    if (w->reference)
        mix_room(&p, rnnc_reference_value(w->reference, w->loss, p.room, 1));
    if (results)
        mix(&p, w->room, sizeof w->room);
    return p.hash;
}
