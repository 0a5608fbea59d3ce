// Redrock's refinement for many targets at once: round after round each target names the next minimum that it wants a
// fine scan of. Scans of one minimum for several targets share its rebinned templates.
#include "kernels/redshift/detail/refine.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "kernels/redshift/detail/for_all.hpp"
#include "kernels/redshift/detail/refinement.hpp"

namespace zspex::kernels::detail {
namespace {

/// A fine scan that one target wants.
struct Request {
  std::size_t target;  ///< in the range
  Valley valley;
  std::vector<double> redshifts;
  std::vector<double> chi2;   ///< [nz] made, without penalty
  std::vector<double> coeff;  ///< [nz][nbasis] made
};

class FineScans {
 public:
  FineScans(const FitSetup& setup, const FitSite& site, int itemplate, std::size_t first)
      : setup_(setup), site_(site), itemplate_(itemplate), first_(first) {}

  /// Makes all fits that are asked for.
  void fit(std::vector<Request>& requests) const {
    using Key = std::tuple<double, double, std::size_t>;
    std::map<Key, std::vector<std::size_t>> same;
    for (std::size_t i = 0; i < requests.size(); ++i)
      same[{requests[i].redshifts.front(), requests[i].redshifts.back(), requests[i].redshifts.size()}].push_back(i);
    constexpr std::size_t most = 8;  // of a group, so that threads have work
    std::vector<std::vector<std::size_t>> members;
    std::vector<FitGroup> groups;
    for (const auto& [key, all] : same) {
      for (std::size_t i = 0; i < all.size(); i += most) {
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i);
        const auto& some =
            members.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(std::min(most, all.size() - i)));
        FitGroup& group = groups.emplace_back();
        group.redshifts = requests[some.front()].redshifts;
        for (const std::size_t k : some) group.targets.push_back(first_ + requests[k].target);
      }
    }
    site_.fit_groups(itemplate_, groups);
    for (std::size_t i = 0; i < groups.size(); ++i) hand_out(groups[i], members[i], requests);
  }

  /// chi^2 with the penalty for negative [OII] emission.
  std::vector<double> with_penalty(const Request& request) const {
    const std::size_t nbasis = request.coeff.size() / request.chi2.size();
    std::vector<double> sum = request.chi2;
    for (std::size_t iz = 0; iz < sum.size(); ++iz)
      sum[iz] += setup_.penalty(itemplate_, request.coeff.data() + iz * nbasis);
    return sum;
  }

 private:
  static void hand_out(const FitGroup& group, const std::vector<std::size_t>& members, std::vector<Request>& requests) {
    const auto nz = static_cast<std::ptrdiff_t>(group.redshifts.size());
    const auto ncoeff = static_cast<std::ptrdiff_t>(group.coeff.size() / members.size());
    auto chi2 = group.chi2.begin(), coeff = group.coeff.begin();
    for (const std::size_t i : members) {
      requests[i].chi2.assign(chi2, chi2 + nz);
      requests[i].coeff.assign(coeff, coeff + ncoeff);
      chi2 += nz;
      coeff += ncoeff;
    }
  }

  const FitSetup& setup_;
  const FitSite& site_;
  int itemplate_;
  std::size_t first_;  ///< target of the range
};

/// Looks at the candidates of all targets more closely.
void look_closer(const FineScans& scans, std::vector<Refinement>& refinements) {
  std::vector<Request> requests;
  for (std::size_t i = 0; i < refinements.size(); ++i)
    for (const Valley& valley : refinements[i].valleys()) requests.push_back({i, valley, closer_grid(valley), {}, {}});
  scans.fit(requests);
  std::size_t at = 0;
  for (Refinement& refinement : refinements) {
    for (Valley& valley : refinement.valleys()) {
      valley = closer_valley(valley, requests[at].redshifts, scans.with_penalty(requests[at]));
      ++at;
    }
    refinement.sort_valleys();
  }
}

}  // namespace

std::vector<std::vector<Zfit>> refine(const FitSetup& setup, const FitSite& site, int itemplate,
                                      const Spectra<Host>& spectra, TargetRange range, const Array2<double>& chi2) {
  const Template& tmpl = setup.templates()[itemplate];
  const FitSettings& settings = setup.settings();
  const FineScans scans(setup, site, itemplate, range.first);
  const auto target = [&](std::size_t i) -> const TargetSpectra& { return spectra.targets(range.first + i); };
  std::vector<Refinement> refinements;
  for (std::size_t i = 0; i < range.n; ++i)
    refinements.emplace_back(tmpl, settings, target(i).ngood > 0 ? chi2.row(i) : std::span<const double>());
  if (settings.adaptive) look_closer(scans, refinements);
  for (;;) {
    std::vector<Request> fine;
    for (std::size_t i = 0; i < range.n; ++i)
      if (const auto valley = refinements[i].next())
        fine.push_back({i, *valley, even_grid(valley->first, valley->last, settings.npoints), {}, {}});
    if (fine.empty()) break;
    scans.fit(fine);
    std::vector<Request> vertices;
    std::vector<Zfit> fits;
    for (Request& request : fine) {
      Zfit fit = refinements[request.target].fit_of(std::move(request.redshifts), scans.with_penalty(request));
      if (refinements[request.target].is_known(fit)) continue;
      fit.itemplate = itemplate;
      fit.npixels = target(request.target).ngood;
      fit.null_chi2 = target(request.target).flux_square;
      vertices.push_back({request.target, request.valley, {fit.z}, {}, {}});
      fits.push_back(std::move(fit));
    }
    scans.fit(vertices);
    for_all("zspex::redshift::archetypes", fits.size(), [&](std::size_t i) {
      fits[i].model_chi2 = vertices[i].chi2.front();
      fits[i].coeff = std::move(vertices[i].coeff);
      setup.fit_archetypes(spectra, range.first + vertices[i].target, fits[i]);
    });
    for (std::size_t i = 0; i < fits.size(); ++i) refinements[vertices[i].target].accept(std::move(fits[i]));
  }
  std::vector<std::vector<Zfit>> refined;
  for (Refinement& refinement : refinements) refined.push_back(refinement.take());
  return refined;
}

}  // namespace zspex::kernels::detail
