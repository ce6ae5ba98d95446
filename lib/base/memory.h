// SPDX-License-Identifier: MIT
// Where all memory comes from: the caller's allocator, aligned blocks, checked
// sizes, arenas of small things that die together, and arrays that grow.
#ifndef RNI_MEMORY_H
#define RNI_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RNI_ALIGNMENT = 64 };

// The two calls of the caller's allocator (or malloc and free).
typedef struct rni_memory {
    void *user;
    void *(*allocate)(void *user, size_t bytes);
    void (*release)(void *user, void *block);
} rni_memory;

rni_memory rni_memory_default(void);

// A block aligned to RNI_ALIGNMENT, or NULL. `bytes` may be 0 (a valid block).
void *rni_memory_allocate(const rni_memory *memory, size_t bytes);

// `count` items of `size` bytes, all zero, or NULL (overflow included).
void *rni_memory_zeroed(const rni_memory *memory, size_t count, size_t size);

// NULL is allowed.
void rni_memory_release(const rni_memory *memory, void *block);

char *rni_memory_copy_string(const rni_memory *memory, const char *text);

// False where the result does not fit; then *result is untouched.
bool rni_size_add(size_t a, size_t b, size_t *result);
bool rni_size_multiply(size_t a, size_t b, size_t *result);

// Grows *items (capacity *capacity, items of `size` bytes) to hold at least
// `count`; new items are zero. False and unchanged where memory runs out.
bool rni_array_reserve(const rni_memory *memory, void **items,
                       int32_t *capacity, int64_t count, size_t size);

// Small zeroed blocks that are all released together.
typedef struct rni_arena {
    const rni_memory *memory;
    struct rni_arena_chunk *chunk;
} rni_arena;

void rni_arena_init(rni_arena *arena, const rni_memory *memory);
void *rni_arena_zeroed(rni_arena *arena, size_t count, size_t size);
char *rni_arena_copy_string(rni_arena *arena, const char *text);
void rni_arena_fini(rni_arena *arena);

#endif
