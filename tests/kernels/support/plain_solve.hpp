/// \file
/// Small systems of equations in long double, by the shortest way: what the solvers are compared with.
#pragma once

#include <vector>

namespace zspex::test {

using Real = long double;

/// M x = y, M [n][n] row-major, by Gauss-Jordan elimination with complete row pivoting. Empty when a pivot is zero.
std::vector<Real> solve_plainly(std::vector<Real> m, std::vector<Real> y);

/// |M c - y|_2
Real residual_plainly(const std::vector<Real>& m, const std::vector<Real>& y, const std::vector<Real>& c);

/// min |M c - y|_2 with c[i] >= 0 for i < nbounded: the best of the least-squares solutions with each set of the bounded
/// unknowns at zero, of those that are feasible. M must have full rank.
std::vector<Real> nonnegative_plainly(const std::vector<Real>& m, const std::vector<Real>& y, int nbounded);

}  // namespace zspex::test
