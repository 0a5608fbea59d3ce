/// \file
/// Targets that were dealt unevenly for their scan, dealt evenly for their refinement.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/scan_store.hpp"
#include "pipeline/redshift/target_store.hpp"

namespace zspex::pipeline {

/// What a rank holds of a round's targets.
struct RankTargets {
  std::vector<int> ours;  ///< indices into the list, growing
  TargetStore spectra;
  ScanStore scans;
};

/// Spectra and scans travel from the ranks that have scanned a target to those that refine it. Collective over the world.
/// \param before  [nrank] who had which targets; `after` who is to have them
/// \param held    of this rank, before
/// \param make    room for some targets
/// \return what this rank has then; the spectra are not yet published
RankTargets deal_again(const comm::Communicator& world, std::span<const std::vector<int>> before,
                       std::span<const std::vector<int>> after, const RankTargets& held,
                       const std::function<RankTargets(std::vector<int> ours)>& make);

}  // namespace zspex::pipeline
