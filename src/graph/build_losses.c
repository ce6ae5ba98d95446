// SPDX-License-Identifier: MIT
// Builder calls for losses.
#include "base/options.h"
#include "graph/build.h"

// The id that PyTorch's losses leave out unless told otherwise.
enum { IGNORED = -100 };

static const size_t options_least =
    offsetof(rnnc_cross_entropy_options, class_weights) + sizeof(rnnc_node *);

static rnnc_node *cross_entropy(rnnc_node *logits, rnnc_node *ids,
                                const rnnc_cross_entropy_options *options)
{
    rnnc_node *inputs[] = {logits, ids, options->class_weights};
    int64_t ignore =
        options->has_ignore != 0 ? options->ignore_index : INT32_MIN;
    rnnc_node draft = {.op = RNI_OP_CROSS_ENTROPY,
                       .integers = {options->reduction, ignore},
                       .numbers = {options->smoothing}};
    return rni_build(&draft, inputs, options->class_weights == NULL ? 2 : 3);
}

rnnc_node *rnnc_cross_entropy(rnnc_node *logits, rnnc_node *ids)
{
    return cross_entropy(
        logits, ids,
        &(rnnc_cross_entropy_options){.reduction = RNNC_REDUCE_MEAN,
                                      .has_ignore = 1,
                                      .ignore_index = IGNORED});
}

rnnc_node *rnnc_cross_entropy_with(rnnc_node *logits, rnnc_node *ids,
                                   const rnnc_cross_entropy_options *options)
{
    if (options == NULL)
        return rnnc_cross_entropy(logits, ids);
    rnnc_graph *graph = logits != NULL ? logits->graph
                        : ids != NULL  ? ids->graph
                                       : NULL;
    rnnc_cross_entropy_options known = {0};
    if (graph == NULL || graph->error.status != RNNC_OK ||
        rni_options_read(&known, sizeof known, options_least, options,
                         &graph->error) != RNNC_OK)
        return NULL;
    if (known.reserved != 0) {
        rni_error_set(&graph->error, RNNC_E_UNSUPPORTED,
                      "cross_entropy: reserved is %lu, expected 0",
                      (unsigned long)known.reserved);
        return NULL;
    }
    return cross_entropy(logits, ids, &known);
}

rnnc_node *rnnc_binary_cross_entropy(rnnc_node *logits, rnnc_node *targets,
                                     int32_t reduction)
{
    rnnc_node draft = {.op = RNI_OP_BINARY_CROSS_ENTROPY,
                       .integers = {reduction}};
    return rni_build(&draft, (rnnc_node *[]){logits, targets}, 2);
}

rnnc_node *rnnc_mse(rnnc_node *a, rnnc_node *b, int32_t reduction)
{
    rnnc_node draft = {.op = RNI_OP_MSE, .integers = {reduction}};
    return rni_build(&draft, (rnnc_node *[]){a, b}, 2);
}

rnnc_node *rnnc_huber(rnnc_node *a, rnnc_node *b, float delta,
                      int32_t reduction)
{
    rnnc_node draft = {
        .op = RNI_OP_HUBER, .integers = {reduction}, .numbers = {delta}};
    return rni_build(&draft, (rnnc_node *[]){a, b}, 2);
}

rnnc_node *rnnc_l2_penalty(rnnc_node *value, float scale)
{
    rnnc_node draft = {.op = RNI_OP_L2_PENALTY, .numbers = {scale}};
    return rni_build(&draft, &value, 1);
}

rnnc_node *rnnc_total(rnnc_node *x)
{
    return rni_build_one(RNI_OP_TOTAL, x);
}
