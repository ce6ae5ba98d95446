// SPDX-License-Identifier: MIT
// Tapes: every instruction against double precision, every instruction set
// against plain C bit for bit, shapes, strides, ports and shared memory.
// With RNNC_TEST_LONG=1 each function of one number is tried on all floats.
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/kernel.h"
#include "support/floats.h"
#include "support/tape_truth.h"

enum { SWEEP = 4096, THREADS = 4, RANDOM_TAPES = 3000, EMULATED_TAPES = 300 };

// ---- Every instruction against double precision ----------------------------

typedef struct accuracy {
    double fused, sse2;
} accuracy;

static const accuracy accuracies[RNI_TAPE_OP_COUNT] = {
#define RNI_ACCURACY(name, fused, sse2) [RNI_TAPE_##name] = {fused, sse2},
#include "kernel/accuracy.def"
#undef RNI_ACCURACY
};

static double bound(const rni_tape_code *code, rni_isa isa)
{
    const bool sse2 = isa == RNI_ISA_SSE2;
    const tape_truth *truth = &tape_truths[code->op];
    const accuracy *listed = &accuracies[code->op];
    if (!(listed->fused > 0.0))
        return sse2 ? truth->sse2 : truth->fused;
    // A factor rounds once more.
    const bool factor = rni_tape_constants(code->op) > 0 && code->x != 1.0f;
    return (sse2 ? listed->sse2 : listed->fused) + (factor ? 1.0 : 0.0);
}

// In units of ULP of the result, or of the largest number on the way to it.
static double error_of(const rni_tape_code *code, float got, double a, double b,
                       double c)
{
    const tape_truth *truth = &tape_truths[code->op];
    const double x = (double)code->x, y = (double)code->y;
    const double want = truth->value(a, b, c, x, y);
    const double error = floats_error(got, want);
    if (!truth->scale || isinf(error) || isinf(got) || fabs(want) >= 0x1p127)
        return error;
    const double scale = fabs(truth->scale(a, b, c, x, y));
    if (!(scale > fabs(want)))
        return error;
    return fabs((double)got - want) / floats_ulp(scale);
}

// to = op(a, b, c) over n floats.
static void apply(const rni_kernels *kernels, const rni_tape_code *code,
                  float *const in[3], float *to, int64_t n)
{
    float scratch[4 * RNI_TAPE_TILE];
    const rni_tape_code placed = {code->op, 3, 0, 1, 2, code->x, code->y};
    const rni_tape_port loads[3] = {{RNI_PORT_ROWS, 0, in[0], n},
                                    {RNI_PORT_ROWS, 1, in[1], n},
                                    {RNI_PORT_ROWS, 2, in[2], n}};
    const rni_tape_port store = {RNI_PORT_ROWS, 3, to, n};
    const rni_tape_call call = {
        &placed, 1, loads,  rni_tape_operands(code->op), &store, 1, 4,
        1,       n, scratch};
    kernels->tape(&call);
}

static void check_apply(const rni_kernels *kernels, const rni_tape_code *code,
                        float *const in[3], int64_t n)
{
    float to[SWEEP];
    apply(kernels, code, in, to, n);
    for (int64_t i = 0; i < n; i++) {
        const float a = in[0][i], b = in[1][i], c = in[2][i];
        const double error = error_of(code, to[i], a, b, c);
        if (!(error <= bound(code, kernels->isa)))
            fail_msg("%s %s(%a, %a, %a; %a, %a) = %a, %g ULP away",
                     rni_isa_name(kernels->isa), rni_tape_name(code->op),
                     (double)a, (double)b, (double)c, (double)code->x,
                     (double)code->y, (double)to[i], error);
    }
}

// Pairs of constants in the order that clip wants.
static const float constants[][2] = {
    {1.0f, 1.0f}, {0.2f, 0.5f}, {-0.75f, 1.7159f}, {0.01f, 0.25f}};

typedef void operand_maker(float *const in[3], int64_t n);

static void make_drawn(float *const in[3], int64_t n)
{
    static const float most[] = {0.01f, 1.0f, 8.0f, 60.0f};
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            in[k][i] = floats_draw(most[floats_draw_up_to(3)]);
}

static void make_equal(float *const in[3], int64_t n)
{
    make_drawn(in, n);
    memcpy(in[1], in[0], (size_t)n * sizeof(float));
}

// Where rounding on the way neither overflows nor vanishes.
static void make_special(float *const in[3], int64_t n)
{
    static const float values[] = {0.0f, -0.0f,    1.0f, -1.0f,
                                   NAN,  INFINITY, 0.5f, -INFINITY};
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            in[k][i] = values[floats_draw_up_to(7)];
}

static void check_operands(const rni_kernels *kernels, operand_maker *make)
{
    float a[SWEEP], b[SWEEP], c[SWEEP];
    float *const in[3] = {a, b, c};
    for (int32_t op = 0; op < RNI_TAPE_OP_COUNT; op++)
        for (size_t k = 0; k < sizeof constants / sizeof constants[0]; k++) {
            const rni_tape_code code = {
                op, 0, 0, 0, 0, constants[k][0], constants[k][1]};
            make(in, SWEEP);
            check_apply(kernels, &code, in, SWEEP);
        }
}

static const rni_kernels *each_set(int *isa)
{
    while (*isa < RNI_ISA_COUNT) {
        const rni_kernels *kernels = rni_kernels_get((rni_isa)(*isa)++);
        if (kernels)
            return kernels;
    }
    return NULL;
}

static void instructions_are_as_exact_as_they_say(void **state)
{
    (void)state;
    const rni_kernels *kernels;
    for (int isa = 0; (kernels = each_set(&isa));) {
        check_operands(kernels, make_drawn);
        check_operands(kernels, make_equal);
        check_operands(kernels, make_special);
    }
}

// c plus or minus nearly half a ULP of it: 2^-70 decides which way to round,
// and what is rounded twice, even in double precision, goes wrong.
static void a_fused_sum_is_rounded_once(void **state)
{
    (void)state;
    enum { SUMS = 2048 };
    float a[SUMS], b[SUMS], c[SUMS], to[SUMS];
    float *const in[3] = {a, b, c};
    for (int i = 0; i < SUMS; i++) {
        c[i] = floats_from_bits(0x3f800000u | (uint32_t)i >> 2);
        a[i] = 0x1p-12f + 0x1p-35f;
        b[i] = 0x1p-12f - 0x1p-35f;
        a[i] = i & 1 ? -a[i] : a[i];
        c[i] = i & 2 ? -c[i] : c[i];
    }
    const rni_tape_code code = {.op = RNI_TAPE_FMA};
    const rni_kernels *kernels;
    for (int isa = 0; (kernels = each_set(&isa));) {
        apply(kernels, &code, in, to, SUMS);
        for (int i = 0; i < SUMS && kernels->isa != RNI_ISA_SSE2; i++)
            assert_true(to[i] == fmaf(a[i], b[i], c[i]));
    }
}

// ---- Functions of one number over floats -----------------------------------

static const int32_t functions[] = {
    RNI_TAPE_SQRT, RNI_TAPE_EXP,      RNI_TAPE_LOG,      RNI_TAPE_SIGMOID,
    RNI_TAPE_TANH, RNI_TAPE_SOFTPLUS, RNI_TAPE_SOFTSIGN, RNI_TAPE_ELU};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

typedef struct sweep {
    const rni_kernels *kernels;
    uint64_t first, last, step; // patterns of bits
    double worst[FUNCTIONS];
    float at[FUNCTIONS];
} sweep;

static void sweep_function(sweep *s, int f, const float *from, int64_t n)
{
    float to[SWEEP], *const in[3] = {(float *)(uintptr_t)from, NULL, NULL};
    const rni_tape_code code = {functions[f], 0, 0, 0, 0, 1.0f, 1.0f};
    apply(s->kernels, &code, in, to, n);
    for (int64_t i = 0; i < n; i++) {
        const double error = error_of(&code, to[i], (double)from[i], 0.0, 0.0);
        if (!(error <= s->worst[f])) {
            s->worst[f] = error;
            s->at[f] = from[i];
        }
    }
}

static void *sweep_run(void *work)
{
    sweep *s = work;
    for (uint64_t bits = s->first; bits < s->last;) {
        float from[SWEEP];
        int64_t n = 0;
        for (; n < SWEEP && bits < s->last; n++, bits += s->step)
            from[n] = floats_from_bits((uint32_t)bits);
        for (int f = 0; f < FUNCTIONS; f++)
            sweep_function(s, f, from, n);
    }
    return NULL;
}

static void sweep_check(const sweep *s)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        const rni_tape_code code = {functions[f], 0, 0, 0, 0, 1.0f, 1.0f};
        const double most = bound(&code, s->kernels->isa);
        if (s->first == 0)
            print_message("%s %s: %.3f ULP at %a, of %.3f\n",
                          rni_isa_name(s->kernels->isa),
                          rni_tape_name(functions[f]), s->worst[f],
                          (double)s->at[f], most);
        if (!(s->worst[f] <= most))
            fail_msg("%s %s: %g ULP at %a, not %g",
                     rni_isa_name(s->kernels->isa), rni_tape_name(functions[f]),
                     s->worst[f], (double)s->at[f], most);
    }
}

static void sweep_merge(sweep *s, const sweep *part)
{
    for (int f = 0; f < FUNCTIONS; f++)
        if (part->worst[f] > s->worst[f]) {
            s->worst[f] = part->worst[f];
            s->at[f] = part->at[f];
        }
}

static void functions_hold_over_a_sample_of_floats(void **state)
{
    (void)state;
    const bool emulated = getenv("RNNC_TEST_EMULATED") != NULL;
    const rni_kernels *kernels;
    for (int isa = 0; (kernels = each_set(&isa));) {
        sweep s = {kernels, 0,  (uint64_t)1 << 32, emulated ? 200003 : 20011,
                   {0},     {0}};
        sweep_run(&s);
        sweep_check(&s);
    }
}

static void functions_hold_at_special_values(void **state)
{
    (void)state;
    const rni_kernels *kernels;
    for (int isa = 0; (kernels = each_set(&isa));) {
        sweep s = {.kernels = kernels, .first = 1};
        for (int f = 0; f < FUNCTIONS; f++)
            sweep_function(&s, f, floats_special,
                           (int64_t)floats_special_count);
        sweep_check(&s);
    }
}

static void functions_hold_over_all_floats(void **state)
{
    (void)state;
    if (!getenv("RNNC_TEST_LONG"))
        skip();
    sweep parts[THREADS] = {0};
    pthread_t threads[THREADS];
    for (uint64_t i = 0; i < THREADS; i++) {
        parts[i].kernels = rni_kernels_get(rni_isa_choose());
        parts[i].first = i;
        parts[i].last = (uint64_t)1 << 32;
        parts[i].step = THREADS;
        assert_false(pthread_create(&threads[i], NULL, sweep_run, &parts[i]));
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 1; i < THREADS; i++)
        sweep_merge(&parts[0], &parts[i]);
    sweep_check(&parts[0]);
}

// ---- Random tapes against the plain reference ------------------------------

enum { MOST_CODE = 24, MOST_PORTS = 6, SLOTS = 20 };

typedef struct tape_case {
    rni_tape_code code[MOST_CODE];
    rni_tape_port loads[MOST_PORTS], stores[MOST_PORTS];
    matrix memory[2 * MOST_PORTS]; // loads', then stores'
    int32_t shared[MOST_PORTS];    // a store's memory is this load's, or -1
    rni_tape_call call;
} tape_case;

static int64_t draw_stride(int64_t cols)
{
    return floats_draw_up_to(2) ? cols + floats_draw_up_to(9) : cols;
}

static matrix draw_memory(int32_t kind, int64_t rows, int64_t cols)
{
    const bool tall = kind == RNI_PORT_ROWS || kind == RNI_PORT_COLUMN;
    const bool wide = kind == RNI_PORT_ROWS || kind == RNI_PORT_ROW;
    const int64_t width = wide ? cols : 1;
    return matrix_draw(tall ? rows : 1, width, draw_stride(width), 4.0f);
}

static void case_draw_ports(tape_case *t, int64_t rows, int64_t cols)
{
    rni_tape_call *call = &t->call;
    call->n_loads = (int32_t)(1 + floats_draw_up_to(MOST_PORTS - 1));
    call->n_stores = (int32_t)(1 + floats_draw_up_to(MOST_PORTS - 1));
    const bool plain = floats_draw_up_to(1);
    for (int32_t i = 0; i < call->n_loads; i++) {
        const int32_t kind = plain ? 0 : (int32_t)floats_draw_up_to(3);
        t->memory[i] = draw_memory(kind, rows, cols);
        t->loads[i] = (rni_tape_port){kind, i, NULL, t->memory[i].stride};
    }
    for (int32_t i = 0; i < call->n_stores; i++) {
        t->shared[i] = i < call->n_loads && t->loads[i].kind == RNI_PORT_ROWS &&
                               floats_draw_up_to(1)
                           ? i
                           : -1;
        matrix *m = &t->memory[MOST_PORTS + i];
        *m = t->shared[i] >= 0 ? (matrix){0}
                               : matrix_create(rows, cols, draw_stride(cols));
        t->stores[i].stride =
            t->shared[i] >= 0 ? t->loads[i].stride : m->stride;
    }
}

// An instruction over slots that hold something; `exact` ones alone for sse2.
static rni_tape_code draw_code(uint32_t held, bool exact)
{
    rni_tape_code code = {0};
    do
        code.op = (int32_t)floats_draw_up_to(RNI_TAPE_OP_COUNT - 1);
    while (exact && !tape_truths[code.op].exact);
    int32_t *const slots[3] = {&code.a, &code.b, &code.c};
    for (int32_t i = 0; i < 3; i++)
        do
            *slots[i] = (int32_t)floats_draw_up_to(SLOTS - 1);
        while (!(held >> *slots[i] & 1));
    // What is not an operand may be anything.
    if (rni_tape_operands(code.op) < 2)
        code.b = -1000000;
    if (rni_tape_operands(code.op) < 3)
        code.c = 1000000;
    code.to = (int32_t)floats_draw_up_to(SLOTS - 1);
    code.x = floats_draw(2.0f);
    code.y = code.x + fabsf(floats_draw(2.0f));
    return code;
}

static void case_draw(tape_case *t, int64_t rows, int64_t cols, bool exact)
{
    memset(t, 0, sizeof *t);
    case_draw_ports(t, rows, cols);
    rni_tape_call *call = &t->call;
    uint32_t held = (1u << call->n_loads) - 1;
    call->n_code = (int32_t)floats_draw_up_to(MOST_CODE);
    for (int32_t i = 0; i < call->n_code; i++) {
        t->code[i] = draw_code(held, exact);
        held |= 1u << t->code[i].to;
    }
    for (int32_t i = 0; i < call->n_stores; i++)
        do
            t->stores[i].slot = (int32_t)floats_draw_up_to(SLOTS - 1);
        while (!(held >> t->stores[i].slot & 1));
    call->n_slots = SLOTS;
    call->rows = rows;
    call->cols = cols;
}

// As it is, or by its links where it has some.
static void call_run(const rni_kernels *kernels, const rni_tape_call *call,
                     bool linked)
{
    rni_tape_link links[MOST_CODE + 2 * MOST_PORTS];
    const int64_t n = linked ? kernels->tape_link(call, NULL) : 0;
    if (n == 0) {
        kernels->tape(call);
        return;
    }
    assert_true(n <= rni_tape_links_most(call));
    assert_int_equal(kernels->tape_link(call, links), n);
    kernels->tape_follow(links, n);
}

// Runs the tape on copies of its memory, which it leaves in `memory`.
static void case_run(const tape_case *t, const rni_kernels *kernels,
                     matrix memory[2 * MOST_PORTS], bool linked)
{
    tape_case own = *t;
    for (int i = 0; i < 2 * MOST_PORTS; i++)
        memory[i] = matrix_copy(t->memory[i]);
    for (int32_t i = 0; i < t->call.n_loads; i++)
        own.loads[i].data = memory[i].data;
    for (int32_t i = 0; i < t->call.n_stores; i++)
        own.stores[i].data =
            memory[t->shared[i] >= 0 ? t->shared[i] : MOST_PORTS + i].data;
    float *scratch = malloc(SLOTS * RNI_TAPE_TILE * sizeof(float));
    assert_non_null(scratch);
    own.call.code = own.code;
    own.call.loads = own.loads;
    own.call.stores = own.stores;
    own.call.scratch = scratch;
    call_run(kernels, &own.call, linked);
    free(scratch);
}

static void case_check(const tape_case *t, const rni_kernels *kernels,
                       bool linked)
{
    matrix want[2 * MOST_PORTS], got[2 * MOST_PORTS];
    case_run(t, rni_kernels_get(RNI_ISA_SCALAR), want, false);
    case_run(t, kernels, got, linked);
    for (int i = 0; i < 2 * MOST_PORTS; i++) {
        matrix_check_same(got[i], want[i]);
        matrix_destroy(got[i]);
        matrix_destroy(want[i]);
    }
}

static void check_shape(int64_t rows, int64_t cols)
{
    const rni_kernels *kernels;
    for (int isa = RNI_ISA_SCALAR + 1; (kernels = each_set(&isa));) {
        tape_case t;
        case_draw(&t, rows, cols, kernels->isa == RNI_ISA_SSE2);
        case_check(&t, kernels, false);
        case_check(&t, kernels, true);
        for (int i = 0; i < 2 * MOST_PORTS; i++)
            matrix_destroy(t.memory[i]);
    }
}

static void tapes_of_every_small_width_give_the_same_bits(void **state)
{
    (void)state;
    for (int64_t cols = 0; cols <= 70; cols++)
        for (int64_t rows = 0; rows <= 6; rows++)
            check_shape(rows, cols);
}

static void random_tapes_give_the_same_bits(void **state)
{
    (void)state;
    const bool emulated = getenv("RNNC_TEST_EMULATED") != NULL;
    for (int i = 0; i < (emulated ? EMULATED_TAPES : RANDOM_TAPES); i++) {
        static const int64_t widest[] = {20, 140, 600, 1300};
        const int64_t cols = floats_draw_up_to(widest[i % 4]);
        check_shape(floats_draw_up_to(cols < 100 ? 60 : 5), cols);
    }
}

// ---- Each instruction alone: every size, nothing written beyond ------------

static void check_sizes(const rni_kernels *kernels, int32_t op, int64_t n)
{
    const bool exact = kernels->isa == RNI_ISA_SSE2 && !tape_truths[op].exact;
    const rni_tape_code code = {op, 0, 0, 0, 0, -0.5f, 1.25f};
    matrix in[3];
    for (int i = 0; i < 3; i++)
        in[i] = matrix_draw(1, n, n, 6.0f);
    float *const from[3] = {in[0].data, in[1].data, in[2].data};
    matrix got = matrix_create(2, n + 20, n + 20), want = matrix_copy(got);
    apply(kernels, &code, from, got.data, n);
    apply(exact ? kernels : rni_kernels_get(RNI_ISA_SCALAR), &code, from,
          want.data, n);
    matrix_check_same(got, want);
    // In place gives the same.
    apply(kernels, &code, from, in[0].data, n);
    for (int64_t i = 0; i < n; i++)
        assert_true(floats_same(in[0].data[i], got.data[i]));
    matrix_destroy(got);
    matrix_destroy(want);
    for (int i = 0; i < 3; i++)
        matrix_destroy(in[i]);
}

static void instructions_of_every_size_give_the_same_bits(void **state)
{
    (void)state;
    const rni_kernels *kernels;
    for (int isa = RNI_ISA_SCALAR + 1; (kernels = each_set(&isa));)
        for (int32_t op = 0; op < RNI_TAPE_OP_COUNT; op++)
            for (int64_t n = 0; n <= 70; n++)
                check_sizes(kernels, op, n);
}

// ---- What is known of instructions -----------------------------------------

static void instructions_have_names_and_truths(void **state)
{
    (void)state;
    for (int32_t op = 0; op < RNI_TAPE_OP_COUNT; op++) {
        assert_non_null(tape_truths[op].value);
        assert_in_range(rni_tape_operands(op), 1, 3);
        assert_in_range(rni_tape_constants(op), 0, 2);
        for (int32_t other = 0; other < op; other++)
            assert_string_not_equal(rni_tape_name(op), rni_tape_name(other));
    }
    assert_string_equal(rni_tape_name(RNI_TAPE_TANH), "tanh");
    assert_string_equal(rni_tape_name(-1), "unknown");
    assert_string_equal(rni_tape_name(RNI_TAPE_OP_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instructions_have_names_and_truths),
        cmocka_unit_test(instructions_are_as_exact_as_they_say),
        cmocka_unit_test(a_fused_sum_is_rounded_once),
        cmocka_unit_test(functions_hold_at_special_values),
        cmocka_unit_test(functions_hold_over_a_sample_of_floats),
        cmocka_unit_test(instructions_of_every_size_give_the_same_bits),
        cmocka_unit_test(tapes_of_every_small_width_give_the_same_bits),
        cmocka_unit_test(random_tapes_give_the_same_bits),
        cmocka_unit_test(functions_hold_over_all_floats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
