# SPDX-License-Identifier: MIT
# The objects and the two libraries made of them.
file(GLOB RNNC_SOURCES CONFIGURE_DEPENDS
     lib/base/*.c lib/kernel/*.c src/*/*.c)
file(GLOB RNNC_KERNEL_SOURCES CONFIGURE_DEPENDS lib/kernel/*.c)
if(NOT RNNC_SOURCES)
    file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/empty.c" "extern int rni_none;\n")
    set(RNNC_SOURCES "${CMAKE_CURRENT_BINARY_DIR}/empty.c")
endif()

set(RNNC_FAST $<$<NOT:$<CONFIG:Debug>>:-O3>)
set_source_files_properties(${RNNC_KERNEL_SOURCES} PROPERTIES
    COMPILE_OPTIONS "${RNNC_FAST}")
set_source_files_properties(lib/kernel/kernels_avx2.c PROPERTIES
    COMPILE_OPTIONS "${RNNC_FAST};-mavx2;-mfma")
set_source_files_properties(lib/kernel/kernels_avx512.c PROPERTIES
    COMPILE_OPTIONS "${RNNC_FAST};-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;\
-mavx2;-mfma;-mprefer-vector-width=512")

add_library(rnnc_objects OBJECT ${RNNC_SOURCES})
rnnc_set_flags(rnnc_objects)
set_target_properties(rnnc_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_include_directories(rnnc_objects PRIVATE include lib src)
target_link_libraries(rnnc_objects PRIVATE Threads::Threads)

add_library(rnnc_static STATIC $<TARGET_OBJECTS:rnnc_objects>)
set_target_properties(rnnc_static PROPERTIES OUTPUT_NAME rnnc
    LINKER_LANGUAGE C EXPORT_NAME static)
target_include_directories(rnnc_static PUBLIC
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(rnnc_static PRIVATE rnnc::cblas Threads::Threads m)
add_library(rnnc::static ALIAS rnnc_static)
