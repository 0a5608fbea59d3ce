#include "pipeline/measure/storage.hpp"

#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.hpp"
#include "core/format.hpp"
#include "core/philox.hpp"
#include "kernels/yardsticks.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/redshift/backend_rates.hpp"

namespace zspex::pipeline::measure {
namespace {

constexpr double giga = 1e9;

/// A file without a name: it is gone with the program, however that ends.
class Scratch {
 public:
  explicit Scratch(const std::string& folder) : path_(folder + "/zspex-measure-XXXXXX") {
    descriptor_ = mkstemp(path_.data());
    if (descriptor_ < 0) fail("make");
    unlink(path_.c_str());
  }
  ~Scratch() { close(descriptor_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void write(const std::vector<char>& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t n = ::write(descriptor_, bytes.data() + at, bytes.size() - at);
      if (n < 0 && errno != EINTR) fail("write");
      at += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
  }
  void sync() {
    if (fsync(descriptor_) != 0) fail("write");
  }
  /// From the beginning, of what isn't in memory any more.
  void forget() {
    (void)posix_fadvise(descriptor_, 0, 0, POSIX_FADV_DONTNEED);
    lseek(descriptor_, 0, SEEK_SET);
  }
  bool read(std::vector<char>& bytes) {
    const ssize_t n = ::read(descriptor_, bytes.data(), bytes.size());
    if (n < 0) fail("read");
    return n > 0;
  }
  bool in_memory() const {
    constexpr auto tmpfs = 0x01021994, ramfs = static_cast<int>(0x858458f6);
    struct statfs system {};
    return fstatfs(descriptor_, &system) == 0 &&
           (static_cast<int>(system.f_type) == tmpfs || static_cast<int>(system.f_type) == ramfs);
  }

 private:
  [[noreturn]] void fail(const char* doing) const {
    throw FileError(path_, "",
                    fmt::format("expected to {} a scratch file, found: {}. Name another folder with --scratch.", doing,
                                std::strerror(errno)),
                    ExitCode::output);
  }
  std::string path_;
  int descriptor_ = -1;
};

/// Up to `size` bytes, or as many as there is time for.
void measure_disk(std::size_t size, double seconds, StorageMeasured& measured) {
  constexpr std::size_t chunk = std::size_t{4} << 20;
  std::vector<char> bytes(std::min(chunk, size));
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {  // numbers that nothing compresses
    const auto words = philox({static_cast<std::uint32_t>(i), 0, 0, 0}, {2, 7});
    std::memcpy(bytes.data() + i, words.data(), 4);
  }
  Scratch file(measured.folder);
  measured.in_memory = file.in_memory();
  std::size_t written = 0;
  const Stopwatch writing;
  do {
    file.write(bytes);
    written += bytes.size();
  } while (written < size && writing.seconds() < seconds);
  file.sync();
  measured.written = static_cast<double>(written);
  measured.write_rate = measured.written / writing.seconds();
  file.forget();
  const Stopwatch reading;
  while (file.read(bytes)) {
  }
  measured.read_rate = measured.written / reading.seconds();
}

}  // namespace

StorageMeasured measure_storage(const Ranks& ranks, const Sizes& sizes, const std::string& folder, double node_memory,
                                double seconds) {
  const comm::Communicator& world = ranks.world;
  StorageMeasured measured;
  measured.folder = folder;
  // A quarter of the node's memory for the arrays of all its ranks.
  measured.array = std::min(static_cast<double>(sizes.array), node_memory / 4 / 3 / ranks.node.size());
  std::optional<kernels::Triad> triad;
  comm::agree(world, "measure memory", [&] {
    triad.emplace(std::max<std::size_t>(1, static_cast<std::size_t>(measured.array) / sizeof(double)));
  });
  const auto rate = [&](bool works) {
    return works ? triad->bytes() * times_a_second(0.1 * seconds, [&] { triad->run(); }) : 0;
  };
  world.barrier();
  measured.alone = rate(world.is_root());
  world.quiet_barrier();
  measured.alone = sum_over_ranks(world, measured.alone);
  world.barrier();
  measured.node = -most_over_ranks(world, -sum_over_ranks(ranks.node, rate(true)));
  triad.reset();
  world.barrier();
  measured.fresh = giga * median_over_ranks(world, fresh_memory_rate(0.1 * seconds));
  comm::agree(world, "", [&] {
    if (world.is_root()) measure_disk(sizes.file, 0.5 * seconds, measured);
  });
  return measured;
}

Section describe(const StorageMeasured& measured) {
  Section section{"memory and disk", {}};
  auto& rows = section.rows;
  const std::string arrays = "3 arrays of " + format_bytes(static_cast<std::uint64_t>(measured.array));
  rows.push_back({"memory, one rank", digits(measured.alone / giga), "1e9 bytes/s", arrays, {}});
  rows.push_back({"memory, all ranks of a node", digits(measured.node / giga), "1e9 bytes/s", "each " + arrays, {}});
  rows.push_back({"memory that is new to a rank", digits(measured.fresh / giga), "1e9 bytes/s", "all ranks", {}});
  const std::string size = format_bytes(static_cast<std::uint64_t>(measured.written));
  rows.push_back({"disk, written and synced", digits(measured.write_rate / giga), "1e9 bytes/s", size, {}});
  rows.push_back({"disk, read", digits(measured.read_rate / giga), "1e9 bytes/s", size, {}});
  section.remarks.push_back(fmt::format("The disk is that of the folder {}", measured.folder));
  if (measured.in_memory)
    section.remarks.push_back(
        "That is a file system in memory: these are not a disk's rates, and the machine's file leaves them out. Name a "
        "folder on a disk with --scratch.");
  return section;
}

void fill(const StorageMeasured& measured, config::MachineConfig& machine) {
  machine.memory_bandwidth = measured.node / giga;
  machine.fresh_memory = measured.fresh / giga;
  if (measured.in_memory) return;
  machine.disk_read = measured.read_rate / giga;
  machine.disk_write = measured.write_rate / giga;
}

}  // namespace zspex::pipeline::measure
