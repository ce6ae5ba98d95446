// SPDX-License-Identifier: MIT
// A trainer into a record and back, and resuming from a folder of checkpoints.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/trainer.h"

static const double whole_most = 9007199254740992.0; // 2^53

// ---- Items ------------------------------------------------------------------

// Shows numbers one after another until one says no.
typedef struct shower {
    rni_item_visit *visit;
    void *user;
    bool going;
} shower;

static void show(shower *s, const char *what, double *value, bool fixed,
                 double low, double high)
{
    rni_item item = {.noun = "trainer",
                     .what = what,
                     .type = RNNC_RECORD_NUMBERS,
                     .size = 1,
                     .values = value,
                     .fixed = fixed,
                     .low = low,
                     .high = high};
    s->going = s->going && s->visit(s->user, &item);
}

static void show_fixed(shower *s, const char *what, double value)
{
    show(s, what, &value, true, -DBL_MAX, DBL_MAX);
}

static void show_whole(shower *s, const char *what, int64_t *value)
{
    double number = (double)*value;
    show(s, what, &number, false, 0, whole_most);
    *value = (int64_t)number;
}

// Of all examples together: other data are noticed by it, mostly.
static double steps_of(const rnnc_trainer *t)
{
    double steps = 0;
    for (int64_t i = 0; i < rnnc_dataset_count(t->options.data); i++)
        steps += (double)t->feed.steps[i];
    return steps;
}

// What must be the same for the data to come in the same order.
static void show_options(shower *s, const rnnc_trainer *t)
{
    const rnnc_trainer_options *o = &t->options;
    show_fixed(s, "format", 1);
    show_fixed(s, "batch_size", (double)o->batch);
    show_fixed(s, "window_size", (double)o->window);
    show_fixed(s, "order", o->order);
    show_fixed(s, "accumulate", o->accumulate);
    show_fixed(s, "seed_low", (double)(o->seed & 0xffffffffu));
    show_fixed(s, "seed_high", (double)(o->seed >> 32));
    show_fixed(s, "examples",
               o->data == NULL ? -1 : (double)rnnc_dataset_count(o->data));
    show_fixed(s, "steps_of_examples", steps_of(t));
    show_fixed(s, "validate_every", (double)o->validate_every);
    show_fixed(s, "measures", t->check != NULL);
}

// Only where there is something owed: older records do not say.
static void show_owed(shower *s, rni_position *at)
{
    int64_t owed = at->owed;
    if (owed > 0)
        show_whole(s, "owed", &owed);
    at->owed = owed > 0;
}

static void show_position(shower *s, rnnc_trainer *t)
{
    rni_position *at = &t->at;
    show_whole(s, "epoch", &at->place.epoch);
    show_whole(s, "batch", &at->place.batch);
    show_whole(s, "window", &at->place.window);
    show_whole(s, "step", &at->step);
    show(s, "sum", &at->sum, false, -DBL_MAX, DBL_MAX);
    show(s, "mass", &at->mass, false, 0, whole_most);
    show(s, "held_out", &at->held_out, false, -DBL_MAX, DBL_MAX);
    show(s, "best", &at->best, false, -DBL_MAX, DBL_MAX);
    show_whole(s, "measured", &at->measured);
    show_whole(s, "waited", &at->waited);
    show_owed(s, at);
    int64_t counter = (int64_t)t->run->counter;
    show_whole(s, "dropout", &counter);
    t->run->counter = (uint64_t)counter;
}

static void show_best(shower *s, const rnnc_trainer *t)
{
    const rnnc_weights *best = t->best;
    for (int32_t p = 0; best != NULL && p < best->n_parameters; p++) {
        const rni_parameter *parameter = best->graph->parameters[p];
        rni_item item = {.noun = "best.values",
                         .of = parameter->name,
                         .type = RNNC_RECORD_FLOATS,
                         .size = parameter->rows * parameter->cols,
                         .values = rni_weights_values(best, p)};
        s->going = s->going && s->visit(s->user, &item);
    }
}

static bool list_items(void *noun, rni_item_visit *visit, void *user)
{
    shower s = {visit, user, true};
    show_options(&s, noun);
    show_position(&s, noun);
    show_best(&s, noun);
    return s.going;
}

// ---- States -----------------------------------------------------------------

static const char states_name[] = "trainer/states";

// Within a batch that is read in windows, and always where the caller says what
// is carried.
static bool has_states(const rnnc_trainer *t)
{
    bool within = t->options.fill != NULL || t->at.place.window > 0;
    return rni_trainer_carries(t) && within && t->run->kept_batch > 0 &&
           rnnc_run_state_count(t->run) > 0;
}

static rnnc_status save_states(rnnc_trainer *t, rnnc_record *record)
{
    if (!has_states(t))
        return RNNC_OK;
    int64_t floats = t->run->kept_batch * rnnc_run_state_count(t->run);
    float *values = rni_memory_zeroed(rni_trainer_memory(t), (size_t)floats,
                                      sizeof *values);
    if (values == NULL)
        return rni_error_memory(&t->error);
    rnnc_run_state_get(t->run, values);
    rnnc_status status =
        rnnc_record_set_floats(record, states_name, values, floats);
    rni_memory_release(rni_trainer_memory(t), values);
    return rni_trainer_take(t, status, rnnc_record_message(record));
}

static rnnc_status restore_states(rnnc_trainer *t, const rnnc_record *record)
{
    const rni_entry *entry = rni_record_entry(
        record, &(rni_item){.noun = "trainer", .what = "states"});
    int64_t count = rnnc_run_state_count(t->run);
    if (entry == NULL)
        return RNNC_OK;
    if (entry->type != RNNC_RECORD_FLOATS || count < 1 ||
        entry->size % count != 0)
        return rni_error_set(&t->error, RNNC_E_SHAPE,
                             "record: \"%s\" holds %lld values, the states of "
                             "a sequence have %lld",
                             states_name, (long long)entry->size,
                             (long long)count);
    return rni_trainer_take(
        t, rnnc_run_state_set(t->run, entry->values, entry->size / count),
        rnnc_run_message(t->run));
}

// ---- A plateau beside a schedule --------------------------------------------

static const char plateau_name[] = "plateau.";

// Copies entries with another beginning of their names: `cut` goes, `put`
// comes.
static rnnc_status copy_entries(rnnc_trainer *t, const rnnc_record *from,
                                rnnc_record *to, const char *cut,
                                const char *put)
{
    char name[96];
    for (int32_t i = 0; i < from->n_entries; i++) {
        const rni_entry *entry = &from->entries[i];
        if (strncmp(entry->name, cut, strlen(cut)) != 0)
            continue;
        snprintf(name, sizeof name, "%s%s", put, entry->name + strlen(cut));
        rni_item item = {.noun = name,
                         .type = entry->type,
                         .size = entry->size,
                         .values = entry->values};
        rnnc_status status =
            entry->type == RNNC_RECORD_FLOATS
                ? rnnc_record_set_floats(to, name, item.values, item.size)
                : rnnc_record_set_numbers(to, name, item.values, item.size);
        if (rni_trainer_take(t, status, rnnc_record_message(to)) != RNNC_OK)
            break;
    }
    return t->error.status;
}

static rnnc_status move_plateau(rnnc_trainer *t, rnnc_record *save,
                                const rnnc_record *restore)
{
    rnnc_schedule *plateau = t->options.plateau;
    if (plateau == NULL)
        return RNNC_OK;
    rnnc_record *own = rnnc_record_create(t->context);
    if (own == NULL)
        return rni_error_memory(&t->error);
    if (save != NULL) {
        if (rni_trainer_take(t, rnnc_schedule_save(plateau, own),
                             rnnc_schedule_message(plateau)) == RNNC_OK)
            copy_entries(t, own, save, "", plateau_name);
    } else if (copy_entries(t, restore, own, plateau_name, "") == RNNC_OK) {
        rni_trainer_take(t, rnnc_schedule_restore(plateau, own),
                         rnnc_schedule_message(plateau));
    }
    rnnc_record_destroy(own);
    return t->error.status;
}

// ---- Saving -----------------------------------------------------------------

static rnnc_status save_others(rnnc_trainer *t, rnnc_record *record)
{
    const rnnc_trainer_options *o = &t->options;
    rnnc_status status =
        rni_trainer_take(t, rnnc_optimizer_save(t->optimizer, record),
                         rnnc_optimizer_message(t->optimizer));
    if (status == RNNC_OK && o->schedule != NULL)
        status = rni_trainer_take(t, rnnc_schedule_save(o->schedule, record),
                                  rnnc_schedule_message(o->schedule));
    if (status == RNNC_OK && o->average != NULL)
        status = rni_trainer_take(t, rnnc_average_save(o->average, record),
                                  rnnc_average_message(o->average));
    return status == RNNC_OK ? move_plateau(t, record, NULL) : status;
}

rnnc_status rnnc_trainer_save(rnnc_trainer *t, rnnc_record *record)
{
    if (!rni_trainer_begin(t))
        return rnnc_trainer_status(t);
    if (record == NULL)
        return rni_error_set(&t->error, RNNC_E_ARGUMENT,
                             "trainer: record is NULL");
    const int32_t before = record->n_entries;
    if (rni_record_save(record, t, list_items) != RNNC_OK)
        return rni_error_copy(&t->error, &record->error);
    if (save_others(t, record) != RNNC_OK || save_states(t, record) != RNNC_OK)
        rni_record_cut(record, before);
    return t->error.status;
}

// ---- Restoring --------------------------------------------------------------

static rnnc_status restore_others(rnnc_trainer *t, const rnnc_record *record)
{
    const rnnc_trainer_options *o = &t->options;
    rnnc_status status =
        rni_trainer_take(t, rnnc_optimizer_restore(t->optimizer, record),
                         rnnc_optimizer_message(t->optimizer));
    if (status == RNNC_OK && o->schedule != NULL)
        status = rni_trainer_take(t, rnnc_schedule_restore(o->schedule, record),
                                  rnnc_schedule_message(o->schedule));
    if (status == RNNC_OK && o->average != NULL)
        status = rni_trainer_take(t, rnnc_average_restore(o->average, record),
                                  rnnc_average_message(o->average));
    return status == RNNC_OK ? move_plateau(t, NULL, record) : status;
}

// What can fail without a change comes first.
static rnnc_status restore(rnnc_trainer *t, const rnnc_record *record)
{
    const rni_item owed = {.noun = "trainer", .what = "owed"};
    t->at.owed = t->check != NULL && rni_record_entry(record, &owed) != NULL;
    if (rni_record_check(record, t, list_items, &t->error) != RNNC_OK ||
        restore_others(t, record) != RNNC_OK ||
        restore_states(t, record) != RNNC_OK)
        return t->error.status;
    rni_record_restore(record, t, list_items);
    if (t->best != NULL)
        atomic_fetch_add(&t->best->version, 1);
    t->feed.epoch = -1;
    t->dirty = true;
    return RNNC_OK;
}

rnnc_status rnnc_trainer_restore(rnnc_trainer *t, const rnnc_record *record)
{
    rnnc_record *before = NULL;
    if (!rni_trainer_begin(t))
        return rnnc_trainer_status(t);
    if (record == NULL)
        return rni_error_set(&t->error, RNNC_E_ARGUMENT,
                             "trainer: record is NULL");
    before = rnnc_record_create(t->context);
    if (before == NULL)
        return rni_error_memory(&t->error);
    if (rnnc_trainer_save(t, before) == RNNC_OK &&
        restore(t, record) != RNNC_OK) {
        rni_error why = t->error;
        rni_error_clear(&t->error);
        restore(t, before);
        t->error = why;
    }
    if (t->error.status == RNNC_OK) {
        t->norm = t->mean = (double)NAN;
        t->mass = 0;
    }
    rnnc_record_destroy(before);
    return t->error.status;
}

// ---- Checkpoints ------------------------------------------------------------

static rnnc_status need_folder(rnnc_trainer *t)
{
    if (t->checkpoints != NULL)
        return RNNC_OK;
    return rni_error_set(&t->error, RNNC_E_STATE,
                         "trainer: its options name no folder of checkpoints");
}

rnnc_status rnnc_trainer_checkpoint(rnnc_trainer *t)
{
    if (!rni_trainer_begin(t))
        return rnnc_trainer_status(t);
    return need_folder(t) == RNNC_OK ? rni_trainer_checkpoint(t)
                                     : t->error.status;
}

static rnnc_status resume(rnnc_trainer *t, rnnc_weights *fresh,
                          rnnc_record *record)
{
    int64_t step = -1;
    if (fresh == NULL || fresh->values == NULL || record == NULL)
        return rni_error_memory(&t->error);
    if (rni_trainer_take(
            t, rnnc_checkpoints_load(t->checkpoints, fresh, record, &step),
            rnnc_checkpoints_message(t->checkpoints)) != RNNC_OK ||
        step < 0 || rnnc_trainer_restore(t, record) != RNNC_OK)
        return t->error.status;
    rni_weights_take(rni_trainer_weights(t), fresh);
    t->dirty = false;
    return RNNC_OK;
}

rnnc_status rnnc_trainer_resume(rnnc_trainer *t)
{
    if (!rni_trainer_begin(t))
        return rnnc_trainer_status(t);
    if (need_folder(t) != RNNC_OK)
        return t->error.status;
    rnnc_weights *fresh = rnnc_weights_copy(rni_trainer_weights(t));
    rnnc_record *record = rnnc_record_create(t->context);
    resume(t, fresh, record);
    rnnc_weights_destroy(fresh);
    rnnc_record_destroy(record);
    return t->error.status;
}
