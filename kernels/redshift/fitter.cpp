#include "kernels/redshift/fitter.hpp"

#include <cstring>
#include <numeric>

#include "config/base/error.hpp"
#include "kernels/base/kokkos.hpp"
#include "kernels/redshift/detail/engine.hpp"

namespace zspex::kernels {
namespace {

using detail::Engine;
using Host = Kokkos::DefaultHostExecutionSpace;

/// Targets two by two where their spectra have the same shape; -1 where there is no second one.
std::vector<std::pair<int, int>> pair_targets(const std::vector<detail::PackedTarget>& targets) {
  std::vector<int> order(targets.size());
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](int i) {
    std::vector<int> shape;
    for (const auto& spectrum : targets[i].spectra) shape.insert(shape.end(), {spectrum.band, spectrum.ndiag});
    return shape;
  };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return key(a) < key(b); });
  std::vector<std::pair<int, int>> pairs;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool two = i + 1 < order.size() && targets[order[i]].same_shape(targets[order[i + 1]]);
    pairs.emplace_back(order[i], two ? order[i + 1] : -1);
    i += two ? 1 : 0;
  }
  return pairs;
}

}  // namespace

struct RedshiftFitter::Impl {
  Engine engine;
  std::vector<detail::PackedTarget> targets;
  std::vector<std::pair<int, int>> pairs;

  Impl(std::vector<std::vector<double>> wave, std::vector<Template> templates, const FitSettings& settings,
       const std::vector<Archetypes>& archetypes)
      : engine(std::move(wave), std::move(templates), settings, archetypes) {}

  /// Calls f(i) for i < n on all threads of the host.
  template <class F>
  static void for_all(const char* label, int n, const F& f) {
    Kokkos::parallel_for(label, Kokkos::RangePolicy<Host, Kokkos::Schedule<Kokkos::Dynamic>>(0, n), f);
    Host().fence();
  }
};

RedshiftFitter::RedshiftFitter(std::vector<std::vector<double>> wave, std::vector<Template> templates,
                               const FitSettings& settings, const std::vector<Archetypes>& archetypes)
    : impl_(std::make_unique<Impl>(std::move(wave), std::move(templates), settings, archetypes)) {}
RedshiftFitter::~RedshiftFitter() = default;
RedshiftFitter::RedshiftFitter(RedshiftFitter&&) noexcept = default;

const std::vector<Template>& RedshiftFitter::templates() const { return impl_->engine.templates(); }

void RedshiftFitter::set_targets(std::span<const Target> targets) {
  impl_->targets.assign(targets.size(), {});
  Impl::for_all("zspex::redshift::pack_targets", static_cast<int>(targets.size()),
                [&](int i) { impl_->targets[i] = detail::pack_target(targets[i], impl_->engine.layout()); });
  impl_->pairs = pair_targets(impl_->targets);
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
    const auto& redshifts = templates()[itemplate].redshifts;
    Impl::for_all("zspex::redshift::rebin", nz,
                  [&](int iz) { impl_->engine.rebin(itemplate, redshifts[first + iz], to + iz * stride); });
  };
  impl_->engine.mixed() ? rebin_as(float{}) : rebin_as(double{});
}

void RedshiftFitter::scan(int itemplate, int first, int nz, std::span<const std::byte> slice, Zscan& scan) const {
  const auto scan_as = [&](auto real) {
    using Real = decltype(real);
    const auto* from = reinterpret_cast<const Real*>(slice.data());
    Impl::for_all("zspex::redshift::scan", static_cast<int>(impl_->pairs.size()), [&](int ipair) {
      const auto [one, other] = impl_->pairs[ipair];
      if (other < 0)
        impl_->engine.scan<Real, 1>({&impl_->targets[one]}, {one}, itemplate, first, nz, from, scan);
      else
        impl_->engine.scan<Real, 2>({&impl_->targets[one], &impl_->targets[other]}, {one, other}, itemplate, first, nz,
                                    from, scan);
    });
  };
  impl_->engine.mixed() ? scan_as(float{}) : scan_as(double{});
}

std::vector<std::vector<Zfit>> RedshiftFitter::refine(int itemplate, const Array2<double>& chi2) const {
  std::vector<std::vector<Zfit>> fits(impl_->targets.size());
  Impl::for_all("zspex::redshift::refine", static_cast<int>(fits.size()), [&](int i) {
    if (impl_->targets[i].npixels > 0) fits[i] = impl_->engine.refine(impl_->targets[i], itemplate, chi2.row(i));
  });
  return fits;
}

int RedshiftFitter::npixels(int itarget) const { return impl_->targets[itarget].npixels; }

std::vector<std::vector<float>> RedshiftFitter::model(const Target& target, const Zfit& fit) const {
  return impl_->engine.model(target, fit);
}

}  // namespace zspex::kernels
