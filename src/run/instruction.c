// SPDX-License-Identifier: MIT
// What each instruction does, and how its work may be split among members.
#include "run/executor.h"

const rni_instruction_row rni_instruction_table[RNI_RUN_OP_COUNT] = {
    [RNI_RUN_TAPE] = {rni_run_tape, RNI_BY_ROWS | RNI_BY_COLS},
    [RNI_RUN_PRODUCT] = {rni_run_product, RNI_BY_ROWS | RNI_BY_COLS},
    [RNI_RUN_MATMUL] = {rni_run_matmul, RNI_ITSELF},
    [RNI_RUN_PACK] = {rni_run_pack, 0},
    [RNI_RUN_OUTER] = {rni_run_outer, RNI_ITSELF},
    [RNI_RUN_COL_SUM] = {rni_run_col_sum, RNI_ITSELF},
    [RNI_RUN_LOOKUP_GRAD] = {rni_run_lookup_grad, RNI_ITSELF},
    [RNI_RUN_TOTAL] = {rni_run_total, RNI_ITSELF},
    [RNI_RUN_ROW_SUM] = {rni_run_row_sum, RNI_BY_ROWS},
    [RNI_RUN_SOFTMAX] = {rni_run_softmax, RNI_BY_ROWS},
    [RNI_RUN_LOG_SOFTMAX] = {rni_run_log_softmax, RNI_BY_ROWS},
    [RNI_RUN_NORMALIZE] = {rni_run_normalize, RNI_BY_ROWS},
    [RNI_RUN_NORMALIZE_GRAD] = {rni_run_normalize_grad, RNI_BY_ROWS},
    [RNI_RUN_LOOKUP] = {rni_run_lookup, RNI_BY_ROWS},
    [RNI_RUN_CROSS_ENTROPY] = {rni_run_cross_entropy, RNI_BY_ROWS},
    [RNI_RUN_CROSS_ENTROPY_WEIGHT] = {rni_run_cross_entropy_weight,
                                      RNI_BY_ROWS},
    [RNI_RUN_CROSS_ENTROPY_GRAD] = {rni_run_cross_entropy_grad, RNI_BY_ROWS},
    [RNI_RUN_DROPOUT] = {rni_run_dropout, RNI_BY_ROWS},
    [RNI_RUN_REVERSE] = {rni_run_reverse, RNI_BY_ROWS},
    [RNI_RUN_RANK] = {rni_run_rank, RNI_BY_ROWS},
    [RNI_RUN_FRESH] = {rni_run_fresh, RNI_BY_ROWS},
    [RNI_RUN_ROWS] = {rni_run_rows, 0},
    [RNI_RUN_ZERO] = {rni_run_zero, RNI_BY_ROWS},
};
