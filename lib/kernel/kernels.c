// SPDX-License-Identifier: MIT
// The table of kernels for each instruction set, and what is known of tapes.
#include "kernel/kernel.h"

#include <string.h>

#include "kernel/tables.h"

typedef struct op_entry {
    const char *name;
    int32_t operands, constants;
} op_entry;

static const op_entry ops[RNI_TAPE_OP_COUNT] = {
#define RNI_TAPE(NAME, text, operands, constants) {text, operands, constants},
#include "kernel/tape.def"
#undef RNI_TAPE
};

static const op_entry *op_find(int32_t op)
{
    static const op_entry none = {"unknown", 0, 0};
    return op >= 0 && op < RNI_TAPE_OP_COUNT ? &ops[op] : &none;
}

const char *rni_tape_name(int32_t op)
{
    return op_find(op)->name;
}

int32_t rni_tape_operands(int32_t op)
{
    return op_find(op)->operands;
}

int32_t rni_tape_constants(int32_t op)
{
    return op_find(op)->constants;
}

static const rni_kernels *const tables[RNI_ISA_COUNT] = {
    [RNI_ISA_SCALAR] = &rni_kernels_scalar,
#if defined(RNI_HAVE_SSE2)
    [RNI_ISA_SSE2] = &rni_kernels_sse2,
#endif
#if defined(RNI_HAVE_AVX2)
    [RNI_ISA_AVX2] = &rni_kernels_avx2,
#endif
#if defined(RNI_HAVE_AVX512)
    [RNI_ISA_AVX512] = &rni_kernels_avx512,
#endif
#if defined(RNI_HAVE_NEON)
    [RNI_ISA_NEON] = &rni_kernels_neon,
#endif
};

const rni_kernels *rni_kernels_get(rni_isa isa)
{
    if ((int)isa < 0 || isa >= RNI_ISA_COUNT || !rni_isa_available(isa))
        return NULL;
    return tables[isa];
}

const rni_kernels *rni_kernels_choose(void)
{
    return tables[rni_isa_choose()];
}

float rni_kernels_fold(const float partial[16])
{
    float sums[16];
    memcpy(sums, partial, sizeof sums);
    for (int half = 8; half >= 1; half /= 2)
        for (int i = 0; i < half; i++)
            sums[i] = sums[i] + sums[i + half];
    return sums[0];
}
