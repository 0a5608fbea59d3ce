/// \file
/// From results on the device to a block's spectra on the host, and its model image.
#pragma once

#include "kernels/extract/detail/block_plan.hpp"
#include "kernels/extract/detail/residuals.hpp"

namespace zspex::kernels::detail {

/// A bin without data: all zero, but for the diagonal of R.
inline void clear_bin(ExtractedBlock& out, std::size_t s, std::size_t w) {
  out.flux(s, w) = out.ivar(s, w) = out.chi2pix(s, w) = 0;
  const std::size_t ndiag = out.resolution.extent(1);
  for (std::size_t k = 0; k < ndiag; ++k) out.resolution(s, k, w) = k == ndiag / 2 ? 1.0 : 0.0;
}

/// A block without data.
inline void leave_dark(const Psf& psf, bool with_model, ExtractedBlock& out) {
  const std::size_t ns = out.failed.extent(0), nw = out.failed.extent(1);
  out.flux = out.ivar = out.chi2pix = Array2<double>({ns, nw});
  out.pixmask_fraction = Array2<double>({ns, nw}, 1.0);
  out.resolution = Array3<double>({ns, static_cast<std::size_t>(psf.nspoty()), nw});
  for (std::size_t s = 0; s < ns; ++s)
    for (std::size_t w = 0; w < nw; ++w) clear_bin(out, s, w);
  if (with_model) out.model = Array2<float>({static_cast<std::size_t>(psf.npix_y), 0});
}

template <class Exec>
class BlockOutput {
 public:
  /// Memory for a block's results, which the kernels write. Nothing may be at work with the last one.
  const BlockResults<Exec>& make_room(std::size_t ns, std::size_t nd, std::size_t nw, bool deconvolved) {
    using View2 = DeviceView<double**, Exec>;
    nbin_ = ns * nw;
    memory_.resize("zspex::extract::results", doubles(ns, nd, nw, deconvolved));
    const auto array = [&](std::size_t i) { return memory_.template shaped<View2>(i * nbin_, ns, nw); };
    results_ = {array(0),
                array(1),
                array(2),
                array(3),
                memory_.template shaped<DeviceView<double***, Exec>>(4 * nbin_, ns, nd, nw),
                View2()};
    if (deconvolved) results_.deconvolved = array(4 + nd);
    return results_;
  }

  /// Starts to bring the results to the host.
  void to_host(const Exec& exec) const { memory_.to_host(exec); }

  /// The results, after a fence. Bins that failed, or whose trace can't be used, keep nothing of what the solver left.
  void collect(ExtractedBlock& out) const {
    const std::size_t ns = out.failed.extent(0), nw = out.failed.extent(1), nd = results_.resolution.extent(1);
    for (Array2<double>* values : {&out.flux, &out.ivar, &out.chi2pix, &out.pixmask_fraction})
      *values = Array2<double>({ns, nw});
    out.resolution = Array3<double>({ns, nd, nw});
    const double* const from = memory_.host();
    std::copy_n(from, nbin_, out.flux.data());
    std::copy_n(from + nbin_, nbin_, out.ivar.data());
    std::copy_n(from + 2 * nbin_, nbin_, out.chi2pix.data());
    std::copy_n(from + 4 * nbin_, nbin_ * nd, out.resolution.data());
    for (std::size_t i = 0; i < nbin_; ++i) {
      const double good = from[3 * nbin_ + i];
      out.pixmask_fraction.data()[i] = good > 0 ? std::max(0.0, 1 - good) : 1.0;
    }
    for (std::size_t s = 0; s < ns; ++s)
      for (std::size_t w = 0; w < nw; ++w)
        if (out.failed(s, w) || out.untraced(s, w)) clear_bin(out, s, w);
  }

  /// The image of the block's own fibers and bins: A f~, or A f. After collect(); fences.
  void project(const Exec& exec, const Psf& psf, const ExtractSettings& settings, const BlockPlan& plan,
               const BlockData<Exec>& data, ExtractedBlock& out) {
    const Region region("zspex::extract::model");
    using View2 = DeviceView<double**, Exec>;
    PatchShape whole;
    whole.ispec = plan.block.ispec - plan.traces.ispec;
    whole.nspec = plan.block.nspec;
    whole.iwave = settings.wavepad;
    whole.nwave = static_cast<int>(settings.wave.size());
    flux_.resize("zspex::extract::model_flux", nbin_);
    const bool deconvolved = settings.model == ModelKind::deconvolved;
    const double* const f = memory_.host() + (4 + results_.resolution.extent(1)) * nbin_;
    for (std::size_t i = 0; i < nbin_; ++i) {
      const bool lost = out.failed.data()[i] || out.untraced.data()[i];
      flux_.host()[i] = !deconvolved ? out.flux.data()[i] : lost ? 0.0 : f[i];
    }
    flux_.to_device(exec);
    const PixelWindow& window = plan.window;
    image_.resize("zspex::extract::model_image", static_cast<std::size_t>(window.ny) * window.stride);
    project_block<Exec>(exec, data, whole, flux_.template shaped<View2>(0, whole.nspec, whole.nwave),
                        image_.template shaped<View2>(0, window.ny, window.stride));
    image_.to_host(exec);
    fence(exec, "host reads the model image");
    cut_model(psf, window, out);
  }

  static ArrayBytes bytes(const Psf& psf, const ExtractSettings& settings, const BlockPlan& plan) {
    const std::size_t ns = plan.block.nspec, nw = settings.wave.size(), nd = psf.nspoty();
    std::size_t n = doubles(ns, nd, nw, settings.model == ModelKind::deconvolved);
    if (settings.model != ModelKind::none) n += ns * nw + static_cast<std::size_t>(plan.window.ny) * plan.window.stride;
    return {n * sizeof(double), 0};
  }

 private:
  static std::size_t doubles(std::size_t ns, std::size_t nd, std::size_t nw, bool deconvolved) {
    return ns * nw * (4 + nd + (deconvolved ? 1 : 0));
  }

  /// The part of the window that is on the CCD.
  void cut_model(const Psf& psf, const PixelWindow& window, ExtractedBlock& out) const {
    const int x0 = std::max(0, window.x0), x1 = std::min(psf.npix_x, window.x0 + window.nx);
    out.model_x = x0;
    out.model = Array2<float>({static_cast<std::size_t>(psf.npix_y), static_cast<std::size_t>(std::max(0, x1 - x0))});
    for (int y = std::max(0, window.y0); y < std::min(psf.npix_y, window.y0 + window.ny); ++y) {
      const double* const row = image_.host() + static_cast<std::size_t>(y - window.y0) * window.stride;
      for (int x = x0; x < x1; ++x) out.model(y, x - x0) = static_cast<float>(row[x - window.x0]);
    }
  }

  std::size_t nbin_ = 0;
  BlockResults<Exec> results_;
  Mirrored<double, Exec> memory_, flux_, image_;
};

}  // namespace zspex::kernels::detail
