#include <ostream>

#include "core/format.hpp"
#include "kernels/base/session.hpp"
#include "pipeline/redshift/plan.hpp"

namespace zspex::pipeline {
namespace {

void print_memory(const RedshiftPlan& plan, std::ostream& out) {
  const ScanMemory& memory = plan.memory;
  const auto tell = [&](const char* what, double nbytes) {
    if (nbytes > 0) out << fmt::format("  {:<28} {:>9.0f} MiB\n", what, nbytes / mebibyte);
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

}  // namespace

void print_plan(const RedshiftPlan& plan, const config::RedshiftConfig& config, int nrank, std::ostream& out) {
  std::size_t nrow = 0, npixel = 0;
  for (const auto& sources : plan.targets.sources) nrow += sources.size();
  for (const auto& band : plan.targets.bands) npixel += band.wave.size();
  out << fmt::format("redshift: {}, {} spectra per band, {} ({} pixels), {}, {}, strategy {}, {}\n",
                     counted(plan.targets.size(), "target"), nrow, counted(plan.targets.bands.size(), "band"), npixel,
                     counted(plan.templates.templates.size(), "template"),
                     counted(static_cast<std::size_t>(nrank), "rank"), plan.strategy->title(),
                     kernels::kokkos_description());
  for (const auto& tmpl : plan.templates.templates)
    out << fmt::format("  {:<14} {:2} basis vectors, {:6} redshifts from {:.4f} to {:.4f}\n", tmpl.full_type(),
                       tmpl.nbasis(), tmpl.redshifts.size(), tmpl.redshifts.front(), tmpl.redshifts.back());
  if (plan.strategies.empty())
    print_memory(plan, out);
  else
    print_strategies(plan.strategies, plan.chosen, plan.machine, plan.targets.size(), out);
  for (const std::string& path : outputs_of(config)) out << "  -> " << path << "\n";
}

}  // namespace zspex::pipeline
