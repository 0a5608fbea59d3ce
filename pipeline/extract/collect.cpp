#include "pipeline/extract/collect.hpp"

#include <span>

#include "pipeline/comm/gather.hpp"

namespace zspex::pipeline {
namespace {

/// What travels of a unit, in this order: first the facts, which say where the rest goes.
enum Kind : std::uint64_t { kFacts, kFlux, kIvar, kMask, kResolution, kChi2pix, kScores, kModel, kKinds };

/// Plain numbers for the way.
struct PackedFacts {
  kernels::ExtractUnit unit;
  UnitFacts facts;
};

template <class Container>
std::span<const std::byte> bytes_of(const Container& values) {
  return std::as_bytes(std::span(values.data(), values.size()));
}

/// The rows of a unit within an array of all fibers.
template <class Container>
std::span<std::byte> rows_of(Container& all, std::size_t nfiber, const kernels::ExtractUnit& unit, int first_fiber) {
  const std::size_t stride = all.size() / nfiber;
  return std::as_writable_bytes(std::span(all.data() + static_cast<std::size_t>(unit.ispec - first_fiber) * stride,
                                          static_cast<std::size_t>(unit.nspec) * stride));
}

/// Puts arriving parts where they belong in a frame.
class Placer {
 public:
  explicit Placer(FrameSpectra& frame) : frame_(frame), nfiber_(frame.flux.extent(0)) {}

  std::span<std::byte> place(std::uint64_t index, std::size_t nbytes) {
    switch (index % kKinds) {
      case kFacts:
        return std::as_writable_bytes(std::span(&packed_, 1));
      case kFlux:
        return rows(frame_.flux);
      case kIvar:
        return rows(frame_.ivar);
      case kMask:
        return rows(frame_.mask);
      case kResolution:
        return rows(frame_.resolution);
      case kChi2pix:
        return rows(frame_.chi2pix);
      case kScores:
        return rows(frame_.scores);
      default:
        model_.resize(nbytes / sizeof(float));
        return std::as_writable_bytes(std::span(model_));
    }
  }

  void placed(std::uint64_t index) {
    if (index % kKinds == kFacts) {
      if (first_fiber_ < 0) first_fiber_ = packed_.unit.ispec;  // units come in order
      sum_.npatch += packed_.facts.npatch;
      sum_.nretried += packed_.facts.nretried;
      sum_.nfailed += packed_.facts.nfailed;
    }
    if (index % kKinds == kModel) add_model();
  }

  const UnitFacts& sum() const { return sum_; }

 private:
  template <class Container>
  std::span<std::byte> rows(Container& all) {
    return rows_of(all, nfiber_, packed_.unit, first_fiber_);
  }
  void add_model() {
    if (model_.empty() || frame_.model.empty()) return;
    const std::size_t ny = frame_.model.extent(0), ncolumn = model_.size() / ny;
    for (std::size_t iy = 0; iy < ny; ++iy) {
      float* to = frame_.model.row(iy).data() + packed_.facts.model_x;
      const float* from = model_.data() + iy * ncolumn;
      for (std::size_t ix = 0; ix < ncolumn; ++ix) to[ix] += from[ix];
    }
  }

  FrameSpectra& frame_;
  std::size_t nfiber_;
  int first_fiber_ = -1;
  PackedFacts packed_;
  UnitFacts sum_;
  std::vector<float> model_;
};

}  // namespace

FrameSpectra room_for(const FrameJob& job) {
  FrameSpectra frame(static_cast<std::size_t>(job.settings.nspec), 2 * static_cast<std::size_t>(job.psf.hsizey) + 1,
                     job.settings.wave.size());
  if (job.settings.model != kernels::ModelKind::none) {
    frame.model = Array2<float>({static_cast<std::size_t>(job.ny), static_cast<std::size_t>(job.nx)});
  }
  return frame;
}

UnitFacts gather_units(const comm::Communicator& group, std::vector<UnitSpectra> mine, FrameSpectra* frame) {
  std::vector<PackedFacts> packed;
  packed.reserve(mine.size());
  std::vector<comm::Part> parts;
  for (const UnitSpectra& unit : mine) {
    packed.push_back({unit.unit, unit.facts});
    const std::uint64_t first = unit.index * kKinds;
    parts.push_back({first + kFacts, std::as_bytes(std::span(&packed.back(), 1))});
    parts.push_back({first + kFlux, bytes_of(unit.flux)});
    parts.push_back({first + kIvar, bytes_of(unit.ivar)});
    parts.push_back({first + kMask, bytes_of(unit.mask)});
    parts.push_back({first + kResolution, bytes_of(unit.resolution)});
    parts.push_back({first + kChi2pix, bytes_of(unit.chi2pix)});
    parts.push_back({first + kScores, bytes_of(unit.scores)});
    parts.push_back({first + kModel, bytes_of(unit.model)});
  }
  if (!frame) {
    comm::gather(group, parts, {});
    return {};
  }
  Placer placer(*frame);
  comm::gather(
      group, parts, [&](std::uint64_t index, std::size_t nbytes) { return placer.place(index, nbytes); },
      [&](std::uint64_t index) { placer.placed(index); });
  return placer.sum();
}

}  // namespace zspex::pipeline
