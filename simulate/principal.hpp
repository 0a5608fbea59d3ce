/// \file
/// The few spectra of which many are made.
#pragma once

#include "core/array.hpp"

namespace zspex::simulate {

/// The nvector directions in which the rows of `members` have most of their length: the first right singular vectors,
/// without taking out a mean. With them sum_members |member - its projection|^2 is least (Eckart & Young 1936).
/// \param members  [nmember][nwave], nmember >= nvector
/// \return [nvector][nwave] orthogonal, the rms of each is 1, its sum not negative, largest first
Array2<double> principal_vectors(const Array2<double>& members, std::size_t nvector);

}  // namespace zspex::simulate
