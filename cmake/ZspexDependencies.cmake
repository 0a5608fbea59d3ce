# What zspex is built on; found, never downloaded. Targets to link: MPI::MPI_CXX, HDF5::HDF5, yaml-cpp::yaml-cpp,
# fmt::fmt, PkgConfig::CFITSIO, PkgConfig::ERFA, PkgConfig::LIBDEFLATE, zspex_kokkos, Threads::Threads.
set(zspex_packages_hint "On Debian and Ubuntu ./test.sh installs what is needed; for a cluster see spack.yaml.")

find_package(MPI COMPONENTS CXX)
find_package(HDF5 COMPONENTS C)
find_package(yaml-cpp QUIET)
find_package(fmt QUIET)
find_package(Threads REQUIRED)
find_package(PkgConfig)
if(PkgConfig_FOUND)
  pkg_check_modules(CFITSIO IMPORTED_TARGET cfitsio)
  pkg_check_modules(ERFA IMPORTED_TARGET erfa)
  pkg_check_modules(LIBDEFLATE IMPORTED_TARGET libdeflate)
endif()

set(zspex_missing "")
foreach(package IN ITEMS MPI HDF5 yaml-cpp fmt PkgConfig CFITSIO ERFA LIBDEFLATE)
  if(NOT ${package}_FOUND)
    list(APPEND zspex_missing ${package})
  endif()
endforeach()
if(zspex_missing)
  list(JOIN zspex_missing ", " zspex_missing)
  message(FATAL_ERROR "Not found: ${zspex_missing}. ${zspex_packages_hint}")
endif()

# A parallel HDF5's headers include mpi.h.
if(HDF5_IS_PARALLEL)
  target_link_libraries(HDF5::HDF5 INTERFACE MPI::MPI_CXX)
endif()
# yaml-cpp 0.8 gave its target a namespace.
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp INTERFACE IMPORTED)
  target_link_libraries(yaml-cpp::yaml-cpp INTERFACE yaml-cpp)
endif()

# Kokkos wherever it is installed, or the one inside Trilinos (Debian 12 and 13: 3.4), whose KokkosConfig.cmake has no targets and
# names a wrong include folder; what its package KokkosCore says is right.
add_library(zspex_kokkos INTERFACE)
include(ZspexDebianKokkos)
zspex_mend_debian_kokkos()
find_package(Kokkos QUIET)
if(TARGET Kokkos::kokkoscore)
  target_link_libraries(zspex_kokkos INTERFACE Kokkos::kokkos)
else()
  find_package(KokkosCore QUIET)
  if(NOT TARGET trilinos_kokkoscore)
    message(FATAL_ERROR "Not found: Kokkos, nor Debian's libtrilinos-kokkos-dev. "
      "Name an installed Kokkos with Kokkos_ROOT=/its/prefix. ${zspex_packages_hint}")
  endif()
  target_link_libraries(zspex_kokkos INTERFACE trilinos_kokkoscore)
  target_include_directories(zspex_kokkos SYSTEM INTERFACE "${KokkosCore_INCLUDE_DIRS}")
endif()
list(TRANSFORM Kokkos_DEVICES REPLACE "^PTHREAD$" "THREADS")  # before 3.5
message(STATUS "Kokkos ${Kokkos_VERSION} (${Kokkos_DEVICES}): ${Kokkos_DIR}")
if(ZSPEX_BACKEND AND NOT ZSPEX_BACKEND IN_LIST Kokkos_DEVICES)
  message(FATAL_ERROR "Expected a Kokkos with ${ZSPEX_BACKEND}, found Kokkos ${Kokkos_VERSION} with ${Kokkos_DEVICES} in "
    "${Kokkos_DIR}. Name another with the environment variable Kokkos_ROOT=/its/prefix, and delete the build folder.")
endif()

if("CUDA" IN_LIST Kokkos_DEVICES)
  include(ZspexCuda)
endif()

if(ZSPEX_TESTS)
  find_package(GTest REQUIRED)
endif()
if(ZSPEX_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
