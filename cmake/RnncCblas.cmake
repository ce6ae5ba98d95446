# SPDX-License-Identifier: MIT
# Finds a CBLAS and makes the target rnnc::cblas of it. The library declares
# the prototypes it calls itself, so no header is looked for.
#
#   RNNC_BLAS         AUTO (OpenBLAS, else Reference), OpenBLAS or Reference
#   CBLAS_LIBRARIES   what to link instead, where the caller knows better
#
# Sets RNNC_CBLAS_KIND, RNNC_CBLAS_LINK. Also used by the installed package,
# which knows that the kind found at build time works.
set(RNNC_BLAS AUTO CACHE STRING "AUTO, OpenBLAS or Reference")
set_property(CACHE RNNC_BLAS PROPERTY STRINGS AUTO OpenBLAS Reference)
set(CBLAS_LIBRARIES "" CACHE STRING "The CBLAS to link; overrides RNNC_BLAS")

# 32-bit sizes with noise above them: a BLAS that reads 64 bits (ILP64) sees
# sizes that do not fit the strides, refuses, and the product is not there.
# Apple packs arguments on the stack, so there the noise is left out.
set(RNNC_CBLAS_PROBE [==[
#include <stdint.h>
#if defined(__APPLE__)
typedef int wide;
#define NOISE 0
#else
typedef int64_t wide;
#define NOISE ((int64_t)1 << 32)
#endif
void cblas_sgemm(wide, wide, wide, wide, wide, wide, float, const float *,
                 wide, const float *, wide, float, float *, wide);
int main(void)
{
    const float a[4] = {1, 2, 3, 4}, b[4] = {5, 6, 7, 8};
    float c[4] = {0, 0, 0, 0};
    cblas_sgemm(101, 111, 111, NOISE | 2, NOISE | 2, NOISE | 2, 1.0f, a, 2, b,
                2, 0.0f, c, 2);
    return !(c[0] == 19 && c[1] == 22 && c[2] == 43 && c[3] == 50);
}
]==])

# Sets `result` to what provides cblas_sgemm in the manner of `kind`, or "".
function(rnnc_find_cblas kind result)
    set(${result} "" PARENT_SCOPE)
    if(kind STREQUAL "OpenBLAS")
        find_library(RNNC_OPENBLAS_LIBRARY openblas)
        if(RNNC_OPENBLAS_LIBRARY)
            set(${result} ${RNNC_OPENBLAS_LIBRARY} PARENT_SCOPE)
        endif()
        return()
    endif()
    # Debian keeps the reference in a folder of its own, because libblas.so
    # beside it is whichever BLAS the administrator chose.
    find_library(RNNC_REFERENCE_LIBRARY blas
                 PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/blas
                 NO_DEFAULT_PATH)
    find_library(RNNC_REFERENCE_LIBRARY blas)
    find_library(RNNC_REFERENCE_CBLAS_LIBRARY cblas)
    mark_as_advanced(RNNC_REFERENCE_CBLAS_LIBRARY)
    if(RNNC_REFERENCE_LIBRARY AND RNNC_REFERENCE_CBLAS_LIBRARY)
        set(${result} ${RNNC_REFERENCE_CBLAS_LIBRARY}
            ${RNNC_REFERENCE_LIBRARY} PARENT_SCOPE)
    elseif(RNNC_REFERENCE_LIBRARY)
        set(${result} ${RNNC_REFERENCE_LIBRARY} PARENT_SCOPE)
    endif()
endfunction()

# Stops unless `libraries` multiply two matrices given 32-bit sizes. A result
# belongs to one list of libraries, hence the digest in its name.
function(rnnc_check_cblas libraries)
    string(MD5 digest "${libraries}")
    set(CMAKE_REQUIRED_LIBRARIES ${libraries})
    set(CMAKE_REQUIRED_QUIET ON)
    if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
        include(CheckCSourceCompiles)
        check_c_source_compiles("${RNNC_CBLAS_PROBE}" RNNC_CBLAS_${digest})
    else()
        include(CheckCSourceRuns)
        check_c_source_runs("${RNNC_CBLAS_PROBE}" RNNC_CBLAS_${digest})
    endif()
    if(NOT RNNC_CBLAS_${digest})
        message(FATAL_ERROR
            "'${libraries}' is no CBLAS with 32-bit integers (LP64). "
            "Set RNNC_BLAS or CBLAS_LIBRARIES to one that is.")
    endif()
endfunction()

# The linker's words for a list of libraries, for rnnc.pc.
function(rnnc_link_words libraries result)
    set(words "")
    foreach(library IN LISTS libraries)
        if(IS_ABSOLUTE "${library}")
            get_filename_component(folder "${library}" DIRECTORY)
            get_filename_component(name "${library}" NAME_WE)
            string(REGEX REPLACE "^lib" "" name "${name}")
            if(NOT folder IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES)
                list(APPEND words "-L${folder}")
            endif()
            list(APPEND words "-l${name}")
        else()
            list(APPEND words "${library}")
        endif()
    endforeach()
    list(JOIN words " " words)
    set(${result} "${words}" PARENT_SCOPE)
endfunction()

set(RNNC_CBLAS_KIND "${RNNC_BLAS}")
set(rnnc_cblas_found "${CBLAS_LIBRARIES}")
if(rnnc_cblas_found)
    set(RNNC_CBLAS_KIND given)
elseif(RNNC_BLAS STREQUAL "AUTO")
    foreach(kind OpenBLAS Reference)
        if(NOT rnnc_cblas_found)
            rnnc_find_cblas(${kind} rnnc_cblas_found)
            set(RNNC_CBLAS_KIND ${kind})
        endif()
    endforeach()
else()
    rnnc_find_cblas("${RNNC_BLAS}" rnnc_cblas_found)
endif()
if(NOT rnnc_cblas_found)
    message(FATAL_ERROR "No CBLAS found (RNNC_BLAS=${RNNC_BLAS}). On Debian: "
        "apt-get install libopenblas-dev, or libblas-dev.")
endif()
if(RNNC_CBLAS_CHECK)
    rnnc_check_cblas("${rnnc_cblas_found}")
    message(STATUS "CBLAS: ${RNNC_CBLAS_KIND}, ${rnnc_cblas_found}")
endif()
rnnc_link_words("${rnnc_cblas_found}" RNNC_CBLAS_LINK)
if(NOT TARGET rnnc::cblas)
    add_library(rnnc::cblas INTERFACE IMPORTED)
    set_target_properties(rnnc::cblas PROPERTIES
        INTERFACE_LINK_LIBRARIES "${rnnc_cblas_found}")
endif()
