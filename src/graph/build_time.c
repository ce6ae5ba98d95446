// SPDX-License-Identifier: MIT
// Builder calls that cross the rows of a sequence.
#include "graph/build.h"

rnnc_node *rnnc_pool(rnnc_node *x, int32_t mode)
{
    return rni_build(&(rnnc_node){.op = RNI_OP_POOL, .integers = {mode}}, &x,
                     1);
}

rnnc_node *rnnc_repeat(rnnc_node *batch, rnnc_node *like)
{
    return rni_build_two(RNI_OP_REPEAT, batch, like);
}

rnnc_node *rnnc_shift(rnnc_node *x, int64_t steps)
{
    return rni_build(&(rnnc_node){.op = RNI_OP_SHIFT, .integers = {steps}}, &x,
                     1);
}

rnnc_node *rnnc_reverse(rnnc_node *x)
{
    return rni_build_one(RNI_OP_REVERSE, x);
}
