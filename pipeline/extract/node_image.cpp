#include "pipeline/extract/node_image.hpp"

#include <cstring>
#include <span>

namespace zspex::pipeline {
namespace {

template <class T>
std::byte* take(std::byte* to, Array2<T>& from) {
  const std::size_t nbytes = from.size() * sizeof(T);
  std::memcpy(to, from.data(), nbytes);
  from = Array2<T>();
  return to + nbytes;
}

}  // namespace

void ImageSlot::reserve(const comm::Communicator& node, std::size_t npixel) {
  if (has_room(npixel)) return;
  window_ = comm::SharedWindow();  // free the small one before the large one is taken
  window_ = comm::SharedWindow(node, bytes(npixel));
  capacity_ = npixel;
}

void ImageSlot::fill(io::Preproc& frame) const {
  std::byte* at = window_.data();
  at = take(at, frame.image);
  at = take(at, frame.ivar);
  take(at, frame.mask);
}

void ImageSlot::publish(const FrameComms& comms, std::size_t npixel) const {
  if (comms.leaders && comms.nnode > 1) comm::broadcast(comms.leaders, std::span(window_.data(), bytes(npixel)));
  window_.publish(comms.node);
}

kernels::Image ImageSlot::view(const FrameJob& job) const {
  const std::size_t npixel = static_cast<std::size_t>(job.nx) * static_cast<std::size_t>(job.ny);
  const std::byte* base = window_.data();
  kernels::Image image;
  image.nx = job.nx;
  image.ny = job.ny;
  image.image = reinterpret_cast<const float*>(base);
  image.ivar = reinterpret_cast<const float*>(base + npixel * sizeof(float));
  image.mask = reinterpret_cast<const std::uint32_t*>(base + 2 * npixel * sizeof(float));
  image.unusable = job.unusable;
  return image;
}

}  // namespace zspex::pipeline
