# SPDX-License-Identifier: MIT
# Defines the target rnnc::cblas. First draft.
find_library(RNNC_OPENBLAS_LIBRARY openblas)
find_library(RNNC_REFBLAS_LIBRARY blas PATH_SUFFIXES blas)
if(RNNC_OPENBLAS_LIBRARY)
    set(CBLAS_LIBRARIES ${RNNC_OPENBLAS_LIBRARY})
else()
    set(CBLAS_LIBRARIES ${RNNC_REFBLAS_LIBRARY})
endif()
add_library(rnnc::cblas INTERFACE IMPORTED)
target_link_libraries(rnnc::cblas INTERFACE ${CBLAS_LIBRARIES})
