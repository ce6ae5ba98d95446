/* SPDX-License-Identifier: MIT */
/**
 * @file trainer.h
 * @defgroup trainer Trainer
 * The training loop.
 *
 * @code
 * rnnc_trainer_options options = {
 *     .struct_size = sizeof options, .data = data, .held_out = held_out,
 *     .epochs = 20, .batch = 32, .clip_norm = 1, .patience = 3,
 *     .checkpoints = "run-7"};
 * rnnc_trainer *trainer = rnnc_trainer_create(adam, loss, &options);
 * if (rnnc_trainer_resume(trainer) || rnnc_trainer_train(trainer))
 *     fail(rnnc_trainer_message(trainer));
 * rnnc_model_save(rnnc_trainer_best(trainer), "best.safetensors", NULL, 0);
 * @endcode
 *
 * A *step* is one update of the weights: gradients are set to zero;
 * `accumulate` batches (or windows) go forward and backward, and their
 * gradients become their mean; these are clipped; the optimizer, a schedule
 * that goes by steps and the average follow. An *epoch* is once through the
 * data, in an order that is a function of the seed and the epoch's number; a
 * step never reaches into the next epoch. Then, or every `validate_every`
 * steps, the loss on held-out examples is measured with dropout off, with the
 * average's weights if there is one (with ::RNNC_ASGD, its own); the best
 * weights so far are kept, plateau and ASGD are told.
 *
 * Where a loss or a gradient is not finite training ends with ::RNNC_E_VALUE
 * before the weights change, and the message names the first node in which such
 * a value arose. Weights, position and states are then those before the step,
 * so training can go on with a lower rate. A loss on held-out data that is not
 * finite, or of no data, ends training too, after its step or epoch: it counts
 * for `patience` as a measurement that is no better, but plateau, ASGD and
 * `progress` are not told, and the next call goes on from there. A measurement
 * that did not come about, because `fill_held_out` or memory failed, is made by
 * the next call before anything else, also after a resumption. No checkpoint is
 * written where training ends with an error, even if one was due:
 * rnnc_trainer_checkpoint() writes it.
 *
 * All that later steps depend on is in a checkpoint: a training that was
 * stopped, by whatever, and resumed gives the bits of one that never stopped,
 * also with another number of threads. Steps allocate nothing once a batch of
 * the largest size has been seen; checkpoints do.
 *
 * Nothing is printed: what is to be shown goes through `progress`. One thread
 * at a time uses a trainer, and nobody else changes its weights meanwhile;
 * callbacks may ask it, but not train, save or restore.
 * @{
 */
#ifndef RNNC_TRAINER_H
#define RNNC_TRAINER_H

#include "rnnc/average.h"
#include "rnnc/dataset.h"
#include "rnnc/run.h"
#include "rnnc/schedule.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A training under way. */
typedef struct rnnc_trainer rnnc_trainer;

/** In which order examples are taken. */
enum {
    /** shuffled, with examples of similar length in a batch: pools of 16
     * batches are sorted by length, and then the batches are shuffled */
    RNNC_ORDER_SIMILAR = 0,
    RNNC_ORDER_SHUFFLED = 1, /**< shuffled, whatever their length */
    RNNC_ORDER_GIVEN = 2     /**< as they are, in every epoch */
};

/** When a schedule takes its steps. */
enum {
    RNNC_EVERY_STEP = 0, /**< after each step of the optimizer */
    RNNC_EVERY_EPOCH = 1 /**< after each epoch */
};

/** What a mean over several batches counts. */
enum {
    RNNC_COUNT_AUTO = 0,  /**< examples where the data have a row or id for each
                               (a label), else steps */
    RNNC_COUNT_STEPS = 1, /**< steps, of the dataset's last sequence input */
    RNNC_COUNT_EXAMPLES = 2, /**< examples */
    RNNC_COUNT_BATCHES = 3   /**< batches, as with `fill` */
};

/** How a training ended. */
enum {
    RNNC_ENDED_NOT = 0,      /**< it has not, or there was an error */
    RNNC_ENDED_EPOCHS = 1,   /**< after `epochs` */
    RNNC_ENDED_STEPS = 2,    /**< after `steps` */
    RNNC_ENDED_PATIENCE = 3, /**< no better for `patience` measurements */
    RNNC_ENDED_CALLER = 4    /**< `progress` said so */
};

/** What has happened when `progress` is called. */
enum {
    RNNC_PROGRESS_STEP = 0,       /**< a step */
    RNNC_PROGRESS_VALIDATION = 1, /**< a loss was measured on held-out data */
    RNNC_PROGRESS_EPOCH = 2       /**< the end of an epoch */
};

/** How far a training is. */
typedef struct rnnc_progress {
    uint32_t struct_size; /**< sizeof(rnnc_progress); fields are only added */
    int32_t event;        /**< RNNC_PROGRESS_ */
    int64_t epoch;        /**< 0 for the first */
    int64_t epochs;       /**< of the options */
    int64_t step;         /**< steps so far, in all epochs */
    int64_t batch;        /**< batches of this epoch that are done */
    int64_t batches;      /**< batches of an epoch; 0 with `fill` */
    int64_t window;       /**< windows of the next batch that are done */
    double loss;          /**< mean of the step, NaN after a resumption until
                               one is made; of the epoch at its end */
    double norm;          /**< of the gradients before they were clipped; NaN
                               after a resumption until a step is made */
    double rate;          /**< learning rate of the next step, of group 0 */
    double held_out;      /**< last finite loss on held-out data; NaN before the
                               first */
    double best;          /**< the least of these; NaN before the first */
    int64_t mass;         /**< steps or examples that went into `loss` */
    int32_t improved;     /**< 1: the last measurement is the best */
    uint32_t reserved;    /**< 0 */
} rnnc_progress;

/**
 * Told after each step, measurement and epoch.
 * @param user of the options
 * @param progress valid during the call
 * @return 0; anything else ends the training, which can be gone on with
 */
typedef int32_t (*rnnc_progress_callback)(void *user,
                                          const rnnc_progress *progress);

/** A batch that is asked for. */
typedef struct rnnc_fill_request {
    uint32_t struct_size; /**< sizeof(rnnc_fill_request) */
    int32_t held_out;     /**< 1: of held-out data */
    int64_t epoch;        /**< 0 for the first */
    int64_t batch;        /**< of this epoch, 0 for the first */
    rnnc_run *run;        /**< whose inputs are to be set, and whose rows may be
                               told to be carried */
} rnnc_fill_request;

/**
 * Sets the inputs of a batch: the data must be a function of epoch and batch,
 * or resumed trainings differ.
 * @param user of the options
 * @param request valid during the call
 * @return 1: they are set; 0: the epoch is over; below 0: training ends with
 *   RNNC_E_STATE
 */
typedef int32_t (*rnnc_fill)(void *user, const rnnc_fill_request *request);

/** What a trainer does. Zero in a field means its default. Handles are kept
 * alive by the trainer; values of datasets are the caller's. */
typedef struct rnnc_trainer_options {
    uint32_t struct_size;   /**< sizeof(rnnc_trainer_options) */
    int32_t order;          /**< RNNC_ORDER_; of `data` */
    rnnc_dataset *data;     /**< what is learnt from; or `fill` */
    rnnc_dataset *held_out; /**< what the loss is measured on; NULL: none */
    int64_t epochs;         /**< at most; 0: no bound */
    int64_t steps;          /**< at most, in all; 0: no bound */
    int64_t batch;          /**< examples; 0: 32 */
    int64_t window;     /**< steps of a window: batches are read in windows one
                             after another, states carried, no gradient from one
                             to the next; 0: whole sequences */
    int32_t accumulate; /**< batches or windows of a step; 0: 1 */
    int32_t count_by;   /**< RNNC_COUNT_ */
    double clip_norm;   /**< gradients are scaled down to this norm; 0: no */
    double clip_value;  /**< gradients are clipped to this, after the norm has
                             been measured and clipped; 0: no */
    uint64_t seed;      /**< of the orders and of dropout */
    rnnc_schedule *schedule; /**< any but a plateau; NULL: none */
    rnnc_schedule *plateau;  /**< a plateau: told the loss on held-out data,
                                  or without such, that of each epoch */
    rnnc_average *average;   /**< of the weights, updated after each step */
    int32_t schedule_every;  /**< RNNC_EVERY_ */
    int32_t patience;        /**< ends after so many measurements that are no
                                  better; 0: does not */
    double least_gain;       /**< better is less than the best less this */
    int64_t validate_every;  /**< steps; 0: at the end of each epoch */
    rnnc_fill fill;          /**< sets the inputs, in place of `data` */
    rnnc_fill fill_held_out; /**< the same in place of `held_out` */
    rnnc_progress_callback progress; /**< NULL: none */
    void *user;                      /**< handed to the callbacks */
    const char *checkpoints;   /**< folder, see @ref checkpoint; copied; NULL:
                                    none */
    int32_t checkpoint_keep;   /**< how many stay; 0: 3 */
    uint32_t reserved;         /**< 0 */
    int64_t checkpoint_steps;  /**< one after every so many steps; 0: no */
    double checkpoint_seconds; /**< one once so many seconds have gone since
                                    the last; 0: no */
    int64_t checkpoint_epochs; /**< one after every so many epochs; 0 where
                                    all three are 0: 1, else no */
    rnnc_plan *plan; /**< a plan to train `loss` by, where memory is to be saved
                          (`keep` of rnnc_plan_options); NULL: one is made */
} rnnc_trainer_options;

/**
 * Makes a trainer, with runs to train and to measure.
 * @param optimizer which updates its weights; kept alive
 * @param loss a static [1, 1] value of the weights' graph
 * @param options what to do; read during the call
 * @return a handle (see @ref status), or NULL where memory ran out
 * @note RNNC_E_ARGUMENT: a NULL, options out of bounds, `data` and `fill` both
 *   or neither, handles of other weights or another graph, a schedule, plateau
 *   or average that could not be made; RNNC_E_SHAPE: with a window, inputs of
 *   one example that differ in their steps; or what rnnc_plan_create() and
 *   rnnc_run_create() say
 */
RNNC_API rnnc_trainer *rnnc_trainer_create(rnnc_optimizer *optimizer,
                                           rnnc_node *loss,
                                           const rnnc_trainer_options *options);

/** Lets go of a trainer. @param trainer NULL is allowed */
RNNC_API void rnnc_trainer_destroy(rnnc_trainer *trainer);

/** @param trainer a trainer or NULL @return how its last call went */
RNNC_API rnnc_status rnnc_trainer_status(const rnnc_trainer *trainer);

/** @param trainer a trainer or NULL @return why, "" where all is well */
RNNC_API const char *rnnc_trainer_message(const rnnc_trainer *trainer);

/**
 * Trains until the end, from where the trainer stands. With checkpoints, one is
 * written at the end too.
 * @param trainer a trainer
 * @return RNNC_OK, see rnnc_trainer_ended(); RNNC_E_VALUE: a loss or gradient
 *   is not finite; RNNC_E_STATE: `fill` or `fill_held_out` said so, there are
 *   no data, or the folder of checkpoints has some that were not resumed; or as
 *   the calls of run, optimizer, schedule and @ref checkpoint that it makes
 */
RNNC_API rnnc_status rnnc_trainer_train(rnnc_trainer *trainer);

/** @param trainer a trainer or NULL @return RNNC_ENDED_ */
RNNC_API int32_t rnnc_trainer_ended(const rnnc_trainer *trainer);

/** @param trainer a trainer or NULL
 * @return steps so far, those before a resumption among them */
RNNC_API int64_t rnnc_trainer_steps(const rnnc_trainer *trainer);

/** @param trainer a trainer or NULL
 * @return epochs that are over */
RNNC_API int64_t rnnc_trainer_epochs(const rnnc_trainer *trainer);

/**
 * The best weights so far by the loss on held-out data.
 * @param trainer a trainer or NULL
 * @return borrowed from the trainer; while nothing has been measured the
 *   trained weights themselves; NULL for NULL
 */
RNNC_API rnnc_weights *rnnc_trainer_best(const rnnc_trainer *trainer);

/**
 * The loss of rnnc_trainer_best().
 * @param trainer a trainer or NULL
 * @return NaN where nothing has been measured
 */
RNNC_API double rnnc_trainer_best_loss(const rnnc_trainer *trainer);

/**
 * The run that trains, for static inputs, a budget of memory, or outputs of a
 * plan of one's own.
 * @param trainer a trainer or NULL
 * @return borrowed from the trainer; NULL where it could not be made
 */
RNNC_API rnnc_run *rnnc_trainer_run(const rnnc_trainer *trainer);

/**
 * The run that measures.
 * @param trainer a trainer or NULL
 * @return borrowed from the trainer; NULL where there is nothing to measure on
 */
RNNC_API rnnc_run *rnnc_trainer_held_out_run(const rnnc_trainer *trainer);

/**
 * Measures the loss on the held-out data, now and without any effect.
 * @param trainer a trainer
 * @param loss receives the mean
 * @return RNNC_OK; RNNC_E_STATE: there are none; or as rnnc_trainer_train()
 */
RNNC_API rnnc_status rnnc_trainer_measure(rnnc_trainer *trainer, double *loss);

/**
 * Goes on from the newest whole checkpoint of the folder, if there is one.
 * @param trainer with the same options, but for its ends (`epochs`, `steps`,
 *   `patience`), `progress`, `checkpoint_...` and the threads of its context
 * @return RNNC_OK, also where there is none, and rnnc_trainer_steps() is 0;
 *   RNNC_E_STATE: no folder; RNNC_E_NAME, RNNC_E_SHAPE, RNNC_E_VALUE: it is
 *   one of another training; or as rnnc_checkpoints_load(). Where it fails
 *   nothing has changed
 */
RNNC_API rnnc_status rnnc_trainer_resume(rnnc_trainer *trainer);

/**
 * What rnnc_trainer_resume() had to pass over.
 * @param trainer a trainer or NULL
 * @return see rnnc_checkpoints_notice()
 */
RNNC_API const char *rnnc_trainer_notice(const rnnc_trainer *trainer);

/**
 * Writes a checkpoint now.
 * @param trainer a trainer with a folder
 * @return as rnnc_checkpoints_save(); RNNC_E_STATE: no folder
 */
RNNC_API rnnc_status rnnc_trainer_checkpoint(rnnc_trainer *trainer);

/**
 * Writes all that later steps depend on, but for the weights, into a record:
 * position, orders, dropout, carried states, best weights, and what optimizer,
 * schedules and average write.
 * @param trainer a trainer
 * @param record empty
 * @return RNNC_OK; RNNC_E_SHAPE, RNNC_E_MEMORY
 */
RNNC_API rnnc_status rnnc_trainer_save(rnnc_trainer *trainer,
                                       rnnc_record *record);

/**
 * Takes back what rnnc_trainer_save() wrote. The weights of that moment are to
 * be set by the caller.
 * @param trainer as for rnnc_trainer_resume()
 * @param record what was saved
 * @return as rnnc_trainer_resume()
 */
RNNC_API rnnc_status rnnc_trainer_restore(rnnc_trainer *trainer,
                                          const rnnc_record *record);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
