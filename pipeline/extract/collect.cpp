#include "pipeline/extract/collect.hpp"

#include <span>

#include "pipeline/comm/gather.hpp"

namespace zspex::pipeline {
namespace {

/// What travels of a block, in this order: first the facts, which say where the rest goes.
enum Kind : std::uint64_t {
  facts_kind,
  flux_kind,
  ivar_kind,
  mask_kind,
  resolution_kind,
  chi2pix_kind,
  scores_kind,
  model_kind,
  nkind
};

/// Plain numbers for the way.
struct PackedFacts {
  kernels::FiberBlock block;
  kernels::BlockFacts facts;
};

template <class Container>
std::span<const std::byte> bytes_of(const Container& values) {
  return std::as_bytes(std::span(values.data(), values.size()));
}

/// The rows of a block within an array of all fibers.
template <class Container>
std::span<std::byte> rows_of(Container& all, std::size_t nfiber, const kernels::FiberBlock& block, int first_fiber) {
  const std::size_t stride = all.size() / nfiber;
  return std::as_writable_bytes(std::span(all.data() + static_cast<std::size_t>(block.ispec - first_fiber) * stride,
                                          static_cast<std::size_t>(block.nspec) * stride));
}

/// Puts arriving parts where they belong in a frame.
class Placer {
 public:
  explicit Placer(FrameSpectra& frame) : frame_(frame), nfiber_(frame.flux.extent(0)) {}

  std::span<std::byte> place(std::uint64_t index, std::size_t nbytes) {
    switch (index % nkind) {
      case facts_kind:
        return std::as_writable_bytes(std::span(&packed_, 1));
      case flux_kind:
        return rows(frame_.flux);
      case ivar_kind:
        return rows(frame_.ivar);
      case mask_kind:
        return rows(frame_.mask);
      case resolution_kind:
        return rows(frame_.resolution);
      case chi2pix_kind:
        return rows(frame_.chi2pix);
      case scores_kind:
        return rows(frame_.scores);
      default:
        model_.resize(nbytes / sizeof(float));
        return std::as_writable_bytes(std::span(model_));
    }
  }

  void placed(std::uint64_t index) {
    if (index % nkind == facts_kind) {
      if (first_fiber_ < 0) first_fiber_ = packed_.block.ispec;  // blocks come in order
      sum_.npatch += packed_.facts.npatch;
      sum_.nretried += packed_.facts.nretried;
      sum_.nfailed += packed_.facts.nfailed;
    }
    if (index % nkind == model_kind) add_model();
  }

  const kernels::BlockFacts& sum() const { return sum_; }

 private:
  template <class Container>
  std::span<std::byte> rows(Container& all) {
    return rows_of(all, nfiber_, packed_.block, first_fiber_);
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
  kernels::BlockFacts sum_;
  std::vector<float> model_;
};

}  // namespace

FrameSpectra allocate_spectra(const FrameJob& job) {
  FrameSpectra frame(static_cast<std::size_t>(job.settings.nspec), 2 * static_cast<std::size_t>(job.psf.hsizey) + 1,
                     job.settings.wave.size());
  if (job.settings.model != kernels::ModelKind::none) {
    frame.model = Array2<float>({static_cast<std::size_t>(job.ny), static_cast<std::size_t>(job.nx)});
  }
  return frame;
}

kernels::BlockFacts gather_blocks(const comm::Communicator& group, std::vector<kernels::BlockSpectra> mine,
                                  FrameSpectra* frame) {
  std::vector<PackedFacts> packed;
  packed.reserve(mine.size());
  std::vector<comm::Part> parts;
  for (const kernels::BlockSpectra& block : mine) {
    packed.push_back({block.block, block.facts});
    const std::uint64_t first = block.index * nkind;
    parts.push_back({first + facts_kind, std::as_bytes(std::span(&packed.back(), 1))});
    parts.push_back({first + flux_kind, bytes_of(block.flux)});
    parts.push_back({first + ivar_kind, bytes_of(block.ivar)});
    parts.push_back({first + mask_kind, bytes_of(block.mask)});
    parts.push_back({first + resolution_kind, bytes_of(block.resolution)});
    parts.push_back({first + chi2pix_kind, bytes_of(block.chi2pix)});
    parts.push_back({first + scores_kind, bytes_of(block.scores)});
    parts.push_back({first + model_kind, bytes_of(block.model)});
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
