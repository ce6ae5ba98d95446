/* SPDX-License-Identifier: MIT */
/**
 * @file schedule.h
 * @defgroup schedule Schedule
 * Learning rates, and momenta, that change while training goes on.
 *
 * A schedule belongs to an optimizer and moves the learning rate of every
 * group of it; call rnnc_schedule_step() after each step of the optimizer, or
 * after each pass over the data: what a step is, is the caller's choice. The
 * definitions, defaults and recursions are PyTorch's
 * (torch.optim.lr_scheduler, 2.13). With r the rate of a group, b its rate
 * when its first schedule was made, t the number of steps of the schedule, and
 * options in capitals without their prefix, making a schedule sets r for t = 0
 * and each step for the next t:
 *
 * - ::RNNC_SCHEDULE_STEP: r = GAMMA r where PERIOD divides t
 * - ::RNNC_SCHEDULE_MULTI_STEP: r = GAMMA r at each MILESTONE t; a milestone
 *   given n times counts n times
 * - ::RNNC_SCHEDULE_EXPONENTIAL: r = GAMMA r
 * - ::RNNC_SCHEDULE_CONSTANT: r = FACTOR b until t = ITERATIONS, then b
 *   (r = FACTOR r at 0, r = r / FACTOR at ITERATIONS)
 * - ::RNNC_SCHEDULE_LINEAR: r = b (START_FACTOR + (END_FACTOR - START_FACTOR)
 *   min(t, ITERATIONS) / ITERATIONS), as a factor from step to step
 * - ::RNNC_SCHEDULE_COSINE (Loshchilov and Hutter 2017, without restarts):
 *   r = MIN_RATE + (b - MIN_RATE) (1 + cos(pi t / PERIOD)) / 2, from step to
 *   step
 * - ::RNNC_SCHEDULE_WARM_RESTARTS (the same, with restarts): with T the period
 *   and c the steps since the last restart,
 *   r = MIN_RATE + (b - MIN_RATE) (1 + cos(pi c / T)) / 2; where c reaches T,
 *   c = 0 and T = MULTIPLIER T; T begins as PERIOD
 * - ::RNNC_SCHEDULE_POLYNOMIAL: r = b (1 - min(t, ITERATIONS) / ITERATIONS)
 *   ^POWER, as a factor from step to step
 * - ::RNNC_SCHEDULE_CYCLIC (Smith 2017): a cycle is STEPS_UP + STEPS_DOWN
 * steps; h rises from 0 to 1 over the first and falls to 0 over the second; r =
 * BASE_RATE + (MAX_RATE - BASE_RATE) h s, where s is 1 with MODE 0, 2^-(cycles
 * before this one) with MODE 1, GAMMA^t with MODE 2. With CYCLE_MOMENTUM the
 * momentum is MAX_MOMENTUM - (MAX_MOMENTUM - BASE_MOMENTUM) h s
 * - ::RNNC_SCHEDULE_ONE_CYCLE (Smith and Topin 2019): from MAX_RATE / DIVISOR
 * up to MAX_RATE at t = RISE ITERATIONS - 1, then down to MAX_RATE / DIVISOR /
 *   FINAL_DIVISOR at t = ITERATIONS - 1; with THREE_PHASES first down to
 *   MAX_RATE / DIVISOR at t = 2 RISE ITERATIONS - 2. Between two ends along a
 *   cosine, with LINEAR along a line. With CYCLE_MOMENTUM the momentum goes
 *   the other way, from MAX_MOMENTUM to BASE_MOMENTUM and back. The step
 *   t = ITERATIONS, the last there is, goes on along the curve as in PyTorch,
 *   but not below 0
 * - ::RNNC_SCHEDULE_PLATEAU: r = max(FACTOR r, MIN_RATE), where that is less by
 *   more than EPSILON, once rnnc_schedule_observe() has seen more than PATIENCE
 *   values in a row that are no better than the best; see there
 *
 * The momentum is beta1 of the Adams and momentum of others. No libm is used:
 * the same rates, bit for bit, on every machine. Cosines are within 2^-51 of
 * the exact ones; a power x^y has a relative error of at most y 2^-52 where y
 * is whole, else (3 + |y log x|) 2^-51.
 *
 * @code
 * rnnc_schedule_setting warm[] = {{RNNC_SCHED_START_FACTOR, 0, 0.01},
 *                                 {RNNC_SCHED_ITERATIONS, 0, 500}};
 * rnnc_schedule_setting fall[] = {{RNNC_SCHED_PERIOD, 0, 10000}};
 * rnnc_schedule *parts[2] = {
 *     rnnc_schedule_create(adam, RNNC_SCHEDULE_LINEAR, warm, 2),
 *     rnnc_schedule_create(adam, RNNC_SCHEDULE_COSINE, fall, 1)};
 * int64_t change[] = {500};
 * rnnc_schedule *schedule = rnnc_schedule_sequence(parts, 2, change);
 * rnnc_schedule_destroy(parts[0]);       // kept alive by the sequence
 * rnnc_schedule_destroy(parts[1]);
 * for (...) {
 *     ...
 *     rnnc_optimizer_step(adam);
 *     rnnc_schedule_step(schedule);
 * }
 * @endcode
 *
 * One thread at a time may use an optimizer and its schedules.
 * @{
 */
#ifndef RNNC_SCHEDULE_H
#define RNNC_SCHEDULE_H

#include "rnnc/optimizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How rates change. */
typedef struct rnnc_schedule rnnc_schedule;

/** Kinds of schedules. */
enum {
    RNNC_SCHEDULE_STEP = 0,          /**< PyTorch's StepLR */
    RNNC_SCHEDULE_MULTI_STEP = 1,    /**< MultiStepLR */
    RNNC_SCHEDULE_EXPONENTIAL = 2,   /**< ExponentialLR */
    RNNC_SCHEDULE_CONSTANT = 3,      /**< ConstantLR: warm-up in one step */
    RNNC_SCHEDULE_LINEAR = 4,        /**< LinearLR: warm-up along a line */
    RNNC_SCHEDULE_COSINE = 5,        /**< CosineAnnealingLR */
    RNNC_SCHEDULE_WARM_RESTARTS = 6, /**< CosineAnnealingWarmRestarts */
    RNNC_SCHEDULE_POLYNOMIAL = 7,    /**< PolynomialLR */
    RNNC_SCHEDULE_CYCLIC = 8,        /**< CyclicLR */
    RNNC_SCHEDULE_ONE_CYCLE = 9,     /**< OneCycleLR */
    RNNC_SCHEDULE_PLATEAU = 10       /**< ReduceLROnPlateau */
};

/** Options of schedules; "needed" ones have no default. Those marked * may be
 * different for each group. */
enum {
    RNNC_SCHED_PERIOD = 0,    /**< step, cosine, warm restarts: needed; whole,
                                   >= 1 */
    RNNC_SCHED_GAMMA = 1,     /**< step, multi-step 0.1; exponential needed;
                                   cyclic 1; >= 0 */
    RNNC_SCHED_MILESTONE = 2, /**< multi-step; whole, >= 0; given once for each
                                   milestone, in any order */
    RNNC_SCHED_FACTOR = 3,    /**< constant 1/3, in (0, 1]; plateau 0.1, below
                                   1 */
    RNNC_SCHED_START_FACTOR = 4, /**< linear; in (0, 1], default 1/3 */
    RNNC_SCHED_END_FACTOR = 5,   /**< linear; 0..1, default 1 */
    RNNC_SCHED_ITERATIONS = 6,   /**< constant, linear, polynomial 5; one-cycle
                                      needed (total_steps); whole, >= 1 */
    RNNC_SCHED_MIN_RATE = 7,     /**< * cosine, warm restarts, plateau; >= 0,
                                      default 0 */
    RNNC_SCHED_MULTIPLIER = 8,   /**< warm restarts; whole, >= 1, default 1 */
    RNNC_SCHED_POWER = 9,        /**< polynomial; >= 0, default 1 */
    RNNC_SCHED_BASE_RATE = 10,   /**< * cyclic: needed; >= 0 */
    RNNC_SCHED_MAX_RATE = 11,    /**< * cyclic, one-cycle: needed; >= 0 */
    RNNC_SCHED_STEPS_UP = 12,    /**< cyclic; whole, >= 1, default 2000 */
    RNNC_SCHED_STEPS_DOWN = 13,  /**< cyclic; whole, default 0: as STEPS_UP */
    RNNC_SCHED_MODE = 14,        /**< cyclic; 0 triangular (default), 1
                                      triangular2, 2 exp_range */
    RNNC_SCHED_CYCLE_MOMENTUM = 15, /**< cyclic, one-cycle; 1 (default) or 0 */
    RNNC_SCHED_BASE_MOMENTUM = 16,  /**< * cyclic 0.8, one-cycle 0.85; 0 to 1,
                                         1 excluded */
    RNNC_SCHED_MAX_MOMENTUM = 17,   /**< * cyclic 0.9, one-cycle 0.95; 0 to 1,
                                         1 excluded */
    RNNC_SCHED_RISE = 18,           /**< one-cycle (pct_start); 0..1, default
                                         0.3 */
    RNNC_SCHED_LINEAR = 19,         /**< one-cycle: along lines; 0 (default) or
                                         1 */
    RNNC_SCHED_DIVISOR = 20,        /**< one-cycle; > 0, default 25 */
    RNNC_SCHED_FINAL_DIVISOR = 21,  /**< one-cycle; > 0, default 1e4 */
    RNNC_SCHED_THREE_PHASES = 22,   /**< one-cycle; 0 (default) or 1 */
    RNNC_SCHED_PATIENCE = 23,       /**< plateau; whole, default 10 */
    RNNC_SCHED_THRESHOLD = 24,      /**< plateau; >= 0, default 1e-4 */
    RNNC_SCHED_ABSOLUTE = 25,       /**< plateau: the threshold is a difference,
                                         not a share; 0 (default) or 1 */
    RNNC_SCHED_COOLDOWN = 26,       /**< plateau; whole, default 0 */
    RNNC_SCHED_EPSILON = 27,        /**< plateau; >= 0, default 1e-8 */
    RNNC_SCHED_MAXIMIZE = 28        /**< plateau: larger is better; 0 (default)
                                         or 1 */
};

/** One option of a schedule. */
typedef struct rnnc_schedule_setting {
    int32_t option; /**< one of the RNNC_SCHED_ values that its kind has */
    int32_t group;  /**< 0: all groups; else this group alone, after the
                         settings of all, in whatever order they stand */
    double value;   /**< within the bounds of the option */
} rnnc_schedule_setting;

/**
 * Makes a schedule and sets the rates that it begins with.
 * @param optimizer what it moves; kept alive
 * @param kind one of the RNNC_SCHEDULE_ values
 * @param settings options that are not to have their default; NULL where
 *   there are none
 * @param n how many settings
 * @return a handle (see @ref status), or NULL where memory ran out
 * @note RNNC_E_ARGUMENT: an unknown kind, option or group, a value out of
 *   bounds, a needed option that is missing, a schedule that moves the momentum
 *   for an optimizer without one, an optimizer that is NULL or could not be
 *   made. Then the optimizer is as it was
 */
RNNC_API rnnc_schedule *
rnnc_schedule_create(rnnc_optimizer *optimizer, int32_t kind,
                     const rnnc_schedule_setting *settings, int32_t n);

/**
 * A factor for each step; it must give the same for the same t if training is
 * to be resumed.
 * @param user as given to rnnc_schedule_lambda()
 * @param t the step, 0 for the beginning
 * @return what the base rate is multiplied by
 */
typedef double (*rnnc_schedule_factor)(void *user, int64_t t);

/**
 * PyTorch's LambdaLR: r = b factor(t).
 * @param optimizer what it moves; kept alive
 * @param factor called once for each step, in the thread that steps
 * @param user handed to `factor`
 * @return as rnnc_schedule_create()
 */
RNNC_API rnnc_schedule *rnnc_schedule_lambda(rnnc_optimizer *optimizer,
                                             rnnc_schedule_factor factor,
                                             void *user);

/**
 * PyTorch's ChainedScheduler: each step is a step of every part, in order.
 * @param parts schedules of one optimizer, none of them a plateau; kept alive.
 *   They are stepped through the chain alone
 * @param n at least 1
 * @return as rnnc_schedule_create()
 */
RNNC_API rnnc_schedule *rnnc_schedule_chain(rnnc_schedule *const *parts,
                                            int32_t n);

/**
 * PyTorch's SequentialLR: part i is stepped from milestone i - 1 on, where it
 * begins anew with t = 0 and r = b. Making it sets the rates that the first
 * part begins with.
 * @param parts schedules of one optimizer, none of them a plateau; kept alive.
 *   They are stepped through the sequence alone
 * @param n at least 1
 * @param milestones [n - 1] steps, rising; copied; NULL where n is 1
 * @return as rnnc_schedule_create()
 */
RNNC_API rnnc_schedule *rnnc_schedule_sequence(rnnc_schedule *const *parts,
                                               int32_t n,
                                               const int64_t *milestones);

/** Lets go of a schedule. @param schedule NULL is allowed */
RNNC_API void rnnc_schedule_destroy(rnnc_schedule *schedule);

/** @param schedule a schedule or NULL @return how its last call went */
RNNC_API rnnc_status rnnc_schedule_status(const rnnc_schedule *schedule);

/** @param schedule a schedule or NULL @return why, "" where all is well */
RNNC_API const char *rnnc_schedule_message(const rnnc_schedule *schedule);

/**
 * Goes on by one step. Allocates nothing.
 * @param schedule any but a plateau
 * @return RNNC_OK; RNNC_E_STATE for a plateau, for a step ITERATIONS + 1 of a
 *   one-cycle, or where the optimizer has got new groups; RNNC_E_VALUE where a
 *   rate or momentum would be out of its bounds (a factor of
 *   rnnc_schedule_lambda() below 0 or not a number); then nothing has changed
 */
RNNC_API rnnc_status rnnc_schedule_step(rnnc_schedule *schedule);

/**
 * Tells a plateau a value, usually the loss on held-out data. It is better
 * than the best so far where value < best (1 - THRESHOLD), with ABSOLUTE
 * value < best - THRESHOLD, with MAXIMIZE value > best (1 + THRESHOLD) or
 * value > best + THRESHOLD. During COOLDOWN values after a change, worse ones
 * are not counted.
 * @param schedule a plateau
 * @param value not better than anything where it is not a number
 * @return RNNC_OK; RNNC_E_STATE for another kind, or where the optimizer has
 *   got new groups
 */
RNNC_API rnnc_status rnnc_schedule_observe(rnnc_schedule *schedule,
                                           double value);

/**
 * How far a schedule is.
 * @param schedule a schedule or NULL
 * @return its t: steps, or values observed; -1 for NULL
 */
RNNC_API int64_t rnnc_schedule_count(const rnnc_schedule *schedule);

/**
 * Writes where a schedule and its parts are into a record. The rates
 * themselves are the optimizer's: see rnnc_optimizer_save().
 * @param schedule a schedule
 * @param record receives entries named `schedule/...`
 * @return RNNC_OK; RNNC_E_SHAPE where the record has an entry of such a name
 *   with another type or size; RNNC_E_ARGUMENT for NULL; RNNC_E_MEMORY; then
 *   nothing has changed
 */
RNNC_API rnnc_status rnnc_schedule_save(rnnc_schedule *schedule,
                                        rnnc_record *record);

/**
 * Takes back what rnnc_schedule_save() wrote, into a schedule made in the same
 * way. The rates of the optimizer are not touched.
 * @param schedule a schedule
 * @param record what was saved
 * @return RNNC_OK; RNNC_E_NAME where an entry is missing; RNNC_E_SHAPE where
 *   one has another type or size; RNNC_E_VALUE where a number is out of bounds
 *   or the kinds or parts are others; then nothing has changed
 */
RNNC_API rnnc_status rnnc_schedule_restore(rnnc_schedule *schedule,
                                           const rnnc_record *record);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
