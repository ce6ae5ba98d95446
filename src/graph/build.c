// SPDX-License-Identifier: MIT
// What the public builder calls share.
#include "graph/build.h"

#include <stdio.h>

#include "graph/names.h"

rnnc_node *rni_build(const rnnc_node *draft, rnnc_node *const *inputs,
                     int32_t n_inputs)
{
    for (int32_t i = 0; inputs != NULL && i < n_inputs; i++)
        if (inputs[i] != NULL)
            return rni_node_make(inputs[i]->graph, NULL, draft, inputs,
                                 n_inputs);
    return NULL;
}

rnnc_node *rni_build_one(int32_t op, rnnc_node *x)
{
    return rni_build(&(rnnc_node){.op = op}, &x, 1);
}

rnnc_node *rni_build_two(int32_t op, rnnc_node *a, rnnc_node *b)
{
    return rni_build(&(rnnc_node){.op = op}, (rnnc_node *[]){a, b}, 2);
}

rnnc_node *rni_build_parameter(rnnc_graph *graph, const char *name,
                               const char *part, int64_t rows, int64_t cols,
                               int32_t rank, int32_t init, float value)
{
    if (graph == NULL || graph->error.status != RNNC_OK)
        return NULL;
    char text[RNI_NAME_MOST + 2];
    int length = name == NULL || name[0] == '\0'
                     ? snprintf(text, sizeof text, "%s", part)
                     : snprintf(text, sizeof text, "%s.%s", name, part);
    if (length < 0 || length > RNI_NAME_MOST) {
        rni_error_set(&graph->error, RNNC_E_NAME,
                      "parameter \"%.80s....%.80s\": the name is longer than "
                      "%d bytes",
                      name == NULL ? "" : name, part, RNI_NAME_MOST);
        return NULL;
    }
    return rank == 1 ? rnnc_parameter_vector(graph, text, cols, init, value)
                     : rnnc_parameter(graph, text, rows, cols, init, value);
}
