/// \file
/// The tables that say which fiber saw what.
#pragma once

#include <vector>

#include "io/table.hpp"
#include "simulate/exposure.hpp"
#include "simulate/target.hpp"

namespace zspex::simulate {

/// FIBERMAP with the columns that desispec uses, one row per fiber.
/// \param specmin  fiber of the first target
io::Table make_fibermap(int petal, int specmin, const Exposure& exposure, const Pointing& pointing,
                        const std::vector<Target>& targets);

/// TRUTH: what the targets are, and how much of their light the camera got.
io::Table make_truth_table(const Camera& camera, int specmin, const std::vector<Target>& targets);

}  // namespace zspex::simulate
