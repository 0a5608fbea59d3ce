#include "kernels/base/host_only.hpp"
// clang-format off: host_only.hpp comes first
#include "kernels/redshift/fitter.hpp"
// clang-format on

#include <algorithm>

#include "kernels/redshift/detail/convolve.hpp"
#include "kernels/redshift/detail/fit_setup.hpp"
#include "kernels/redshift/detail/for_all.hpp"
#include "kernels/redshift/detail/make_backend.hpp"
#include "kernels/redshift/detail/refine.hpp"

namespace zspex::kernels {

std::size_t host_concurrency() { return detail::host_threads(); }

struct RedshiftFitter::Impl {
  std::shared_ptr<const detail::FitSetup> setup;
  std::unique_ptr<FitBackend> host, device;
  std::shared_ptr<const detail::HostTargets> targets;

  explicit Impl(std::shared_ptr<const detail::FitSetup> made)
      : setup(std::move(made)), host(detail::make_host_backend(setup)) {
    set_targets({}, {});
  }

  void set_targets(const PackedTargets& packed, const SpectraArrays& arrays) {
    targets = std::make_shared<detail::HostTargets>(packed, arrays, setup->layout());
    host->set_targets(targets);
  }

  /// Values of a pixel at nz redshifts.
  std::size_t values_of(int itemplate, int nz) const {
    return static_cast<std::size_t>(nz) *
           static_cast<std::size_t>(setup->templates()[static_cast<std::size_t>(itemplate)].nbasis());
  }
};

RedshiftFitter::RedshiftFitter(std::vector<std::vector<double>> wave, std::vector<Template> templates,
                               const FitSettings& settings, const std::vector<Archetypes>& archetypes)
    : impl_(std::make_unique<Impl>(
          std::make_shared<detail::FitSetup>(std::move(wave), std::move(templates), settings, archetypes))) {}
RedshiftFitter::~RedshiftFitter() = default;
RedshiftFitter::RedshiftFitter(RedshiftFitter&&) noexcept = default;
RedshiftFitter& RedshiftFitter::operator=(RedshiftFitter&&) noexcept = default;

const std::vector<Template>& RedshiftFitter::templates() const { return impl_->setup->templates(); }

std::size_t RedshiftFitter::npixel() const {
  std::size_t sum = 0;
  for (const auto& grid : impl_->setup->wave()) sum += grid.size();
  return sum;
}

int RedshiftFitter::max_ndiag() const { return impl_->setup->settings().max_ndiag; }

std::size_t RedshiftFitter::table_bytes(int itemplate) const {
  const RebinTable& table = impl_->setup->table(itemplate);
  const Transmission& medium = impl_->setup->transmission(itemplate);
  const std::size_t doubles = table.samples().size() + table.wave().size() + medium.wave().size() +
                              medium.passing().size() +
                              templates()[static_cast<std::size_t>(itemplate)].redshifts.size();
  return doubles * sizeof(double) + table.guide().size() * sizeof(std::uint32_t);
}

SpectraSize RedshiftFitter::spectrum_size(int band, int ndiag) const {
  return detail::spectrum_size(impl_->setup->layout().bands[static_cast<std::size_t>(band)], ndiag);
}

bool RedshiftFitter::mixed() const { return impl_->setup->settings().mixed; }

std::size_t RedshiftFitter::slice_size(int itemplate, int nz) const { return impl_->setup->slice_size(itemplate, nz); }

std::size_t RedshiftFitter::slice_bytes(int itemplate, int nz) const {
  return slice_size(itemplate, nz) * value_bytes();
}

std::size_t RedshiftFitter::columns_size(int itemplate, int nz) const {
  std::size_t nstrip = 0;
  for (const auto& band : impl_->setup->layout().bands) nstrip += static_cast<std::size_t>(band.nstrip);
  return detail::strip_width * nstrip * impl_->values_of(itemplate, nz);
}

std::size_t RedshiftFitter::columns_size_of(std::size_t itarget, int itemplate, int nz) const {
  return static_cast<std::size_t>(impl_->targets->targets[itarget].npixel) * impl_->values_of(itemplate, nz);
}

SpectraSize RedshiftFitter::pack(const Target& target, const SpectraArrays& arrays, SpectraSize at,
                                 PackedTargets& packed) const {
  return detail::pack_target(target, impl_->setup->layout(), arrays, at, packed);
}

OwnTargets RedshiftFitter::pack(std::span<const Target> targets) const {
  SpectraSize size, at;
  for (const Target& target : targets)
    for (const TargetSpectrum& spectrum : target.spectra) size += spectrum_size(spectrum.band, spectrum.ndiag);
  OwnTargets own;
  own.root_ivar.resize(size.npixel);
  own.scaled_flux.resize(size.npixel);
  own.rows.resize(size.nrow);
  for (const Target& target : targets) at = pack(target, own.arrays(), at, own.packed);
  return own;
}

void RedshiftFitter::set_targets(const PackedTargets& packed, const SpectraArrays& arrays, bool on_device) {
  impl_->set_targets(packed, arrays);
  if (on_device) copy_targets_to_device();
}

void RedshiftFitter::copy_targets_to_device() { backend(BackendKind::device).set_targets(impl_->targets); }

std::size_t RedshiftFitter::ntarget() const { return impl_->targets->targets.size(); }

FitBackend& RedshiftFitter::backend(BackendKind kind) const {
  if (kind == BackendKind::host) return *impl_->host;
  if (!impl_->device) impl_->device = detail::make_device_backend(impl_->setup);
  return *impl_->device;
}

void RedshiftFitter::convolve(int itemplate, int nz, const Values& slice, std::size_t itarget,
                              const Values& columns) const {
  const int nbasis = templates()[static_cast<std::size_t>(itemplate)].nbasis();
  slice.visit([&](auto* from) {
    using Real = std::remove_pointer_t<decltype(from)>;
    const detail::ConstSlice<Host, Real> view(from, nz, nbasis, impl_->setup->layout().row);
    detail::convolve_target(impl_->targets->spectra, itarget, impl_->setup->layout(), view, columns.as<Real>());
  });
}

std::vector<RefinedFits> RedshiftFitter::refine(BackendKind kind, std::span<const CoarseScan> scans) const {
  return detail::refine(*impl_->setup, backend(kind), impl_->targets->spectra, scans);
}

int RedshiftFitter::npixels(std::size_t itarget) const { return impl_->targets->targets[itarget].ngood; }

std::vector<std::vector<float>> RedshiftFitter::model(std::size_t itarget, const Zfit& fit) const {
  return impl_->setup->model(impl_->targets->spectra, itarget, fit);
}

std::vector<std::vector<float>> RedshiftFitter::model(const Target& target, const Zfit& fit) const {
  OwnTargets own = pack(std::span(&target, 1));
  const detail::HostTargets targets(own.packed, own.arrays(), impl_->setup->layout());
  return impl_->setup->model(targets.spectra, 0, fit);
}

}  // namespace zspex::kernels
