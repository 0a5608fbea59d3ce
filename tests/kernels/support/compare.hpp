/// \file
/// Extracted spectra in one piece, and their comparison in units of sigma.
#pragma once

#include <gtest/gtest.h>

#include "kernels/extract/extract.hpp"
#include "tests/kernels/support/plain_extraction.hpp"

namespace zspex::test {

/// Extracts all blocks of `settings` and puts them together; sizes and labels of the blocks are checked on the way.
kernels::ExtractedBlock extract_all(const Psf& psf, const kernels::ExtractSettings& settings,
                                    const kernels::Image& image, bool fine = false);
/// The same by an extractor that was made for the PSF and settings, as many blocks at once as it takes.
kernels::ExtractedBlock extract_all(kernels::Extractor& extractor, const Psf& psf,
                                    const kernels::ExtractSettings& settings, const kernels::Image& image,
                                    bool fine = false);

/// What two results may differ by.
struct Tolerance {
  double sigma = 1e-9;       ///< |difference of flux| * sqrt(ivar)
  double ivar = 1e-9;        ///< relative
  double resolution = 1e-9;  ///< absolute
  double chi2pix = 1e-8;     ///< relative to 1 + chi2pix
  double pixmask = 1e-12;    ///< absolute; 0 and 1 exactly
};

void expect_close(const kernels::ExtractedBlock& found, const PlainSpectra& expected, const Tolerance& tolerance);
PlainSpectra plain(const kernels::ExtractedBlock& block);

/// No NaN, no infinity, no negative inverse variance anywhere.
void expect_finite(const kernels::ExtractedBlock& block);

/// (R photons)[s][w] from the stored diagonals; with `transposed`, R^T by mistake.
Array2<double> convolve(const Array3<double>& resolution, const Array2<double>& photons, bool transposed = false);

/// Every byte of every array.
void expect_same_bytes(const kernels::ExtractedBlock& a, const kernels::ExtractedBlock& b);

}  // namespace zspex::test
