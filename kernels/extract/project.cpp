#include "kernels/base/host_only.hpp"
#include "kernels/extract/engine.hpp"

namespace zspex::kernels {

void project_spectra(const Psf& psf, const std::vector<double>& wave, int specmin, const Array2<double>& photons,
                     Array2<double>& image) {
  using Exec = Kokkos::DefaultHostExecutionSpace;
  const Exec exec;
  const auto device_psf = psf_on_device<Exec>(psf);
  const int ntotal = static_cast<int>(photons.extent(0)), nw = static_cast<int>(wave.size()), block = 25;
  const int ny = static_cast<int>(image.extent(0)), nx = static_cast<int>(image.extent(1));
  const auto wave_view = copy_to_device<double, Exec>("zspex::simulate::wave", wave);
  UnitData<Exec> data;
  data.nspotx = 2 * psf.hsizex + 1;
  data.nspoty = 2 * psf.hsizey + 1;
  data.stride = spot_stride(data.nspotx);
  for (int first = 0; first < ntotal; first += block) {
    const int ns = std::min(block, ntotal - first);
    const Traces traces = trace_fibers(psf, specmin + first, ns, wave);
    data.window = window_of(psf, traces);
    data.corner = DeviceView<Corner**, Exec>("zspex::simulate::corner", ns, nw);
    data.spots = DeviceView<double****, Exec>(
        Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string("zspex::simulate::spots")), ns, nw, data.nspoty,
        data.stride);
    DeviceView<double**, Exec> x("zspex::simulate::x", ns, nw), y("zspex::simulate::y", ns, nw),
        flux("zspex::simulate::flux", ns, nw);
    auto corner = Kokkos::create_mirror_view(data.corner);
    auto hx = Kokkos::create_mirror_view(x), hy = Kokkos::create_mirror_view(y),
         hflux = Kokkos::create_mirror_view(flux);
    for (int s = 0; s < ns; ++s)
      for (int w = 0; w < nw; ++w) {
        corner(s, w) = {traces.corner(s, w).x - data.window.x0, traces.corner(s, w).y - data.window.y0};
        hx(s, w) = traces.x(s, w);
        hy(s, w) = traces.y(s, w);
        hflux(s, w) = photons(first + s, w);
      }
    Kokkos::deep_copy(data.corner, corner);
    Kokkos::deep_copy(x, hx);
    Kokkos::deep_copy(y, hy);
    Kokkos::deep_copy(flux, hflux);
    make_spots<Exec>(exec, device_psf, specmin + first, wave_view, x, y, data.spots);
    PatchShape whole;
    whole.nspec = ns;
    whole.nwave = nw;
    DeviceView<double**, Exec> light("zspex::simulate::light", data.window.ny, data.window.stride);
    project_unit<Exec>(exec, data, whole, flux, light);
    fence(exec, "host adds the light of a block of fibers");
    auto host = Kokkos::create_mirror_view(light);
    Kokkos::deep_copy(host, light);
    for (int row = 0; row < data.window.ny; ++row)
      for (int column = 0; column < data.window.nx; ++column) {
        const int iy = row + data.window.y0, ix = column + data.window.x0;
        if (iy >= 0 && iy < ny && ix >= 0 && ix < nx) image(iy, ix) += host(row, column);
      }
  }
}

}  // namespace zspex::kernels
