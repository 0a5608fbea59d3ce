/// \file
/// Templates in Redrock's format: what `zspex redshift` and Redrock fit to simulated spectra.
#pragma once

#include <string>
#include <vector>

#include "config/wave_range.hpp"
#include "io/template.hpp"

namespace zspex::simulate {

/// One template of the set: which spectra it is made of, and what it covers.
struct TemplatePlan {
  std::string spectype, subtype;  ///< as Redrock; "" = none
  std::string igm;                ///< absorption that the fit puts in, as Redrock names it
  config::WaveRange wave;         ///< rest frame, Angstrom
  double zmin = 0, zmax = 0;  ///< redshifts of the file's own grid, in steps of 5e-4 in log10(1 + z); 0, 0 = Redrock's
  int nmember = 0, nvector = 0;     ///< spectra of the family, basis vectors
  double coolest = 0, hottest = 0;  ///< stars, K
};

/// GALAXY, QSO LOZ and HIZ, STAR A, F, G, K, M and WD: each covers 3599 to 9825 Angstrom at all redshifts of its grid.
const std::vector<TemplatePlan>& template_plans();

/// rrtemplate-<SPECTYPE>-<SUBTYPE or None>-v<VERSION>.fits
std::string template_name(const TemplatePlan& plan);

/// Draws a family of spectra with the formulas of the simulated targets and takes its principal vectors. The family's
/// parameters fill a little more than the targets' ranges, evenly; the targets' own values are not among them. So the
/// vectors are a good basis for the targets and not a perfect one. The same in each simulation.
io::TemplateFile make_template(const TemplatePlan& plan);

}  // namespace zspex::simulate
