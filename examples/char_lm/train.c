/* SPDX-License-Identifier: MIT */
/* Training as char-rnn does: the text lies in `batch` rows, each read from its
 * beginning in windows, states carried from window to window; RMSprop, every
 * gradient clipped by its value. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "char_lm.h"

static const double ln2 = 0.69314718055994531;

/* A text in rows of ids; its windows are [batch, window]. */
struct reader {
    int32_t *ids;   /* of the whole text */
    int64_t length; /* of it */
    int64_t batch, row, window, windows;
    int32_t *inputs, *targets;
    rnnc_sequence *text, *next;
    uint8_t *carried;
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

static bool reader_make(struct reader *to, const struct network *network,
                        const struct settings *settings,
                        const unsigned char *bytes, int64_t length)
{
    *to = (struct reader){.length = length};
    lay_out(to, settings);
    size_t cells = (size_t)(to->batch * to->window);
    to->ids = malloc(((size_t)length + 1) * sizeof *to->ids);
    to->inputs = malloc((cells + 1) * sizeof *to->inputs);
    to->targets = malloc((cells + 1) * sizeof *to->targets);
    to->carried = malloc((size_t)to->batch + 1);
    to->text = rnnc_sequence_create(network->context);
    to->next = rnnc_sequence_create(network->context);
    if (to->ids == NULL || to->inputs == NULL || to->targets == NULL ||
        to->carried == NULL || to->text == NULL || to->next == NULL)
        return good(RNNC_E_MEMORY, "out of memory");
    for (int64_t i = 0; i < length; i++)
        to->ids[i] = network->ids[bytes[i]];
    return true;
}

static void reader_free(struct reader *reader)
{
    free(reader->ids);
    free(reader->inputs);
    free(reader->targets);
    free(reader->carried);
    rnnc_sequence_destroy(reader->text);
    rnnc_sequence_destroy(reader->next);
}

/* Hands window `w` of every row to the run; the first one begins fresh. */
static bool read_window(struct reader *reader, const struct network *network,
                        rnnc_run *run, int64_t w)
{
    size_t bytes = (size_t)reader->window * sizeof *reader->ids;
    for (int64_t b = 0; b < reader->batch; b++) {
        const int32_t *from =
            reader->ids + b * reader->row + w * reader->window;
        memcpy(reader->inputs + b * reader->window, from, bytes);
        memcpy(reader->targets + b * reader->window, from + 1, bytes);
    }
    memset(reader->carried, w > 0, (size_t)reader->batch);
    return good(rnnc_sequence_set_padded_ids(reader->text, reader->inputs, NULL,
                                             reader->batch, reader->window,
                                             RNNC_BATCH_MAJOR),
                rnnc_sequence_message(reader->text)) &&
           good(rnnc_sequence_set_padded_ids(reader->next, reader->targets,
                                             NULL, reader->batch,
                                             reader->window, RNNC_BATCH_MAJOR),
                rnnc_sequence_message(reader->next)) &&
           good(rnnc_run_input(run, network->text, reader->text),
                rnnc_run_message(run)) &&
           good(rnnc_run_input(run, network->next, reader->next),
                rnnc_run_message(run)) &&
           good(rnnc_run_carry(run, reader->carried, reader->batch),
                rnnc_run_message(run)) &&
           good(rnnc_run_forward(run), rnnc_run_message(run));
}

static rnnc_run *make_run(const struct network *network, int32_t use)
{
    rnnc_plan_options options = {.struct_size = sizeof options, .use = use};
    if (use == RNNC_TRAIN) {
        options.loss = network->loss;
    } else {
        options.outputs = &network->loss;
        options.n_outputs = 1;
    }
    rnnc_plan *plan = rnnc_plan_create(network->graph, &options);
    rnnc_run *run = NULL;
    if (good(rnnc_plan_status(plan), rnnc_plan_message(plan))) {
        run = rnnc_run_create(plan, network->weights);
        if (!good(rnnc_run_status(run), rnnc_run_message(run))) {
            rnnc_run_destroy(run);
            run = NULL;
        }
    }
    rnnc_plan_destroy(plan);
    return run;
}

/* The mean loss over what was held out; NAN where there is too little. */
static bool validate(struct reader *held, const struct network *network,
                     rnnc_run *run, double *loss)
{
    double sum = 0;
    for (int64_t w = 0; w < held->windows; w++) {
        float value;
        if (!read_window(held, network, run, w) ||
            !good(rnnc_run_get_static(run, network->loss, &value),
                  rnnc_run_message(run)))
            return false;
        sum += (double)value;
    }
    *loss = held->windows > 0 ? sum / (double)held->windows : (double)NAN;
    return true;
}

/* Everything of one training. */
struct trainer {
    struct network *network;
    const struct settings *settings;
    const volatile sig_atomic_t *stop;
    struct reader text, held; /* learnt from, and held out */
    rnnc_run *run, *check;
    rnnc_optimizer *optimizer;
    struct progress progress;
    double rate, loss; /* loss: nats, averaged over the last windows */
};

/* Characters at the end of the text that nothing is learnt from. */
static int64_t held_out(const struct settings *settings,
                        const struct corpus *corpus)
{
    return (int64_t)(settings->validation * (double)corpus->length);
}

static bool held_make(struct reader *to, const struct network *network,
                      const struct settings *settings,
                      const struct corpus *corpus)
{
    int64_t held = held_out(settings, corpus);
    return reader_make(to, network, settings,
                       corpus->bytes + ((int64_t)corpus->length - held), held);
}

static bool trainer_make(struct trainer *t, const struct corpus *corpus)
{
    const struct settings *settings = t->settings;
    if (!reader_make(&t->text, t->network, settings, corpus->bytes,
                     (int64_t)corpus->length - held_out(settings, corpus)) ||
        !held_make(&t->held, t->network, settings, corpus))
        return false;
    if (t->text.windows < 1) {
        fprintf(stderr, "char_lm: the text is too short to learn from\n");
        return false;
    }
    t->run = make_run(t->network, RNNC_TRAIN);
    t->check = make_run(t->network, RNNC_INFER);
    t->optimizer = rnnc_optimizer_create(t->network->weights, RNNC_RMSPROP);
    t->rate = settings->rate;
    return t->run != NULL && t->check != NULL &&
           good(rnnc_optimizer_set(t->optimizer, RNNC_OPT_LEARNING_RATE,
                                   t->rate),
                rnnc_optimizer_message(t->optimizer)) &&
           good(rnnc_optimizer_set(t->optimizer, RNNC_OPT_ALPHA,
                                   settings->decay),
                rnnc_optimizer_message(t->optimizer)) &&
           good(rnnc_run_seed(t->run, (uint64_t)settings->seed, 0),
                rnnc_run_message(t->run));
}

static void trainer_free(struct trainer *t)
{
    rnnc_optimizer_destroy(t->optimizer);
    rnnc_run_destroy(t->run);
    rnnc_run_destroy(t->check);
    reader_free(&t->text);
    reader_free(&t->held);
}

/* char-rnn adds the gradients of a window's steps up where we have their mean,
 * so its bound is divided by the steps. RMSprop does not mind the scale. */
static bool learn_window(struct trainer *t, int64_t w)
{
    rnnc_weights *weights = t->network->weights;
    float loss;
    if (!good(rnnc_weights_zero_gradients(weights),
              rnnc_weights_message(weights)) ||
        !read_window(&t->text, t->network, t->run, w) ||
        !good(rnnc_run_backward(t->run), rnnc_run_message(t->run)) ||
        !good(rnnc_run_loss(t->run, &loss), rnnc_run_message(t->run)))
        return false;
    if (!isfinite(loss)) {
        fprintf(stderr, "\nchar_lm: the loss is no number any more; try a "
                        "lower --rate\n");
        return false;
    }
    float bound = (float)(t->settings->clip / (double)t->text.window);
    if (!good(rnnc_clip_value(weights, bound), rnnc_weights_message(weights)) ||
        !good(rnnc_optimizer_step(t->optimizer),
              rnnc_optimizer_message(t->optimizer)))
        return false;
    t->loss = t->loss > 0 ? 0.98 * t->loss + 0.02 * (double)loss : (double)loss;
    t->progress.characters += (double)(t->text.batch * t->text.window);
    return true;
}

static bool is_over(const struct trainer *t)
{
    double budget = t->settings->seconds;
    return *t->stop != 0 ||
           (budget > 0 && now() - t->progress.started >= budget);
}

static bool report(struct trainer *t, int64_t epoch)
{
    double held, spent = now() - t->progress.started;
    if (!validate(&t->held, t->network, t->check, &held))
        return false;
    progress_clear(&t->progress);
    fprintf(stderr, "epoch %lld: training %.4f nats %.4f bits",
            (long long)epoch + 1, t->loss, t->loss / ln2);
    if (t->held.windows > 0)
        fprintf(stderr, ", validation %.4f nats %.4f bits", held, held / ln2);
    fprintf(stderr, ", %.0f chars/s, %.0f s\n", t->progress.characters / spent,
            spent);
    return true;
}

enum { SAMPLE = 200 };

/* From the tenth epoch on each has a lower rate. An interrupt is in a hurry. */
static bool end_epoch(struct trainer *t, int64_t epoch)
{
    if (*t->stop != 0) {
        progress_clear(&t->progress);
        return true;
    }
    if (!report(t, epoch))
        return false;
    if (epoch + 1 >= (int64_t)t->settings->rate_decay_after)
        t->rate *= t->settings->rate_decay;
    return good(rnnc_optimizer_set(t->optimizer, RNNC_OPT_LEARNING_RATE,
                                   t->rate),
                rnnc_optimizer_message(t->optimizer)) &&
           (is_over(t) || epoch + 1 == (int64_t)t->settings->epochs ||
            network_write(t->network, t->settings, SAMPLE));
}

static bool learn(struct trainer *t)
{
    int64_t epochs = (int64_t)t->settings->epochs;
    progress_start(&t->progress, t->settings->seconds);
    for (int64_t epoch = 0; epoch < epochs && !is_over(t); epoch++) {
        for (int64_t w = 0; w < t->text.windows && !is_over(t); w++) {
            if (!learn_window(t, w))
                return false;
            progress_show(&t->progress, epoch, epochs, w + 1, t->text.windows,
                          t->loss);
        }
        if (!end_epoch(t, epoch))
            return false;
    }
    return true;
}

bool network_train(struct network *network, const struct settings *settings,
                   const struct corpus *corpus,
                   const volatile sig_atomic_t *stop)
{
    struct trainer t = {.network = network, .settings = settings, .stop = stop};
    bool done = trainer_make(&t, corpus);
    if (done)
        fprintf(stderr,
                "%lld characters of %zu files, %ld different; %lld windows of "
                "%lld x %lld, %s\n",
                (long long)corpus->length, corpus->files,
                (long)network->characters, (long long)t.text.windows,
                (long long)t.text.batch, (long long)t.text.window,
                rnnc_run_isa(t.run));
    done = done && learn(&t);
    trainer_free(&t);
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

bool network_store(struct network *network, const struct settings *settings,
                   const struct corpus *corpus)
{
    struct reader held = {0};
    rnnc_run *run = NULL;
    double before, after;
    bool checked = corpus->length > 0;
    bool done = !checked || (held_make(&held, network, settings, corpus) &&
                             (run = make_run(network, RNNC_INFER)) != NULL &&
                             validate(&held, network, run, &before));
    done = done && good(rnnc_weights_store(network->weights, NULL,
                                           storage_of(settings->store)),
                        rnnc_weights_message(network->weights));
    done = done && (!checked || validate(&held, network, run, &after));
    if (done && checked)
        fprintf(stderr, "stored as %s: validation %.4f nats, before %.4f\n",
                settings->store, after, before);
    rnnc_run_destroy(run);
    reader_free(&held);
    return done;
}
