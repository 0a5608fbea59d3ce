#include "kernels/linalg/small_solve.hpp"

#include "kernels/linalg/detail/small_solve.hpp"

namespace zspex::kernels {

bool solve_lu(int n, double* m, double* c) { return detail::solve_lu(n, m, c); }

bool solve_nonnegative(int n, const double* m, const double* y, double* c) {
  return solve_partly_nonnegative(n, n, m, y, c);
}

bool solve_partly_nonnegative(int n, int nbounded, const double* m, const double* y, double* c) {
  constexpr int few = 12;  // the usual number: less memory is touched
  return n <= few ? detail::solve_partly_nonnegative<few>(n, nbounded, m, y, c)
                  : detail::solve_partly_nonnegative<most_unknowns>(n, nbounded, m, y, c);
}

}  // namespace zspex::kernels
