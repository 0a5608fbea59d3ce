#include "pipeline/redshift/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <ostream>
#include <string>

namespace zspex::pipeline {
namespace {

constexpr double mebibyte = 1 << 20;

/// A column of numbers, one a row.
template <class T>
io::Column column(const std::string& name, char code, const std::string& unit, const std::string& description,
                  std::size_t nrow, const std::function<T(std::size_t)>& value) {
  io::Column result;
  result.name = name;
  result.code = code;
  result.unit = unit;
  result.description = description;
  std::vector<T> values(nrow);
  for (std::size_t row = 0; row < nrow; ++row) values[row] = value(row);
  result.values = std::move(values);
  return result;
}

io::Table ranks_table(const RedshiftReport& report) {
  const std::size_t n = report.ranks.size();
  io::Table table;
  table.name = "ranks";
  table.nrow = n;
  const auto integers = [&](const char* name, const char* description, auto member) {
    table.columns.push_back(column<std::int64_t>(name, 'K', "", description, n, [&](std::size_t i) {
      return static_cast<std::int64_t>(member(report.ranks[i]));
    }));
  };
  const auto numbers = [&](const char* name, const char* unit, const char* description, auto member) {
    table.columns.push_back(column<double>(
        name, 'D', unit, description, n, [&](std::size_t i) { return static_cast<double>(member(report.ranks[i])); }));
  };
  integers("node", "node that the rank is on", [](const RankReport& r) { return r.role.node; });
  integers("on_gpu", "1: uses a GPU, or what stands for one", [](const RankReport& r) { return r.role.on_gpu; });
  integers("device", "number of the GPU among those that the rank sees; -1: none",
           [](const RankReport& r) { return r.role.device; });
  integers("targets", "targets that were dealt to the rank; where ranks take turns, its part of the fits",
           [](const RankReport& r) { return r.ntarget; });
  numbers("fits", "", "fits of its scans, targets times redshifts", [](const RankReport& r) { return r.nfit; });
  numbers("busy", "s", "at work in scans and refinement", [](const RankReport& r) { return r.busy; });
  numbers("idle", "s", "not at work in these", [](const RankReport& r) { return r.idle; });
  numbers("memory_planned", "MiB", "memory that the plan gave the rank",
          [](const RankReport& r) { return r.planned / mebibyte; });
  numbers("memory_peak", "MiB", "the most memory that it held", [](const RankReport& r) { return r.peak / mebibyte; });
  return table;
}

/// Seconds of a step, of the rank that took longest.
double seconds_of(const RedshiftReport& report, const std::string& step) {
  for (const io::Timing& row : report.timing)
    if (row.step == step) return row.max_seconds;
  return 0;
}

io::Table strategies_table(const RedshiftPlan& plan, const RedshiftReport& report) {
  const auto& plans = plan.strategies;
  io::Table table;
  table.name = "strategies";
  table.nrow = plans.size();
  const auto texts = [&](const char* name, const char* description, auto value) {
    io::Column& one = table.columns.emplace_back();
    one.name = name;
    one.code = 'A';
    one.description = description;
    std::vector<std::string> values;
    for (const StrategyPlan& each : plans) values.push_back(value(each));
    for (const std::string& text : values) one.repeat = std::max(one.repeat, static_cast<int>(text.size()));
    one.values = std::move(values);
  };
  const auto integers = [&](const char* name, const char* description, auto value) {
    table.columns.push_back(column<std::int64_t>(name, 'K', "", description, plans.size(), [&](std::size_t i) {
      return static_cast<std::int64_t>(value(plans[i]));
    }));
  };
  const auto numbers = [&](const std::string& name, const char* unit, const char* description, auto value) {
    table.columns.push_back(
        column<double>(name, 'D', unit, description, plans.size(), [&](std::size_t i) { return value(plans[i]); }));
  };
  const StrategyPlan* chosen = &plans[plan.chosen];
  texts("strategy", "its name", [](const StrategyPlan& p) { return std::string(p.strategy->text); });
  integers("chosen", "1: this one ran", [&](const StrategyPlan& p) { return &p == chosen; });
  integers("usable", "1: it could run here", [](const StrategyPlan& p) { return p.usable(); });
  const auto times = [&](const std::string& name, const char* predicted, const char* actual, auto part, double taken) {
    numbers(name, "s", predicted,
            [&](const StrategyPlan& p) { return p.cannot.empty() ? part(p.time) : std::nan(""); });
    numbers("actual_" + name, "s", actual, [&](const StrategyPlan& p) { return &p == chosen ? taken : std::nan(""); });
  };
  times(
      "rebin", "predicted to rebin templates", "taken, by the rank that took longest",
      [](const Prediction& time) { return time.rebin; }, seconds_of(report, "rebin"));
  times(
      "scan", "predicted for fits of the scan", "taken, by the rank that took longest",
      [](const Prediction& time) { return time.scan; }, seconds_of(report, "scan"));
  times(
      "transfer", "predicted for copies that nothing hides", "waited for slices, by the rank that waited longest",
      [](const Prediction& time) { return time.transfer; }, seconds_of(report, "wait for slices"));
  times(
      "refine", "predicted for refinement", "taken, by the rank that took longest",
      [](const Prediction& time) { return time.refine; }, seconds_of(report, "refine"));
  times(
      "total", "predicted for all of these", "taken, by the rank that took longest",
      [](const Prediction& time) { return time.total(); }, report.scan_and_refine());
  const auto memory = [&](const char* name, const char* description, double ScanMemory::*part) {
    numbers(name, "MiB", description,
            [part](const StrategyPlan& p) { return p.cannot.empty() ? p.memory.*part / mebibyte : std::nan(""); });
  };
  memory("cpu_rank", "planned memory of a CPU rank; 0: there is none", &ScanMemory::cpu_rank);
  memory("gpu_rank", "planned memory of a GPU rank on the host; 0: there is none", &ScanMemory::gpu_rank);
  memory("node", "planned memory of a node", &ScanMemory::node);
  memory("gpu", "planned memory on each GPU; 0: none is used", &ScanMemory::gpu);
  integers("rounds", "rounds in which the targets are fitted", [](const StrategyPlan& p) { return p.memory.nround; });
  integers("most_ranks", "ranks of a node that fit", [](const StrategyPlan& p) { return p.most_ranks; });
  texts("reason", "why it could not run", [](const StrategyPlan& p) { return p.reason(); });
  return table;
}

}  // namespace

double RedshiftReport::scan_and_refine() const {
  double most = 0;
  for (const RankReport& rank : ranks) most = std::max(most, rank.busy + rank.idle);
  return most;
}

std::vector<io::Table> run_tables(const RedshiftPlan& plan, const RedshiftReport& report) {
  std::vector<io::Table> tables = {ranks_table(report)};
  if (!plan.strategies.empty()) tables.push_back(strategies_table(plan, report));
  return tables;
}

void print_ranks(const RedshiftReport& report, std::ostream& out) {
  out << "  rank node  GPU  targets        fits   busy s   idle s  planned MiB  peak MiB\n";
  for (std::size_t i = 0; i < report.ranks.size(); ++i) {
    const RankReport& rank = report.ranks[i];
    char line[160];
    std::snprintf(line, sizeof line, "  %4zu %4d %4s %8lld %11.0f %8.2f %8.2f %12.0f %9.0f\n", i, rank.role.node,
                  gpu_text(rank.role).c_str(), static_cast<long long>(rank.ntarget), rank.nfit, rank.busy, rank.idle,
                  rank.planned / mebibyte, rank.peak / mebibyte);
    out << line;
  }
}

void print_memory(const RedshiftPlan& plan, std::ostream& out) {
  const ScanMemory& memory = plan.memory;
  const auto tell = [&](const char* what, double nbytes) {
    if (nbytes <= 0) return;
    char line[96];
    std::snprintf(line, sizeof line, "  %-28s %9.0f MiB\n", what, nbytes / mebibyte);
    out << line;
  };
  if (memory.nround > 1) out << "  " << memory.nround << " rounds of up to " << memory.round << " targets\n";
  tell("memory of a CPU rank", memory.cpu_rank);
  tell("memory of a GPU rank", memory.gpu_rank);
  tell("of the first rank", memory.root);
  tell("shared by a node's ranks", memory.shared);
  tell("of a node in all", memory.node);
  tell("of each GPU", memory.gpu);
  if (!memory.too_little.empty()) out << "  too little: " << memory.too_little << "\n";
}

}  // namespace zspex::pipeline
