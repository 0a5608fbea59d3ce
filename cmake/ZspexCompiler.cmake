# Included before project(): the compiler has to be known by then.
#
# A Kokkos with CUDA is compiled with its own nvcc_wrapper, unless it was built with clang or with CUDA as a CMake language;
# then the caller names the compiler (CXX or CMAKE_CXX_COMPILER), and is left in peace here.
if("${ZSPEX_BACKEND}" STREQUAL "CUDA" AND NOT CMAKE_CXX_COMPILER AND "$ENV{CXX}" STREQUAL "")
  string(REPLACE ":" ";" zspex_prefixes "$ENV{CMAKE_PREFIX_PATH}")
  find_program(ZSPEX_NVCC_WRAPPER nvcc_wrapper
    HINTS "${Kokkos_ROOT}" "$ENV{Kokkos_ROOT}" ${CMAKE_PREFIX_PATH} ${zspex_prefixes} PATH_SUFFIXES bin
    DOC "Kokkos' wrapper that compiles C++ with nvcc")
  if(ZSPEX_NVCC_WRAPPER)
    set(CMAKE_CXX_COMPILER "${ZSPEX_NVCC_WRAPPER}" CACHE FILEPATH "C++ compiler")
  endif()
  unset(zspex_prefixes)
endif()
