/// \file
/// A crash inside a library that reads a damaged file: the file's name, before the program dies.
#pragma once

namespace zspex::pipeline {

/// From now on SIGSEGV, SIGBUS, SIGFPE and SIGABRT name the file that the thread was reading, and then do what they did
/// before. Call it after MPI_Init, which installs handlers of its own.
void install_last_words();

}  // namespace zspex::pipeline
