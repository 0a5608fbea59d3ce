#include "kernels/redshift/fitter.hpp"

#include <algorithm>
#include <numeric>

#include "config/base/error.hpp"
#include "kernels/redshift/detail/engine.hpp"
#include "kernels/redshift/detail/for_all.hpp"
#include "kernels/redshift/detail/refine.hpp"

namespace zspex::kernels {
namespace {

using detail::Engine;
using detail::for_all;

/// Deals targets into crowds, those of the same shape side by side. Rows count from the first of these targets.
/// \param most  targets of a crowd
template <class Real>
std::vector<Engine::Crowd<Real>> make_crowds(std::span<const detail::PackedTarget> targets, std::size_t most) {
  std::vector<int> order(targets.size());
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](std::size_t i) {
    std::vector<int> shape;
    for (const auto& spectrum : targets[i].spectra) shape.insert(shape.end(), {spectrum.band, spectrum.ndiag});
    return shape;
  };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return key(a) < key(b); });
  std::vector<Engine::Crowd<Real>> crowds;
  for (std::size_t i = 0; i < order.size();) {
    const std::size_t end = std::min(order.size(), (i / most + 1) * most);
    if (i % most == 0) crowds.emplace_back();
    std::size_t alike = 1;
    while (i + alike < end && targets[order[i]].same_shape(targets[order[i + alike]])) ++alike;
    const auto take = [&](auto& groups) {
      auto& group = groups.emplace_back();
      for (std::size_t k = 0; k < group.rows.size(); ++k, ++i) {
        group.rows[k] = order[i];
        group.targets[k] = &targets[order[i]];
      }
    };
    if (alike >= detail::most_beside<Real>)
      take(crowds.back().many);
    else if (alike >= 2)
      take(crowds.back().twos);
    else
      take(crowds.back().ones);
  }
  return crowds;
}

/// So that a block of a slice is read once for a crowd, and the sums of all stay in a core's own cache; but no fewer
/// crowds than threads have work for.
std::size_t crowd_size(std::size_t ntarget) {
  constexpr std::size_t enough = 8, turns = 4;
  const std::size_t threads = detail::host_threads();
  return threads == 1 ? enough : std::clamp(ntarget / (turns * threads), std::size_t{1}, enough);
}

}  // namespace

struct RedshiftFitter::Impl {
  Engine engine;
  std::vector<detail::PackedTarget> targets;
  template <class Real>
  using Batches = std::vector<std::vector<Engine::Crowd<Real>>>;
  std::size_t batch = 1;          ///< targets of a batch
  Batches<float> crowds;          ///< [nbatch] when mixed
  Batches<double> double_crowds;  ///< [nbatch] when not

  Impl(std::vector<std::vector<double>> wave, std::vector<Template> templates, const FitSettings& settings,
       const std::vector<Archetypes>& archetypes)
      : engine(std::move(wave), std::move(templates), settings, archetypes) {}
};

RedshiftFitter::RedshiftFitter(std::vector<std::vector<double>> wave, std::vector<Template> templates,
                               const FitSettings& settings, const std::vector<Archetypes>& archetypes)
    : impl_(std::make_unique<Impl>(std::move(wave), std::move(templates), settings, archetypes)) {}
RedshiftFitter::~RedshiftFitter() = default;
RedshiftFitter::RedshiftFitter(RedshiftFitter&&) noexcept = default;

const std::vector<Template>& RedshiftFitter::templates() const { return impl_->engine.templates(); }

void RedshiftFitter::set_targets(std::span<const Target> targets, std::size_t batch) {
  impl_->targets.assign(targets.size(), {});
  for_all("zspex::redshift::pack_targets", targets.size(),
          [&](std::size_t i) { impl_->targets[i] = detail::pack_target(targets[i], impl_->engine.layout()); });
  impl_->batch = std::max<std::size_t>(1, batch > 0 ? batch : targets.size());
  impl_->crowds.clear();
  impl_->double_crowds.clear();
  for (std::size_t first = 0; first < targets.size(); first += impl_->batch) {
    const auto some = std::span(impl_->targets).subspan(first, std::min(impl_->batch, targets.size() - first));
    const std::size_t most = crowd_size(some.size());
    if (impl_->engine.mixed())
      impl_->crowds.push_back(make_crowds<float>(some, most));
    else
      impl_->double_crowds.push_back(make_crowds<double>(some, most));
  }
}

RedshiftFitter::Range RedshiftFitter::batch(std::size_t ibatch) const {
  const std::size_t ntarget = impl_->targets.size(), first = std::min(ibatch * impl_->batch, ntarget);
  return {first, std::min(impl_->batch, ntarget - first)};
}

std::size_t RedshiftFitter::target_bytes() const { return impl_->engine.target_bytes(); }

std::size_t RedshiftFitter::slice_bytes(int itemplate, int nz) const {
  return impl_->engine.slice_size(itemplate, nz) * (impl_->engine.mixed() ? sizeof(float) : sizeof(double));
}

void RedshiftFitter::rebin(int itemplate, int first, int nz, std::span<std::byte> slice) const {
  const auto rebin_as = [&](auto real) {
    using Real = decltype(real);
    auto* to = reinterpret_cast<Real*>(slice.data());
    const std::size_t stride = impl_->engine.slice_size(itemplate, 1);
    const auto redshifts = std::span(templates()[itemplate].redshifts).subspan(first, nz);
    for_all("zspex::redshift::rebin", static_cast<std::size_t>(impl_->engine.npiece()),
            [&](std::size_t piece) { impl_->engine.rebin_piece(itemplate, redshifts, static_cast<int>(piece), to); });
    for_all("zspex::redshift::absorb", static_cast<std::size_t>(nz),
            [&](std::size_t iz) { impl_->engine.absorb(itemplate, redshifts[iz], to + iz * stride); });
  };
  impl_->engine.mixed() ? rebin_as(float{}) : rebin_as(double{});
}

void RedshiftFitter::scan(int itemplate, int first, int nz, std::span<const std::byte> slice, Zscan& scan,
                          std::size_t ibatch) const {
  if (batch(ibatch).n == 0) return;
  const auto scan_as = [&]<class Real>(const std::vector<Engine::Crowd<Real>>& crowds) {
    const auto* from = reinterpret_cast<const Real*>(slice.data());
    for_all("zspex::redshift::scan", crowds.size(),
            [&](std::size_t i) { impl_->engine.scan(crowds[i], itemplate, first, nz, from, scan); });
  };
  impl_->engine.mixed() ? scan_as(impl_->crowds[ibatch]) : scan_as(impl_->double_crowds[ibatch]);
}

std::vector<std::vector<Zfit>> RedshiftFitter::refine(int itemplate, const Array2<double>& chi2,
                                                      std::size_t ibatch) const {
  const Range range = batch(ibatch);
  return detail::refine(impl_->engine, itemplate, std::span(impl_->targets).subspan(range.first, range.n), chi2);
}

int RedshiftFitter::npixels(int itarget) const { return impl_->targets[itarget].npixels; }

std::vector<std::vector<float>> RedshiftFitter::model(const Target& target, const Zfit& fit) const {
  return impl_->engine.model(target, fit);
}

}  // namespace zspex::kernels
