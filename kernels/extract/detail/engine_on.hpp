/// \file
/// The engine of one execution space behind the interface of all.
#pragma once

#include "kernels/extract/detail/unit_engine.hpp"
#include "kernels/extract/engine.hpp"

namespace zspex::kernels::detail {

template <class Exec>
class EngineOn final : public UnitEngine {
 public:
  EngineOn(const Psf& psf, const ExtractSettings& settings) : engine_(psf, settings) {}

  ExtractedUnit extract(const Image& image, const ExtractUnit& unit) override { return engine_.extract(image, unit); }

  Extractor::Memory memory(const ExtractUnit& unit) const override {
    const std::size_t nbytes = engine_.memory(unit);
    if (on_host<Exec>) return {nbytes, 0};
    return {nbytes / 8, nbytes};
  }

 private:
  Engine<Exec> engine_;
};

}  // namespace zspex::kernels::detail
