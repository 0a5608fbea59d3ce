/// \file
/// Host vectors to the device and back, for tests that call device functions with pointers.
#pragma once

#include <string>
#include <vector>

#include "kernels/base/kokkos.hpp"

namespace zspex::test {

using Exec = Kokkos::DefaultExecutionSpace;

template <class T>
using OnDevice = kernels::DeviceView<T*, Exec>;

template <class T>
OnDevice<T> to_device(const std::vector<T>& values) {
  OnDevice<T> view(Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string("zspex::test::values")), values.size());
  auto host = Kokkos::create_mirror_view(view);
  for (std::size_t i = 0; i < values.size(); ++i) host(i) = values[i];
  Kokkos::deep_copy(view, host);
  return view;
}

template <class T>
std::vector<T> to_host(const OnDevice<T>& view) {
  auto host = Kokkos::create_mirror_view(view);
  Kokkos::deep_copy(host, view);
  return std::vector<T>(host.data(), host.data() + host.extent(0));
}

}  // namespace zspex::test
