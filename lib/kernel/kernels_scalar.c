// SPDX-License-Identifier: MIT
// The kernels in plain C: the reference that every other set is compared with.
#include <string.h>

#include "kernel/tables.h"

#define RNI_SUFFIX scalar
#define RNI_ISA    RNI_ISA_SCALAR
#include "kernel/simd_scalar.h"
#include "kernel/functions.h"
#include "kernel/tape_values.h"
#include "kernel/reference_tape.inc"
#include "kernel/reference_row.inc"
#include "kernel/tile_body.inc"
#include "kernel/pack_body.inc"
#include "kernel/product_body.inc"
#include "kernel/tile_link_body.inc"
#include "kernel/outer_body.inc"
#include "kernel/kernels_table.inc"
