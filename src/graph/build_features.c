// SPDX-License-Identifier: MIT
// Builder calls that work across the features of a row.
#include "graph/build.h"

rnnc_node *rnnc_concat(rnnc_node *const *parts, int32_t count)
{
    return rni_build(&(rnnc_node){.op = RNI_OP_CONCAT}, parts, count);
}

rnnc_node *rnnc_slice(rnnc_node *x, int64_t first, int64_t count)
{
    return rni_build(
        &(rnnc_node){.op = RNI_OP_SLICE, .integers = {first, count}}, &x, 1);
}

rnnc_node *rnnc_rows(rnnc_node *value, int64_t first, int64_t count)
{
    return rni_build(
        &(rnnc_node){.op = RNI_OP_ROWS, .integers = {first, count}}, &value, 1);
}

rnnc_node *rnnc_sum(rnnc_node *x)
{
    return rni_build_one(RNI_OP_SUM, x);
}

rnnc_node *rnnc_mean(rnnc_node *x)
{
    return rni_build_one(RNI_OP_MEAN, x);
}

rnnc_node *rnnc_softmax(rnnc_node *x)
{
    return rni_build_one(RNI_OP_SOFTMAX, x);
}

rnnc_node *rnnc_log_softmax(rnnc_node *x)
{
    return rni_build_one(RNI_OP_LOG_SOFTMAX, x);
}

rnnc_node *rnnc_layer_norm(rnnc_node *x, rnnc_node *gain, rnnc_node *bias,
                           float epsilon)
{
    return rni_build(
        &(rnnc_node){.op = RNI_OP_LAYER_NORM, .numbers = {epsilon}},
        (rnnc_node *[]){x, gain, bias}, 3);
}

rnnc_node *rnnc_normalize(rnnc_node *x, float epsilon)
{
    return rni_build(
        &(rnnc_node){.op = RNI_OP_LAYER_NORM, .numbers = {epsilon}}, &x, 1);
}

rnnc_node *rnnc_dropout(rnnc_node *x, float rate)
{
    return rni_build(&(rnnc_node){.op = RNI_OP_DROPOUT, .numbers = {rate}}, &x,
                     1);
}
