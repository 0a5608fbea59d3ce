#include "pipeline/redshift/fit_targets.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/redshift/rank.hpp"
#include "kernels/redshift/redshift_grid.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/gather.hpp"

namespace zspex::pipeline {

StepTimes redshift_times() {
  return StepTimes("redshift", {"read", "rebin", "scan", "wait for slices", "refine", "gather", "write"});
}

TargetFitter::TargetFitter(const comm::Communicator& world, const config::RedshiftConfig& config,
                           const TargetList& targets, const std::vector<int>& mine,
                           const kernels::RedshiftFitter& fitter, std::optional<io::Priors> priors, StepTimes& times)
    : world_(world),
      config_(config),
      targets_(targets),
      mine_(mine),
      fitter_(fitter),
      priors_(std::move(priors)),
      times_(times),
      ring_(world, fitter, static_cast<std::size_t>(config.memory * gibibyte)),
      fits_(mine.size()) {}

kernels::Zscan TargetFitter::make_scan(int itemplate, const std::function<void(int nz)>& done) {
  const auto& tmpl = fitter_.templates()[itemplate];
  const std::size_t nz = tmpl.redshifts.size(), nmine = mine_.size();
  const auto nbasis = static_cast<std::size_t>(tmpl.nbasis());
  kernels::Zscan scan;
  comm::agree(world_, "make room for the scan of " + tmpl.full_type(), [&] {
    scan.chi2 = Array2<double>({nmine, nz});
    scan.penalty = Array2<double>({nmine, nz});
    if (!config_.details.empty()) scan.coeff = Array3<float>({nmine, nz, nbasis});
  });
  if (config_.chi2_scan.empty()) {
    const ScanTimes before = ring_.times();
    ring_.scan(itemplate, scan, done);
    times_.add(kRebin, ring_.times().rebin - before.rebin);
    times_.add(kScan, ring_.times().scan - before.scan);
    if (world_.size() > 1) times_.add(kWaitForSlice, ring_.times().wait - before.wait);
    return scan;
  }
  comm::agree(world_, "read " + config_.chi2_scan, [&] {
    std::vector<std::int64_t> ids;
    for (const int i : mine_) ids.push_back(targets_.targetid[i]);
    const io::ZscanTable table = io::read_zscan(config_.chi2_scan, tmpl.full_type(), ids);
    // Powers of ten differ in their last bits from library to library; steps are wider by far.
    const auto same = [](double a, double b) { return std::fabs(a - b) < 1e-12; };
    if (table.redshifts.size() != nz || table.zcoeff.extent(2) != nbasis ||
        !std::equal(table.redshifts.begin(), table.redshifts.end(), tmpl.redshifts.begin(), same))
      throw FileError(config_.chi2_scan, "/zscan/" + tmpl.full_type(),
                      "expected the redshifts and basis vectors of the template (" + std::to_string(nz) + " x " +
                          std::to_string(nbasis) + "), found others. Scan again without --chi2-scan.");
    std::copy(table.zchi2.begin(), table.zchi2.end(), scan.chi2.begin());
    std::copy(table.penalty.begin(), table.penalty.end(), scan.penalty.begin());
    if (!scan.coeff.empty()) scan.coeff = table.zcoeff;
  });
  if (done) done(static_cast<int>(nz));
  return scan;
}

void TargetFitter::apply_priors(int itemplate, Array2<double>& chi2) const {
  if (!priors_) return;
  const auto& redshifts = fitter_.templates()[itemplate].redshifts;
  const auto function = static_cast<kernels::PriorFunction>(priors_->function);
  for (std::size_t i = 0; i < mine_.size(); ++i) {
    const auto at = std::find(priors_->targetid.begin(), priors_->targetid.end(), targets_.targetid[mine_[i]]);
    if (at == priors_->targetid.end()) continue;
    const auto row = static_cast<std::size_t>(at - priors_->targetid.begin());
    kernels::add_prior(function, priors_->z[row], priors_->sigma[row], redshifts, chi2.row(i));
  }
}

void TargetFitter::gather_scan(int itemplate, const kernels::Zscan& scan, io::DetailsWriter* details) const {
  const auto& tmpl = fitter_.templates()[itemplate];
  const std::size_t nz = tmpl.redshifts.size(), nbasis = tmpl.nbasis(), width = nz * (2 + nbasis);
  std::vector<std::vector<float>> rows(mine_.size());
  std::vector<comm::Part> parts;
  for (std::size_t i = 0; i < mine_.size(); ++i) {
    auto& row = rows[i];
    row.reserve(width);
    for (const double value : scan.chi2.row(i)) row.push_back(static_cast<float>(value));
    for (const double value : scan.penalty.row(i)) row.push_back(static_cast<float>(value));
    const auto coeff = scan.coeff.row(i);
    row.insert(row.end(), coeff.begin(), coeff.end());
    parts.push_back({static_cast<std::uint64_t>(mine_[i]), std::as_bytes(std::span(row))});
  }
  io::ZscanTable table;
  std::vector<float> arrived(width);
  comm::agree(world_, "make room for the scan of " + tmpl.full_type(), [&] {
    if (!world_.is_root()) return;
    table.full_type = tmpl.full_type();
    table.redshifts = tmpl.redshifts;
    table.zchi2 = Array2<float>({targets_.size(), nz});
    table.penalty = Array2<float>({targets_.size(), nz});
    table.zcoeff = Array3<float>({targets_.size(), nz, nbasis});
  });
  comm::gather(
      world_, parts, [&](std::uint64_t, std::size_t) { return std::as_writable_bytes(std::span(arrived)); },
      [&](std::uint64_t i) {
        const float* from = arrived.data();
        std::copy_n(from, nz, table.zchi2.row(i).begin());
        std::copy_n(from + nz, nz, table.penalty.row(i).begin());
        std::copy_n(from + 2 * nz, nz * nbasis, table.zcoeff.row(i).begin());
      });
  comm::agree(world_, "", [&] {
    if (details) details->add_scan(table);
  });
}

void TargetFitter::fit(int itemplate, io::DetailsWriter* details, const std::function<void(int nz)>& done) {
  kernels::Zscan scan = make_scan(itemplate, done);
  const Stopwatch gathering;
  if (!config_.details.empty()) gather_scan(itemplate, scan, details);
  times_.add(kGatherFits, gathering.seconds());
  const Stopwatch watch;
  comm::agree(world_, "refine the redshifts", [&] {
    Array2<double> total = std::move(scan.chi2);
    std::transform(total.begin(), total.end(), scan.penalty.begin(), total.begin(), std::plus<>());
    apply_priors(itemplate, total);
    auto fits = fitter_.refine(itemplate, total);
    for (std::size_t i = 0; i < fits.size(); ++i)
      std::move(fits[i].begin(), fits[i].end(), std::back_inserter(fits_[i]));
  });
  times_.add(kRefine, watch.seconds());
}

std::vector<std::vector<kernels::Zfit>> TargetFitter::rank() {
  for (std::size_t i = 0; i < fits_.size(); ++i)
    fits_[i] = kernels::rank_fits(std::move(fits_[i]), config_.minima(), fitter_.npixels(static_cast<int>(i)));
  return std::move(fits_);
}

}  // namespace zspex::pipeline
