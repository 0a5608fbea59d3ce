#include "kernels/yardsticks.hpp"

#include <algorithm>

#include "core/philox.hpp"
#include "core/timing.hpp"
#include "kernels/base/launch.hpp"

namespace zspex::kernels {
namespace {

/// Two points of a block of four random words.
inline std::uint64_t count_of_block(std::uint64_t block) {
  const auto words =
      philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), 0, 0}, {3, 14});
  const auto inside = [](std::uint64_t x, std::uint64_t y) {
    x >>= 1;  // 31 bits, so that the sum of squares has 63
    y >>= 1;
    return x * x + y * y < std::uint64_t{1} << 62 ? 1U : 0U;
  };
  return inside(words[0], words[1]) + inside(words[2], words[3]);
}

}  // namespace

std::uint64_t count_in_circle(std::uint64_t first, std::uint64_t n) {
  std::uint64_t count = 0;
  for (std::uint64_t block = first / 2; block < (first + n) / 2; ++block) count += count_of_block(block);
  return count;
}

std::uint64_t count_in_circle_by_threads(std::uint64_t first, std::uint64_t n) {
  std::uint64_t count = 0;
  Kokkos::parallel_reduce(
      "zspex::yardsticks::count_in_circle",
      Kokkos::RangePolicy<Host, Kokkos::IndexType<std::int64_t>>(static_cast<std::int64_t>(first / 2),
                                                                 static_cast<std::int64_t>((first + n) / 2)),
      [](std::int64_t block, std::uint64_t& sum) { sum += count_of_block(static_cast<std::uint64_t>(block)); }, count);
  return count;
}

struct Triad::Impl {
  using Array = DeviceView<double*, Host>;
  std::int64_t n;
  Array a, b, c;
  Host exec;
};

Triad::Triad(std::size_t n)
    : impl_(std::make_unique<Impl>(Impl{static_cast<std::int64_t>(n),
                                        device_array<double, Host>("zspex::yardsticks::a", n),
                                        device_array<double, Host>("zspex::yardsticks::b", n),
                                        device_array<double, Host>("zspex::yardsticks::c", n), Host()})) {
  const auto a = impl_->a, b = impl_->b, c = impl_->c;  // plain lambdas: of the host alone
  launch(impl_->exec, "zspex::yardsticks::fill_triad", impl_->n, [=](std::int64_t i) {
    a(i) = 0;
    b(i) = 1;
    c(i) = 2;
  });
  fence(impl_->exec, "a clock starts");
}
Triad::~Triad() = default;

void Triad::run() {
  const auto a = impl_->a;
  const DeviceView<const double*, Host> b = impl_->b, c = impl_->c;
  launch(impl_->exec, "zspex::yardsticks::triad", impl_->n, [=](std::int64_t i) { a(i) = b(i) + 3 * c(i); });
  fence(impl_->exec, "a clock stops");
}
double Triad::bytes() const { return 3.0 * sizeof(double) * static_cast<double>(impl_->n); }
double Triad::first() const { return impl_->a(0); }

namespace {

template <class Exec>
using Matrix = DeviceView<double**, Exec>;

template <class Exec>
struct FillMatrices {
  Matrix<Exec> a, b;
  int n;
  KOKKOS_FUNCTION void operator()(std::int64_t k) const {
    const int i = static_cast<int>(k / n), j = static_cast<int>(k % n);
    a(i, j) = 1.0 / (i + j + 1);
    b(i, j) = static_cast<double>(i - j) / n;
  }
};

/// A tile of C for each team; on the host a row of it at a time, so that its values stay in registers.
template <class Exec>
struct MultiplyTiles {
  static constexpr int tile = 32;
  DeviceView<const double**, Exec> a, b;
  Matrix<Exec> c;
  int n, ntile;

  KOKKOS_FUNCTION void operator()(const Team<Exec>& team) const {
    const int i0 = team.league_rank() / ntile * tile, j0 = team.league_rank() % ntile * tile;
    const int ni = i0 + tile < n ? tile : n - i0, nj = j0 + tile < n ? tile : n - j0;
    if constexpr (on_host<Exec>) {
      for (int i = i0; i < i0 + ni; ++i) {
        double sum[tile] = {};
        for (int k = 0; k < n; ++k) {
          const double left = a(i, k);
          const double* right = &b(k, j0);
          for (int j = 0; j < nj; ++j) sum[j] += left * right[j];
        }
        for (int j = 0; j < nj; ++j) c(i, j0 + j) = sum[j];
      }
    } else {
      team_for(team, 0, ni * nj, [&](int element) {
        const int i = i0 + element / nj, j = j0 + element % nj;
        double sum = 0;
        for (int k = 0; k < n; ++k) sum += a(i, k) * b(k, j);
        c(i, j) = sum;
      });
    }
  }
};

template <class Exec>
struct Product {
  int n;
  Matrix<Exec> a, b, c;
  Exec exec = Exec();

  explicit Product(int size)
      : n(size),
        a(device_view<Matrix<Exec>, Exec>("zspex::yardsticks::A", size, size)),
        b(device_view<Matrix<Exec>, Exec>("zspex::yardsticks::B", size, size)),
        c(device_view<Matrix<Exec>, Exec>("zspex::yardsticks::C", size, size)) {
    launch(exec, "zspex::yardsticks::fill_matrices", std::int64_t{n} * n, FillMatrices<Exec>{a, b, n});
    fence(exec, "a clock starts");
  }

  void run() {
    using Multiply = MultiplyTiles<Exec>;
    const int ntile = (n + Multiply::tile - 1) / Multiply::tile;
    launch_teams(exec, "zspex::yardsticks::multiply_tiles", ntile * ntile,
                 team_of<Exec>(Multiply::tile * Multiply::tile), Multiply{a, b, c, n, ntile});
    fence(exec, "a clock stops");
  }

  double value(int i, int j) const {
    const auto here = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), c);
    return here(i, j);
  }
};

}  // namespace

struct MatrixProduct::Impl {
  std::unique_ptr<Product<Host>> host;
  std::unique_ptr<Product<Device>> device;
};

MatrixProduct::MatrixProduct(BackendKind kind, int n) : impl_(std::make_unique<Impl>()) {
  if (kind == BackendKind::host)
    impl_->host = std::make_unique<Product<Host>>(n);
  else
    impl_->device = std::make_unique<Product<Device>>(n);
}
MatrixProduct::~MatrixProduct() = default;

void MatrixProduct::run() { impl_->host ? impl_->host->run() : impl_->device->run(); }
double MatrixProduct::operations() const {
  const double n = impl_->host ? impl_->host->n : impl_->device->n;
  return 2 * n * n * n;
}
double MatrixProduct::value(int i, int j) const {
  return impl_->host ? impl_->host->value(i, j) : impl_->device->value(i, j);
}

CopySeconds time_copies(std::size_t nbytes) {
  CopySeconds seconds;
  if constexpr (on_host<Device>) return seconds;
  const std::size_t n = nbytes / sizeof(double);
  const Device exec;
  const auto here = pinned_array<double, Device>("zspex::yardsticks::here", n);
  const auto there = device_array<double, Device>("zspex::yardsticks::there", n);
  constexpr int times = 8;
  for (const bool warm : {false, true}) {
    (void)warm;  // the first round pays for pages
    const Stopwatch down;
    for (int i = 0; i < times; ++i) copy(exec, there, here);
    fence(exec, "a clock stops");
    seconds.to_device = down.seconds() / times;
    const Stopwatch up;
    for (int i = 0; i < times; ++i) copy(exec, here, there);
    fence(exec, "a clock stops");
    seconds.to_host = up.seconds() / times;
  }
  return seconds;
}

}  // namespace zspex::kernels
