// SPDX-License-Identifier: MIT
// Writes what the targets begin with: graphs as JSON, whole models, programs.
// Usage: fuzz_seeds <folder of graphs> <of models> <of programs>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "file/graph_json.h"
#include "machine.h"
#include "support/every_op.h"
#include "support/nets.h"
#include "support/random_graph.h"

enum { RANDOM_GRAPHS = 24, PROGRAMS = 128, PROGRAM_MOST = 120, HIDDEN = 3 };

static char **folders;

static bool write_file(int folder, int number, const void *bytes, size_t size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%03d", folders[folder], number);
    FILE *to = fopen(path, "wb");
    if (to == NULL)
        return false;
    bool good = fwrite(bytes, 1, size, to) == size;
    return fclose(to) == 0 && good;
}

static bool write_graph(const rnnc_weights *weights, int number)
{
    rni_memory memory = rni_memory_default();
    rni_text text = {.memory = &memory};
    rni_graph_write(rnnc_weights_graph(weights), &text);
    bool good = write_file(0, number, text.bytes, text.length);
    rni_text_fini(&text);
    size_t size;
    if (rnnc_model_save_memory(weights, NULL, 0, &size) != RNNC_OK)
        return false;
    void *bytes = malloc(size);
    rnnc_model_save_memory(weights, bytes, size, &size);
    good = write_file(1, number, bytes, size) && good;
    free(bytes);
    return good;
}

static bool write_nets(int *number)
{
    bool good = true;
    for (size_t i = 0; i < net_count; i++) {
        net n = net_make(NULL, &net_table[i], HIDDEN);
        rnnc_weights *weights = rnnc_weights_create(n.graph, i);
        good = write_graph(weights, (*number)++) && good;
        rnnc_weights_destroy(weights);
        net_destroy(&n);
    }
    return good;
}

static bool write_random(int *number)
{
    bool good = true;
    for (uint64_t seed = 0; seed < RANDOM_GRAPHS; seed++) {
        random_graph r = random_graph_make(seed);
        good = write_graph(r.weights, (*number)++) && good;
        random_graph_destroy(&r);
    }
    return good;
}

// What a program describes, where that is something.
static bool write_described(const unsigned char *program, size_t size,
                            int *number)
{
    machine m = {.data = program, .size = size, .at = 1, .tame = true};
    m.graph = rnnc_graph_create(NULL);
    machine_describe(&m);
    rnnc_weights *weights = rnnc_weights_create(m.graph, 1);
    bool good = rnnc_weights_status(weights) != RNNC_OK ||
                write_graph(weights, (*number)++);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(m.graph);
    return good;
}

static bool write_programs(int *number)
{
    unsigned char program[PROGRAM_MOST];
    rni_random random;
    rni_random_init(&random, 1, "programs");
    bool good = true;
    for (int i = 0; i < PROGRAMS; i++) {
        size_t size = 4 + (size_t)i * (PROGRAM_MOST - 4) / PROGRAMS;
        for (size_t k = 0; k < size; k++)
            program[k] = (unsigned char)(rni_random_word(&random) >> 24);
        program[0] = (unsigned char)(i % 4 == 3 ? program[0] : program[0] | 1);
        good = write_file(2, i, program, size) && good;
        good = write_described(program, size, number) && good;
    }
    return good;
}

int main(int count, char **words)
{
    int number = 0;
    if (count != 4)
        return 1;
    folders = words + 1;
    rnnc_weights *every = every_op_weights(NULL, 1);
    bool good = write_graph(every, number++);
    rnnc_weights_destroy(every);
    good = write_nets(&number) && good;
    good = write_random(&number) && good;
    return write_programs(&number) && good ? 0 : 1;
}
