// SPDX-License-Identifier: MIT
// A map of names and a load through it, with each of their allocations refused,
// once and from then on: it says so, the weights are as they were, and nothing
// is lost.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "support/fault.h"
#include "support/import_case.h"

enum { MOST = 200 };

// A name that an arena has no room for beside others.
#define TEN  "0123456789"
#define MANY TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LONG MANY MANY MANY MANY MANY MANY MANY MANY MANY MANY MANY MANY

// ---- Maps ------------------------------------------------------------------

static void no_entries(rnnc_import *import)
{
    (void)import;
}

static void long_names(rnnc_import *import)
{
    rnnc_import_map(import, LONG LONG, NULL, NULL);
    rnnc_import_prefix(import, LONG LONG, LONG LONG);
}

static void a_long_name_of_ours(rnnc_import *import)
{
    rnnc_import_map(import, "w", LONG LONG, NULL);
}

static void many_blocks(rnnc_import *import)
{
    int32_t order[64];
    for (int32_t i = 0; i < 64; i++)
        order[i] = 63 - i;
    const rnnc_import_options o = {
        .struct_size = sizeof o, .blocks = order, .n_blocks = 64};
    for (int i = 0; i < 40; i++)
        rnnc_import_map(import, "none", NULL, &o);
}

static void a_part_of_the_rows(rnnc_import *import)
{
    const rnnc_import_options o = {
        .struct_size = sizeof o, .count = 2, .to_count = 2};
    rnnc_import_map(import, "w", "w", &o);
}

// ---- Loads -----------------------------------------------------------------

typedef struct row {
    void (*describe)(rnnc_import *import);
    const char *shape;  // of w in the file
    size_t count;       // of w, b and u, as many as there are
    rnnc_status status; // with memory, and a word of its message
    const char *word;
} row;

static const row rows[] = {
    {no_entries, "[6,2]", 3, RNNC_OK, ""},
    {no_entries, "[2,6]", 3, RNNC_E_SHAPE, "would fit with `transpose`"},
    {no_entries, "[6,2]", 2, RNNC_E_NAME, "no tensor: \"u\""},
    {long_names, "[6,2]", 3, RNNC_OK, ""},
    {a_long_name_of_ours, "[6,2]", 3, RNNC_E_NAME, "which is not there"},
    {many_blocks, "[6,2]", 3, RNNC_OK, ""},
    {a_part_of_the_rows, "[6,2]", 3, RNNC_E_SHAPE, "fill 2 of 6 rows"},
};

// One load with an allocation refused; false where there were not so many.
static bool load_without(const row *r, int64_t at, bool onwards)
{
    fault f = {.at = -1};
    piece pieces[3];
    memcpy(pieces, import_whole(), sizeof pieces);
    pieces[0].shape = r->shape;
    rnnc_weights *weights = import_weights();
    import_values before = import_values_of(weights);
    rnnc_context *context = fault_context(&f, 1);
    fault_arm(&f, at, onwards);
    rnnc_import *import = rnnc_import_create(context);
    r->describe(import);
    rnnc_status status = import_load(import, weights, pieces, r->count);
    assert_int_equal(status, f.hit ? RNNC_E_MEMORY : r->status);
    assert_int_equal(rnnc_import_status(import), status);
    const char *text = rnnc_import_message(import);
    if (strstr(text, f.hit ? "out of memory" : r->word) == NULL)
        fail_msg("block %d: \"%s\"", (int)at, text);
    import_values after = import_values_of(weights);
    if (status == RNNC_OK)
        import_check_whole(weights);
    else
        assert_memory_equal(&after, &before, sizeof after);
    rnnc_import_destroy(import);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
    rnnc_weights_destroy(weights);
    return f.hit;
}

static void a_refused_allocation_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int onwards = 0; onwards < 2; onwards++) {
            int64_t at = 0;
            while (load_without(&rows[i], at, onwards))
                at++;
            assert_in_range(at, 5, MOST);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_allocation_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
