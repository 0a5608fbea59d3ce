/// \file
/// What HDF5's filters would make of a chunk, made without HDF5, whose compression is slow and one chunk at a time.
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/compress.hpp"
#include "io/detail/hdf5.hpp"

namespace zspex::io::detail {

/// Declares the filters of encode_chunk() for a new dataset: shuffle, deflate, fletcher32; without compression only the
/// last one.
void set_filters(const H5Context& context, hid_t creation, Compress compress, const std::string& part);

/// As it stands in the file.
struct StoredChunk {
  std::vector<std::byte> bytes;
  std::uint32_t skipped = 0;  ///< bit i: filter i was not used
};

/// Any HDF5 undoes it: bytes of equal significance side by side, deflated by libdeflate if that makes them fewer (`fast`
/// looks only at those that are not noise), a checksum behind.
/// \param raw         values from the start of the chunk on; what is missing of it is zero
/// \param nbytes      of the whole chunk
/// \param value_size  4 or 8
StoredChunk encode_chunk(std::span<const std::byte> raw, std::size_t nbytes, std::size_t value_size, Compress compress);

}  // namespace zspex::io::detail
