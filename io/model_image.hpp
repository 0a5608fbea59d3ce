/// \file
/// The model of a CCD image that an extraction leaves.
#pragma once

#include <string>

#include "config/base/array.hpp"
#include "io/header.hpp"

namespace zspex::io {

/// Writes one float32 image MODEL (BUNIT electron) with the cards of `header`. Whole or not at all.
/// \param model  [ny][nx] electrons
/// \throws FileError (exit code `output`)
void write_model_image(const std::string& path, const Array2<float>& model, const Header& header);

}  // namespace zspex::io
