/// \file
/// Owning, row-major host arrays: the last index runs fastest, as in the files.
#pragma once

#include <array>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace zspex {

/// A dense array of N dimensions that owns its memory. Elements are zero when made.
template <class T, std::size_t N>
class Array {
 public:
  using Shape = std::array<std::size_t, N>;

  Array() = default;
  explicit Array(const Shape& shape, T value = T{}) : shape_(shape), data_(count(shape), value) {}
  Array(const Shape& shape, std::vector<T> data) : shape_(shape), data_(std::move(data)) { data_.resize(count(shape)); }

  const Shape& shape() const { return shape_; }
  std::size_t extent(std::size_t dim) const { return shape_[dim]; }
  std::size_t size() const { return data_.size(); }
  bool empty() const { return data_.empty(); }
  T* data() { return data_.data(); }
  const T* data() const { return data_.data(); }
  auto begin() { return data_.begin(); }
  auto end() { return data_.end(); }
  auto begin() const { return data_.begin(); }
  auto end() const { return data_.end(); }

  template <class... Index>
  T& operator()(Index... index) {
    return data_[offset(index...)];
  }
  template <class... Index>
  const T& operator()(Index... index) const {
    return data_[offset(index...)];
  }

  /// All elements below the leading index i: a row of a matrix, a plane of a cube.
  std::span<T> row(std::size_t i) { return {data_.data() + i * stride(), stride()}; }
  std::span<const T> row(std::size_t i) const { return {data_.data() + i * stride(), stride()}; }

  friend bool operator==(const Array&, const Array&) = default;

 private:
  static std::size_t count(const Shape& shape) {
    return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, [](auto a, auto b) { return a * b; });
  }
  std::size_t stride() const { return shape_[0] == 0 ? 0 : data_.size() / shape_[0]; }
  template <class... Index>
  std::size_t offset(Index... index) const {
    static_assert(sizeof...(Index) == N, "one index for each dimension");
    std::size_t at = 0, dim = 0;
    ((at = at * shape_[dim++] + static_cast<std::size_t>(index)), ...);
    return at;
  }

  Shape shape_{};
  std::vector<T> data_;
};

template <class T>
using Array2 = Array<T, 2>;
template <class T>
using Array3 = Array<T, 3>;

}  // namespace zspex
