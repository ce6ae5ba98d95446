// SPDX-License-Identifier: MIT
// A page that the system wipes in a forked child; where it cannot, the number
// of the process.
#define _DEFAULT_SOURCE // MADV_WIPEONFORK

#include "base/origin.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_bytes(void)
{
    long bytes = sysconf(_SC_PAGESIZE);
    return bytes > 0 ? (size_t)bytes : 4096;
}

#if defined(MADV_WIPEONFORK) && defined(MADV_KEEPONFORK)
static bool advise(void *page, bool wipe)
{
    int advice = wipe ? MADV_WIPEONFORK : MADV_KEEPONFORK;
    return madvise(page, page_bytes(), advice) == 0;
}
#else
static bool advise(void *page, bool wipe)
{
    (void)page, (void)wipe;
    return false;
}
#endif

bool rni_origin_init(rni_origin *origin, const rni_memory *memory)
{
    size_t bytes = page_bytes();
    char *block = rni_memory_zeroed(memory, 2, bytes);
    *origin = (rni_origin){.block = block, .process = (long)getpid()};
    if (block == NULL)
        return false;
    char *page = block + (bytes - (uintptr_t)block % bytes) % bytes;
    if (!advise(page, true))
        return true;
    origin->mark = page;
    *origin->mark = 1;
    return true;
}

void rni_origin_fini(rni_origin *origin, const rni_memory *memory)
{
    if (origin->mark != NULL)
        advise((void *)(uintptr_t)origin->mark, false);
    rni_memory_release(memory, origin->block);
}

bool rni_origin_is_here(const rni_origin *origin)
{
    return origin->mark != NULL ? *origin->mark != 0
                                : origin->process == (long)getpid();
}
