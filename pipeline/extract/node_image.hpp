/// \file
/// The images that the ranks of a node look at: one copy per node, two places, so that the next image can be put down
/// while the ranks still read the last one.
#pragma once

#include <cstddef>

#include "io/preproc.hpp"
#include "kernels/extract/extract.hpp"
#include "pipeline/comm/node_shared.hpp"
#include "pipeline/extract/frame_comms.hpp"
#include "pipeline/extract/frame_job.hpp"

namespace zspex::pipeline {

/// Room for one image in the node's shared memory: image, ivar and mask, one after the other.
class ImageSlot {
 public:
  /// Makes room for `npixel` pixels, if there is less. Collective over the node.
  void reserve(const comm::Communicator& node, std::size_t npixel);
  bool has_room(std::size_t npixel) const { return npixel <= capacity_; }
  /// Copies the frame's arrays in and frees them. May run on another thread, while no rank looks at this slot.
  void fill(io::Preproc& frame) const;
  /// From the group's first node to its others, and to all ranks of each. Collective over the group.
  void publish(const FrameComms& comms, std::size_t npixel) const;
  kernels::Image view(const FrameJob& job) const;

  static std::size_t bytes(std::size_t npixel) { return npixel * (2 * sizeof(float) + sizeof(std::uint32_t)); }

 private:
  comm::SharedWindow window_;
  std::size_t capacity_ = 0;  ///< pixels
};

}  // namespace zspex::pipeline
