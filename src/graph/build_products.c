// SPDX-License-Identifier: MIT
// Builder calls for products, and the layers made of one product.
#include "graph/build.h"

rnnc_node *rnnc_matmul(rnnc_node *a, rnnc_node *b)
{
    return rni_build_two(RNI_OP_MATMUL, a, b);
}

rnnc_node *rnnc_project(rnnc_node *x, rnnc_node *weight, rnnc_node *bias)
{
    return rni_build(&(rnnc_node){.op = RNI_OP_PROJECT},
                     (rnnc_node *[]){x, weight, bias}, 3);
}

rnnc_node *rnnc_project_unbiased(rnnc_node *x, rnnc_node *weight)
{
    return rni_build_two(RNI_OP_PROJECT, x, weight);
}

rnnc_node *rnnc_lookup(rnnc_node *ids, rnnc_node *table)
{
    return rni_build_two(RNI_OP_LOOKUP, ids, table);
}

rnnc_node *rnnc_linear(rnnc_node *x, const char *name, int64_t features)
{
    if (x == NULL)
        return NULL;
    rnnc_node *weight =
        rni_build_parameter(x->graph, name, "weight", features, x->shape.cols,
                            2, RNNC_INIT_GLOROT, 0);
    rnnc_node *bias = rni_build_parameter(x->graph, name, "bias", 1, features,
                                          1, RNNC_INIT_ZEROS, 0);
    return rnnc_project(x, weight, bias);
}

rnnc_node *rnnc_embedding(rnnc_node *ids, const char *name, int64_t features)
{
    if (ids == NULL || ids->graph->error.status != RNNC_OK)
        return NULL;
    if (ids->shape.type != RNI_IDS) {
        char text[RNI_NODE_TEXT];
        rni_node_print(ids, text);
        rni_error_set(&ids->graph->error, RNNC_E_SHAPE,
                      "embedding \"%.80s\": input 1 is %s, expected ids",
                      name == NULL ? "" : name, text);
        return NULL;
    }
    rnnc_node *table =
        rni_build_parameter(ids->graph, name, "weight", rni_node_limit(ids),
                            features, 2, RNNC_INIT_NORMAL, 1);
    return rnnc_lookup(ids, table);
}
