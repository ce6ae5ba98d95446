/* SPDX-License-Identifier: MIT */
/* The program of docs/training.md: the training loop. A GRU learns to tell
 * which of three waves a sequence is, with held-out data, early stop, a plateau
 * and checkpoints; it is stopped on the way and goes on with the same bits.
 *   training [folder for checkpoints] */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rnnc/rnnc.h>

enum { EXAMPLES = 96, HELD_OUT = 24, LONGEST = 40, WAVES = 3, UNITS = 12 };

typedef struct task {
    rnnc_graph *graph;
    rnnc_node *wave, *kind, *loss;
    rnnc_weights *weights;
    rnnc_optimizer *adam;
    rnnc_schedule *plateau;
    rnnc_trainer *trainer;
    float values[EXAMPLES + HELD_OUT][LONGEST];
    int32_t kinds[EXAMPLES + HELD_OUT];
    int64_t lengths[EXAMPLES + HELD_OUT];
} task;

/* Waves of three shapes, all of other lengths and speeds. */
static void make_values(task *t)
{
    for (int e = 0; e < EXAMPLES + HELD_OUT; e++) {
        float speed = 0.25f + 0.01f * (float)(e * 7 % 30);
        t->kinds[e] = e * 5 % WAVES;
        t->lengths[e] = 15 + e * 11 % (LONGEST - 14);
        for (int i = 0; i < LONGEST; i++) {
            float x = sinf(speed * (float)i + (float)e);
            float shapes[WAVES] = {x, x > 0 ? 1.0f : -1.0f, x * x * x};
            t->values[e][i] = shapes[t->kinds[e]];
        }
    }
}

static void describe(task *t)
{
    rnnc_graph *g = t->graph = rnnc_graph_create(NULL);
    t->wave = rnnc_input_rows(g, "wave", 1);
    t->kind = rnnc_input_batch_ids(g, "kind", WAVES);
    rnnc_node *h = rnnc_unroll(rnnc_cell_gru(g, "gru", 1, UNITS), t->wave);
    rnnc_node *y = rnnc_linear(rnnc_pool(h, RNNC_POOL_LAST), "out", WAVES);
    t->loss = rnnc_cross_entropy(y, t->kind);
    t->weights = rnnc_weights_create(g, 1);
    t->adam = rnnc_optimizer_create(t->weights, RNNC_ADAM);
    rnnc_optimizer_set(t->adam, RNNC_OPT_LEARNING_RATE, 0.01);
    t->plateau = rnnc_schedule_create(t->adam, RNNC_SCHEDULE_PLATEAU, NULL, 0);
}

/* [data] */
/* `count` examples from `first` on: a sequence of rows, and an id for it. */
static rnnc_dataset *make_data(task *t, int first, int64_t count)
{
    const float *rows[EXAMPLES];
    for (int64_t i = 0; i < count; i++)
        rows[i] = t->values[first + i];
    rnnc_dataset *data = rnnc_dataset_create(t->graph);
    rnnc_dataset_rows(data, t->wave, rows, t->lengths + first, count);
    rnnc_dataset_batch_ids(data, t->kind, t->kinds + first, count);
    return data;
}
/* [data] */

/* [progress] */
/* Whatever is shown is shown here; anything but 0 ends the training. */
static int32_t show(void *user, const rnnc_progress *p)
{
    const int64_t *stop_at = user;
    if (p->event == RNNC_PROGRESS_EPOCH && p->epoch % 10 == 0)
        printf("epoch %2d: loss %.3f, held out %.3f%s\n", (int)p->epoch,
               p->loss, p->held_out, p->improved ? ", the best" : "");
    return p->step == *stop_at;
}
/* [progress] */

/* [trainer] */
static bool make_trainer(task *t, const char *folder, int64_t *stop_at)
{
    rnnc_dataset *data = make_data(t, 0, EXAMPLES);
    rnnc_dataset *held_out = make_data(t, EXAMPLES, HELD_OUT);
    rnnc_trainer_options options = {.struct_size = sizeof options,
                                    .data = data,
                                    .held_out = held_out,
                                    .epochs = 60,
                                    .batch = 16,
                                    .clip_norm = 1,
                                    .plateau = t->plateau,
                                    .patience = 15,
                                    .seed = 7,
                                    .progress = show,
                                    .user = stop_at,
                                    .checkpoints = folder,
                                    .checkpoint_epochs = 5};
    t->trainer = rnnc_trainer_create(t->adam, t->loss, &options);
    rnnc_dataset_destroy(data); /* the trainer keeps them */
    rnnc_dataset_destroy(held_out);
    return rnnc_trainer_status(t->trainer) == RNNC_OK;
}
/* [trainer] */

static void free_task(task *t)
{
    rnnc_trainer_destroy(t->trainer);
    rnnc_schedule_destroy(t->plateau);
    rnnc_optimizer_destroy(t->adam);
    rnnc_weights_destroy(t->weights);
    rnnc_graph_destroy(t->graph);
}

/* [resume] */
/* From the newest checkpoint, or from the beginning, to the end. */
static bool train(task *t)
{
    if (rnnc_trainer_resume(t->trainer) != RNNC_OK ||
        rnnc_trainer_train(t->trainer) != RNNC_OK) {
        fprintf(stderr, "%s\n", rnnc_trainer_message(t->trainer));
        return false;
    }
    printf("%d steps, best %.4f\n", (int)rnnc_trainer_steps(t->trainer),
           rnnc_trainer_best_loss(t->trainer));
    return true;
}
/* [resume] */

/* Trained at one go, or, stopped after a step, by two trainers after each
 * other. */
static bool learn(const char *folder, int64_t stop_at, double *best)
{
    static task t;
    bool done = true;
    for (int part = stop_at > 0 ? 0 : 1; done && part < 2; part++) {
        int64_t stop = part == 0 ? stop_at : -1;
        memset(&t, 0, sizeof t);
        make_values(&t);
        describe(&t);
        done = make_trainer(&t, folder, &stop) && train(&t);
        *best = rnnc_trainer_best_loss(t.trainer);
        free_task(&t);
    }
    return done;
}

/* The checkpoints of an earlier run of this program. */
static void clear_folder(const char *folder)
{
    rnnc_checkpoints *kept = rnnc_checkpoints_create(NULL, folder, 0);
    int64_t step;
    while ((step = rnnc_checkpoints_newest(kept, INT64_MAX)) >= 0)
        if (remove(rnnc_checkpoints_path(kept, step)) != 0)
            break;
    rnnc_checkpoints_destroy(kept);
}

int main(int count, char **words)
{
    const char *folder = count > 1 ? words[1] : "training-checkpoints";
    double whole, resumed;
    clear_folder(folder);
    if (!learn(folder, 0, &whole))
        return 1;
    clear_folder(folder);
    if (!learn(folder, 100, &resumed))
        return 1;
    clear_folder(folder);
    remove(folder);
    bool same = memcmp(&whole, &resumed, sizeof whole) == 0;
    printf("stopped and resumed: %s\n", same ? "the same" : "NOT the same");
    return !same || whole > 0.5;
}
