/* SPDX-License-Identifier: MIT */
/** @file rnnc.h Everything. */
#ifndef RNNC_RNNC_H
#define RNNC_RNNC_H
#include "rnnc/average.h"
#include "rnnc/cell.h"
#include "rnnc/checkpoint.h"
#include "rnnc/context.h"
#include "rnnc/dataset.h"
#include "rnnc/graph.h"
#include "rnnc/import.h"
#include "rnnc/model.h"
#include "rnnc/operation.h"
#include "rnnc/optimizer.h"
#include "rnnc/picture.h"
#include "rnnc/plan.h"
#include "rnnc/record.h"
#include "rnnc/reference.h"
#include "rnnc/run.h"
#include "rnnc/schedule.h"
#include "rnnc/sequence.h"
#include "rnnc/status.h"
#include "rnnc/stream.h"
#include "rnnc/trainer.h"
#include "rnnc/version.h"
#include "rnnc/weights.h"
#endif
