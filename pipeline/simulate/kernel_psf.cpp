#include "pipeline/simulate/kernel_psf.hpp"

namespace zspex::pipeline::simulate {

kernels::Psf kernel_psf(const io::GaussHermitePsf& psf) {
  const auto series = [](const io::LegendreSeries& from) {
    return kernels::Legendre{from.wavemin, from.wavemax, static_cast<int>(from.coeff.extent(1)),
                             std::vector<double>(from.coeff.begin(), from.coeff.end())};
  };
  kernels::Psf out;
  out.nspec = psf.nspec;
  out.npix_x = psf.npix_x;
  out.npix_y = psf.npix_y;
  out.hsizex = psf.hsizex;
  out.hsizey = psf.hsizey;
  out.ghdegx = psf.ghdegx;
  out.ghdegy = psf.ghdegy;
  out.x = series(psf.x);
  out.y = series(psf.y);
  out.sigmax = series(psf.sigmax);
  out.sigmay = series(psf.sigmay);
  for (const io::LegendreSeries& term : psf.gh) out.gh.push_back(series(term));
  return out;
}

}  // namespace zspex::pipeline::simulate
