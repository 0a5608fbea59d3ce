// Prints what `zspex help TOPIC` and `zspex completion SHELL` print, for builds and installations: nothing may start MPI
// there, and a program for CUDA may need a driver.
#include <iostream>

#include "config/command_line.hpp"
#include "core/error.hpp"

int main(int argc, char** argv) {
  try {
    std::cout << zspex::config::parse_command_line(argc, argv).text << std::flush;
    return static_cast<int>(std::cout ? zspex::ExitCode::success : zspex::ExitCode::output);
  } catch (const zspex::Error& error) {
    std::cerr << error.what() << std::endl;
    return static_cast<int>(error.code());
  }
}
