// SPDX-License-Identifier: MIT
// The table of each instruction set, where this build has it.
#ifndef RNI_KERNEL_TABLES_H
#define RNI_KERNEL_TABLES_H

#include "kernel/kernel.h"

extern const rni_kernels rni_kernels_scalar;
#if defined(RNI_HAVE_SSE2)
extern const rni_kernels rni_kernels_sse2;
#endif
#if defined(RNI_HAVE_AVX2)
extern const rni_kernels rni_kernels_avx2;
#endif
#if defined(RNI_HAVE_AVX512)
extern const rni_kernels rni_kernels_avx512;
#endif
#if defined(RNI_HAVE_NEON)
extern const rni_kernels rni_kernels_neon;
#endif

#endif
