# SPDX-License-Identifier: MIT
# Writes the linker's version script from cmake/rnnc.symbols, the one list of
# what the shared library exports: lines of "name since-version". A version
# is a node of its own and takes in the nodes of the versions before it.
set(RNNC_SYMBOLS "${CMAKE_CURRENT_SOURCE_DIR}/cmake/rnnc.symbols")
set(RNNC_VERSION_SCRIPT "${CMAKE_CURRENT_BINARY_DIR}/rnnc.map")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             "${RNNC_SYMBOLS}")
file(STRINGS "${RNNC_SYMBOLS}" lines REGEX "^rnnc_[a-z0-9_]+ [0-9.]+$")

set(versions "")
foreach(line IN LISTS lines)
    string(REPLACE " " ";" pair "${line}")
    list(GET pair 0 name)
    list(GET pair 1 since)
    list(APPEND versions ${since})
    string(APPEND "names_${since}" "        ${name};\n")
endforeach()
list(REMOVE_DUPLICATES versions)
list(SORT versions COMPARE NATURAL)

set(script "")
set(before "")
set(others "    local:\n        *;\n")
foreach(since IN LISTS versions)
    string(APPEND script "RNNC_${since} {\n    global:\n"
                         "${names_${since}}${others}}${before};\n")
    set(before " RNNC_${since}")
    set(others "")
endforeach()
if(NOT script)
    set(script "{ local: *; };\n")
endif()
file(CONFIGURE OUTPUT "${RNNC_VERSION_SCRIPT}" CONTENT "${script}" @ONLY)
