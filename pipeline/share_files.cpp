#include "pipeline/share_files.hpp"

#include <string>
#include <utility>
#include <vector>

#include "config/redshift_files.hpp"
#include "pipeline/comm/agree.hpp"

namespace zspex::pipeline {
namespace {

using Files = std::vector<std::string>;

/// What one run has for itself.
struct RunFiles {
  Files input, others;  ///< others: in the order of config::files_of()
};
template <class Archive>
void fields(Archive& archive, RunFiles& files) {
  archive(files.input, files.others);
}

struct FrameLists {
  Files input, psf, output, model;
};
template <class Archive>
void fields(Archive& archive, FrameLists& files) {
  archive(files.input, files.psf, files.output, files.model);
}

}  // namespace

void share_files(const comm::Communicator& world, config::CommandLine& line) {
  auto& frames = line.extract;
  auto lists = comm::share(world, [&] { return FrameLists{frames.input, frames.psf, frames.output, frames.model}; });
  frames.input = std::move(lists.input);
  frames.psf = std::move(lists.psf);
  frames.output = std::move(lists.output);
  frames.model = std::move(lists.model);

  auto runs = comm::share(world, [&] {
    std::vector<RunFiles> all;
    for (config::RedshiftConfig& run : line.redshift_runs) {
      RunFiles& files = all.emplace_back(RunFiles{run.input, {}});
      for (const auto& [key, file] : config::files_of(run)) files.others.push_back(*file);
    }
    return all;
  });
  line.redshift_runs.assign(runs.size(), line.redshift);
  for (std::size_t irun = 0; irun < runs.size(); ++irun) {
    config::RedshiftConfig& run = line.redshift_runs[irun];
    run.input = std::move(runs[irun].input);
    const auto others = config::files_of(run);
    for (std::size_t i = 0; i < others.size(); ++i) *others[i].second = std::move(runs[irun].others.at(i));
  }
}

}  // namespace zspex::pipeline
