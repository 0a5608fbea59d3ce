// Of each benchmark program: its options, and what it says of itself.
#include <benchmark/benchmark.h>

#include "benchmarks/device_peak.hpp"
#include "kernels/base/kokkos.hpp"
#include "kernels/base/session.hpp"
#include "kernels/base/simd.hpp"
#include "pipeline/provenance.hpp"

int main(int argc, char** argv) {
  const zspex::kernels::KokkosSession kokkos(zspex::kernels::BackendKind::device, -1, true);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("zspex", std::string(zspex::pipeline::program_revision()));
  benchmark::AddCustomContext("backend", zspex::kernels::kokkos_description());
  benchmark::AddCustomContext("threads", std::to_string(Kokkos::DefaultExecutionSpace().concurrency()));
  benchmark::AddCustomContext("lanes", std::to_string(zspex::kernels::simd_width<Kokkos::DefaultExecutionSpace>));
  if (const auto peak = zspex::benchmarks::device_peak()) {
    benchmark::AddCustomContext("device", zspex::kernels::device_name());
    benchmark::AddCustomContext("peak flop/s, float", std::to_string(peak->float_flops));
    benchmark::AddCustomContext("peak flop/s, double", std::to_string(peak->double_flops));
    benchmark::AddCustomContext("peak bytes/s", std::to_string(peak->bytes));
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
