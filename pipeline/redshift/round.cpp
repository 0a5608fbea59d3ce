#include "pipeline/redshift/round.hpp"

#include <algorithm>
#include <cmath>

#include "core/format.hpp"
#include "kernels/base/region.hpp"
#include "kernels/redshift/rank_fits.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/make_scanner.hpp"
#include "pipeline/redshift/refine.hpp"

namespace zspex::io {

template <class Archive>
void fields(Archive& archive, Priors& priors) {
  archive(priors.function, priors.targetid, priors.z, priors.sigma);
}

}  // namespace zspex::io

namespace zspex::pipeline {
namespace {

double slowdown(const config::RedshiftConfig& config, int rank) {
  return rank < static_cast<int>(config.slowdown.size()) ? config.slowdown[static_cast<std::size_t>(rank)] : 1;
}

/// The scans of a team's targets from a details file, instead of scanning.
void read_scans(const config::RedshiftConfig& config, const TargetList& targets, std::span<const int> ours,
                const std::vector<kernels::Template>& templates, const ScanStore& store) {
  std::vector<std::int64_t> ids;
  for (const int i : ours) ids.push_back(targets.targetid[static_cast<std::size_t>(i)]);
  for (std::size_t it = 0; it < templates.size(); ++it) {
    const auto& tmpl = templates[it];
    const io::ZscanTable table = io::read_zscan(config.chi2_scan, tmpl.full_type(), ids);
    constexpr double rounding = 1e-12;  // Redrock's powers of ten depend on its numpy
    if (table.zcoeff.extent(2) != static_cast<std::size_t>(tmpl.nbasis()) ||
        !std::equal(table.redshifts.begin(), table.redshifts.end(), tmpl.redshifts.begin(), tmpl.redshifts.end(),
                    [](double a, double b) { return std::fabs(a - b) < rounding; }))
      throw FileError(config.chi2_scan, "/zscan/" + tmpl.full_type(),
                      fmt::format("expected the redshifts and basis vectors of the template ({} x {}), found others. "
                                  "Scan again without --chi2-scan.",
                                  tmpl.redshifts.size(), tmpl.nbasis()));
    const kernels::ScanRows rows = store.rows(static_cast<int>(it));
    std::copy(table.zchi2.begin(), table.zchi2.end(), rows.chi2);
    std::copy(table.penalty.begin(), table.penalty.end(), rows.penalty);
    if (rows.coeff) std::copy(table.zcoeff.begin(), table.zcoeff.end(), rows.coeff);
  }
}

}  // namespace

RoundRunner::RoundRunner(const comm::Communicator& world, const config::RedshiftConfig& config,
                         const RedshiftPlan& plan, const RedshiftOptions& options)
    : world_(world),
      config_(config),
      plan_(plan),
      fitter_(*plan.fitter),
      node_(options.node_of(world)),
      team_(is_dynamic() ? node_.duplicate() : world.split(world.rank())),
      throttle_(slowdown(config, world.rank())),
      times_("redshift", {"start", "plan", "calibrate", "read", "rebin", "scan", "wait for slices", "deal again",
                          "refine", "gather", "write", "whole"}),
      models_(config.model.empty() ? 0 : plan.targets.bands.size()) {
  if (options.start_seconds > 0) times_.add(start_step, options.start_seconds);
  times_.add(plan_step, plan.plan_seconds);
  if (plan.calibrate_seconds > 0) times_.add(calibrate_step, plan.calibrate_seconds);
  priors_ = comm::share(world_, [&] {
    return config_.priors.empty() ? std::optional<io::Priors>() : std::optional(io::read_priors(config_.priors));
  });
  comm::agree(world_, "make room for the results", [&] {
    if (!world_.is_root()) return;
    all_.fits.resize(plan_.targets.size());
    all_.npixels.resize(plan_.targets.size());
    for (std::size_t iband = 0; iband < models_.size(); ++iband) {
      const BandGrid& grid = plan_.targets.bands[iband];
      models_[iband] = {grid.band, grid.wave, Array2<float>({plan_.targets.size(), grid.wave.size()})};
    }
    if (config_.details.empty()) return;
    details_.emplace(config_.details, io::WriteOptions{.compress = config_.compress});
    for (const auto& tmpl : fitter_.templates())
      details_->begin_scan(tmpl.full_type(), tmpl.redshifts, plan_.targets.size(),
                           static_cast<std::size_t>(tmpl.nbasis()));
  });
  if (config_.chi2_scan.empty())
    count_work([&] {
      const kernels::Region named(region("make room"));  // and rebin, where all is rebinned beforehand
      scanner_ = make_scanner(setup());
    });
}

void RoundRunner::count_work(const std::function<void()>& work) {
  const Stopwatch watch;
  const double before = throttle_.busy();
  work();
  const double busy = throttle_.busy() - before;
  report_.busy += busy;
  report_.idle += std::max(0.0, watch.seconds() - busy);
}

ScanSetup RoundRunner::setup() { return {world_, node_, team_, *plan_.strategy, role(), config_, fitter_, throttle_}; }

std::vector<std::vector<int>> RoundRunner::deal(std::size_t first, std::size_t n) const {
  // Of each team: what its ranks can do.
  const auto& ranks = plan_.roles.ranks;
  std::vector<double> capacities(is_dynamic() ? static_cast<std::size_t>(plan_.roles.nnode) : ranks.size(), 0);
  for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    capacities[is_dynamic() ? static_cast<std::size_t>(ranks[rank].node) : rank] +=
        ranks[rank].on_gpu && plan_.strategy->dealing != Dealing::even ? plan_.gpu_capacity : 1.0;
  return deal_targets(plan_.targets, first, n, capacities);
}

TargetStore RoundRunner::room_for_spectra(std::span<const int> ours) {
  return TargetStore(team_, fitter_, config_, plan_.targets, ours);
}

ScanStore RoundRunner::room_for_scans(std::span<const int> ours) {
  return ScanStore(team_, fitter_.templates(), ours.size(), !config_.details.empty());
}

std::string RoundRunner::region(const char* step) const {
  return fmt::format("zspex::redshift::{}::{}", plan_.strategy->text(), step);
}

RankTargets RoundRunner::read(std::size_t first, std::size_t n, std::vector<int> ours) {
  const kernels::Region named(region("read"));
  const Stopwatch reading;
  if (!is_dynamic()) report_.ntarget += static_cast<std::int64_t>(ours.size());
  TargetStore spectra = room_for_spectra(ours);
  if (first == 0) inputs_ = NodeInputs(world_, node_, config_.input);
  comm::agree(world_, "", [&] { spectra.read(inputs_); });
  if (first + n == plan_.targets.size()) inputs_ = NodeInputs();
  times_.add(read_step, reading.seconds());
  spectra.publish(team_, role().on_gpu);
  // Now: while a rank reads, it needs other memory.
  ScanStore scans = room_for_scans(ours);
  return {std::move(ours), std::move(spectra), std::move(scans)};
}

void RoundRunner::deal_evenly(std::size_t first, std::size_t n, std::span<const std::vector<int>> before,
                              RankTargets& held) {
  if (!plan_.strategy->redeal || world_.size() == 1) return;
  const kernels::Region named(region("deal again"));
  const Stopwatch watch;
  const auto after = deal_targets(plan_.targets, first, n, std::vector<double>(before.size(), 1.0));
  held = deal_again(world_, before, after, held, [&](std::vector<int> ours) {
    TargetStore spectra = room_for_spectra(ours);
    ScanStore scans = room_for_scans(ours);
    return RankTargets{std::move(ours), std::move(spectra), std::move(scans)};
  });
  held.spectra.publish(team_, setup().backend(plan_.strategy->refine) == kernels::BackendKind::device);
  times_.add(deal_step, watch.seconds());
}

void RoundRunner::scan(ScanStore& store, std::span<const int> ours, const Done& done) {
  if (!scanner_) {
    comm::agree(world_, "", [&] {
      if (team_.is_root()) read_scans(config_, plan_.targets, ours, fitter_.templates(), store);
    });
    if (done)
      for (const auto& tmpl : fitter_.templates()) done(tmpl.redshifts.size());
    return;
  }
  const kernels::Region named(region("scan"));
  scanner_->scan(store, done);
  const ScanTimes& now = scanner_->times();
  times_.add(rebin_step, now.rebin - counted_.rebin);
  times_.add(scan_step, now.scan - counted_.scan);
  times_.add(wait_step, now.wait - counted_.wait);
  counted_ = now;
}

void RoundRunner::rank(std::size_t first, std::size_t n) {
  comm::agree(world_, "rank the fits", [&] {
    for (std::size_t i = first; world_.is_root() && i < first + n; ++i)
      all_.fits[i] = kernels::rank_fits(std::move(all_.fits[i]), config_.minima(), all_.npixels[i]);
  });
}

void RoundRunner::round(std::size_t first, std::size_t n, const Done& done) {
  const std::vector<std::vector<int>> shares = deal(first, n);
  RankTargets held = read(first, n, shares[static_cast<std::size_t>(is_dynamic() ? role().node : world_.rank())]);
  std::vector<TemplateFits> fits;
  count_work([&] {
    scan(held.scans, held.ours, done);
    held.scans.publish(team_);
    deal_evenly(first, n, shares, held);
    const kernels::Region named(region("refine"));
    const Stopwatch refining;
    const double before_refining = throttle_.busy();
    Refiner refiner(setup(), plan_.targets, held.ours, priors_);
    fits = refiner.refine(held.scans, [&](int ntemplate) {
      if (done) done(static_cast<std::size_t>(ntemplate) * refinement_redshifts);
    });
    times_.add(refine_step, refining.seconds());
    report_.refine += throttle_.busy() - before_refining;
  });

  const kernels::Region named(region("gather"));
  const Stopwatch gathering;
  if (!config_.details.empty())
    gather_scans(world_, team_, held.scans, held.ours, fitter_.templates(), details_ ? &*details_ : nullptr);
  gather_fits(world_, held.ours, fitter_.templates().size(), std::move(fits), fitter_, all_);
  rank(first, n);
  if (!models_.empty()) {
    std::vector<Zfit> best;
    for (std::size_t i = first; world_.is_root() && i < first + n; ++i) best.push_back(all_.fits[i].front());
    gather_models(world_, team_, {first, n}, held.ours, std::move(best), fitter_, models_);
  }
  times_.add(gather_step, gathering.seconds());
}

std::vector<RankReport> RoundRunner::reports() {
  const ScanMemory& memory = plan_.memory;
  report_.role = role();
  if (scanner_) {
    report_.nfit = scanner_->times().nfit;
    report_.rebin = scanner_->times().rebin;
    report_.scan = scanner_->times().scan;
  }
  report_.planned = (world_.is_root() ? memory.root
                     : role().on_gpu  ? memory.gpu_rank
                                      : memory.cpu_rank) +
                    memory.shared;
  report_.peak = static_cast<double>(peak_memory());
  auto reports = comm::all_gather(world_, report_);
  double all = 0;
  for (const RankReport& report : reports) all += report.nfit;
  for (RankReport& report : reports)
    if (is_dynamic() && all > 0)
      report.ntarget = std::llround(static_cast<double>(plan_.targets.size()) * report.nfit / all);
  return reports;
}

}  // namespace zspex::pipeline
