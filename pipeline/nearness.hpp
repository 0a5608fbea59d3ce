/// \file
/// Which GPUs are beside a rank's cores: data takes the short way to these. On a node of Perlmutter GPU 3 is beside cores 0 to 15.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zspex::pipeline {

/// GPUs as a rank sees them.
struct VisibleGpus {
  std::vector<std::string>
      names;               ///< as kernels::visible_devices() has them: each begins with its place on the PCI bus
  std::vector<char> near;  ///< [ngpu] 1: beside all cores on which the rank may run; empty: nobody knows
};

/// The GPUs of this process.
VisibleGpus see_gpus();

/// Numbers as Linux writes sets of processors: "0-3,8". Empty if it is something else.
std::vector<int> parse_cpulist(std::string_view text);
/// The same of a file; empty if it can't be read, too.
std::vector<int> read_cpulist(const std::string& path);

/// Processors on which this thread may run, growing; empty if Linux doesn't tell.
std::vector<int> allowed_processors();

/// Which of the GPUs are near to the processors `allowed`, as Linux tells in `devices`/<place>/local_cpulist.
std::vector<char> near_gpus(const std::vector<std::string>& names, const std::vector<int>& allowed,
                            const std::string& devices = "/sys/bus/pci/devices");

}  // namespace zspex::pipeline
