#include "pipeline/extract/plan.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "core/error.hpp"
#include "core/format.hpp"
#include "core/real_path.hpp"
#include "io/camera.hpp"
#include "io/frame.hpp"
#include "io/output.hpp"
#include "io/preproc.hpp"
#include "pipeline/extract/node_image.hpp"
#include "pipeline/resume.hpp"

namespace zspex::pipeline {
namespace {

namespace fs = std::filesystem;

bool is_folder(const std::vector<std::string>& paths) { return paths.size() == 1 && paths.front().ends_with('/'); }

std::string output_path(const std::vector<std::string>& outputs, const std::string& prefix, const std::string& input,
                        std::size_t index) {
  if (outputs.empty()) return "";
  return is_folder(outputs) ? name_in_folder(outputs.front(), prefix, input) : outputs.at(index);
}

bool is_there(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

}  // namespace

std::string name_in_folder(const std::string& folder, const std::string& prefix, const std::string& input) {
  std::string stem = fs::path(input).filename().string();
  for (const char* suffix : {".gz", ".fz", ".fits"}) {
    if (stem.ends_with(suffix)) stem.resize(stem.size() - std::string(suffix).size());
  }
  if (stem.starts_with("preproc-")) stem.erase(0, 8);
  return (fs::path(folder) / fmt::format("{}-{}.fits", prefix, stem)).string();
}

ExtractPlan plan_extract(const config::ExtractConfig& config, const config::JobConfig& job, Provenance provenance) {
  ExtractPlan plan;
  std::map<std::string, std::string> taken;
  std::set<std::string> read;
  for (const auto* names : {&config.input, &config.psf})
    for (const std::string& name : *names) read.insert(file_identity(name));
  if (!config.fibermap.empty()) read.insert(file_identity(config.fibermap));
  for (std::size_t i = 0; i < config.input.size(); ++i) {
    FrameFiles files;
    files.input = config.input[i];
    files.psf = config.psf.size() == 1 ? config.psf.front() : config.psf.at(i);
    files.output = output_path(config.output, "frame", files.input, i);
    files.model = output_path(config.model, "model", files.input, i);
    for (const std::string& path : files.outputs()) {
      if (read.count(file_identity(path))) {
        throw ConfigError("configuration", "extract.output",
                          "expected outputs that are not inputs, found " + path +
                              ", which is read as well. It would be overwritten: choose another output.");
      }
      const auto [other, fresh] = taken.emplace(file_identity(path), files.input);
      if (!fresh) {
        throw ConfigError(
            "configuration", "extract.output",
            fmt::format("expected an output of its own for each frame, found {} for {} and for {}. Name them apart.",
                        path, other->second, files.input));
      }
    }
    std::vector<std::string> sources = {files.input, files.psf};
    if (!config.fibermap.empty()) sources.push_back(config.fibermap);
    files.sources = provenance.sources = describe_sources(sources);
    if (job.resume) {
      const auto reasons = reasons_to_redo(files.outputs(), provenance, "extract");
      plan.notes.insert(plan.notes.end(), reasons.begin(), reasons.end());
      if (!job.dry_run) clear_leftovers_of(files.outputs(), plan.notes);
      if (reasons.empty()) {
        plan.already_done.push_back(files.output);
        continue;
      }
    }
    for (const std::string& path : files.outputs()) {
      if (!config.overwrite && !job.resume && is_there(path)) {
        throw FileError(path, "",
                        "expected no file of this name, found one. Choose another output, or allow overwrite.",
                        ExitCode::output);
      }
      io::check_output(path);
    }
    plan.frames.push_back(std::move(files));
  }
  return plan;
}

MemoryPlan plan_memory(const FrameJob& job, int nrank, bool with_gpu, bool several, std::size_t solver_host,
                       std::size_t solver_device) {
  const auto npixel = static_cast<std::size_t>(job.nx) * static_cast<std::size_t>(job.ny);
  const auto nspec = static_cast<std::size_t>(job.settings.nspec);
  const std::size_t nwave = job.settings.wave.size(), ndiag = 2 * static_cast<std::size_t>(job.psf.hsizey) + 1;
  const std::size_t spectra = nspec * nwave * (4 + ndiag) * sizeof(float);
  const std::size_t model = job.settings.model != kernels::ModelKind::none ? npixel * sizeof(float) : 0;
  const std::size_t image = ImageSlot::bytes(npixel);
  const auto blocks = blocks_of_group(job.settings, nrank, with_gpu);
  const std::size_t largest = static_cast<std::size_t>(blocks.empty() ? 0 : blocks.front().nspec);

  MemoryPlan memory;
  memory.node_image = several ? 2 * image : image;
  // While a file is read, its arrays and READNOISE lie beside the shared image; a file is written from a second copy.
  memory.root = image + npixel * sizeof(float) + (several ? 3 : 2) * (spectra + model);
  memory.rank =
      spectra / static_cast<std::size_t>(nrank) + largest * nwave * (5 + ndiag) * sizeof(double) + solver_host;
  memory.device = solver_device;
  return memory;
}

void check_gpu_memory(std::size_t needed, int ranks_per_gpu, std::size_t memory) {
  const auto most = static_cast<std::size_t>(0.9 * static_cast<double>(memory));
  if (memory == 0 || needed * static_cast<std::size_t>(ranks_per_gpu) <= most) return;
  const auto mebibytes = [](std::size_t bytes) { return fmt::format("{} MiB", bytes >> 20); };
  throw ConfigError(
      "configuration", "extract.batch",
      fmt::format("expected that {}{} at most {} of its {}, found {}{} Lower --batch, use fewer GPU ranks "
                  "(--gpu-ranks), or use --device cpu.",
                  ranks_per_gpu, ranks_per_gpu == 1 ? " rank needs" : " ranks that share a GPU need", mebibytes(most),
                  mebibytes(memory), mebibytes(needed), ranks_per_gpu == 1 ? "." : " each."));
}

GpuRequest gpu_request(const config::ExtractConfig& config, bool gpu_program) {
  using config::Device;
  if (config.device == Device::gpu && !gpu_program)
    throw ConfigError("configuration", "extract.device",
                      "expected a program with a GPU backend, found one that was built without. Use --device cpu, or "
                      "build with the preset cuda or hip.");
  if (config.device == Device::cpu && config.gpu_ranks > 0)
    throw ConfigError(
        "configuration", "extract.gpu_ranks",
        fmt::format("expected no GPU ranks with --device cpu, found {}. Use --device auto, or leave gpu_ranks out.",
                    config.gpu_ranks));
  GpuRequest request{GpuUse::none, config.gpu_ranks, "extract.gpu_ranks", "use --device cpu", 0};
  if (config.device == Device::gpu) request.use = GpuUse::all;
  if (config.device == Device::automatic) request.use = config.gpu_ranks > 0 ? GpuUse::some : GpuUse::some_if_any;
  return request;
}

}  // namespace zspex::pipeline
