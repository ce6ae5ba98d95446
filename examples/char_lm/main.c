/* SPDX-License-Identifier: MIT */
/* char_lm: trains a character model on a text, saves it, and writes. */
#include <stdlib.h>
#include <string.h>

#include "char_lm.h"

typedef struct option {
    const char *name;
    size_t offset; /* in settings */
    bool word;     /* a word, not a number */
    double low, high;
    const char *help;
} option;

#define NUMBER(name, field, low, high, help)                                   \
    {                                                                          \
        name, offsetof(struct settings, field), false, low, high, help         \
    }
#define WORD(name, field, help)                                                \
    {                                                                          \
        name, offsetof(struct settings, field), true, 0, 0, help               \
    }

static const option options[] = {
    WORD("--cell", cell, "lstm, gru, rnn or peephole (lstm)"),
    NUMBER("--layers", layers, 1, 16, "layers (2)"),
    NUMBER("--hidden", hidden, 1, 8192, "units of each layer (128)"),
    NUMBER("--dropout", dropout, 0, 0.99, "share of units left out (0)"),
    NUMBER("--batch", batch, 1, 4096, "texts read side by side (50)"),
    NUMBER("--window", window, 1, 4096, "characters of a step back (50)"),
    NUMBER("--epochs", epochs, 0, 1e6, "times through the text (50)"),
    NUMBER("--seconds", seconds, 0, 1e9, "end after so many seconds (0: no)"),
    NUMBER("--rate", rate, 0, 10, "learning rate of RMSprop (0.002)"),
    NUMBER("--decay", decay, 0, 1, "its moving average's decay (0.95)"),
    NUMBER("--rate-decay", rate_decay, 0, 1, "rate factor an epoch (0.97)"),
    NUMBER("--rate-decay-after", rate_decay_after, 0, 1e6,
           "from this epoch on (10)"),
    NUMBER("--clip", clip, 0, 1e9, "gradients are clipped to this (5)"),
    NUMBER("--validation", validation, 0, 0.5, "share held out (0.05)"),
    NUMBER("--seed", seed, 0, 1e15, "of weights, dropout and writing (123)"),
    NUMBER("--threads", threads, 1, 256, "threads (1)"),
    WORD("--checkpoint", checkpoint,
         "keep checkpoints in this folder, and go on from them"),
    WORD("--save", save, "write the model to this file"),
    WORD("--load", load, "begin with the model of this file"),
    WORD("--store", store, "store weights as bf16 or int8 at the end"),
    NUMBER("--write", write, 0, 1e9, "characters to write at the end (500)"),
    NUMBER("--temperature", temperature, 0, 100,
           "0: the likeliest; 1: as learnt; more: wilder (1)"),
    WORD("--prime", prime, "text to begin with"),
};

enum { OPTIONS = sizeof options / sizeof *options };

static void print_help(void)
{
    printf("char_lm [options] [file or folder]\n\n"
           "Learns to write as the text is written. A folder is read with\n"
           "all its sources (.c .h .py .md .txt and the like).\n\n");
    for (int i = 0; i < OPTIONS; i++)
        printf("  %-20s %s\n", options[i].name, options[i].help);
}

static bool refuse(int *code, const char *what, const char *of)
{
    fprintf(stderr, "char_lm: %s %s (--help tells more)\n", what, of);
    *code = 2;
    return false;
}

static bool read_option(struct settings *to, const option *known,
                        const char *value, int *code)
{
    char *field = (char *)to + known->offset;
    if (value == NULL)
        return refuse(code, "a value is missing after", known->name);
    if (known->word) {
        memcpy(field, &value, sizeof value);
        return true;
    }
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end != '\0' || !(number >= known->low) ||
        !(number <= known->high))
        return refuse(code, "a value that makes no sense after", known->name);
    memcpy(field, &number, sizeof number);
    return true;
}

bool settings_read(struct settings *to, int argc, char **argv, int *code)
{
    *to = (struct settings){.cell = "lstm",
                            .layers = 2,
                            .hidden = 128,
                            .batch = 50,
                            .window = 50,
                            .epochs = 50,
                            .rate = 2e-3,
                            .decay = 0.95,
                            .clip = 5,
                            .rate_decay = 0.97,
                            .rate_decay_after = 10,
                            .seed = 123,
                            .threads = 1,
                            .write = 500,
                            .temperature = 1,
                            .validation = 0.05};
    for (int i = 1; i < argc; i++) {
        const option *known = NULL;
        for (int o = 0; o < OPTIONS; o++)
            if (strcmp(argv[i], options[o].name) == 0)
                known = &options[o];
        if (strcmp(argv[i], "--help") == 0) {
            print_help();
            *code = 0;
            return false;
        }
        if (known != NULL) {
            const char *value = i + 1 < argc ? argv[i + 1] : NULL;
            if (!read_option(to, known, value, code))
                return false;
            i++;
        } else if (argv[i][0] == '-') {
            return refuse(code, "there is no option", argv[i]);
        } else if (to->text != NULL) {
            return refuse(code, "one text at a time, not also", argv[i]);
        } else {
            to->text = argv[i];
        }
    }
    if (to->text == NULL && to->load == NULL)
        return refuse(code, "a text is missing:", "a file or a folder");
    return true;
}

bool good(rnnc_status status, const char *message)
{
    if (status != RNNC_OK)
        fprintf(stderr, "char_lm: %s\n", message);
    return status == RNNC_OK;
}

static volatile sig_atomic_t stop;

/* The first Ctrl-C ends the training after its step; a second one the
 * program. */
static void handle_interrupt(int number)
{
    (void)number;
    stop = 1;
    signal(SIGINT, SIG_DFL);
}

static int train_and_write(const struct settings *settings,
                           const struct corpus *corpus)
{
    struct network network = {0};
    int code = 1;
    bool made = settings->load != NULL
                    ? network_load(&network, settings, corpus)
                    : network_make(&network, settings, corpus);
    if (!made)
        code = 2;
    else if (corpus->length > 0 && settings->epochs > 0 &&
             !network_train(&network, settings, corpus, &stop))
        code = 1;
    else if (settings->store != NULL &&
             !network_store(&network, settings, corpus))
        code = 2;
    else if (settings->save != NULL && !network_save(&network, settings->save))
        code = 2;
    else if (stop != 0)
        code = 130;
    else if (settings->write < 1 ||
             network_write(&network, settings, (int64_t)settings->write))
        code = 0;
    network_free(&network);
    return code;
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct corpus corpus = {0};
    int code;
    if (!settings_read(&settings, argc, argv, &code))
        return code;
    if (settings.text != NULL && !corpus_read(&corpus, settings.text))
        return 2;
    struct sigaction action = {.sa_handler = handle_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    code = train_and_write(&settings, &corpus);
    corpus_free(&corpus);
    return code;
}
