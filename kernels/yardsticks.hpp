/// \file
/// Small pieces of work whose speed tells what a processor and its memory can do. No Kokkos in this header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels/base/session.hpp"

namespace zspex::kernels {

/// How many of the random points [first, first + n) of the unit square lie in the quarter circle: pi / 4 of them. A point
/// is a function of its number (core/philox.hpp), and nothing is read from memory. One thread.
std::uint64_t count_in_circle(std::uint64_t first, std::uint64_t n);
/// The same by all threads of Kokkos on the host.
std::uint64_t count_in_circle_by_threads(std::uint64_t first, std::uint64_t n);

/// a = b + 3 c of three arrays of doubles, by the host's threads: McCalpin 1995, "STREAM".
class Triad {
 public:
  /// \param n  values of each array; each thread touches its part first
  explicit Triad(std::size_t n);
  ~Triad();
  Triad(const Triad&) = delete;
  Triad& operator=(const Triad&) = delete;

  void run();
  /// That it reads and writes; what a cache reads to write it isn't counted.
  double bytes() const;
  /// Of the first value, after run().
  double first() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// C = A B of square matrices in double, tile by tile: what plain code reaches, without a tuned library.
class MatrixProduct {
 public:
  MatrixProduct(BackendKind kind, int n);
  ~MatrixProduct();
  MatrixProduct(const MatrixProduct&) = delete;
  MatrixProduct& operator=(const MatrixProduct&) = delete;

  /// Returns when it is done.
  void run();
  double operations() const;
  /// An element of C, after run(). A is 1 / (i + j + 1), B is (i - j) / n.
  double value(int i, int j) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Seconds of a copy of so many bytes to the device, and back; the host's memory is such that both go fast (pinned).
struct CopySeconds {
  double to_device = 0, to_host = 0;
};
/// Of a program without a GPU: zeros.
CopySeconds time_copies(std::size_t nbytes);

}  // namespace zspex::kernels
