/// \file
/// Coadds and spectra files as a survey's pipeline makes them of its exposures, without the CCD in between: the light of
/// each fiber is smoothed, gets the noise of its photons and pixels, and is calibrated.
#pragma once

#include <string>
#include <vector>

#include "config/simulate_config.hpp"
#include "io/spectra.hpp"
#include "io/table.hpp"
#include "simulate/exposure.hpp"
#include "simulate/target.hpp"

namespace zspex::simulate {

/// What is wrong with a fiber.
enum class Defect { none, no_b, no_r, no_z, masked };

/// One petal's spectra, all of a file.
struct SpectraTask {
  int petal = 0;
  int ntargets = 0;            ///< at most 500
  std::string spectra, truth;  ///< files to write
};

/// A task for each petal that is needed: 500 targets per petal.
std::vector<SpectraTask> plan_spectra(const config::SimulateConfig& config);

/// Of config.bad_fibers ones, spread over the ntargets: the first has no b camera, the next is all masked, then no r, no
/// z, and so on.
std::vector<Defect> choose_defects(int ntargets, int bad_fibers);

struct SimulatedSpectra {
  io::SpectraFile file;
  io::Table truth;  ///< a row per target
};

/// Simulates a petal: of kind coadds a row per target, of kind spectra a row per target and exposure, exposure after
/// exposure. FLUX is R times the target's flux (all of its light, calibrated without error) and noise; IVAR is the
/// inverse of the variance that the noise was drawn from. MASK: COSMIC where a hit raised the flux; ALLBADPIX where a
/// broken fiber or camera has no data and where a bad fiber is masked. The coadd leaves masked bins out.
SimulatedSpectra simulate_spectra(const config::SimulateConfig& config, const SpectraTask& task);

// The tables of spectra_tables.cpp.

/// Bits of FIBERSTATUS: the fiber's own, and that of an amplifier which a camera without data stands for.
std::int32_t fiber_status(int petal, int ispec, Defect defect);

/// Rows of FIBERMAP of uncoadded spectra: a row per target of each exposure.
io::Table exposures_fibermap(int petal, const std::vector<Exposure>& exposures, const std::vector<Target>& targets,
                             const std::vector<Defect>& defects);

/// FIBERMAP and EXP_FIBERMAP of a coadd.
struct CoaddTables {
  io::Table fibermap, exp_fibermap;
};
CoaddTables coadd_fibermaps(int petal, const std::vector<Exposure>& exposures, const std::vector<Target>& targets,
                            const std::vector<Defect>& defects);

/// TRUTH, a row per target.
io::Table spectra_truth(int petal, const std::vector<Target>& targets, const std::vector<Defect>& defects);

}  // namespace zspex::simulate
