/* SPDX-License-Identifier: MIT */
/* Writing: the model is streamed, one character a step, each drawn from what
 * the model thinks comes next. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "char_lm.h"

static rnnc_stream *make_stream(const struct network *network)
{
    rnnc_node *outputs[] = {network->logits};
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_STREAM,
                                 .outputs = outputs,
                                 .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(network->graph, &options);
    rnnc_stream *stream = NULL;
    if (good(rnnc_plan_status(plan), rnnc_plan_message(plan))) {
        stream = rnnc_stream_create(plan, network->weights, 1);
        if (!good(rnnc_stream_status(stream), rnnc_stream_message(stream))) {
            rnnc_stream_destroy(stream);
            stream = NULL;
        }
    }
    rnnc_plan_destroy(plan);
    return stream;
}

/* Uniform in [0, 1), by xorshift64*. */
static double draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)(*state * 0x2545f4914f6cdd1du >> 11) * 0x1p-53;
}

/* An id from softmax(logits / temperature); temperature 0: the likeliest. */
static int32_t choose(const float *logits, int32_t count, double temperature,
                      uint64_t *state)
{
    int32_t best = 0;
    double total = 0, weights[256];
    for (int32_t id = 1; id < count; id++)
        if (logits[id] > logits[best])
            best = id;
    if (!(temperature > 0))
        return best;
    for (int32_t id = 0; id < count; id++) {
        weights[id] =
            exp(((double)logits[id] - (double)logits[best]) / temperature);
        total += weights[id];
    }
    double left = draw(state) * total;
    for (int32_t id = 0; id < count; id++) {
        left -= weights[id];
        if (left < 0)
            return id;
    }
    return best;
}

static bool step(const struct network *network, rnnc_stream *stream, int32_t id)
{
    *rnnc_stream_in_ids(stream, network->text) = id;
    return good(rnnc_stream_step(stream), rnnc_stream_message(stream));
}

/* Feeds the prime, or a line end; characters that the model never saw are
 * passed over. */
static bool feed_prime(const struct network *network, rnnc_stream *stream,
                       const char *prime)
{
    bool fed = false;
    for (const char *at = prime; at != NULL && *at != '\0'; at++) {
        int32_t id = network->ids[(unsigned char)*at];
        if (id < 0)
            continue;
        putchar(*at);
        fed = true;
        if (!step(network, stream, id))
            return false;
    }
    int32_t start = network->ids['\n'] < 0 ? 0 : network->ids['\n'];
    return fed || step(network, stream, start);
}

bool network_write(const struct network *network,
                   const struct settings *settings, int64_t count)
{
    rnnc_stream *stream = make_stream(network);
    if (stream == NULL)
        return false;
    const float *logits = rnnc_stream_out(stream, network->logits);
    uint64_t state = (uint64_t)settings->seed * 2 + 1;
    bool done = feed_prime(network, stream, settings->prime);
    for (int64_t i = 0; done && i < count; i++) {
        int32_t id =
            choose(logits, network->characters, settings->temperature, &state);
        putchar(network->bytes[id]);
        done = step(network, stream, id);
    }
    putchar('\n');
    fflush(stdout);
    rnnc_stream_destroy(stream);
    return done;
}
