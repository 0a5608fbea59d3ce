#include "pipeline/extract/absurd_pixels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/format.hpp"

namespace zspex::pipeline {
namespace {

constexpr double no_bound = std::numeric_limits<double>::infinity();
constexpr std::size_t most_named = 3;  // pixels named in a message; the others are counted

bool is_usable(const io::Preproc& frame, std::size_t i, std::uint32_t unusable) {
  const float ivar = frame.ivar.data()[i];
  return (frame.mask.data()[i] & unusable) == 0 && std::isfinite(ivar) && ivar > 0 &&
         std::isfinite(frame.image.data()[i]);
}

/// Electrons; 0 when the header has none.
double header_read_noise(const io::Header& header) {
  double least = 0;
  for (const char* key : {"RDNOISE", "OBSRDNA", "OBSRDNB", "OBSRDNC", "OBSRDND"}) {
    const double noise = header.number(key).value_or(0);
    if (std::isfinite(noise) && noise > 0 && (least == 0 || noise < least)) least = noise;
  }
  return least;
}

/// The noise that 1 usable pixel in 100 falls below, electrons.
double least_noise(const io::Preproc& frame, std::uint32_t unusable) {
  std::vector<float> ivar;
  for (std::size_t i = 0; i < frame.ivar.size(); ++i) {
    if (is_usable(frame, i, unusable)) ivar.push_back(frame.ivar.data()[i]);
  }
  if (ivar.empty()) return 0;
  const auto at = ivar.begin() + static_cast<std::ptrdiff_t>(ivar.size() - 1 - ivar.size() / 100);
  std::nth_element(ivar.begin(), at, ivar.end());
  return 1 / std::sqrt(static_cast<double>(*at));
}

/// Pixels of one kind, the first few by name.
class Named {
 public:
  void add(const io::Preproc& frame, std::size_t i) {
    if (count_++ >= static_cast<std::int64_t>(most_named)) return;
    const std::size_t nx = frame.image.extent(1);
    names_ += fmt::format("{}row {}, column {} (image {:.3g}, ivar {:.3g})", names_.empty() ? "" : "; ", i / nx, i % nx,
                          frame.image.data()[i], frame.ivar.data()[i]);
  }
  std::int64_t count() const { return count_; }
  std::string told(const std::string& path, const std::string& what, const std::string& option) const {
    return fmt::format("{}: {} {} {}; {} as masked: {}{}. The bound is set by {}", path, count_,
                       count_ == 1 ? "pixel" : "pixels", what, count_ == 1 ? "it counts" : "they count", names_,
                       count_ > static_cast<std::int64_t>(most_named) ? "; ..." : "", option);
  }

 private:
  std::int64_t count_ = 0;
  std::string names_;
};

}  // namespace

AbsurdPixels mask_absurd_pixels(io::Preproc& frame, const config::ExtractConfig& config, std::uint32_t unusable) {
  const double part = config.min_pixel_noise, most = config.max_pixel_snr > 0 ? config.max_pixel_snr : no_bound;
  const bool by_pixel = !frame.readnoise.empty();
  double common = 0;
  if (part > 0 && !by_pixel) common = header_read_noise(frame.header);
  if (part > 0 && !by_pixel && common == 0) common = least_noise(frame, unusable);
  Named low_noise, high_snr;
  for (std::size_t i = 0; i < frame.ivar.size(); ++i) {
    if (!is_usable(frame, i, unusable)) continue;
    const double ivar = frame.ivar.data()[i], image = frame.image.data()[i];
    const double read_noise = by_pixel && std::isfinite(frame.readnoise.data()[i]) ? frame.readnoise.data()[i] : common;
    const double least = read_noise > 0 ? part * read_noise : 0;
    const bool low = ivar * least * least > 1, high = !low && image * image * ivar > most * most;
    if (!low && !high) continue;
    (low ? low_noise : high_snr).add(frame, i);
    frame.ivar.data()[i] = 0;
  }
  AbsurdPixels found{low_noise.count(), high_snr.count(), {}};
  if (found.nlow_noise > 0) {
    found.warnings.push_back(
        low_noise.told(frame.path + "[IVAR]", "with an ivar beyond what the read noise allows", "min_pixel_noise"));
  }
  if (found.nhigh_snr > 0) {
    found.warnings.push_back(
        high_snr.told(frame.path + "[IMAGE]", "with a signal far above what a detector can hold", "max_pixel_snr"));
  }
  return found;
}

}  // namespace zspex::pipeline
