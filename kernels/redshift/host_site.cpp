#include "kernels/redshift/detail/host_site.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <type_traits>

#include "kernels/redshift/detail/for_all.hpp"

namespace zspex::kernels::detail {
namespace {

/// Deals targets into crowds, those of the same shape side by side.
/// \param most  targets of a crowd
template <class Real>
std::vector<Engine::Crowd<Real>> make_crowds(const std::vector<PackedTarget>& targets, TargetRange range,
                                             std::size_t most) {
  std::vector<std::size_t> order(range.n);
  std::iota(order.begin(), order.end(), range.first);
  const auto key = [&](std::size_t i) {
    std::vector<int> shape;
    for (const auto& spectrum : targets[i].spectra) shape.insert(shape.end(), {spectrum.band, spectrum.ndiag});
    return shape;
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  std::vector<Engine::Crowd<Real>> crowds;
  for (std::size_t i = 0; i < order.size();) {
    const std::size_t end = std::min(order.size(), (i / most + 1) * most);
    if (i % most == 0) crowds.emplace_back();
    std::size_t alike = 1;
    while (i + alike < end && targets[order[i]].same_shape(targets[order[i + alike]])) ++alike;
    const auto take = [&](auto& groups) {
      auto& group = groups.emplace_back();
      for (std::size_t k = 0; k < group.indices.size(); ++k, ++i) {
        group.indices[k] = order[i];
        group.targets[k] = &targets[order[i]];
      }
    };
    if (alike >= most_beside<Real>)
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
  const std::size_t threads = host_threads();
  return threads == 1 ? enough : std::clamp(ntarget / (turns * threads), std::size_t{1}, enough);
}

/// Calls f with the type in which slices are kept.
template <class F>
void with_real(const Engine& engine, const F& f) {
  engine.mixed() ? f(float{}) : f(double{});
}

template <class Real>
const Real* as(const std::byte* data) {
  return reinterpret_cast<const Real*>(data);
}
template <class Real>
Real* as(std::byte* data) {
  return reinterpret_cast<Real*>(data);
}

}  // namespace

SiteMemory HostSite::allocate(std::size_t nbytes) const {
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  auto lines = std::make_shared<std::vector<Line>>((nbytes + sizeof(Line) - 1) / sizeof(Line));
  return {reinterpret_cast<std::byte*>(lines->data()), nbytes, lines};
}

void HostSite::copy_in(std::byte* to, std::span<const std::byte> from) const {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

void HostSite::set_targets(const PackedTargets& packed, std::span<const std::byte> memory) {
  if (apart_) {
    own_ = {};
    own_ = allocate(memory.size());
    copy_in(own_.data(), memory);
    memory = {own_.data(), own_.size()};
  }
  targets_ = unpack(packed, engine_->layout(), memory);
}

void HostSite::rebin(int itemplate, int first, int nz, std::byte* slice) const {
  with_real(*engine_, [&](auto real) {
    auto* to = as<decltype(real)>(slice);
    const std::size_t stride = engine_->slice_size(itemplate, 1);
    const auto redshifts = std::span(engine_->templates()[itemplate].redshifts).subspan(first, nz);
    for_all("zspex::redshift::rebin", engine_->npiece(),
            [&](std::size_t piece) { engine_->rebin_piece(itemplate, redshifts, static_cast<int>(piece), to); });
    for_all("zspex::redshift::absorb", nz,
            [&](std::size_t iz) { engine_->absorb(itemplate, redshifts[iz], to + iz * stride); });
  });
}

void HostSite::scan(int itemplate, int first, int nz, const std::byte* slice, TargetRange targets,
                    const ScanRows& rows) const {
  with_real(*engine_, [&](auto real) {
    using Real = decltype(real);
    const auto crowds = make_crowds<Real>(targets_, targets, crowd_size(targets.n));
    for_all("zspex::redshift::scan", crowds.size(),
            [&](std::size_t i) { engine_->scan(crowds[i], itemplate, first, nz, as<Real>(slice), rows); });
  });
}

void HostSite::convolve(int itemplate, int nz, const std::byte* slice, std::size_t itarget, std::byte* columns) const {
  with_real(*engine_, [&](auto real) {
    using Real = decltype(real);
    engine_->convolve(targets_[itarget], itemplate, nz, as<Real>(slice), as<Real>(columns));
  });
}

void HostSite::fit_columns(int itemplate, int first, int nz, const std::byte* host_slice, const std::byte* columns,
                           std::size_t itarget, const ScanRows& rows) const {
  with_real(*engine_, [&](auto real) {
    using Real = decltype(real);
    engine_->fit_columns(targets_[itarget], itarget, itemplate, first, nz, as<Real>(host_slice), as<Real>(columns),
                         rows);
  });
}

void HostSite::fit_groups(int itemplate, std::span<FitGroup> groups) const {
  for_all_with<Engine::GroupRoom>(
      "zspex::redshift::fit_groups", groups.size(),
      [&](std::size_t i, Engine::GroupRoom& room) { engine_->fit_group(itemplate, targets_, groups[i], room); });
}

}  // namespace zspex::kernels::detail
