# Of a Kokkos with CUDA. What includes Kokkos is compiled with the compiler that Kokkos was built with, as a rule its
# nvcc_wrapper; Kokkos' package sees to that (kokkos_launch_compiler). All else, most of the program, goes to the plain C++
# compiler, which takes half the time. With CXX=nvcc_wrapper everything goes through that.
# Another launcher, as ccache, would keep Kokkos' from seeing the compiler.
set(CMAKE_CXX_COMPILER_LAUNCHER "")
if(CMAKE_CXX_COMPILER MATCHES "nvcc" OR Kokkos_CXX_COMPILER_ID STREQUAL "NVIDIA")
  # As in ZspexOptions.cmake, for device code.
  target_compile_options(zspex_kokkos INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fmad=false>)
endif()

# Kokkos calls the driver's library, libcuda.so.1, which only machines with a GPU have: without it the loader would not even
# start `zspex --version` or a plan for another machine. So a library of ours stands before it, which looks for it at the first
# call; --as-needed then leaves the driver out. A shared libkokkoscore.so asks for it by itself: nothing can be done here.
foreach(target IN ITEMS Kokkos::CUDA Kokkos::kokkoscore)
  if(TARGET ${target})
    get_target_property(libraries ${target} INTERFACE_LINK_LIBRARIES)
    if("CUDA::cuda_driver" IN_LIST libraries)
      list(TRANSFORM libraries REPLACE "^CUDA::cuda_driver$" "zspex_cuda_driver")
      set_property(TARGET ${target} PROPERTY INTERFACE_LINK_LIBRARIES "${libraries}")
    endif()
  endif()
endforeach()
add_library(zspex_cuda_driver STATIC "${CMAKE_CURRENT_LIST_DIR}/cuda_driver.c")
target_include_directories(zspex_cuda_driver PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
target_link_libraries(zspex_cuda_driver PUBLIC CUDA::cuda_driver ${CMAKE_DL_LIBS})
target_link_options(zspex_cuda_driver INTERFACE LINKER:--as-needed)
