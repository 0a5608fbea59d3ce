/// \file
/// All ranks of the test program, as a communicator.
#pragma once

#include "pipeline/comm/communicator.hpp"

namespace zspex::comm {

inline Communicator test_world() { return Communicator::duplicate(MPI_COMM_WORLD); }

/// What the pointer-sized tests need: a value that says which rank made it.
inline int rank_value(int rank) { return 1000 + 7 * rank; }

}  // namespace zspex::comm
