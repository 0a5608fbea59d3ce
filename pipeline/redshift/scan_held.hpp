/// \file
/// Scans for which a rank holds a template at all its redshifts, for the whole run: its own copy (GPU_V3, GPU_V4), or one
/// that the ranks of its node have made together (GPU_V5).
#pragma once

#include <memory>

#include "pipeline/redshift/scanner.hpp"

namespace zspex::pipeline {

/// Rebins all templates. Collective over the world.
std::unique_ptr<Scanner> make_held_scanner(const ScanSetup& setup);

}  // namespace zspex::pipeline
