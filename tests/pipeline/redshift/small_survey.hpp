/// \file
/// Spectra and templates small enough for tests: 413 bins in three bands of different sizes, three templates of few
/// vectors and redshifts. Made by the simulator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "config/redshift_config.hpp"
#include "config/simulate_config.hpp"
#include "io/spectra.hpp"
#include "io/template.hpp"

namespace zspex::pipeline {

/// The first three targets of a survey: sums of the vectors of these templates at these redshifts, and noise.
struct Planted {
  const char *spectype, *subtype;
  double z;
};
inline constexpr Planted planted[] = {{"GALAXY", "", 0.22175}, {"QSO", "HIZ", 2.41234}, {"STAR", "F", 0.000317}};

/// What was planted; then galaxies, quasars, stars and sky of one petal, brighter than usual. Made once, and
/// without a path.
/// \param kind  coadds, or spectra: a row per target and exposure
const io::SpectraFile& small_survey(config::SimulateKind kind, int ntargets, int nexp = 1, int petal = 0);

/// The same file with these rows alone, in this order.
io::SpectraFile pick_rows(const io::SpectraFile& file, const std::vector<std::size_t>& rows);

/// Writes it under this name, whatever its parts are: nothing is checked. \return the name
/// \param skip  an HDU that is left out
std::string write_survey(const std::string& path, const io::SpectraFile& file, const std::string& skip = "");

/// One band of it as a cframe: FLUX, IVAR, ... and CAMERA. \return the name
std::string write_cframe(const std::string& path, const io::SpectraFile& file, const std::string& band);

/// GALAXY (fitted with any sign, 117 redshifts by the configuration below), QSO:::HIZ (with absorption and 51 redshifts of
/// its own), STAR:::F (not negative, 21 redshifts).
const std::vector<io::TemplateFile>& small_templates();
/// Writes them into a folder as files that `-t FOLDER` finds, in this order.
void write_small_templates(const std::string& folder);

/// Three archetypes of galaxies, ELG, LRG and BGS. \return the name
std::string write_archetypes(const std::string& path);

/// \param function  of the first row; that of others is another one, which nobody should look at. \return the name
std::string write_priors(const std::string& path, const std::string& function,
                         const std::vector<std::int64_t>& targetid, const std::vector<double>& z,
                         const std::vector<double>& sigma);

/// Reads and writes within `folder`: coadd.fits and the templates; the output is redshifts.fits.
config::RedshiftConfig small_redshift_config(const std::string& folder);

}  // namespace zspex::pipeline
