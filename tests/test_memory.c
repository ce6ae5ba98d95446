// SPDX-License-Identifier: MIT
// Aligned blocks, checked sizes, arrays and arenas, over an allocator that
// counts and can fail.
#include "base/memory.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct counter {
    int alive;
    int left; // allocations until one fails; negative: never
} counter;

static void *counted_allocate(void *user, size_t bytes)
{
    counter *count = user;
    if (count->left == 0)
        return NULL;
    if (count->left > 0)
        count->left--;
    count->alive++;
    return malloc(bytes);
}

static void counted_release(void *user, void *block)
{
    ((counter *)user)->alive--;
    free(block);
}

static rni_memory counted(counter *count)
{
    *count = (counter){0, -1};
    return (rni_memory){count, counted_allocate, counted_release};
}

static void blocks_are_aligned_and_usable(void **state)
{
    (void)state;
    counter count;
    rni_memory memory = counted(&count);
    for (size_t bytes = 0; bytes < 300; bytes++) {
        unsigned char *block = rni_memory_allocate(&memory, bytes);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % RNI_ALIGNMENT, 0);
        memset(block, 0xab, bytes);
        rni_memory_release(&memory, block);
    }
    rni_memory_release(&memory, NULL);
    assert_int_equal(count.alive, 0);
}

// Addresses that only suit `max_align_t` come out aligned all the same.
static void *odd_allocate(void *user, size_t bytes)
{
    unsigned char *start = malloc(bytes + 256);
    size_t shift = *(size_t *)user;
    size_t past = -(uintptr_t)start % 128;
    start[past + shift - 1] = (unsigned char)(past + shift);
    return start + past + shift;
}

static void odd_release(void *user, void *block)
{
    (void)user;
    unsigned char *start = block;
    free(start - start[-1]);
}

static void any_address_of_the_allocator_will_do(void **state)
{
    (void)state;
    size_t shift;
    rni_memory memory = {&shift, odd_allocate, odd_release};
    for (shift = 16; shift <= 128; shift += 16) {
        unsigned char *block = rni_memory_allocate(&memory, 40);
        assert_int_equal((uintptr_t)block % RNI_ALIGNMENT, 0);
        memset(block, 1, 40);
        rni_memory_release(&memory, block);
    }
}

static void the_default_is_malloc(void **state)
{
    (void)state;
    rni_memory memory = rni_memory_default();
    float *block = rni_memory_zeroed(&memory, 1000, sizeof *block);
    for (int i = 0; i < 1000; i++)
        assert_true(block[i] == 0);
    rni_memory_release(&memory, block);
}

static void sizes_are_checked(void **state)
{
    (void)state;
    size_t result = 7;
    assert_true(rni_size_add(3, 4, &result));
    assert_int_equal(result, 7);
    assert_true(rni_size_add(SIZE_MAX - 1, 1, &result));
    assert_true(result == SIZE_MAX);
    assert_true(rni_size_multiply(SIZE_MAX / 2, 2, &result));
    assert_true(result == SIZE_MAX - 1);
    assert_true(rni_size_multiply(SIZE_MAX, 0, &result));
    assert_int_equal(result, 0);
    result = 7;
    assert_false(rni_size_add(SIZE_MAX, 1, &result));
    assert_false(rni_size_multiply(SIZE_MAX / 2 + 1, 2, &result));
    assert_int_equal(result, 7);
}

static void what_cannot_be_had_is_null(void **state)
{
    (void)state;
    counter count;
    rni_memory memory = counted(&count);
    assert_null(rni_memory_allocate(&memory, SIZE_MAX));
    assert_null(rni_memory_allocate(&memory, SIZE_MAX - 64));
    assert_null(rni_memory_zeroed(&memory, SIZE_MAX / 8, 16));
    count.left = 0;
    assert_null(rni_memory_allocate(&memory, 1));
    assert_null(rni_memory_zeroed(&memory, 1, 1));
    assert_null(rni_memory_copy_string(&memory, "x"));
    assert_int_equal(count.alive, 0);
}

static void strings_are_copied(void **state)
{
    (void)state;
    rni_memory memory = rni_memory_default();
    char text[] = "peephole";
    char *copy = rni_memory_copy_string(&memory, text);
    text[0] = 'x';
    assert_string_equal(copy, "peephole");
    rni_memory_release(&memory, copy);
}

static void arrays_grow_and_keep_their_items(void **state)
{
    (void)state;
    counter count;
    rni_memory memory = counted(&count);
    int32_t *items = NULL, capacity = 0;
    int grown = 0;
    for (int32_t i = 0; i < 5000; i++) {
        int32_t before = capacity;
        assert_true(rni_array_reserve(&memory, (void **)&items, &capacity,
                                      i + 1, sizeof *items));
        assert_true(capacity > i);
        grown += capacity != before;
        assert_int_equal(items[i], 0);
        items[i] = i + 1;
    }
    for (int32_t i = 0; i < 5000; i++)
        assert_int_equal(items[i], i + 1);
    assert_in_range(grown, 1, 14);
    rni_memory_release(&memory, items);
    assert_int_equal(count.alive, 0);
}

static void arrays_stay_where_memory_runs_out(void **state)
{
    (void)state;
    counter count;
    rni_memory memory = counted(&count);
    double *items = NULL;
    int32_t capacity = 0;
    assert_true(rni_array_reserve(&memory, (void **)&items, &capacity, 3,
                                  sizeof *items));
    items[2] = 5;
    double *old = items;
    int32_t held = capacity;
    count.left = 0;
    assert_false(rni_array_reserve(&memory, (void **)&items, &capacity, 100,
                                   sizeof *items));
    count.left = -1;
    assert_false(rni_array_reserve(&memory, (void **)&items, &capacity,
                                   (int64_t)INT32_MAX + 1, sizeof *items));
    assert_false(rni_array_reserve(&memory, (void **)&items, &capacity, 100,
                                   SIZE_MAX / 50));
    assert_ptr_equal(items, old);
    assert_int_equal(capacity, held);
    assert_true(items[2] == 5);
    rni_memory_release(&memory, items);
    assert_int_equal(count.alive, 0);
}

static void arenas_give_separate_zeroed_blocks(void **state)
{
    (void)state;
    counter count;
    rni_memory memory = counted(&count);
    rni_arena arena;
    rni_arena_init(&arena, &memory);
    unsigned char *blocks[400];
    size_t sizes[400];
    for (size_t i = 0; i < 400; i++) {
        sizes[i] = i % 50 == 49 ? 10000 : i * 7 % 200;
        blocks[i] = rni_arena_zeroed(&arena, sizes[i], 1);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(blocks[i][k], 0);
        memset(blocks[i], (int)(i % 255) + 1, sizes[i]);
    }
    for (size_t i = 0; i < 400; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(blocks[i][k], i % 255 + 1);
    // 8 large blocks of their own; the small ones fill 6 chunks of 8 KiB.
    assert_in_range(count.alive, 9, 15);
    assert_string_equal(rni_arena_copy_string(&arena, "gate"), "gate");
    rni_arena_fini(&arena);
    rni_arena_fini(&arena);
    assert_int_equal(count.alive, 0);
}

static void arenas_report_what_cannot_be_had(void **state)
{
    (void)state;
    counter count;
    rni_memory memory = counted(&count);
    rni_arena arena;
    rni_arena_init(&arena, &memory);
    assert_null(rni_arena_zeroed(&arena, SIZE_MAX, 2));
    assert_null(rni_arena_zeroed(&arena, SIZE_MAX, 1));
    assert_null(rni_arena_zeroed(&arena, SIZE_MAX - 16, 1));
    count.left = 0;
    assert_null(rni_arena_zeroed(&arena, 1, 1));
    assert_null(rni_arena_copy_string(&arena, "x"));
    count.left = 1;
    assert_non_null(rni_arena_zeroed(&arena, 1, 1));
    assert_null(rni_arena_zeroed(&arena, 100000, 1));
    assert_non_null(rni_arena_zeroed(&arena, 1, 1));
    rni_arena_fini(&arena);
    assert_int_equal(count.alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_usable),
        cmocka_unit_test(any_address_of_the_allocator_will_do),
        cmocka_unit_test(the_default_is_malloc),
        cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(what_cannot_be_had_is_null),
        cmocka_unit_test(strings_are_copied),
        cmocka_unit_test(arrays_grow_and_keep_their_items),
        cmocka_unit_test(arrays_stay_where_memory_runs_out),
        cmocka_unit_test(arenas_give_separate_zeroed_blocks),
        cmocka_unit_test(arenas_report_what_cannot_be_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
