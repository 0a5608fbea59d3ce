#include "pipeline/nearness.hpp"

#include <sched.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <iterator>

#include "kernels/base/session.hpp"

namespace zspex::pipeline {
namespace {

/// "0000:C1:00.0" and what follows: as a folder's name.
std::string place_of(const std::string& name) {
  constexpr std::size_t length = 12;
  std::string place = name.substr(0, length);
  std::transform(place.begin(), place.end(), place.begin(), [](unsigned char c) { return std::tolower(c); });
  return place;
}

}  // namespace

std::vector<int> allowed_processors() {
  constexpr int most = 8192;
  cpu_set_t* set = CPU_ALLOC(most);
  if (!set) return {};
  const std::size_t size = CPU_ALLOC_SIZE(most);
  std::vector<int> allowed;
  if (sched_getaffinity(0, size, set) == 0)
    for (int i = 0; i < most; ++i)
      if (CPU_ISSET_S(static_cast<std::size_t>(i), size, set)) allowed.push_back(i);
  CPU_FREE(set);
  return allowed;
}

std::vector<int> parse_cpulist(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  std::vector<int> numbers;
  const auto number = [&](int& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc() && value >= 0;
  };
  constexpr int most = 1 << 20;
  while (!text.empty()) {
    int first = 0;
    if (!number(first)) return {};
    int last = first;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      if (!number(last)) return {};
    }
    if (last < first || last > most) return {};
    for (int i = first; i <= last; ++i) numbers.push_back(i);
    if (text.empty()) break;
    if (!text.starts_with(',')) return {};
    text.remove_prefix(1);
  }
  return numbers;
}

std::vector<int> read_cpulist(const std::string& path) {
  std::ifstream file(path);
  return parse_cpulist(std::string(std::istreambuf_iterator<char>(file), {}));
}

std::vector<char> near_gpus(const std::vector<std::string>& names, const std::vector<int>& allowed,
                            const std::string& devices) {
  std::vector<char> near;
  for (const std::string& name : names) {
    auto beside = read_cpulist(devices + "/" + place_of(name) + "/local_cpulist");
    std::sort(beside.begin(), beside.end());
    near.push_back(!allowed.empty() && std::includes(beside.begin(), beside.end(), allowed.begin(), allowed.end()));
  }
  return near;
}

VisibleGpus see_gpus() {
  VisibleGpus gpus{kernels::visible_devices(), {}};
  gpus.near = near_gpus(gpus.names, allowed_processors());
  return gpus;
}

}  // namespace zspex::pipeline
