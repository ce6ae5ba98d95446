// SPDX-License-Identifier: MIT
// Which instruction sets this processor and its operating system offer.
#ifndef RNI_CPU_H
#define RNI_CPU_H

#include <stdbool.h>

typedef enum rni_isa {
    RNI_ISA_SCALAR, // plain C, the reference of every kernel
    RNI_ISA_SSE2,   // baseline x86-64
    RNI_ISA_AVX2,   // AVX2 and FMA
    RNI_ISA_AVX512, // F, BW, DQ, VL
    RNI_ISA_NEON,   // baseline aarch64
    RNI_ISA_COUNT
} rni_isa;

const char *rni_isa_name(rni_isa isa); // "scalar", "sse2", "avx2", ...

// True where the processor has it (CPUID), the operating system saves its
// registers (XGETBV), and this build has kernels for it.
bool rni_isa_available(rni_isa isa);

// The best available one, capped by the environment variable RNNC_ISA
// (a name above; an unknown name or one that is not available is ignored
// in favour of the best below it). Reads the environment each time.
rni_isa rni_isa_choose(void);

#endif
