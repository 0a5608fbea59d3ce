#include "kernels/redshift/detail/engine.hpp"

#include <string>
#include <tuple>

#include "config/base/error.hpp"

namespace zspex::kernels::detail {
namespace {

/// Sums of each basis vector's samples around [OII], for galaxies fitted with any sign.
std::vector<double> oii_sums(const Template& tmpl) {
  if (tmpl.spectype != "GALAXY" || tmpl.method != FitMethod::pca) return {};
  std::vector<double> sums(tmpl.nbasis(), 0.0);
  for (int b = 0; b < tmpl.nbasis(); ++b)
    for (std::size_t j = 0; j < tmpl.wave.size(); ++j)
      if (tmpl.wave[j] >= 3724 && tmpl.wave[j] <= 3733) sums[b] += tmpl.basis(b, j);
  return sums;
}

std::string angstrom(double value) { return std::to_string(static_cast<long long>(value + 0.5)); }

[[noreturn]] void refuse_coverage(const std::string& what, const std::vector<std::vector<double>>& edges,
                                  const std::vector<double>& wave, const std::vector<double>& redshifts) {
  double least = edges[0].front(), most = edges[0].back();
  for (const auto& band : edges) {
    least = std::min(least, band.front());
    most = std::max(most, band.back());
  }
  const double zmin = redshifts.front(), zmax = redshifts.back();
  throw NumericsError("redshift",
                      what + ": expected rest wavelengths from " + angstrom(least / (1 + zmax)) + " to " +
                          angstrom(most / (1 + zmin)) + " Angstrom, to cover the spectra at redshifts " +
                          std::to_string(zmin) + " to " + std::to_string(zmax) + ", found " + angstrom(wave.front()) +
                          " to " + angstrom(wave.back()) +
                          ". Narrow the scan (--zscan-galaxy, --zscan-qso, --zscan-star), or use longer ones.");
}

}  // namespace

Engine::Engine(std::vector<std::vector<double>> wave, std::vector<Template> templates, const FitSettings& settings,
               const std::vector<Archetypes>& archetypes)
    : wave_(std::move(wave)),
      templates_(std::move(templates)),
      settings_(settings),
      layout_(wave_, settings.max_ndiag),
      blocks_(blocks_of(layout_)) {
  for (std::size_t band = 0; band < wave_.size(); ++band) {
    const std::size_t nwave = wave_[band].size();
    edges_.push_back(bin_edges(wave_[band]));
    for (std::size_t first = 0; first < nwave; first += Rebinner::piece_bins)
      pieces_.push_back({band, first, std::min(Rebinner::piece_bins, nwave - first)});
  }
  for (std::size_t it = 0; it < templates_.size(); ++it) {
    const Template& tmpl = templates_[it];
    if (tmpl.nbasis() > most_unknowns)
      throw NumericsError("redshift", "template " + tmpl.full_type() + ": expected at most " +
                                          std::to_string(most_unknowns) + " basis vectors, found " +
                                          std::to_string(tmpl.nbasis()) + ". Leave some out.");
    most_basis_ = std::max(most_basis_, tmpl.nbasis());
    rebinners_.emplace_back(tmpl.wave, tmpl.basis);
    auto& transmission = transmission_.emplace_back();
    for (const auto& grid : wave_) transmission.emplace_back(tmpl.igm, grid);
    oii_.push_back(oii_sums(tmpl));
    if (!covers(static_cast<int>(it), tmpl.redshifts.front(), tmpl.redshifts.back()))
      refuse_coverage("template " + tmpl.full_type(), edges_, tmpl.wave, tmpl.redshifts);
  }
  for (const auto& set : archetypes) {
    archetypes_.emplace_back(set, wave_, settings.max_ndiag, settings.archetypes);
    for (const Template& tmpl : templates_)
      if (tmpl.spectype == set.spectype && !archetypes_.back().covers(tmpl.redshifts.front(), tmpl.redshifts.back()))
        refuse_coverage("archetypes of " + set.spectype, edges_, set.wave, tmpl.redshifts);
  }
}

const ArchetypeFitter* Engine::archetypes_of(int itemplate) const {
  const auto found = std::find_if(archetypes_.begin(), archetypes_.end(), [&](const ArchetypeFitter& one) {
    return one.archetypes().spectype == templates_[itemplate].spectype;
  });
  return found == archetypes_.end() ? nullptr : &*found;
}

bool Engine::is_negative(const Zfit& fit) const {
  for (int it = 0; it < static_cast<int>(templates_.size()); ++it)
    if (archetypes_of(it) == nullptr) return false;  // coefficients are never below zero
  return settings_.archetypes.nnearest == 0 && fit.coeff.front() <= 0;
}

void Engine::fit_archetypes(const PackedTarget& target, Zfit& fit) const {
  const ArchetypeFitter* archetypes = archetypes_of(fit.itemplate);
  if (archetypes == nullptr) return;
  archetypes->refit(target, transmission_[fit.itemplate], fit);
  if (is_negative(fit)) fit.zwarn |= zwarn::negative_model;
}

bool Engine::covers(int itemplate, double zmin, double zmax) const {
  return std::all_of(edges_.begin(), edges_.end(),
                     [&](const auto& edges) { return rebinners_[itemplate].covers(edges, zmin, zmax); });
}

template <class Real>
void Engine::rebin(int itemplate, std::span<const double> redshifts, Real* out) const {
  for (int piece = 0; piece < npiece(); ++piece) rebin_piece(itemplate, redshifts, piece, out);
  for (std::size_t iz = 0; iz < redshifts.size(); ++iz)
    absorb(itemplate, redshifts[iz], out + slice_size(itemplate, static_cast<int>(iz)));
}

template <class Real>
void Engine::rebin_piece(int itemplate, std::span<const double> redshifts, int ipiece, Real* out) const {
  const Piece& piece = pieces_[ipiece];
  const std::span<const double> edges = std::span(edges_[piece.band]).subspan(piece.first, piece.n + 1);
  Real* to = out + layout_.bands[piece.band].first + piece.first;
  for (const double z : redshifts) {
    rebinners_[itemplate].rebin(edges, z, to, layout_.row);
    to += slice_size(itemplate, 1);
  }
}

template <class Real>
void Engine::absorb(int itemplate, double z, Real* out) const {
  for (std::size_t band = 0; band < wave_.size(); ++band) {
    const BandLayout& place = layout_.bands[band];
    for (int b = 0; b < templates_[itemplate].nbasis(); ++b)
      transmission_[itemplate][band].apply(
          z, std::span<Real>(out + b * layout_.row + place.first, static_cast<std::size_t>(place.nwave)));
  }
}

double Engine::penalty(int itemplate, const double* coeff) const {
  const auto& sums = oii_[itemplate];
  double light = 0;
  for (std::size_t b = 0; b < sums.size(); ++b) light = fused(coeff[b], sums[b], light);
  return light < 0 ? -light : 0;
}

template <class Real>
void Engine::store_fits(const PackedTarget& target, std::size_t index, const LaneSum* sums, int itemplate, int first,
                        int nz, const Real* slice, const ScanRows& rows) const {
  const Template& tmpl = templates_[itemplate];
  const int nbasis = tmpl.nbasis();
  const std::size_t row = (index - rows.first) * rows.nz + static_cast<std::size_t>(first);
  std::array<double, most_unknowns> coeff{};
  for (int iz = 0; iz < nz; ++iz) {
    LinearFit fit;
    if (target.npixels > 0) fit = solve_fit(tmpl.method, nbasis, sums + iz * products_of(nbasis), coeff.data());
    if (fit.cancelled) fit.chi2 = direct_chi2(target, layout_, slice + slice_size(itemplate, iz), nbasis, coeff.data());
    rows.chi2[row + iz] = fit.chi2;
    rows.penalty[row + iz] = penalty(itemplate, coeff.data());
    if (rows.coeff == nullptr) continue;
    for (int b = 0; b < nbasis; ++b) rows.coeff[(row + iz) * nbasis + b] = static_cast<float>(coeff[b]);
  }
}

template <class Real>
void Engine::scan(const Crowd<Real>& crowd, int itemplate, int first, int nz, const Real* slice,
                  const ScanRows& rows) const {
  const int nbasis = templates_[itemplate].nbasis();
  const std::size_t nsum = static_cast<std::size_t>(nz) * products_of(nbasis);  // of a target
  const std::size_t ntarget = most_beside<Real> * crowd.many.size() + 2 * crowd.twos.size() + crowd.ones.size();
  std::vector<LaneSum> sums(ntarget * nsum, LaneSum{});
  const auto for_groups = [&](const auto& f) {
    LaneSum* here = sums.data();
    const auto pass = [&](const auto& groups) {
      for (const auto& group : groups) {
        f(group, here);
        here += group.indices.size() * nsum;
      }
    };
    pass(crowd.many);
    pass(crowd.twos);
    pass(crowd.ones);
  };
  FitRoom<Real, most_beside<Real>> room(nbasis, settings_.max_ndiag);
  FitRoom<Real, 2> room2(nbasis, settings_.max_ndiag);
  FitRoom<Real, 1> room1(nbasis, settings_.max_ndiag);
  for (const Block& block : blocks_) {
    for_groups([&](const auto& group, LaneSum* here) {
      constexpr std::size_t n = std::tuple_size_v<decltype(group.indices)>;
      if constexpr (n == 1)
        add_block<Real, 1>(block, group.targets, layout_, slice, nz, nbasis, room1, here);
      else if constexpr (n == 2)
        add_block<Real, 2>(block, group.targets, layout_, slice, nz, nbasis, room2, here);
      else
        add_block<Real, most_beside<Real>>(block, group.targets, layout_, slice, nz, nbasis, room, here);
    });
  }
  for_groups([&](const auto& group, const LaneSum* here) {
    for (std::size_t i = 0; i < group.indices.size(); ++i)
      store_fits(*group.targets[i], group.indices[i], here + i * nsum, itemplate, first, nz, slice, rows);
  });
}

template void Engine::rebin<double>(int, std::span<const double>, double*) const;
template void Engine::rebin_piece<float>(int, std::span<const double>, int, float*) const;
template void Engine::rebin_piece<double>(int, std::span<const double>, int, double*) const;
template void Engine::absorb<float>(int, double, float*) const;
template void Engine::absorb<double>(int, double, double*) const;
template void Engine::scan<float>(const Crowd<float>&, int, int, int, const float*, const ScanRows&) const;
template void Engine::scan<double>(const Crowd<double>&, int, int, int, const double*, const ScanRows&) const;
template void Engine::store_fits<float>(const PackedTarget&, std::size_t, const LaneSum*, int, int, int, const float*,
                                        const ScanRows&) const;
template void Engine::store_fits<double>(const PackedTarget&, std::size_t, const LaneSum*, int, int, int, const double*,
                                         const ScanRows&) const;

}  // namespace zspex::kernels::detail
