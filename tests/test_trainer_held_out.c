// SPDX-License-Identifier: MIT
// Measurements on held-out data that go wrong: which are made again, which are
// not, and what is told of them. The loss is a line whose slope and height fall
// by the rate in each step, so all values are known.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "support/folder.h"
#include "support/learning.h"

enum { EVERY = 10, EVENTS = 100 };

typedef struct line {
    rnnc_graph *graph;
    rnnc_node *x, *loss;
    rnnc_weights *weights;
    rnnc_optimizer *sgd;
    rnnc_trainer_options options;
    rnnc_trainer *trainer;
    float held_out;         // x of the held-out data
    bool empty;             // there are none
    int32_t refusals;       // still to come
    bool asks;              // its callback asks the trainer
    char events[EVENTS];    // S, V, E: steps, measurements, epochs
    rnnc_progress measured; // the last measurement
} line;

// One row; an epoch has as many batches as there are steps to a measurement.
static int32_t fill(void *user, const rnnc_fill_request *request)
{
    line *l = user;
    float x = request->held_out ? l->held_out : 1;
    if (request->batch == (request->held_out ? 1 : EVERY))
        return 0;
    if (request->held_out && l->refusals > 0) {
        l->refusals--;
        return -3;
    }
    if (request->held_out && l->empty)
        return 0;
    return rnnc_run_input_batch(request->run, l->x, &x, 1) == RNNC_OK ? 1 : -1;
}

static int32_t note(void *user, const rnnc_progress *progress)
{
    static const char letters[] = {[RNNC_PROGRESS_STEP] = 'S',
                                   [RNNC_PROGRESS_VALIDATION] = 'V',
                                   [RNNC_PROGRESS_EPOCH] = 'E'};
    line *l = user;
    double loss;
    size_t at = strlen(l->events);
    assert_in_range(at, 0, EVENTS - 2);
    l->events[at] = letters[progress->event];
    if (progress->event == RNNC_PROGRESS_VALIDATION)
        l->measured = *progress;
    if (l->asks)
        assert_int_equal(rnnc_trainer_measure(l->trainer, &loss),
                         l->empty ? RNNC_E_STATE : RNNC_OK);
    return 0;
}

// x * slope + height, both 8, at a rate of 1 / 4. Everything but the trainer;
// its options may be changed before it is made.
static void line_make(line *l)
{
    const float start = 8;
    *l = (line){.graph = rnnc_graph_create(NULL), .held_out = 1};
    l->x = rnnc_input_batch(l->graph, "x", 1);
    l->loss = rnnc_total(rnnc_linear(l->x, "line", 1));
    l->weights = rnnc_weights_create(l->graph, 1);
    l->sgd = rnnc_optimizer_create(l->weights, RNNC_SGD);
    rnnc_weights_set(l->weights, "line.weight", &start, 1);
    rnnc_weights_set(l->weights, "line.bias", &start, 1);
    rnnc_optimizer_set(l->sgd, RNNC_OPT_LEARNING_RATE, 0.25);
    l->options = (rnnc_trainer_options){.struct_size = sizeof l->options,
                                        .steps = 2 * EVERY,
                                        .validate_every = EVERY,
                                        .fill = fill,
                                        .fill_held_out = fill,
                                        .progress = note,
                                        .user = l};
}

static void line_trainer(line *l)
{
    l->trainer = rnnc_trainer_create(l->sgd, l->loss, &l->options);
    assert_string_equal(rnnc_trainer_message(l->trainer), "");
}

static void line_free(line *l)
{
    rnnc_trainer_destroy(l->trainer);
    rnnc_optimizer_destroy(l->sgd);
    rnnc_weights_destroy(l->weights);
    rnnc_graph_destroy(l->graph);
}

// Of the data, where x is 1.
static double loss_after(double steps)
{
    return 16 - steps / 2;
}

static void assert_close(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-6))
        fail_msg("%.9g, expected %.9g", value, wanted);
}

static void assert_number(const rnnc_record *record, const char *name,
                          double wanted)
{
    double value = -1;
    assert_int_equal(rnnc_record_get_numbers(record, name, &value, 1), RNNC_OK);
    assert_close(value, wanted);
}

// ---- A loss that is not finite ----------------------------------------------

// After ten steps, or after an epoch of ten; then the rate is lowered. The
// callback asks for the loss as well, which hides nothing.
static void a_loss_that_is_not_finite_is_not_measured_again(void **state)
{
    (void)state;
    static const struct {
        float x;
        bool empty;
        rnnc_status status;
        const char *words;
    } table[] = {
        {INFINITY, false, RNNC_E_VALUE, "data is inf after step 10"},
        {NAN, false, RNNC_E_VALUE, "data is nan after step 10"},
        {1, true, RNNC_E_STATE, "the held-out data are empty"},
    };
    for (size_t k = 0; k < 2 * sizeof table / sizeof *table; k++) {
        line l;
        bool epochs = k % 2 > 0;
        line_make(&l);
        l.options.validate_every = epochs ? 0 : EVERY;
        l.options.steps = epochs ? 0 : 2 * EVERY;
        l.options.epochs = epochs ? 2 : 0;
        line_trainer(&l);
        l.held_out = table[k / 2].x;
        l.empty = table[k / 2].empty;
        l.asks = true;
        assert_int_equal(rnnc_trainer_train(l.trainer), table[k / 2].status);
        learning_assert_status(l.trainer, table[k / 2].status,
                               table[k / 2].words);
        assert_int_equal(rnnc_trainer_ended(l.trainer), RNNC_ENDED_NOT);
        assert_int_equal(rnnc_trainer_steps(l.trainer), EVERY);
        assert_string_equal(l.events, epochs ? "SSSSSSSSSSE" : "SSSSSSSSSS");
        assert_true(isnan(rnnc_trainer_best_loss(l.trainer)));
        assert_ptr_equal(rnnc_trainer_best(l.trainer), l.weights);
        rnnc_optimizer_set(l.sgd, RNNC_OPT_LEARNING_RATE, 0.125);
        l.held_out = 1;
        l.empty = false;
        assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
        assert_int_equal(rnnc_trainer_steps(l.trainer), 2 * EVERY);
        assert_string_equal(l.events + EVERY,
                            epochs ? "ESSSSSSSSSSVE" : "ESSSSSSSSSVS");
        assert_close(l.measured.held_out, loss_after(15));
        assert_close(rnnc_trainer_best_loss(l.trainer), loss_after(15));
        assert_int_equal(l.measured.improved, 1);
        line_free(&l);
    }
}

// It is counted by patience, and what was best stays.
static void a_loss_that_is_not_finite_is_no_better(void **state)
{
    (void)state;
    line l;
    line_make(&l);
    l.options.validate_every = 1;
    l.options.patience = 2;
    l.options.steps = 1;
    line_trainer(&l);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    rnnc_record *record = rnnc_record_create(NULL);
    rnnc_record *after = rnnc_record_create(NULL);
    assert_int_equal(rnnc_trainer_save(l.trainer, record), RNNC_OK);
    rnnc_trainer_destroy(l.trainer);
    l.options.steps = 0;
    line_trainer(&l);
    assert_int_equal(rnnc_trainer_restore(l.trainer, record), RNNC_OK);
    l.held_out = INFINITY;
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_E_VALUE);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_E_VALUE);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_ended(l.trainer), RNNC_ENDED_PATIENCE);
    assert_int_equal(rnnc_trainer_steps(l.trainer), 3);
    assert_close(rnnc_trainer_best_loss(l.trainer), loss_after(1));
    assert_string_equal(l.events, "VSSS");
    assert_int_equal(rnnc_trainer_save(l.trainer, after), RNNC_OK);
    assert_number(after, "trainer/held_out", loss_after(1));
    assert_number(after, "trainer/measured", 1);
    assert_number(after, "trainer/waited", 2);
    rnnc_record_destroy(record);
    rnnc_record_destroy(after);
    line_free(&l);
}

// ---- One that did not come about --------------------------------------------

static void assert_refused_after_ten(line *l)
{
    l->refusals = 1;
    assert_int_equal(rnnc_trainer_train(l->trainer), RNNC_E_STATE);
    learning_assert_status(l->trainer, RNNC_E_STATE, "fill gave -3");
    assert_string_equal(l->events, "SSSSSSSSSS");
    memset(l->events, 0, sizeof l->events);
}

static void a_measurement_that_failed_is_made_by_the_next_call(void **state)
{
    (void)state;
    line l;
    line_make(&l);
    line_trainer(&l);
    assert_refused_after_ten(&l);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    assert_string_equal(l.events, "VESSSSSSSSSVS");
    assert_int_equal(rnnc_trainer_steps(l.trainer), 2 * EVERY);
    assert_close(rnnc_trainer_best_loss(l.trainer), loss_after(20));
    assert_close(l.measured.loss, loss_after(19));
    assert_close(l.measured.norm, sqrt(2));
    assert_int_equal(l.measured.mass, 1);
    line_free(&l);
}

// Resumes in a folder and trains up to a step.
static void train_on(line *l, const char *folder, int64_t steps)
{
    line_make(l);
    l->options.checkpoints = folder;
    l->options.steps = steps;
    line_trainer(l);
    assert_int_equal(rnnc_trainer_resume(l->trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_steps(l->trainer), EVERY);
    assert_int_equal(rnnc_trainer_train(l->trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_ended(l->trainer), RNNC_ENDED_STEPS);
    assert_int_equal(rnnc_trainer_steps(l->trainer), steps);
}

// The step was made before, so it is not told again, and nothing is known of
// its loss; and then nothing is owed any more.
static void a_measurement_that_failed_is_made_after_a_resumption(void **state)
{
    (void)state;
    char folder[256];
    line l;
    folder_name(folder, sizeof folder, "owed");
    line_make(&l);
    l.options.checkpoints = folder;
    line_trainer(&l);
    assert_refused_after_ten(&l);
    assert_int_equal(rnnc_trainer_checkpoint(l.trainer), RNNC_OK);
    line_free(&l);
    train_on(&l, folder, EVERY);
    assert_string_equal(l.events, "V");
    assert_true(isnan(l.measured.loss) && isnan(l.measured.norm));
    assert_int_equal(l.measured.mass, 0);
    assert_close(l.measured.held_out, loss_after(10));
    assert_int_equal(l.measured.improved, 1);
    line_free(&l);
    train_on(&l, folder, 2 * EVERY);
    assert_string_equal(l.events, "ESSSSSSSSSVS");
    assert_close(l.measured.held_out, loss_after(20));
    assert_close(l.measured.loss, loss_after(19));
    line_free(&l);
    folder_remove(folder);
}

// ---- Records ----------------------------------------------------------------

// Of a training up to step 20 whose second measurement was no better; or up to
// step 10, where the first one failed.
static rnnc_record *record_of(bool owed)
{
    line l;
    rnnc_record *record = rnnc_record_create(NULL);
    line_make(&l);
    l.options.least_gain = 100;
    line_trainer(&l);
    l.refusals = owed;
    rnnc_status wanted = owed ? RNNC_E_STATE : RNNC_OK;
    assert_int_equal(rnnc_trainer_train(l.trainer), wanted);
    assert_int_equal(rnnc_trainer_save(l.trainer, record), RNNC_OK);
    line_free(&l);
    return record;
}

// Where a measurement had failed there is one less than one for each ten steps.
static void a_record_of_an_older_version_owes_nothing(void **state)
{
    (void)state;
    const double one_less = 1;
    line l;
    rnnc_record *record = record_of(false);
    rnnc_record *after = rnnc_record_create(NULL);
    assert_int_equal(rnnc_record_find(record, "trainer/owed"), -1);
    assert_number(record, "trainer/measured", 2);
    assert_number(record, "trainer/waited", 1);
    rnnc_record_set_numbers(record, "trainer/measured", &one_less, 1);
    line_make(&l);
    line_trainer(&l);
    assert_int_equal(rnnc_trainer_restore(l.trainer, record), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_ended(l.trainer), RNNC_ENDED_STEPS);
    assert_string_equal(l.events, "");
    assert_int_equal(rnnc_trainer_save(l.trainer, after), RNNC_OK);
    assert_number(after, "trainer/waited", 1);
    rnnc_record_destroy(record);
    rnnc_record_destroy(after);
    line_free(&l);
}

// One that does not fit changes nothing.
static void what_a_record_owes_is_checked(void **state)
{
    (void)state;
    static const struct {
        double owed;
        rnnc_status status;
        const char *events;
    } table[] = {{1, RNNC_OK, "V"},
                 {0, RNNC_OK, ""},
                 {-1, RNNC_E_VALUE, "SSSSSSSSSVS"},
                 {0x1p54, RNNC_E_VALUE, "SSSSSSSSSVS"}};
    rnnc_record *record = record_of(true);
    assert_number(record, "trainer/owed", 1);
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        line l;
        line_make(&l);
        l.options.steps = EVERY;
        line_trainer(&l);
        rnnc_record_set_numbers(record, "trainer/owed", &table[k].owed, 1);
        assert_int_equal(rnnc_trainer_restore(l.trainer, record),
                         table[k].status);
        learning_assert_status(
            l.trainer, table[k].status,
            table[k].status == RNNC_OK ? "" : "\"trainer/owed\" is ");
        assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
        assert_string_equal(l.events, table[k].events);
        line_free(&l);
    }
    rnnc_record_destroy(record);
}

static void a_training_without_held_out_data_owes_nothing(void **state)
{
    (void)state;
    const double owed = 1;
    line l;
    rnnc_record *record = rnnc_record_create(NULL);
    line_make(&l);
    l.options.fill_held_out = NULL;
    l.options.steps = EVERY;
    line_trainer(&l);
    assert_int_equal(rnnc_trainer_save(l.trainer, record), RNNC_OK);
    rnnc_record_set_numbers(record, "trainer/owed", &owed, 1);
    assert_int_equal(rnnc_trainer_restore(l.trainer, record), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    assert_string_equal(l.events, "SSSSSSSSSS");
    rnnc_record_destroy(record);
    line_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_that_is_not_finite_is_not_measured_again),
        cmocka_unit_test(a_loss_that_is_not_finite_is_no_better),
        cmocka_unit_test(a_measurement_that_failed_is_made_by_the_next_call),
        cmocka_unit_test(a_measurement_that_failed_is_made_after_a_resumption),
        cmocka_unit_test(a_record_of_an_older_version_owes_nothing),
        cmocka_unit_test(what_a_record_owes_is_checked),
        cmocka_unit_test(a_training_without_held_out_data_owes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
