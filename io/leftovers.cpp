#include "io/detail/leftovers.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>

#include "core/format.hpp"
#include "core/host_name.hpp"
#include "core/real_path.hpp"
#include "io/output.hpp"

namespace zspex::io {
namespace {

namespace fs = std::filesystem;

std::mutex live_mutex;
std::set<std::string> live;  // NOLINT: one for the process, as signals are

/// What the names of all temporary files of a target begin with. Names may have 255 characters at most.
std::string beginning_of(const std::string& target) {
  return "." + fs::path(target).filename().string().substr(0, 100) + ".";
}

struct Writer {
  std::string host;
  pid_t pid = 0;
};

std::optional<long> number(std::string_view text) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Who wrote ".NAME.HOST.PID.N.tmp"; nothing for other names. Hosts have dots, too.
std::optional<Writer> writer_of(std::string_view name, const std::string& beginning) {
  constexpr std::string_view end = ".tmp";
  if (!name.starts_with(beginning) || !name.ends_with(end) || name.size() < beginning.size() + end.size())
    return std::nullopt;
  std::string_view rest = name.substr(beginning.size(), name.size() - beginning.size() - end.size());
  std::array<long, 2> numbers{};  // N, PID
  for (long& one : numbers) {
    const std::size_t dot = rest.rfind('.');
    const auto value = dot == std::string_view::npos ? std::nullopt : number(rest.substr(dot + 1));
    if (!value) return std::nullopt;
    one = *value;
    rest = rest.substr(0, dot);
  }
  return Writer{std::string(rest), static_cast<pid_t>(numbers[1])};
}

/// A writer locks its file, which also those see that don't see its process, in another container.
bool is_locked(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool locked = flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  (void)close(file);
  return locked;
}

bool is_a_day_old(const std::string& path) {
  constexpr std::time_t day = 24 * 3600;
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && std::time(nullptr) - status.st_mtime > day;
}

}  // namespace

namespace detail {

std::string temporary_name(const std::string& target) {
  static std::atomic<unsigned> counter{0};
  const std::string name = fmt::format("{}{}.{}.{}.tmp", beginning_of(target), host_name(), getpid(), counter++);
  return (fs::path(target).parent_path() / name).string();
}

bool make_live(const std::string& path, const std::function<bool()>& make) {
  const std::lock_guard lock(live_mutex);  // a signal finds it made and known, or neither
  if (!make()) return false;
  live.insert(path);
  return true;
}

void forget(const std::string& path) {
  const std::lock_guard lock(live_mutex);
  live.erase(path);
}

}  // namespace detail

std::vector<std::string> clear_leftovers(const std::string& path) {
  const std::string target = real_path(path), beginning = beginning_of(target), here = host_name();
  std::vector<std::string> said;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(target).parent_path(), error)) {
    const auto writer = writer_of(entry.path().filename().string(), beginning);
    if (!writer) continue;
    const std::string file = entry.path().string();
    const bool ours = writer->host == here;
    const bool dead = ours ? kill(writer->pid, 0) != 0 && errno == ESRCH : is_a_day_old(file);
    if (!dead || is_locked(file)) {
      said.push_back(
          fmt::format("{} is left: process {} on {}{}", file, writer->pid, writer->host,
                      ours ? " may be writing it" : " may be writing it; after a day without a change it is removed"));
      continue;
    }
    std::error_code ignored;
    if (fs::remove(entry.path(), ignored))
      said.push_back(fmt::format("{} is removed: process {} on {} ended before it had written it", file, writer->pid,
                                 writer->host));
  }
  return said;
}

void abandon_outputs() {
  live_mutex.lock();  // and never unlocked: nothing is made after this
  for (auto path = live.rbegin(); path != live.rend(); ++path)
    (void)::remove(path->c_str());  // what is in a folder first
}

}  // namespace zspex::io
