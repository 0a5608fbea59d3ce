/// \file
/// Where a group's root reads the next frame and writes the last one, while all ranks compute.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <vector>

#include "pipeline/background_thread.hpp"
#include "pipeline/extract/node_image.hpp"
#include "pipeline/extract/read_frame.hpp"

namespace zspex::pipeline {

class AsyncFrameIo {
 public:
  explicit AsyncFrameIo(FrameReader reader) : reader_(std::move(reader)) {}

  /// Begins to read a frame; the one before has been taken.
  /// \param slot  nobody looks at it now: the pixels go there if they fit
  void read_ahead(const FrameFiles& files, const ImageSlot& slot);
  /// The frame that was read ahead. Its arrays are empty if they lie in the slot already.
  /// \throws what reading it threw
  LoadedFrame take();

  /// What became of a write.
  struct Written {
    std::size_t frame = 0;
    std::uint64_t bytes = 0;
    double seconds = 0;
    std::exception_ptr error;  ///< null: all is well
  };
  /// Begins to write a frame; at most one waits to be written, or memory would fill with results.
  /// \return what became of the frame before, once it is written; nothing for the first
  std::optional<Written> write_behind(std::size_t i, std::function<std::uint64_t()> write);
  /// Waits for the last write.
  std::optional<Written> last_write();

 private:
  FrameReader reader_;
  std::future<LoadedFrame> reading_;
  std::optional<std::future<Written>> writing_;
  BackgroundThread thread_;  // last: its tasks use the others
};

}  // namespace zspex::pipeline
