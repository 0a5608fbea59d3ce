/// \file
/// What comes before and after the solvers: spots, pixels, results.
#pragma once

#include "kernels/extract/engine.hpp"

namespace zspex::kernels {

/// Spots of the fibers `spotted` on the padded grid, corners relative to their window, and the window's pixels.
template <class Exec>
void Engine<Exec>::prepare(const Image& image, const ExtractUnit& spotted, int below, int above) {
  traces_ = trace_fibers(psf_, spotted.ispec, spotted.nspec, pad_wave(settings_.wave, settings_.dwave, below, above),
                         settings_.bundlesize);
  const int ns = spotted.nspec, nw = static_cast<int>(traces_.wave.size());
  data_.nspotx = 2 * psf_.hsizex + 1;
  data_.nspoty = 2 * psf_.hsizey + 1;
  data_.stride = spot_stride(data_.nspotx);
  data_.window = window_of(psf_, traces_);

  data_.corner = corner_.template shaped<DeviceView<Corner**, Exec>>("zspex::extract::corner", ns, nw);
  auto corner = Kokkos::create_mirror_view(data_.corner);
  for (int s = 0; s < ns; ++s)
    for (int w = 0; w < nw; ++w)
      corner(s, w) = {traces_.corner(s, w).x - data_.window.x0, traces_.corner(s, w).y - data_.window.y0};
  Kokkos::deep_copy(data_.corner, corner);

  data_.spots =
      spots_.template shaped<DeviceView<double****, Exec>>("zspex::extract::spots", ns, nw, data_.nspoty, data_.stride);
  const auto wave = copy_to_device<double, Exec>("zspex::extract::wave", traces_.wave);
  const auto on_device = [&](const char* label, const Array2<double>& values) {
    DeviceView<double**, Exec> view(Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string(label)), ns, nw);
    Kokkos::deep_copy(
        view,
        Kokkos::View<const double**, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(
            values.data(), ns, nw));
    return view;
  };
  const auto x = on_device("zspex::extract::trace_x", traces_.x), y = on_device("zspex::extract::trace_y", traces_.y);
  make_spots<Exec>(exec_, device_psf_, spotted.ispec, wave, x, y, data_.spots);
  load_pixels(image);
  fence(exec_, "the traces are freed");
}

/// Pixels of the window in double. What is masked, off the CCD or not a number gets ivar = 0 and value 0: it has no say
/// at all.
template <class Exec>
void Engine<Exec>::load_pixels(const Image& image) {
  const PixelWindow& window = data_.window;
  data_.pixels =
      pixels_.template shaped<DeviceView<double**, Exec>>("zspex::extract::pixels", window.ny, window.stride);
  data_.ivar = ivar_.template shaped<DeviceView<double**, Exec>>("zspex::extract::ivar", window.ny, window.stride);
  auto pixels = Kokkos::create_mirror_view(data_.pixels);
  auto ivar = Kokkos::create_mirror_view(data_.ivar);
  for (int y = 0; y < window.ny; ++y) {
    const int row = y + window.y0;
    const bool inside = row >= 0 && row < image.ny;
    for (int x = 0; x < window.stride; ++x) {
      const int column = x + window.x0;
      double value = 0, weight = 0;
      if (inside && column >= 0 && column < image.nx && x < window.nx) {
        const std::size_t at = static_cast<std::size_t>(row) * image.nx + column;
        const bool masked = image.mask && (image.mask[at] & image.unusable);
        if (!masked && image.ivar[at] > 0 && std::isfinite(image.ivar[at]) && std::isfinite(image.image[at])) {
          value = image.image[at];
          weight = image.ivar[at];
        }
      }
      pixels(y, x) = value;
      ivar(y, x) = weight;
    }
  }
  Kokkos::deep_copy(data_.pixels, pixels);
  Kokkos::deep_copy(data_.ivar, ivar);
}

/// A result of each bin to the host.
template <class Exec>
void Engine<Exec>::bring(const DeviceView<double**, Exec>& view, Array2<double>& to) {
  to = Array2<double>({view.extent(0), view.extent(1)});
  Kokkos::deep_copy(
      Kokkos::View<double**, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(
          to.data(), view.extent(0), view.extent(1)),
      view);
}

/// A bin without data: all zero, but for the diagonal of R.
inline void clear_bin(ExtractedUnit& out, std::size_t s, std::size_t w) {
  out.flux(s, w) = out.ivar(s, w) = out.chi2pix(s, w) = 0;
  const std::size_t ndiag = out.resolution.extent(1);
  for (std::size_t k = 0; k < ndiag; ++k) out.resolution(s, k, w) = k == ndiag / 2 ? 1.0 : 0.0;
}

/// Results to the host. Bins that failed, or whose trace can't be used, keep nothing of what the solver left.
template <class Exec>
void Engine<Exec>::collect(ExtractedUnit& out) {
  fence(exec_, "host reads the results of a unit");
  const std::size_t ns = results_.flux.extent(0), nw = results_.flux.extent(1), nd = results_.resolution.extent(1);
  bring(results_.flux, out.flux);
  bring(results_.ivar, out.ivar);
  bring(results_.chi2pix, out.chi2pix);
  bring(results_.good, out.pixmask_fraction);
  out.resolution = Array3<double>({ns, nd, nw});
  Kokkos::deep_copy(
      Kokkos::View<double***, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(
          out.resolution.data(), ns, nd, nw),
      results_.resolution);
  for (double& value : out.pixmask_fraction) value = value > 0 ? std::max(0.0, 1 - value) : 1.0;
  for (std::size_t s = 0; s < ns; ++s)
    for (std::size_t w = 0; w < nw; ++w)
      if (out.failed(s, w) || out.untraced(s, w)) clear_bin(out, s, w);
}

/// Whether all fibers of the unit's bundle are dark: there is nothing to solve.
template <class Exec>
bool Engine<Exec>::is_dark(const ExtractUnit& unit) const {
  const int first = unit.ispec / settings_.bundlesize * settings_.bundlesize;
  for (int ispec = first; ispec < std::min(first + settings_.bundlesize, psf_.nspec); ++ispec)
    if (!psf_.is_dark(ispec)) return false;
  return true;
}

/// A unit without data.
template <class Exec>
void Engine<Exec>::leave_dark(ExtractedUnit& out) const {
  const std::size_t ns = out.unit.nspec, nw = settings_.wave.size();
  out.flux = out.ivar = out.chi2pix = Array2<double>({ns, nw});
  out.pixmask_fraction = Array2<double>({ns, nw}, 1.0);
  out.resolution = Array3<double>({ns, static_cast<std::size_t>(2 * psf_.hsizey + 1), nw});
  for (std::size_t s = 0; s < ns; ++s)
    for (std::size_t w = 0; w < nw; ++w) clear_bin(out, s, w);
  if (settings_.model != ModelKind::none) out.model = Array2<float>({static_cast<std::size_t>(psf_.npix_y), 0});
}

/// The image of the unit's own fibers and bins: A f~, or A f.
template <class Exec>
void Engine<Exec>::project_model(const ExtractUnit& unit, ExtractedUnit& out) {
  PatchShape whole;
  whole.ispec = unit.ispec - traces_.ispec;
  whole.nspec = unit.nspec;
  whole.iwave = settings_.wavepad;
  whole.nwave = static_cast<int>(settings_.wave.size());
  const PixelWindow& window = data_.window;
  const auto image =
      model_.template shaped<DeviceView<double**, Exec>>("zspex::extract::model_image", window.ny, window.stride);
  DeviceView<double**, Exec> flux("zspex::extract::model_flux", unit.nspec, whole.nwave);
  Array2<double> shown = out.flux;
  if (settings_.model == ModelKind::deconvolved) {
    bring(results_.deconvolved, shown);
    for (std::size_t i = 0; i < shown.size(); ++i)
      if (out.failed.data()[i] || out.untraced.data()[i]) shown.data()[i] = 0;
  }
  Kokkos::deep_copy(
      flux,
      Kokkos::View<const double**, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(
          shown.data(), unit.nspec, whole.nwave));
  project_unit<Exec>(exec_, data_, whole, flux, image);
  auto host = Kokkos::create_mirror_view(image);
  Kokkos::deep_copy(host, image);
  const int x0 = std::max(0, window.x0), x1 = std::min(psf_.npix_x, window.x0 + window.nx);
  out.model_x = x0;
  out.model = Array2<float>({static_cast<std::size_t>(psf_.npix_y), static_cast<std::size_t>(std::max(0, x1 - x0))});
  for (int y = std::max(0, window.y0); y < std::min(psf_.npix_y, window.y0 + window.ny); ++y)
    for (int x = x0; x < x1; ++x) out.model(y, x - x0) = static_cast<float>(host(y - window.y0, x - window.x0));
}

template <class Exec>
ExtractedUnit Engine<Exec>::extract(const Image& image, const ExtractUnit& unit) {
  const std::size_t ns = unit.nspec, nw = settings_.wave.size(), nd = 2 * psf_.hsizey + 1;
  ExtractedUnit out;
  out.unit = unit;
  out.failed = out.untraced = Array2<std::uint8_t>({ns, nw});
  for (const TraceFault& fault : psf_.faults) {
    if (fault.ispec < unit.ispec || fault.ispec >= unit.ispec + unit.nspec) continue;
    for (std::size_t w = 0; w < nw; ++w)
      if (fault.holds(settings_.wave[w])) out.untraced(fault.ispec - unit.ispec, w) = 1;
  }
  if (is_dark(unit)) {
    leave_dark(out);
    return out;
  }
  results_.flux = DeviceView<double**, Exec>("zspex::extract::flux", ns, nw);
  results_.ivar = DeviceView<double**, Exec>("zspex::extract::flux_ivar", ns, nw);
  results_.chi2pix = DeviceView<double**, Exec>("zspex::extract::chi2pix", ns, nw);
  results_.good = DeviceView<double**, Exec>("zspex::extract::good_fraction", ns, nw);
  results_.resolution = DeviceView<double***, Exec>("zspex::extract::resolution", ns, nd, nw);
  if (settings_.model == ModelKind::deconvolved)
    results_.deconvolved = DeviceView<double**, Exec>("zspex::extract::unit_flux", ns, nw);

  bool solved = false;
  if (settings_.solver == SolverKind::bundle) {
    prepare(image, unit, settings_.wavepad, settings_.wavepad);
    solved = solve_bundle(unit, out);
  }
  if (!solved) {
    prepare(image, padded_unit(settings_, unit), settings_.wavepad, settings_.wavepad + settings_.nwavestep);
    solve_by_patches(unit, out);
  }
  collect(out);
  if (settings_.model != ModelKind::none) project_model(unit, out);
  return out;
}

}  // namespace zspex::kernels
