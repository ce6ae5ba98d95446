// SPDX-License-Identifier: MIT
// Handles that are made without a context, while the system has no memory.
// malloc is the test's own.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"

enum { MOST = 50 };

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);

static int left = -1; // blocks still to be given out; below 0: any number

void *__wrap_malloc(size_t bytes)
{
    if (left == 0)
        return NULL;
    left -= left > 0;
    return __real_malloc(bytes);
}

// ---- The handles ------------------------------------------------------------

// Makes one, lets go of it, and says how it was.
#define TRY(kind, call)                                                        \
    static rnnc_status try_##kind(void)                                        \
    {                                                                          \
        rnnc_##kind *made = (call);                                            \
        rnnc_status status = rnnc_##kind##_status(made);                       \
        rnnc_##kind##_destroy(made);                                           \
        return status;                                                         \
    }
TRY(context, rnnc_context_create(NULL))
TRY(graph, rnnc_graph_create(NULL))
TRY(record, rnnc_record_create(NULL))
TRY(import, rnnc_import_create(NULL))
TRY(checkpoints, rnnc_checkpoints_create(NULL, "folder", 1))
// There is no such file, which is known once there is a handle.
TRY(model, rnnc_model_load(NULL, "no/such/file"))

static const struct {
    const char *name;
    rnnc_status (*try)(void);
    rnnc_status wanted; // with memory
} rows[] = {
    {"context", try_context, RNNC_OK},         {"graph", try_graph, RNNC_OK},
    {"record", try_record, RNNC_OK},           {"import", try_import, RNNC_OK},
    {"checkpoints", try_checkpoints, RNNC_OK}, {"model", try_model, RNNC_E_IO},
};

static void what_the_system_has_no_memory_for_is_refused(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        rnnc_status status = RNNC_E_MEMORY;
        int blocks = 0;
        while (blocks < MOST && status == RNNC_E_MEMORY) {
            left = blocks++;
            status = rows[k].try();
            left = -1;
        }
        if (status != rows[k].wanted || blocks < 2)
            fail_msg("%s: status %d with %d blocks", rows[k].name, (int)status,
                     blocks - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_system_has_no_memory_for_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
