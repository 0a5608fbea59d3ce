#include "pipeline/timing.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>
#include <ostream>

#include "core/format.hpp"

namespace zspex::pipeline {

StepTimes::StepTimes(std::string stage, std::vector<std::string> steps)
    : stage_(std::move(stage)), names_(std::move(steps)), steps_(names_.size()) {}

void StepTimes::add(std::size_t step, double seconds, std::uint64_t bytes_read, std::uint64_t bytes_written) {
  Step& mine = steps_.at(step);
  mine.seconds += seconds;
  mine.bytes_read += bytes_read;
  mine.bytes_written += bytes_written;
  ++mine.taken;
}

void StepTimes::add(const StepTimes& other) {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& from = other.steps_.at(i);
    if (from.taken > 0) add(i, from.seconds, from.bytes_read, from.bytes_written);
  }
}

std::vector<Timing> StepTimes::over_ranks(const comm::Communicator& comm) const {
  const auto all = comm::all_gather_lists(comm, steps_);
  const auto peaks = comm::all_gather(comm, peak_memory());
  std::vector<Timing> rows;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    Timing row;
    row.stage = stage_;
    row.step = names_[i];
    std::vector<double> seconds;
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      const Step& step = all[rank].at(i);
      if (step.taken == 0) continue;
      seconds.push_back(step.seconds);
      row.bytes_read += step.bytes_read;
      row.bytes_written += step.bytes_written;
      row.peak_memory = std::max(row.peak_memory, peaks[rank]);
    }
    if (seconds.empty()) continue;
    std::sort(seconds.begin(), seconds.end());
    const std::size_t n = seconds.size();
    row.min_seconds = seconds.front();
    row.median_seconds = (seconds[(n - 1) / 2] + seconds[n / 2]) / 2;
    row.max_seconds = seconds.back();
    rows.push_back(row);
  }
  return rows;
}

std::uint64_t resident_memory() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
}

std::uint64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts in KiB
}

double node_memory() {
  const double pages = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  double limit = std::numeric_limits<double>::infinity();
  std::ifstream file("/sys/fs/cgroup/memory.max");
  std::string text;
  if (file >> text && text != "max") limit = std::stod(text);
  return std::min(pages, limit);
}

std::uint64_t file_bytes(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  return error ? 0 : bytes;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

void print_timing(const std::vector<Timing>& rows, std::ostream& out) {
  out << fmt::format("  {:<16} {:>9} {:>9} {:>9} {:>11} {:>11}\n", "step", "min s", "median s", "max s", "MiB read",
                     "MiB written");
  std::uint64_t peak = 0;
  for (const Timing& row : rows) {
    out << fmt::format("  {:<16} {:>9.3f} {:>9.3f} {:>9.3f} {:11.1f} {:11.1f}\n", row.step, row.min_seconds,
                       row.median_seconds, row.max_seconds, static_cast<double>(row.bytes_read) / mebibyte,
                       static_cast<double>(row.bytes_written) / mebibyte);
    peak = std::max(peak, row.peak_memory);
  }
  out << fmt::format("  peak memory of a rank {:.0f} MiB\n", static_cast<double>(peak) / mebibyte);
}

}  // namespace zspex::pipeline
