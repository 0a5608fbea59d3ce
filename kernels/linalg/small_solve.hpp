/// \file
/// Solvers for the normal equations of a few unknowns: M c = y with M [n][n] row-major, in double.
#pragma once

#include <span>

#include "kernels/linalg/most_unknowns.hpp"

namespace zspex::kernels {

/// M c = y by LU factorization with partial pivoting, the rules of LAPACK's dgesv: the first largest element of a
/// column is the pivot, and only a pivot of exactly zero is singular.
/// \param m  [n][n] overwritten
/// \param c  [n] y on entry, the solution on return
/// \return false when singular; c is then undefined
bool solve_lu(int n, double* m, double* c);

/// min |M c - y|_2 with c >= 0: Lawson & Hanson 1974, Solving Least Squares Problems, ch. 23, algorithm NNLS.
/// \param m  [n][n]
/// \return false when it has not ended after 3 n steps
bool solve_nonnegative(int n, const double* m, const double* y, double* c);

/// The same with c[i] >= 0 for i < nbounded only; the others are free. For nbounded = 0 an ordinary least-squares
/// solution. The minimum is that of any bounded solver, such as BVLS (Stark & Parker 1995, Comput. Stat. 10, 129).
bool solve_partly_nonnegative(int n, int nbounded, const double* m, const double* y, double* c);

}  // namespace zspex::kernels
