/// \file
/// RedshiftBackend's functions; each execution space is compiled in a file of its own.
#pragma once

#include <algorithm>
#include <numeric>

#include "kernels/redshift/detail/backend.hpp"
#include "kernels/redshift/detail/for_all.hpp"

namespace zspex::kernels::detail {

/// Targets whose tiles share what is in a core's caches: a block of a slice is read once for them, and the sums of all stay
/// there; but no fewer items than threads have work for.
inline std::size_t targets_of_item(std::size_t ntarget) {
  constexpr std::size_t enough = 8, groups_per_thread = 4;
  const std::size_t threads = host_threads();
  return threads == 1 ? enough : std::clamp(ntarget / (groups_per_thread * threads), std::size_t{1}, enough);
}

template <class Exec>
RedshiftBackend<Exec>::RedshiftBackend(std::shared_ptr<const FitSetup> setup, bool apart)
    : setup_(std::move(setup)), apart_(apart) {
  const auto streams = make_streams<Exec>(3);
  streams_[0].exec = streams[0];
  streams_[1].exec = streams[1];
  copy_ = streams[2];
  const PixelLayout& layout = setup_->layout();
  const auto keep = [&](const auto& values) {
    const auto there = upload(copy_, "zspex::redshift::pixels", values);
    fence(copy_, "a list of the host goes");
    return there;
  };
  runs_ = keep(pixel_runs(layout, rebin_pixels<Exec>));
  float_blocks_ = keep(blocks_of(layout, FitTile<Exec, float>::pixels));
  double_blocks_ = keep(blocks_of(layout, FitTile<Exec, double>::pixels));
  edges_ = table_of(copy_, setup_->pixels().edges);
  for (int it = 0; it < static_cast<int>(setup_->templates().size()); ++it) {
    const Template& tmpl = setup_->templates()[static_cast<std::size_t>(it)];
    templates_.push_back({template_table(copy_, setup_->table(it)), absorption_table(copy_, setup_->transmission(it)),
                          table_of(copy_, tmpl.redshifts), table_of(copy_, setup_->oii(it)), tmpl.nbasis(),
                          tmpl.method == FitMethod::nmf});
  }
  fence(copy_, "kernels read the tables");
}

template <class Exec>
const char* RedshiftBackend<Exec>::name() const {
  if constexpr (on_host<Exec>) return apart_ ? "host in place of a device" : "host";
  return Exec::name();
}

template <class Exec>
Values RedshiftBackend<Exec>::allocate(std::size_t n) const {
  Values values;
  with_real([&](auto real) {
    using Real = decltype(real);
    const auto array = std::make_shared<DeviceView<Real*, Exec>>(device_array<Real, Exec>("zspex::redshift::slice", n));
    fill(copy_, *array, Real{0});
    fence(copy_, "any stream may use it");
    values = Values(array->data(), n, array);
  });
  return values;
}

template <class Exec>
void RedshiftBackend<Exec>::copy_in(const Values& to, const Values& from) const {
  if (from.size() == 0) return;
  from.visit([&](auto* data) {
    using Real = std::remove_pointer_t<decltype(data)>;
    copy(copy_, DeviceView<Real*, Exec>(to.as<Real>(), from.size()), host_view(std::span(data, from.size())));
  });
  fence(copy_, "the host's copy may be used again");
}

template <class Exec>
void RedshiftBackend<Exec>::copy_out(const Values& to, const Values& from) const {
  if (from.size() == 0) return;
  for (Stream& one : streams_) fence(one.exec, "what was begun on the values is done");
  from.visit([&](auto* data) {
    using Real = std::remove_pointer_t<decltype(data)>;
    copy(copy_, host_view(std::span(to.as<Real>(), from.size())), DeviceView<Real*, Exec>(data, from.size()));
  });
  fence(copy_, "the host reads the copy");
}

template <class Exec>
void RedshiftBackend<Exec>::set_targets(std::shared_ptr<const HostTargets> targets) {
  finish();
  spectra_ = {};
  targets_ = std::move(targets);
  if constexpr (on_host<Exec>) {
    if (!apart_) {
      spectra_ = targets_->spectra;
      return;
    }
  }
  const SpectraArrays& arrays = targets_->arrays;
  spectra_ = {upload(copy_, "zspex::redshift::targets", targets_->targets),
              upload(copy_, "zspex::redshift::spectra", targets_->list),
              upload(copy_, "zspex::redshift::root_ivar", arrays.root_ivar),
              upload(copy_, "zspex::redshift::scaled_flux", arrays.scaled_flux),
              upload(copy_, "zspex::redshift::resolution", arrays.rows)};
  fence(copy_, "kernels read the targets");
}

template <class Exec>
void RedshiftBackend<Exec>::rebin(int itemplate, int first, int nz, const Values& slice) const {
  const Tables& tmpl = templates_[static_cast<std::size_t>(itemplate)];
  with_real([&](auto real) {
    using Real = decltype(real);
    const DeviceView<const double*, Exec> redshifts(tmpl.redshifts.data() + first, nz);
    rebinning<Real>(tmpl, redshifts, Slice<Exec, Real>(slice.as<Real>(), nz, tmpl.nbasis, setup_->layout().row))
        .run(stream().exec);
  });
}

template <class Exec>
void RedshiftBackend<Exec>::add_pairs(FitPairs<Exec>& pairs, std::span<const std::size_t> targets, int slice, int nz,
                                      int most) const {
  const int base = pairs.npair();
  for (const std::size_t target : targets)
    for (int iz = 0; iz < nz; ++iz) {
      pairs.targets.push_back(static_cast<int>(target));
      pairs.slices.push_back(slice + iz);
    }
  pairs.most_nz = std::max(pairs.most_nz, nz);
  std::vector<std::size_t> order(targets.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto shape = [&](std::size_t k) { return targets_->shapes[targets[k]]; };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return shape(a) < shape(b); });
  for (std::size_t i = 0; i < order.size();) {
    int alike = 1;
    while (alike < most && i + alike < order.size() && shape(order[i]) == shape(order[i + alike])) ++alike;
    // A device has kernels for full groups only; a host's core would lose by that.
    const int width = on_host<Exec> ? (alike == 4 ? 4 : std::min(alike, 2)) : most;
    const auto list = std::find(std::begin(pairs.widths), std::end(pairs.widths), width) - std::begin(pairs.widths);
    TargetGroup& group = pairs.lists[list].groups.emplace_back();
    group.ntarget = std::min(alike, width);
    group.slice = slice;
    group.nz = nz;
    for (int t = 0; t < TargetGroup::most; ++t) {
      const std::size_t k = order[i + (t < group.ntarget ? t : 0)];
      group.targets[t] = static_cast<int>(targets[k]);
      group.pairs[t] = base + static_cast<int>(k) * nz;
    }
    i += static_cast<std::size_t>(group.ntarget);
  }
}

template <class Exec>
template <class Real, int NT>
void RedshiftBackend<Exec>::sum(Stream& stream, const Tables& tmpl, const ConstSlice<Exec, Real>& slice,
                                const DeviceView<const Real***, Exec>& columns,
                                const DeviceView<const TargetGroup*, Exec>& groups) const {
  const int ngroup = groups.extent_int(0);
  if (ngroup == 0) return;
  const auto& blocks = sizeof(Real) == sizeof(float) ? float_blocks_ : double_blocks_;
  const int max_ndiag = setup_->settings().max_ndiag;
  const auto launch_with = [&](auto ni, auto nj, int i0, int j0) {
    SumProducts<Exec, Real, NT, decltype(ni)::value, decltype(nj)::value> sums{
        spectra_, blocks, groups, slice, columns, stream.products, tmpl.nbasis, max_ndiag};
    sums.i0 = i0;
    sums.j0 = j0;
    if constexpr (on_host<Exec>) {
      sums.item = std::max(1, static_cast<int>(stream.targets_of_item) / NT);
      const std::size_t nitem = static_cast<std::size_t>((ngroup + sums.item - 1) / sums.item),
                        nworker = std::min(nitem, host_threads());
      HostWorkspace<Real>& workspace = host_workspace<Real>();
      sums.core_workspace = {workspace.values.template shaped<DeviceView<Real**, Host>>(
                                 "zspex::redshift::workspace", nworker, sums.workspace_values(tmpl.nbasis, max_ndiag)),
                             workspace.sums.template shaped<DeviceView<LaneSum<Host>**, Host>>(
                                 "zspex::redshift::sums", nworker,
                                 sums.workspace_sums(tmpl.nbasis, stream.pairs.most_nz, std::min(sums.item, ngroup))),
                             workspace.next};
    } else {
      sums.item = (stream.pairs.most_nz + sums.together * sums.turns - 1) / (sums.together * sums.turns);
    }
    sums.run(stream.exec);
  };
  using Zero = std::integral_constant<int, 0>;
  if constexpr (on_host<Exec>) {
    launch_with(Zero{}, Zero{}, 0, 0);
  } else if (tmpl.nbasis <= most_basis_in_registers) {
    with_constant<most_basis_in_registers>(
        tmpl.nbasis, [&](auto n) { launch_with(std::integral_constant<int, decltype(n)::value + 1>{}, Zero{}, 0, 0); });
  } else {
    // Tiles of six columns; the last ones reach back, so that all are whole.
    constexpr int tile = 6;
    using Six = std::integral_constant<int, tile>;
    const int ncolumn = tmpl.nbasis + 1;
    for (int at = 0; at < ncolumn; at += tile) {
      const int i = std::min(at, ncolumn - tile);
      for (int j = 0; j < i; j += tile) launch_with(Six{}, Six{}, i, std::min(j, i - tile));
      launch_with(Six{}, Zero{}, i, 0);
    }
  }
}

template <class Exec>
template <class Real>
void RedshiftBackend<Exec>::fit(Stream& stream, const Tables& tmpl, const ConstSlice<Exec, Real>& slice,
                                const DeviceView<const Real***, Exec>& columns) const {
  using Matrix = DeviceView<double**, Exec>;
  const int npair = stream.pairs.npair(), of_fit = fit_record::size(tmpl.nbasis),
            of_solver = solve_workspace(tmpl.nbasis);
  stream.products =
      stream.product_memory.template shaped<Matrix>("zspex::redshift::products", npair, products_of(tmpl.nbasis));
  stream.fit_memory.resize("zspex::redshift::fits", static_cast<std::size_t>(npair) * static_cast<std::size_t>(of_fit));
  stream.fits = stream.fit_memory.template shaped<Matrix>(0, npair, of_fit);
  stream.pairs.upload(stream.exec);
  constexpr int most = FitTile<Exec, Real>::targets;
  const auto& lists = stream.pairs.lists;
  if constexpr (most >= 4) sum<Real, 4>(stream, tmpl, slice, columns, lists[0].on_device);
  if constexpr (on_host<Exec>) sum<Real, 2>(stream, tmpl, slice, columns, lists[1].on_device);
  if constexpr (on_host<Exec> || most == 1) sum<Real, 1>(stream, tmpl, slice, columns, lists[2].on_device);
  const int most_workers = static_cast<int>(
      on_host<Exec> ? host_threads() : solve_workspace_bytes / (sizeof(double) * static_cast<std::size_t>(of_solver)));
  const auto workspace = stream.solve_workspace.template shaped<Matrix>("zspex::redshift::solve_workspace",
                                                                        std::min(npair, most_workers), of_solver);
  SolveFits<Exec>{
      spectra_,        stream.pairs.device_targets, tmpl.oii, stream.products, stream.fits, workspace, tmpl.nbasis,
      tmpl.nonnegative}
      .run(stream.exec);
  if (columns.data() == nullptr)
    SumResiduals<Exec, Real>{spectra_, stream.pairs.device_targets, stream.pairs.device_slices, slice, stream.fits}.run(
        stream.exec);
  stream.fit_memory.to_host(stream.exec);
  stream.host_fits = PinnedView<double**, Exec>(stream.fit_memory.host(), npair, of_fit);
}

template <class Exec>
void RedshiftBackend<Exec>::deliver(Stream& stream) const {
  fence(stream.exec, "the host reads the results of fits");
  const int nbasis = stream.nbasis;
  int pair = 0;
  for (FitGroup* group : stream.groups)
    for (std::size_t k = 0; k < group->chi2.size(); ++k, ++pair) {
      group->chi2[k] = stream.host_fits(pair, fit_record::chi2);
      std::copy_n(&stream.host_fits(pair, fit_record::coeff), nbasis, &group->coeff[k * nbasis]);
    }
  stream.groups.clear();
  if (!stream.waiting) return;
  stream.waiting = false;
  for (; pair < stream.pairs.npair(); ++pair)
    write_row(stream, stream.target + static_cast<std::size_t>(pair / stream.nz), pair % stream.nz, pair,
              stream.host_fits(pair, fit_record::chi2));
}

template <class Exec>
void RedshiftBackend<Exec>::write_row(const Stream& stream, std::size_t itarget, int iz, int pair, double chi2) const {
  const ScanRows& rows = stream.rows;
  const std::size_t to = (itarget - rows.first) * rows.nz + static_cast<std::size_t>(stream.first + iz);
  rows.chi2[to] = chi2;
  rows.penalty[to] = stream.host_fits(pair, fit_record::penalty);
  if (rows.coeff)
    std::copy_n(&stream.host_fits(pair, fit_record::coeff), stream.nbasis,
                rows.coeff + to * static_cast<std::size_t>(stream.nbasis));
}

template <class Exec>
void RedshiftBackend<Exec>::pass_on(Stream& now) const {
  if constexpr (on_host<Exec>) {
    deliver(now);  // and the same memory is used again, while it is in cache
  } else {
    current_ = 1 - current_;
    deliver(stream());
  }
}

template <class Exec>
void RedshiftBackend<Exec>::finish() const {
  for (Stream& one : streams_) deliver(one);
}

template <class Exec>
void RedshiftBackend<Exec>::scan(int itemplate, int first, int nz, const Values& slice, TargetRange targets,
                                 const ScanRows& rows) const {
  const Tables& tmpl = templates_[static_cast<std::size_t>(itemplate)];
  const std::size_t one = static_cast<std::size_t>(nz) * pair_bytes(tmpl.nbasis);
  const std::size_t workspace = on_host<Exec> ? host_scan_bytes : setup_->settings().scan_workspace;
  const std::size_t most = std::max<std::size_t>(1, workspace / one);
  if (!on_host<Exec> && targets.n > most) fence(stream().exec, "both streams read the slice, which one has rebinned");
  with_real([&](auto real) {
    using Real = decltype(real);
    for (std::size_t done = 0; done < targets.n; done += most) {
      const std::size_t n = std::min(most, targets.n - done);
      Stream& now = stream();
      std::vector<std::size_t> some(n);
      std::iota(some.begin(), some.end(), targets.first + done);
      now.pairs.clear();
      now.targets_of_item = targets_of_item(n);
      const int together = on_host<Exec> ? static_cast<int>(now.targets_of_item) : FitTile<Exec, Real>::targets;
      add_pairs(now.pairs, some, 0, nz, std::min(together, FitTile<Exec, Real>::targets));
      fit<Real>(now, tmpl, slice_view<Real>(tmpl, slice, nz), {});
      now.waiting = true;
      now.nbasis = tmpl.nbasis;
      now.first = first;
      now.nz = nz;
      now.target = targets.first + done;
      now.rows = rows;
      pass_on(now);
    }
  });
}

template <class Exec>
void RedshiftBackend<Exec>::fit_columns(int itemplate, int first, int nz, const Values& host_slice,
                                        const Values& columns, std::size_t itarget, const ScanRows& rows) const {
  const Tables& tmpl = templates_[static_cast<std::size_t>(itemplate)];
  finish();
  Stream& now = stream();
  now.pairs.clear();
  now.targets_of_item = 1;
  with_real([&](auto real) {
    using Real = decltype(real);
    add_pairs(now.pairs, std::span(&itarget, 1), 0, nz, FitTile<Exec, Real>::targets);
    const int npixel = targets_->targets[itarget].npixel;
    fit<Real>(now, tmpl, {}, DeviceView<const Real***, Exec>(columns.as<Real>(), nz, tmpl.nbasis, npixel));
    fence(now.exec, "the host reads the results of columns");
    const ConstSlice<Host, Real> here(host_slice.as<Real>(), nz, tmpl.nbasis, setup_->layout().row);
    const SumResiduals<Host, Real> residuals{targets_->spectra, {}, {}, here, {}};
    now.nbasis = tmpl.nbasis;
    now.first = first;
    now.rows = rows;
    for (int iz = 0; iz < nz; ++iz) {
      const double* record = &now.host_fits(iz, 0);
      write_row(now, itarget, iz, iz,
                record[fit_record::cancelled] == 0
                    ? record[fit_record::chi2]
                    : residuals.of_target(static_cast<int>(itarget), iz, record + fit_record::coeff));
    }
  });
}

template <class Exec>
void RedshiftBackend<Exec>::fit_groups(std::span<FitGroup> groups) const {
  finish();
  for (std::size_t begin = 0; begin < groups.size();) {
    Stream& now = stream();
    std::vector<double> redshifts;
    const Tables& tmpl = templates_[static_cast<std::size_t>(groups[begin].itemplate)];
    begin = take_groups(now, groups, begin, redshifts);
    if (now.groups.empty()) continue;
    fit_fine(now, tmpl, redshifts);
    pass_on(now);
  }
  finish();
}

template <class Exec>
std::size_t RedshiftBackend<Exec>::take_groups(Stream& stream, std::span<FitGroup> groups, std::size_t begin,
                                               std::vector<double>& redshifts) const {
  const int itemplate = groups[begin].itemplate;
  const Tables& tmpl = templates_[static_cast<std::size_t>(itemplate)];
  const std::size_t most_redshifts = fine_workspace_bytes / (setup_->slice_size(itemplate, 1) * sizeof(double));
  const std::size_t most_groups = on_host<Exec> ? host_threads() : groups.size();
  stream.pairs.clear();
  stream.nbasis = tmpl.nbasis;
  std::size_t end = begin;
  const auto has_room = [&](const FitGroup& group) {
    return end == begin || (group.itemplate == itemplate && end - begin < most_groups &&
                            redshifts.size() + group.redshifts.size() <= most_redshifts);
  };
  for (; end < groups.size() && has_room(groups[end]); ++end) {
    FitGroup& group = groups[end];
    const std::size_t nz = group.redshifts.size(), n = group.targets.size() * nz;
    group.chi2.assign(n, no_chi2);
    group.coeff.assign(n * static_cast<std::size_t>(tmpl.nbasis), 0.0);
    const auto [least, most] = std::minmax_element(group.redshifts.begin(), group.redshifts.end());
    if (!setup_->covers(itemplate, *least, *most)) {
      for (std::size_t k = 0; k < n; ++k) group.chi2[k] = targets_->targets[group.targets[k / nz]].flux_square;
      continue;
    }
    add_pairs(stream.pairs, group.targets, static_cast<int>(redshifts.size()), static_cast<int>(nz),
              FitTile<Exec, double>::targets);
    redshifts.insert(redshifts.end(), group.redshifts.begin(), group.redshifts.end());
    stream.groups.push_back(&group);
  }
  return end;
}

template <class Exec>
void RedshiftBackend<Exec>::fit_fine(Stream& stream, const Tables& tmpl, const std::vector<double>& redshifts) const {
  const std::size_t row = setup_->layout().row, nbasis = static_cast<std::size_t>(tmpl.nbasis);
  if (redshifts.size() * nbasis * row > stream.fine.size())  // what lies between the bands stays zero
    fill(stream.exec, stream.fine.array("zspex::redshift::fine_scans", redshifts.size() * nbasis * row), 0.0);
  const auto slice =
      stream.fine.template shaped<Slice<Exec, double>>("zspex::redshift::fine_scans", redshifts.size(), nbasis, row);
  rebinning<double>(tmpl, stream.fine_redshifts.set(stream.exec, "zspex::redshift::fine_redshifts", redshifts), slice)
      .run(stream.exec);
  stream.targets_of_item = 1;
  fit<double>(stream, tmpl, slice, {});
}

}  // namespace zspex::kernels::detail
