/// \file
/// Eigenvalues of a dense matrix by LAPACK with some numbers of BLAS threads: how many a rank should have.
#pragma once

#include <string>
#include <vector>

#include "config/machine_config.hpp"
#include "pipeline/measure/ranks.hpp"
#include "pipeline/measure/table.hpp"

namespace zspex::pipeline::measure {

struct EigenvaluesMeasured {
  int matrix = 0, cores = 1;  ///< rows; cores that a rank has for itself
  struct Point {
    int threads;
    double seconds;  ///< median over ranks, all at work
  };
  std::vector<Point> points;  ///< none without LAPACK
  bool sets_threads = false;  ///< a function to set the BLAS threads was found
};

/// The same on all ranks. Collective.
EigenvaluesMeasured measure_eigenvalues(const Ranks& ranks, const Sizes& sizes, double seconds);

Section describe(const EigenvaluesMeasured& measured);
/// A machine's file has nothing of it.
inline void fill(const EigenvaluesMeasured&, config::MachineConfig&) {}

}  // namespace zspex::pipeline::measure
