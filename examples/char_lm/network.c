/* SPDX-License-Identifier: MIT */
/* The model: one-hot characters, layers of cells, a linear layer, and the
 * vocabulary, which is a frozen parameter so that it is in the file. */
#include <stdlib.h>
#include <string.h>

#include "char_lm.h"

static const struct {
    const char *name;
    int32_t which;
} cells[] = {{"lstm", RNNC_CELL_LSTM},
             {"gru", RNNC_CELL_GRU},
             {"rnn", RNNC_CELL_RNN},
             {"peephole", RNNC_CELL_PEEPHOLE}};

enum { CELLS = sizeof cells / sizeof *cells };

static const char vocabulary_name[] = "vocabulary";
static const float uniform = 0.08f;

static bool make_context(struct network *network,
                         const struct settings *settings)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = (int32_t)settings->threads};
    network->context = rnnc_context_create(&options);
    return good(rnnc_context_status(network->context),
                rnnc_context_message(network->context));
}

static void find_characters(struct network *network,
                            const struct corpus *corpus)
{
    bool seen[256] = {false};
    for (size_t i = 0; i < corpus->length; i++)
        seen[corpus->bytes[i]] = true;
    network->characters = 0;
    for (int byte = 0; byte < 256; byte++) {
        network->ids[byte] = seen[byte] ? network->characters : -1;
        if (seen[byte])
            network->bytes[network->characters++] = (unsigned char)byte;
    }
}

static void describe(struct network *network, const struct settings *settings,
                     int32_t which)
{
    rnnc_graph *graph = network->graph;
    int32_t count = network->characters;
    network->text = rnnc_input_ids(graph, "text", count);
    network->next = rnnc_input_ids(graph, "next", count);
    rnnc_node *one_hot =
        rnnc_parameter(graph, "one_hot", count, count, RNNC_INIT_IDENTITY, 1);
    rnnc_freeze(one_hot, 1);
    rnnc_freeze(rnnc_parameter_vector(graph, vocabulary_name, count,
                                      RNNC_INIT_ZEROS, 0),
                1);
    rnnc_layers_options options = {.struct_size = sizeof options,
                                   .layers = (int32_t)settings->layers,
                                   .dropout = (float)settings->dropout};
    rnnc_node *x = rnnc_lookup(network->text, one_hot);
    rnnc_node *h = rnnc_layers(x, settings->cell, which,
                               (int64_t)settings->hidden, &options);
    if (settings->dropout > 0)
        h = rnnc_dropout(h, (float)settings->dropout);
    network->logits = rnnc_name(rnnc_linear(h, "decoder", count), "logits");
    network->loss =
        rnnc_name(rnnc_cross_entropy(network->logits, network->next), "loss");
}

/* As char-rnn: all from +-0.08, and forget gates that begin open. */
static void initialise(struct network *network, const struct settings *settings,
                       int32_t which)
{
    int64_t hidden = (int64_t)settings->hidden;
    bool forgets = which == RNNC_CELL_LSTM || which == RNNC_CELL_PEEPHOLE;
    int32_t count = rnnc_graph_parameter_count(network->graph);
    for (int32_t i = 0; i < count; i++) {
        rnnc_node *parameter = rnnc_graph_parameter(network->graph, i);
        const char *name = rnnc_node_name(parameter);
        bool vector =
            strstr(name, "bias") != NULL || strstr(name, "weight_ph") != NULL;
        int64_t rows = vector && rnnc_node_rows(parameter) == 1
                           ? rnnc_node_cols(parameter)
                           : rnnc_node_rows(parameter);
        if (strcmp(name, vocabulary_name) == 0 || strcmp(name, "one_hot") == 0)
            continue;
        rnnc_init_rows(parameter, 0, rows, RNNC_INIT_UNIFORM, uniform);
        if (forgets && strstr(name, "bias_ih") != NULL)
            rnnc_init_rows(parameter, hidden, hidden, RNNC_INIT_CONSTANT, 1);
    }
}

static bool keep_vocabulary(struct network *network)
{
    float values[256];
    for (int32_t id = 0; id < network->characters; id++)
        values[id] = network->bytes[id];
    return good(rnnc_weights_set(network->weights, vocabulary_name, values,
                                 network->characters),
                rnnc_weights_message(network->weights));
}

bool network_make(struct network *network, const struct settings *settings,
                  const struct corpus *corpus)
{
    int32_t which = -1;
    for (int i = 0; i < CELLS; i++)
        if (strcmp(settings->cell, cells[i].name) == 0)
            which = cells[i].which;
    if (which < 0) {
        fprintf(stderr, "char_lm: --cell %s: lstm, gru, rnn or peephole\n",
                settings->cell);
        return false;
    }
    if (!make_context(network, settings))
        return false;
    find_characters(network, corpus);
    network->graph = rnnc_graph_create(network->context);
    describe(network, settings, which);
    initialise(network, settings, which);
    if (!good(rnnc_graph_status(network->graph),
              rnnc_graph_message(network->graph)))
        return false;
    network->weights =
        rnnc_weights_create(network->graph, (uint64_t)settings->seed);
    return good(rnnc_weights_status(network->weights),
                rnnc_weights_message(network->weights)) &&
           keep_vocabulary(network);
}

/* The vocabulary of a file: distinct bytes, as many as there are. */
static bool recall_vocabulary(struct network *network)
{
    float values[256];
    int64_t count = rnnc_weights_count(network->weights, vocabulary_name);
    if (count < 1 || count > 256 ||
        rnnc_weights_get(network->weights, vocabulary_name, values, count) !=
            RNNC_OK)
        return false;
    for (int byte = 0; byte < 256; byte++)
        network->ids[byte] = -1;
    for (int32_t id = 0; id < count; id++) {
        if (!(values[id] >= 0 && values[id] <= 255))
            return false;
        network->bytes[id] = (unsigned char)values[id];
        network->ids[network->bytes[id]] = id;
    }
    network->characters = (int32_t)count;
    return true;
}

static bool knows(const struct network *network, const struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->length; i++)
        if (network->ids[corpus->bytes[i]] < 0) {
            fprintf(stderr,
                    "char_lm: the text has the character %d, which the model "
                    "does not know\n",
                    corpus->bytes[i]);
            return false;
        }
    return true;
}

bool network_load(struct network *network, const struct settings *settings,
                  const struct corpus *corpus)
{
    if (!make_context(network, settings))
        return false;
    network->model = rnnc_model_load(network->context, settings->load);
    if (!good(rnnc_model_status(network->model),
              rnnc_model_message(network->model)))
        return false;
    network->graph = rnnc_model_graph(network->model);
    network->weights = rnnc_model_weights(network->model);
    network->text = rnnc_graph_node(network->graph, "text");
    network->next = rnnc_graph_node(network->graph, "next");
    network->logits = rnnc_graph_node(network->graph, "logits");
    network->loss = rnnc_graph_node(network->graph, "loss");
    bool whole = network->text != NULL && network->next != NULL &&
                 network->logits != NULL && network->loss != NULL &&
                 recall_vocabulary(network) &&
                 rnnc_node_cols(network->logits) == network->characters;
    if (!whole)
        fprintf(stderr, "char_lm: %s: a model, but not one of characters\n",
                settings->load);
    return whole && knows(network, corpus);
}

bool network_save(const struct network *network, const char *path)
{
    char message[256];
    if (!good(rnnc_model_save(network->weights, path, message, sizeof message),
              message))
        return false;
    fprintf(stderr, "saved %s\n", path);
    return true;
}

void network_free(struct network *network)
{
    if (network->model == NULL) {
        rnnc_weights_destroy(network->weights);
        rnnc_graph_destroy(network->graph);
    }
    rnnc_model_destroy(network->model);
    rnnc_context_destroy(network->context);
}
