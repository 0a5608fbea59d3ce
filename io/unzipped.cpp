#include "io/unzipped.hpp"

#include <utility>

#include "io/detail/gzip.hpp"

namespace zspex::io {

struct Unzipped::Memory {
  detail::Buffer buffer;
};

Unzipped::Unzipped(const std::string& path) : memory_(std::make_unique<Memory>()) {
  detail::FileSource file(path, "a gzip file");
  detail::GunzipSource source(file, path);
  source.read_all();
  memory_->buffer = source.take();
}

Unzipped::~Unzipped() = default;
Unzipped::Unzipped(Unzipped&&) noexcept = default;
Unzipped& Unzipped::operator=(Unzipped&&) noexcept = default;

std::span<const std::byte> Unzipped::bytes() const {
  return {static_cast<const std::byte*>(memory_->buffer.memory.get()), memory_->buffer.size};
}

}  // namespace zspex::io
