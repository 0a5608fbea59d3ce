/// \file
/// CFITSIO's status codes and error stack as FileErrors; one thread at a time where CFITSIO needs it.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace zspex::io::detail {

/// Throws "expected to <doing>, found: <CFITSIO's words>. <todo>" and empties CFITSIO's error stack.
[[noreturn]] void throw_fits(std::string_view path, std::string_view part, std::string_view doing, int status,
                             std::string_view todo, ExitCode code);

/// Held as long as a file is open. Locks nothing where CFITSIO was built to be called from several threads.
std::unique_lock<std::recursive_mutex> lock_cfitsio();

}  // namespace zspex::io::detail
