/// \file
/// What the kernels use of Kokkos, and the one place that knows how Kokkos 3.4, 4.x and 5.x differ.
#pragma once

#include <Kokkos_Core.hpp>
#include <string>
#include <type_traits>

namespace zspex::kernels {

/// Device arrays: row-major, the same layout on host and device, so that a copy is one copy.
template <class T, class Exec>
using DeviceView = Kokkos::View<T, Kokkos::LayoutRight, typename Exec::memory_space>;

/// Memory of the host that a device copies from and to while both go on.
#if defined(KOKKOS_HAS_SHARED_HOST_PINNED_SPACE)
template <class Exec>
using PinnedSpace = std::conditional_t<std::is_same_v<typename Exec::memory_space, Kokkos::HostSpace>,
                                       Kokkos::HostSpace, Kokkos::SharedHostPinnedSpace>;
#else
template <class Exec>
using PinnedSpace = Kokkos::HostSpace;
#endif

/// Whether Exec runs on the host's cores: one thread a team and vector instructions inside, instead of many threads a
/// team.
template <class Exec>
inline constexpr bool on_host = Kokkos::SpaceAccessibility<Exec, Kokkos::HostSpace>::accessible&&
    std::is_same_v<typename Exec::memory_space, Kokkos::HostSpace>;

template <class Exec>
using Team = typename Kokkos::TeamPolicy<Exec>::member_type;

/// Threads of a team on the host. One, so that a core's vector unit does the work; more only to look for races in the
/// teams' code on a machine without a GPU.
#ifndef ZSPEX_HOST_TEAM_SIZE
#define ZSPEX_HOST_TEAM_SIZE 1
#endif

/// Teams of a fixed shape, so that the order of a team's sums does not depend on the machine's state: `threads` x 32 on
/// a GPU.
template <class Exec>
Kokkos::TeamPolicy<Exec> team_policy(const Exec& exec, int league, int threads = 8) {
  if constexpr (on_host<Exec>)
    return Kokkos::TeamPolicy<Exec>(exec, league, ZSPEX_HOST_TEAM_SIZE, 1);
  else
    return Kokkos::TeamPolicy<Exec>(exec, league, threads, 32);
}

/// Waits for `exec`. The label says why; Kokkos 3.4 can't show it in a profile.
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

/// Calls f(i) for i in [begin, end), spread over all threads of the team. No barrier.
template <class Member, class F>
KOKKOS_FORCEINLINE_FUNCTION void team_for(const Member& team, int begin, int end, const F& f) {
  Kokkos::parallel_for(Kokkos::TeamVectorRange(team, begin, end), f);
}

template <class T, class Exec>
DeviceView<T*, Exec> device_array(const char* label, std::size_t n) {
  return DeviceView<T*, Exec>(Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string(label)), n);
}

}  // namespace zspex::kernels
