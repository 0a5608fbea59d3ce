/// \file
/// What reading and writing cost, and what one rank does alone: the part of a run that more ranks don't make faster.
#pragma once

#include <string>

#include "config/machine_config.hpp"
#include "pipeline/measure/ranks.hpp"
#include "pipeline/measure/table.hpp"

namespace zspex::pipeline::measure {

/// Seconds.
struct SerialMeasured {
  double start = 0;                                 ///< of a program up to its job, the last rank's
  int coadds = 0;                                   ///< targets that were read
  double target_read = 0;                           ///< a target, median over the ranks that read at once
  int targets = 0;                                  ///< that were gathered and written
  double gather = 0, rank = 0, fits = 0, hdf5 = 0;  ///< a target
  int fibers = 0, bins = 0;                         ///< that were extracted
  double frame_core = 0;                            ///< a frame of 500 fibers, scaled
  std::size_t pixels = 0;                           ///< of a CCD, rows and columns
  double frame_read = 0, frame_write = 0;           ///< a frame
};

/// Simulates spectra and a CCD, and writes files into a folder that is removed again. Collective.
/// \param start_seconds  of this rank's program before its job
/// \throws AgreedError when the folder can't be written to
SerialMeasured measure_serial(const Ranks& ranks, const Sizes& sizes, const std::string& scratch, double start_seconds,
                              double seconds);

Section describe(const SerialMeasured& measured);
void fill(const SerialMeasured& measured, config::MachineConfig& machine);

}  // namespace zspex::pipeline::measure
