/// \file
/// The types and functions of Kokkos that kernels use, under names that are the same for Kokkos 3.4, 4.x and 5.x.
/// Launches, copies and fences: launch.hpp. Start and end: session.hpp.
#pragma once

#include <Kokkos_Core.hpp>
#include <string>
#include <type_traits>

namespace zspex::kernels {

using Host = Kokkos::DefaultHostExecutionSpace;
using Device = Kokkos::DefaultExecutionSpace;  ///< the host as well in a program without a GPU
class EmulatedDevice;

/// The Kokkos space whose threads run the kernels of Exec.
template <class Exec>
struct SpaceOf {
  using type = Exec;
};
template <>
struct SpaceOf<EmulatedDevice> {
  using type = Host;
};
template <class Exec>
using Space = typename SpaceOf<Exec>::type;

/// Device arrays: row-major, the same layout on host and device, so that a copy is one copy.
template <class T, class Exec>
using DeviceView = Kokkos::View<T, Kokkos::LayoutRight, typename Space<Exec>::memory_space>;

/// Memory of the host that a device copies from and to while both go on.
#if defined(KOKKOS_HAS_SHARED_HOST_PINNED_SPACE)
template <class Exec>
using PinnedSpace = std::conditional_t<std::is_same_v<typename Space<Exec>::memory_space, Kokkos::HostSpace>,
                                       Kokkos::HostSpace, Kokkos::SharedHostPinnedSpace>;
#else
template <class Exec>
using PinnedSpace = Kokkos::HostSpace;
#endif
template <class T, class Exec>
using PinnedView = Kokkos::View<T, Kokkos::LayoutRight, PinnedSpace<Exec>>;

/// Whether Exec is the host's cores: one thread per team and vector instructions inside, instead of many threads per
/// team.
template <class Exec>
inline constexpr bool on_host = Kokkos::SpaceAccessibility<Exec, Kokkos::HostSpace>::accessible&&
    std::is_same_v<typename Exec::memory_space, Kokkos::HostSpace>;
template <>
inline constexpr bool on_host<EmulatedDevice> = false;

template <class Exec>
using Team = typename Kokkos::TeamPolicy<Space<Exec>>::member_type;
/// Memory that a team shares while it runs.
template <class T, class Exec>
using TeamScratch = Kokkos::View<T*, typename Space<Exec>::scratch_memory_space, Kokkos::MemoryUnmanaged>;

/// Waits for what was given to `exec`. The label says why; Kokkos 3.4 can't show it in a profile.
template <class Exec>
void fence(const Exec& exec, const char* why) {
#if KOKKOS_VERSION >= 30700
  exec.fence(why);
#else
  (void)why;
  exec.fence();
#endif
}

/// Mathematical functions for host and device. Kokkos 3.4 has them in another namespace.
namespace math {
#if KOKKOS_VERSION >= 30700
using Kokkos::erf;
using Kokkos::exp;
using Kokkos::fabs;
using Kokkos::floor;
using Kokkos::pow;
using Kokkos::sqrt;
#else
using Kokkos::Experimental::erf;
using Kokkos::Experimental::exp;
using Kokkos::Experimental::fabs;
using Kokkos::Experimental::floor;
using Kokkos::Experimental::pow;
using Kokkos::Experimental::sqrt;
#endif
}  // namespace math

}  // namespace zspex::kernels
