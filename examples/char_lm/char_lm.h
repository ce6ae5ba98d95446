/* SPDX-License-Identifier: MIT */
/* A character model: reads text, learns which character comes next, and writes
 * text of its own. What its files share. */
#ifndef CHAR_LM_H
#define CHAR_LM_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include "rnnc/rnnc.h"

/* What the command line says. */
struct settings {
    const char *text; /* a file or a folder; NULL: only write */
    const char *save, *load, *store, *cell, *prime, *checkpoint;
    double layers, hidden, batch, window, epochs, seconds, rate, decay, clip;
    double rate_decay, rate_decay_after, dropout, seed, threads, write;
    double temperature, validation;
};

/* Parses the command line; on a mistake, or for --help, says so and returns
 * false with the exit code. */
bool settings_read(struct settings *settings, int argc, char **argv, int *code);

/* The bytes of a file, or of all sources of a folder, one after another. */
struct corpus {
    unsigned char *bytes;
    size_t length;
    size_t files;
};

/* False, with a message, where there is no text to be had. */
bool corpus_read(struct corpus *corpus, const char *path);
void corpus_free(struct corpus *corpus);

/* The graph, its weights, and which character has which id. */
struct network {
    rnnc_context *context;
    rnnc_model *model; /* NULL: it was made here */
    rnnc_graph *graph;
    rnnc_weights *weights;
    rnnc_node *text, *next, *logits, *loss; /* loss: mean nats a character */
    int32_t characters;
    unsigned char bytes[256]; /* id -> character */
    int32_t ids[256];         /* character -> id, -1: none */
};

bool network_make(struct network *network, const struct settings *settings,
                  const struct corpus *corpus);
/* False as well where the text has characters that the model does not know. */
bool network_load(struct network *network, const struct settings *settings,
                  const struct corpus *corpus);
bool network_save(const struct network *network, const char *path);
void network_free(struct network *network);

/* Shows how far a training is. */
struct progress {
    double started, shown; /* seconds */
    double budget;         /* seconds in all; 0: as long as it takes */
    bool terminal;
    double characters; /* done */
};

double now(void); /* seconds */
void progress_start(struct progress *progress, double budget);
/* `part` of `whole` windows are done in this epoch. */
void progress_show(struct progress *progress, int64_t epoch, int64_t epochs,
                   int64_t part, int64_t whole, double loss);
void progress_clear(struct progress *progress);

/* Trains until the epochs or the seconds are over, or `stop` is set. */
bool network_train(struct network *network, const struct settings *settings,
                   const struct corpus *corpus,
                   const volatile sig_atomic_t *stop);

/* Stores the weights of products in fewer bits, and says what became of the
 * loss over the text that is held out. */
bool network_store(struct network *network, const struct settings *settings,
                   const struct corpus *corpus);

/* Writes `count` characters to standard output, after the prime. */
bool network_write(const struct network *network,
                   const struct settings *settings, int64_t count);

/* True where all is well; else prints the message. */
bool good(rnnc_status status, const char *message);

#endif
