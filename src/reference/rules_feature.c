// SPDX-License-Identifier: MIT
// Products, and operations over the features of a row.
#include "reference/reference.h"

#include "base/random.h"

#include <math.h>

// ---- Products -------------------------------------------------------------

// y[r, n] = sum over k of x[r, k] b[k, n]
void rni_reference_value_matmul(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    const rni_reference_matrix *b = rni_reference_in(call, 1);
    for (int64_t r = 0; r < call->to->rows; r++)
        for (int64_t n = 0; n < b->cols; n++) {
            double sum = 0;
            for (int64_t k = 0; k < b->rows; k++)
                sum += x->value[r * x->cols + k] * b->value[k * b->cols + n];
            call->to->value[r * b->cols + n] = sum;
        }
}

void rni_reference_gradient_matmul(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    rni_reference_matrix *b = rni_reference_in(call, 1);
    for (int64_t r = 0; r < call->to->rows; r++)
        for (int64_t n = 0; n < b->cols; n++) {
            double d = call->to->gradient[r * b->cols + n];
            for (int64_t k = 0; k < b->rows; k++) {
                int64_t xi = r * x->cols + k, bi = k * b->cols + n;
                x->gradient[xi] += d * b->value[bi];
                b->gradient[bi] += d * x->value[xi];
            }
        }
}

// y[r, n] = bias[n] + sum over k of x[r, k] w[n, k]
void rni_reference_value_project(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    const rni_reference_matrix *w = rni_reference_in(call, 1);
    const rni_reference_matrix *bias =
        call->node->n_inputs == 3 ? rni_reference_in(call, 2) : NULL;
    for (int64_t r = 0; r < call->to->rows; r++)
        for (int64_t n = 0; n < w->rows; n++) {
            double sum =
                bias ? bias->value[rni_reference_index(bias, 0, n)] : 0;
            for (int64_t k = 0; k < w->cols; k++)
                sum += x->value[r * x->cols + k] * w->value[n * w->cols + k];
            call->to->value[r * w->rows + n] = sum;
        }
}

void rni_reference_gradient_project(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    rni_reference_matrix *w = rni_reference_in(call, 1);
    rni_reference_matrix *bias =
        call->node->n_inputs == 3 ? rni_reference_in(call, 2) : NULL;
    for (int64_t r = 0; r < call->to->rows; r++)
        for (int64_t n = 0; n < w->rows; n++) {
            double d = call->to->gradient[r * w->rows + n];
            if (bias)
                bias->gradient[rni_reference_index(bias, 0, n)] += d;
            for (int64_t k = 0; k < w->cols; k++) {
                int64_t xi = r * x->cols + k, wi = n * w->cols + k;
                x->gradient[xi] += d * w->value[wi];
                w->gradient[wi] += d * x->value[xi];
            }
        }
}

void rni_reference_value_lookup(rni_reference_call *call)
{
    const rni_reference_matrix *ids = rni_reference_in(call, 0);
    const rni_reference_matrix *table = rni_reference_in(call, 1);
    for (int64_t r = 0; r < call->to->rows; r++) {
        double id = ids->value[r];
        if (id < 0 || id >= (double)table->rows) {
            rni_reference_refuse_id(call, id, table->rows);
            return;
        }
        for (int64_t c = 0; c < table->cols; c++)
            call->to->value[r * table->cols + c] =
                table->value[(int64_t)id * table->cols + c];
    }
}

void rni_reference_gradient_lookup(rni_reference_call *call)
{
    const rni_reference_matrix *ids = rni_reference_in(call, 0);
    rni_reference_matrix *table = rni_reference_in(call, 1);
    for (int64_t r = 0; r < call->to->rows; r++)
        for (int64_t c = 0; c < table->cols; c++)
            table->gradient[(int64_t)ids->value[r] * table->cols + c] +=
                call->to->gradient[r * table->cols + c];
}

// ---- Side by side ---------------------------------------------------------

void rni_reference_value_concat(rni_reference_call *call)
{
    int64_t first = 0;
    for (int32_t i = 0; i < call->node->n_inputs; i++) {
        const rni_reference_matrix *part = rni_reference_in(call, i);
        for (int64_t r = 0; r < call->to->rows; r++)
            for (int64_t c = 0; c < part->cols; c++)
                call->to->value[r * call->to->cols + first + c] =
                    part->value[rni_reference_index(part, r, c)];
        first += part->cols;
    }
}

void rni_reference_gradient_concat(rni_reference_call *call)
{
    int64_t first = 0;
    for (int32_t i = 0; i < call->node->n_inputs; i++) {
        rni_reference_matrix *part = rni_reference_in(call, i);
        for (int64_t r = 0; r < call->to->rows; r++)
            for (int64_t c = 0; c < part->cols; c++)
                part->gradient[rni_reference_index(part, r, c)] +=
                    call->to->gradient[r * call->to->cols + first + c];
        first += part->cols;
    }
}

void rni_reference_value_slice(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    int64_t first = call->node->integers[0];
    for (int64_t r = 0; r < call->to->rows; r++)
        for (int64_t c = 0; c < call->to->cols; c++)
            call->to->value[r * call->to->cols + c] =
                x->value[r * x->cols + first + c];
}

void rni_reference_gradient_slice(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    int64_t first = call->node->integers[0];
    for (int64_t r = 0; r < call->to->rows; r++)
        for (int64_t c = 0; c < call->to->cols; c++)
            x->gradient[r * x->cols + first + c] +=
                call->to->gradient[r * call->to->cols + c];
}

void rni_reference_value_rows(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    int64_t first = call->node->integers[0] * x->cols;
    for (int64_t i = 0; i < call->to->rows * x->cols; i++)
        call->to->value[i] = x->value[first + i];
}

void rni_reference_gradient_rows(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    int64_t first = call->node->integers[0] * x->cols;
    for (int64_t i = 0; i < call->to->rows * x->cols; i++)
        x->gradient[first + i] += call->to->gradient[i];
}

// ---- Over the features of a row -------------------------------------------

static double sum(int64_t count, const double *values)
{
    double all = 0;
    for (int64_t i = 0; i < count; i++)
        all += values[i];
    return all;
}

void rni_reference_value_sum(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t r = 0; r < x->rows; r++)
        call->to->value[r] = sum(x->cols, x->value + r * x->cols);
}

void rni_reference_gradient_sum(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t r = 0; r < x->rows; r++)
        for (int64_t c = 0; c < x->cols; c++)
            x->gradient[r * x->cols + c] += call->to->gradient[r];
}

void rni_reference_value_mean(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t r = 0; r < x->rows; r++)
        call->to->value[r] =
            sum(x->cols, x->value + r * x->cols) / (double)x->cols;
}

void rni_reference_gradient_mean(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t r = 0; r < x->rows; r++)
        for (int64_t c = 0; c < x->cols; c++)
            x->gradient[r * x->cols + c] +=
                call->to->gradient[r] / (double)x->cols;
}

double rni_reference_log_sum_exp(int64_t count, const double *x)
{
    double greatest = -INFINITY, all = 0;
    for (int64_t i = 0; i < count; i++)
        greatest = fmax(greatest, x[i]);
    for (int64_t i = 0; i < count; i++)
        all += exp(x[i] - greatest);
    return greatest + log(all);
}

void rni_reference_value_log_softmax(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t r = 0; r < x->rows; r++) {
        int64_t row = r * x->cols;
        double all = rni_reference_log_sum_exp(x->cols, x->value + row);
        for (int64_t i = row; i < row + x->cols; i++)
            call->to->value[i] = x->value[i] - all;
    }
}

void rni_reference_gradient_log_softmax(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    const double *d = call->to->gradient;
    for (int64_t r = 0; r < x->rows; r++) {
        int64_t row = r * x->cols;
        double all = sum(x->cols, d + row);
        for (int64_t i = row; i < row + x->cols; i++)
            x->gradient[i] += d[i] - exp(call->to->value[i]) * all;
    }
}

void rni_reference_value_softmax(rni_reference_call *call)
{
    rni_reference_value_log_softmax(call);
    for (int64_t i = 0; i < call->to->rows * call->to->cols; i++)
        call->to->value[i] = exp(call->to->value[i]);
}

void rni_reference_gradient_softmax(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    const double *d = call->to->gradient, *y = call->to->value;
    for (int64_t r = 0; r < x->rows; r++) {
        int64_t row = r * x->cols;
        double mean = 0;
        for (int64_t i = row; i < row + x->cols; i++)
            mean += d[i] * y[i];
        for (int64_t i = row; i < row + x->cols; i++)
            x->gradient[i] += y[i] * (d[i] - mean);
    }
}

// ---- Layer norm: y = gain (x - mean) / sqrt(variance + epsilon) + bias ------

typedef struct statistics {
    double mean, deviation;
} statistics;

static statistics measure(const rni_reference_call *call, const double *x)
{
    int64_t cols = call->to->cols;
    statistics s = {sum(cols, x) / (double)cols, 0};
    double squares = 0;
    for (int64_t c = 0; c < cols; c++)
        squares += (x[c] - s.mean) * (x[c] - s.mean);
    s.deviation = sqrt(squares / (double)cols + (double)call->node->numbers[0]);
    return s;
}

void rni_reference_value_layer_norm(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t r = 0; r < x->rows; r++) {
        statistics s = measure(call, x->value + r * x->cols);
        for (int64_t c = 0; c < x->cols; c++) {
            int64_t i = r * x->cols + c;
            double y = (x->value[i] - s.mean) / s.deviation;
            if (call->node->n_inputs == 3)
                y = y * rni_reference_in(call, 1)->value[c] +
                    rni_reference_in(call, 2)->value[c];
            call->to->value[i] = y;
        }
    }
}

// With n the normalized row and d its gradient:
// (d - mean(d) - n mean(d n)) / deviation
static void differentiate_normalized(const rni_reference_call *call, int64_t r,
                                     const double *gain)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    const double *value = x->value + r * x->cols;
    const double *to = call->to->gradient + r * x->cols;
    statistics s = measure(call, value);
    double mean_d = 0, mean_dn = 0;
    for (int64_t c = 0; c < x->cols; c++) {
        double d = to[c] * (gain ? gain[c] : 1);
        double n = (value[c] - s.mean) / s.deviation;
        mean_d += d / (double)x->cols;
        mean_dn += d * n / (double)x->cols;
    }
    for (int64_t c = 0; c < x->cols; c++) {
        double d = to[c] * (gain ? gain[c] : 1);
        double n = (value[c] - s.mean) / s.deviation;
        x->gradient[r * x->cols + c] +=
            (d - mean_d - n * mean_dn) / s.deviation;
    }
}

void rni_reference_gradient_layer_norm(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    bool scaled = call->node->n_inputs == 3;
    rni_reference_matrix *gain = scaled ? rni_reference_in(call, 1) : NULL;
    rni_reference_matrix *bias = scaled ? rni_reference_in(call, 2) : NULL;
    for (int64_t r = 0; r < x->rows; r++) {
        differentiate_normalized(call, r, scaled ? gain->value : NULL);
        statistics s = measure(call, x->value + r * x->cols);
        for (int64_t c = 0; scaled && c < x->cols; c++) {
            int64_t i = r * x->cols + c;
            double d = call->to->gradient[i];
            gain->gradient[c] += d * (x->value[i] - s.mean) / s.deviation;
            bias->gradient[c] += d;
        }
    }
}

// ---- Dropout --------------------------------------------------------------

static uint64_t dropout_key(const rni_reference_call *call)
{
    const rnnc_reference *reference = call->reference;
    const rni_reference_unrolled *site = call->frame->site;
    uint64_t key = rni_random_key(reference->seed, "dropout");
    key = rni_random_mix(key, (uint64_t)call->node->id);
    key = rni_random_mix(key, site ? (uint64_t)site->node->id : UINT64_MAX);
    return rni_random_mix(key, reference->counter);
}

// The caller's row and the step that row r of the value stands for.
static void find_row(const rni_reference_call *call, int64_t r, int64_t *row,
                     int64_t *time)
{
    const rni_shape *shape = &call->node->shape;
    *row = r;
    *time = 0;
    if (shape->kind != RNI_STATIC && call->frame->site) {
        *row = call->frame->sequence;
        *time = shape->kind == RNI_SEQUENCE ? call->frame->step : 0;
    } else if (shape->kind == RNI_SEQUENCE) {
        const int64_t *starts = call->reference->starts[shape->axis];
        for (*row = 0; starts[*row + 1] <= r;)
            ++*row;
        *time = r - starts[*row];
    }
}

// 0 where an element is dropped, 1 / (1 - rate) where it is kept.
static double mask(const rni_reference_call *call, uint64_t key, int64_t r,
                   int64_t c)
{
    if (!call->reference->train)
        return 1;
    double rate = (double)call->node->numbers[0];
    int64_t row, time;
    find_row(call, r, &row, &time);
    const uint32_t counter[4] = {(uint32_t)row, (uint32_t)time,
                                 (uint32_t)((uint64_t)time >> 32),
                                 (uint32_t)(c / 4)};
    uint32_t words[4];
    rni_random_block(key, counter, words);
    return (double)words[c % 4] / 0x1p32 >= rate ? 1 / (1 - rate) : 0;
}

void rni_reference_value_dropout(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    uint64_t key = dropout_key(call);
    for (int64_t r = 0; r < x->rows; r++)
        for (int64_t c = 0; c < x->cols; c++)
            call->to->value[r * x->cols + c] =
                x->value[r * x->cols + c] * mask(call, key, r, c);
}

void rni_reference_gradient_dropout(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    uint64_t key = dropout_key(call);
    for (int64_t r = 0; r < x->rows; r++)
        for (int64_t c = 0; c < x->cols; c++)
            x->gradient[r * x->cols + c] +=
                call->to->gradient[r * x->cols + c] * mask(call, key, r, c);
}
