/// \file
/// Tables of templates and of the intergalactic medium, as kernels read them on some execution space. On the host they are
/// the owners' own arrays; a device has copies.
#pragma once

#include "kernels/redshift/detail/rebin.hpp"
#include "kernels/redshift/igm.hpp"
#include "kernels/redshift/rebin_table.hpp"

namespace zspex::kernels::detail {

/// The values where Exec reads them. They must live as long as what is made, and until a fence.
template <class Exec, class T, class Memory>
DeviceView<const T*, Exec> table_of(const Exec& exec, const std::vector<T, Memory>& values) {
  if constexpr (on_host<Exec>)
    return DeviceView<const T*, Exec>(values.data(), values.size());
  else
    return upload(exec, "zspex::redshift::table", std::span(values));
}

template <class Exec>
TemplateTable<Exec> template_table(const Exec& exec, const RebinTable& host) {
  TemplateTable<Exec> table;
  table.nbasis = host.nbasis();
  table.nsample = static_cast<std::int64_t>(host.wave().size());
  table.even = host.even();
  table.first = host.wave().front();
  table.guides = host.guides_per_angstrom();
  table.samples = table_of(exec, host.samples());
  table.wave = table_of(exec, host.wave());
  table.guide = table_of(exec, host.guide());
  return table;
}

template <class Exec>
Absorption<Exec> absorption_table(const Exec& exec, const Transmission& medium) {
  using Passing = DeviceView<const double**, Exec>;
  const Array2<double>& passing = medium.passing();
  Absorption<Exec> table;
  table.line_wave = table_of(exec, medium.line_wave());
  table.wave = table_of(exec, medium.wave());
  table.continuum = medium.model() == IgmModel::inoue14;
  const std::size_t nline = passing.extent(0), npixel = passing.extent(1);
  if constexpr (on_host<Exec>) {
    table.passing = Passing(passing.data(), nline, npixel);
  } else {
    const auto on_device = device_view<DeviceView<double**, Exec>, Exec>("zspex::redshift::passing", nline, npixel);
    if (passing.size() > 0)
      copy(exec, on_device,
           Kokkos::View<const double**, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>(
               passing.data(), nline, npixel));
    table.passing = on_device;
  }
  return table;
}

}  // namespace zspex::kernels::detail
