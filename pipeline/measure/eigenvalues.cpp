#include "pipeline/measure/eigenvalues.hpp"

#include <dlfcn.h>

#include "core/error.hpp"
#include "core/format.hpp"
#include "core/philox.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/measure/pinning.hpp"

#ifdef ZSPEX_LAPACK
extern "C" void dsyevd_(const char* job, const char* triangle, const int* n, double* a, const int* lda, double* w,
                        double* work, const int* lwork, int* iwork, const int* liwork, int* info);
#endif

namespace zspex::pipeline::measure {
namespace {

using SetThreads = void (*)(int);

/// OpenBLAS' and MKL's, if one of them is in the program.
SetThreads find_set_threads() {
  for (const char* name : {"openblas_set_num_threads", "MKL_Set_Num_Threads"})
    if (void* found = dlsym(RTLD_DEFAULT, name)) return reinterpret_cast<SetThreads>(found);
  return nullptr;
}

#ifdef ZSPEX_LAPACK
constexpr bool has_lapack = true;

/// Of a symmetric matrix of n rows with random elements. \return seconds
double solve(int n) {
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> a(size * size), w(size), work(1 + 2 * size);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      const auto words = philox({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(j), 0, 0}, {1, 8});
      a[i * size + j] = a[j * size + i] = static_cast<double>(words[0]) * 0x1p-32 - 0.5;
    }
  int query = -1, info = 0, iwork = 0;
  dsyevd_("N", "L", &n, a.data(), &n, w.data(), work.data(), &query, &iwork, &query, &info);
  const int lwork = std::max(2 * n + 1, static_cast<int>(work[0])), one = 1;
  work.resize(static_cast<std::size_t>(lwork));
  const Stopwatch watch;
  dsyevd_("N", "L", &n, a.data(), &n, w.data(), work.data(), &lwork, &iwork, &one, &info);
  if (info != 0) throw NumericsError("dsyevd", fmt::format("expected eigenvalues, found status {} of LAPACK.", info));
  return watch.seconds();
}
#else
constexpr bool has_lapack = false;
double solve(int) { return 0; }
#endif

}  // namespace

EigenvaluesMeasured measure_eigenvalues(const Ranks& ranks, const Sizes& sizes, double seconds) {
  const auto bindings = gather_bindings(ranks);
  EigenvaluesMeasured measured;
  measured.matrix = sizes.matrix;
  measured.cores = cores_of_rank(bindings, 0, read_cores());
  if (!has_lapack) return measured;
  const SetThreads set_threads = find_set_threads();
  measured.sets_threads = comm::all_gather(ranks.world, static_cast<int>(set_threads != nullptr)).front() != 0;
  const Stopwatch watch;
  const int most = measured.sets_threads ? static_cast<int>(comm::all_gather(ranks.world, measured.cores).front()) : 1;
  for (int threads = 1;; threads = std::min(2 * threads, most)) {
    double mine = 0;
    ranks.world.barrier();
    comm::agree(ranks.world, "measure eigenvalues", [&] {
      if (set_threads != nullptr) set_threads(threads);
      mine = solve(sizes.matrix);
    });
    measured.points.push_back({threads, median_over_ranks(ranks.world, mine)});
    const bool late = most_over_ranks(ranks.world, watch.seconds()) > seconds;
    if (threads == most || late) break;
  }
  if (set_threads != nullptr) set_threads(1);
  return measured;
}

Section describe(const EigenvaluesMeasured& measured) {
  Section section{fmt::format("eigenvalues of {0} x {0}, LAPACK's dsyevd, all ranks at once", measured.matrix), {}};
  if (measured.points.empty()) {
    section.remarks.push_back(
        "This program was built without LAPACK. Install one (liblapack-dev, libopenblas-dev) and configure again to "
        "have this measured.");
    return section;
  }
  const auto best = std::min_element(measured.points.begin(), measured.points.end(),
                                     [](const auto& a, const auto& b) { return a.seconds < b.seconds; });
  for (const auto& [threads, seconds] : measured.points)
    section.rows.push_back({measured.sets_threads ? fmt::format("{} BLAS thread{}", threads, threads == 1 ? "" : "s")
                                                  : "BLAS threads as they are",
                            digits(seconds), "s", "", best->seconds / seconds});
  if (!measured.sets_threads)
    section.remarks.push_back(
        "Neither openblas_set_num_threads nor MKL_Set_Num_Threads was found: one number of threads, the library's "
        "own.");
  else
    section.remarks.push_back(fmt::format("A rank has {} core{} and is fastest with {} BLAS thread{}.", measured.cores,
                                          measured.cores == 1 ? "" : "s", best->threads,
                                          best->threads == 1 ? "" : "s"));
  return section;
}

}  // namespace zspex::pipeline::measure
