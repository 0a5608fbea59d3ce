/// \file
/// What `zspex extract` will do: which files, by whom, with how much memory. No pixel is read for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "config/extract_config.hpp"
#include "config/job_config.hpp"
#include "core/error.hpp"
#include "io/frame.hpp"
#include "pipeline/extract/frame_job.hpp"
#include "pipeline/outcome.hpp"
#include "pipeline/rank_groups.hpp"
#include "pipeline/roles.hpp"

namespace zspex::pipeline {

/// The files of one frame.
struct FrameFiles {
  std::uint64_t index = 0;  ///< among all frames, of which a part may be done
  std::string input, psf, output;
  std::string model;    ///< empty: none is asked for
  std::string sources;  ///< of what is read (pipeline/resume.hpp)

  std::vector<std::string> outputs() const { return model.empty() ? std::vector{output} : std::vector{output, model}; }
};
template <class Archive>
void fields(Archive& archive, FrameFiles& files) {
  archive(files.index, files.input, files.psf, files.output, files.model, files.sources);
}

struct ExtractPlan {
  std::vector<FrameFiles> frames;  ///< to do, the largest first
  std::vector<RunCost> costs;      ///< [frames.size()] about what they take
  std::vector<FrameFiles> kept;    ///< those whose outputs --resume keeps
  std::vector<RunOutcome> failed;  ///< those of several, or of a list or a report, whose outputs can't be written
  std::vector<std::string> notes;  ///< for people: why others aren't kept, and what was cleared away
};
template <class Archive>
void fields(Archive& archive, ExtractPlan& plan) {
  archive(plan.frames, plan.costs, plan.kept, plan.failed, plan.notes);
}

/// Pairs inputs, PSFs and outputs; leaves out what --resume keeps.
/// \param provenance  of this run: what --resume compares
/// \throws FileError (exit code `output`) when the only frame's output can't be written, or is there and must not be overwritten, and
///         there is no list and no report
/// \throws ConfigError when two frames have one output
ExtractPlan plan_extract(const config::ExtractConfig& config, const config::JobConfig& job, Provenance provenance);

/// Bytes that are held while a frame is computed.
struct MemoryPlan {
  std::size_t node_image = 0;  ///< shared by the ranks of a node
  std::size_t root = 0;        ///< more on the rank that reads and writes
  std::size_t rank = 0;        ///< on each rank: its spectra and the solver's workspace
  std::size_t device = 0;      ///< on the device, for each rank
};

/// \param solver_host, solver_device  bytes of the solver's workspace
/// \param several                     more than one frame per group: reading and writing overlap with computing
/// \param with_gpu                    whether a rank of the group uses a GPU
MemoryPlan plan_memory(const FrameJob& job, int nrank, bool with_gpu, bool several, std::size_t solver_host,
                       std::size_t solver_device);

/// \param needed   bytes of a GPU that a rank needs
/// \param ranks_per_gpu  ranks that use one GPU
/// \param memory   bytes of the GPU; 0: none is known
/// \throws ConfigError when they need more than nine tenths of it: the rest is the driver's and the programs'
void check_gpu_memory(std::size_t needed, int ranks_per_gpu, std::size_t memory);

/// Where the plan would run.
struct Layout {
  int nrank = 1, nnode = 1, ngroup = 1, group_size = 1;
  int ngpu_rank = 0;           ///< of all ranks; the first rank is one of them
  int ranks_per_gpu = 1;       ///< the most ranks that use one GPU
  std::size_t gpu_memory = 0;  ///< bytes of the first rank's GPU; 0: none is known
  std::string device;          ///< "Kokkos 4.5.1 (Cuda), device 0"
};

/// Prints the plan, with what headers and PSFs tell about each frame.
/// \return of each frame: success, or the code with which it would fail; its error is printed
std::vector<ExitCode> print_plan(const ExtractPlan& plan, const config::ExtractConfig& config, const Layout& layout,
                                 std::ostream& out);

/// How ranks use GPUs. \throws ConfigError when GPUs are asked for of a program that was built without them
GpuRequest gpu_request(const config::ExtractConfig& config, bool gpu_program);

}  // namespace zspex::pipeline
