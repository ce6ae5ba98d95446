/* SPDX-License-Identifier: MIT */
/* Training as char-rnn does: the text lies in `batch` rows, each read from its
 * beginning in windows, states carried from window to window; RMSprop, every
 * gradient clipped by its value. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "char_lm.h"

static const double ln2 = 0.69314718055994531;

/* A text as a few long examples, one beside the other. */
struct reader {
    int32_t *ids;   /* of the whole text */
    int64_t length; /* of it */
    int64_t batch, row, window, windows;
    rnnc_dataset *data;
};

/* What is too short for the batch or the window is read in fewer rows. */
static void lay_out(struct reader *reader, const struct settings *settings)
{
    reader->window = (int64_t)settings->window;
    reader->batch = (int64_t)settings->batch;
    int64_t usable = reader->length - 1; /* each needs a next one */
    if (usable < 1) {
        reader->window = reader->batch = 0;
        return;
    }
    if (reader->window > usable)
        reader->window = usable;
    if (reader->batch > usable / reader->window)
        reader->batch = usable / reader->window;
    reader->row = usable / reader->batch;
    reader->windows = reader->row / reader->window;
}

/* [windows] */
/* Row `b` begins at b * row; what comes next is one further on. */
static bool fill_data(struct reader *reader, const struct network *network)
{
    size_t batch = (size_t)reader->batch + 1;
    const int32_t **text = malloc(batch * sizeof *text);
    const int32_t **next = malloc(batch * sizeof *next);
    int64_t *lengths = malloc(batch * sizeof *lengths);
    bool made = text != NULL && next != NULL && lengths != NULL;
    for (int64_t b = 0; made && b < reader->batch; b++) {
        text[b] = reader->ids + b * reader->row;
        next[b] = text[b] + 1;
        lengths[b] = reader->windows * reader->window;
    }
    reader->data = rnnc_dataset_create(network->graph);
    made = made &&
           rnnc_dataset_ids(reader->data, network->text, text, lengths,
                            reader->batch) == RNNC_OK &&
           rnnc_dataset_ids(reader->data, network->next, next, lengths,
                            reader->batch) == RNNC_OK;
    free(text);
    free(next);
    free(lengths);
    return made || good(RNNC_E_MEMORY, "out of memory");
}
/* [windows] */

static bool reader_make(struct reader *to, const struct network *network,
                        const struct settings *settings,
                        const unsigned char *bytes, int64_t length)
{
    *to = (struct reader){.length = length};
    lay_out(to, settings);
    to->ids = malloc(((size_t)length + 1) * sizeof *to->ids);
    if (to->ids == NULL)
        return good(RNNC_E_MEMORY, "out of memory");
    for (int64_t i = 0; i < length; i++)
        to->ids[i] = network->ids[bytes[i]];
    return fill_data(to, network);
}

static void reader_free(struct reader *reader)
{
    rnnc_dataset_destroy(reader->data);
    free(reader->ids);
}

/* Everything of one training. */
struct training {
    struct network *network;
    const struct settings *settings;
    const volatile sig_atomic_t *stop;
    struct reader text, held; /* learnt from, and held out */
    rnnc_optimizer *optimizer;
    rnnc_schedule *schedule;
    rnnc_trainer *trainer;
    struct progress progress;
    double loss; /* nats, averaged over the last windows */
    bool cut;    /* it ended within an epoch */
    bool failed; /* something in the callback */
};

/* ---- Callbacks ----------------------------------------------------------- */

/* From the epoch `rate_decay_after` on each has a lower rate. */
static double rate_factor(void *user, int64_t epochs)
{
    const struct settings *settings = user;
    double factor = 1;
    for (int64_t e = (int64_t)settings->rate_decay_after; e <= epochs; e++)
        factor *= e > 0 ? settings->rate_decay : 1;
    return factor;
}

static bool is_over(const struct training *t)
{
    double budget = t->settings->seconds;
    return *t->stop != 0 ||
           (budget > 0 && now() - t->progress.started >= budget);
}

static void report(struct training *t, int64_t epoch, double held)
{
    double spent = now() - t->progress.started;
    progress_clear(&t->progress);
    fprintf(stderr, "epoch %lld: training %.4f nats %.4f bits",
            (long long)epoch + 1, t->loss, t->loss / ln2);
    if (!isnan(held))
        fprintf(stderr, ", validation %.4f nats %.4f bits", held, held / ln2);
    fprintf(stderr, ", %.0f chars/s, %.0f s\n", t->progress.characters / spent,
            spent);
}

enum { SAMPLE = 200 };

/* An interrupt is in a hurry. */
static int32_t after_epoch(struct training *t, const rnnc_progress *p)
{
    if (*t->stop != 0)
        return 1;
    report(t, p->epoch, p->held_out);
    if (is_over(t) || p->epoch + 1 == p->epochs)
        return is_over(t);
    t->failed = !network_write(t->network, t->settings, SAMPLE);
    return t->failed;
}

static int32_t watch(void *user, const rnnc_progress *p)
{
    struct training *t = user;
    if (p->event == RNNC_PROGRESS_EPOCH)
        return after_epoch(t, p);
    if (p->event != RNNC_PROGRESS_STEP)
        return 0;
    t->loss = t->loss > 0 ? 0.98 * t->loss + 0.02 * p->loss : p->loss;
    t->progress.characters += (double)p->mass;
    progress_show(&t->progress, p->epoch, p->epochs, p->window, t->text.windows,
                  t->loss);
    /* The end of an epoch comes after its last window, whatever the time. */
    t->cut = is_over(t) && p->window < t->text.windows;
    return t->cut;
}

/* ---- A training ---------------------------------------------------------- */

static bool make_readers(struct training *t, const struct corpus *corpus)
{
    const struct settings *settings = t->settings;
    int64_t length = (int64_t)corpus->length;
    /* Characters at the end of the text that nothing is learnt from. */
    int64_t held = (int64_t)(settings->validation * (double)length);
    return reader_make(&t->text, t->network, settings, corpus->bytes,
                       length - held) &&
           reader_make(&t->held, t->network, settings,
                       corpus->bytes + (length - held), held);
}

static bool make_optimizer(struct training *t)
{
    const struct settings *settings = t->settings;
    t->optimizer = rnnc_optimizer_create(t->network->weights, RNNC_RMSPROP);
    if (!good(rnnc_optimizer_set(t->optimizer, RNNC_OPT_LEARNING_RATE,
                                 settings->rate),
              rnnc_optimizer_message(t->optimizer)) ||
        !good(rnnc_optimizer_set(t->optimizer, RNNC_OPT_ALPHA, settings->decay),
              rnnc_optimizer_message(t->optimizer)))
        return false;
    t->schedule = rnnc_schedule_lambda(t->optimizer, rate_factor,
                                       (void *)(uintptr_t)settings);
    return good(rnnc_schedule_status(t->schedule),
                rnnc_schedule_message(t->schedule));
}

/* char-rnn adds the gradients of a window's steps up where we have their mean,
 * so its bound is divided by the steps. RMSprop does not mind the scale. */
static bool make_trainer(struct training *t)
{
    const struct settings *settings = t->settings;
    rnnc_trainer_options options = {
        .struct_size = sizeof options,
        .order = RNNC_ORDER_GIVEN,
        .data = t->text.data,
        .held_out = t->held.windows > 0 ? t->held.data : NULL,
        .epochs = (int64_t)settings->epochs,
        .batch = t->text.batch > t->held.batch ? t->text.batch : t->held.batch,
        .window = t->text.window,
        .clip_value = settings->clip / (double)t->text.window,
        .seed = (uint64_t)settings->seed,
        .schedule = t->schedule,
        .schedule_every = RNNC_EVERY_EPOCH,
        .progress = watch,
        .user = t,
        .checkpoints = settings->checkpoint,
        .checkpoint_epochs = 1,
        .checkpoint_seconds = 30};
    t->trainer = rnnc_trainer_create(t->optimizer, t->network->loss, &options);
    return good(rnnc_trainer_status(t->trainer),
                rnnc_trainer_message(t->trainer));
}

static bool training_make(struct training *t, const struct corpus *corpus)
{
    if (!make_readers(t, corpus))
        return false;
    if (t->text.windows < 1) {
        fprintf(stderr, "char_lm: the text is too short to learn from\n");
        return false;
    }
    return make_optimizer(t) && make_trainer(t);
}

static void training_free(struct training *t)
{
    rnnc_trainer_destroy(t->trainer);
    rnnc_schedule_destroy(t->schedule);
    rnnc_optimizer_destroy(t->optimizer);
    reader_free(&t->text);
    reader_free(&t->held);
}

/* Goes on where a training that was stopped, or killed, had been. */
static bool resume(struct training *t)
{
    if (t->settings->checkpoint == NULL)
        return true;
    if (!good(rnnc_trainer_resume(t->trainer),
              rnnc_trainer_message(t->trainer)))
        return false;
    if (rnnc_trainer_notice(t->trainer)[0] != '\0')
        fprintf(stderr, "%s\n", rnnc_trainer_notice(t->trainer));
    if (rnnc_trainer_steps(t->trainer) > 0)
        fprintf(stderr, "goes on after step %lld, in epoch %lld\n",
                (long long)rnnc_trainer_steps(t->trainer),
                (long long)rnnc_trainer_epochs(t->trainer) + 1);
    return true;
}

/* An epoch that the time has cut short is judged as well. */
static bool learn(struct training *t)
{
    double held = (double)NAN;
    progress_start(&t->progress, t->settings->seconds);
    rnnc_status status = rnnc_trainer_train(t->trainer);
    progress_clear(&t->progress);
    if (!good(status, rnnc_trainer_message(t->trainer)) || t->failed)
        return false;
    if (!t->cut || *t->stop != 0)
        return true;
    if (t->held.windows > 0 && !good(rnnc_trainer_measure(t->trainer, &held),
                                     rnnc_trainer_message(t->trainer)))
        return false;
    report(t, rnnc_trainer_epochs(t->trainer), held);
    return true;
}

bool network_train(struct network *network, const struct settings *settings,
                   const struct corpus *corpus,
                   const volatile sig_atomic_t *stop)
{
    struct training t = {
        .network = network, .settings = settings, .stop = stop};
    bool done = training_make(&t, corpus);
    if (done)
        fprintf(stderr,
                "%lld characters of %zu files, %ld different; %lld windows of "
                "%lld x %lld, %s\n",
                (long long)corpus->length, corpus->files,
                (long)network->characters, (long long)t.text.windows,
                (long long)t.text.batch, (long long)t.text.window,
                rnnc_run_isa(rnnc_trainer_run(t.trainer)));
    done = done && resume(&t) && learn(&t);
    training_free(&t);
    return done;
}

/* ---- Storing ------------------------------------------------------------- */

static int32_t storage_of(const char *word)
{
    static const struct {
        const char *word;
        int32_t storage;
    } known[] = {{"float32", RNNC_STORE_FLOAT32},
                 {"bf16", RNNC_STORE_BF16},
                 {"int8", RNNC_STORE_INT8}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(word, known[i].word) == 0)
            return known[i].storage;
    return -1;
}

/* The loss over what is held out; NaN where there is no text, or too little. */
static bool measure(const struct training *t, double *loss)
{
    *loss = (double)NAN;
    return t->trainer == NULL || t->held.windows < 1 ||
           good(rnnc_trainer_measure(t->trainer, loss),
                rnnc_trainer_message(t->trainer));
}

bool network_store(struct network *network, const struct settings *settings,
                   const struct corpus *corpus)
{
    struct training t = {.network = network, .settings = settings};
    double before, after;
    bool checked = corpus->length > 0;
    bool done = (!checked || training_make(&t, corpus)) && measure(&t, &before);
    done = done &&
           good(rnnc_weights_store(network->weights, NULL,
                                   storage_of(settings->store)),
                rnnc_weights_message(network->weights)) &&
           measure(&t, &after);
    if (done && checked)
        fprintf(stderr, "stored as %s: validation %.4f nats, before %.4f\n",
                settings->store, after, before);
    training_free(&t);
    return done;
}
