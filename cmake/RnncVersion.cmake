# SPDX-License-Identifier: MIT
# Reads the versions from include/rnnc/version.h, their only source.
set(header "${CMAKE_CURRENT_LIST_DIR}/../include/rnnc/version.h")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
file(STRINGS "${header}" lines REGEX "^#define RNNC_[A-Z]+_[A-Z]+ +[0-9]+")
foreach(name VERSION_MAJOR VERSION_MINOR VERSION_PATCH ABI_VERSION)
    string(REGEX MATCH "RNNC_${name} +([0-9]+)" unused "${lines}")
    set(RNNC_${name} ${CMAKE_MATCH_1})
endforeach()
set(RNNC_VERSION
    ${RNNC_VERSION_MAJOR}.${RNNC_VERSION_MINOR}.${RNNC_VERSION_PATCH})
