/// \file
/// SCORES of simulated coadds and spectra: signal to noise, and template signal to noise (TSNR2).
#pragma once

#include "io/spectra.hpp"
#include "io/table.hpp"

namespace zspex::simulate {

/// TARGETID, MEDIAN_SNR_<B>, and TSNR2_<T>_<B> and their sums TSNR2_<T> for the kinds T = ELG, LRG, QSO, LYA, BGS: the sum
/// over the bins of ivar * dflux^2, where dflux^2 is the mean square of what is left of typical spectra of a kind, at the
/// redshifts of its targets, when their mean over 100 Angstrom is taken away. As desispec's, with invented ensembles.
io::Table make_scores(const io::SpectraFile& file);

}  // namespace zspex::simulate
