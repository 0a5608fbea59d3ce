// Redrock's refinement for many targets and templates at once: round after round each target names the next minimum of
// each template that it wants a fine scan of. Scans of one minimum for several targets share its rebinned templates.
#include "kernels/redshift/detail/refine.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "kernels/redshift/detail/for_all.hpp"
#include "kernels/redshift/detail/minimum_search.hpp"

namespace zspex::kernels::detail {
namespace {

/// The minima of one target in one template.
struct Search {
  int itemplate = 0;
  std::size_t itarget = 0;
  MinimumSearch minima;
};

/// A fine scan that a search wants.
struct Request {
  Search* search;
  MinimumBracket bracket;
  std::vector<double> redshifts;
  std::vector<double> chi2 = {};   ///< [nz] made, without penalty
  std::vector<double> coeff = {};  ///< [nz][nbasis] made
};

class FineScans {
 public:
  FineScans(const FitSetup& setup, const FitBackend& backend) : setup_(setup), backend_(backend) {}

  /// Makes all fits that are asked for.
  void fit(std::vector<Request>& requests) const {
    using Key = std::tuple<int, double, double, std::size_t>;
    std::map<Key, std::vector<Request*>> same;
    for (Request& request : requests) {
      const auto& z = request.redshifts;
      same[{request.search->itemplate, z.front(), z.back(), z.size()}].push_back(&request);
    }
    constexpr std::size_t most = 8;  // of a group, so that threads have work
    std::vector<std::span<Request*>> members;
    std::vector<FitGroup> groups;
    for (auto& [key, all] : same)
      for (std::size_t i = 0; i < all.size(); i += most) {
        const auto some = members.emplace_back(std::span(all).subspan(i, std::min(most, all.size() - i)));
        FitGroup& group = groups.emplace_back();
        group.itemplate = std::get<int>(key);
        group.redshifts = some.front()->redshifts;
        for (const Request* request : some) group.targets.push_back(request->search->itarget);
      }
    backend_.fit_groups(groups);
    for (std::size_t i = 0; i < groups.size(); ++i) hand_out(groups[i], members[i]);
  }

  /// chi^2 with the penalty for negative [OII] emission.
  std::vector<double> with_penalty(const Request& request) const {
    const std::size_t nbasis = request.coeff.size() / request.chi2.size();
    std::vector<double> sum = request.chi2;
    for (std::size_t iz = 0; iz < sum.size(); ++iz)
      sum[iz] += setup_.penalty(request.search->itemplate, request.coeff.data() + iz * nbasis);
    return sum;
  }

 private:
  static void hand_out(const FitGroup& group, std::span<Request*> members) {
    const auto nz = static_cast<std::ptrdiff_t>(group.redshifts.size());
    const auto ncoeff = static_cast<std::ptrdiff_t>(group.coeff.size() / members.size());
    auto chi2 = group.chi2.begin(), coeff = group.coeff.begin();
    for (Request* request : members) {
      request->chi2.assign(chi2, chi2 + nz);
      request->coeff.assign(coeff, coeff + ncoeff);
      chi2 += nz;
      coeff += ncoeff;
    }
  }

  const FitSetup& setup_;
  const FitBackend& backend_;
};

/// Looks at the candidates of some searches more closely.
void look_closer(const FineScans& scans, std::span<Search> searches) {
  std::vector<Request> requests;
  for (Search& search : searches)
    for (const MinimumBracket& bracket : search.minima.brackets())
      requests.push_back({&search, bracket, closer_grid(bracket)});
  scans.fit(requests);
  std::size_t at = 0;
  for (Search& search : searches) {
    for (MinimumBracket& bracket : search.minima.brackets()) {
      bracket = closer_bracket(bracket, requests[at].redshifts, scans.with_penalty(requests[at]));
      ++at;
    }
    search.minima.sort_brackets();
  }
}

/// The next minimum of each search. \return false when none has any left
bool refine_next(const FitSetup& setup, const FineScans& scans, const Spectra<Host>& spectra,
                 std::vector<Search>& searches) {
  std::vector<Request> fine;
  for (Search& search : searches)
    if (const auto bracket = search.minima.next())
      fine.push_back({&search, *bracket, even_grid(bracket->first, bracket->last, setup.settings().npoints)});
  if (fine.empty()) return false;
  scans.fit(fine);
  std::vector<Request> vertices;
  std::vector<Zfit> fits;
  for (Request& request : fine) {
    Zfit fit = request.search->minima.fit_of(std::move(request.redshifts), scans.with_penalty(request));
    if (request.search->minima.is_known(fit)) continue;
    const TargetSpectra& target = spectra.targets(request.search->itarget);
    fit.itemplate = request.search->itemplate;
    fit.npixels = target.ngood;
    fit.null_chi2 = target.flux_square;
    vertices.push_back({request.search, request.bracket, {fit.z}});
    fits.push_back(std::move(fit));
  }
  scans.fit(vertices);
  for_all("zspex::redshift::archetypes", fits.size(), [&](std::size_t i) {
    fits[i].model_chi2 = vertices[i].chi2.front();
    fits[i].coeff = std::move(vertices[i].coeff);
    setup.fit_archetypes(spectra, vertices[i].search->itarget, fits[i]);
  });
  for (std::size_t i = 0; i < fits.size(); ++i) vertices[i].search->minima.accept(std::move(fits[i]));
  return true;
}

}  // namespace

std::vector<RefinedFits> refine(const FitSetup& setup, const FitBackend& backend, const Spectra<Host>& spectra,
                                std::span<const CoarseScan> scans) {
  std::vector<Search> searches;
  for (const CoarseScan& scan : scans)
    for (std::size_t i = 0; i < scan.range.n; ++i) {
      const std::size_t itarget = scan.range.first + i;
      const bool has_data = spectra.targets(itarget).ngood > 0;
      searches.push_back({scan.itemplate, itarget,
                          MinimumSearch(setup.templates()[static_cast<std::size_t>(scan.itemplate)], setup.settings(),
                                        has_data ? scan.chi2.row(i) : std::span<const double>())});
    }
  const FineScans fine(setup, backend);
  constexpr std::size_t some = 512;  // with 60 candidates each 30,000 fine scans, and 40 MB
  if (setup.settings().adaptive)
    for (std::size_t i = 0; i < searches.size(); i += some)
      look_closer(fine, std::span(searches).subspan(i, std::min(some, searches.size() - i)));
  while (refine_next(setup, fine, spectra, searches)) {
  }
  std::vector<RefinedFits> refined;
  auto search = searches.begin();
  for (const CoarseScan& scan : scans) {
    RefinedFits& fits = refined.emplace_back();
    for (std::size_t i = 0; i < scan.range.n; ++i) fits.push_back((search++)->minima.take());
  }
  return refined;
}

}  // namespace zspex::kernels::detail
