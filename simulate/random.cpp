#include "simulate/random.hpp"

namespace zspex::simulate {

double log_factorial(double k) {
  static constexpr std::array<double, 10> table = {0.0,
                                                   0.0,
                                                   0.693147180559945309,
                                                   1.791759469228055001,
                                                   3.178053830347945620,
                                                   4.787491742782045994,
                                                   6.579251212010100995,
                                                   8.525161361065414300,
                                                   10.604602902745250228,
                                                   12.801827480081469611};
  if (k < 10) return table[static_cast<std::size_t>(k)];
  const double x = k + 1, y = 1 / (x * x);  // ln Gamma(x)
  return (x - 0.5) * std::log(x) - x + 0.918938533204672742 +
         (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y / 1680))) / x;
}

double Random::poisson(double mean) {
  if (!(mean > 0)) return 0;
  if (mean < 12) {
    double term = std::exp(-mean), sum = term, k = 0;
    const double u = uniform();
    // u < 1 - 2^-53 and the sum reaches that long before k = 200; the bound guards against rounding of the sum.
    while (u > sum && k < 200) {
      k += 1;
      term *= mean / k;
      sum += term;
    }
    return k;
  }
  const double log_mean = std::log(mean);
  const double b = 0.931 + 2.53 * std::sqrt(mean), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = uniform() - 0.5, v = uniform(), us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <= k * log_mean - mean - log_factorial(k))
      return k;
  }
}

}  // namespace zspex::simulate
