// SPDX-License-Identifier: MIT
#include "support/checkpoint_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/folder.h"

rnnc_weights *checkpoint_weights(rnnc_context *context, const char *parameter)
{
    rnnc_graph *graph = rnnc_graph_create(context);
    rnnc_parameter(graph, parameter, 2, 3, RNNC_INIT_NORMAL, 1);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_graph_destroy(graph);
    assert_int_equal(rnnc_weights_status(weights), RNNC_OK);
    return weights;
}

void checkpoint_make(checkpoint_case *c, rnnc_context *context,
                     const char *parameter, int32_t keep)
{
    folder_name(c->folder, sizeof c->folder, "checkpoints");
    c->weights = checkpoint_weights(context, parameter);
    c->record = rnnc_record_create(context);
    c->checkpoints = rnnc_checkpoints_create(context, c->folder, keep);
    assert_int_equal(rnnc_record_status(c->record), RNNC_OK);
    assert_int_equal(rnnc_checkpoints_status(c->checkpoints), RNNC_OK);
}

void checkpoint_free(checkpoint_case *c)
{
    rnnc_checkpoints_destroy(c->checkpoints);
    rnnc_record_destroy(c->record);
    rnnc_weights_destroy(c->weights);
    folder_remove(c->folder);
}

rnnc_status checkpoint_save(checkpoint_case *c, int64_t step)
{
    return rnnc_checkpoints_save(c->checkpoints, step, c->weights, c->record);
}

rnnc_status checkpoint_load(checkpoint_case *c, int64_t *step)
{
    return rnnc_checkpoints_load(c->checkpoints, c->weights, c->record, step);
}

void checkpoint_says(const checkpoint_case *c, const char *words)
{
    const char *message = rnnc_checkpoints_message(c->checkpoints);
    if (strstr(message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", message, words);
}
