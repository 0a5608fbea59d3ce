#include "kernels/extract/detail/window_pixels.hpp"

#include <algorithm>
#include <cmath>

namespace zspex::kernels::detail {

void load_pixels(const Image& image, const PixelWindow& window, double* pixels, double* ivar) {
  const std::size_t npixel = static_cast<std::size_t>(window.ny) * window.stride;
  std::fill_n(pixels, npixel, 0.0);
  std::fill_n(ivar, npixel, 0.0);
  const int x_begin = std::max(0, -window.x0), x_end = std::min(window.nx, image.nx - window.x0);
  const int y_begin = std::max(0, -window.y0), y_end = std::min(window.ny, image.ny - window.y0);
  for (int y = y_begin; y < y_end; ++y)
    for (int x = x_begin; x < x_end; ++x) {
      const std::size_t at = static_cast<std::size_t>(y + window.y0) * image.nx + (x + window.x0);
      const float value = image.image[at], weight = image.ivar[at];
      if (image.mask && (image.mask[at] & image.unusable)) continue;
      if (!(weight > 0) || !std::isfinite(weight) || !std::isfinite(value)) continue;
      const std::size_t to = static_cast<std::size_t>(y) * window.stride + x;
      pixels[to] = value;
      ivar[to] = weight;
    }
}

}  // namespace zspex::kernels::detail
