// SPDX-License-Identifier: MIT
// One of everything, small, so that any public function can be called; and a
// number that tells whether anything in it has changed.
#ifndef RNNC_TEST_WORLD_H
#define RNNC_TEST_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnnc/rnnc.h"
#include "support/fault.h"

enum {
    WORLD_IN = 3,
    WORLD_UNITS = 4,
    WORLD_CLASSES = 5,
    WORLD_BATCH = 2,
    WORLD_TIME = 3,
    WORLD_ROOM = 256
};

typedef struct world {
    fault fault;
    rnnc_context *context;
    rnnc_graph *graph;
    // Inputs: rows, ids, batch rows, batch ids, static; and a second axis.
    rnnc_node *x, *next, *b, *label, *s, *other;
    rnnc_node *h, *y, *mean, *loss, *weight, *bias;
    // Half a description, to be gone on with.
    rnnc_cell *open, *there, *back;
    rnnc_node *open_x, *open_h;
    rnnc_weights *weights;

    // What follows is there in a whole world.
    rnnc_weights *spare;
    rnnc_plan *train, *steps;
    rnnc_run *fresh, *forward, *run; // set; forward; forward and backward
    rnnc_stream *begun, *waiting;    // after a step; before the first
    rnnc_optimizer *optimizer, *stepped, *plain; // the last of the trainers
    rnnc_schedule *schedule, *plateau;
    rnnc_average *average;
    rnnc_record *record, *empty_record, *states, *course, *averages;
    rnnc_dataset *dataset;
    rnnc_reference *reference;
    rnnc_sequence *rows, *ids, *long_rows, *empty;
    // And this in a world with files.
    rnnc_model *model;
    rnnc_import *import;
    rnnc_checkpoints *checkpoints; // of `folder`, which has one of step 1
    char folder[64], path[96], new_path[96]; // a model file, and no file
    char kept[96], resumed[96];              // folders of the trainers
    unsigned char *file;                     // what is in `path`
    size_t file_size;

    // Trainers are in a training world alone.
    rnnc_trainer *trainer, *saving, *resuming; // the last two have folders
    rnnc_record *training;

    // What a call makes, and where it writes to.
    rnnc_context *new_context;
    rnnc_graph *new_graph;
    rnnc_weights *new_weights;
    rnnc_plan *new_plan;
    rnnc_run *new_run;
    rnnc_stream *new_stream;
    rnnc_optimizer *new_optimizer;
    rnnc_schedule *new_schedule;
    rnnc_average *new_average;
    rnnc_record *new_record;
    rnnc_reference *new_reference;
    rnnc_import *new_import;
    rnnc_sequence *new_sequence;
    rnnc_model *new_model;
    rnnc_checkpoints *new_checkpoints;
    rnnc_dataset *new_dataset;
    rnnc_trainer *new_trainer;
    double room[WORLD_ROOM];
    float *floats; // all three are `room`
    int32_t *numbers;
    char *text;
} world;

// Values that calls may be given; all of them are in range.
extern const float world_floats[128];
extern const int32_t world_ids[128];

// How much of it there is.
typedef enum world_size {
    WORLD_DESCRIBED,
    WORLD_WHOLE,
    WORLD_FILES,
    WORLD_TRAINING
} world_size;

// All calls must go well.
world *world_create(world_size size);
void world_destroy(world *w);

// The folder of a world, and a handle on it.
void world_make_files(world *w);
// A checkpoint of a trainer, in w->resumed.
void world_make_resumed(world *w);
void world_remove_files(const world *w);

// Of all that the public face tells about everything that was not made by a
// call; `results` includes what a call has written.
uint64_t world_fingerprint(world *w, bool results);

#endif
