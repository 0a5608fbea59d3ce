/// \file
/// How redshifts are fitted.
#pragma once

#include <cstddef>

namespace zspex::kernels {

/// How archetypes are fitted: some of them, each with a coefficient >= 0, and Legendre polynomials of the observed
/// wavelength for what calibration and dust do to a spectrum.
struct ArchetypeSettings {
  int nnearest = 0;        ///< that are fitted together, those of least chi^2 alone; 0: the best one only
  int degree = 2;          ///< number of polynomials, P_0 to P_(degree - 1), on each band's wavelengths
  bool per_camera = true;  ///< each band has its own coefficients
  double prior = 0.1;      ///< sigma of these, around 0; 0: none. Not for coefficients that all bands share
};

struct FitSettings {
  bool mixed = true;   ///< R x basis of the scan in float; sums, solutions and the refinement are always in double
  int max_ndiag = 11;  ///< of all targets, also those of other ranks
  int nminima = 3;     ///< of each target and template
  int npoints = 15;    ///< of a fine scan, at least 3
  /// Before minima are refined, look at more of them with a third of the scan's step, and refine the lowest of those:
  /// where a template has narrow lines, the true minimum may lie between two points of the scan and look shallow there.
  bool adaptive = false;
  int ncandidates = 60;  ///< that are looked at, if so
  ArchetypeSettings archetypes{};
  /// A GPU's kernels on the device's backend also where that is the host: slower there, but they can be tested.
  bool teams = false;
  /// Bytes of the sums and results of one launch on a device.
  std::size_t scan_workspace = std::size_t{64} << 20;
};

}  // namespace zspex::kernels
