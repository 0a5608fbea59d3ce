#include "kernels/base/region.hpp"

#include "kernels/base/kokkos.hpp"

namespace zspex::kernels {

Region::Region(const std::string& name) { Kokkos::Profiling::pushRegion(name); }
Region::~Region() { Kokkos::Profiling::popRegion(); }

}  // namespace zspex::kernels
