// SPDX-License-Identifier: MIT
// The table of docs/robustness.md: 2,000 changed model files, each loaded, run
// and let go of in a process of its own, and every allocation of a small life
// failed once. Prints what became of them; none may crash or go unnoticed.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/fault.h"
#include "support/mutate.h"
#include "support/nets.h"

enum { MUTANTS = 2000, SEED = 1234, HIDDEN = 16, ROWS = 2, STEPS = 4 };
enum { SECONDS = 10, MOST_ALLOCATIONS = 20000 };

// What a child process says of its trial by its exit status.
enum { GOOD = 0, REFUSED = 1, WRONG = 2 };

typedef struct tally {
    int good, refused, wrong, crashed;
} tally;

static void count(tally *t, int result)
{
    if (!WIFEXITED(result) || WEXITSTATUS(result) > WRONG)
        t->crashed++;
    else if (WEXITSTATUS(result) == GOOD)
        t->good++;
    else if (WEXITSTATUS(result) == REFUSED)
        t->refused++;
    else
        t->wrong++;
}

// ---- One life --------------------------------------------------------------

typedef struct life {
    net n;
    rnnc_weights *weights, *copy;
    rnnc_plan *plan;
    rnnc_run *run;
    rnnc_optimizer *optimizer;
    rnnc_sequence *x, *next;
} life;

static rnnc_status first_bad(const life *l)
{
    const rnnc_status all[] = {
        rnnc_weights_status(l->weights), rnnc_plan_status(l->plan),
        rnnc_run_status(l->run), rnnc_optimizer_status(l->optimizer),
        l->x == NULL || l->next == NULL ? RNNC_E_MEMORY : RNNC_OK};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] != RNNC_OK)
            return all[i];
    return RNNC_OK;
}

static rnnc_status train(life *l)
{
    static const int64_t rows[ROWS] = {0, 1};
    static const int64_t lengths[ROWS] = {STEPS, STEPS - 1};
    if (!net_fill(l->x, l->next, rows, lengths, NULL, ROWS))
        return RNNC_E_MEMORY;
    rnnc_run_input(l->run, l->n.x, l->x);
    rnnc_run_input(l->run, l->n.next, l->next);
    rnnc_status status = rnnc_run_forward(l->run);
    if (status == RNNC_OK)
        status = rnnc_run_backward(l->run);
    return status == RNNC_OK ? rnnc_optimizer_step(l->optimizer) : status;
}

// A small LSTM is built, trained for a step, copied and let go of.
static rnnc_status live(rnnc_context *context, life *l)
{
    l->n = net_make(context, &net_table[1], HIDDEN);
    l->weights = rnnc_weights_create(l->n.graph, 1);
    l->plan = net_plan(&l->n, RNNC_TRAIN, 0);
    l->run = rnnc_run_create(l->plan, l->weights);
    l->optimizer = rnnc_optimizer_create(l->weights, RNNC_ADAM);
    l->x = rnnc_sequence_create(context);
    l->next = rnnc_sequence_create(context);
    rnnc_status status = first_bad(l);
    if (status == RNNC_OK)
        status = train(l);
    if (status == RNNC_OK) {
        l->copy = rnnc_weights_copy(l->weights);
        status = rnnc_weights_status(l->copy);
    }
    return status;
}

static void die(life *l)
{
    rnnc_sequence_destroy(l->x);
    rnnc_sequence_destroy(l->next);
    rnnc_optimizer_destroy(l->optimizer);
    rnnc_run_destroy(l->run);
    rnnc_plan_destroy(l->plan);
    rnnc_weights_destroy(l->copy);
    rnnc_weights_destroy(l->weights);
    net_destroy(&l->n);
}

// ---- Changed files ---------------------------------------------------------

typedef struct content {
    unsigned char *bytes;
    size_t size;
} content;

static content make_file(void)
{
    net n = net_make(NULL, &net_table[1], HIDDEN);
    rnnc_weights *weights = rnnc_weights_create(n.graph, 1);
    content c = {NULL, 0};
    rnnc_model_save_memory(weights, NULL, 0, &c.size);
    c.bytes = malloc(c.size);
    rnnc_model_save_memory(weights, c.bytes, c.size, &c.size);
    rnnc_weights_destroy(weights);
    net_destroy(&n);
    return c;
}

// Runs a model that loaded, as far as its inputs are what they were.
static void run_model(const rnnc_model *model)
{
    static const int64_t rows[ROWS] = {0, 1};
    static const int64_t lengths[ROWS] = {STEPS, STEPS - 1};
    rnnc_graph *graph = rnnc_model_graph(model);
    rnnc_node *y = rnnc_graph_node(graph, "y");
    rnnc_plan_options options = {
        .struct_size = sizeof options, .outputs = &y, .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_run *run = rnnc_run_create(plan, rnnc_model_weights(model));
    rnnc_sequence *x = rnnc_sequence_create(NULL);
    if (net_fill(x, NULL, rows, lengths, NULL, ROWS) &&
        rnnc_run_input(run, rnnc_graph_node(graph, "x"), x) == RNNC_OK)
        rnnc_run_forward(run);
    rnnc_sequence_destroy(x);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
}

static int try_file(const content *c)
{
    rnnc_model *model = rnnc_model_load_memory(NULL, c->bytes, c->size);
    bool good = rnnc_model_status(model) == RNNC_OK;
    bool told = rnnc_model_message(model)[0] != '\0';
    if (good)
        run_model(model);
    rnnc_model_destroy(model);
    if (good == told)
        return WRONG;
    return good ? GOOD : REFUSED;
}

static void try_mutant(tally *t, content mutant)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        // The exact size, so that a sanitizer sees a byte too many.
        content exact = {malloc(mutant.size > 0 ? mutant.size : 1),
                         mutant.size};
        alarm(SECONDS);
        memcpy(exact.bytes, mutant.bytes, mutant.size);
        int result = try_file(&exact);
        free(exact.bytes);
        _exit(result);
    }
    int result = -1;
    waitpid(child, &result, 0);
    count(t, result);
}

static void changed_files(void **state)
{
    (void)state;
    content file = make_file();
    content mutant = {malloc(file.size), 0};
    size_t header = mutate_header(file.bytes, file.size);
    mutator m = {SEED};
    tally t = {0};
    for (int i = 0; i < MUTANTS; i++) {
        memcpy(mutant.bytes, file.bytes, file.size);
        mutant.size = mutate(&m, mutant.bytes, file.size, header);
        try_mutant(&t, mutant);
    }
    print_message("changed files: %d of %d crash or hang, %d refused, "
                  "%d loaded and run, %d without a reason\n",
                  t.crashed, MUTANTS, t.refused, t.good, t.wrong);
    free(mutant.bytes);
    free(file.bytes);
    assert_int_equal(t.crashed, 0);
    assert_int_equal(t.wrong, 0);
}

// ---- Failed allocations ----------------------------------------------------

// Allocation `at` fails; a life that ends well although it did, ends with
// another error or loses a block is wrong.
static int try_life(int64_t at)
{
    life l = {0};
    fault spent = {.at = at, .onwards = true};
    rnnc_context *context = fault_context(&spent, 1);
    rnnc_status status = context == NULL ? RNNC_E_MEMORY : live(context, &l);
    bool failed = spent.hit;
    die(&l);
    rnnc_context_destroy(context);
    if (spent.live != 0 || status != (failed ? RNNC_E_MEMORY : RNNC_OK))
        return WRONG;
    return failed ? REFUSED : GOOD;
}

static int64_t count_allocations(void)
{
    life l = {0};
    fault spent = {.at = -1};
    rnnc_context *context = fault_context(&spent, 1);
    assert_int_equal(live(context, &l), RNNC_OK);
    die(&l);
    rnnc_context_destroy(context);
    return spent.asked;
}

static void failed_allocations(void **state)
{
    (void)state;
    tally t = {0};
    int64_t all = count_allocations();
    assert_in_range(all, 100, MOST_ALLOCATIONS);
    for (int64_t at = 0; at < all; at++) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0)
            _exit(try_life(at));
        int result = -1;
        waitpid(child, &result, 0);
        count(&t, result);
    }
    print_message("failed allocations: %lld, %d crash, %d clean errors, "
                  "%d unnoticed or not clean\n",
                  (long long)all, t.crashed, t.refused, t.good + t.wrong);
    assert_int_equal(t.refused, all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_files),
        cmocka_unit_test(failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
