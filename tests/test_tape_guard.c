// SPDX-License-Identifier: MIT
// Every instruction of a tape at every size up to four vectors and more and at
// every alignment, between pages that nobody may touch, on every instruction
// set of this machine beside plain C.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/kernel.h"
#include "support/floats.h"
#include "support/guarded.h"
#include "support/tape_truth.h"

// Vectors have at most 16 floats.
enum { WIDEST = 4 * 16 + 7, ALIGNMENTS = 16, OPERANDS = 3 };

// Where numbers lie: some floats behind the page before them, or against the
// page behind them.
typedef struct place {
    int64_t cols;
    int alignment; // ALIGNMENTS: against the end
} place;

static float *at(guarded_page b, place p, int operand)
{
    if (p.alignment == ALIGNMENTS)
        return b.end - p.cols;
    return b.first + (p.alignment + 5 * operand) % ALIGNMENTS;
}

static float draw_operand(int64_t i, int operand)
{
    if (floats_draw_up_to(9) == 0)
        return floats_special[(size_t)(i + operand) % floats_special_count];
    return floats_draw(4.0f);
}

typedef struct trial {
    guarded_page in[OPERANDS], out;
    float numbers[OPERANDS][WIDEST];
    float scratch[(OPERANDS + 1) * RNI_TAPE_TILE];
} trial;

static void run(trial *t, const rni_kernels *kernels, int32_t op, place p,
                float *result)
{
    rni_tape_code code = {op, OPERANDS, 0, 1, 2, 0.5f, 1.5f};
    rni_tape_port loads[OPERANDS], store = {RNI_PORT_ROWS, OPERANDS, NULL, 0};
    for (int k = 0; k < OPERANDS; k++) {
        loads[k] = (rni_tape_port){RNI_PORT_ROWS, k, at(t->in[k], p, k), 0};
        memcpy(loads[k].data, t->numbers[k], (size_t)p.cols * sizeof(float));
    }
    store.data = at(t->out, p, OPERANDS);
    kernels->tape(&(rni_tape_call){.code = &code,
                                   .n_code = 1,
                                   .loads = loads,
                                   .n_loads = rni_tape_operands(op),
                                   .stores = &store,
                                   .n_stores = 1,
                                   .n_slots = OPERANDS + 1,
                                   .rows = 1,
                                   .cols = p.cols,
                                   .scratch = t->scratch});
    memcpy(result, store.data, (size_t)p.cols * sizeof(float));
}

// The same bits as plain C; sse2 rounds some products apart.
static void check(trial *t, const rni_kernels *kernels, int32_t op, place p)
{
    float want[WIDEST], got[WIDEST];
    run(t, rni_kernels_get(RNI_ISA_SCALAR), op, p, want);
    run(t, kernels, op, p, got);
    if (kernels->isa == RNI_ISA_SSE2 && !tape_truths[op].exact)
        return;
    for (int64_t i = 0; i < p.cols; i++)
        if (!floats_same(got[i], want[i]))
            fail_msg("%s of %d, alignment %d: %g, expected %g",
                     rni_tape_name(op), (int)p.cols, p.alignment,
                     (double)got[i], (double)want[i]);
}

static void check_set(trial *t, const rni_kernels *kernels)
{
    for (int32_t op = 0; op < RNI_TAPE_OP_COUNT; op++)
        for (int64_t cols = 0; cols <= WIDEST; cols++)
            for (int a = 0; a <= ALIGNMENTS; a++)
                check(t, kernels, op, (place){cols, a});
}

static void every_instruction_stays_within_its_bounds(void **state)
{
    (void)state;
    trial *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->out = guarded_page_create();
    for (int k = 0; k < OPERANDS; k++) {
        t->in[k] = guarded_page_create();
        for (int64_t i = 0; i < WIDEST; i++)
            t->numbers[k][i] = draw_operand(i, k);
    }
    for (int isa = 0; isa < RNI_ISA_COUNT; isa++)
        if (rni_kernels_get((rni_isa)isa))
            check_set(t, rni_kernels_get((rni_isa)isa));
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_stays_within_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
