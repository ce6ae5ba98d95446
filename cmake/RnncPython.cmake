# SPDX-License-Identifier: MIT
# The shared library inside the Python package, for wheels: one file, since a
# wheel has no symbolic links.
install(FILES "$<TARGET_FILE:rnnc_shared>" DESTINATION rnnc
        RENAME "librnnc${CMAKE_SHARED_LIBRARY_SUFFIX}" COMPONENT python)
