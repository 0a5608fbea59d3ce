/// \file
/// Results of two runs that must be the same, bit for bit.
#pragma once

#include <string>

namespace zspex::pipeline {

/// All bytes of two FITS files but the time at which the run ended, its strategy and ranks, and what hangs on them (CHECKSUM).
void expect_same_fits(const std::string& one, const std::string& other);

/// All groups, types, shapes and values of two HDF5 files but what tells of the run: /provenance, /timing, /ranks.
void expect_same_hdf5(const std::string& one, const std::string& other);

}  // namespace zspex::pipeline
