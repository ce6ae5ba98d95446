// SPDX-License-Identifier: MIT
// Names go into files and messages, so they are short, printable UTF-8. The
// table of named nodes is open addressed and at most half full.
#include "graph/names.h"

#include <string.h>

// Bytes of the UTF-8 character at `text`, 0 where there is none: no control
// characters, overlong forms, surrogates, or code points beyond U+10FFFF.
static int32_t character_length(const unsigned char *text)
{
    if (text[0] < 0x80)
        return text[0] >= 0x20 && text[0] != 0x7f;
    int32_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    uint32_t code = text[0] & (0xffu >> (length + 1));
    for (int32_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};
    bool valid = text[0] >= 0xc2 && text[0] <= 0xf4 && code >= least[length] &&
                 code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return valid ? length : 0;
}

bool rni_name_check(rnnc_graph *graph, const char *what, const char *name)
{
    if (name == NULL || name[0] == '\0') {
        rni_error_set(&graph->error, RNNC_E_NAME, "%s: the name is %s", what,
                      name == NULL ? "NULL" : "empty");
        return false;
    }
    const unsigned char *at = (const unsigned char *)name;
    int32_t total = 0, length;
    while (*at != '\0') {
        length = character_length(at);
        total += length;
        if (length == 0 || total > RNI_NAME_MOST) {
            rni_error_set(&graph->error, RNNC_E_NAME,
                          length == 0 ? "%s: the name is not printable UTF-8 "
                                        "at byte %d"
                                      : "%s: the name is longer than %d bytes",
                          what, length == 0 ? total : RNI_NAME_MOST);
            return false;
        }
        at += length;
    }
    return true;
}

// FNV-1a over the scope's number and the name.
static uint32_t name_hash(const rnnc_cell *cell, const char *name)
{
    uint32_t hash = 2166136261u ^ (cell == NULL ? 0 : (uint32_t)cell->id + 1);
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

// Where a name is, or the empty place where it would be.
static int32_t name_place(rnnc_node *const *names, int32_t capacity,
                          const rnnc_cell *cell, const char *name)
{
    uint32_t mask = (uint32_t)capacity - 1;
    uint32_t place = name_hash(cell, name) & mask;
    while (names[place] != NULL && (names[place]->cell != cell ||
                                    strcmp(names[place]->name, name) != 0))
        place = (place + 1) & mask;
    return (int32_t)place;
}

rnnc_node *rni_graph_find(const rnnc_graph *graph, const rnnc_cell *cell,
                          const char *name)
{
    if (graph->names_capacity == 0)
        return NULL;
    return graph
        ->names[name_place(graph->names, graph->names_capacity, cell, name)];
}

static bool grow_table(rnnc_graph *graph)
{
    if (graph->names_capacity > INT32_MAX / 2)
        return false;
    int32_t capacity =
        graph->names_capacity > 0 ? 2 * graph->names_capacity : 64;
    const rni_memory *memory = &graph->context->memory;
    rnnc_node **names =
        rni_memory_zeroed(memory, (size_t)capacity, sizeof *names);
    if (names == NULL)
        return false;
    for (int32_t i = 0; i < graph->names_capacity; i++) {
        rnnc_node *node = graph->names[i];
        if (node != NULL)
            names[name_place(names, capacity, node->cell, node->name)] = node;
    }
    rni_memory_release(memory, graph->names);
    graph->names = names;
    graph->names_capacity = capacity;
    return true;
}

bool rni_name_reserve(rnnc_graph *graph, const rnnc_cell *cell,
                      const char *name)
{
    rnnc_node *other = rni_graph_find(graph, cell, name);
    if (other != NULL) {
        char text[RNI_NODE_TEXT];
        rni_node_print(other, text);
        rni_error_set(&graph->error, RNNC_E_NAME, "the name is taken by %s",
                      text);
        return false;
    }
    if (2 * ((int64_t)graph->n_names + 1) > graph->names_capacity &&
        !grow_table(graph)) {
        rni_error_memory(&graph->error);
        return false;
    }
    return true;
}

void rni_name_enter(rnnc_node *node)
{
    rnnc_graph *graph = node->graph;
    graph->names[name_place(graph->names, graph->names_capacity, node->cell,
                            node->name)] = node;
    graph->n_names++;
}
