// SPDX-License-Identifier: MIT
// What a trainer is made of: handles that do not belong to it are refused by
// name, and what a part says ends training, which can be gone on with.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "support/fault.h"
#include "support/learning.h"

static const learning_row plain = {.name = "plain",
                                   .hidden = 10,
                                   .optimizer = RNNC_ADAM,
                                   .order = RNNC_ORDER_GIVEN,
                                   .schedule = -1};

static void assert_refused(learning *l, rnnc_status status, const char *words)
{
    rnnc_trainer_destroy(l->trainer);
    learning_trainer(l);
    learning_assert_status(l->trainer, status, words);
    double loss;
    assert_int_equal(rnnc_trainer_train(l->trainer), status);
    assert_int_equal(rnnc_trainer_measure(l->trainer, &loss), status);
    assert_int_equal(rnnc_trainer_resume(l->trainer), status);
    assert_int_equal(rnnc_trainer_checkpoint(l->trainer), status);
    assert_null(rnnc_trainer_held_out_run(l->trainer));
    assert_int_equal(rnnc_trainer_steps(l->trainer), 0);
}

// ---- Handles ----------------------------------------------------------------

static rnnc_plan *plan_for(const learning *l, int32_t use, int32_t keep)
{
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = use,
                                 .keep = keep,
                                 .loss = l->loss};
    return rnnc_plan_create(l->graph, &options);
}

// Each option in turn is that of another training that is just the same.
static void handles_of_another_training_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"loss",     "loss",     "data",
                                        "held_out", "schedule", "plateau",
                                        "average",  "plan",     "plan"};
    learning_row row = plain;
    row.schedule = RNNC_SCHEDULE_COSINE;
    row.plateau = row.average = row.held_out = true;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        learning l, other;
        char words[80] = "trainer: ";
        learning_make(&l, &row, NULL, 1);
        learning_make(&other, &row, NULL, 1);
        rnnc_trainer_options *o = &l.options;
        rnnc_plan *plan =
            plan_for(k == 7 ? &other : &l, k == 7 ? RNNC_TRAIN : RNNC_INFER, 0);
        l.loss = k == 0 ? NULL : k == 1 ? other.loss : l.loss;
        o->data = k == 2 ? other.data : o->data;
        o->held_out = k == 3 ? other.data : o->held_out;
        o->schedule = k == 4 ? other.schedule : o->schedule;
        o->plateau = k == 5 ? other.plateau : o->plateau;
        o->average = k == 6 ? other.average : o->average;
        o->plan = k >= 7 ? plan : NULL;
        strcat(strcat(words, names[k]), " is NULL, could not be made, or "
                                        "belongs to others");
        assert_refused(&l, RNNC_E_ARGUMENT, words);
        rnnc_plan_destroy(plan);
        learning_free(&l);
        learning_free(&other);
    }
}

static void handles_that_could_not_be_made_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"schedule", "plateau", "average"};
    learning l;
    learning_make(&l, &plain, NULL, 1);
    rnnc_schedule *schedule = rnnc_schedule_create(l.optimizer, 99, NULL, 0);
    rnnc_average *average = rnnc_average_create(l.weights, 99, 0);
    assert_int_equal(rnnc_schedule_status(schedule), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_average_status(average), RNNC_E_ARGUMENT);
    for (int k = 0; k < 3; k++) {
        char words[80] = "trainer: ";
        l.options.schedule = k == 0 ? schedule : NULL;
        l.options.plateau = k == 1 ? schedule : NULL;
        l.options.average = k == 2 ? average : NULL;
        strcat(strcat(words, names[k]), " is NULL, could not be made");
        assert_refused(&l, RNNC_E_ARGUMENT, words);
    }
    rnnc_schedule_destroy(schedule);
    rnnc_average_destroy(average);
    learning_free(&l);
}

static void an_optimizer_in_error_is_told_of(void **state)
{
    (void)state;
    learning l;
    learning_make(&l, &plain, NULL, 1);
    rnnc_optimizer *kinds[] = {NULL, rnnc_optimizer_create(l.weights, 99),
                               rnnc_optimizer_create(NULL, RNNC_SGD)};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        rnnc_trainer *t = rnnc_trainer_create(kinds[k], l.loss, &l.options);
        learning_assert_status(t, RNNC_E_ARGUMENT,
                               "the optimizer is NULL or in error: ");
        if (kinds[k] != NULL)
            assert_non_null(strstr(rnnc_trainer_message(t),
                                   rnnc_optimizer_message(kinds[k])));
        assert_null(rnnc_trainer_best(t));
        rnnc_trainer_destroy(t);
        rnnc_optimizer_destroy(kinds[k]);
    }
    rnnc_trainer *t = rnnc_trainer_create(l.optimizer, l.loss, NULL);
    learning_assert_status(t, RNNC_E_ARGUMENT, "trainer: options is NULL");
    rnnc_trainer_destroy(t);
    learning_free(&l);
}

static void no_trainer_has_done_nothing(void **state)
{
    (void)state;
    double loss = 7;
    rnnc_trainer_destroy(NULL);
    assert_int_equal(rnnc_trainer_status(NULL), RNNC_E_MEMORY);
    assert_string_equal(rnnc_trainer_message(NULL), "out of memory");
    assert_string_equal(rnnc_trainer_notice(NULL), "");
    assert_int_equal(rnnc_trainer_ended(NULL), RNNC_ENDED_NOT);
    assert_int_equal(rnnc_trainer_steps(NULL), 0);
    assert_int_equal(rnnc_trainer_epochs(NULL), 0);
    assert_null(rnnc_trainer_best(NULL));
    assert_true(isnan(rnnc_trainer_best_loss(NULL)));
    assert_null(rnnc_trainer_run(NULL));
    assert_null(rnnc_trainer_held_out_run(NULL));
    assert_int_equal(rnnc_trainer_measure(NULL, &loss), RNNC_E_MEMORY);
    assert_true(loss >= 7);
}

// ---- Sources ----------------------------------------------------------------

static void one_source_of_each_kind_is_expected(void **state)
{
    (void)state;
    learning_row row = plain;
    row.held_out = true;
    learning l;
    learning_make(&l, &row, NULL, 1);
    l.options.fill = learning_fill;
    assert_refused(&l, RNNC_E_ARGUMENT, "data and fill are both given");
    l.options.fill = NULL;
    l.options.data = NULL;
    assert_refused(&l, RNNC_E_ARGUMENT, "data and fill are both NULL");
    l.options.data = l.data;
    l.options.fill_held_out = learning_fill;
    assert_refused(&l, RNNC_E_ARGUMENT, "held_out and fill_held_out are both");
    l.options.held_out = NULL;
    l.options.fill_held_out = NULL;
    l.options.patience = 2;
    assert_refused(&l, RNNC_E_ARGUMENT, "patience needs held-out data");
    l.options.fill_held_out = learning_fill;
    rnnc_trainer_destroy(l.trainer);
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_non_null(rnnc_trainer_held_out_run(l.trainer));
    assert_ptr_not_equal(rnnc_trainer_held_out_run(l.trainer),
                         rnnc_trainer_run(l.trainer));
    learning_free(&l);
}

// Windows of an example's inputs begin and end together.
static void windows_of_unlike_lengths_are_refused(void **state)
{
    (void)state;
    learning_row row = plain;
    row.window = 5;
    row.held_out = true;
    learning l;
    const int64_t lengths[] = {31, 30, 29, 9, 27};
    const int32_t *rows[5];
    learning_make(&l, &row, NULL, 1);
    for (int k = 0; k < 5; k++)
        rows[k] = l.values[k];
    rnnc_dataset_ids(l.held_out, l.next, rows, lengths, 5);
    assert_refused(&l, RNNC_E_SHAPE,
                   "window 5: example 3 has 28 steps of \"text\" and 9 of "
                   "\"next\", expected as many");
    l.options.held_out = NULL;
    rnnc_dataset_ids(l.data, l.next, rows, lengths, 5);
    assert_refused(&l, RNNC_E_SHAPE, "example 3 has 28 steps of \"text\"");
    learning_free(&l);
}

// ---- What parts say ---------------------------------------------------------

// Refuses batch 2 of epoch 1, of either kind, so often.
typedef struct refusing {
    learning l;
    int32_t held_out, refusals;
} refusing;

static int32_t refuse(void *user, const rnnc_fill_request *request)
{
    refusing *r = user;
    bool here = request->held_out == r->held_out && request->batch == 2 &&
                (request->epoch == 1 || request->held_out);
    if (here && r->refusals > 0) {
        r->refusals--;
        return -3;
    }
    return learning_fill(&r->l, request);
}

static void a_batch_that_is_refused_ends_training(void **state)
{
    (void)state;
    learning_row row = plain;
    row.fill = true;
    for (int32_t held_out = 0; held_out < 2; held_out++) {
        refusing r = {.held_out = held_out};
        learning calm;
        learning_make(&r.l, &row, NULL, 1);
        learning_make(&calm, &row, NULL, 1);
        r.l.options.fill = r.l.options.fill_held_out = refuse;
        r.l.options.user = &r;
        calm.options.fill_held_out = learning_fill;
        r.refusals = 1;
        assert_int_equal(learning_trainer(&r.l), RNNC_OK);
        assert_int_equal(learning_trainer(&calm), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(r.l.trainer), RNNC_E_STATE);
        learning_assert_status(
            r.l.trainer, RNNC_E_STATE,
            held_out ? "fill gave -3 for batch 2 of epoch 0, held-out"
                     : "fill gave -3 for batch 2 of epoch 1");
        assert_int_equal(rnnc_trainer_ended(r.l.trainer), RNNC_ENDED_NOT);
        assert_int_equal(rnnc_trainer_steps(r.l.trainer), held_out ? 5 : 7);
        assert_int_equal(rnnc_trainer_train(r.l.trainer), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(calm.trainer), RNNC_OK);
        assert_true(learning_same(&r.l, &calm));
        learning_free(&r.l);
        learning_free(&calm);
    }
}

static int32_t nothing(void *user, const rnnc_fill_request *request)
{
    (void)user;
    (void)request;
    return 0;
}

static void a_loss_of_nothing_is_not_measured(void **state)
{
    (void)state;
    learning l;
    double loss = 0;
    learning_make(&l, &plain, NULL, 1);
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(rnnc_trainer_measure(l.trainer, NULL), RNNC_E_ARGUMENT);
    learning_assert_status(l.trainer, RNNC_E_ARGUMENT, "loss is NULL");
    assert_int_equal(rnnc_trainer_measure(l.trainer, &loss), RNNC_E_STATE);
    learning_assert_status(l.trainer, RNNC_E_STATE,
                           "there are no held-out data");
    rnnc_trainer_destroy(l.trainer);
    l.options.fill_held_out = nothing;
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(rnnc_trainer_measure(l.trainer, &loss), RNNC_E_STATE);
    learning_assert_status(l.trainer, RNNC_E_STATE,
                           "the held-out data are empty");
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_E_STATE);
    assert_ptr_equal(rnnc_trainer_best(l.trainer), l.weights);
    learning_free(&l);
}

// Whoever put averages in the weights' place has to put them back.
static void averages_in_the_weights_place_end_training(void **state)
{
    (void)state;
    learning_row row = plain;
    row.optimizer = RNNC_ASGD;
    learning l;
    rnnc_record *record = rnnc_record_create(NULL);
    learning_make(&l, &row, NULL, 1);
    l.options.steps = 6;
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    rnnc_trainer_destroy(l.trainer);
    l.options.steps = 3;
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(rnnc_optimizer_swap_average(l.optimizer), RNNC_OK);
    rnnc_weights *before = rnnc_weights_copy(l.weights);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_E_STATE);
    learning_assert_status(l.trainer, RNNC_E_STATE, "the averages stand in");
    assert_true(learning_same_weights(before, l.weights));
    assert_int_equal(rnnc_trainer_steps(l.trainer), 0);
    assert_int_equal(rnnc_trainer_save(l.trainer, record), RNNC_E_STATE);
    assert_int_equal(rnnc_record_count(record), 0);
    assert_int_equal(rnnc_optimizer_swap_average(l.optimizer), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_steps(l.trainer), 3);
    rnnc_weights_destroy(before);
    rnnc_record_destroy(record);
    learning_free(&l);
}

// A plateau where another schedule is expected, the other way round, and an
// average in the weights' place.
static void what_a_schedule_or_an_average_says_is_told(void **state)
{
    (void)state;
    static const char *const words[] = {"is moved by rnnc_schedule_observe()",
                                        "is moved by rnnc_schedule_step()",
                                        "rnnc_average_swap() comes before"};
    learning_row row = plain;
    row.schedule = RNNC_SCHEDULE_COSINE;
    row.plateau = row.average = true;
    for (int k = 0; k < 3; k++) {
        learning l;
        learning_make(&l, &row, NULL, 1);
        l.options.schedule = k == 0 ? l.plateau : NULL;
        l.options.plateau = k == 1 ? l.schedule : NULL;
        assert_int_equal(learning_trainer(&l), RNNC_OK);
        if (k == 2)
            assert_int_equal(rnnc_average_swap(l.average), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_E_STATE);
        learning_assert_status(l.trainer, RNNC_E_STATE, words[k]);
        assert_int_equal(rnnc_trainer_ended(l.trainer), RNNC_ENDED_NOT);
        learning_free(&l);
    }
}

// ---- Options that change the steps ------------------------------------------

typedef struct clipped {
    double loss, norm;
} clipped;

static int32_t note(void *user, const rnnc_progress *progress)
{
    clipped *c = user;
    if (progress->event == RNNC_PROGRESS_STEP)
        *c = (clipped){progress->loss, progress->norm};
    return 0;
}

// The gradient of the sum of p * c is c.
static void values_are_clipped_after_the_norm(void **state)
{
    (void)state;
    const float c[] = {3, -0.5f, 0.125f, -4};
    const float wanted[] = {-0.25f, 0.25f, -0.125f, 0.25f};
    float got[4];
    clipped seen = {0, 0};
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_node *p = rnnc_parameter(g, "p", 1, 4, RNNC_INIT_CONSTANT, 0);
    rnnc_node *loss = rnnc_total(rnnc_mul(p, rnnc_constant(g, 1, 4, c)));
    rnnc_weights *weights = rnnc_weights_create(g, 1);
    rnnc_optimizer *sgd = rnnc_optimizer_create(weights, RNNC_SGD);
    rnnc_optimizer_set(sgd, RNNC_OPT_LEARNING_RATE, 1);
    rnnc_trainer_options options = {.struct_size = sizeof options,
                                    .fill = learning_once,
                                    .epochs = 1,
                                    .clip_value = 0.25,
                                    .progress = note,
                                    .user = &seen};
    rnnc_trainer *t = rnnc_trainer_create(sgd, loss, &options);
    assert_int_equal(rnnc_trainer_train(t), RNNC_OK);
    assert_int_equal(rnnc_weights_get(weights, "p", got, 4), RNNC_OK);
    assert_memory_equal(got, wanted, sizeof got);
    assert_true(fabs(seen.norm - sqrt(9 + 0.25 + 0.015625 + 16)) < 1e-6);
    rnnc_trainer_destroy(t);
    rnnc_optimizer_destroy(sgd);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(g);
}

typedef struct counted {
    double sum, mass, epoch_loss, epoch_mass;
} counted;

static int32_t count(void *user, const rnnc_progress *p)
{
    counted *c = user;
    if (p->event == RNNC_PROGRESS_STEP) {
        c->sum += p->loss;
        c->mass += (double)p->mass;
    } else {
        c->epoch_loss = p->loss;
        c->epoch_mass = (double)p->mass;
    }
    return 0;
}

// Thirteen texts in batches of four.
static void a_mean_counts_what_it_is_told_to(void **state)
{
    (void)state;
    static const int64_t masses[] = {0, 0, LEARNING_TEXTS, 4};
    int64_t steps = 0;
    for (int64_t k = 0; k < LEARNING_TEXTS; k++)
        steps += k * 5 % 17;
    for (int32_t by = RNNC_COUNT_AUTO; by <= RNNC_COUNT_BATCHES; by++) {
        learning l;
        counted c = {0, 0, 0, 0};
        learning_make(&l, &plain, NULL, 1);
        l.options.epochs = 1;
        l.options.count_by = by;
        l.options.progress = count;
        l.options.user = &c;
        assert_int_equal(learning_trainer(&l), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
        int64_t mass = masses[by] > 0 ? masses[by] : steps;
        assert_int_equal((int64_t)c.mass, mass);
        assert_int_equal((int64_t)c.epoch_mass, mass);
        if (by == RNNC_COUNT_BATCHES)
            assert_true(fabs(c.epoch_loss - c.sum / 4) < 1e-12);
        learning_free(&l);
    }
}

// They are for what a dataset has.
static void windows_do_not_cut_what_the_caller_fills(void **state)
{
    (void)state;
    learning_row row = plain;
    row.fill = true;
    learning l, same;
    learning_make(&l, &row, NULL, 1);
    learning_make(&same, &row, NULL, 1);
    l.options.window = 2;
    assert_int_equal(learning_trainer(&l), RNNC_OK);
    assert_int_equal(learning_trainer(&same), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(same.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_steps(l.trainer), 20);
    assert_true(learning_same_weights(l.weights, same.weights));
    learning_free(&l);
    learning_free(&same);
}

// It saves memory and changes no bit.
static void a_plan_of_ones_own_gives_the_same_bits(void **state)
{
    (void)state;
    for (int32_t keep = RNNC_KEEP_RESULTS; keep <= RNNC_KEEP_SEGMENTS; keep++) {
        learning l, same;
        learning_make(&l, &plain, NULL, 1);
        learning_make(&same, &plain, NULL, 1);
        rnnc_plan *plan = plan_for(&l, RNNC_TRAIN, keep);
        l.options.plan = plan;
        assert_int_equal(learning_trainer(&l), RNNC_OK);
        rnnc_plan_destroy(plan);
        assert_int_equal(learning_trainer(&same), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(same.trainer), RNNC_OK);
        assert_true(learning_same(&l, &same));
        learning_free(&l);
        learning_free(&same);
    }
}

// Only steps of the last sequence input count, and a batch may have none.
static void a_step_that_counts_nothing_has_a_loss_of_nothing(void **state)
{
    (void)state;
    const float ones[] = {1, 1, 1}, *rows[] = {ones, ones};
    const int64_t some[] = {3, 2}, none[] = {0, 0};
    clipped seen = {7, 0};
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(g, "x", 1);
    rnnc_node *y = rnnc_input_rows_on(g, "other", "y", 1);
    rnnc_node *loss = rnnc_total(rnnc_add(rnnc_total(rnnc_linear(x, "a", 1)),
                                          rnnc_total(rnnc_linear(y, "b", 1))));
    rnnc_weights *weights = rnnc_weights_create(g, 1);
    rnnc_optimizer *sgd = rnnc_optimizer_create(weights, RNNC_SGD);
    rnnc_dataset *data = rnnc_dataset_create(g);
    rnnc_dataset_rows(data, x, rows, some, 2);
    rnnc_dataset_rows(data, y, rows, none, 2);
    rnnc_trainer_options options = {.struct_size = sizeof options,
                                    .data = data,
                                    .epochs = 1,
                                    .progress = note,
                                    .user = &seen};
    rnnc_trainer *t = rnnc_trainer_create(sgd, loss, &options);
    assert_int_equal(rnnc_trainer_train(t), RNNC_E_STATE);
    learning_assert_status(t, RNNC_E_STATE, "epoch 0 has no data");
    assert_int_equal(rnnc_trainer_steps(t), 1);
    assert_true(seen.loss >= 0 && seen.loss <= 0 && seen.norm > 0);
    rnnc_trainer_destroy(t);
    rnnc_dataset_destroy(data);
    rnnc_optimizer_destroy(sgd);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(g);
}

// ---- Memory -----------------------------------------------------------------

// Whichever it was, training goes on from there to the same bits.
static void training_goes_on_after_an_allocation_that_failed(void **state)
{
    (void)state;
    for (size_t k = 1; k < 4; k++) {
        learning calm;
        bool hit = true;
        learning_row row = learning_table[k];
        row.hidden = 3;
        learning_make(&calm, &row, NULL, 1);
        calm.options.epochs = 2;
        assert_int_equal(learning_trainer(&calm), RNNC_OK);
        assert_int_equal(rnnc_trainer_train(calm.trainer), RNNC_OK);
        for (int64_t at = 0; hit; at++) {
            fault f = {.at = -1};
            learning l;
            learning_make(&l, &row, fault_context(&f, 1), 1);
            l.options.epochs = 2;
            assert_int_equal(learning_trainer(&l), RNNC_OK);
            fault_arm(&f, at, false);
            rnnc_status status = rnnc_trainer_train(l.trainer);
            hit = f.hit;
            fault_arm(&f, -1, false);
            if (hit) // the caller's own calls may fail as well
                assert_int_equal(status, row.fill && status == RNNC_E_STATE
                                             ? RNNC_E_STATE
                                             : RNNC_E_MEMORY);
            assert_int_equal(rnnc_trainer_train(l.trainer), RNNC_OK);
            if (!learning_same(&l, &calm))
                fail_msg("%s: allocation %lld", row.name, (long long)at);
            learning_free(&l);
            assert_int_equal(f.live, 0);
            assert_in_range(at, 0, 10000);
        }
        learning_free(&calm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handles_of_another_training_are_refused_by_name),
        cmocka_unit_test(handles_that_could_not_be_made_are_refused_by_name),
        cmocka_unit_test(an_optimizer_in_error_is_told_of),
        cmocka_unit_test(no_trainer_has_done_nothing),
        cmocka_unit_test(one_source_of_each_kind_is_expected),
        cmocka_unit_test(windows_of_unlike_lengths_are_refused),
        cmocka_unit_test(a_batch_that_is_refused_ends_training),
        cmocka_unit_test(a_loss_of_nothing_is_not_measured),
        cmocka_unit_test(averages_in_the_weights_place_end_training),
        cmocka_unit_test(what_a_schedule_or_an_average_says_is_told),
        cmocka_unit_test(values_are_clipped_after_the_norm),
        cmocka_unit_test(a_mean_counts_what_it_is_told_to),
        cmocka_unit_test(windows_do_not_cut_what_the_caller_fills),
        cmocka_unit_test(a_plan_of_ones_own_gives_the_same_bits),
        cmocka_unit_test(a_step_that_counts_nothing_has_a_loss_of_nothing),
        cmocka_unit_test(training_goes_on_after_an_allocation_that_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
