#include "pipeline/redshift/report.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string>
#include <vector>

#include "core/format.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {
namespace {

/// A table of what there is to tell of each of some things.
template <class Row>
class TableOf {
 public:
  TableOf(const char* name, const std::vector<Row>& rows) : rows_(rows) {
    table_.name = name;
    table_.nrow = rows.size();
  }

  void integers(const char* name, const char* description, auto value) {
    add<std::int64_t>(name, 'K', "", description, value);
  }
  void numbers(const std::string& name, const char* unit, const char* description, auto value) {
    add<double>(name, 'D', unit, description, value);
  }
  void texts(const char* name, const char* description, auto value) {
    io::Column& one = add<std::string>(name, 'A', "", description, value);
    for (const std::string& text : std::get<std::vector<std::string>>(one.values))
      one.repeat = std::max(one.repeat, static_cast<int>(text.size()));
  }
  io::Table take() { return std::move(table_); }

 private:
  template <class T>
  io::Column& add(const std::string& name, char code, const char* unit, const char* description, auto value) {
    io::Column& column = table_.columns.emplace_back();
    column.name = name;
    column.code = code;
    column.unit = unit;
    column.description = description;
    std::vector<T> values;
    for (const Row& row : rows_) values.push_back(static_cast<T>(value(row)));
    column.values = std::move(values);
    return column;
  }

  const std::vector<Row>& rows_;
  io::Table table_;
};

io::Table ranks_table(const RedshiftReport& report) {
  TableOf table("ranks", report.ranks);
  table.integers("node", "node that the rank is on", [](const RankReport& r) { return r.role.node; });
  table.integers("on_gpu", "1: uses a GPU, or what stands for one", [](const RankReport& r) { return r.role.on_gpu; });
  table.integers("device", "number of the GPU among those that the rank sees; -1: none",
                 [](const RankReport& r) { return r.role.device; });
  table.integers("targets", "targets that were dealt to the rank; where ranks take turns, its part of the fits",
                 [](const RankReport& r) { return r.ntarget; });
  table.numbers("fits", "", "fits of its scans, targets times redshifts", [](const RankReport& r) { return r.nfit; });
  table.numbers("busy", "s", "at work in rebinning, scans and refinement", [](const RankReport& r) { return r.busy; });
  table.numbers("idle", "s", "not at work in these", [](const RankReport& r) { return r.idle; });
  table.numbers("rebin", "s", "of busy: in rebinning", [](const RankReport& r) { return r.rebin; });
  table.numbers("scan", "s", "of busy: in scans", [](const RankReport& r) { return r.scan; });
  table.numbers("refine", "s", "of busy: in refinement", [](const RankReport& r) { return r.refine; });
  table.numbers("memory_planned", "MiB", "memory that the plan gave the rank",
                [](const RankReport& r) { return r.planned / mebibyte; });
  table.numbers("memory_peak", "MiB", "the most memory that it held",
                [](const RankReport& r) { return r.peak / mebibyte; });
  return table.take();
}

/// Seconds of a step, of the rank that took longest.
double seconds_of(const RedshiftReport& report, const std::string& step) {
  for (const Timing& row : report.timing)
    if (row.step == step) return row.max_seconds;
  return 0;
}

io::Table strategies_table(const RedshiftPlan& plan, const RedshiftReport& report) {
  TableOf table("strategies", plan.strategies);
  const StrategyPlan* chosen = &plan.strategies[plan.chosen];
  table.texts("strategy", "its name", [](const StrategyPlan& p) { return std::string(p.strategy->text()); });
  table.integers("chosen", "1: this one ran", [&](const StrategyPlan& p) { return &p == chosen; });
  table.integers("usable", "1: it could run here", [](const StrategyPlan& p) { return p.usable(); });
  const auto times = [&](const std::string& name, const char* predicted, const char* actual, auto part, double taken) {
    table.numbers(name, "s", predicted,
                  [&](const StrategyPlan& p) { return p.cannot.empty() ? part(p.time) : std::nan(""); });
    table.numbers("actual_" + name, "s", actual,
                  [&](const StrategyPlan& p) { return &p == chosen ? taken : std::nan(""); });
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
    table.numbers(name, "MiB", description, [part](const StrategyPlan& p) {
      return p.cannot.empty() ? p.memory.*part / mebibyte : std::nan("");
    });
  };
  memory("cpu_rank", "planned memory of a CPU rank; 0: there is none", &ScanMemory::cpu_rank);
  memory("gpu_rank", "planned memory of a GPU rank on the host; 0: there is none", &ScanMemory::gpu_rank);
  memory("node", "planned memory of a node", &ScanMemory::node);
  memory("gpu", "planned memory on each GPU; 0: none is used", &ScanMemory::gpu);
  table.integers("rounds", "rounds in which the targets are fitted",
                 [](const StrategyPlan& p) { return p.memory.nround; });
  table.integers("most_ranks", "ranks of a node that fit", [](const StrategyPlan& p) { return p.most_ranks; });
  table.texts("reason", "why it could not run", [](const StrategyPlan& p) { return p.reason(); });
  return table.take();
}

/// Each rank's part.
void print_ranks(const RedshiftReport& report, std::ostream& out) {
  out << "  rank node  GPU  targets        fits   busy s   idle s  planned MiB  peak MiB\n";
  for (std::size_t i = 0; i < report.ranks.size(); ++i) {
    const RankReport& rank = report.ranks[i];
    out << fmt::format("  {:4} {:4} {:>4} {:8} {:>11.0f} {:>8.2f} {:>8.2f} {:>12.0f} {:>9.0f}\n", i, rank.role.node,
                       gpu_text(rank.role), rank.ntarget, rank.nfit, rank.busy, rank.idle, rank.planned / mebibyte,
                       rank.peak / mebibyte);
  }
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

void print_report(const RedshiftPlan& plan, const RedshiftReport& report, bool by_rank, std::ostream& out) {
  out << fmt::format("redshift: {} targets in {}, {} with warnings, {} without data\n", report.ntarget,
                     format_duration(report.seconds), report.nwarned, report.nnodata);
  print_timing(report.timing, out);
  if (!by_rank) return;
  print_ranks(report, out);
  out << "  scan and refinement: ";
  if (!plan.strategies.empty()) out << fmt::format("{:.2f} s predicted, ", plan.strategies[plan.chosen].time.total());
  out << fmt::format("{:.2f} s taken\n", report.scan_and_refine());
}

}  // namespace zspex::pipeline
