# SPDX-License-Identifier: MIT
# rnnc_set_flags(target): how every C file of the project is compiled.
# No flag here may let the compiler change a value: no -ffast-math, no
# contraction, no -march beyond the kernels that are chosen at run time.

set(RNNC_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                  -Wstrict-prototypes)
if(RNNC_WERROR)
    list(APPEND RNNC_WARNINGS -Werror)
endif()

string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" RNNC_PROCESSOR)
set(RNNC_ISA_MACROS "")
if(RNNC_PROCESSOR MATCHES "^(x86_64|amd64)$")
    set(RNNC_ISA_MACROS RNI_HAVE_SSE2 RNI_HAVE_AVX2 RNI_HAVE_AVX512)
elseif(RNNC_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(RNNC_ISA_MACROS RNI_HAVE_NEON)
endif()

function(rnnc_set_flags target)
    set_target_properties(${target} PROPERTIES
        C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
        C_VISIBILITY_PRESET hidden)
    target_compile_definitions(${target} PRIVATE
        _POSIX_C_SOURCE=200809L ${RNNC_ISA_MACROS})
    target_compile_options(${target} PRIVATE ${RNNC_WARNINGS}
        -ffp-contract=off -fno-math-errno
        $<$<CONFIG:Release>:-O2>
        "$<$<CONFIG:Release>:-ffile-prefix-map=${rnnc_SOURCE_DIR}/=>")
    if(RNNC_FUZZ)
        target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link
            -fno-sanitize-coverage=trace-cmp)
    endif()
    if(RNNC_SANITIZE)
        target_compile_options(${target} PRIVATE
            -fsanitize=${RNNC_SANITIZE} -fno-sanitize-recover=all
            -fno-omit-frame-pointer)
        target_link_options(${target} PRIVATE -fsanitize=${RNNC_SANITIZE})
    endif()
endfunction()
