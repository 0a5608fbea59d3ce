#include "kernels/redshift/fitter.hpp"

#include <algorithm>

#include "kernels/redshift/detail/device_site.hpp"
#include "kernels/redshift/detail/engine.hpp"
#include "kernels/redshift/detail/for_all.hpp"
#include "kernels/redshift/detail/host_site.hpp"
#include "kernels/redshift/detail/refine.hpp"

namespace zspex::kernels {

using detail::Engine;

std::size_t host_concurrency() { return detail::host_threads(); }

struct RedshiftFitter::Impl {
  std::shared_ptr<const Engine> engine;
  detail::HostSite host;
  std::unique_ptr<FitSite> device;
  PackedTargets packed;
  std::span<const std::byte> memory;
  SiteMemory own;         ///< of targets that were copied
  std::size_t batch = 1;  ///< targets of a batch

  Impl(std::vector<std::vector<double>> wave, std::vector<Template> templates, const FitSettings& settings,
       const std::vector<Archetypes>& archetypes)
      : engine(std::make_shared<Engine>(std::move(wave), std::move(templates), settings, archetypes)),
        host(engine, false) {}

  /// Bytes of a pixel at nz redshifts.
  std::size_t values_of(int itemplate, int nz) const {
    return static_cast<std::size_t>(nz) *
           static_cast<std::size_t>(engine->templates()[static_cast<std::size_t>(itemplate)].nbasis()) *
           engine->real_bytes();
  }
};

RedshiftFitter::RedshiftFitter(std::vector<std::vector<double>> wave, std::vector<Template> templates,
                               const FitSettings& settings, const std::vector<Archetypes>& archetypes)
    : impl_(std::make_unique<Impl>(std::move(wave), std::move(templates), settings, archetypes)) {}
RedshiftFitter::~RedshiftFitter() = default;
RedshiftFitter::RedshiftFitter(RedshiftFitter&&) noexcept = default;

const std::vector<Template>& RedshiftFitter::templates() const { return impl_->engine->templates(); }

std::size_t RedshiftFitter::npixel() const {
  std::size_t sum = 0;
  for (const auto& grid : impl_->engine->wave()) sum += grid.size();
  return sum;
}

int RedshiftFitter::max_ndiag() const { return impl_->engine->settings().max_ndiag; }

std::size_t RedshiftFitter::spectrum_bytes(int band, int ndiag) const {
  return detail::spectrum_bytes(impl_->engine->layout().bands[static_cast<std::size_t>(band)], ndiag);
}

std::size_t RedshiftFitter::slice_bytes(int itemplate, int nz) const {
  return impl_->engine->slice_size(itemplate, nz) * impl_->engine->real_bytes();
}

std::size_t RedshiftFitter::columns_bytes(int itemplate, int nz, int nspectrum) const {
  std::size_t npixel = 0;
  for (const auto& band : impl_->engine->layout().bands) npixel += static_cast<std::size_t>(band.nstrip);
  return static_cast<std::size_t>(nspectrum) * detail::strip_width * npixel * impl_->values_of(itemplate, nz);
}

std::size_t RedshiftFitter::columns_bytes_of(std::size_t itarget, int itemplate, int nz) const {
  return impl_->host.targets()[itarget].column_size() * impl_->values_of(itemplate, nz);
}

std::size_t RedshiftFitter::pack(const Target& target, std::span<std::byte> memory, std::size_t at,
                                 PackedTargets& packed) const {
  return detail::pack_target(target, impl_->engine->layout(), memory, at, packed);
}

void RedshiftFitter::set_targets(PackedTargets packed, std::span<const std::byte> memory, bool on_device) {
  impl_->packed = std::move(packed);
  impl_->batch = std::max<std::size_t>(1, impl_->packed.targets.size());
  impl_->memory = memory;
  impl_->host.set_targets(impl_->packed, memory);
  if (on_device) copy_targets_to_device();
}

void RedshiftFitter::copy_targets_to_device() { site(Place::device).set_targets(impl_->packed, impl_->memory); }

std::size_t RedshiftFitter::ntarget() const { return impl_->packed.targets.size(); }

FitSite& RedshiftFitter::site(Place place) {
  if (place == Place::host) return impl_->host;
  if (!impl_->device) impl_->device = detail::make_device_site(impl_->engine);
  return *impl_->device;
}

std::vector<std::vector<Zfit>> RedshiftFitter::refine(Place place, int itemplate, TargetRange range,
                                                      const Array2<double>& chi2) {
  return detail::refine(*impl_->engine, site(place), itemplate, impl_->host.targets(), range, chi2);
}

void RedshiftFitter::set_targets(std::span<const Target> targets, std::size_t batch) {
  std::size_t nbytes = 0;
  for (const Target& target : targets)
    for (const TargetSpectrum& spectrum : target.spectra) nbytes += spectrum_bytes(spectrum.band, spectrum.ndiag);
  impl_->own = {};
  impl_->own = impl_->host.allocate(nbytes);
  const std::span memory(impl_->own.data(), impl_->own.size());
  PackedTargets packed;
  std::size_t at = 0;
  for (const Target& target : targets) at = pack(target, memory, at, packed);
  set_targets(std::move(packed), memory, false);
  if (batch > 0) impl_->batch = batch;
}

TargetRange RedshiftFitter::batch(std::size_t ibatch) const {
  const std::size_t first = std::min(ibatch * impl_->batch, ntarget());
  return {first, std::min(impl_->batch, ntarget() - first)};
}

void RedshiftFitter::rebin(int itemplate, int first, int nz, std::span<std::byte> slice) const {
  impl_->host.rebin(itemplate, first, nz, slice.data());
}

void RedshiftFitter::scan(int itemplate, int first, int nz, std::span<const std::byte> slice, Zscan& scan,
                          std::size_t ibatch) const {
  const TargetRange range = batch(ibatch);
  const ScanRows rows{range.first, templates()[static_cast<std::size_t>(itemplate)].redshifts.size(), scan.chi2.data(),
                      scan.penalty.data(), scan.coeff.empty() ? nullptr : scan.coeff.data()};
  impl_->host.scan(itemplate, first, nz, slice.data(), range, rows);
}

std::vector<std::vector<Zfit>> RedshiftFitter::refine(int itemplate, const Array2<double>& chi2,
                                                      std::size_t ibatch) const {
  return detail::refine(*impl_->engine, impl_->host, itemplate, impl_->host.targets(), batch(ibatch), chi2);
}

int RedshiftFitter::npixels(std::size_t itarget) const { return impl_->packed.targets[itarget].npixels; }

std::vector<std::vector<float>> RedshiftFitter::model(std::size_t itarget, const Zfit& fit) const {
  return impl_->engine->model(impl_->host.targets()[itarget], fit);
}

std::vector<std::vector<float>> RedshiftFitter::model(const Target& target, const Zfit& fit) const {
  std::size_t nbytes = 0;
  for (const TargetSpectrum& spectrum : target.spectra) nbytes += spectrum_bytes(spectrum.band, spectrum.ndiag);
  const SiteMemory memory = impl_->host.allocate(nbytes);
  PackedTargets packed;
  pack(target, {memory.data(), nbytes}, 0, packed);
  return impl_->engine->model(detail::unpack(packed, impl_->engine->layout(), {memory.data(), nbytes}).front(), fit);
}

}  // namespace zspex::kernels
