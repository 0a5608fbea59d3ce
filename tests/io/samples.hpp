/// \file
/// Small frames and PSFs of awkward sizes: prime and all different, values that tell rows from columns.
#pragma once

#include "io/frame.hpp"
#include "io/preproc.hpp"
#include "io/psf.hpp"
#include "io/redshifts.hpp"
#include "io/spectra.hpp"

namespace zspex::io::test {

/// A column of each type, 3 of them vectors, with units and comments.
Table sample_table(const std::string& name, std::size_t nrow);
/// Long strings, HIERARCH, repeated COMMENTs and all that.
Header sample_header();
Preproc sample_preproc(std::size_t ny = 17, std::size_t nx = 13);
PsfFile sample_psf(int nspec = 7);
Frame sample_frame(std::size_t nspec = 7, std::size_t nwave = 31, std::size_t ndiag = 5);
/// Five spectra in bands b (7 diagonals) and z (3 diagonals), with masks in a coadd and without in uncoadded spectra; 1 and
/// 3 are one target. Without a path.
SpectraFile sample_spectra(SpectraKind kind);
/// Three targets: 39627800000000007, a galaxy with 3 coefficients; -8, a quasar with 4, and a star; 12, without data.
RedshiftResults sample_redshifts();
/// Their scan with QSO:::HIZ, two basis vectors, at five redshifts.
ZscanTable sample_zscan();
Provenance sample_provenance();
std::vector<Timing> sample_timing();

void expect_same(const Header& a, const Header& b);
/// Values, types, units, descriptions.
void expect_same(const Table& a, const Table& b);
void expect_same(const Frame& a, const Frame& b);
void expect_same(const SpectraFile& a, const SpectraFile& b);
void expect_same(const Legendre& a, const Legendre& b, const std::string& name);

}  // namespace zspex::io::test
