#include "io/detail/fits_error.hpp"

#include <fitsio.h>

#include "core/format.hpp"

namespace zspex::io::detail {

void throw_fits(std::string_view path, std::string_view part, std::string_view doing, int status, std::string_view todo,
                ExitCode code) {
  char text[FLEN_STATUS] = {}, message[FLEN_ERRMSG] = {};
  fits_get_errstatus(status, text);
  std::string found = fmt::format("{} (CFITSIO {})", text, status);
  // The first messages are the nearest to the cause; the rest say where in CFITSIO it happened.
  for (int n = 0; fits_read_errmsg(message) != 0; ++n)
    if (n < 2) found += "; " + std::string(message);
  fits_clear_errmsg();
  throw FileError(path, part, fmt::format("expected to {}, found: {}. {}", doing, found, todo), code);
}

std::unique_lock<std::recursive_mutex> lock_cfitsio() {
  static std::recursive_mutex mutex;
  return fits_is_reentrant() ? std::unique_lock<std::recursive_mutex>() : std::unique_lock(mutex);
}

}  // namespace zspex::io::detail
