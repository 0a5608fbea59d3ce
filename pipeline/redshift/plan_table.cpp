#include "pipeline/redshift/plan_table.hpp"

#include "core/csv.hpp"
#include "core/format.hpp"
#include "io/output.hpp"

namespace zspex::pipeline {
namespace {

std::string to_csv(const std::vector<TablePlan>& plans) {
  std::string csv =
      "machine,nodes,ranks,targets,strategy,era,usable,whole,total,rebin,scan,transfer,deal,refine,start,read,serial,"
      "cpu_waits,gpu_waits,node_gib,gpu_gib,rounds,reason\n";
  for (const TablePlan& row : plans) {
    const StrategyPlan& plan = row.plan;
    const Prediction& time = plan.time;
    csv += fmt::format("{},{},{},{},{},{},{},", csv_field(row.machine.name), row.machine.nodes, row.machine.ranks,
                       row.ntarget, plan.strategy->text(),
                       plan.strategy->era == config::Era::published ? "2021" : "today", plan.usable() ? 1 : 0);
    if (plan.cannot.empty())
      csv += fmt::format(
          "{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.4g},{:.4g},{:.4g},{:.4g},{},",
          time.whole(), time.total(), time.rebin, time.scan, time.transfer, time.redeal, time.refine, time.start,
          time.read, time.serial, time.cpu_waits, time.gpu_waits, plan.memory.node / gibibyte,
          plan.memory.gpu / gibibyte, plan.memory.nround);
    else
      csv += ",,,,,,,,,,,,,,,";
    csv += (plan.usable() ? "" : csv_field(plan.reason())) + "\n";
  }
  return csv;
}

}  // namespace

void write_plan_table(const std::string& path, const std::vector<TablePlan>& plans) {
  io::OutputFolders folders;
  folders.make_for(path);
  io::write_file(path, to_csv(plans));
}

}  // namespace zspex::pipeline
