/// \file
/// The spectra of a block as files have them: per Angstrom, with mask bits that a bin knows by itself and scores, in
/// the types of the file.
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
  Array2<std::uint32_t> mask;       ///< [nspec][nwave] bits of specmask: bin_mask(), BAD2DFIT where the solver failed
  Array3<float> resolution;         ///< [nspec][ndiag][nwave] as in ExtractedBlock
  Array2<float> chi2pix;            ///< [nspec][nwave]; 0 = no pixel used
  std::vector<FiberScores> scores;  ///< [nspec]
  Array2<float> model;              ///< [ny][ncolumn] electrons; empty unless asked for
  BlockFacts facts;
};

/// [nwave] Angstrom: numpy.gradient(wave), central differences, one-sided at the ends. One bin alone has the width
/// `dwave`.
std::vector<double> bin_widths(const std::vector<double>& wave, double dwave);

/// Units change here, from per bin to per Angstrom: flux / width, ivar * width^2. Sets the mask bits that a bin knows
/// by itself: those of bin_mask(), with ivar 0 at ALLBADPIX; and BAD2DFIT, with flux and ivar 0, where the solver
/// failed or left a number that isn't finite, also as a float. Scores are computed here, in double.
/// \param wave      [nwave] Angstrom, as in the file
/// \param width     [nwave] Angstrom, of the bins on the CCD
/// \param heliocor  the file's wavelengths over those on the CCD; 1 without a barycentric correction
BlockSpectra finish_block(ExtractedBlock&& extracted, const std::vector<double>& wave, const std::vector<double>& width,
                          double heliocor = 1);

}  // namespace zspex::kernels
