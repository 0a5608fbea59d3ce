/// \file
/// The extraction on one execution space. In the order of the work: plan (block_plan.hpp), bring pixels and spots
/// (block_input.hpp), solve (solver.hpp: normal.hpp, factor.hpp, resolution.hpp, residuals.hpp), bring the results
/// (block_output.hpp).
#pragma once

#include <map>
#include <tuple>

#include "kernels/extract/detail/block_input.hpp"
#include "kernels/extract/detail/block_output.hpp"
#include "kernels/extract/detail/solver.hpp"
#include "kernels/extract/extract.hpp"

namespace zspex::kernels::detail {

template <class Exec>
class ExtractBackend final : public Extractor {
 public:
  ExtractBackend(const Psf& psf, const ExtractSettings& settings) : psf_(psf), settings_(settings) {
    for (Exec& instance : make_streams<Exec>(on_host<Exec> ? 1 : 2))
      streams_.push_back(Stream(std::move(instance), settings_));
    device_psf_ = psf_on_device<Exec>(streams_.front().exec, psf_);
  }

  int depth() const override { return static_cast<int>(streams_.size()); }

  void start(const Image& image, const FiberBlock& block) override {
    Stream& stream = streams_[nstarted_ % streams_.size()];
    stream.image = image;
    stream.block = block;
    run(stream, settings_.solver);
    ++nstarted_;
  }

  ExtractedBlock finish() override {
    Stream& stream = streams_[nfinished_++ % streams_.size()];
    ExtractedBlock out = empty_block(stream.block);
    if (stream.plan->dark) {
      leave_dark(psf_, settings_.model != ModelKind::none, out);
      return out;
    }
    const Region region("zspex::extract::finish");
    fence(stream.exec, "host reads the results of a block");
    if (!stream.solver.whole_is_solved()) {
      run(stream, SolverKind::patch);
      fence(stream.exec, "host reads the results of a block");
    }
    if (stream.solver.retry(stream.exec, out)) {
      stream.output.to_host(stream.exec);
      fence(stream.exec, "host reads the results of a second try");
    }
    stream.output.collect(out);
    if (settings_.model != ModelKind::none)
      stream.output.project(stream.exec, psf_, settings_, *stream.plan, stream.input.data(), out);
    return out;
  }

  Memory memory(bool fine) const override {
    const int stride = spot_stride(psf_.nspotx());
    ArrayBytes most;
    std::size_t plans = 0;
    const auto count = [&](const BlockPlan& plan, const ArrayBytes& beside) {
      plans = on_host<Exec> ? std::max(plans, plan.bytes()) : plans + plan.bytes();
      ArrayBytes bytes = BlockInput<Exec>::bytes(psf_, plan);
      bytes += Solver<Exec>::bytes(streams_.front().exec, settings_, plan, stride);
      bytes += BlockOutput<Exec>::bytes(psf_, settings_, plan);
      bytes += beside;
      most = {std::max(most.mirrored, bytes.mirrored), std::max(most.own, bytes.own)};
    };
    for (const FiberBlock& block : plan_blocks(settings_, fine)) {
      const BlockPlan plan = plan_block(psf_, settings_, block, settings_.solver);
      if (plan.dark) continue;
      count(plan, {});
      if (plan.whole)  // it may not be positive definite; its arrays stay while patches take its place
        count(plan_block(psf_, settings_, block, SolverKind::patch), Solver<Exec>::bytes_of_whole(plan, stride));
    }
    if constexpr (on_host<Exec>) return {plans + most.mirrored + most.own, 0};
    return {plans + streams_.size() * most.mirrored, streams_.size() * (most.mirrored + most.own)};
  }

 private:
  /// A block in work: its stream and arrays.
  struct Stream {
    Exec exec;
    Image image;
    FiberBlock block;
    const BlockPlan* plan = nullptr;
    BlockInput<Exec> input;
    Solver<Exec> solver;
    BlockOutput<Exec> output;

    Stream(Exec instance, const ExtractSettings& settings) : exec(std::move(instance)), solver(settings) {}
  };

  void run(Stream& stream, SolverKind solver) {
    const Region region("zspex::extract::block");
    stream.plan = &plan_of(stream.block, solver);
    if (stream.plan->dark) return;
    stream.input.load(stream.exec, device_psf_, *stream.plan, stream.image);
    const auto& results =
        stream.output.make_room(stream.block.nspec, psf_.nspoty(), settings_.wave.size(), with_deconvolved());
    stream.solver.start(stream.exec, *stream.plan, stream.input.data(), results);
    stream.output.to_host(stream.exec);
  }

  const BlockPlan& plan_of(const FiberBlock& block, SolverKind solver) {
    const auto key = std::make_tuple(block.ispec, block.nspec, solver);
    const auto known = plans_.find(key);
    if (known != plans_.end()) return known->second;
    if constexpr (on_host<Exec>) plans_.clear();  // a hundredth of the work there, but tens of MB
    return plans_.emplace(key, plan_block(psf_, settings_, block, solver)).first->second;
  }

  bool with_deconvolved() const { return settings_.model == ModelKind::deconvolved; }

  /// A block before it has results, with the bins that have no trace.
  ExtractedBlock empty_block(const FiberBlock& block) const {
    const std::size_t ns = block.nspec, nw = settings_.wave.size();
    ExtractedBlock out;
    out.block = block;
    out.failed = out.untraced = Array2<std::uint8_t>({ns, nw});
    for (const TraceFault& fault : psf_.faults) {
      if (fault.ispec < block.ispec || fault.ispec >= block.ispec + block.nspec) continue;
      for (std::size_t w = 0; w < nw; ++w)
        if (fault.holds(settings_.wave[w])) out.untraced(fault.ispec - block.ispec, w) = 1;
    }
    return out;
  }

  Psf psf_;
  ExtractSettings settings_;
  PsfOnDevice<Exec> device_psf_;
  std::map<std::tuple<int, int, SolverKind>, BlockPlan> plans_;
  std::vector<Stream> streams_;
  std::size_t nstarted_ = 0, nfinished_ = 0;
};

}  // namespace zspex::kernels::detail
