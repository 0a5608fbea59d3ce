/// \file
/// Results from the ranks that made them onto the one that writes them, straight into their place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "pipeline/comm/communicator.hpp"

namespace zspex::comm {

/// A part of a result: its number in the whole, and its bytes, which stay with the caller.
struct Part {
  std::uint64_t index = 0;
  std::span<const std::byte> bytes;
};

/// Where the root wants the bytes of part `index` to lie; called on the root, in order of the index, whoever made the
/// part.
using Destination = std::function<std::span<std::byte>(std::uint64_t index, std::size_t nbytes)>;

/// Brings the parts of all ranks to `root` in the order of their indices. Collective.
/// \param mine    parts of this rank, indices growing; no two ranks have the same index
/// \param place   root only: a span of exactly nbytes
/// \param placed  root only, may be empty: called when part `index` lies in its place, before the next one is asked for
void gather(const Communicator& comm, const std::vector<Part>& mine, const Destination& place,
            const std::function<void(std::uint64_t index)>& placed = {}, int root = 0);

}  // namespace zspex::comm
