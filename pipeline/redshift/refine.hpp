/// \file
/// From the scans of a team's targets to their refined minima, not yet ranked.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "io/template.hpp"
#include "kernels/redshift/redshift.hpp"
#include "pipeline/redshift/scan_store.hpp"
#include "pipeline/redshift/scanner.hpp"
#include "pipeline/redshift/targets.hpp"

namespace zspex::pipeline {

/// The fits of one target in one template.
struct TemplateFits {
  std::size_t itarget = 0;  ///< of the team
  int itemplate = 0;
  std::vector<Zfit> fits;
};

class Refiner {
 public:
  /// \param ours  targets of the team, as indices into the list
  Refiner(const ScanSetup& setup, const TargetList& targets, std::span<const int> ours,
          const std::optional<io::Priors>& priors)
      : setup_(setup), targets_(targets), ours_(ours), priors_(priors) {}

  /// Refines the minima of the team's targets. Fixed shares: all of this rank's; dealt dynamically: what this rank takes of its node's.
  /// Collective over the world.
  /// \param done  called as templates are done, with their number; on ranks that know
  std::vector<TemplateFits> refine(const ScanStore& store, const std::function<void(int ntemplate)>& done);

 private:
  std::vector<TemplateFits> refine_own(const ScanStore& store, const std::function<void(int)>& done);
  std::vector<TemplateFits> refine_dynamic(const ScanStore& store, const std::function<void(int)>& done);
  kernels::CoarseScan coarse_scan(const ScanStore& store, int itemplate, kernels::TargetRange range) const;
  void refine_some(std::span<const kernels::CoarseScan> scans, std::vector<TemplateFits>& fits);
  /// chi^2 with penalty and prior.
  Array2<double> total_chi2(const ScanStore& store, int itemplate, kernels::TargetRange range) const;

  ScanSetup setup_;
  const TargetList& targets_;
  std::span<const int> ours_;
  const std::optional<io::Priors>& priors_;
};

}  // namespace zspex::pipeline
