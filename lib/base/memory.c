// SPDX-License-Identifier: MIT
// Aligned blocks over the caller's allocator, growing arrays, and arenas.
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void *default_allocate(void *user, size_t bytes)
{
    (void)user;
    return malloc(bytes);
}

static void default_release(void *user, void *block)
{
    (void)user;
    free(block);
}

rni_memory rni_memory_default(void)
{
    return (rni_memory){NULL, default_allocate, default_release};
}

bool rni_size_add(size_t a, size_t b, size_t *result)
{
    if (a > SIZE_MAX - b)
        return false;
    *result = a + b;
    return true;
}

bool rni_size_multiply(size_t a, size_t b, size_t *result)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *result = a * b;
    return true;
}

// The allocator's block is longer than asked for; the address it gave is kept
// just before the aligned part, and that is what goes back to it.
void *rni_memory_allocate(const rni_memory *memory, size_t bytes)
{
    size_t total;
    if (!rni_size_add(bytes, sizeof(void *) + RNI_ALIGNMENT - 1, &total) ||
        total > PTRDIFF_MAX)
        return NULL;
    unsigned char *start = memory->allocate(memory->user, total);
    if (start == NULL)
        return NULL;
    unsigned char *block = start + sizeof(void *);
    block += -(uintptr_t)block % RNI_ALIGNMENT;
    memcpy(block - sizeof(void *), &start, sizeof start);
    return block;
}

void *rni_memory_zeroed(const rni_memory *memory, size_t count, size_t size)
{
    size_t bytes;
    if (!rni_size_multiply(count, size, &bytes))
        return NULL;
    void *block = rni_memory_allocate(memory, bytes);
    if (block != NULL)
        memset(block, 0, bytes);
    return block;
}

void rni_memory_release(const rni_memory *memory, void *block)
{
    if (block == NULL)
        return;
    void *start;
    memcpy(&start, (unsigned char *)block - sizeof start, sizeof start);
    memory->release(memory->user, start);
}

char *rni_memory_copy_string(const rni_memory *memory, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = rni_memory_allocate(memory, bytes);
    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

enum { ARRAY_LEAST = 8 };

// At least twice the old capacity, so that adding one by one stays linear.
static int32_t array_capacity(int32_t capacity, int64_t count)
{
    int64_t grown = 2 * (int64_t)capacity;
    if (grown < ARRAY_LEAST)
        grown = ARRAY_LEAST;
    if (grown < count)
        grown = count;
    return (int32_t)(grown < INT32_MAX ? grown : INT32_MAX);
}

bool rni_array_reserve(const rni_memory *memory, void **items,
                       int32_t *capacity, int64_t count, size_t size)
{
    if (count <= *capacity)
        return true;
    if (count > INT32_MAX)
        return false;
    int32_t grown = array_capacity(*capacity, count);
    void *fresh = rni_memory_zeroed(memory, (size_t)grown, size);
    if (fresh == NULL)
        return false;
    // The caller's pointer may be of any type, so it is moved as bytes.
    void *old;
    memcpy(&old, items, sizeof old);
    if (old != NULL)
        memcpy(fresh, old, (size_t)*capacity * size);
    memcpy(items, &fresh, sizeof fresh);
    rni_memory_release(memory, old);
    *capacity = grown;
    return true;
}

enum { CHUNK_BYTES = 8192, CHUNK_ALIGNMENT = 16 };

// The zeroed bytes that an arena gives out follow this header.
struct rni_arena_chunk {
    struct rni_arena_chunk *next;
    size_t used, size;
    _Alignas(CHUNK_ALIGNMENT) unsigned char bytes[];
};

void rni_arena_init(rni_arena *arena, const rni_memory *memory)
{
    *arena = (rni_arena){memory, NULL};
}

// A block of more than a quarter of a chunk gets a chunk of its own, behind
// the first, whose rest remains in use.
static struct rni_arena_chunk *arena_add(rni_arena *arena, size_t bytes)
{
    bool large = bytes > CHUNK_BYTES / 4;
    size_t size = large ? bytes : CHUNK_BYTES, total;
    if (!rni_size_add(size, sizeof(struct rni_arena_chunk), &total))
        return NULL;
    struct rni_arena_chunk *chunk = rni_memory_zeroed(arena->memory, 1, total);
    if (chunk == NULL)
        return NULL;
    chunk->size = size;
    struct rni_arena_chunk **link = &arena->chunk;
    if (large && *link != NULL)
        link = &(*link)->next;
    chunk->next = *link;
    *link = chunk;
    return chunk;
}

void *rni_arena_zeroed(rni_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (!rni_size_multiply(count, size, &bytes) ||
        !rni_size_add(bytes, CHUNK_ALIGNMENT - 1, &bytes))
        return NULL;
    bytes -= bytes % CHUNK_ALIGNMENT;
    if (bytes == 0)
        bytes = CHUNK_ALIGNMENT;
    struct rni_arena_chunk *chunk = arena->chunk;
    if (chunk == NULL || bytes > chunk->size - chunk->used)
        chunk = arena_add(arena, bytes);
    if (chunk == NULL)
        return NULL;
    void *block = chunk->bytes + chunk->used;
    chunk->used += bytes;
    return block;
}

char *rni_arena_copy_string(rni_arena *arena, const char *text)
{
    size_t length = strlen(text);
    char *copy = rni_arena_zeroed(arena, length + 1, 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

void rni_arena_fini(rni_arena *arena)
{
    while (arena->chunk != NULL) {
        struct rni_arena_chunk *next = arena->chunk->next;
        rni_memory_release(arena->memory, arena->chunk);
        arena->chunk = next;
    }
}
