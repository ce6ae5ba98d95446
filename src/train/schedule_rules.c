// SPDX-License-Identifier: MIT
// The kinds of schedules: PyTorch's recursions, one row each.
#include "train/real.h"
#include "train/schedule.h"

typedef const rnnc_schedule schedule;

static double option(schedule *s, int32_t group, int32_t which)
{
    return s->groups[group].options[which];
}

// The rate before this step.
static double before(schedule *s, int32_t group)
{
    return s->optimizer->groups[group].options[RNNC_OPT_LEARNING_RATE];
}

// ---- Decay at chosen steps --------------------------------------------------

static double step_rate(schedule *s, int32_t g)
{
    int64_t period = (int64_t)option(s, g, RNNC_SCHED_PERIOD);
    double rate = before(s, g);
    bool falls = s->t > 0 && s->t % period == 0;
    return falls ? rate * option(s, g, RNNC_SCHED_GAMMA) : rate;
}

static double multi_step_rate(schedule *s, int32_t g)
{
    int32_t now = rni_schedule_passed(s, s->t);
    int32_t count = now - rni_schedule_passed(s, s->t - 1);
    return before(s, g) * rni_real_power(option(s, g, RNNC_SCHED_GAMMA), count);
}

static double exponential_rate(schedule *s, int32_t g)
{
    double rate = before(s, g);
    return s->first ? rate : rate * option(s, g, RNNC_SCHED_GAMMA);
}

static double lambda_rate(schedule *s, int32_t g)
{
    return s->groups[g].base * s->scale;
}

static void lambda_advance(rnnc_schedule *s)
{
    s->scale = s->factor(s->user, s->t);
}

// ---- Warm-up and smooth falls -----------------------------------------------

static double constant_rate(schedule *s, int32_t g)
{
    double factor = option(s, g, RNNC_SCHED_FACTOR), rate = before(s, g);
    if (s->t == 0)
        return rate * factor;
    bool ends = s->t == (int64_t)option(s, g, RNNC_SCHED_ITERATIONS);
    return ends ? rate * (1.0 / factor) : rate;
}

static double linear_rate(schedule *s, int32_t g)
{
    double start = option(s, g, RNNC_SCHED_START_FACTOR);
    double rise = option(s, g, RNNC_SCHED_END_FACTOR) - start;
    double total = option(s, g, RNNC_SCHED_ITERATIONS), t = (double)s->t;
    if (s->t == 0)
        return before(s, g) * start;
    if (t > total)
        return before(s, g);
    return before(s, g) * (1 + rise / (total * start + (t - 1) * rise));
}

static double polynomial_rate(schedule *s, int32_t g)
{
    double total = option(s, g, RNNC_SCHED_ITERATIONS), t = (double)s->t;
    if (s->first || t > total)
        return before(s, g);
    double factor = (1 - t / total) / (1 - (t - 1) / total);
    return before(s, g) *
           rni_real_power(factor, option(s, g, RNNC_SCHED_POWER));
}

static double cosine_rate(schedule *s, int32_t g)
{
    double least = option(s, g, RNNC_SCHED_MIN_RATE);
    double period = option(s, g, RNNC_SCHED_PERIOD), t = (double)s->t;
    int64_t whole = (int64_t)period;
    if (s->first)
        return before(s, g);
    if ((s->t - 1 - whole) % (2 * whole) == 0)
        return before(s, g) + (s->groups[g].base - least) *
                                  (1 - rni_real_cosine_pi(1 / period)) / 2;
    return (1 + rni_real_cosine_pi(t / period)) /
               (1 + rni_real_cosine_pi((t - 1) / period)) *
               (before(s, g) - least) +
           least;
}

enum { SINCE, PERIOD };

static void restarts_advance(rnnc_schedule *s)
{
    if (s->first) {
        s->numbers[SINCE] = 0;
        s->numbers[PERIOD] = option(s, 0, RNNC_SCHED_PERIOD);
        return;
    }
    s->numbers[SINCE] += 1;
    if (s->numbers[SINCE] < s->numbers[PERIOD])
        return;
    s->numbers[SINCE] -= s->numbers[PERIOD];
    s->numbers[PERIOD] *= option(s, 0, RNNC_SCHED_MULTIPLIER);
}

static double restarts_rate(schedule *s, int32_t g)
{
    double least = option(s, g, RNNC_SCHED_MIN_RATE);
    double height = s->groups[g].base - least;
    double angle = s->numbers[SINCE] / s->numbers[PERIOD];
    return least + height * (1 + rni_real_cosine_pi(angle)) / 2;
}

// ---- Cycles -----------------------------------------------------------------

static void cyclic_prepare(rnnc_schedule *s)
{
    for (int32_t g = 0; g < s->n_groups; g++)
        s->groups[g].base = option(s, g, RNNC_SCHED_BASE_RATE);
}

// How high a cycle is at t, its scale included.
static double cyclic_height(schedule *s, int32_t g)
{
    enum { TRIANGULAR, TRIANGULAR2 };
    double up = option(s, g, RNNC_SCHED_STEPS_UP), t = (double)s->t;
    double down = option(s, g, RNNC_SCHED_STEPS_DOWN);
    int32_t mode = (int32_t)option(s, g, RNNC_SCHED_MODE);
    double size = up + (down > 0 ? down : up), ratio = up / size;
    double cycle = (double)(int64_t)(1 + t / size), x = 1 + t / size - cycle;
    double height = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    if (mode == TRIANGULAR)
        return height;
    if (mode == TRIANGULAR2)
        return height / rni_real_power(2, cycle - 1);
    return height * rni_real_power(option(s, g, RNNC_SCHED_GAMMA), t);
}

static double cyclic_rate(schedule *s, int32_t g)
{
    double base = s->groups[g].base, top = option(s, g, RNNC_SCHED_MAX_RATE);
    return base + (top - base) * cyclic_height(s, g);
}

static double cyclic_momentum(schedule *s, int32_t g)
{
    double top = option(s, g, RNNC_SCHED_MAX_MOMENTUM);
    return top -
           (top - option(s, g, RNNC_SCHED_BASE_MOMENTUM)) * cyclic_height(s, g);
}

static void one_cycle_prepare(rnnc_schedule *s)
{
    for (int32_t g = 0; g < s->n_groups; g++)
        s->groups[g].base = option(s, g, RNNC_SCHED_MAX_RATE) /
                            option(s, g, RNNC_SCHED_DIVISOR);
}

// Between which ends of a one-cycle t lies, and how far along. The second of
// three phases is left out where there are two.
typedef struct phase {
    bool rises, last; // the first, the last
    double share;     // 0..1
} phase;

static phase one_cycle_phase(schedule *s, int32_t g)
{
    double total = option(s, g, RNNC_SCHED_ITERATIONS), t = (double)s->t;
    double rise = option(s, g, RNNC_SCHED_RISE) * total;
    bool three = option(s, g, RNNC_SCHED_THREE_PHASES) > 0;
    double ends[3] = {rise - 1, 2 * rise - 2, total - 1}, start = 0;
    int32_t i = 0;
    while (i < 2 && (t > ends[i] || (i == 1 && !three))) {
        start = i == 1 && !three ? start : ends[i];
        i++;
    }
    double size = ends[i] - start; // 0: a rise of one step
    return (phase){i == 0, i == 2, size > 0 ? (t - start) / size : 1};
}

static double between(schedule *s, int32_t g, double start, double end,
                      double share)
{
    if (option(s, g, RNNC_SCHED_LINEAR) > 0)
        return (end - start) * share + start;
    return end + (start - end) / 2 * (rni_real_cosine_pi(share) + 1);
}

// A line goes on below zero where a step is made beyond the end.
static double one_cycle_rate(schedule *s, int32_t g)
{
    double top = option(s, g, RNNC_SCHED_MAX_RATE), low = s->groups[g].base;
    double least = low / option(s, g, RNNC_SCHED_FINAL_DIVISOR);
    bool three = option(s, g, RNNC_SCHED_THREE_PHASES) > 0;
    phase now = one_cycle_phase(s, g);
    if (now.rises)
        return between(s, g, low, top, now.share);
    double rate = between(s, g, now.last && three ? low : top,
                          now.last ? least : low, now.share);
    return rate < 0 ? 0 : rate;
}

static double one_cycle_momentum(schedule *s, int32_t g)
{
    double top = option(s, g, RNNC_SCHED_MAX_MOMENTUM);
    double low = option(s, g, RNNC_SCHED_BASE_MOMENTUM);
    bool three = option(s, g, RNNC_SCHED_THREE_PHASES) > 0;
    phase now = one_cycle_phase(s, g);
    if (now.rises)
        return between(s, g, top, low, now.share);
    return between(s, g, now.last && three ? top : low, top, now.share);
}

// Worse than anything.
static void plateau_prepare(rnnc_schedule *s)
{
    static const double infinity = 1e308 * 10;
    bool larger = option(s, 0, RNNC_SCHED_MAXIMIZE) > 0;
    s->numbers[0] = larger ? -infinity : infinity;
}

// ---- The table --------------------------------------------------------------

#define OPTION(name) (1u << RNNC_SCHED_##name)
#define MOMENTA                                                                \
    (OPTION(CYCLE_MOMENTUM) | OPTION(BASE_MOMENTUM) | OPTION(MAX_MOMENTUM))
#define THIRD (1.0 / 3)

const rni_schedule_row rni_schedule_table[RNI_SCHEDULES] = {
    [RNNC_SCHEDULE_STEP] = {.name = "step",
                            .defaults = {[RNNC_SCHED_GAMMA] = 0.1},
                            .options = OPTION(PERIOD) | OPTION(GAMMA),
                            .needed = OPTION(PERIOD),
                            .rate = step_rate},
    [RNNC_SCHEDULE_MULTI_STEP] = {.name = "multi_step",
                                  .defaults = {[RNNC_SCHED_GAMMA] = 0.1},
                                  .options = OPTION(MILESTONE) | OPTION(GAMMA),
                                  .rate = multi_step_rate},
    [RNNC_SCHEDULE_EXPONENTIAL] = {.name = "exponential",
                                   .options = OPTION(GAMMA),
                                   .needed = OPTION(GAMMA),
                                   .rate = exponential_rate},
    [RNNC_SCHEDULE_CONSTANT] =
        {.name = "constant",
         .defaults = {[RNNC_SCHED_FACTOR] = THIRD, [RNNC_SCHED_ITERATIONS] = 5},
         .options = OPTION(FACTOR) | OPTION(ITERATIONS),
         .rate = constant_rate},
    [RNNC_SCHEDULE_LINEAR] = {.name = "linear",
                              .defaults = {[RNNC_SCHED_START_FACTOR] = THIRD,
                                           [RNNC_SCHED_END_FACTOR] = 1,
                                           [RNNC_SCHED_ITERATIONS] = 5},
                              .options = OPTION(START_FACTOR) |
                                         OPTION(END_FACTOR) |
                                         OPTION(ITERATIONS),
                              .rate = linear_rate},
    [RNNC_SCHEDULE_COSINE] = {.name = "cosine",
                              .options = OPTION(PERIOD) | OPTION(MIN_RATE),
                              .needed = OPTION(PERIOD),
                              .rate = cosine_rate},
    [RNNC_SCHEDULE_WARM_RESTARTS] = {.name = "warm_restarts",
                                     .defaults = {[RNNC_SCHED_MULTIPLIER] = 1},
                                     .options = OPTION(PERIOD) |
                                                OPTION(MIN_RATE) |
                                                OPTION(MULTIPLIER),
                                     .needed = OPTION(PERIOD),
                                     .numbers = {"since", "period"},
                                     .advance = restarts_advance,
                                     .rate = restarts_rate},
    [RNNC_SCHEDULE_POLYNOMIAL] =
        {.name = "polynomial",
         .defaults = {[RNNC_SCHED_ITERATIONS] = 5, [RNNC_SCHED_POWER] = 1},
         .options = OPTION(ITERATIONS) | OPTION(POWER),
         .rate = polynomial_rate},
    [RNNC_SCHEDULE_CYCLIC] = {.name = "cyclic",
                              .defaults = {[RNNC_SCHED_GAMMA] = 1,
                                           [RNNC_SCHED_STEPS_UP] = 2000,
                                           [RNNC_SCHED_CYCLE_MOMENTUM] = 1,
                                           [RNNC_SCHED_BASE_MOMENTUM] = 0.8,
                                           [RNNC_SCHED_MAX_MOMENTUM] = 0.9},
                              .options = OPTION(BASE_RATE) | OPTION(MAX_RATE) |
                                         OPTION(STEPS_UP) | OPTION(STEPS_DOWN) |
                                         OPTION(MODE) | OPTION(GAMMA) | MOMENTA,
                              .needed = OPTION(BASE_RATE) | OPTION(MAX_RATE),
                              .prepare = cyclic_prepare,
                              .rate = cyclic_rate,
                              .momentum = cyclic_momentum},
    [RNNC_SCHEDULE_ONE_CYCLE] = {.name = "one_cycle",
                                 .defaults = {[RNNC_SCHED_RISE] = 0.3,
                                              [RNNC_SCHED_DIVISOR] = 25,
                                              [RNNC_SCHED_FINAL_DIVISOR] = 1e4,
                                              [RNNC_SCHED_CYCLE_MOMENTUM] = 1,
                                              [RNNC_SCHED_BASE_MOMENTUM] = 0.85,
                                              [RNNC_SCHED_MAX_MOMENTUM] = 0.95},
                                 .options = OPTION(MAX_RATE) |
                                            OPTION(ITERATIONS) | OPTION(RISE) |
                                            OPTION(LINEAR) | OPTION(DIVISOR) |
                                            OPTION(FINAL_DIVISOR) |
                                            OPTION(THREE_PHASES) | MOMENTA,
                                 .needed =
                                     OPTION(MAX_RATE) | OPTION(ITERATIONS),
                                 .resets = true,
                                 .prepare = one_cycle_prepare,
                                 .rate = one_cycle_rate,
                                 .momentum = one_cycle_momentum},
    [RNNC_SCHEDULE_PLATEAU] = {.name = "plateau",
                               .defaults = {[RNNC_SCHED_FACTOR] = 0.1,
                                            [RNNC_SCHED_PATIENCE] = 10,
                                            [RNNC_SCHED_THRESHOLD] = 1e-4,
                                            [RNNC_SCHED_EPSILON] = 1e-8},
                               .options = OPTION(FACTOR) | OPTION(PATIENCE) |
                                          OPTION(THRESHOLD) | OPTION(ABSOLUTE) |
                                          OPTION(COOLDOWN) | OPTION(EPSILON) |
                                          OPTION(MAXIMIZE) | OPTION(MIN_RATE),
                               .numbers = {"best", "bad", "cooldown"},
                               .prepare = plateau_prepare},
    [RNI_SCHEDULE_LAMBDA] = {.name = "lambda",
                             .advance = lambda_advance,
                             .rate = lambda_rate},
    [RNI_SCHEDULE_CHAIN] = {.name = "chain"},
    [RNI_SCHEDULE_SEQUENCE] = {.name = "sequence"},
};
