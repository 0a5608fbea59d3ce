#include "pipeline/extract/async_frame_io.hpp"

#include <utility>

#include "pipeline/timing.hpp"

namespace zspex::pipeline {

void AsyncFrameIo::read_ahead(const FrameFiles& files, const ImageSlot& slot) {
  reading_ = thread_.submit([this, files, &slot] {
    LoadedFrame loaded = reader_.read(files);
    const Stopwatch watch;
    if (slot.has_room(loaded.pixels.image.size())) slot.fill(loaded.pixels);
    loaded.seconds += watch.seconds();
    return loaded;
  });
}

LoadedFrame AsyncFrameIo::take() { return reading_.get(); }

std::optional<AsyncFrameIo::Written> AsyncFrameIo::write_behind(std::size_t i, std::function<std::uint64_t()> write) {
  auto before = last_write();
  writing_ = thread_.submit([i, write = std::move(write)]() mutable {
    Written written;
    written.frame = i;
    const Stopwatch watch;
    try {
      written.bytes = write();
    } catch (...) {
      written.error = std::current_exception();
    }
    write = nullptr;  // the spectra are freed here, not when somebody asks how it went
    written.seconds = watch.seconds();
    return written;
  });
  return before;
}

std::optional<AsyncFrameIo::Written> AsyncFrameIo::last_write() {
  if (!writing_) return std::nullopt;
  Written written = writing_->get();
  writing_.reset();
  return written;
}

}  // namespace zspex::pipeline
