// SPDX-License-Identifier: MIT
// What a training loop needs of a folder of checkpoints before its first save.
#ifndef RNI_CHECKPOINT_H
#define RNI_CHECKPOINT_H

#include "rnnc/checkpoint.h"

// RNNC_E_STATE where the folder has checkpoints that the handle has neither
// loaded nor written. Of a handle that was made without error.
rnnc_status rni_checkpoints_claim(rnnc_checkpoints *checkpoints);

#endif
