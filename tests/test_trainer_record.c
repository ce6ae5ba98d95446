// SPDX-License-Identifier: MIT
// A trainer into a record and back: what belongs to another training is refused
// with what both have, and then nothing has changed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/fault.h"
#include "support/folder.h"
#include "support/learning.h"

// With one of everything that is saved.
static const learning_row full = {.name = "full",
                                  .hidden = 5,
                                  .optimizer = RNNC_ADAM,
                                  .window = 5,
                                  .order = RNNC_ORDER_GIVEN,
                                  .schedule = RNNC_SCHEDULE_COSINE,
                                  .plateau = true,
                                  .average = true,
                                  .held_out = true};

// Trained to the middle of a batch that is read in windows.
static void make_trained(learning *l, const learning_row *row)
{
    learning_make(l, row, NULL, 1);
    l->options.steps = 10;
    assert_int_equal(learning_trainer(l), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l->trainer), RNNC_OK);
}

// What a training of full has written.
static rnnc_record *saved_of(const learning_row *row)
{
    learning l;
    rnnc_record *record = rnnc_record_create(NULL);
    make_trained(&l, row);
    assert_int_equal(rnnc_trainer_save(l.trainer, record), RNNC_OK);
    learning_free(&l);
    return record;
}

// ---- Calls that make no sense -----------------------------------------------

static void no_record_and_no_folder_are_refused(void **state)
{
    (void)state;
    learning l;
    learning_make(&l, &full, NULL, 1);
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(rnnc_trainer_save(l.trainer, NULL), RNNC_E_ARGUMENT);
    learning_assert_status(l.trainer, RNNC_E_ARGUMENT, "record is NULL");
    assert_int_equal(rnnc_trainer_restore(l.trainer, NULL), RNNC_E_ARGUMENT);
    learning_assert_status(l.trainer, RNNC_E_ARGUMENT, "record is NULL");
    assert_int_equal(rnnc_trainer_resume(l.trainer), RNNC_E_STATE);
    learning_assert_status(l.trainer, RNNC_E_STATE, "name no folder");
    assert_int_equal(rnnc_trainer_checkpoint(l.trainer), RNNC_E_STATE);
    learning_assert_status(l.trainer, RNNC_E_STATE, "name no folder");
    assert_int_equal(rnnc_trainer_save(NULL, NULL), RNNC_E_MEMORY);
    assert_int_equal(rnnc_trainer_restore(NULL, NULL), RNNC_E_MEMORY);
    assert_int_equal(rnnc_trainer_resume(NULL), RNNC_E_MEMORY);
    assert_int_equal(rnnc_trainer_checkpoint(NULL), RNNC_E_MEMORY);
    rnnc_trainer_destroy(l.trainer);
    l.options.checkpoints = "";
    assert_int_equal(learning_trainer(&l), RNNC_E_ARGUMENT);
    learning_free(&l);
}

// An entry that is there already and cannot hold a trainer's.
static void a_record_with_another_entry_stays_as_it_is(void **state)
{
    (void)state;
    static const char *const names[] = {"trainer/step", "optimizer/kind",
                                        "trainer/states",
                                        "plateau.schedule/kind"};
    const float values[] = {1, 2, 3};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        learning l;
        rnnc_record *record = rnnc_record_create(NULL);
        make_trained(&l, &full);
        assert_int_equal(rnnc_record_set_floats(record, names[k], values, 3),
                         RNNC_OK);
        assert_int_equal(rnnc_trainer_save(l.trainer, record), RNNC_E_SHAPE);
        learning_assert_status(l.trainer, RNNC_E_SHAPE, names[k]);
        assert_non_null(strstr(rnnc_trainer_message(l.trainer),
                               "holds 3 floats, expected "));
        assert_int_equal(rnnc_record_count(record), 1);
        rnnc_record_destroy(record);
        learning_free(&l);
    }
}

// ---- There and back ---------------------------------------------------------

static void a_record_brings_everything_back(void **state)
{
    (void)state;
    learning a, b;
    rnnc_record *record = rnnc_record_create(NULL);
    make_trained(&a, &full);
    assert_int_equal(rnnc_trainer_save(a.trainer, record), RNNC_OK);
    assert_in_range(rnnc_record_find(record, "trainer/states"), 0, 10000);
    make_trained(&b, &full);
    b.options.steps = 0;
    rnnc_trainer_destroy(b.trainer);
    assert_int_equal(learning_trainer(&b), RNNC_OK);
    assert_int_equal(rnnc_trainer_restore(b.trainer, record), RNNC_OK);
    assert_int_equal(rnnc_trainer_steps(b.trainer), 10);
    assert_true(learning_same(&a, &b));
    rnnc_record_destroy(record);
    learning_free(&a);
    learning_free(&b);
}

// Of whatever noun they seem to be.
static void entries_of_others_are_left_alone(void **state)
{
    (void)state;
    const float values[] = {1, 2, 3};
    learning a, b;
    rnnc_record *record = saved_of(&full);
    rnnc_record_set_floats(record, "plateau.of somebody", values, 3);
    rnnc_record_set_floats(record, "mine", values, 3);
    make_trained(&a, &full);
    make_trained(&b, &full);
    assert_int_equal(rnnc_trainer_restore(a.trainer, record), RNNC_OK);
    assert_true(learning_same(&a, &b));
    rnnc_record_destroy(record);
    learning_free(&a);
    learning_free(&b);
}

// ---- Another training -------------------------------------------------------

// The record is refused with these words; the trainer stays as a like one is.
static void assert_refused(learning *l, const rnnc_record *record,
                           rnnc_status status, const char *words)
{
    learning like;
    make_trained(&like, l->row);
    assert_int_equal(rnnc_trainer_restore(l->trainer, record), status);
    learning_assert_status(l->trainer, status, words);
    assert_true(learning_same(l, &like));
    learning_free(&like);
}

typedef struct unlike {
    const char *words;
    int64_t batch, window, validate_every;
    int32_t accumulate, order;
    uint64_t seed;
    bool unmeasured;
} unlike;

static void options_of_another_training_are_told_with_both_values(void **state)
{
    (void)state;
    static const unlike table[] = {
        {.words = "\"trainer/batch_size\" is 4, here it is 3", .batch = 3},
        {.words = "\"trainer/window_size\" is 5, here it is 6", .window = 6},
        {.words = "\"trainer/accumulate\" is 1, here it is 2", .accumulate = 2},
        {.words = "\"trainer/order\" is 2, here it is 1",
         .order = RNNC_ORDER_SHUFFLED},
        {.words = "\"trainer/seed_low\" is ", .seed = 1},
        {.words = "\"trainer/validate_every\" is 0, here it is 7",
         .validate_every = 7},
        {.words = "\"trainer/measures\" is 1, here it is 0",
         .unmeasured = true},
    };
    rnnc_record *record = saved_of(&full);
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        const unlike *u = &table[k];
        learning l;
        learning_make(&l, &full, NULL, 1);
        rnnc_trainer_options *o = &l.options;
        o->batch = u->batch > 0 ? u->batch : o->batch;
        o->window = u->window > 0 ? u->window : o->window;
        o->accumulate = u->accumulate;
        o->order = u->order > 0 ? u->order : o->order;
        o->seed = u->seed > 0 ? u->seed : o->seed;
        o->validate_every = u->validate_every;
        o->held_out = u->unmeasured ? NULL : o->held_out;
        assert_int_equal(learning_trainer(&l), RNNC_OK);
        assert_int_equal(rnnc_trainer_restore(l.trainer, record), RNNC_E_VALUE);
        learning_assert_status(l.trainer, RNNC_E_VALUE, u->words);
        assert_int_equal(rnnc_trainer_steps(l.trainer), 0);
        learning_free(&l);
    }
    rnnc_record_destroy(record);
}

// Weights, optimizer, schedules and average of another kind or shape.
static void parts_of_another_training_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        int64_t hidden;
        int32_t optimizer, schedule;
        bool plateau, average;
        rnnc_status status;
        const char *words;
    } table[] = {
        {6, RNNC_ADAM, RNNC_SCHEDULE_COSINE, true, true, RNNC_E_SHAPE,
         "\"best.values/lstm.weight_ih_l0\" holds 144 floats, expected 120"},
        {5, RNNC_RMSPROP, RNNC_SCHEDULE_COSINE, true, true, RNNC_E_VALUE,
         "\"optimizer/kind\" is "},
        {5, RNNC_ADAM, -1, true, true, RNNC_E_NAME, "there is no \"schedule"},
        {5, RNNC_ADAM, RNNC_SCHEDULE_STEP, true, true, RNNC_E_VALUE,
         "\"schedule"},
        {5, RNNC_ADAM, RNNC_SCHEDULE_COSINE, false, true, RNNC_E_NAME,
         "there is no \"schedule"},
        {5, RNNC_ADAM, RNNC_SCHEDULE_COSINE, true, false, RNNC_E_NAME,
         "there is no \"average"},
    };
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        learning_row row = full;
        learning l;
        row.hidden = table[k].hidden;
        row.optimizer = table[k].optimizer;
        row.schedule = table[k].schedule;
        row.plateau = table[k].plateau;
        row.average = table[k].average;
        rnnc_record *record = saved_of(&row);
        make_trained(&l, &full);
        assert_refused(&l, record, table[k].status, table[k].words);
        rnnc_record_destroy(record);
        learning_free(&l);
    }
}

// ---- Entries that are not as they were --------------------------------------

// All entries but one.
static rnnc_record *without(const rnnc_record *from, const char *name)
{
    rnnc_record *to = rnnc_record_create(NULL);
    for (int32_t i = 0; i < rnnc_record_count(from); i++) {
        const char *entry = rnnc_record_name(from, i);
        int64_t size = rnnc_record_size(from, i);
        double *room = calloc((size_t)size + 1, sizeof *room);
        assert_non_null(room);
        if (strcmp(entry, name) == 0) {
            free(room);
            continue;
        }
        if (rnnc_record_type(from, i) == RNNC_RECORD_NUMBERS) {
            rnnc_record_get_numbers(from, entry, room, size);
            rnnc_record_set_numbers(to, entry, room, size);
        } else {
            rnnc_record_get_floats(from, entry, (float *)room, size);
            rnnc_record_set_floats(to, entry, (float *)room, size);
        }
        free(room);
    }
    assert_int_equal(rnnc_record_count(to), rnnc_record_count(from) - 1);
    return to;
}

static void an_entry_that_is_missing_is_named(void **state)
{
    (void)state;
    static const char *const names[] = {"trainer/step", "trainer/dropout",
                                        "best.values/out.bias",
                                        "optimizer/kind"};
    rnnc_record *record = saved_of(&full);
    learning l;
    make_trained(&l, &full);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        rnnc_record *less = without(record, names[k]);
        assert_refused(&l, less, RNNC_E_NAME, names[k]);
        rnnc_record_destroy(less);
    }
    rnnc_record_destroy(record);
    learning_free(&l);
}

// An LSTM of 5 units has 10 states a sequence.
static void states_of_another_shape_are_refused(void **state)
{
    (void)state;
    const float floats[13] = {0};
    const double numbers[20] = {0};
    rnnc_record *record = saved_of(&full);
    rnnc_record *less = without(record, "trainer/states");
    learning l;
    make_trained(&l, &full);
    rnnc_record_set_floats(less, "trainer/states", floats, 13);
    assert_refused(&l, less, RNNC_E_SHAPE,
                   "\"trainer/states\" holds 13 values, the states of a "
                   "sequence have 10");
    rnnc_record_destroy(less);
    less = without(record, "trainer/states");
    rnnc_record_set_numbers(less, "trainer/states", numbers, 20);
    assert_refused(&l, less, RNNC_E_SHAPE, "\"trainer/states\" holds 20");
    rnnc_record_destroy(less);
    rnnc_record_destroy(record);
    learning_free(&l);
}

static void numbers_out_of_bounds_are_refused(void **state)
{
    (void)state;
    const double below = -1, beyond = 0x1p54;
    rnnc_record *record = saved_of(&full);
    learning l;
    make_trained(&l, &full);
    rnnc_record_set_numbers(record, "trainer/epoch", &below, 1);
    assert_refused(&l, record, RNNC_E_VALUE, "\"trainer/epoch\" is -1");
    rnnc_record_set_numbers(record, "trainer/epoch", &beyond, 1);
    assert_refused(&l, record, RNNC_E_VALUE, "\"trainer/epoch\" is 1.8");
    rnnc_record_destroy(record);
    learning_free(&l);
}

// ---- Nothing to carry -------------------------------------------------------

// A graph without states writes none, and takes none.
static void a_graph_without_states_has_none_in_its_record(void **state)
{
    (void)state;
    const float value = 1;
    rnnc_record *record = rnnc_record_create(NULL);
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_node *p = rnnc_parameter(g, "p", 1, 1, RNNC_INIT_CONSTANT, 1);
    rnnc_weights *weights = rnnc_weights_create(g, 1);
    rnnc_optimizer *sgd = rnnc_optimizer_create(weights, RNNC_SGD);
    rnnc_trainer_options options = {
        .struct_size = sizeof options, .fill = learning_once, .epochs = 2};
    rnnc_trainer *t = rnnc_trainer_create(sgd, rnnc_total(p), &options);
    assert_int_equal(rnnc_trainer_train(t), RNNC_OK);
    assert_int_equal(rnnc_trainer_save(t, record), RNNC_OK);
    assert_int_equal(rnnc_record_find(record, "trainer/states"), -1);
    assert_int_equal(rnnc_trainer_restore(t, record), RNNC_OK);
    rnnc_record_set_floats(record, "trainer/states", &value, 1);
    assert_int_equal(rnnc_trainer_restore(t, record), RNNC_E_SHAPE);
    learning_assert_status(t, RNNC_E_SHAPE, "of a sequence have 0");
    assert_int_equal(rnnc_trainer_steps(t), 2);
    rnnc_trainer_destroy(t);
    rnnc_optimizer_destroy(sgd);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(g);
    rnnc_record_destroy(record);
}

// ---- When checkpoints are written -------------------------------------------

// Of 16 steps in 4 epochs; where nothing is said, after each epoch.
static void checkpoints_come_as_often_as_is_asked(void **state)
{
    (void)state;
    static const struct {
        int64_t steps, epochs;
        int wanted;
    } table[] = {{0, 0, 4}, {0, 2, 2}, {4, 0, 4}};
    learning_row row = full;
    row.window = 0;
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        char folder[256];
        learning l;
        folder_name(folder, sizeof folder, "often");
        learning_make(&l, &row, NULL, 1);
        l.options.checkpoints = folder;
        l.options.checkpoint_keep = 100;
        l.options.checkpoint_steps = table[k].steps;
        l.options.checkpoint_epochs = table[k].epochs;
        assert_int_equal(learning_trainer(&l), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
        assert_int_equal(folder_count(folder), table[k].wanted);
        learning_free(&l);
        folder_remove(folder);
    }
}

// ---- Memory -----------------------------------------------------------------

// Saving and restoring with each allocation refused: all is as it was, and then
// it goes well.
static void what_memory_does_not_allow_changes_nothing(void **state)
{
    (void)state;
    bool hit = true;
    learning like;
    rnnc_record *saved = saved_of(&full);
    make_trained(&like, &full);
    for (int64_t at = 0; hit; at++) {
        fault f = {.at = -1};
        rnnc_context *context = fault_context(&f, 1);
        learning l;
        learning_make(&l, &full, context, 1);
        l.options.steps = 10;
        assert_int_equal(learning_trainer(&l), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
        rnnc_record *record = rnnc_record_create(context);
        fault_arm(&f, at, false);
        rnnc_status status = rnnc_trainer_save(l.trainer, record);
        hit = f.hit;
        assert_int_equal(status, hit ? RNNC_E_MEMORY : RNNC_OK);
        assert_true(hit == (rnnc_record_count(record) == 0));
        fault_arm(&f, at, false);
        status = rnnc_trainer_restore(l.trainer, saved);
        assert_int_equal(status, f.hit ? RNNC_E_MEMORY : RNNC_OK);
        hit = hit || f.hit;
        fault_arm(&f, -1, false);
        assert_true(learning_same(&l, &like));
        assert_int_equal(rnnc_trainer_restore(l.trainer, saved), RNNC_OK);
        assert_true(learning_same(&l, &like));
        rnnc_record_destroy(record);
        learning_free(&l);
        assert_int_equal(f.live, 0);
        assert_in_range(at, 0, 10000);
    }
    rnnc_record_destroy(saved);
    learning_free(&like);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_record_and_no_folder_are_refused),
        cmocka_unit_test(a_record_with_another_entry_stays_as_it_is),
        cmocka_unit_test(a_record_brings_everything_back),
        cmocka_unit_test(entries_of_others_are_left_alone),
        cmocka_unit_test(options_of_another_training_are_told_with_both_values),
        cmocka_unit_test(parts_of_another_training_are_refused_by_name),
        cmocka_unit_test(an_entry_that_is_missing_is_named),
        cmocka_unit_test(states_of_another_shape_are_refused),
        cmocka_unit_test(numbers_out_of_bounds_are_refused),
        cmocka_unit_test(a_graph_without_states_has_none_in_its_record),
        cmocka_unit_test(checkpoints_come_as_often_as_is_asked),
        cmocka_unit_test(what_memory_does_not_allow_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
