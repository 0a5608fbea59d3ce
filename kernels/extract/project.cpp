#include "kernels/base/host_only.hpp"
#include "kernels/extract/detail/block_input.hpp"
#include "kernels/extract/detail/residuals.hpp"

namespace zspex::kernels {

using namespace detail;

void project_spectra(const Psf& psf, const std::vector<double>& wave, int specmin, const Array2<double>& photons,
                     Array2<double>& image) {
  using Exec = Host;
  const Exec exec;
  const auto host_psf = psf_on_device<Exec>(exec, psf);
  const int ntotal = static_cast<int>(photons.extent(0)), nw = static_cast<int>(wave.size()), most = 25;
  const int ny = static_cast<int>(image.extent(0)), nx = static_cast<int>(image.extent(1));
  BlockInput<Exec> input;
  Reused<double, Exec> memory;
  for (int first = 0; first < ntotal; first += most) {
    PatchShape whole;
    whole.nspec = std::min(most, ntotal - first);
    whole.nwave = nw;
    Traces traces = trace_fibers(psf, specmin + first, whole.nspec, wave);
    const PixelWindow window = window_of(psf, traces);
    count_from(window, traces);
    input.load_spots(exec, host_psf, traces, window);
    const HostView<const double**> flux(photons.row(static_cast<std::size_t>(first)).data(), whole.nspec, nw);
    const auto light = memory.shaped<DeviceView<double**, Exec>>("zspex::simulate::light", window.ny, window.stride);
    project_block<Exec>(exec, input.data(), whole, flux, light);
    fence(exec, "host adds the light of a block of fibers");
    for (int row = 0; row < window.ny; ++row)
      for (int column = 0; column < window.nx; ++column) {
        const int iy = row + window.y0, ix = column + window.x0;
        if (iy >= 0 && iy < ny && ix >= 0 && ix < nx) image(iy, ix) += light(row, column);
      }
  }
}

}  // namespace zspex::kernels
