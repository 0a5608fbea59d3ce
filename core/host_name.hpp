/// \file
/// The name of this node.
#pragma once

#include <unistd.h>

#include <array>
#include <string>

namespace zspex {

/// Of 64 characters at most, as Linux has them; "?" if it can't be known.
inline std::string host_name() {
  std::array<char, 65> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "?";
}

}  // namespace zspex
