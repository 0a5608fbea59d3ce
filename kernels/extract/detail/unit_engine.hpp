/// \file
/// An engine on any execution space; each is compiled in a file of its own.
#pragma once

#include <cstddef>
#include <memory>

#include "kernels/extract/extract.hpp"

namespace zspex::kernels::detail {

class UnitEngine {
 public:
  virtual ~UnitEngine() = default;
  virtual ExtractedUnit extract(const Image& image, const ExtractUnit& unit) = 0;
  /// Bytes that extract() holds for one unit: all on the host, or on the device with mirrors of pixels and results here.
  virtual Extractor::Memory memory(const ExtractUnit& unit) const = 0;
};

std::unique_ptr<UnitEngine> make_host_engine(const Psf& psf, const ExtractSettings& settings);
std::unique_ptr<UnitEngine> make_device_engine(const Psf& psf, const ExtractSettings& settings);

}  // namespace zspex::kernels::detail
