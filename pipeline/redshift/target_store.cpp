#include "pipeline/redshift/target_store.hpp"

#include <algorithm>

#include "pipeline/redshift/read_targets.hpp"

namespace zspex::pipeline {

kernels::SpectraSize TargetStore::target_size(const kernels::RedshiftFitter& fitter, const TargetList& targets,
                                              int itarget, bool allspec) {
  std::vector<std::size_t> spectra(targets.bands.size(), 0);
  for (const SpectrumSource& source : targets.sources[static_cast<std::size_t>(itarget)])
    for (const int band : targets.bands_of_file[static_cast<std::size_t>(source.file)])
      ++spectra[static_cast<std::size_t>(band)];
  kernels::SpectraSize size;
  for (std::size_t band = 0; band < spectra.size(); ++band)
    for (std::size_t i = 0; i < (allspec ? spectra[band] : std::min<std::size_t>(spectra[band], 1)); ++i)
      size += fitter.spectrum_size(static_cast<int>(band), targets.bands[band].ndiag);
  return size;
}

TargetStore::TargetStore(const comm::Communicator& team, kernels::RedshiftFitter& fitter,
                         const config::RedshiftConfig& config, const TargetList& targets, std::span<const int> ours)
    : fitter_(&fitter), config_(&config), targets_(&targets) {
  // Ranks read neighbors, so that what one rank has packed follows what the rank before has.
  const std::size_t n = ours.size(), nrank = static_cast<std::size_t>(team.size()),
                    rank = static_cast<std::size_t>(team.rank());
  const std::size_t first = n * rank / nrank, last = n * (rank + 1) / nrank;
  kernels::SpectraSize size;
  for (std::size_t i = 0; i < n; ++i) {
    if (i == first) at_ = size;
    size += target_size(fitter, targets, ours[i], config.allspec);
  }
  mine_.assign(ours.begin() + static_cast<std::ptrdiff_t>(first), ours.begin() + static_cast<std::ptrdiff_t>(last));
  memory_ = TeamMemory(team, size.bytes());
  const std::size_t of_doubles = size.npixel * sizeof(double);
  arrays_ = {memory_.values<double>(0, size.npixel), memory_.values<double>(of_doubles, size.npixel),
             memory_.values<float>(2 * of_doubles, size.nrow)};
}

void TargetStore::read() {
  kernels::SpectraSize at = at_;
  read_targets(*config_, *targets_, mine_,
               [&](const kernels::Target& target) { at = fitter_->pack(target, arrays_, at, packed_); });
}

void TargetStore::publish(const comm::Communicator& team, bool on_device) {
  memory_.publish(team);
  kernels::PackedTargets all;
  for (const auto& some : comm::all_gather_lists(team, packed_.targets))
    all.targets.insert(all.targets.end(), some.begin(), some.end());
  for (const auto& some : comm::all_gather_lists(team, packed_.spectra))
    all.spectra.insert(all.spectra.end(), some.begin(), some.end());
  packed_ = {};
  fitter_->set_targets(std::move(all), arrays_, on_device);
}

}  // namespace zspex::pipeline
