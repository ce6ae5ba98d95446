# SPDX-License-Identifier: MIT
# The objects, and the two libraries made of the same objects.
file(GLOB RNNC_SOURCES CONFIGURE_DEPENDS
     lib/base/*.c lib/kernel/*.c src/*/*.c)
file(GLOB RNNC_KERNEL_SOURCES CONFIGURE_DEPENDS lib/kernel/*.c)

# A kernel is built for its instruction set and chosen at run time; all its
# helpers are static, so no such code can leak into the rest.
set(fast $<$<NOT:$<CONFIG:Debug>>:-O3>)
if(RNNC_FUZZ) # all of it takes clang half an hour for each file
    set(fast -O1 -fno-sanitize=undefined,fuzzer-no-link)
endif()
set_source_files_properties(${RNNC_KERNEL_SOURCES} PROPERTIES
    COMPILE_OPTIONS "${fast}")
if(RNI_HAVE_AVX2 IN_LIST RNNC_ISA_MACROS)
    set_source_files_properties(lib/kernel/kernels_avx2.c PROPERTIES
        COMPILE_OPTIONS "${fast};-mavx2;-mfma")
    set_source_files_properties(lib/kernel/kernels_avx512.c PROPERTIES
        COMPILE_OPTIONS "${fast};-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl\
;-mavx2;-mfma;-mprefer-vector-width=512")
endif()

add_library(rnnc_objects OBJECT ${RNNC_SOURCES})
rnnc_set_flags(rnnc_objects)
set_target_properties(rnnc_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_include_directories(rnnc_objects PRIVATE include lib src)
target_link_libraries(rnnc_objects PRIVATE Threads::Threads)

function(rnnc_add_library kind type)
    add_library(rnnc_${kind} ${type} $<TARGET_OBJECTS:rnnc_objects>)
    add_library(rnnc::${kind} ALIAS rnnc_${kind})
    set_target_properties(rnnc_${kind} PROPERTIES
        OUTPUT_NAME rnnc EXPORT_NAME ${kind} LINKER_LANGUAGE C)
    target_include_directories(rnnc_${kind} INTERFACE
        $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(rnnc_${kind} PRIVATE
        rnnc::cblas Threads::Threads m)
    if(RNNC_SANITIZE)
        target_link_options(rnnc_${kind} PUBLIC -fsanitize=${RNNC_SANITIZE})
    endif()
endfunction()

rnnc_add_library(static STATIC)
rnnc_add_library(shared SHARED)

# The number in the name is that of the binary interface, not the version.
set_target_properties(rnnc_shared PROPERTIES
    VERSION ${RNNC_ABI_VERSION}.${PROJECT_VERSION}
    SOVERSION ${RNNC_ABI_VERSION})

if(NOT APPLE)
    include(RnncSymbols)
    target_link_options(rnnc_shared PRIVATE
        "LINKER:--version-script=${RNNC_VERSION_SCRIPT}"
        "LINKER:-z,relro" "LINKER:-z,now")
    set_target_properties(rnnc_shared PROPERTIES
        LINK_DEPENDS "${RNNC_VERSION_SCRIPT}")
    if(NOT RNNC_SANITIZE)
        target_link_options(rnnc_shared PRIVATE "LINKER:--no-undefined")
    endif()
endif()

if(RNNC_SHARED_LIBS)
    add_library(rnnc::rnnc ALIAS rnnc_shared)
else()
    add_library(rnnc::rnnc ALIAS rnnc_static)
endif()
