#include "pipeline/redshift/target_store.hpp"

#include <algorithm>

#include "pipeline/comm/message.hpp"
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

void TargetStore::read(const NodeInputs& inputs) {
  kernels::SpectraSize at = at_;
  read_targets(*config_, *targets_, inputs, mine_,
               [&](const kernels::Target& target) { at = fitter_->pack(target, arrays_, at, packed_); });
}

void TargetStore::publish(const comm::Communicator& team, bool on_device) {
  memory_.publish(team);
  kernels::PackedTargets all;
  for (const auto& some : comm::all_gather_lists(team, packed_.targets))
    all.targets.insert(all.targets.end(), some.begin(), some.end());
  for (const auto& some : comm::all_gather_lists(team, packed_.spectra))
    all.spectra.insert(all.spectra.end(), some.begin(), some.end());
  packed_ = std::move(all);
  first_spectrum_.clear();
  std::size_t first = 0;
  for (const auto& target : packed_.targets) {
    first_spectrum_.push_back(first);
    first += static_cast<std::size_t>(target.nspectrum);
  }
  fitter_->set_targets(packed_, arrays_, on_device);
}

void TargetStore::append(std::size_t itarget, std::vector<std::byte>& message) const {
  const kernels::PackedTargets::Target& target = packed_.targets[itarget];
  comm::append(std::span(&target, 1), message);
  const auto spectra =
      std::span(packed_.spectra).subspan(first_spectrum_[itarget], static_cast<std::size_t>(target.nspectrum));
  comm::append(spectra, message);
  for (const auto& spectrum : spectra) {
    const kernels::SpectraSize size = fitter_->spectrum_size(spectrum.band, spectrum.ndiag);
    comm::append(std::span<const double>(arrays_.root_ivar.subspan(spectrum.pixel, size.npixel)), message);
    comm::append(std::span<const double>(arrays_.scaled_flux.subspan(spectrum.pixel, size.npixel)), message);
    comm::append(std::span<const float>(arrays_.rows.subspan(spectrum.row, size.nrow)), message);
  }
}

void TargetStore::take(std::span<const std::byte>& message) {
  kernels::PackedTargets::Target target;
  comm::take(message, std::span(&target, 1));
  std::vector<kernels::PackedTargets::Spectrum> spectra(static_cast<std::size_t>(target.nspectrum));
  comm::take(message, std::span(spectra));
  packed_.targets.push_back(target);
  for (auto& spectrum : spectra) {
    const kernels::SpectraSize size = fitter_->spectrum_size(spectrum.band, spectrum.ndiag);
    spectrum.pixel = at_.npixel;
    spectrum.row = at_.nrow;
    packed_.spectra.push_back(spectrum);
    comm::take(message, arrays_.root_ivar.subspan(at_.npixel, size.npixel));
    comm::take(message, arrays_.scaled_flux.subspan(at_.npixel, size.npixel));
    comm::take(message, arrays_.rows.subspan(at_.nrow, size.nrow));
    at_ += size;
  }
}

}  // namespace zspex::pipeline
