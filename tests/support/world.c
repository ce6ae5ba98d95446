// SPDX-License-Identifier: MIT
#include "support/world.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const float world_floats[128] = {
    0.5f, -0.25f, 1,     0.125f, -1,    0.75f, 0.3f, -0.6f, 0.9f, -0.1f, 0.2f,
    0.4f, -0.8f,  0.15f, 0.35f,  -0.5f, 0.25f, 0.6f, -0.7f, 0.8f, 0.1f,  0.05f};
const int32_t world_ids[128] = {0, 2, 1, 1, 0, 2, 1, 2, 0, 1};

#define GOOD(call) assert_int_equal(call, RNNC_OK)

// ---- The description -------------------------------------------------------

static void describe_cells(world *w)
{
    w->there = rnnc_cell_rnn(w->graph, "there", WORLD_IN, WORLD_UNITS);
    w->back = rnnc_cell_rnn(w->graph, "back", WORLD_IN, WORLD_UNITS);
    w->open = rnnc_cell_create(w->graph, "open");
    w->open_x = rnnc_cell_input(w->open, WORLD_IN);
    w->open_h = rnnc_cell_state(w->open, "h", WORLD_IN);
}

static void describe(world *w)
{
    rnnc_graph *g = w->graph = rnnc_graph_create(w->context);
    w->x = rnnc_input_rows(g, "x", WORLD_IN);
    w->next = rnnc_input_ids(g, "next", WORLD_CLASSES);
    w->b = rnnc_input_batch(g, "b", WORLD_IN);
    w->label = rnnc_input_batch_ids(g, "label", WORLD_IN);
    w->s = rnnc_input_static(g, "s", 1, WORLD_IN);
    w->other = rnnc_input_rows_on(g, "source", "other", WORLD_IN);
    describe_cells(w);
    rnnc_node *in = rnnc_add(rnnc_add(w->x, rnnc_repeat(w->b, w->x)), w->s);
    w->h = rnnc_unroll(rnnc_cell_lstm(g, "lstm", WORLD_IN, WORLD_UNITS), in);
    w->y = rnnc_name(rnnc_linear(w->h, "out", WORLD_CLASSES), "y");
    w->mean = rnnc_pool(w->y, RNNC_POOL_MEAN);
    w->weight = rnnc_graph_node(g, "out.weight");
    w->bias = rnnc_graph_node(g, "out.bias");
    rnnc_node *guess = rnnc_slice(w->mean, 0, WORLD_IN);
    w->loss = rnnc_add(rnnc_cross_entropy(w->y, w->next),
                       rnnc_cross_entropy(guess, w->label));
    assert_string_equal(rnnc_graph_message(g), "");
    w->weights = rnnc_weights_create(g, 7);
    GOOD(rnnc_weights_status(w->weights));
}

static rnnc_plan *plan(world *w, int32_t use)
{
    rnnc_node *outputs[] = {w->y, w->mean};
    rnnc_node *gradients[] = {w->x, w->b, w->s};
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = use,
                                 .outputs = outputs,
                                 .n_outputs = 2};
    if (use == RNNC_TRAIN) {
        options.loss = w->loss;
        options.gradients = gradients;
        options.n_gradients = 3;
    }
    rnnc_plan *made = rnnc_plan_create(w->graph, &options);
    GOOD(rnnc_plan_status(made));
    return made;
}

// ---- What runs -------------------------------------------------------------

static rnnc_sequence *sequence(world *w, int64_t features, int64_t time)
{
    const int64_t lengths[] = {time, time - 1};
    rnnc_sequence *made = rnnc_sequence_create(w->context);
    if (features > 0)
        GOOD(rnnc_sequence_set_padded(made, world_floats, lengths, WORLD_BATCH,
                                      time, features, RNNC_BATCH_MAJOR));
    else
        GOOD(rnnc_sequence_set_padded_ids(made, world_ids, lengths, WORLD_BATCH,
                                          time, RNNC_BATCH_MAJOR));
    return made;
}

static rnnc_run *run(world *w)
{
    rnnc_run *made = rnnc_run_create(w->train, w->weights);
    GOOD(rnnc_run_input(made, w->x, w->rows));
    GOOD(rnnc_run_input(made, w->next, w->ids));
    GOOD(rnnc_run_input_batch(made, w->b, world_floats, WORLD_BATCH));
    GOOD(rnnc_run_input_batch_ids(made, w->label, world_ids, WORLD_BATCH));
    GOOD(rnnc_run_input_static(made, w->s, world_floats));
    return made;
}

static rnnc_stream *stream(world *w)
{
    rnnc_stream *made = rnnc_stream_create(w->steps, w->weights, WORLD_BATCH);
    GOOD(rnnc_stream_input_batch(made, w->b, world_floats));
    GOOD(rnnc_stream_input_static(made, w->s, world_floats));
    GOOD(rnnc_stream_chunk_input(made, w->x, w->rows));
    return made;
}

static void make_sequences(world *w)
{
    w->rows = sequence(w, WORLD_IN, WORLD_TIME);
    w->ids = sequence(w, 0, WORLD_TIME);
    w->long_rows = sequence(w, WORLD_IN, 2 * WORLD_TIME);
    w->empty = rnnc_sequence_create(w->context);
}

// Streams are left with an older version of the weights than the newest.
static void make_runs(world *w)
{
    w->train = plan(w, RNNC_TRAIN);
    w->steps = plan(w, RNNC_STREAM);
    w->begun = stream(w);
    w->waiting = stream(w);
    GOOD(rnnc_stream_step(w->begun));
    GOOD(rnnc_weights_set(w->weights, "out.bias", world_floats, WORLD_CLASSES));
    w->fresh = run(w);
    w->forward = run(w);
    w->run = run(w);
    GOOD(rnnc_run_forward(w->run));
    GOOD(rnnc_run_backward(w->run));
    w->stepped = rnnc_optimizer_create(w->weights, RNNC_ASGD);
    GOOD(rnnc_optimizer_step(w->stepped));
    GOOD(rnnc_run_forward(w->forward));
}

static void make_reference(world *w)
{
    w->reference = rnnc_reference_create(w->weights);
    GOOD(rnnc_reference_input(w->reference, w->x, w->rows));
    GOOD(rnnc_reference_input(w->reference, w->next, w->ids));
    GOOD(rnnc_reference_input_batch(w->reference, w->b, world_floats,
                                    WORLD_BATCH));
    GOOD(rnnc_reference_input_batch_ids(w->reference, w->label, world_ids,
                                        WORLD_BATCH));
    GOOD(rnnc_reference_input_static(w->reference, w->s, world_floats));
}

// ---- What trains -----------------------------------------------------------

static void make_training(world *w)
{
    const rnnc_schedule_setting gamma = {RNNC_SCHED_GAMMA, 0, 0.5};
    int32_t group;
    w->spare = rnnc_weights_copy(w->weights);
    w->optimizer = rnnc_optimizer_create(w->weights, RNNC_ADAM);
    GOOD(rnnc_optimizer_add_group(w->optimizer, "out.*", &group));
    w->schedule = rnnc_schedule_create(w->optimizer, RNNC_SCHEDULE_EXPONENTIAL,
                                       &gamma, 1);
    w->plateau =
        rnnc_schedule_create(w->stepped, RNNC_SCHEDULE_PLATEAU, NULL, 0);
    GOOD(rnnc_schedule_status(w->schedule));
    GOOD(rnnc_schedule_status(w->plateau));
    w->average = rnnc_average_create(w->spare, RNNC_AVERAGE_EQUAL, 0);
    GOOD(rnnc_average_update(w->average));
}

static void make_dataset(world *w)
{
    const float *rows[] = {world_floats, world_floats + 3};
    const int32_t *ids[] = {world_ids, world_ids + 1};
    const int64_t lengths[] = {WORLD_TIME, WORLD_TIME - 1};
    rnnc_dataset *d = w->dataset = rnnc_dataset_create(w->graph);
    GOOD(rnnc_dataset_rows(d, w->x, rows, lengths, 2));
    GOOD(rnnc_dataset_ids(d, w->next, ids, lengths, 2));
    GOOD(rnnc_dataset_batch(d, w->b, world_floats, 2));
    GOOD(rnnc_dataset_batch_ids(d, w->label, world_ids, 2));
}

static void make_records(world *w)
{
    const double numbers[] = {1, 2, 3};
    w->record = rnnc_record_create(w->context);
    w->empty_record = rnnc_record_create(w->context);
    w->states = rnnc_record_create(w->context);
    w->course = rnnc_record_create(w->context);
    w->averages = rnnc_record_create(w->context);
    GOOD(rnnc_record_set_floats(w->record, "f", world_floats, 3));
    GOOD(rnnc_record_set_numbers(w->record, "n", numbers, 3));
    GOOD(rnnc_optimizer_save(w->stepped, w->states));
    GOOD(rnnc_schedule_save(w->schedule, w->course));
    GOOD(rnnc_average_save(w->average, w->averages));
}

static void make_file(world *w)
{
    GOOD(rnnc_model_save_memory(w->weights, NULL, 0, &w->file_size));
    w->file = malloc(w->file_size);
    GOOD(rnnc_model_save_memory(w->weights, w->file, w->file_size,
                                &w->file_size));
    w->model = rnnc_model_load_memory(w->context, w->file, w->file_size);
    GOOD(rnnc_model_status(w->model));
    w->import = rnnc_import_create(w->context);
    GOOD(rnnc_import_map(w->import, "out.bias", "out.bias", NULL));
    GOOD(rnnc_import_allow(w->import, 1, 1));
    GOOD(rnnc_import_load_memory(w->import, w->spare, w->file, w->file_size));
    world_make_files(w);
}

static rnnc_trainer *trainer(world *w, const char *folder)
{
    const rnnc_trainer_options options = {.struct_size = sizeof options,
                                          .data = w->dataset,
                                          .held_out = w->dataset,
                                          .steps = 2,
                                          .batch = 1,
                                          .checkpoints = folder};
    rnnc_trainer *made = rnnc_trainer_create(w->plain, w->loss, &options);
    GOOD(rnnc_trainer_status(made));
    rnnc_run *runs[] = {rnnc_trainer_run(made),
                        rnnc_trainer_held_out_run(made)};
    for (int k = 0; k < 2; k++)
        GOOD(rnnc_run_input_static(runs[k], w->s, world_floats));
    return made;
}

static void make_trainers(world *w)
{
    w->plain = rnnc_optimizer_create(w->weights, RNNC_SGD);
    w->trainer = trainer(w, NULL);
    w->saving = trainer(w, w->kept);
    w->resuming = trainer(w, w->resumed);
    world_make_resumed(w);
    w->training = rnnc_record_create(w->context);
    GOOD(rnnc_trainer_save(w->trainer, w->training));
}

world *world_create(world_size size)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    fault_arm(&w->fault, -1, false);
    w->floats = (float *)w->room;
    w->numbers = (int32_t *)w->room;
    w->text = (char *)w->room;
    w->context = fault_context(&w->fault, 2);
    describe(w);
    if (size == WORLD_DESCRIBED)
        return w;
    make_sequences(w);
    make_runs(w);
    make_reference(w);
    make_training(w);
    make_dataset(w);
    make_records(w);
    if (size >= WORLD_FILES)
        make_file(w);
    if (size >= WORLD_TRAINING)
        make_trainers(w);
    return w;
}

// ---- Letting go ------------------------------------------------------------

static void destroy_new(world *w)
{
    rnnc_context_destroy(w->new_context);
    rnnc_graph_destroy(w->new_graph);
    rnnc_weights_destroy(w->new_weights);
    rnnc_plan_destroy(w->new_plan);
    rnnc_run_destroy(w->new_run);
    rnnc_stream_destroy(w->new_stream);
    rnnc_optimizer_destroy(w->new_optimizer);
    rnnc_schedule_destroy(w->new_schedule);
    rnnc_average_destroy(w->new_average);
    rnnc_record_destroy(w->new_record);
    rnnc_reference_destroy(w->new_reference);
    rnnc_import_destroy(w->new_import);
    rnnc_sequence_destroy(w->new_sequence);
    rnnc_model_destroy(w->new_model);
    rnnc_checkpoints_destroy(w->new_checkpoints);
    rnnc_dataset_destroy(w->new_dataset);
    rnnc_trainer_destroy(w->new_trainer);
}

static void destroy_training(world *w)
{
    rnnc_trainer_destroy(w->trainer);
    rnnc_trainer_destroy(w->saving);
    rnnc_trainer_destroy(w->resuming);
    rnnc_dataset_destroy(w->dataset);
    rnnc_schedule_destroy(w->schedule);
    rnnc_schedule_destroy(w->plateau);
    rnnc_optimizer_destroy(w->optimizer);
    rnnc_optimizer_destroy(w->stepped);
    rnnc_optimizer_destroy(w->plain);
    rnnc_average_destroy(w->average);
    rnnc_weights_destroy(w->spare);
    rnnc_record_destroy(w->record);
    rnnc_record_destroy(w->empty_record);
    rnnc_record_destroy(w->states);
    rnnc_record_destroy(w->course);
    rnnc_record_destroy(w->averages);
    rnnc_record_destroy(w->training);
}

static void destroy_runs(world *w)
{
    rnnc_stream_destroy(w->begun);
    rnnc_stream_destroy(w->waiting);
    rnnc_run_destroy(w->fresh);
    rnnc_run_destroy(w->forward);
    rnnc_run_destroy(w->run);
    rnnc_plan_destroy(w->train);
    rnnc_plan_destroy(w->steps);
    rnnc_sequence_destroy(w->rows);
    rnnc_sequence_destroy(w->ids);
    rnnc_sequence_destroy(w->long_rows);
    rnnc_sequence_destroy(w->empty);
}

void world_destroy(world *w)
{
    destroy_new(w);
    destroy_training(w);
    destroy_runs(w);
    rnnc_reference_destroy(w->reference);
    rnnc_import_destroy(w->import);
    rnnc_model_destroy(w->model);
    rnnc_checkpoints_destroy(w->checkpoints);
    rnnc_weights_destroy(w->weights);
    rnnc_graph_destroy(w->graph);
    rnnc_context_destroy(w->context);
    free(w->file);
    world_remove_files(w);
    if (w->fault.live != 0)
        fail_msg("%lld blocks lost", (long long)w->fault.live);
    free(w);
}
