/// \file
/// Single spectra on the pixels of a band, made on the host with the kernels' own code.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/redshift/igm.hpp"
#include "kernels/redshift/rebin_table.hpp"

namespace zspex::kernels::detail {

/// out[b * stride + i] = 1/(e[i+1] - e[i]) * integral of basis b, at lambda (1 + z) and linear between samples, from
/// e[i] to e[i+1]. No factor 1/(1+z): values are flux densities as seen by the observer.
/// \param edges  [nbin + 1] Angstrom, increasing, covered by the table
template <class Real>
void rebin(const RebinTable& table, std::span<const double> edges, double z, Real* out, std::size_t stride);

/// values[b * stride + i] *= transmission at medium.wave()[first + i] towards z, i < n, b < nbasis; the wavelengths
/// increase.
template <class Real>
void absorb(const Transmission& medium, double z, std::size_t first, std::size_t n, int nbasis, Real* values,
            std::size_t stride);

}  // namespace zspex::kernels::detail
