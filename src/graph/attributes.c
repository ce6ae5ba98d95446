// SPDX-License-Identifier: MIT
// A word means the same in every operation, so its range is kept by the word.
#include "graph/attributes.h"

#include <float.h>
#include <string.h>

typedef struct range {
    const char *word;
    double least, most; // both allowed; most is exact in a double
    const char *expected;
} range;

// Integers below 2^53 pass through every reader of JSON.
#define WHOLE 0x1.fffffffffffffp52

static const range ranges[] = {
    {"reduction", 0, 2, "RNNC_REDUCE_MEAN, _SUM or _NONE"},
    {"mode", 0, 4, "RNNC_POOL_LAST, _FIRST, _MEAN, _MAX or _SUM"},
    {"first", 0, WHOLE, "0 or more"},
    {"count", 1, WHOLE, "1 or more"},
    {"index", 0, WHOLE, "0 or more"},
    {"steps", 1, 10000, "1 to 10000"}, // each is a state of the plan
    {"limit", 0, INT32_MAX, "1 or more, and an int32"},
    {"ignore", INT32_MIN, INT32_MAX, "an int32"},
    {"rate", 0, 0x1.fffffep-1, "0 or more and below 1"},
    {"smoothing", 0, 0x1.fffffep-1, "0 or more and below 1"},
    {"epsilon", FLT_MIN, FLT_MAX, "more than 0"},
    {"delta", FLT_MIN, FLT_MAX, "more than 0"},
};

// Words without a range of their own may be any finite number.
static const range any = {"", -FLT_MAX, FLT_MAX, "a finite number"};

static const range *find_range(const char *word)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (strcmp(ranges[i].word, word) == 0)
            return &ranges[i];
    return &any;
}

// Written so that a NaN is outside.
static bool check(const rnnc_node *node, const char *word, double value)
{
    const range *allowed = find_range(word);
    if (value >= allowed->least && value <= allowed->most)
        return true;
    rni_error_set(&node->graph->error, RNNC_E_ARGUMENT,
                  "%s: %s is %.9g, expected %s", rni_op_table[node->op].name,
                  word, value, allowed->expected);
    return false;
}

bool rni_attributes_check(const rnnc_node *node)
{
    const rni_op_row *row = &rni_op_table[node->op];
    char word[RNI_WORD_TEXT];
    for (int32_t i = 0; rni_word(row->integers, i, word); i++)
        if (!check(node, word, (double)node->integers[i]))
            return false;
    for (int32_t i = 0; rni_word(row->numbers, i, word); i++)
        if (!check(node, word, (double)node->numbers[i]))
            return false;
    if (node->op == RNI_OP_CLIP && !(node->numbers[0] <= node->numbers[1])) {
        rni_error_set(&node->graph->error, RNNC_E_ARGUMENT,
                      "clip: low is %.9g and high %.9g, expected low <= high",
                      (double)node->numbers[0], (double)node->numbers[1]);
        return false;
    }
    return true;
}
