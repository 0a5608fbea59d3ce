/// \file
/// Scans whose work is dealt while it is done, with nothing stored whole: GPU_V6. Templates are rebinned tile by tile, where
/// they are used; the CPU ranks of a node share a few tiles, a GPU rank has its own. All ranks of a node fit the same targets.
#pragma once

#include <memory>

#include "pipeline/redshift/scanner.hpp"

namespace zspex::pipeline {

/// \throws AgreedError when two redshifts of a template don't fit the memory. Collective over the world.
std::unique_ptr<Scanner> make_dynamic_scanner(const ScanSetup& setup);

}  // namespace zspex::pipeline
