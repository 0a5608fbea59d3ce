// Redrock's refinement for many targets at once: round after round each target names the next minimum that it wants a
// fine scan of. Scans of one minimum for several targets share its rebinned templates.
#include "kernels/redshift/detail/refine.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <tuple>

#include "kernels/redshift/detail/for_all.hpp"
#include "kernels/redshift/detail/refinement.hpp"

namespace zspex::kernels::detail {
namespace {

using FitGroup = Engine::FitGroup;

/// A fine scan that one target wants.
struct Request {
  std::size_t target;
  Valley valley;
  std::vector<double> redshifts;
  std::vector<double> chi2;     ///< [nz] made: with penalty
  std::vector<LinearFit> fits;  ///< [nz] made
  std::vector<double> coeff;    ///< [nz][nbasis] made
};

class FineScans {
 public:
  FineScans(const Engine& engine, int itemplate, std::span<const PackedTarget> targets)
      : engine_(engine), itemplate_(itemplate), targets_(targets) {}

  /// Makes all fits that are asked for.
  void fit(std::vector<Request>& requests) const {
    // Beside each other: the same redshifts, and in these the same shape.
    using Key = std::tuple<double, double, std::size_t>;
    std::map<Key, std::vector<std::size_t>> same;
    for (std::size_t i = 0; i < requests.size(); ++i)
      same[{requests[i].redshifts.front(), requests[i].redshifts.back(), requests[i].redshifts.size()}].push_back(i);
    constexpr std::size_t most = 8;  // of a group, so that threads have work
    std::vector<std::vector<std::size_t>> groups;
    for (auto& [key, members] : same)
      for (std::size_t i = 0; i < members.size(); i += most)
        groups.emplace_back(members.begin() + static_cast<std::ptrdiff_t>(i),
                            members.begin() + static_cast<std::ptrdiff_t>(std::min(i + most, members.size())));
    for_all_with<Engine::GroupRoom>(
        "zspex::redshift::fine_scans", groups.size(),
        [&](std::size_t i, Engine::GroupRoom& room) { fit_group(groups[i], requests, room); });
  }

 private:
  void fit_group(const std::vector<std::size_t>& members, std::vector<Request>& requests,
                 Engine::GroupRoom& room) const {
    FitGroup group;
    group.redshifts = requests[members.front()].redshifts;
    for (const std::size_t i : members) group.targets.push_back(&targets_[requests[i].target]);
    engine_.fit_group(itemplate_, group, room);
    const std::size_t nz = group.redshifts.size(), nbasis = group.coeff.size() / group.fits.size();
    for (std::size_t k = 0; k < members.size(); ++k) {
      Request& request = requests[members[k]];
      const auto fits = group.fits.begin() + static_cast<std::ptrdiff_t>(k * nz);
      const auto coeff = group.coeff.begin() + static_cast<std::ptrdiff_t>(k * nz * nbasis);
      request.fits.assign(fits, fits + static_cast<std::ptrdiff_t>(nz));
      request.coeff.assign(coeff, coeff + static_cast<std::ptrdiff_t>(nz * nbasis));
      for (std::size_t iz = 0; iz < nz; ++iz)
        request.chi2.push_back(request.fits[iz].chi2 + engine_.penalty(itemplate_, request.coeff.data() + iz * nbasis));
    }
  }

  const Engine& engine_;
  int itemplate_;
  std::span<const PackedTarget> targets_;
};

/// Looks at the candidates of all targets more closely.
void look_closer(const FineScans& scans, std::vector<Refinement>& refinements) {
  std::vector<Request> requests;
  for (std::size_t i = 0; i < refinements.size(); ++i)
    for (const Valley& valley : refinements[i].valleys())
      requests.push_back({i, valley, closer_grid(valley), {}, {}, {}});
  scans.fit(requests);
  std::size_t at = 0;
  for (Refinement& refinement : refinements) {
    for (Valley& valley : refinement.valleys()) {
      valley = closer_valley(valley, requests[at].redshifts, requests[at].chi2);
      ++at;
    }
    refinement.sort_valleys();
  }
}

}  // namespace

std::vector<std::vector<Zfit>> refine(const Engine& engine, int itemplate, std::span<const PackedTarget> targets,
                                      const Array2<double>& chi2) {
  const Template& tmpl = engine.templates()[itemplate];
  const FitSettings& settings = engine.settings();
  const FineScans scans(engine, itemplate, targets);
  std::vector<Refinement> refinements;
  for (std::size_t i = 0; i < targets.size(); ++i)
    refinements.emplace_back(tmpl, settings, targets[i].npixels > 0 ? chi2.row(i) : std::span<const double>());
  if (settings.adaptive) look_closer(scans, refinements);
  for (;;) {
    std::vector<Request> fine;
    for (std::size_t i = 0; i < refinements.size(); ++i)
      if (const auto valley = refinements[i].next())
        fine.push_back({i, *valley, even_grid(valley->first, valley->last, settings.npoints), {}, {}, {}});
    if (fine.empty()) break;
    scans.fit(fine);
    std::vector<Request> vertices;
    std::vector<Zfit> fits;
    for (Request& request : fine) {
      const PackedTarget& target = targets[request.target];
      Zfit fit = refinements[request.target].fit_of(std::move(request.redshifts), std::move(request.chi2));
      if (refinements[request.target].is_known(fit)) continue;
      fit.itemplate = itemplate;
      fit.npixels = target.npixels;
      fit.null_chi2 = target.flux_square;
      vertices.push_back({request.target, request.valley, {fit.z}, {}, {}, {}});
      fits.push_back(std::move(fit));
    }
    scans.fit(vertices);
    for_all("zspex::redshift::archetypes", fits.size(), [&](std::size_t i) {
      fits[i].model_chi2 = vertices[i].fits.front().chi2;
      fits[i].coeff = std::move(vertices[i].coeff);
      engine.fit_archetypes(targets[vertices[i].target], fits[i]);
    });
    for (std::size_t i = 0; i < fits.size(); ++i) refinements[vertices[i].target].accept(std::move(fits[i]));
  }
  std::vector<std::vector<Zfit>> refined;
  for (Refinement& refinement : refinements) refined.push_back(refinement.take());
  return refined;
}

}  // namespace zspex::kernels::detail
