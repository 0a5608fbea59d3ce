/// \file
/// The extraction on one execution space. In the order of the work: plan (unit_plan.hpp), bring pixels and spots
/// (unit_input.hpp), solve (solver.hpp: normal.hpp, factor.hpp, resolution.hpp, residuals.hpp), bring the results
/// (unit_output.hpp).
#pragma once

#include <map>
#include <tuple>

#include "kernels/extract/extract.hpp"
#include "kernels/extract/solver.hpp"
#include "kernels/extract/unit_input.hpp"
#include "kernels/extract/unit_output.hpp"

namespace zspex::kernels {

template <class Exec>
class Engine final : public Extractor {
 public:
  Engine(const Psf& psf, const ExtractSettings& settings) : psf_(psf), settings_(settings) {
    for (Exec& stream : make_streams<Exec>(on_host<Exec> ? 1 : 2)) lanes_.push_back(Lane(std::move(stream), settings_));
    device_psf_ = psf_on_device<Exec>(lanes_.front().exec, psf_);
  }

  int depth() const override { return static_cast<int>(lanes_.size()); }

  void start(const Image& image, const ExtractUnit& unit) override {
    Lane& lane = lanes_[nstarted_ % lanes_.size()];
    lane.image = image;
    lane.unit = unit;
    run(lane, settings_.solver);
    ++nstarted_;
  }

  ExtractedUnit finish() override {
    Lane& lane = lanes_[nfinished_++ % lanes_.size()];
    ExtractedUnit out = empty_unit(lane.unit);
    if (lane.plan->dark) {
      leave_dark(psf_, settings_.model != ModelKind::none, out);
      return out;
    }
    const Region region("zspex::extract::finish");
    fence(lane.exec, "host reads the results of a unit");
    if (!lane.solver.whole_is_solved()) {
      run(lane, SolverKind::patch);
      fence(lane.exec, "host reads the results of a unit");
    }
    if (lane.solver.retry(lane.exec, out)) {
      lane.output.to_host(lane.exec);
      fence(lane.exec, "host reads the results of a second try");
    }
    lane.output.collect(out);
    if (settings_.model != ModelKind::none)
      lane.output.project(lane.exec, psf_, settings_, *lane.plan, lane.input.data(), out);
    return out;
  }

  Memory memory(bool fine) const override {
    const int stride = spot_stride(psf_.nspotx());
    ArrayBytes most;
    std::size_t plans = 0;
    const auto count = [&](const UnitPlan& plan, const ArrayBytes& beside) {
      plans = on_host<Exec> ? std::max(plans, plan.bytes()) : plans + plan.bytes();
      ArrayBytes bytes = UnitInput<Exec>::bytes(psf_, plan);
      bytes += Solver<Exec>::bytes(lanes_.front().exec, settings_, plan, stride);
      bytes += UnitOutput<Exec>::bytes(psf_, settings_, plan);
      bytes += beside;
      most = {std::max(most.mirrored, bytes.mirrored), std::max(most.own, bytes.own)};
    };
    for (const ExtractUnit& unit : plan_units(settings_, fine)) {
      const UnitPlan plan = plan_unit(psf_, settings_, unit, settings_.solver);
      if (plan.dark) continue;
      count(plan, {});
      if (plan.whole)  // it may not be positive definite; its arrays stay while patches take its place
        count(plan_unit(psf_, settings_, unit, SolverKind::patch), Solver<Exec>::bytes_of_whole(plan, stride));
    }
    if constexpr (on_host<Exec>) return {plans + most.mirrored + most.own, 0};
    return {plans + lanes_.size() * most.mirrored, lanes_.size() * (most.mirrored + most.own)};
  }

 private:
  /// A unit in work: its stream and arrays.
  struct Lane {
    Exec exec;
    Image image;
    ExtractUnit unit;
    const UnitPlan* plan = nullptr;
    UnitInput<Exec> input;
    Solver<Exec> solver;
    UnitOutput<Exec> output;

    Lane(Exec stream, const ExtractSettings& settings) : exec(std::move(stream)), solver(settings) {}
  };

  void run(Lane& lane, SolverKind solver) {
    const Region region("zspex::extract::unit");
    lane.plan = &plan_of(lane.unit, solver);
    if (lane.plan->dark) return;
    lane.input.load(lane.exec, device_psf_, *lane.plan, lane.image);
    const auto& results =
        lane.output.make_room(lane.unit.nspec, psf_.nspoty(), settings_.wave.size(), with_deconvolved());
    lane.solver.start(lane.exec, *lane.plan, lane.input.data(), results);
    lane.output.to_host(lane.exec);
  }

  const UnitPlan& plan_of(const ExtractUnit& unit, SolverKind solver) {
    const auto key = std::make_tuple(unit.ispec, unit.nspec, solver);
    const auto known = plans_.find(key);
    if (known != plans_.end()) return known->second;
    if constexpr (on_host<Exec>) plans_.clear();  // a hundredth of the work there, but tens of MB
    return plans_.emplace(key, plan_unit(psf_, settings_, unit, solver)).first->second;
  }

  bool with_deconvolved() const { return settings_.model == ModelKind::deconvolved; }

  /// A unit before it has results, with the bins that have no trace.
  ExtractedUnit empty_unit(const ExtractUnit& unit) const {
    const std::size_t ns = unit.nspec, nw = settings_.wave.size();
    ExtractedUnit out;
    out.unit = unit;
    out.failed = out.untraced = Array2<std::uint8_t>({ns, nw});
    for (const TraceFault& fault : psf_.faults) {
      if (fault.ispec < unit.ispec || fault.ispec >= unit.ispec + unit.nspec) continue;
      for (std::size_t w = 0; w < nw; ++w)
        if (fault.holds(settings_.wave[w])) out.untraced(fault.ispec - unit.ispec, w) = 1;
    }
    return out;
  }

  Psf psf_;
  ExtractSettings settings_;
  PsfOnDevice<Exec> device_psf_;
  std::map<std::tuple<int, int, SolverKind>, UnitPlan> plans_;
  std::vector<Lane> lanes_;
  std::size_t nstarted_ = 0, nfinished_ = 0;
};

}  // namespace zspex::kernels
