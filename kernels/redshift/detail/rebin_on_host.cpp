#include "kernels/base/host_only.hpp"
// clang-format off: host_only.hpp comes first
#include "kernels/redshift/detail/rebin_on_host.hpp"
// clang-format on

#include <algorithm>

#include "kernels/redshift/detail/tables.hpp"

namespace zspex::kernels::detail {

template <class Real>
void rebin(const RebinTable& table, std::span<const double> edges, double z, Real* out, std::size_t stride) {
  constexpr std::size_t most = rebin_pixels<Host>;
  const auto of_host = template_table<Host>(Host(), table);
  for (std::size_t begin = 0; begin + 1 < edges.size(); begin += most)
    rebin_some<Host>(of_host, edges.data() + begin, static_cast<int>(std::min(most, edges.size() - begin - 1)), z,
                     out + begin, stride);
}

template <class Real>
void absorb(const Transmission& medium, double z, std::size_t first, std::size_t n, int nbasis, Real* values,
            std::size_t stride) {
  absorb(absorption_table<Host>(Host(), medium), z, {static_cast<int>(first), static_cast<int>(n)}, nbasis, values,
         stride);
}

template void rebin<float>(const RebinTable&, std::span<const double>, double, float*, std::size_t);
template void rebin<double>(const RebinTable&, std::span<const double>, double, double*, std::size_t);
template void absorb<float>(const Transmission&, double, std::size_t, std::size_t, int, float*, std::size_t);
template void absorb<double>(const Transmission&, double, std::size_t, std::size_t, int, double*, std::size_t);

}  // namespace zspex::kernels::detail
