// SPDX-License-Identifier: MIT
// The version that was compiled in.
#include "rnnc/version.h"

#define TEXT(number)                #number
#define DOTTED(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *rnnc_version(void)
{
    return DOTTED(RNNC_VERSION_MAJOR, RNNC_VERSION_MINOR, RNNC_VERSION_PATCH);
}

uint32_t rnnc_abi_version(void)
{
    return RNNC_ABI_VERSION;
}
