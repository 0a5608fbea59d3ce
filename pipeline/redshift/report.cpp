#include "pipeline/redshift/report.hpp"

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

}  // namespace

std::vector<io::Table> run_tables(const RedshiftPlan&, const RedshiftReport& report) { return {ranks_table(report)}; }

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
