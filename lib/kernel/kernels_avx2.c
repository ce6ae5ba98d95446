// SPDX-License-Identifier: MIT
// The kernels in AVX2 and FMA; compiled with -mavx2 -mfma.
#include <string.h>

#include "kernel/tables.h"

#if defined(RNI_HAVE_AVX2)
#define RNI_SUFFIX avx2
#define RNI_ISA    RNI_ISA_AVX2
#include "kernel/simd_avx2.h"
#include "kernel/functions.h"
#include "kernel/tape_values.h"
#include "kernel/tape_body.inc"
#include "kernel/tape_link_body.inc"
#include "kernel/row_body.inc"
#include "kernel/tile_body.inc"
#include "kernel/pack_body.inc"
#include "kernel/product_body.inc"
#include "kernel/tile_link_body.inc"
#include "kernel/outer_body.inc"
#include "kernel/kernels_table.inc"
#endif
