/// \file
/// Scans whose slices of rebinned templates travel: each rank rebins a slice of the redshifts, and the slices go round the
/// ring of ranks until every rank has fitted its targets to all of them. CPU, GPU_V1, GPU_V2.
#pragma once

#include <memory>

#include "pipeline/redshift/scanner.hpp"

namespace zspex::pipeline {

/// \throws AgreedError when two redshifts of a template don't fit the memory. Collective over the world.
std::unique_ptr<Scanner> make_ring_scanner(const ScanSetup& setup);

}  // namespace zspex::pipeline
