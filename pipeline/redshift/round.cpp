#include "pipeline/redshift/round.hpp"

#include <algorithm>
#include <cmath>

#include "core/format.hpp"
#include "kernels/redshift/rank_fits.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/make_scanner.hpp"
#include "pipeline/redshift/refine.hpp"
#include "pipeline/redshift/target_store.hpp"

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
      times_("redshift", {"read", "rebin", "scan", "wait for slices", "refine", "gather", "write"}),
      models_(config.model.empty() ? 0 : plan.targets.bands.size()) {
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
    details_.emplace(config_.details);
    for (const auto& tmpl : fitter_.templates())
      details_->begin_scan(tmpl.full_type(), tmpl.redshifts, plan_.targets.size(),
                           static_cast<std::size_t>(tmpl.nbasis()));
  });
  if (config_.chi2_scan.empty()) count_work([&] { scanner_ = make_scanner(setup()); });
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

std::vector<int> RoundRunner::deal(std::size_t first, std::size_t n) {
  // Of each team: what its ranks can do.
  const auto& ranks = plan_.roles.ranks;
  std::vector<double> capacities(is_dynamic() ? static_cast<std::size_t>(plan_.roles.nnode) : ranks.size(), 0);
  for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    capacities[is_dynamic() ? static_cast<std::size_t>(ranks[rank].node) : rank] +=
        ranks[rank].on_gpu && plan_.strategy->dealing != Dealing::even ? config_.gpu_capacity : 1.0;
  const auto team = static_cast<std::size_t>(is_dynamic() ? role().node : world_.rank());
  auto ours = deal_targets(plan_.targets, first, n, capacities)[team];
  if (!is_dynamic()) report_.ntarget += static_cast<std::int64_t>(ours.size());
  return ours;
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
  const std::vector<int> ours = deal(first, n);
  const Stopwatch reading;
  TargetStore spectra(team_, fitter_, config_, plan_.targets, ours);
  comm::agree(world_, "", [&] { spectra.read(); });
  times_.add(read_step, reading.seconds());
  spectra.publish(team_, role().on_gpu);
  ScanStore store(team_, fitter_.templates(), ours.size(), !config_.details.empty());

  std::vector<TemplateFits> fits;
  count_work([&] {
    scan(store, ours, done);
    store.publish(team_);
    const Stopwatch refining;
    Refiner refiner(setup(), plan_.targets, ours, priors_);
    fits = refiner.refine(store, [&](int ntemplate) {
      if (done) done(static_cast<std::size_t>(ntemplate) * refinement_redshifts);
    });
    times_.add(refine_step, refining.seconds());
  });

  const Stopwatch gathering;
  if (!config_.details.empty())
    gather_scans(world_, team_, store, ours, fitter_.templates(), details_ ? &*details_ : nullptr);
  gather_fits(world_, ours, fitter_.templates().size(), std::move(fits), fitter_, all_);
  rank(first, n);
  if (!models_.empty()) {
    std::vector<Zfit> best;
    for (std::size_t i = first; world_.is_root() && i < first + n; ++i) best.push_back(all_.fits[i].front());
    gather_models(world_, team_, {first, n}, ours, std::move(best), fitter_, models_);
  }
  times_.add(gather_step, gathering.seconds());
}

std::vector<RankReport> RoundRunner::reports() {
  const ScanMemory& memory = plan_.memory;
  report_.role = role();
  report_.nfit = scanner_ ? scanner_->times().nfit : 0;
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
