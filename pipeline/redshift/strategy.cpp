#include "pipeline/redshift/strategy.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::pipeline {
namespace {

using N = config::StrategyName;
using H = Holding;
using D = Dealing;
using kernels::BackendKind;

std::vector<Strategy> make_table(config::Era era) {
  constexpr auto host = BackendKind::host, device = BackendKind::device;
  constexpr auto today = config::Era::today, published = config::Era::published;
  // name, era, templates, dealing, dealt anew, all on GPUs, then where: rebin, convolve, fit, refine
  static constexpr Strategy table[] = {
      {N::cpu, today, H::ring, D::even, false, false, host, host, host, host},
      {N::gpu_v1, today, H::ring, D::even, false, true, host, host, device, host},
      {N::gpu_v2, today, H::ring, D::even, false, true, host, device, device, device},
      {N::gpu_v3, today, H::full, D::even, false, true, device, device, device, device},
      {N::gpu_v4, today, H::full, D::capacity, false, false, device, device, device, device},
      {N::gpu_v5, today, H::node, D::capacity, false, false, host, device, device, device},
      {N::gpu_v6, today, H::tiles, D::dynamic, false, false, device, device, device, device},
      // Redrock's commits a767800, 2bdebd9, 05f5ac1, bcad899 and 9071730 of autumn 2021.
      {N::cpu, published, H::ring, D::even, false, false, host, host, host, host},
      {N::gpu_v1, published, H::ring, D::even, false, true, host, host, device, host},
      {N::gpu_v2, published, H::ring, D::even, false, true, host, device, device, host},
      {N::gpu_v3, published, H::full, D::even, false, true, host, device, device, host},
      {N::gpu_v4, published, H::full, D::capacity, true, false, host, device, device, host},
      {N::gpu_v5, published, H::gathered, D::capacity, true, false, host, device, device, host},
  };
  std::vector<Strategy> result;
  std::copy_if(std::begin(table), std::end(table), std::back_inserter(result),
               [&](const Strategy& one) { return one.era == era; });
  return result;
}

template <class List, class T>
const char* name_in(const List& names, T value) {
  return std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.first == value; })->second;
}

/// Refuses columns that don't go together.
void check(const Strategy& strategy, const config::RedshiftConfig& config) {
  constexpr auto host = BackendKind::host, device = BackendKind::device;
  const auto require = [](bool holds, const char* key, const std::string& what) {
    if (!holds) throw ConfigError("configuration", std::string("redshift.custom_") + key, what);
  };
  const std::string on_host = "expected host, since what comes after it is done by the host; found gpu. Set ";
  require(
      strategy.fit == device || strategy.refine == host, "refine",
      "expected host, since no rank uses a GPU (custom_fit: host), found gpu. Set custom_fit to gpu, or this one to "
      "host.");
  require(strategy.fit == device || strategy.convolve == host, "convolve",
          on_host + "custom_fit to gpu, or this one to host.");
  require(strategy.convolve == device || strategy.rebin == host, "rebin",
          on_host + "custom_convolve to gpu, or this one to host.");
  require((strategy.templates == H::tiles) == (strategy.dealing == D::dynamic), "dealing",
          fmt::format(
              "expected dynamic where templates are held as tiles, and only there; found {} with {}. Change one of "
              "the two.",
              name_in(config::dealing_names, strategy.dealing), name_in(config::holding_names, strategy.templates)));
  require(!strategy.redeal || strategy.dealing != D::dynamic, "redeal",
          "expected no where targets are dealt dynamically, found yes: their minima are, too. Set it to no.");
  if (config.gpu_ranks > 0 && (strategy.all_on_gpus || !strategy.uses_gpus()))
    throw ConfigError(
        "configuration", "redshift.gpu_ranks",
        fmt::format("expected 0 where all ranks do the same, found {}. Take it out, or set custom_gpus to "
                    "one and custom_fit to gpu.",
                    config.gpu_ranks));
}

}  // namespace

const char* Strategy::text() const { return name_in(config::strategy_names, name); }

std::string Strategy::title() const {
  return era == config::Era::published ? fmt::format("{} of 2021", text()) : std::string(text());
}

std::vector<Strategy> all_strategies(config::Era era) { return make_table(era); }

Strategy strategy_of(config::StrategyName name, config::Era era) {
  const auto table = make_table(era);
  return *std::find_if(table.begin(), table.end(), [&](const Strategy& one) { return one.name == name; });
}

Strategy strategy_of(const config::RedshiftConfig& config) {
  if (config.strategy != N::custom) return strategy_of(config.strategy, config.era);
  if (config.custom_like == N::gpu_v6 && config.era == config::Era::published)
    throw ConfigError(
        "configuration", "redshift.era",
        "expected today with GPU_V6, found 2021; it was not among the strategies of 2021. Take one of the "
        "two out.");
  Strategy custom = strategy_of(config.custom_like, config.era);
  custom.name = N::custom;
  custom.templates = config.custom_templates.value_or(custom.templates);
  custom.dealing = config.custom_dealing.value_or(custom.dealing);
  custom.redeal = config.custom_redeal.value_or(custom.redeal);
  if (config.custom_gpus) custom.all_on_gpus = *config.custom_gpus == config::GpuUsers::all;
  const auto set = [](const std::optional<config::Place>& wanted, BackendKind& kind) {
    if (wanted) kind = *wanted == config::Place::gpu ? BackendKind::device : BackendKind::host;
  };
  set(config.custom_rebin, custom.rebin);
  set(config.custom_convolve, custom.convolve);
  set(config.custom_fit, custom.fit);
  set(config.custom_refine, custom.refine);
  if (custom.fit == BackendKind::host)  // then all that isn't said otherwise is the host's
    for (const auto& [wanted, kind] : {std::pair{config.custom_rebin, &custom.rebin},
                                       {config.custom_convolve, &custom.convolve},
                                       {config.custom_refine, &custom.refine}})
      if (!wanted) *kind = BackendKind::host;
  check(custom, config);
  return custom;
}

}  // namespace zspex::pipeline
