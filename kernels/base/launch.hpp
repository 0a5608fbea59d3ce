/// \file
/// How work is given to an execution space: arrays, streams, copies, kernels. An instance of the space is a stream: what is
/// given to one runs in the order given, beside what is given to others, while the host goes on. Kernels go through here,
/// so that they have labels and fixed shapes, and run on the emulated device, too.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/base/emulated_device.hpp"
#include "kernels/base/kokkos.hpp"
#include "kernels/base/region.hpp"

namespace zspex::kernels {

template <class Exec>
inline constexpr bool is_emulated = std::is_same_v<Exec, EmulatedDevice>;

/// Threads of a team on the host. One, so that a core's vector unit does the work; more only to look for races in the
/// teams' code on a machine without a GPU.
#ifndef ZSPEX_HOST_TEAM_SIZE
#define ZSPEX_HOST_TEAM_SIZE 1
#endif

/// Lanes of a thread of a team: a warp of NVIDIA's, a wavefront of AMD's.
template <class Exec>
KOKKOS_INLINE_FUNCTION constexpr int lanes_of_thread() {
  if constexpr (std::is_same_v<Space<Exec>, Host>) return 1;
#if defined(KOKKOS_ENABLE_HIP)
  return 64;
#else
  return 32;
#endif
}

/// Threads of a team that wants `threads` of them on a device.
template <class Exec>
KOKKOS_INLINE_FUNCTION constexpr int threads_of_team(int threads) {
  return std::is_same_v<Space<Exec>, Host> ? ZSPEX_HOST_TEAM_SIZE : threads;
}

/// A team: threads, each of lanes_of_thread() lanes, on a device; and scratch memory that they share.
struct TeamShape {
  int threads = 8;
  std::size_t scratch = 0;  ///< bytes
};

/// A team with a lane for each of n items, as far as 256 lanes go.
template <class Exec>
constexpr TeamShape team_of(int n, std::size_t scratch = 0) {
  constexpr int lanes = lanes_of_thread<Exec>(), most = 256 / lanes;
  const int threads = (n + lanes - 1) / lanes;
  return {threads < 1 ? 1 : threads > most ? most : threads, scratch};
}

/// Threads that a backend runs at the same time; an emulated device as many as one of NVIDIA's multiprocessors.
template <class Exec>
int resident_threads(const Exec& exec) {
  if constexpr (is_emulated<Exec>)
    return 2048;
  else
    return exec.concurrency();
}

/// Teams of a fixed shape, so that the order of a team's sums does not depend on the machine's state.
template <class Exec>
Kokkos::TeamPolicy<Space<Exec>> team_policy(const Space<Exec>& space, int league, const TeamShape& shape = {}) {
  Kokkos::TeamPolicy<Space<Exec>> policy(space, league, threads_of_team<Exec>(shape.threads), lanes_of_thread<Exec>());
  if (shape.scratch > 0) policy.set_scratch_size(0, Kokkos::PerTeam(shape.scratch));
  return policy;
}

/// Runs f(team) for `league` teams.
template <class Exec, class F>
void launch_teams(const Exec& exec, const char* label, int league, const TeamShape& shape, const F& f) {
  if constexpr (is_emulated<Exec>)
    exec.add([=](const auto& space) { Kokkos::parallel_for(label, team_policy<Exec>(space, league, shape), f); });
  else if constexpr (on_host<Exec>)
    Kokkos::parallel_for(label, team_policy<Exec>(exec, league, shape), f);
  else  // the hint: arguments go with the launch. Older Kokkos otherwise waits for the kernel before, to reuse a buffer
    Kokkos::parallel_for(label,
                         Kokkos::Experimental::require(team_policy<Exec>(exec, league, shape),
                                                       Kokkos::Experimental::WorkItemProperty::HintLightWeight),
                         f);
}

/// Runs f(i) for i in [0, n), one thread each.
template <class Exec, class F>
void launch(const Exec& exec, const char* label, std::int64_t n, const F& f) {
  using Policy = Kokkos::RangePolicy<Space<Exec>, Kokkos::IndexType<std::int64_t>>;
  if constexpr (is_emulated<Exec>)
    exec.add([=](const auto& space) { Kokkos::parallel_for(label, Policy(space, 0, n), f); });
  else
    Kokkos::parallel_for(label, Policy(exec, 0, n), f);
}

/// Starts a copy between arrays of one shape. Both must live until a fence.
template <class Exec, class To, class From>
void copy(const Exec& exec, const To& to, const From& from) {
  if constexpr (is_emulated<Exec>)
    exec.add_copy([=](const auto& space) { Kokkos::deep_copy(space, to, from); });
  else
    Kokkos::deep_copy(exec, to, from);
}

/// Starts to set all of an array to a value.
template <class Exec, class To>
void fill(const Exec& exec, const To& to, const typename To::non_const_value_type& value) {
  if constexpr (is_emulated<Exec>)
    exec.add_copy([=](const auto& space) { Kokkos::deep_copy(space, to, value); });
  else
    Kokkos::deep_copy(exec, to, value);
}

/// n streams that run beside each other; where there are none of that kind, all are the same.
template <class Exec>
std::vector<Exec> make_streams(int n) {
  std::vector<Exec> streams;
  if constexpr (is_emulated<Exec>) {
    for (int i = 0; i < n; ++i)
      streams.emplace_back((EmulatedDevice::late_streams() >> i & 1U) != 0 ? EmulatedDevice::When::late
                                                                           : EmulatedDevice::When::at_once);
    return streams;
  }
#if KOKKOS_VERSION >= 40200
  if constexpr (!on_host<Exec> && !is_emulated<Exec>)
    return Kokkos::Experimental::partition_space(Exec(), std::vector<int>(static_cast<std::size_t>(n), 1));
#endif
  streams.assign(static_cast<std::size_t>(n), Exec());
  return streams;
}

/// An array of a device, not set. \throws std::exception when there is no memory for it
template <class V, class Exec, class... Extent>
V device_view(const char* label, Extent... extent) {
  V view(Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string(label)), extent...);
  if constexpr (is_emulated<Exec>)
    EmulatedDevice::remember_new(EmulatedDevice::Side::device, view.data(), view.span() * sizeof(*view.data()));
  return view;
}
template <class T, class Exec>
DeviceView<T*, Exec> device_array(const char* label, std::size_t n) {
  return device_view<DeviceView<T*, Exec>, Exec>(label, n);
}

/// An array of the host that is copied to and from a device while both go on, not set.
template <class T, class Exec>
PinnedView<T*, Exec> pinned_array(const char* label, std::size_t n) {
  PinnedView<T*, Exec> view(Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string(label)), n);
  if constexpr (is_emulated<Exec>) EmulatedDevice::remember_new(EmulatedDevice::Side::host, view.data(), n * sizeof(T));
  return view;
}

/// The host's values as an array that can be copied from or to.
template <class T>
using HostView = Kokkos::View<T, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>;
template <class T>
HostView<T*> host_view(std::span<T> values) {
  return HostView<T*>(values.data(), values.size());
}

/// A new array with the host's values, which must live until a fence.
template <class Exec, class T>
DeviceView<std::remove_const_t<T>*, Exec> upload(const Exec& exec, const char* label, std::span<T> values) {
  auto array = device_array<std::remove_const_t<T>, Exec>(label, values.size());
  if (!values.empty()) copy(exec, array, host_view(values));
  return array;
}
template <class Exec, class T>
DeviceView<T*, Exec> upload(const Exec& exec, const char* label, const std::vector<T>& values) {
  return upload(exec, label, std::span<const T>(values));
}

/// Calls f(i) for i in [begin, end), spread over all threads of the team. No barrier.
template <class Member, class F>
KOKKOS_FORCEINLINE_FUNCTION void team_for(const Member& team, int begin, int end, const F& f) {
  Kokkos::parallel_for(Kokkos::TeamVectorRange(team, begin, end), f);
}

}  // namespace zspex::kernels
