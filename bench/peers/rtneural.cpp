// SPDX-License-Identifier: MIT
// RTNeural with Eigen behind bench/work.h: a stream's step, of the one size
// that is compiled in, as its users do.
#define RTNEURAL_USE_EIGEN           1
#define RTNEURAL_DEFAULT_ALIGNMENT   32
#define EIGEN_STACK_ALLOCATION_LIMIT 0 // the weights stand in the object

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <RTNeural/RTNeural.h>

extern "C" {
#include "fill.h"
#include "work.h"
void bench_show(const char *name, const float *values, int64_t count);
}

namespace
{

constexpr int INPUTS = 64, HIDDEN = 128;
using Lstm = RTNeural::LSTMLayerT<float, INPUTS, HIDDEN>;
using Gru = RTNeural::GRULayerT<float, INPUTS, HIDDEN>;
using Rows = std::vector<std::vector<float>>;

// PyTorch's gates in RTNeural's order, which is Keras': i f g o, and z r n.
const std::vector<int> lstm_order = {0, 1, 2, 3}, gru_order = {1, 0, 2};

std::vector<float> filled(const char *name, size_t count)
{
    std::vector<float> values(count);
    bench_fill(values.data(), static_cast<int64_t>(count), name,
               bench_scale(HIDDEN));
    return values;
}

// [from][gates * HIDDEN] of the weights [gates * HIDDEN][from]
Rows transposed(const char *name, size_t from, const std::vector<int> &order)
{
    std::vector<float> plain = filled(name, order.size() * HIDDEN * from);
    Rows rows(from, std::vector<float>(order.size() * HIDDEN));
    for (size_t gate = 0; gate < order.size(); gate++)
        for (size_t unit = 0; unit < HIDDEN; unit++)
            for (size_t i = 0; i < from; i++)
                rows[i][gate * HIDDEN + unit] =
                    plain[(static_cast<size_t>(order[gate]) * HIDDEN + unit) *
                              from +
                          i];
    return rows;
}

template <typename Layer>
void give_weights(Layer &layer, const std::vector<int> &order)
{
    layer.setWVals(transposed("weight_ih_l0", INPUTS, order));
    layer.setUVals(transposed("weight_hh_l0", HIDDEN, order));
}

void give_bias(Lstm &layer)
{
    std::vector<float> sum = transposed("bias_ih_l0", 1, lstm_order)[0];
    std::vector<float> other = transposed("bias_hh_l0", 1, lstm_order)[0];
    for (size_t i = 0; i < sum.size(); i++)
        sum[i] += other[i];
    layer.setBVals(sum);
}

void give_bias(Gru &layer)
{
    layer.setBVals({transposed("bias_ih_l0", 1, gru_order)[0],
                    transposed("bias_hh_l0", 1, gru_order)[0]});
}

class Step
{
  public:
    virtual ~Step() = default;
    virtual void reset() = 0;
    virtual const float *act() = 0;
};

template <typename Layer> class StepOf : public Step
{
  public:
    explicit StepOf(const std::vector<int> &order)
    {
        give_weights(layer, order);
        give_bias(layer);
        bench_fill(x.data(), INPUTS, "x", 1);
        layer.reset();
    }
    void reset() override
    {
        layer.reset();
    }
    const float *act() override
    {
        layer.forward(x);
        return layer.outs.data();
    }

  private:
    Layer layer;
    Eigen::Matrix<float, INPUTS, 1> x;
};

} // namespace

struct bench_work {
    std::unique_ptr<Step> step;
};

extern "C" {

void bench_work_about(void)
{
    std::printf("RTNeural with Eigen %d.%d.%d, %s", EIGEN_WORLD_VERSION,
                EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION,
                Eigen::SimdInstructionSetsInUse());
}

const char *bench_work_isa(void)
{
    return "avx2";
}

bench_work *bench_work_make(const bench_row *row, int)
{
    if (std::strcmp(row->kind, "stream") != 0 || row->batch != 1 ||
        row->inputs != INPUTS || row->hidden != HIDDEN)
        return nullptr;
    auto work = std::make_unique<bench_work>();
    if (std::strcmp(row->cell, "lstm") == 0)
        work->step = std::make_unique<StepOf<Lstm>>(lstm_order);
    else if (std::strcmp(row->cell, "gru") == 0)
        work->step = std::make_unique<StepOf<Gru>>(gru_order);
    return work->step ? work.release() : nullptr;
}

void bench_work_do(bench_work *work)
{
    work->step->act();
}

void bench_work_show(bench_work *work)
{
    std::vector<float> rows;
    work->step->reset();
    for (int t = 0; t < BENCH_STREAM_SHOWN; t++) {
        const float *out = work->step->act();
        rows.insert(rows.end(), out, out + HIDDEN);
    }
    bench_show("y", rows.data(), static_cast<int64_t>(rows.size()));
}

bench_memory bench_work_memory(const bench_work *)
{
    return {0, 0, 0};
}

void bench_work_plan(const bench_work *)
{
}

void bench_work_free(bench_work *work)
{
    delete work;
}
}
