/// \file
/// A site whose fits are made by teams of threads on an execution space of its own: a GPU, or for tests the host. Two scans are
/// under way at a time, so that a GPU has work while the host takes the results of the last one and prepares the next.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/redshift/detail/host_site.hpp"
#include "kernels/redshift/detail/team_kernels.hpp"

namespace zspex::kernels::detail {

/// Bytes that launches work with at a time, beside targets and slices: sums and results of each of two scans, and fine scans.
inline constexpr std::size_t scan_workspace_bytes = std::size_t{64} << 20,
                             fine_workspace_bytes = std::size_t{128} << 20;

/// Sums and results of a target at one redshift.
inline std::size_t pair_bytes(int nbasis) {
  return sizeof(double) * static_cast<std::size_t>(products_of(nbasis) + nbasis + 3);
}

/// Columns whose products one thread can hold.
template <class Exec>
inline constexpr int most_columns_at_once = 12;
#if defined(KOKKOS_ENABLE_THREADS) && KOKKOS_VERSION < 40000
template <>
inline constexpr int most_columns_at_once<Kokkos::Threads> = 10;  // its teams reduce no more than 512 bytes
#endif

template <class Exec>
class TeamSite final : public FitSite {
 public:
  explicit TeamSite(std::shared_ptr<const Engine> engine);

  const char* name() const override { return Exec::name(); }
  SiteMemory allocate(std::size_t nbytes) const override;
  void copy_in(std::byte* to, std::span<const std::byte> from) const override;
  void set_targets(const PackedTargets& packed, std::span<const std::byte> memory) override;
  void rebin(int itemplate, int first, int nz, std::byte* slice) const override;
  void scan(int itemplate, int first, int nz, const std::byte* slice, TargetRange targets,
            const ScanRows& rows) const override;
  void convolve(int itemplate, int nz, const std::byte* slice, std::size_t itarget, std::byte* columns) const override;
  void fit_columns(int itemplate, int first, int nz, const std::byte* host_slice, const std::byte* columns,
                   std::size_t itarget, const ScanRows& rows) const override;
  void finish() const override;
  void fit_groups(int itemplate, std::span<FitGroup> groups) const override;

 private:
  template <class T>
  using Array = DeviceView<T*, Exec>;
  template <class T>
  using PinnedArray = Kokkos::View<T*, PinnedSpace<Exec>>;

  /// A stream of the device with what launches on it need: sums and results there and, after a copy, on the host; and where
  /// the results go.
  struct Lane {
    Exec exec;
    Array<double> products, chi2, penalty, coeff;
    Array<unsigned char> residual;
    PinnedArray<double> host_chi2, host_penalty, host_coeff;
    std::size_t npair = 0;
    // A scan's: rows of targets from `target` on, columns [first, first + nz).
    bool waiting = false;
    int itemplate = 0, first = 0, nz = 0;
    std::size_t target = 0;
    ScanRows rows;
  };

  template <class T>
  Array<T> upload(std::span<const T> values) const {
    Array<T> array = device_array<T, Exec>("zspex::redshift::input", values.size());
    if (!values.empty())
      Kokkos::deep_copy(
          lane().exec, array,
          Kokkos::View<const T*, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>(values.data(), values.size()));
    return array;
  }
  /// An array that lives as long as the site.
  template <class T>
  const T* keep(std::span<const T> values) {
    const Array<T> array = upload(values);
    fence(lane().exec, "a host array goes");
    kept_.push_back(std::make_shared<Array<T>>(array));
    return array.data();
  }
  template <class T>
  const T* keep(const std::vector<T>& values) {
    return keep(std::span<const T>(values));
  }
  void load_pixels();
  void load_template(std::size_t itemplate);

  int nbasis(int itemplate) const { return templates_[static_cast<std::size_t>(itemplate)].nbasis; }
  /// The lane that is used next.
  Lane& lane() const { return lanes_[turn_]; }
  void reserve(Lane& lane, std::size_t npair, int nbasis) const;
  /// Sums, solutions and chi^2 of all pairs.
  template <class Real>
  void fit(Lane& lane, int itemplate, const FitPairs& pairs, const Real* slice, const Real* columns) const;
  template <class Real, int NI, int NJ>
  void sum(Lane& lane, int i0, int j0, const FitPairs& pairs, int nbasis, const Real* slice, const Real* columns) const;
  template <class Real>
  void sum_all(Lane& lane, int nbasis, const FitPairs& pairs, const Real* slice, const Real* columns) const;
  /// Starts the copy of results to the host.
  void bring_back(Lane& lane, int nbasis, bool coeff) const;
  /// Waits for a scan's results and puts them into their rows.
  void deliver(Lane& lane) const;

  std::shared_ptr<const Engine> engine_;
  mutable Lane lanes_[2];
  mutable int turn_ = 0;
  Exec copy_;  ///< copies to the device, beside the lanes
  std::vector<std::shared_ptr<void>> kept_;
  TeamPixels pixels_;
  std::vector<TeamTemplate> templates_;
  std::vector<const double*> redshifts_;  ///< [ntemplate] of the scan
  // Targets, on the device and on the host.
  Array<std::byte> memory_;
  Array<TeamTarget> targets_;
  Array<TeamSpectrum> spectra_;
  std::vector<PackedTarget> host_targets_;
  mutable Array<double> fine_;  ///< rebinned templates of fine scans
};

template <class Exec>
TeamSite<Exec>::TeamSite(std::shared_ptr<const Engine> engine) : engine_(std::move(engine)) {
#if KOKKOS_VERSION >= 40200
  if constexpr (!on_host<Exec>) {
    const auto instances = Kokkos::Experimental::partition_space(Exec(), 1, 1, 1);
    lanes_[0].exec = instances[0];
    lanes_[1].exec = instances[1];
    copy_ = instances[2];
  }
#endif
  load_pixels();
  for (std::size_t it = 0; it < engine_->templates().size(); ++it) load_template(it);
}

template <class Exec>
void TeamSite<Exec>::load_pixels() {
  const PixelLayout& layout = engine_->layout();
  std::vector<double> low(layout.row, 0.0), high(layout.row, 0.0), wave(layout.row, 0.0);
  for (std::size_t band = 0; band < layout.bands.size(); ++band) {
    const auto& edges = engine_->edges()[band];
    const auto& centres = engine_->wave()[band];
    const auto first = static_cast<std::size_t>(layout.bands[band].first);
    for (std::size_t p = 0; p < centres.size(); ++p) {
      low[first + p] = edges[p];
      high[first + p] = edges[p + 1];
      wave[first + p] = centres[p];
    }
  }
  pixels_ = {layout.row, keep(low), keep(high), keep(wave)};
}

template <class Exec>
void TeamSite<Exec>::load_template(std::size_t itemplate) {
  const Template& tmpl = engine_->templates()[itemplate];
  const Rebinner& rebinner = engine_->rebinner(itemplate);
  const auto& transmission = engine_->transmission(itemplate);
  TeamTemplate to;
  to.nbasis = tmpl.nbasis();
  to.nsample = static_cast<std::int64_t>(rebinner.wave().size());
  to.even = rebinner.even();
  to.first = rebinner.wave().front();
  to.guides = rebinner.guides_per_angstrom();
  to.samples = keep(rebinner.samples());
  to.wave = keep(rebinner.wave());
  to.guide = keep(rebinner.guide());
  // Absorption on all pixels of a row, line by line.
  const PixelLayout& layout = engine_->layout();
  const auto& lines = transmission.front().lines();
  std::vector<double> line_wave, passing(lines.size() * layout.row, 1.0);
  for (std::size_t line = 0; line < lines.size(); ++line) {
    line_wave.push_back(lines[line].wave);
    for (std::size_t band = 0; band < layout.bands.size(); ++band) {
      const auto& values = transmission[band].lines()[line].passing;
      std::copy(values.begin(), values.end(),
                passing.begin() + static_cast<std::ptrdiff_t>(line * layout.row) + layout.bands[band].first);
    }
  }
  to.nline = static_cast<int>(lines.size());
  to.line_wave = keep(line_wave);
  to.passing = keep(passing);
  to.continuum = transmission.front().model() == IgmModel::inoue14;
  to.nonnegative = tmpl.method == FitMethod::nmf;
  const auto& oii = engine_->oii(itemplate);
  to.oii = oii.empty() ? nullptr : keep(oii);
  templates_.push_back(to);
  redshifts_.push_back(keep(tmpl.redshifts));
}

template <class Exec>
SiteMemory TeamSite<Exec>::allocate(std::size_t nbytes) const {
  // Kokkos aligns to 64 bytes or more; new memory is zero.
  auto array = std::make_shared<Array<std::byte>>("zspex::redshift::slice", nbytes);
  return {array->data(), nbytes, array};
}

template <class Exec>
void TeamSite<Exec>::copy_in(std::byte* to, std::span<const std::byte> from) const {
  if (from.empty()) return;
  using Here = Kokkos::View<std::byte*, typename Exec::memory_space, Kokkos::MemoryUnmanaged>;
  using There = Kokkos::View<const std::byte*, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>;
  Kokkos::deep_copy(copy_, Here(to, from.size()), There(from.data(), from.size()));
  fence(copy_, "the host's copy may be used again");
}

template <class Exec>
void TeamSite<Exec>::set_targets(const PackedTargets& packed, std::span<const std::byte> memory) {
  finish();
  memory_ = {};
  memory_ = device_array<std::byte, Exec>("zspex::redshift::targets", memory.size());
  copy_in(memory_.data(), memory);
  host_targets_ = unpack(packed, engine_->layout(), memory);
  const auto on_device = [&](const auto* host) {
    return reinterpret_cast<decltype(host)>(memory_.data() +
                                            (reinterpret_cast<const std::byte*>(host) - memory.data()));
  };
  std::vector<TeamTarget> targets;
  std::vector<TeamSpectrum> spectra;
  for (const PackedTarget& target : host_targets_) {
    TeamTarget& to = targets.emplace_back();
    to.first = static_cast<int>(spectra.size());
    for (const PackedSpectrum& spectrum : target.spectra)
      spectra.push_back({spectrum.ndiag, spectrum.npixel(), engine_->layout().bands[spectrum.band].first,
                         on_device(spectrum.root_ivar), on_device(spectrum.scaled_flux), on_device(spectrum.rows)});
    to.last = static_cast<int>(spectra.size());
    to.npixel = static_cast<int>(target.column_size());
    to.good = target.npixels;
  }
  targets_ = upload(std::span<const TeamTarget>(targets));
  spectra_ = upload(std::span<const TeamSpectrum>(spectra));
  fence(lane().exec, "host arrays go");
}

template <class Exec>
void TeamSite<Exec>::rebin(int itemplate, int first, int nz, std::byte* slice) const {
  const auto it = static_cast<std::size_t>(itemplate);
  const auto as = [&](auto real) {
    using Real = decltype(real);
    RebinPixels<Exec, Real>{templates_[it], pixels_, redshifts_[it] + first, reinterpret_cast<Real*>(slice)}.run(
        lane().exec, nz);
  };
  engine_->mixed() ? as(float{}) : as(double{});
}

template <class Exec>
void TeamSite<Exec>::reserve(Lane& lane, std::size_t npair, int nbasis) const {
  const std::size_t nproduct = npair * static_cast<std::size_t>(products_of(nbasis));
  const std::size_t ncoeff = npair * static_cast<std::size_t>(nbasis);
  const auto pinned = [](const char* label, std::size_t n) {
    return PinnedArray<double>(Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string(label)), n);
  };
  if (lane.products.extent(0) < nproduct)
    lane.products = device_array<double, Exec>("zspex::redshift::products", nproduct);
  if (lane.chi2.extent(0) < npair) {
    lane.chi2 = device_array<double, Exec>("zspex::redshift::chi2", npair);
    lane.penalty = device_array<double, Exec>("zspex::redshift::penalty", npair);
    lane.residual = device_array<unsigned char, Exec>("zspex::redshift::residual", npair);
    lane.host_chi2 = pinned("zspex::redshift::host_chi2", npair);
    lane.host_penalty = pinned("zspex::redshift::host_penalty", npair);
  }
  if (lane.coeff.extent(0) < ncoeff) {
    lane.coeff = device_array<double, Exec>("zspex::redshift::coeff", ncoeff);
    lane.host_coeff = pinned("zspex::redshift::host_coeff", ncoeff);
  }
  lane.npair = npair;
}

template <class Exec>
template <class Real, int NI, int NJ>
void TeamSite<Exec>::sum(Lane& lane, int i0, int j0, const FitPairs& pairs, int nbasis, const Real* slice,
                         const Real* columns) const {
  SumProducts<Exec, Real, NI, NJ>{pairs, targets_.data(), spectra_.data(), pixels_.row,         nbasis, i0,
                                  j0,    slice,           columns,         lane.products.data()}
      .run(lane.exec, lane.npair);
}

template <class Exec>
template <class Real>
void TeamSite<Exec>::sum_all(Lane& lane, int nbasis, const FitPairs& pairs, const Real* slice,
                             const Real* columns) const {
  const int ncolumn = nbasis + 1;
  constexpr int most = most_columns_at_once<Exec>, tile = 6;
  if (ncolumn <= most) {
    with_constant<most>(ncolumn,
                        [&](auto n) { sum<Real, decltype(n)::value, 0>(lane, 0, 0, pairs, nbasis, slice, columns); });
    return;
  }
  for (int i = 0; i < ncolumn; i += tile)
    with_constant<tile>(std::min(tile, ncolumn - i), [&](auto n) {
      for (int j = 0; j < i; j += tile) sum<Real, decltype(n)::value, tile>(lane, i, j, pairs, nbasis, slice, columns);
      sum<Real, decltype(n)::value, 0>(lane, i, 0, pairs, nbasis, slice, columns);
    });
}

template <class Exec>
template <class Real>
void TeamSite<Exec>::fit(Lane& lane, int itemplate, const FitPairs& pairs, const Real* slice,
                         const Real* columns) const {
  const TeamTemplate& tmpl = templates_[static_cast<std::size_t>(itemplate)];
  sum_all(lane, tmpl.nbasis, pairs, slice, columns);
  const auto solve = [&](auto most) {
    SolveFits<Exec, decltype(most)::value>{pairs,
                                           targets_.data(),
                                           tmpl,
                                           lane.products.data(),
                                           lane.chi2.data(),
                                           lane.penalty.data(),
                                           lane.coeff.data(),
                                           lane.residual.data()}
        .run(lane.exec, lane.npair);
  };
  if (tmpl.nbasis <= few_unknowns)
    solve(std::integral_constant<int, few_unknowns>());
  else
    solve(std::integral_constant<int, most_unknowns>());
  if (columns) return;
  SumResiduals<Exec, Real>{pairs, targets_.data(),   spectra_.data(),      pixels_.row,     tmpl.nbasis,
                           slice, lane.coeff.data(), lane.residual.data(), lane.chi2.data()}
      .run(lane.exec, lane.npair);
}

template <class Exec>
void TeamSite<Exec>::bring_back(Lane& lane, int nbasis, bool coeff) const {
  const auto copy = [&](const auto& host, const auto& device, std::size_t n) {
    const std::pair<std::size_t, std::size_t> part(0, n);
    Kokkos::deep_copy(lane.exec, Kokkos::subview(host, part), Kokkos::subview(device, part));
  };
  copy(lane.host_chi2, lane.chi2, lane.npair);
  copy(lane.host_penalty, lane.penalty, lane.npair);
  if (coeff) copy(lane.host_coeff, lane.coeff, lane.npair * static_cast<std::size_t>(nbasis));
}

template <class Exec>
void TeamSite<Exec>::deliver(Lane& lane) const {
  fence(lane.exec, "the host reads the results of a scan");
  if (!lane.waiting) return;
  lane.waiting = false;
  const ScanRows& rows = lane.rows;
  const auto n = static_cast<std::size_t>(lane.nz), nb = static_cast<std::size_t>(nbasis(lane.itemplate));
  for (std::size_t i = 0; i < lane.npair / n; ++i) {
    const std::size_t to = (lane.target + i - rows.first) * rows.nz + static_cast<std::size_t>(lane.first);
    std::copy_n(lane.host_chi2.data() + i * n, n, rows.chi2 + to);
    std::copy_n(lane.host_penalty.data() + i * n, n, rows.penalty + to);
    if (rows.coeff) std::copy_n(lane.host_coeff.data() + i * n * nb, n * nb, rows.coeff + to * nb);
  }
}

template <class Exec>
void TeamSite<Exec>::finish() const {
  for (Lane& one : lanes_) deliver(one);
}

template <class Exec>
void TeamSite<Exec>::scan(int itemplate, int first, int nz, const std::byte* slice, TargetRange targets,
                          const ScanRows& rows) const {
  const std::size_t one = static_cast<std::size_t>(nz) * pair_bytes(nbasis(itemplate));
  const std::size_t most = std::max<std::size_t>(1, scan_workspace_bytes / one);
  const auto as = [&](auto real) {
    using Real = decltype(real);
    for (std::size_t done = 0; done < targets.n; done += most) {
      const std::size_t n = std::min(most, targets.n - done);
      Lane& now = lane();
      reserve(now, n * static_cast<std::size_t>(nz), nbasis(itemplate));
      FitPairs pairs;
      pairs.nz = nz;
      pairs.first = targets.first + done;
      fit<Real>(now, itemplate, pairs, reinterpret_cast<const Real*>(slice), nullptr);
      bring_back(now, nbasis(itemplate), rows.coeff != nullptr);
      now.waiting = true;
      now.itemplate = itemplate;
      now.first = first;
      now.nz = nz;
      now.target = pairs.first;
      now.rows = rows;
      turn_ = 1 - turn_;
      deliver(lane());  // of the scan before, while this one goes on
    }
  };
  engine_->mixed() ? as(float{}) : as(double{});
}

template <class Exec>
void TeamSite<Exec>::convolve(int itemplate, int nz, const std::byte* slice, std::size_t itarget,
                              std::byte* columns) const {
  TeamTarget target;
  for (std::size_t i = 0; i < itarget; ++i) target.first += static_cast<int>(host_targets_[i].spectra.size());
  target.last = target.first + static_cast<int>(host_targets_[itarget].spectra.size());
  target.npixel = static_cast<int>(host_targets_[itarget].column_size());
  if (target.npixel == 0) return;
  const auto as = [&](auto real) {
    using Real = decltype(real);
    ConvolveColumns<Exec, Real>{target,
                                spectra_.data(),
                                pixels_.row,
                                nbasis(itemplate),
                                reinterpret_cast<const Real*>(slice),
                                reinterpret_cast<Real*>(columns)}
        .run(lane().exec, nz);
  };
  engine_->mixed() ? as(float{}) : as(double{});
}

template <class Exec>
void TeamSite<Exec>::fit_columns(int itemplate, int first, int nz, const std::byte* host_slice,
                                 const std::byte* columns, std::size_t itarget, const ScanRows& rows) const {
  const auto as = [&](auto real) {
    using Real = decltype(real);
    const auto npair = static_cast<std::size_t>(nz), nb = static_cast<std::size_t>(nbasis(itemplate));
    finish();
    Lane& now = lane();
    reserve(now, npair, nbasis(itemplate));
    FitPairs pairs;
    pairs.nz = nz;
    pairs.first = itarget;
    fit<Real>(now, itemplate, pairs, nullptr, reinterpret_cast<const Real*>(columns));
    bring_back(now, nbasis(itemplate), true);
    std::vector<unsigned char> residual(npair);
    Kokkos::View<unsigned char*, Kokkos::HostSpace, Kokkos::MemoryUnmanaged> host(residual.data(), npair);
    Kokkos::deep_copy(now.exec, host, Kokkos::subview(now.residual, std::pair<std::size_t, std::size_t>(0, npair)));
    fence(now.exec, "the host reads the results of columns");
    const std::size_t to = (itarget - rows.first) * rows.nz + static_cast<std::size_t>(first);
    for (std::size_t iz = 0; iz < npair; ++iz) {
      const double* c = now.host_coeff.data() + iz * nb;
      rows.chi2[to + iz] = residual[iz] == 0 ? now.host_chi2(iz)
                                             : direct_chi2(host_targets_[itarget], engine_->layout(),
                                                           reinterpret_cast<const Real*>(host_slice) +
                                                               engine_->slice_size(itemplate, static_cast<int>(iz)),
                                                           static_cast<int>(nb), c);
      rows.penalty[to + iz] = now.host_penalty(iz);
      if (rows.coeff) std::copy_n(c, nb, rows.coeff + (to + iz) * nb);
    }
  };
  engine_->mixed() ? as(float{}) : as(double{});
}

template <class Exec>
void TeamSite<Exec>::fit_groups(int itemplate, std::span<FitGroup> groups) const {
  finish();
  const auto it = static_cast<std::size_t>(itemplate), nb = static_cast<std::size_t>(nbasis(itemplate));
  const std::size_t slice_values = engine_->slice_size(itemplate, 1);
  const std::size_t most_slices = std::max<std::size_t>(1, fine_workspace_bytes / (slice_values * sizeof(double)));
  for (std::size_t begin = 0; begin < groups.size();) {
    // As many groups as fit the workspace: at least one.
    std::vector<double> redshifts;
    std::vector<int> targets, slices;
    std::size_t end = begin;
    for (; end < groups.size() && (end == begin || redshifts.size() + groups[end].redshifts.size() <= most_slices);
         ++end) {
      FitGroup& group = groups[end];
      const std::size_t nz = group.redshifts.size();
      group.chi2.assign(group.targets.size() * nz, no_chi2);
      group.coeff.assign(group.targets.size() * nz * nb, 0.0);
      const auto [least, most] = std::minmax_element(group.redshifts.begin(), group.redshifts.end());
      if (!engine_->covers(itemplate, *least, *most)) {
        for (std::size_t k = 0; k < group.chi2.size(); ++k)
          group.chi2[k] = host_targets_[group.targets[k / nz]].flux_square;
        continue;
      }
      for (const std::size_t target : group.targets)
        for (std::size_t iz = 0; iz < nz; ++iz) {
          targets.push_back(static_cast<int>(target));
          slices.push_back(static_cast<int>(redshifts.size() + iz));
        }
      redshifts.insert(redshifts.end(), group.redshifts.begin(), group.redshifts.end());
    }
    if (!targets.empty()) {
      if (fine_.extent(0) < redshifts.size() * slice_values)
        fine_ = device_array<double, Exec>("zspex::redshift::fine_scans", redshifts.size() * slice_values);
      const auto device_redshifts = upload(std::span<const double>(redshifts));
      const auto device_targets = upload(std::span<const int>(targets)),
                 device_slices = upload(std::span<const int>(slices));
      Lane& now = lane();
      RebinPixels<Exec, double>{templates_[it], pixels_, device_redshifts.data(), fine_.data()}.run(
          now.exec, static_cast<int>(redshifts.size()));
      FitPairs pairs;
      pairs.targets = device_targets.data();
      pairs.slices = device_slices.data();
      reserve(now, targets.size(), nbasis(itemplate));
      fit<double>(now, itemplate, pairs, fine_.data(), nullptr);
      bring_back(now, nbasis(itemplate), true);
      fence(now.exec, "the host reads the results of fine scans");
      std::size_t pair = 0;
      for (std::size_t g = begin; g < end; ++g) {
        FitGroup& group = groups[g];
        const auto [least, most] = std::minmax_element(group.redshifts.begin(), group.redshifts.end());
        if (!engine_->covers(itemplate, *least, *most)) continue;
        std::copy_n(now.host_chi2.data() + pair, group.chi2.size(), group.chi2.begin());
        std::copy_n(now.host_coeff.data() + pair * nb, group.coeff.size(), group.coeff.begin());
        pair += group.chi2.size();
      }
    }
    begin = end;
  }
}

}  // namespace zspex::kernels::detail
