// SPDX-License-Identifier: MIT
#define _DEFAULT_SOURCE // MAP_ANONYMOUS
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct mapping {
    struct mapping *next;
    float *block;
    unsigned char *pages;
    size_t size; // without the two
} mapping;

static mapping *taken, *spare; // newest first

// `size` bytes of whole pages, with an untouchable one before and after.
static unsigned char *map_pages(size_t size, size_t page)
{
    unsigned char *pages = mmap(NULL, size + 2 * page, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, size, PROT_READ | PROT_WRITE), 0);
    return pages;
}

// A spare mapping of this size, or a new one.
static mapping *take(size_t size, size_t page)
{
    for (mapping **at = &spare; *at; at = &(*at)->next)
        if ((*at)->size == size) {
            mapping *m = *at;
            *at = m->next;
            return m;
        }
    mapping *m = malloc(sizeof *m);
    assert_non_null(m);
    *m = (mapping){.pages = map_pages(size, page), .size = size};
    return m;
}

float *guarded_create(size_t floats)
{
    static int turn;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t bytes = floats * sizeof(float);
    const size_t size = (bytes + page) / page * page;
    const size_t offset = turn++ % 2 == 0 ? size - bytes : 0;
    mapping *m = take(size, page);
    m->block = (float *)(void *)(m->pages + page + offset);
    m->next = taken;
    taken = m;
    return m->block;
}

void guarded_destroy(float *block)
{
    for (mapping **at = &taken; block && *at; at = &(*at)->next) {
        mapping *m = *at;
        if (m->block != block)
            continue;
        *at = m->next;
        m->next = spare;
        spare = m;
        return;
    }
}

guarded_page guarded_page_create(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *pages = map_pages(page, page);
    return (guarded_page){(float *)(void *)(pages + page),
                          (float *)(void *)(pages + 2 * page)};
}
