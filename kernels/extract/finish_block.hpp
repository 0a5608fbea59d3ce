/// \file
/// The spectra of a block as files have them: per Angstrom, with masks and scores, in the types of the file.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "kernels/extract/extract.hpp"
#include "kernels/extract/scores.hpp"

namespace zspex::kernels {

/// Counts of a block for the report, and where its model lies.
struct BlockFacts {
  int npatch = 0, nretried = 0, nfailed = 0;  ///< patches
  int model_x = 0;                            ///< first column of the model
};

/// Spectra of fibers [block.ispec, block.ispec + block.nspec).
struct BlockSpectra {
  std::uint64_t index = 0;  ///< of the block among all blocks of the frame
  FiberBlock block;
  Array2<float> flux;               ///< [nspec][nwave] electron/Angstrom
  Array2<float> ivar;               ///< [nspec][nwave] (electron/Angstrom)^-2; 0 = no information
  Array2<std::uint32_t> mask;       ///< [nspec][nwave] SOMEBADPIX, ALLBADPIX, and BAD2DFIT where the solver failed
  Array3<float> resolution;         ///< [nspec][ndiag][nwave]
  Array2<float> chi2pix;            ///< [nspec][nwave]; 0 = no pixel used
  std::vector<FiberScores> scores;  ///< [nspec]
  Array2<float> model;              ///< [ny][ncolumn] electrons; empty unless asked for
  BlockFacts facts;
};

/// numpy.gradient(wave): central differences, one-sided at the ends. One bin alone has the width `dwave`.
std::vector<double> bin_widths(const std::vector<double>& wave, double dwave);

/// Units change here: flux / width, ivar * width^2 (extraction.md 5.1). Sets the mask bits that a fiber knows by
/// itself: SOMEBADPIX where more than half of the spot lies on masked pixels; ALLBADPIX, and ivar 0, where all of it
/// does; BAD2DFIT, and flux and ivar 0, where the solver failed or left a number that is none. Scores are computed
/// here, in double.
/// \param wave      [nwave] Angstrom, as in the file
/// \param width     [nwave] Angstrom, of the bins on the CCD
/// \param heliocor  the file's bins, by those on the CCD
BlockSpectra finish_block(ExtractedBlock&& extracted, const std::vector<double>& wave, const std::vector<double>& width,
                          double heliocor = 1);

}  // namespace zspex::kernels
