/// \file
/// Where a group's root reads the next frame and writes the last one, while all ranks compute.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <vector>

#include "pipeline/extract/background_thread.hpp"
#include "pipeline/extract/node_image.hpp"
#include "pipeline/extract/read_frame.hpp"

namespace zspex::pipeline {

class AsyncFrameIo {
 public:
  AsyncFrameIo(std::vector<FrameFiles> frames, FrameReader reader)
      : frames_(std::move(frames)), reader_(std::move(reader)) {}

  /// Begins to read frame i, unless that has been asked before or there is no such frame.
  /// \param slot  nobody looks at it now: the pixels go there if they fit
  void read_ahead(std::size_t i, const ImageSlot& slot);
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
  std::vector<FrameFiles> frames_;
  FrameReader reader_;
  std::size_t next_ = 0;  ///< frame to read next
  std::future<LoadedFrame> reading_;
  std::optional<std::future<Written>> writing_;
  BackgroundThread thread_;  // last: its tasks use the others
};

}  // namespace zspex::pipeline
