// SPDX-License-Identifier: MIT
// Detection of instruction sets: CPUID and XGETBV on x86-64, nothing to ask on
// aarch64. The build says through RNI_HAVE_... which kernels there are.
#include "base/cpu.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const char *const names[RNI_ISA_COUNT] = {
    [RNI_ISA_SCALAR] = "scalar", [RNI_ISA_SSE2] = "sse2",
    [RNI_ISA_AVX2] = "avx2",     [RNI_ISA_AVX512] = "avx512",
    [RNI_ISA_NEON] = "neon",
};

static const bool built[RNI_ISA_COUNT] = {
    [RNI_ISA_SCALAR] = true,
#if defined(RNI_HAVE_SSE2)
    [RNI_ISA_SSE2] = true,
#endif
#if defined(RNI_HAVE_AVX2)
    [RNI_ISA_AVX2] = true,
#endif
#if defined(RNI_HAVE_AVX512)
    [RNI_ISA_AVX512] = true,
#endif
#if defined(RNI_HAVE_NEON)
    [RNI_ISA_NEON] = true,
#endif
};

#if defined(__x86_64__)

enum {
    LEAF1_ECX = bit_FMA | bit_OSXSAVE | bit_AVX,
    LEAF7_AVX2 = bit_AVX2,
    XCR0_YMM = 0x06, // SSE and upper halves of YMM
    XCR0_ZMM = 0xe6  // and masks, upper halves of ZMM, ZMM 16 to 31
};

static const unsigned leaf7_avx512 =
    bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL;

// Only where OSXSAVE is set. Written as bytes for assemblers without a name.
static uint32_t saved_registers(void)
{
    uint32_t low, high;
    __asm__ volatile(".byte 0x0f, 0x01, 0xd0" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static bool machine_has(rni_isa isa)
{
    if (isa == RNI_ISA_SCALAR || isa == RNI_ISA_SSE2)
        return true;
    if (isa == RNI_ISA_NEON)
        return false;
    // A virtual machine may take long for each question.
    unsigned a, b, c, d;
    if (__get_cpuid_max(0, NULL) < 7)
        return false;
    __cpuid(1, a, b, c, d);
    if ((c & LEAF1_ECX) != LEAF1_ECX)
        return false;
    __cpuid_count(7, 0, a, b, c, d);
    uint32_t saved = saved_registers();
    bool avx2 = (b & LEAF7_AVX2) != 0 && (saved & XCR0_YMM) == XCR0_YMM;
    if (isa == RNI_ISA_AVX2)
        return avx2;
    return avx2 && (b & leaf7_avx512) == leaf7_avx512 &&
           (saved & XCR0_ZMM) == XCR0_ZMM;
}

#elif defined(__aarch64__)

static bool machine_has(rni_isa isa)
{
    return isa == RNI_ISA_SCALAR || isa == RNI_ISA_NEON;
}

#else

static bool machine_has(rni_isa isa)
{
    return isa == RNI_ISA_SCALAR;
}

#endif

const char *rni_isa_name(rni_isa isa)
{
    return (unsigned)isa < RNI_ISA_COUNT ? names[isa] : "unknown";
}

bool rni_isa_available(rni_isa isa)
{
    return (unsigned)isa < RNI_ISA_COUNT && built[isa] && machine_has(isa);
}

// The highest that RNNC_ISA allows, whether or not it is available.
static int cap(void)
{
    const char *wanted = getenv("RNNC_ISA");
    for (int isa = 0; wanted != NULL && isa < RNI_ISA_COUNT; isa++)
        if (strcmp(wanted, names[isa]) == 0)
            return isa;
    return RNI_ISA_COUNT - 1;
}

rni_isa rni_isa_choose(void)
{
    int isa = cap();
    while (isa > RNI_ISA_SCALAR && !rni_isa_available((rni_isa)isa))
        isa--;
    return (rni_isa)isa;
}
