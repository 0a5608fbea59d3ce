#include "pipeline/extract/plan.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "config/output_names.hpp"
#include "core/error.hpp"
#include "core/format.hpp"
#include "core/real_path.hpp"
#include "io/camera.hpp"
#include "io/frame.hpp"
#include "io/output.hpp"
#include "io/preproc.hpp"
#include "pipeline/extract/node_image.hpp"
#include "pipeline/resume.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {
namespace {

namespace fs = std::filesystem;

std::string output_path(const std::vector<std::string>& outputs, const std::string& prefix, const std::string& input,
                        std::size_t index) {
  if (outputs.empty()) return "";
  return config::is_one_folder(outputs) ? config::name_in_folder(outputs.front(), prefix, input, ".fits")
                                        : outputs.at(index);
}

bool is_there(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// Whether --resume keeps a frame's outputs. \throws FileError when they can't be written, or must not be overwritten
bool is_kept(const FrameFiles& files, const config::ExtractConfig& config, const config::JobConfig& job,
             const Provenance& provenance, std::vector<std::string>& notes) {
  if (job.resume) {
    const auto reasons = reasons_to_redo(files.outputs(), provenance, "extract");
    notes.insert(notes.end(), reasons.begin(), reasons.end());
    if (!job.dry_run) clear_leftovers_of(files.outputs(), notes);
    if (reasons.empty()) return true;
  }
  refuse_to_replace_inputs(files.outputs());
  for (const std::string& path : files.outputs()) {
    if (!config.overwrite && !job.resume && is_there(path))
      throw FileError(path, "", "expected no file of this name, found one. Choose another output, or allow overwrite.",
                      ExitCode::output);
    io::check_output(path);
  }
  return false;
}

/// About the bytes of a frame's images; no header is read, as a list may name thousands.
double image_bytes(const std::string& path) {
  constexpr double ratio = 5;  // rather too much than too little: it bounds memory; lossless .fz shrink less
  const bool compressed = path.ends_with(".fz") || path.ends_with(".gz");
  return static_cast<double>(file_bytes(path)) * (compressed ? ratio : 1);
}

/// About what a frame takes, by the bytes of its images: DESI's, 500 fibers (docs/performance.md). What counts is how much of it many
/// ranks can share.
RunCost cost_of(const FrameFiles& files) {
  constexpr double work = 4.5e-8, hidden = 5e-9, alone = 3e-10;  // seconds a byte, uncompressed
  constexpr double overhead = 0.05;                              // seconds a frame
  constexpr double memory = 4;                                   // bytes a byte: two images, and spectra
  const double nbytes = image_bytes(files.input);
  return {nbytes * work, nbytes * hidden, overhead + nbytes * alone, nbytes * memory};
}

}  // namespace

ExtractPlan plan_extract(const config::ExtractConfig& config, const config::JobConfig& job, Provenance provenance) {
  ExtractPlan plan;
  std::map<std::string, std::string> taken;
  std::set<std::string> read;
  for (const auto* names : {&config.input, &config.psf})
    for (const std::string& name : *names) read.insert(file_identity(name));
  if (!config.fibermap.empty()) read.insert(file_identity(config.fibermap));
  for (std::size_t i = 0; i < config.input.size(); ++i) {
    FrameFiles files;
    files.index = config.part.place_of(i);
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
    try {
      if (is_kept(files, config, job, provenance, plan.notes))
        plan.kept.push_back(std::move(files));
      else
        plan.frames.push_back(std::move(files));
    } catch (const FileError& error) {
      if (config.input.size() == 1 && config.list.empty() && config.report.empty()) throw;
      RunOutcome outcome{files.index,  files.input, files.output, RunOutcome::Status::failed,
                         error.code(), error.what()};
      plan.failed.push_back(std::move(outcome));
    }
  }
  std::vector<RunCost> costs;
  for (const FrameFiles& files : plan.frames) costs.push_back(cost_of(files));
  std::vector<FrameFiles> sorted;
  for (const std::size_t i : longest_first(costs)) {
    sorted.push_back(std::move(plan.frames[i]));
    plan.costs.push_back(costs[i]);
  }
  plan.frames = std::move(sorted);
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
