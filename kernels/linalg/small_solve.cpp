#include "kernels/linalg/small_solve.hpp"

#include <vector>

#include "kernels/linalg/small_systems.hpp"

namespace zspex::kernels {

bool solve_lu(int n, double* m, double* c) { return detail::solve_lu(n, m, c); }

bool solve_nonnegative(int n, const double* m, const double* y, double* c) {
  return solve_partly_nonnegative(n, n, m, y, c);
}

bool solve_partly_nonnegative(int n, int nbounded, const double* m, const double* y, double* c) {
  std::vector<double> workspace(static_cast<std::size_t>(detail::nonnegative_workspace(n)));
  return detail::solve_partly_nonnegative(n, nbounded, m, y, c, workspace.data());
}

}  // namespace zspex::kernels
