#include <algorithm>
#include <memory>
#include <ostream>

#include "io/output.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/fit_targets.hpp"
#include "pipeline/redshift/read_targets.hpp"
#include "pipeline/redshift/redshift.hpp"
#include "pipeline/redshift/results.hpp"

namespace zspex::io {

template <class Archive>
void fields(Archive& archive, Priors& priors) {
  archive(priors.function, priors.targetid, priors.z, priors.sigma);
}

}  // namespace zspex::io

namespace zspex::pipeline {
namespace {

kernels::FitSettings fit_settings(const config::RedshiftConfig& config, const TargetList& targets) {
  kernels::FitSettings settings;
  settings.mixed = config.precision == config::Precision::mixed;
  settings.nminima = config.minima();
  settings.npoints = config.zminfit_npoints;
  settings.adaptive = config.refine == config::Refinement::adaptive;
  settings.archetypes = {config.archetype_nnearest, config.archetype_legendre_degree,
                         config.archetype_legendre_percamera && targets.bands.size() > 1,
                         config.archetype_legendre_prior};
  settings.max_ndiag = 1;
  for (const auto& band : targets.bands) settings.max_ndiag = std::max(settings.max_ndiag, band.ndiag);
  return settings;
}

std::vector<std::vector<double>> wave_grids(const TargetList& targets) {
  std::vector<std::vector<double>> grids;
  for (const auto& band : targets.bands) grids.push_back(band.wave);
  return grids;
}

/// Counts redshifts, and each refinement as a few more of them.
class FitProgress {
 public:
  static constexpr std::size_t refinement = 45;  // three minima of 15 points

  FitProgress(std::ostream& out, terminal::Progress::Mode mode, const std::vector<kernels::Template>& templates,
              std::size_t nbatch)
      : progress_(out, mode, "redshift", total(templates, nbatch), "redshifts") {}
  void add(std::size_t n) { progress_.update(done_ += n); }

 private:
  static std::size_t total(const std::vector<kernels::Template>& templates, std::size_t nbatch) {
    std::size_t sum = 0;
    for (const auto& tmpl : templates) sum += nbatch * tmpl.redshifts.size() + refinement;
    return sum;
  }
  std::size_t done_ = 0;
  terminal::Progress progress_;
};

void count(const io::RedshiftResults& results, RedshiftReport& report) {
  report.ntarget = results.targetid.size();
  for (const auto& rows : results.zfit) {
    report.nwarned += rows.front().zwarn != 0;
    report.nnodata += (rows.front().zwarn & kernels::zwarn::nodata) != 0;
  }
}

}  // namespace

RedshiftReport RedshiftStage::execute(const RedshiftPlan& plan) const {
  const Stopwatch whole;
  StepTimes times = redshift_times();
  const TargetList& targets = plan.targets;
  const auto dealt = deal_targets(targets, world_.size());
  const std::vector<int>& mine = dealt[static_cast<std::size_t>(world_.rank())];
  const std::size_t batch = batch_size(config_, plan.templates.templates);
  std::size_t nbatch = 1;
  for (const auto& some : dealt) nbatch = std::max(nbatch, (some.size() + batch - 1) / batch);

  std::optional<kernels::RedshiftFitter> fitter;
  std::vector<kernels::Target> spectra;
  comm::agree(world_, "", [&] {
    fitter.emplace(wave_grids(targets), plan.templates.templates, fit_settings(config_, targets),
                   plan.templates.archetypes);
    const Stopwatch watch;
    spectra = read_targets(config_, targets, mine);
    times.add(kReadSpectra, watch.seconds());
    fitter->set_targets(spectra, batch);
    if (config_.model.empty()) spectra.clear();  // the fitter has its own copy
  });
  auto priors = comm::share(world_, [&] {
    return config_.priors.empty() ? std::optional<io::Priors>() : std::optional(io::read_priors(config_.priors));
  });

  std::optional<io::DetailsWriter> details;
  comm::agree(world_, "", [&] {
    if (world_.is_root() && !config_.details.empty()) details.emplace(config_.details);
  });
  TargetFitter fitting(world_, config_, targets, mine, nbatch, *fitter, std::move(priors), times);
  {
    const bool talk = world_.is_root() && job_.verbosity >= 0;
    FitProgress progress(out_, talk ? progress_ : terminal::Progress::Mode::silent, fitter->templates(), nbatch);
    for (int it = 0; it < static_cast<int>(fitter->templates().size()); ++it) {
      fitting.fit(it, details ? &*details : nullptr, [&](int nz) { progress.add(static_cast<std::size_t>(nz)); });
      progress.add(FitProgress::refinement);
    }
  }
  const auto fits = fitting.rank();
  const Stopwatch gathering;
  auto all = gather_fits(world_, targets, mine, fits);
  std::vector<io::ModelSpectra> models;
  if (!config_.model.empty()) {
    std::vector<std::vector<std::vector<float>>> made(mine.size());
    comm::agree(world_, "make the models", [&] {
      for (std::size_t i = 0; i < mine.size(); ++i) made[i] = fitter->model(spectra[i], fits[i].front());
    });
    models = gather_models(world_, targets, mine, made);
  }
  times.add(kGatherFits, gathering.seconds());

  RedshiftReport report;
  std::vector<std::string> warnings;
  report.timing = times.over_ranks(world_);
  comm::agree(world_, "", [&] {
    if (!world_.is_root()) return;
    const Stopwatch watch;
    const auto results = make_results(config_, targets, plan.templates, std::move(all), warnings);
    blank_models(results, models);
    io::Provenance provenance = provenance_;
    provenance.inputs = config_.input;
    provenance.finished = utc_now();
    if (details) details->finish(results, provenance, report.timing);
    if (config_.output.ends_with(".h5"))
      io::write_redshifts_hdf5(config_.output, results, provenance, report.timing);
    else if (!config_.output.empty())
      io::write_redshifts_fits(config_.output, results, provenance);
    if (!config_.model.empty()) io::write_model_fits(config_.model, results, models, provenance);
    count(results, report);
    times.add(kWriteResults, watch.seconds());
  });
  warn(warnings);
  report.timing = times.over_ranks(world_);
  report.seconds = whole.seconds();
  return report;
}

}  // namespace zspex::pipeline
