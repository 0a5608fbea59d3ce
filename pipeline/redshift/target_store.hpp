/// \file
/// The spectra of a team's targets, packed, in memory that the team shares.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "config/redshift_config.hpp"
#include "kernels/redshift/fitter.hpp"
#include "pipeline/redshift/node_inputs.hpp"
#include "pipeline/redshift/targets.hpp"
#include "pipeline/redshift/team.hpp"

namespace zspex::pipeline {

class TargetStore {
 public:
  /// Of one target's packed spectra, at most.
  static kernels::SpectraSize target_size(const kernels::RedshiftFitter& fitter, const TargetList& targets, int itarget,
                                          bool allspec);

  TargetStore() = default;
  /// Room for a team's targets; and what a rank needs to fill its share of it. Collective over the team.
  /// \param ours  of the team, as indices into the list; the same on all ranks of the team
  TargetStore(const comm::Communicator& team, kernels::RedshiftFitter& fitter, const config::RedshiftConfig& config,
              const TargetList& targets, std::span<const int> ours);

  /// Reads this rank's share of the spectra, masks, coadds and packs them. \throws FileError
  void read(const NodeInputs& inputs);
  /// Tells all ranks of the team what the others have read, and the fitter what its targets are. Collective over the team.
  void publish(const comm::Communicator& team, bool on_device);

  /// Appends the packed spectra of a target to a message. Of a published store.
  void append(std::size_t itarget, std::vector<std::byte>& message) const;
  /// Takes those of the next target from the front of a message; the targets of this rank's share in turn.
  void take(std::span<const std::byte>& message);

 private:
  kernels::RedshiftFitter* fitter_ = nullptr;
  const config::RedshiftConfig* config_ = nullptr;
  const TargetList* targets_ = nullptr;
  std::vector<int> mine_;
  kernels::SpectraSize at_;  ///< where mine begin
  kernels::SpectraArrays arrays_;
  kernels::PackedTargets packed_;            ///< this rank's; of all once it is published
  std::vector<std::size_t> first_spectrum_;  ///< [ntarget] of a published store
  TeamMemory memory_;
};

}  // namespace zspex::pipeline
