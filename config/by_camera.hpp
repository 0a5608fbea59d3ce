/// \file
/// Settings that differ by camera: one value for all, one for each band, or a rule that finds it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace zspex::config {

/// Where a value comes from that is not given.
enum class CameraRule {
  automatic,  ///< DESI's production for DESI's cameras, the PSF file for others
  desi,       ///< DESI's production
  psf         ///< the PSF file, as the reference programs do without an option
};

/// The band of one of DESI's cameras, b0 to b9, r0 to r9, z0 to z9; 0 for any other.
inline char desi_band(const std::string& camera) {
  const bool known = camera.size() == 2 && std::string("brz").find(camera[0]) != std::string::npos &&
                     camera[1] >= '0' && camera[1] <= '9';
  return known ? camera[0] : '\0';
}

/// Written as a rule's name, as a value, or as values of bands: "b:0.04,r:0.01" or {b: 0.04, r: 0.01}.
template <class T>
class ByCamera {
 public:
  ByCamera(CameraRule rule = CameraRule::automatic) : rule_(rule) {}
  ByCamera(T value) : all_(std::move(value)) {}
  ByCamera(std::map<char, T> bands) : bands_(std::move(bands)) {}

  /// For cameras without a value.
  CameraRule rule() const { return rule_; }
  /// The value that is given for a camera, if one is.
  std::optional<T> of(const std::string& camera) const {
    const auto band = bands_.find(desi_band(camera));
    return band == bands_.end() ? all_ : std::optional(band->second);
  }
  const std::optional<T>& all() const { return all_; }
  const std::map<char, T>& bands() const { return bands_; }

 private:
  CameraRule rule_ = CameraRule::automatic;
  std::optional<T> all_;
  std::map<char, T> bands_;
};

}  // namespace zspex::config
