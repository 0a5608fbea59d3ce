/// \file
/// For a file whose kernels run on the host alone; include it before all other headers with kernels. nvcc would compile them
/// for the GPU as well, and refuses the vectors of the host's there.
#pragma once

#include "kernels/base/kokkos.hpp"

#ifdef __NVCC__
#undef KOKKOS_FUNCTION
#undef KOKKOS_INLINE_FUNCTION
#undef KOKKOS_FORCEINLINE_FUNCTION
#undef KOKKOS_LAMBDA
#undef KOKKOS_CLASS_LAMBDA
#define KOKKOS_FUNCTION
#define KOKKOS_INLINE_FUNCTION inline
#define KOKKOS_FORCEINLINE_FUNCTION inline __attribute__((always_inline))
#define KOKKOS_LAMBDA [=]
#define KOKKOS_CLASS_LAMBDA [ =, *this ]
#endif
