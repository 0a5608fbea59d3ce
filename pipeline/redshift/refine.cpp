#include "pipeline/redshift/refine.hpp"

#include <algorithm>
#include <functional>

#include "kernels/redshift/prior.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/shared_work_deque.hpp"

namespace zspex::pipeline {

std::vector<TemplateFits> Refiner::refine(const ScanStore& store, const std::function<void(int)>& done) {
  return setup_.team.size() > 1 ? refine_dynamic(store, done) : refine_own(store, done);
}

Array2<double> Refiner::total_chi2(const ScanStore& store, int itemplate, kernels::TargetRange range) const {
  const auto& tmpl = setup_.fitter.templates()[static_cast<std::size_t>(itemplate)];
  const kernels::ScanRows rows = store.rows(itemplate);
  Array2<double> total({range.n, rows.nz});
  const std::size_t first = range.first * rows.nz;
  std::transform(rows.chi2 + first, rows.chi2 + first + total.size(), rows.penalty + first, total.begin(),
                 std::plus<>());
  if (!priors_) return total;
  for (std::size_t i = 0; i < range.n; ++i) {
    const auto id = targets_.targetid[static_cast<std::size_t>(ours_[range.first + i])];
    const auto at = std::find(priors_->targetid.begin(), priors_->targetid.end(), id);
    if (at == priors_->targetid.end()) continue;
    const auto row = static_cast<std::size_t>(at - priors_->targetid.begin());
    kernels::add_prior(priors_->function, priors_->z[row], priors_->sigma[row], tmpl.redshifts, total.row(i));
  }
  return total;
}

kernels::CoarseScan Refiner::coarse_scan(const ScanStore& store, int itemplate, kernels::TargetRange range) const {
  return {itemplate, range, total_chi2(store, itemplate, range)};
}

void Refiner::refine_some(std::span<const kernels::CoarseScan> scans, std::vector<TemplateFits>& fits) {
  setup_.throttle.run([&] {
    auto refined = setup_.fitter.refine(setup_.backend(setup_.strategy.refine), scans);
    for (std::size_t k = 0; k < scans.size(); ++k)
      for (std::size_t i = 0; i < scans[k].range.n; ++i)
        fits.push_back({scans[k].range.first + i, scans[k].itemplate, std::move(refined[k][i])});
  });
}

std::vector<TemplateFits> Refiner::refine_own(const ScanStore& store, const std::function<void(int)>& done) {
  // The host takes template after template, which needs less memory; a device all at once.
  const int ntemplate = static_cast<int>(setup_.fitter.templates().size());
  const bool on_host = setup_.backend(setup_.strategy.refine) == kernels::BackendKind::host;
  std::vector<TemplateFits> fits;
  comm::agree(setup_.world, "refine the redshifts", [&] {
    std::vector<kernels::CoarseScan> scans;
    for (int it = 0; it < ntemplate; ++it) {
      scans.push_back(coarse_scan(store, it, {0, setup_.fitter.ntarget()}));
      if (!on_host && it + 1 < ntemplate) continue;
      refine_some(scans, fits);
      if (done) done(static_cast<int>(scans.size()));
      scans.clear();
    }
  });
  return fits;
}

std::vector<TemplateFits> Refiner::refine_dynamic(const ScanStore& store, const std::function<void(int)>& done) {
  // A template's targets in groups: enough for all ranks to have several, but not so many that fine scans of one minimum
  // are seldom shared. GPU ranks take several groups, fewer towards the end.
  constexpr std::size_t takes = 8, most_groups = 16;
  const std::size_t ntarget = setup_.fitter.ntarget(), ntemplate = setup_.fitter.templates().size();
  const std::size_t wanted = std::max<std::size_t>(1, takes * static_cast<std::size_t>(setup_.team.size()) / ntemplate);
  const std::size_t group = std::max<std::size_t>(1, (ntarget + wanted - 1) / wanted);
  const std::size_t ngroup = (ntarget + group - 1) / group;
  comm::SharedWorkDeque items(setup_.team, static_cast<std::uint32_t>(ntemplate * ngroup));
  std::vector<TemplateFits> fits;
  std::size_t told = 0;
  comm::agree(setup_.world, "refine the redshifts", [&] {
    try {
      for (;;) {
        const std::size_t left = items.left().n;
        const auto most =
            std::clamp<std::size_t>(left / (takes * static_cast<std::size_t>(setup_.team.size())), 1, most_groups);
        const auto taken = setup_.role.on_gpu ? items.take_back(static_cast<std::uint32_t>(most)) : items.take_front();
        if (!taken) break;
        std::vector<kernels::CoarseScan> scans;
        for (std::size_t item = taken->first; item < taken->first + taken->n;) {
          // Groups of one template together.
          const std::size_t it = item / ngroup, first = item % ngroup;
          const std::size_t n = std::min<std::size_t>(taken->first + taken->n - item, ngroup - first);
          const std::size_t begin = first * group, end = std::min(ntarget, (first + n) * group);
          scans.push_back(coarse_scan(store, static_cast<int>(it), {begin, end - begin}));
          item += n;
        }
        refine_some(scans, fits);
        if (done && ngroup > 0) {
          const std::size_t now = (ntemplate * ngroup - items.left().n) / ngroup;
          done(static_cast<int>(now - told));
          told = now;
        }
      }
    } catch (...) {
      items.stop();
      throw;
    }
  });
  setup_.team.barrier();
  if (done) done(static_cast<int>(ntemplate - told));
  return fits;
}

}  // namespace zspex::pipeline
