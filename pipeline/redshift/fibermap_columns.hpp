/// \file
/// What the columns of DESI's FIBERMAPs mean.
#pragma once

#include "io/table.hpp"

namespace zspex::pipeline {

/// Adds units and descriptions to columns that are known and have none.
void annotate_fibermap(io::Table& fibermap);

}  // namespace zspex::pipeline
