// SPDX-License-Identifier: MIT
// Every operation of the textbook differentiated, against central differences.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reference/reference.h"
#include "rnnc/reference.h"
#include "support/op_stage.h"

static void set_inputs(const op_stage *s, rnnc_reference *reference)
{
    op_inputs inputs = op_inputs_make();
    assert_int_equal(rnnc_reference_input(reference, s->x, inputs.x), RNNC_OK);
    assert_int_equal(rnnc_reference_input(reference, s->y, inputs.y), RNNC_OK);
    assert_int_equal(rnnc_reference_input(reference, s->ids, inputs.ids),
                     RNNC_OK);
    assert_int_equal(rnnc_reference_input_batch(reference, s->batch,
                                                inputs.batch, STAGE_BATCH),
                     RNNC_OK);
    op_inputs_destroy(&inputs);
}

static void every_gradient_is_that_of_differences(void **state)
{
    (void)state;
    for (int i = 0; i < op_builder_count; i++) {
        op_stage s = op_stage_make(NULL);
        rnnc_node *loss = op_stage_loss(op_builders[i].make(&s));
        assert_string_equal(rnnc_graph_message(s.graph), "");
        int used = 0;
        for (int32_t n = 0; n < s.graph->n_nodes; n++)
            used += s.graph->nodes[n]->op == op_builders[i].op;
        assert_true(used > 0);
        rnnc_weights *weights = rnnc_weights_create(s.graph, 11);
        rnnc_reference *reference = rnnc_reference_create(weights);
        set_inputs(&s, reference);
        double worst = 1;
        rnnc_reference_train(reference, 1, 5, 6);
        assert_int_equal(rnnc_reference_check(reference, loss, 1e-5, &worst),
                         RNNC_OK);
        if (!(worst < 1e-6) || !(reference->near > 1e-4))
            fail_msg("%s: off by %g, %g from a kink",
                     rni_op_table[op_builders[i].op].name, worst,
                     reference->near);
        rnnc_reference_destroy(reference);
        rnnc_weights_destroy(weights);
        rnnc_graph_destroy(s.graph);
    }
}

static void every_operation_has_a_builder(void **state)
{
    (void)state;
    for (int32_t op = 0; op < RNI_OP_COUNT; op++) {
        int found = 0;
        for (int i = 0; i < op_builder_count; i++)
            found += op_builders[i].op == op;
        if (found == 0)
            fail_msg("%s has no builder", rni_op_table[op].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_has_a_builder),
        cmocka_unit_test(every_gradient_is_that_of_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
