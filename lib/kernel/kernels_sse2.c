// SPDX-License-Identifier: MIT
// The kernels in SSE2.
#include <string.h>

#include "kernel/tables.h"

#if defined(RNI_HAVE_SSE2)
#define RNI_SUFFIX sse2
#define RNI_ISA    RNI_ISA_SSE2
#include "kernel/simd_sse2.h"
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
