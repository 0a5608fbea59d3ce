# Debian's libkokkos-dev 5.2 can't be found as it is: its KokkosTargets.cmake names two archives that it doesn't ship, and stops.
# It leaves alone who has its targets already; so here they are, on the libraries that are there.
function(zspex_mend_debian_kokkos)
  set(libraries "/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}")
  set(package "${libraries}/cmake/Kokkos")
  set(named ${Kokkos_ROOT} $ENV{Kokkos_ROOT})
  if(named OR (Kokkos_DIR AND NOT Kokkos_DIR STREQUAL package) OR NOT EXISTS "${package}/KokkosTargets.cmake")
    return()
  endif()
  string(REPLACE ":" ";" prefixes "$ENV{CMAKE_PREFIX_PATH}")
  foreach(prefix IN LISTS CMAKE_PREFIX_PATH prefixes)
    file(GLOB other "${prefix}/lib*/cmake/Kokkos")
    if(other)
      return()
    endif()
  endforeach()

  set(missing "")
  foreach(archive IN ITEMS libkokkosalgorithms.a libkokkossimd.a)
    file(GLOB targets "${package}/KokkosTargets-*.cmake")
    foreach(file IN LISTS targets)
      file(STRINGS "${file}" lines REGEX "${archive}")
      if(lines AND NOT EXISTS "${libraries}/${archive}")
        list(APPEND missing ${archive})
      endif()
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES missing)
  if(NOT missing OR NOT EXISTS "${libraries}/libkokkoscore.so")
    return()
  endif()
  list(JOIN missing " and " missing)
  message(STATUS "Debian's libkokkos-dev names ${missing}, but has no such file; linking to libkokkoscore.so without.")

  find_package(OpenMP REQUIRED COMPONENTS CXX)
  add_library(Kokkos::kokkoscore SHARED IMPORTED)
  set_target_properties(Kokkos::kokkoscore PROPERTIES
    IMPORTED_LOCATION "${libraries}/libkokkoscore.so"
    INTERFACE_COMPILE_FEATURES cxx_std_20
    INTERFACE_INCLUDE_DIRECTORIES /usr/include/kokkos
    INTERFACE_LINK_LIBRARIES "OpenMP::OpenMP_CXX;${CMAKE_DL_LIBS}")
  add_library(Kokkos::kokkoscontainers SHARED IMPORTED)
  set_target_properties(Kokkos::kokkoscontainers PROPERTIES
    IMPORTED_LOCATION "${libraries}/libkokkoscontainers.so"
    INTERFACE_LINK_LIBRARIES Kokkos::kokkoscore)
  foreach(part IN ITEMS kokkosalgorithms kokkossimd)  # headers
    add_library(Kokkos::${part} INTERFACE IMPORTED)
    target_link_libraries(Kokkos::${part} INTERFACE Kokkos::kokkoscore)
  endforeach()
  add_library(Kokkos::kokkos INTERFACE IMPORTED)
  target_link_libraries(Kokkos::kokkos INTERFACE Kokkos::kokkoscore Kokkos::kokkoscontainers)
endfunction()
