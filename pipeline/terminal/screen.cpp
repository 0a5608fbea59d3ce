#include "pipeline/terminal/screen.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "core/format.hpp"
#include "pipeline/terminal/terminal.hpp"

namespace zspex::terminal {
namespace {

constexpr int most_ancestors = 64;

/// The parent of a process, 0 where that isn't known.
long parent_of(const std::string& folder) {
  std::ifstream status(folder + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("PPid:", 0) == 0) return std::strtol(line.c_str() + 5, nullptr, 10);
  }
  return 0;
}

bool is_launcher(const std::string& folder) {
  constexpr std::array launchers = {"mpirun", "mpiexec", "orterun", "orted", "prte", "prun"};
  std::string name;
  std::getline(std::ifstream(folder + "/comm") >> std::ws, name);
  return std::any_of(launchers.begin(), launchers.end(), [&](const char* one) { return name.rfind(one, 0) == 0; });
}

/// A descriptor that is closed again.
class Opened {
 public:
  explicit Opened(const std::string& path) : descriptor_(open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC)) {}
  ~Opened() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

std::string launcher_output(const std::string& proc, long process) {
  for (int generation = 0; generation < most_ancestors && process > 0; ++generation) {
    const std::string folder = fmt::format("{}/{}", proc, process);
    if (is_launcher(folder)) {
      std::error_code unknown;
      const auto target = std::filesystem::read_symlink(folder + "/fd/1", unknown);
      return unknown ? "" : target.string();
    }
    process = parent_of(folder);
  }
  return "";
}

Progress::Style progress_style(config::ProgressShow wanted, int descriptor) {
  using Show = config::ProgressShow;
  using Mode = Progress::Mode;
  Progress::Style style;
  style.width = terminal_width(descriptor);
  style.unicode = locale_is_utf8();
  bool watched = is_terminal(descriptor);
  if (watched) {
    const std::string output = launcher_output("/proc", getpid());
    if (!output.empty()) {
      // Only a terminal has such a name; a file, a pipe or a socket isn't opened.
      const bool device = output.rfind("/dev/", 0) == 0;
      const Opened screen(device ? output : "");
      watched = isatty(screen.get()) == 1;
      if (watched) style.width = terminal_width(screen.get(), style.width);
    }
  }
  if (wanted == Show::automatic) wanted = watched ? Show::bar : Show::lines;
  style.mode = wanted == Show::bar ? Mode::terminal : wanted == Show::lines ? Mode::log : Mode::silent;
  return style;
}

}  // namespace zspex::terminal
