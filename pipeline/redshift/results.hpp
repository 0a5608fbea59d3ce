/// \file
/// From the fits of all ranks to the results of a run.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/redshift_config.hpp"
#include "io/redshifts.hpp"
#include "kernels/redshift/redshift.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/redshift/input_tables.hpp"
#include "pipeline/redshift/refine.hpp"
#include "pipeline/redshift/scan_store.hpp"
#include "pipeline/redshift/targets.hpp"
#include "pipeline/redshift/templates.hpp"

namespace zspex::pipeline {

/// What is known of the targets at the end, on the root.
struct AllFits {
  std::vector<std::vector<Zfit>> fits;  ///< [ntarget] of all templates, in scan order; then ranked
  std::vector<int> npixels;             ///< [ntarget] in the fit
};

/// Brings the fits of a round from wherever they were made to the root. Collective.
/// \param ours  targets of the team, as indices into the list
/// \param mine  fits that this rank made; with the pixels of their targets
void gather_fits(const comm::Communicator& world, std::span<const int> ours, std::size_t ntemplate,
                 std::vector<TemplateFits> mine, const kernels::RedshiftFitter& fitter, AllFits& all);

/// Rows of the scans of a round from the teams to the details, all templates. Collective.
/// \param details  on the root, if wanted
void gather_scans(const comm::Communicator& world, const comm::Communicator& team, const ScanStore& store,
                  std::span<const int> ours, const std::vector<kernels::Template>& templates,
                  io::DetailsWriter* details);

/// The tables of the input files, and the fits with what the fibers' states add to ZWARN. On the root.
io::RedshiftResults make_results(const config::RedshiftConfig& config, const TargetList& targets,
                                 const TemplateSet& templates, const InputTables& tables,
                                 std::vector<std::vector<Zfit>> fits);

/// Best models of the targets [round.first, round.first + round.n) of the list into `models` on the root. Each rank of a
/// team makes its share of the team's. Collective.
/// \param best    on the root, the best fits of the round's targets
/// \param models  [nband] on the root
void gather_models(const comm::Communicator& world, const comm::Communicator& team, kernels::TargetRange round,
                   std::span<const int> ours, std::vector<Zfit> best, const kernels::RedshiftFitter& fitter,
                   std::vector<io::ModelSpectra>& models);

/// Zeros where the best fit was reset because of its fiber.
void blank_models(const io::RedshiftResults& results, std::vector<io::ModelSpectra>& models);

}  // namespace zspex::pipeline
