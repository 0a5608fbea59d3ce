/// \file
/// The CCD image that extracted spectra predict.
#pragma once

#include <string>

#include "core/array.hpp"
#include "io/frame.hpp"
#include "io/header.hpp"

namespace zspex::io {

/// Writes one image, EXTNAME=MODEL, float32.
/// \param model  [ny][nx] electrons
/// \param header cards to pass on, for example of the preproc frame
/// \throws FileError (exit code `output`)
void write_model_image(const std::string& path, const Array2<float>& model, const Header& header,
                       const Provenance& provenance, WriteOptions options = {});

/// Reads it back. \throws FileError (exit code `input`)
Array2<float> read_model_image(const std::string& path);

}  // namespace zspex::io
