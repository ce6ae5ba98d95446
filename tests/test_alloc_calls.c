// SPDX-License-Identifier: MIT
// Every public function, with each of its allocations refused, once and from
// then on: it says so, nothing has changed, nothing is lost, and the same call
// with memory does what it would have done.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/world.h"

enum { FEW = 64, FILLS = 40 };

// ---- The calls -------------------------------------------------------------

typedef rnnc_status action(world *w);

static double half(void *user, int64_t t)
{
    (void)user;
    return t > 0 ? 0.5 : 1;
}

static rnnc_status expected(rnnc_status wanted, rnnc_status status)
{
    return status == wanted ? RNNC_OK : status;
}

#define PATH     path
#define NEW_PATH new_path
#define MAKE(kind, call)                                                       \
    (rnnc_##kind##_destroy(w->new_##kind), w->new_##kind = (call),             \
     rnnc_##kind##_status(w->new_##kind))
#define GONE(kind, member)                                                     \
    (rnnc_##kind##_destroy(w->member), w->member = NULL, RNNC_OK)
#define VALUE(call)          ((void)w, (void)(call), RNNC_OK)
#define DONE(call)           ((call), rnnc_graph_status(w->graph) ? NULL : w->x)
#define SIZE(call)           ((call) > 0 ? RNNC_OK : RNNC_E_MEMORY)
#define STATUS(wanted, call) expected(wanted, call)

// A description that fails gives NULL, and only such a one.
static rnnc_status described(const world *w, const void *made)
{
    const rnnc_status status = rnnc_graph_status(w->graph);
    assert_true((status == RNNC_OK) == (made != NULL));
    return status;
}

#define DESCRIBE(function, call)                                               \
    static rnnc_status try_##function(world *w)                                \
    {                                                                          \
        return described(w, call);                                             \
    }
#define CALL(function, call)                                                   \
    static rnnc_status try_##function(world *w)                                \
    {                                                                          \
        return call;                                                           \
    }
#define EARLY(function, call)  CALL(function, call)
#define STICKY(function, call) CALL(function, call)
#define FILES(function, call)  CALL(function, call)
#define TRAIN(function, call)  CALL(function, call)
#define ONWARD(function, call) CALL(function, call)
#include "support/calls.def"
#undef DESCRIBE
#undef CALL
#undef EARLY
#undef STICKY
#undef FILES
#undef TRAIN
#undef ONWARD

typedef struct row {
    const char *name;
    action *call;
    world_size size;
    enum { REPEATED, GONE_ON, STICKY_ERROR, DESCRIPTION } kind;
} row;

static const row rows[] = {
#define DESCRIBE(function, call)                                               \
    {#function, try_##function, WORLD_DESCRIBED, DESCRIPTION},
#define CALL(function, call) {#function, try_##function, WORLD_WHOLE, REPEATED},
#define EARLY(function, call)                                                  \
    {#function, try_##function, WORLD_DESCRIBED, REPEATED},
#define STICKY(function, call)                                                 \
    {#function, try_##function, WORLD_FILES, STICKY_ERROR},
#define FILES(function, call)                                                  \
    {#function, try_##function, WORLD_FILES, REPEATED},
#define ONWARD(function, call)                                                 \
    {#function, try_##function, WORLD_TRAINING, GONE_ON},
#define TRAIN(function, call)                                                  \
    {#function, try_##function, WORLD_TRAINING, REPEATED},
#include "support/calls.def"
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static const char a_long_name[] =
    "that takes some of the memory which a map of names has asked for, so that "
    "it is soon used up";

// ---- Trials ----------------------------------------------------------------

// What is described before the call, so that it finds the memory of the graph
// or the map used up to any point.
static world *make_world(const row *r, int fill)
{
    world *w = world_create(r->size);
    for (int i = 0; i < fill; i++)
        if (r->kind == DESCRIPTION)
            assert_non_null(rnnc_neg(w->x));
        else
            assert_int_equal(
                rnnc_import_prefix(w->import, a_long_name, a_long_name),
                RNNC_OK);
    return w;
}

// What a world is like after a call that had all the memory it asked for.
static uint64_t after_call(const row *r, int fill, int64_t *asked)
{
    world *w = make_world(r, fill);
    (void)world_fingerprint(w, false);
    fault_arm(&w->fault, -1, false);
    const rnnc_status status = r->call(w);
    *asked = w->fault.asked;
    if (status != RNNC_OK)
        fail_msg("%s: status %d with all memory", r->name, (int)status);
    const uint64_t print = world_fingerprint(w, true);
    world_destroy(w);
    return print;
}

static int complaints;

static void complain(const row *r, int64_t at, bool onwards, const char *what)
{
    complaints++;
    print_error("%s, allocation %lld %s: %s\n", r->name, (long long)at,
                onwards ? "and all after" : "alone", what);
}

static void expect_refusal(const row *r, world *w, int64_t at, bool onwards)
{
    fault_arm(&w->fault, at, onwards);
    const rnnc_status status = r->call(w);
    const bool hit = w->fault.hit;
    fault_arm(&w->fault, -1, false);
    if (!hit || status != RNNC_E_MEMORY)
        complain(r, at, onwards, "was not noticed");
}

// A graph keeps its first error; what was described before can be asked.
static void expect_error_kept(const row *r, world *w)
{
    assert_int_equal(rnnc_graph_status(w->graph), RNNC_E_MEMORY);
    assert_string_not_equal(rnnc_graph_message(w->graph), "");
    assert_ptr_equal(rnnc_graph_node(w->graph, "y"), w->y);
    assert_int_equal(rnnc_node_cols(w->y), WORLD_CLASSES);
    assert_int_equal(rnnc_weights_status(w->weights), RNNC_OK);
    assert_int_equal(r->call(w), RNNC_E_MEMORY);
}

static void expect_the_same_afterwards(const row *r, world *w, int64_t at,
                                       bool onwards, uint64_t wanted)
{
    memset(w->room, 0, sizeof w->room);
    if (r->call(w) != RNNC_OK)
        complain(r, at, onwards, "the same call fails afterwards");
    else if (world_fingerprint(w, true) != wanted)
        complain(r, at, onwards, "another result afterwards");
}

static void try_call(const row *r, int fill, int64_t at, bool onwards,
                     uint64_t wanted)
{
    world *w = make_world(r, fill);
    const uint64_t before =
        r->kind == DESCRIPTION ? 0 : world_fingerprint(w, false);
    expect_refusal(r, w, at, onwards);
    if (r->kind == DESCRIPTION)
        expect_error_kept(r, w);
    else if (r->kind != GONE_ON && world_fingerprint(w, false) != before)
        complain(r, at, onwards, "something has changed");
    if (r->kind == REPEATED || r->kind == GONE_ON)
        expect_the_same_afterwards(r, w, at, onwards, wanted);
    world_destroy(w);
}

// How many allocations the call makes. Of many, the shorter test refuses one
// alone and the next with all after it.
static int64_t try_all(const row *r, int fill, int64_t *trials)
{
    const bool all = getenv("RNNC_TEST_LONG") != NULL;
    int64_t asked;
    const uint64_t wanted = after_call(r, fill, &asked);
    for (int64_t at = 0; at < asked; at++)
        for (int onwards = 0; onwards < 2; onwards++)
            if (all || asked <= FEW || at % 2 == onwards) {
                try_call(r, fill, at, onwards, wanted);
                ++*trials;
            }
    return asked;
}

static void every_allocation_of_every_call_may_fail(void **state)
{
    (void)state;
    int64_t allocating = 0, trials = 0;
    for (int k = 0; k < ROWS; k++) {
        const int fills = rows[k].kind >= STICKY_ERROR ? FILLS : 1;
        int64_t asked = 0;
        for (int fill = 0; fill < fills; fill++)
            asked += try_all(rows + k, fill, &trials);
        allocating += asked > 0;
    }
    print_message("%d functions, %lld of them allocate; %lld failures\n", ROWS,
                  (long long)allocating, (long long)trials);
    assert_true(allocating > 150);
    assert_int_equal(complaints, 0);
}

// ---- The list --------------------------------------------------------------

static const row *find(const char *name)
{
    for (int k = 0; k < ROWS; k++)
        if (strcmp(rows[k].name, name) == 0)
            return rows + k;
    return NULL;
}

static void every_public_function_is_called(void **state)
{
    (void)state;
    char line[200], name[100];
    int found = 0;
    FILE *list = fopen("../cmake/rnnc.symbols", "r");
    assert_non_null(list);
    while (fgets(line, sizeof line, list) != NULL) {
        if (line[0] == '#' || sscanf(line, "%99s", name) != 1)
            continue;
        if (find(name) == NULL)
            fail_msg("tests/support/calls.def lacks %s", name);
        found++;
    }
    fclose(list);
    assert_int_equal(found, ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_public_function_is_called),
        cmocka_unit_test(every_allocation_of_every_call_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
