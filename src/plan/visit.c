// SPDX-License-Identifier: MIT
// The operands of an instruction, wherever its details lie.
#include "plan/plan.h"

// The operands that are written come last; the others are read.
static void visit_plain(const rnnc_plan *plan, const rni_instruction *i,
                        rni_operand_visit visit, void *user)
{
    int32_t written = i->op == RNI_RUN_TOTAL ? 2 : 1;
    for (int32_t k = 0; k < i->n_operands; k++)
        visit(user, plan->operands + i->first_operand + k,
              k >= i->n_operands - written);
}

static void visit_tape(const rnnc_plan *plan, const rni_plan_tape *tape,
                       rni_operand_visit visit, void *user)
{
    for (int32_t k = 0; k < tape->n_loads; k++)
        visit(user, &plan->ports[tape->first_load + k].operand, false);
    for (int32_t k = 0; k < tape->n_stores; k++)
        visit(user, &plan->ports[tape->first_store + k].operand, true);
}

static void visit_product(const rnnc_plan *plan, const rni_plan_product *p,
                          rni_operand_visit visit, void *user)
{
    for (int32_t k = 0; k < p->n_terms; k++)
        visit(user, &plan->terms[p->first_term + k].a, false);
    for (int32_t k = 0; k < p->n_results; k++) {
        visit(user, &plan->results[p->first_result + k].init, false);
        visit(user, &plan->results[p->first_result + k].c, true);
    }
}

static void visit_matmul(const rnnc_plan *plan, const rni_plan_matmul *m,
                         rni_operand_visit visit, void *user)
{
    for (int32_t k = 0; k < m->n_terms; k++) {
        visit(user, &plan->terms[m->first_term + k].a, false);
        visit(user, &plan->sources[m->first_source + k].w, false);
    }
    visit(user, &m->init, false);
    visit(user, &m->c, true);
}

static void visit_pack(const rnnc_plan *plan, const rni_plan_pack *pack,
                       rni_operand_visit visit, void *user)
{
    const rni_plan_product *p = plan->products + pack->product;
    for (int32_t k = 0; k < p->n_terms * p->n_results; k++)
        visit(user, &plan->sources[pack->first_source + k].w, false);
}

void rni_instruction_visit(const rnnc_plan *plan, const rni_instruction *i,
                           rni_operand_visit visit, void *user)
{
    if (i->op == RNI_RUN_TAPE)
        visit_tape(plan, plan->tapes + i->detail, visit, user);
    else if (i->op == RNI_RUN_PRODUCT)
        visit_product(plan, plan->products + i->detail, visit, user);
    else if (i->op == RNI_RUN_MATMUL)
        visit_matmul(plan, plan->matmuls + i->detail, visit, user);
    else if (i->op == RNI_RUN_PACK)
        visit_pack(plan, plan->packs + i->detail, visit, user);
    else
        visit_plain(plan, i, visit, user);
}
