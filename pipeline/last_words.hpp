/// \file
/// What a rank says when it dies where no error can be caught.
#pragma once

#include <string>

namespace zspex::pipeline {

/// Call it after MPI_Init, which installs handlers of its own. From now on
/// - SIGSEGV, SIGBUS, SIGFPE and SIGABRT (a library that reads a damaged file) name the file that the thread was reading, and
///   then do what they did before; SIGABRT says whose it was otherwise (a GPU's kernel that went wrong: Kokkos aborts);
/// - an error that leaves a destructor (a GPU that has failed fails again when its memory is freed) is told, and ends the
///   process at once with ExitCode::internal.
/// \param who  begins each line: "rank 3: ", or nothing
void install_last_words(const std::string& who);

}  // namespace zspex::pipeline
