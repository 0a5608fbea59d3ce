/// \file
/// The spectra of all units onto the rank that writes, in the order of the units.
#pragma once

#include <vector>

#include "pipeline/comm/communicator.hpp"
#include "pipeline/extract/finish_frame.hpp"
#include "pipeline/extract/frame_job.hpp"
#include "pipeline/extract/unit_spectra.hpp"

namespace zspex::pipeline {

/// Arrays for all fibers, and for the model image if there is one.
FrameSpectra room_for(const FrameJob& job);

/// Each unit's rows go straight to their place; model images are added up in the order of the units, so that the sum
/// doesn't depend on who made them. Collective.
/// \param mine   indices growing
/// \param frame  on the root only
/// \return on the root, counts over all units
UnitFacts gather_units(const comm::Communicator& group, std::vector<UnitSpectra> mine, FrameSpectra* frame);

}  // namespace zspex::pipeline
