// SPDX-License-Identifier: MIT
// The parameters of the cells that ship.
#include "cell/draft.h"

#include <math.h>
#include <stdio.h>

enum { PART_TEXT = 24, NAME_TEXT = 64 };

static void print_name(const rni_cell_draft *draft, const char *name,
                       char text[NAME_TEXT])
{
    snprintf(text, NAME_TEXT, "%.24s_l%ld%s", name, (long)draft->options->layer,
             draft->options->reverse != 0 ? "_reverse" : "");
}

// PyTorch draws every parameter from +-1 / sqrt(hidden).
rni_cell_start rni_cell_draft_start(const rni_cell_draft *draft, int32_t init)
{
    if (draft->options->init != RNNC_CELL_INIT_TORCH)
        return (rni_cell_start){init, 0};
    float bound = (float)(1 / sqrt((double)draft->hidden));
    return (rni_cell_start){RNNC_INIT_UNIFORM, bound};
}

rnnc_node *rni_cell_draft_state(const rni_cell_draft *draft, const char *name)
{
    rnnc_node *state = rnnc_cell_state(draft->cell, name, draft->hidden);
    if (draft->options->learned_first == 0)
        return state;
    char part[PART_TEXT];
    snprintf(part, sizeof part, "first_%s", name);
    rni_cell_start zeros = {RNNC_INIT_ZEROS, 0};
    rnnc_cell_first(draft->cell, state,
                    rni_cell_draft_vector(draft, part, draft->hidden, zeros));
    return state;
}

rnnc_node *rni_cell_draft_matrix(const rni_cell_draft *draft, const char *name,
                                 int32_t blocks, int64_t rows, int64_t cols,
                                 rni_cell_start start)
{
    char text[NAME_TEXT];
    print_name(draft, name, text);
    rnnc_node *matrix = rnnc_cell_parameter(draft->cell, text, blocks * rows,
                                            cols, RNNC_INIT_ZEROS, 0);
    for (int32_t block = 0; block < blocks; block++)
        rnnc_init_rows(matrix, block * rows, rows, start.init, start.value);
    return matrix;
}

rnnc_node *rni_cell_draft_vector(const rni_cell_draft *draft, const char *name,
                                 int64_t cols, rni_cell_start start)
{
    char text[NAME_TEXT];
    print_name(draft, name, text);
    return rnnc_cell_parameter_vector(draft->cell, text, cols, start.init,
                                      start.value);
}

rni_cell_gates rni_cell_draft_gates(const rni_cell_draft *draft, int32_t gates,
                                    int32_t forget)
{
    int64_t n = draft->hidden;
    rni_cell_start glorot = rni_cell_draft_start(draft, RNNC_INIT_GLOROT);
    rni_cell_start orthogonal =
        rni_cell_draft_start(draft, RNNC_INIT_ORTHOGONAL);
    rni_cell_start zeros = rni_cell_draft_start(draft, RNNC_INIT_ZEROS);
    rni_cell_gates made = {0};
    made.weight_ih = rni_cell_draft_matrix(draft, "weight_ih", gates, n,
                                           draft->inputs, glorot);
    made.weight_hh =
        rni_cell_draft_matrix(draft, "weight_hh", gates, n, n, orthogonal);
    if (draft->options->bias != RNNC_BIAS_NONE)
        made.bias_ih =
            rni_cell_draft_vector(draft, "bias_ih", gates * n, zeros);
    if (draft->options->bias == RNNC_BIAS_DOUBLE)
        made.bias_hh =
            rni_cell_draft_vector(draft, "bias_hh", gates * n, zeros);
    if (forget >= 0 && draft->options->init == RNNC_CELL_INIT_DEFAULT)
        rnnc_init_rows(made.bias_ih, forget * n, n, RNNC_INIT_CONSTANT, 1);
    return made;
}

rnnc_node *rni_cell_affine(rnnc_node *x, rnnc_node *weight, rnnc_node *bias)
{
    return bias == NULL ? rnnc_project_unbiased(x, weight)
                        : rnnc_project(x, weight, bias);
}
