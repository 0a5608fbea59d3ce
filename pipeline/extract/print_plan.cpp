#include <exception>
#include <ostream>

#include "core/constants.hpp"
#include "core/format.hpp"
#include "io/preproc_info.hpp"
#include "io/psf.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/extract/checks.hpp"
#include "pipeline/extract/frame_job.hpp"
#include "pipeline/extract/plan.hpp"
#include "pipeline/extract/read_frame.hpp"

namespace zspex::pipeline {
namespace {

std::string mebibytes(std::size_t bytes) { return fmt::format("{:.0f} MiB", static_cast<double>(bytes) / mebibyte); }

void print_job(const FrameJob& job, const Layout& layout, bool several, std::ostream& out) {
  const auto& settings = job.settings;
  const bool with_gpu = layout.ngpu_rank > 0, fine = blocks_are_fine(settings, layout.group_size, with_gpu);
  const auto plan = [&](kernels::BackendKind kind) {
    const auto solver = kernels::make_extractor(job.psf, settings, kind)->memory(fine);
    return plan_memory(job, layout.group_size, with_gpu, several, solver.host, solver.device);
  };
  const MemoryPlan memory = plan(kernels::BackendKind::host);
  out << fmt::format("    {}: fibers {} to {}, {} bins from {:.2f} to {:.2f} Angstrom, {} x {} pixels\n    {}\n",
                     job.name, settings.specmin, settings.specmin + settings.nspec - 1, job.wave.size(),
                     job.wave.front(), job.wave.back(), job.nx, job.ny, job.choices);
  if (job.heliocor != 1)
    out << fmt::format("    barycentric correction: factor {:.9f}, {:.3f} km/s\n", job.heliocor,
                       (job.heliocor - 1) * light_speed_km_s);
  out << fmt::format("    {} {}, dealt to {} {}\n", blocks_of_group(settings, layout.group_size, with_gpu).size(),
                     fine ? "sub-bundles" : "bundles", layout.group_size, layout.group_size == 1 ? "rank" : "ranks")
      << fmt::format("    memory: image {} a node, {} a rank, {} more on the rank that reads and writes",
                     mebibytes(memory.node_image), mebibytes(memory.rank), mebibytes(memory.root));
  if (layout.ngpu_rank > 0) {
    const MemoryPlan on_gpu = plan(kernels::BackendKind::device);
    out << "; " << mebibytes(on_gpu.rank) << " a GPU rank";
    if (on_gpu.device > 0) out << " and " << mebibytes(on_gpu.device) << " of its GPU";
    out << "\n";
    check_gpu_memory(on_gpu.device, layout.ranks_per_gpu, layout.gpu_memory);
  } else {
    out << "\n";
  }
}

}  // namespace

std::vector<ExitCode> print_plan(const ExtractPlan& plan, const config::ExtractConfig& config, const Layout& layout,
                                 std::ostream& out) {
  out << "extract: " << plan.frames.size() << (plan.frames.size() == 1 ? " frame" : " frames") << ", " << layout.nrank
      << (layout.nrank == 1 ? " rank" : " ranks") << " on " << layout.nnode << (layout.nnode == 1 ? " node" : " nodes");
  if (layout.ngroup > 1) out << ", " << layout.ngroup << " frames at a time";
  if (layout.ngpu_rank > 0) out << ", " << layout.ngpu_rank << " of them with a GPU";
  out << ", " << layout.device << "\n";

  std::vector<ExitCode> codes;
  const bool several = plan.frames.size() > static_cast<std::size_t>(layout.ngroup);
  for (const FrameFiles& files : plan.frames) {
    out << "  " << files.input << " + " << files.psf << " -> " << files.output;
    if (!files.model.empty()) out << ", " << files.model;
    out << "\n";
    try {
      const auto psf = io::read_psf(files.psf);
      auto info = io::read_preproc_info(files.input);
      if (!config.fibermap.empty()) info.fibermap = io::read_fibermap(config.fibermap).header;
      std::vector<std::string> warnings;
      const FrameJob job = make_job(config, psf, info.header, info.fibermap ? &*info.fibermap : nullptr, info.camera,
                                    files.input, static_cast<int>(info.nx), static_cast<int>(info.ny), warnings);
      for (const std::string& warning : warnings) out << "    warning: " << warning << "\n";
      print_job(job, layout, several, out);
      codes.push_back(ExitCode::success);
    } catch (...) {
      const auto failure = comm::describe(std::current_exception());
      out << "    error: " << failure.message << "\n";
      codes.push_back(failure.code);
    }
  }
  return codes;
}

}  // namespace zspex::pipeline
