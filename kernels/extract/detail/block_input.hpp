/// \file
/// What a block's solver starts from: traces, pixels and spots on the device.
#pragma once

#include "kernels/extract/detail/block_plan.hpp"
#include "kernels/extract/detail/spots.hpp"
#include "kernels/extract/detail/window_pixels.hpp"
#include "kernels/extract/detail/workspace.hpp"

namespace zspex::kernels::detail {

template <class Exec>
class BlockInput {
 public:
  /// Starts to bring a block to the device. Nothing may be at work with the last one.
  void load(const Exec& exec, const PsfOnDevice<Exec>& psf, const BlockPlan& plan, const Image& image) {
    load_window(exec, plan.window, image);
    load_spots(exec, psf, plan.traces, plan.window);
  }
  /// The same without pixels. Corners count from the window's origin.
  void load_spots(const Exec& exec, const PsfOnDevice<Exec>& psf, const Traces& traces, const PixelWindow& window) {
    using View2 = DeviceView<double**, Exec>;
    const int ns = traces.nspec, nw = static_cast<int>(traces.wave.size());
    const std::size_t nbin = traces.corner.size();
    data_.nspotx = psf.nspotx();
    data_.nspoty = psf.nspoty();
    data_.stride = spot_stride(data_.nspotx);
    data_.window = window;
    corner_.resize("zspex::extract::corner", nbin);
    std::copy(traces.corner.begin(), traces.corner.end(), corner_.host());
    corner_.to_device(exec);
    data_.corner = corner_.template shaped<DeviceView<Corner**, Exec>>(0, ns, nw);
    trace_.resize("zspex::extract::trace", nw + 2 * nbin);
    double* const end = std::copy(traces.wave.begin(), traces.wave.end(), trace_.host());
    std::copy(traces.x.begin(), traces.x.end(), end);
    std::copy(traces.y.begin(), traces.y.end(), end + nbin);
    trace_.to_device(exec);
    data_.spots = spots_.template shaped<DeviceView<double****, Exec>>("zspex::extract::spots", ns, nw, data_.nspoty,
                                                                       data_.stride);
    make_spots<Exec>(exec, psf, traces.ispec, trace_.template shaped<DeviceView<double*, Exec>>(0, nw),
                     trace_.template shaped<View2>(nw, ns, nw), trace_.template shaped<View2>(nw + nbin, ns, nw),
                     data_.spots);
  }
  const BlockData<Exec>& data() const { return data_; }

  static ArrayBytes bytes(const Psf& psf, const BlockPlan& plan) {
    const std::size_t nbin = plan.traces.corner.size(), stride = spot_stride(psf.nspotx());
    const std::size_t npixel = static_cast<std::size_t>(plan.window.ny) * plan.window.stride;
    const std::size_t doubles = plan.traces.wave.size() + 2 * nbin + 2 * npixel;
    return {doubles * sizeof(double) + nbin * sizeof(Corner), nbin * psf.nspoty() * stride * sizeof(double)};
  }

 private:
  void load_window(const Exec& exec, const PixelWindow& window, const Image& image) {
    using View2 = DeviceView<double**, Exec>;
    const std::size_t n = static_cast<std::size_t>(window.ny) * window.stride;
    pixels_.resize("zspex::extract::pixels", 2 * n);
    load_pixels(image, window, pixels_.host(), pixels_.host() + n);
    pixels_.to_device(exec);
    data_.pixels = pixels_.template shaped<View2>(0, window.ny, window.stride);
    data_.ivar = pixels_.template shaped<View2>(n, window.ny, window.stride);
  }

  BlockData<Exec> data_;
  Mirrored<double, Exec> pixels_, trace_;
  Mirrored<Corner, Exec> corner_;
  Reused<double, Exec> spots_;
};

}  // namespace zspex::kernels::detail
