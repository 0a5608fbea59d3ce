/// \file
/// Which scanner a strategy needs.
#pragma once

#include <memory>

#include "pipeline/redshift/scanner.hpp"

namespace zspex::pipeline {

/// The scanner of a strategy. Collective over the world.
std::unique_ptr<Scanner> make_scanner(const ScanSetup& setup);

}  // namespace zspex::pipeline
