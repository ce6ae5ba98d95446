// SPDX-License-Identifier: MIT
// A team of threads that waits for work. Member 0 is the caller itself.
#ifndef RNI_TEAM_H
#define RNI_TEAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

typedef struct rni_team rni_team;

// A body runs once on each member, with its number and the size of the team.
typedef void (*rni_team_body)(void *work, int32_t number, int32_t size);

// `size` members including the caller; threads start at the first use, copy
// the caller's floating-point environment at each use, spin briefly, then
// sleep. NULL where memory runs out.
rni_team *rni_team_create(const rni_memory *memory, int32_t size);
void rni_team_destroy(rni_team *team); // joins; NULL is allowed
int32_t rni_team_size(const rni_team *team);

// Starts the threads that are still missing. False where one cannot start:
// the team then has the members it has. Never called implicitly by run.
bool rni_team_start(rni_team *team);

// Runs the body on all members and returns when all are done. Where the team
// is busy (another thread runs on it), was never started, was forked away
// from, or is NULL, the body runs once, on the caller, as member 0 of 1.
void rni_team_run(rni_team *team, rni_team_body body, void *work);

// The same on the first `most` members at most; the others are let sleep.
void rni_team_run_few(rni_team *team, int32_t most, rni_team_body body,
                      void *work);

// Within a body: waits for all members. Spins briefly, then sleeps. Among
// members 0 to size - 1; of one, it returns at once.
void rni_team_barrier(rni_team *team, int32_t number, int32_t size);

// Whether one of the first `most` members would have to be woken.
bool rni_team_asleep(const rni_team *team, int32_t most);
// Wakes the first `most` members without giving them work: they spin again.
void rni_team_rouse(rni_team *team, int32_t most);

#endif
