// SPDX-License-Identifier: MIT
// A plan as text: stages, sections, instructions, where their values lie.
#include <stdarg.h>
#include <stdio.h>

#include "plan/planner.h"

typedef struct page {
    const rnnc_plan *plan;
    char *text;
    size_t size, used; // used counts on beyond size
} page;

static void say(page *out, const char *format, ...) RNI_FORMAT(2, 3);

static void say(page *out, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t room = out->used < out->size ? out->size - out->used : 0;
    int n = vsnprintf(room ? out->text + out->used : NULL, room, format, list);
    va_end(list);
    out->used += n > 0 ? (size_t)n : 0;
}

static const char *const extent_names[RNI_EXTENT_COUNT] = {
    [RNI_EXTENT_PARAMETER] = "parameter", [RNI_EXTENT_GRADIENT] = "gradient",
    [RNI_EXTENT_CONSTANT] = "constant",   [RNI_EXTENT_PREPARED] = "prepared",
    [RNI_EXTENT_STATIC] = "static",       [RNI_EXTENT_BATCH] = "batch",
    [RNI_EXTENT_RANK] = "step",           [RNI_EXTENT_CARRY] = "carry",
    [RNI_EXTENT_BLOCK] = "block",         [RNI_EXTENT_SEGMENT] = "segment",
    [RNI_EXTENT_BORDER] = "border",       [RNI_EXTENT_ALL] = "all",
    [RNI_EXTENT_INPUT] = "input",
};

static const char *const op_names[RNI_RUN_OP_COUNT] = {
    [RNI_RUN_TAPE] = "tape",
    [RNI_RUN_PRODUCT] = "product",
    [RNI_RUN_MATMUL] = "matmul",
    [RNI_RUN_PACK] = "pack",
    [RNI_RUN_OUTER] = "outer",
    [RNI_RUN_COL_SUM] = "col_sum",
    [RNI_RUN_LOOKUP_GRAD] = "lookup_grad",
    [RNI_RUN_TOTAL] = "total",
    [RNI_RUN_ROW_SUM] = "row_sum",
    [RNI_RUN_SOFTMAX] = "softmax",
    [RNI_RUN_LOG_SOFTMAX] = "log_softmax",
    [RNI_RUN_NORMALIZE] = "normalize",
    [RNI_RUN_NORMALIZE_GRAD] = "normalize_grad",
    [RNI_RUN_LOOKUP] = "lookup",
    [RNI_RUN_CROSS_ENTROPY] = "cross_entropy",
    [RNI_RUN_CROSS_ENTROPY_WEIGHT] = "cross_entropy_weight",
    [RNI_RUN_CROSS_ENTROPY_GRAD] = "cross_entropy_grad",
    [RNI_RUN_DROPOUT] = "dropout",
    [RNI_RUN_REVERSE] = "reverse",
    [RNI_RUN_RANK] = "rank",
    [RNI_RUN_FRESH] = "fresh",
    [RNI_RUN_ROWS] = "rows",
    [RNI_RUN_ZERO] = "zero",
};

// "block3+64", "before(all7)", "-" for none
static void say_operand(page *out, const rni_operand *o)
{
    if (o->buffer < 0) {
        say(out, "-");
        return;
    }
    const rni_buffer *buffer = out->plan->buffers + o->buffer;
    bool named = buffer->extent == RNI_EXTENT_PARAMETER ||
                 buffer->extent == RNI_EXTENT_GRADIENT;
    say(out, "%s%s", o->state >= 0 ? "before(" : "",
        extent_names[buffer->extent]);
    if (named)
        say(out, " %s", out->plan->graph->parameters[buffer->index]->name);
    else
        say(out, "%d", o->buffer);
    if (o->row > 0)
        say(out, "[%lld]", (long long)o->row);
    if (o->col > 0)
        say(out, "+%lld", (long long)o->col);
    say(out, "%s", o->state >= 0 ? ")" : "");
}

static void say_ports(page *out, const char *word, int32_t first, int32_t n)
{
    static const char *const kinds[] = {"", " row", " column", " scalar"};
    for (int32_t i = 0; i < n; i++) {
        const rni_plan_port *port = out->plan->ports + first + i;
        say(out, "      %s s%d = ", word, port->slot);
        say_operand(out, &port->operand);
        say(out, "%s\n", kinds[port->kind]);
    }
}

static void say_code(page *out, const rni_tape_code *code)
{
    const int32_t slots[3] = {code->a, code->b, code->c};
    say(out, "      s%d = %s", code->to, rni_tape_name(code->op));
    for (int32_t k = 0; k < rni_tape_operands(code->op); k++)
        say(out, " s%d", slots[k]);
    if (rni_tape_constants(code->op) > 0)
        say(out, " %g", (double)code->x);
    if (rni_tape_constants(code->op) > 1)
        say(out, " %g", (double)code->y);
    say(out, "\n");
}

static void say_tape(page *out, const rni_instruction *instruction)
{
    const rni_plan_tape *tape = out->plan->tapes + instruction->detail;
    say(out, " [%lld] %d slots\n", (long long)tape->cols, tape->n_slots);
    say_ports(out, "load ", tape->first_load, tape->n_loads);
    for (int32_t i = 0; i < tape->n_code; i++)
        say_code(out, out->plan->code + tape->first_code + i);
    say_ports(out, "store", tape->first_store, tape->n_stores);
}

static void say_source(page *out, const rni_plan_source *source)
{
    say(out, " ");
    say_operand(out, &source->w);
    say(out, "%s", source->transposed ? "'" : "");
}

static void say_product(page *out, const rni_instruction *instruction)
{
    const rnnc_plan *plan = out->plan;
    const rni_plan_product *product = plan->products + instruction->detail;
    const rni_plan_pack *pack = plan->packs + product->pack;
    say(out, "%s\n", pack->prepared ? "" : " (packed by the run)");
    for (int32_t k = 0; k < product->n_terms; k++) {
        const rni_plan_term *term = plan->terms + product->first_term + k;
        say(out, "      left  ");
        say_operand(out, &term->a);
        say(out, " [%lld]\n", (long long)term->depth);
    }
    for (int32_t r = 0; r < product->n_results; r++) {
        const rni_plan_result *result =
            plan->results + product->first_result + r;
        say(out, "      ");
        say_operand(out, &result->c);
        say(out, " [%lld] = ", (long long)result->cols);
        say_operand(out, &result->init);
        say(out, " + left x");
        for (int32_t k = 0; k < product->n_terms; k++)
            say_source(out, plan->sources + pack->first_source +
                                r * product->n_terms + k);
        say(out, "\n");
    }
}

static void say_matmul(page *out, const rni_instruction *instruction)
{
    const rnnc_plan *plan = out->plan;
    const rni_plan_matmul *matmul = plan->matmuls + instruction->detail;
    say(out, " ");
    say_operand(out, &matmul->c);
    say(out, " [%lld, %lld] = ", (long long)instruction->rows,
        (long long)instruction->cols);
    say_operand(out, &matmul->init);
    for (int32_t k = 0; k < matmul->n_terms; k++) {
        say(out, " + ");
        say_operand(out, &plan->terms[matmul->first_term + k].a);
        say(out, " x");
        say_source(out, plan->sources + matmul->first_source + k);
    }
    say(out, "\n");
}

static void say_instruction(page *out, const rni_instruction *instruction)
{
    say(out, "    %s%s", op_names[instruction->op],
        instruction->by_step ? " (by step)" : "");
    if (instruction->op == RNI_RUN_TAPE) {
        say_tape(out, instruction);
    } else if (instruction->op == RNI_RUN_PRODUCT) {
        say_product(out, instruction);
    } else if (instruction->op == RNI_RUN_MATMUL) {
        say_matmul(out, instruction);
    } else {
        for (int32_t i = 0; i < instruction->n_operands; i++) {
            say(out, " ");
            say_operand(out,
                        out->plan->operands + instruction->first_operand + i);
        }
        say(out, " [%lld]\n", (long long)instruction->cols);
    }
}

static void say_section(page *out, const rni_section *section)
{
    if (section->loop >= 0)
        say(out, "  loop %d, step by step\n", section->loop);
    for (int32_t i = 0; i < section->n_instructions; i++)
        say_instruction(out, out->plan->instructions +
                                 section->first_instruction + i);
}

static void say_state(page *out, const rni_plan_state *state)
{
    static const char *const modes[] = {"step", "block", "segment", "all"};
    say(out, "  state of loop %d [%lld]: ", state->loop,
        (long long)state->cols);
    say_operand(out, &state->next);
    say(out, " first ");
    say_operand(out, &state->first);
    say(out, " final ");
    say_operand(out, &state->final);
    say(out, " mode %s%s\n", modes[state->mode],
        state->kept ? ", kept from run to run" : "");
}

// How a falling stage makes a segment again.
static void say_again(page *out, const rni_stage *stage)
{
    if (stage->n_again == 0 && stage->n_borders == 0)
        return;
    say(out, "  made again for each segment, from %d states at its border%s\n",
        stage->n_borders, stage->held ? " (the last one is still there)" : "");
    for (int32_t s = 0; s < stage->n_again; s++)
        say_section(out, out->plan->sections + stage->first_again + s);
    say(out, "  then\n");
}

static void say_stage(page *out, int32_t i)
{
    const rnnc_plan *plan = out->plan;
    const rni_stage *stage = plan->stages + i;
    say(out, "stage %d, %s", i, i < plan->n_forward ? "forward" : "backward");
    if (stage->axis >= 0)
        say(out, ": blocks of axis %s, %s", plan->graph->axes[stage->axis],
            stage->falling ? "last to first" : "first to last");
    say(out, "%s\n", stage->once ? ", once in a stream" : "");
    for (int32_t s = 0; s < stage->n_states; s++)
        say_state(out, plan->states + plan->state_list[stage->first_state + s]);
    say_again(out, stage);
    for (int32_t s = 0; s < stage->n_sections; s++)
        say_section(out, plan->sections + stage->first_section + s);
}

static bool is_empty(const rnnc_plan *plan, const rni_stage *stage)
{
    for (int32_t s = 0; s < stage->n_sections; s++)
        if (plan->sections[stage->first_section + s].n_instructions > 0)
            return false;
    return stage->n_states == 0;
}

static void say_memory(page *out)
{
    const rnnc_plan *plan = out->plan;
    for (int32_t c = 0; c < plan->n_classes; c++) {
        const rni_class *class = plan->classes + c;
        bool fixed = class->extent == RNI_EXTENT_STATIC ||
                     class->extent == RNI_EXTENT_PREPARED;
        say(out, "memory: %lld floats%s of %s%s%s\n", (long long)class->cols,
            fixed ? "" : " a row", extent_names[class->extent],
            class->axis >= 0 ? " of axis " : "",
            class->axis >= 0 ? plan->graph->axes[class->axis] : "");
    }
}

size_t rnnc_plan_print(const rnnc_plan *plan, char *text, size_t size)
{
    static const char *const uses[] = {"infer", "train", "stream"};
    if (size > 0 && text)
        text[0] = '\0';
    if (rnnc_plan_status(plan) != RNNC_OK)
        return 0;
    page out = {plan, text, text ? size : 0, 0};
    say(&out, "plan to %s\n", uses[plan->use]);
    say_memory(&out);
    if (plan->prepare >= 0 &&
        plan->sections[plan->prepare].n_instructions > 0) {
        say(&out, "prepared once for each version of the weights\n");
        say_section(&out, plan->sections + plan->prepare);
    }
    for (int32_t i = 0; i < plan->n_stages; i++)
        if (!is_empty(plan, plan->stages + i))
            say_stage(&out, i);
    return out.used;
}
