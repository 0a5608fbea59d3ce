#include "pipeline/redshift/fit_targets.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <limits>

#include "kernels/redshift/rank.hpp"
#include "kernels/redshift/redshift_grid.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/gather.hpp"

namespace zspex::pipeline {

StepTimes redshift_times() {
  return StepTimes("redshift", {"read", "rebin", "scan", "wait for slices", "refine", "gather", "write"});
}

std::size_t batch_size(const config::RedshiftConfig& config, const std::vector<kernels::Template>& templates) {
  std::size_t most = 1;  // bytes of a target's scan
  for (const auto& tmpl : templates) {
    const std::size_t nbasis = static_cast<std::size_t>(tmpl.nbasis());
    std::size_t values = 2 * sizeof(double);                                       // chi^2 and penalty
    if (!config.details.empty()) values += (nbasis + 2 + nbasis) * sizeof(float);  // coefficients, and all to be sent
    most = std::max(most, tmpl.redshifts.size() * values);
  }
  return std::max<std::size_t>(1, static_cast<std::size_t>(config.memory * gibibyte / 2) / most);
}

TargetFitter::TargetFitter(const comm::Communicator& world, const config::RedshiftConfig& config,
                           const TargetList& targets, const std::vector<int>& mine, std::size_t nbatch,
                           const kernels::RedshiftFitter& fitter, std::optional<io::Priors> priors, StepTimes& times)
    : world_(world),
      config_(config),
      targets_(targets),
      mine_(mine),
      nbatch_(nbatch),
      fitter_(fitter),
      priors_(std::move(priors)),
      times_(times),
      ring_(world, fitter, static_cast<std::size_t>(config.memory * gibibyte / 2)),
      fits_(mine.size()) {}

std::span<const int> TargetFitter::targets_of(std::size_t ibatch) const {
  const auto range = fitter_.batch(ibatch);
  return std::span(mine_).subspan(range.first, range.n);
}

kernels::Zscan TargetFitter::read_scan(int itemplate, std::size_t ibatch) const {
  const auto& tmpl = fitter_.templates()[itemplate];
  std::vector<std::int64_t> ids;
  for (const int i : targets_of(ibatch)) ids.push_back(targets_.targetid[i]);
  const io::ZscanTable table = io::read_zscan(config_.chi2_scan, tmpl.full_type(), ids);
  constexpr double rounding = 1e-12;  // Redrock's powers of ten depend on its numpy
  if (table.zcoeff.extent(2) != static_cast<std::size_t>(tmpl.nbasis()) ||
      !std::equal(table.redshifts.begin(), table.redshifts.end(), tmpl.redshifts.begin(), tmpl.redshifts.end(),
                  [](double a, double b) { return std::fabs(a - b) < rounding; }))
    throw FileError(config_.chi2_scan, "/zscan/" + tmpl.full_type(),
                    "expected the redshifts and basis vectors of the template (" +
                        std::to_string(tmpl.redshifts.size()) + " x " + std::to_string(tmpl.nbasis()) +
                        "), found others. Scan again without --chi2-scan.");
  kernels::Zscan scan;
  scan.chi2 = Array2<double>({ids.size(), tmpl.redshifts.size()});
  scan.penalty = Array2<double>({ids.size(), tmpl.redshifts.size()});
  std::copy(table.zchi2.begin(), table.zchi2.end(), scan.chi2.begin());
  std::copy(table.penalty.begin(), table.penalty.end(), scan.penalty.begin());
  if (!config_.details.empty()) scan.coeff = table.zcoeff;
  return scan;
}

kernels::Zscan TargetFitter::make_scan(int itemplate, std::size_t ibatch, const std::function<void(int nz)>& done) {
  const auto& tmpl = fitter_.templates()[itemplate];
  const std::size_t nz = tmpl.redshifts.size(), n = fitter_.batch(ibatch).n;
  kernels::Zscan scan;
  if (!config_.chi2_scan.empty()) {
    comm::agree(world_, "read " + config_.chi2_scan, [&] { scan = read_scan(itemplate, ibatch); });
    if (done) done(static_cast<int>(nz));
    return scan;
  }
  comm::agree(world_, "make room for the scan of " + tmpl.full_type(), [&] {
    scan.chi2 = Array2<double>({n, nz});
    scan.penalty = Array2<double>({n, nz});
    if (!config_.details.empty()) scan.coeff = Array3<float>({n, nz, static_cast<std::size_t>(tmpl.nbasis())});
  });
  const ScanTimes before = ring_.times();
  ring_.scan(itemplate, ibatch, scan, done);
  times_.add(kRebin, ring_.times().rebin - before.rebin);
  times_.add(kScan, ring_.times().scan - before.scan);
  if (world_.size() > 1) times_.add(kWaitForSlice, ring_.times().wait - before.wait);
  return scan;
}

void TargetFitter::apply_priors(int itemplate, std::size_t ibatch, Array2<double>& chi2) const {
  if (!priors_) return;
  const auto& redshifts = fitter_.templates()[itemplate].redshifts;
  const auto function = static_cast<kernels::PriorFunction>(priors_->function);
  const auto targets = targets_of(ibatch);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto at = std::find(priors_->targetid.begin(), priors_->targetid.end(), targets_.targetid[targets[i]]);
    if (at == priors_->targetid.end()) continue;
    const auto row = static_cast<std::size_t>(at - priors_->targetid.begin());
    kernels::add_prior(function, priors_->z[row], priors_->sigma[row], redshifts, chi2.row(i));
  }
}

void TargetFitter::gather_scan(int itemplate, std::size_t ibatch, const kernels::Zscan& scan,
                               io::DetailsWriter* details) const {
  const auto& tmpl = fitter_.templates()[itemplate];
  const std::size_t nz = tmpl.redshifts.size(), nbasis = tmpl.nbasis(), width = nz * (2 + nbasis);
  const auto targets = targets_of(ibatch);
  std::vector<std::vector<float>> rows(targets.size());
  std::vector<comm::Part> parts;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    auto& row = rows[i];
    row.reserve(width);
    for (const double value : scan.chi2.row(i)) row.push_back(static_cast<float>(value));
    for (const double value : scan.penalty.row(i)) row.push_back(static_cast<float>(value));
    const auto coeff = scan.coeff.row(i);
    row.insert(row.end(), coeff.begin(), coeff.end());
    parts.push_back({static_cast<std::uint64_t>(targets[i]), std::as_bytes(std::span(row))});
  }
  // On the root, in the order of the targets: rows that follow each other are written together, some at a time.
  constexpr std::size_t most = 25;
  std::vector<float> arrived(width), chi2, penalty, coeff;
  std::size_t first = 0, count = 0;
  std::exception_ptr failure;  // told when all ranks listen
  const auto write = [&] {
    if (count > 0)
      details->add_rows({tmpl.full_type(),
                         {},
                         Array2<float>({count, nz}, std::move(chi2)),
                         Array2<float>({count, nz}, std::move(penalty)),
                         Array3<float>({count, nz, nbasis}, std::move(coeff))},
                        first);
    chi2.clear();
    penalty.clear();
    coeff.clear();
    count = 0;
  };
  comm::gather(
      world_, parts, [&](std::uint64_t, std::size_t) { return std::as_writable_bytes(std::span(arrived)); },
      [&](std::uint64_t i) {
        try {
          if (count == most || i != first + count) write();
        } catch (...) {
          failure = std::current_exception();
        }
        if (count == 0) first = i;
        const auto from = arrived.begin();
        const auto n = static_cast<std::ptrdiff_t>(nz);
        chi2.insert(chi2.end(), from, from + n);
        penalty.insert(penalty.end(), from + n, from + 2 * n);
        coeff.insert(coeff.end(), from + 2 * n, arrived.end());
        ++count;
      });
  comm::agree(world_, "", [&] {
    if (failure) std::rethrow_exception(failure);
    write();
  });
}

void TargetFitter::fit(int itemplate, io::DetailsWriter* details, const std::function<void(int nz)>& done) {
  const auto& tmpl = fitter_.templates()[itemplate];
  comm::agree(world_, "", [&] {
    if (details)
      details->begin_scan(tmpl.full_type(), tmpl.redshifts, targets_.size(), static_cast<std::size_t>(tmpl.nbasis()));
  });
  for (std::size_t ibatch = 0; ibatch < nbatch_; ++ibatch) {
    kernels::Zscan scan = make_scan(itemplate, ibatch, done);
    const Stopwatch gathering;
    if (!config_.details.empty()) gather_scan(itemplate, ibatch, scan, details);
    times_.add(kGatherFits, gathering.seconds());
    const Stopwatch watch;
    comm::agree(world_, "refine the redshifts", [&] {
      Array2<double> total = std::move(scan.chi2);
      std::transform(total.begin(), total.end(), scan.penalty.begin(), total.begin(), std::plus<>());
      apply_priors(itemplate, ibatch, total);
      auto fits = fitter_.refine(itemplate, total, ibatch);
      const std::size_t first = fitter_.batch(ibatch).first;
      for (std::size_t i = 0; i < fits.size(); ++i)
        std::move(fits[i].begin(), fits[i].end(), std::back_inserter(fits_[first + i]));
    });
    times_.add(kRefine, watch.seconds());
  }
}

std::vector<std::vector<kernels::Zfit>> TargetFitter::rank() {
  for (std::size_t i = 0; i < fits_.size(); ++i)
    fits_[i] = kernels::rank_fits(std::move(fits_[i]), config_.minima(), fitter_.npixels(static_cast<int>(i)));
  return std::move(fits_);
}

}  // namespace zspex::pipeline
