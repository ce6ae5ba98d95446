# SPDX-License-Identifier: MIT
# Headers, libraries, rnnc.pc and a CMake package. Nothing installed names an
# absolute path inside the prefix, so an installed tree can be moved.
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/rnnc")

install(DIRECTORY include/rnnc DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h")
foreach(kind shared static)
    install(TARGETS rnnc_${kind} EXPORT rnnc-${kind}-targets
            LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
            ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    install(EXPORT rnnc-${kind}-targets NAMESPACE rnnc::
            DESTINATION "${package_folder}")
endforeach()

# rnnc.pc finds its prefix from where it lies, unless a distribution gave
# absolute folders of its own.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}"
   OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(RNNC_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
    set(RNNC_PC_LIBDIR "${CMAKE_INSTALL_FULL_LIBDIR}")
    set(RNNC_PC_INCLUDEDIR "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
    file(RELATIVE_PATH up "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig"
         "/prefix")
    string(REGEX REPLACE "/$" "" up "${up}")
    set(RNNC_PC_PREFIX "\${pcfiledir}/${up}")
    set(RNNC_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    set(RNNC_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(pkgconfig/rnnc.pc.in rnnc.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/rnnc.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

set(compatible SameMajorVersion)
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(compatible SameMinorVersion)
endif()
write_basic_package_version_file(rnncConfigVersion.cmake
    COMPATIBILITY ${compatible})
configure_package_config_file(cmake/rnncConfig.cmake.in rnncConfig.cmake
    INSTALL_DESTINATION "${package_folder}"
    NO_SET_AND_CHECK_MACRO)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/rnncConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/rnncConfigVersion.cmake"
              cmake/RnncCblas.cmake
        DESTINATION "${package_folder}")
