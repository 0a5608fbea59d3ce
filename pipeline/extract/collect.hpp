/// \file
/// The spectra of all blocks onto the rank that writes, in the order of the blocks.
#pragma once

#include <vector>

#include "kernels/extract/finish_block.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/extract/finish_frame.hpp"
#include "pipeline/extract/frame_job.hpp"

namespace zspex::pipeline {

/// Arrays for all fibers, and for the model image if there is one.
FrameSpectra allocate_spectra(const FrameJob& job);

/// Each block's rows go straight to their place; model images are added up in the order of the blocks, so that the sum
/// doesn't depend on who made them. Collective.
/// \param mine   indices growing
/// \param frame  on the root only
/// \return on the root, counts over all blocks
kernels::BlockFacts gather_blocks(const comm::Communicator& group, std::vector<kernels::BlockSpectra> mine,
                                  FrameSpectra* frame);

}  // namespace zspex::pipeline
