# SPDX-License-Identifier: MIT
# Reads the version from include/rnnc/version.h, its only source.
set(RNNC_VERSION 0.1.0)
set(version_header "${CMAKE_CURRENT_LIST_DIR}/../include/rnnc/version.h")
if(EXISTS "${version_header}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                 "${version_header}")
    file(STRINGS "${version_header}" version_lines
         REGEX "^#define RNNC_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    set(RNNC_VERSION "")
    foreach(part MAJOR MINOR PATCH)
        string(REGEX MATCH "RNNC_VERSION_${part} +([0-9]+)" unused
               "${version_lines}")
        list(APPEND RNNC_VERSION ${CMAKE_MATCH_1})
    endforeach()
    list(JOIN RNNC_VERSION "." RNNC_VERSION)
endif()
