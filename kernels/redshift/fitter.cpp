#include "kernels/redshift/fitter.hpp"

#include <array>
#include <numeric>
#include <type_traits>

#include "config/base/error.hpp"
#include "kernels/base/kokkos.hpp"
#include "kernels/redshift/detail/engine.hpp"

namespace zspex::kernels {
namespace {

using detail::Engine;
using Host = Kokkos::DefaultHostExecutionSpace;

/// Targets that are scanned side by side.
struct Group {
  std::array<int, detail::most_beside> targets{};
  int n = 0;
};

/// Targets two by two where their spectra have the same shape.
std::vector<Group> group_targets(const std::vector<detail::PackedTarget>& targets) {
  std::vector<int> order(targets.size());
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](int i) {
    std::vector<int> shape;
    for (const auto& spectrum : targets[i].spectra) shape.insert(shape.end(), {spectrum.band, spectrum.ndiag});
    return shape;
  };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return key(a) < key(b); });
  std::vector<Group> groups;
  for (const int i : order) {
    const bool fits = !groups.empty() && groups.back().n < detail::most_beside &&
                      targets[groups.back().targets[0]].same_shape(targets[i]);
    if (!fits) groups.emplace_back();
    groups.back().targets[groups.back().n++] = i;
  }
  return groups;
}

}  // namespace

struct RedshiftFitter::Impl {
  Engine engine;
  std::vector<detail::PackedTarget> targets;
  std::vector<Group> groups;

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
  impl_->groups = group_targets(impl_->targets);
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
    Impl::for_all("zspex::redshift::rebin", impl_->engine.npiece(),
                  [&](int piece) { impl_->engine.rebin_piece(itemplate, redshifts, piece, to); });
    Impl::for_all("zspex::redshift::absorb", nz,
                  [&](int iz) { impl_->engine.absorb(itemplate, redshifts[iz], to + iz * stride); });
  };
  impl_->engine.mixed() ? rebin_as(float{}) : rebin_as(double{});
}

void RedshiftFitter::scan(int itemplate, int first, int nz, std::span<const std::byte> slice, Zscan& scan) const {
  const auto scan_as = [&](auto real) {
    using Real = decltype(real);
    const auto* from = reinterpret_cast<const Real*>(slice.data());
    Impl::for_all("zspex::redshift::scan", static_cast<int>(impl_->groups.size()), [&](int igroup) {
      const Group& group = impl_->groups[igroup];
      const auto scan_group = [&]<int n>(std::integral_constant<int, n>) {
        std::array<const detail::PackedTarget*, n> targets;
        std::array<int, n> rows;
        for (int i = 0; i < n; ++i) {
          rows[i] = group.targets[i];
          targets[i] = &impl_->targets[rows[i]];
        }
        impl_->engine.scan<Real, n>(targets, rows, itemplate, first, nz, from, scan);
      };
      if (group.n == 1)
        scan_group(std::integral_constant<int, 1>());
      else
        scan_group(std::integral_constant<int, detail::most_beside>());
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
