/// \file
/// Names for stages of the work in the profiles of Kokkos Tools. No Kokkos in this header.
#pragma once

#include <string>

namespace zspex::kernels {

/// A named part of the work, from here to the end of the block. Of the program's first thread.
class Region {
 public:
  explicit Region(const std::string& name);
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
};

}  // namespace zspex::kernels
