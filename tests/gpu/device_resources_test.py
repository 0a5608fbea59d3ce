"""benchmarks/device_resources.py: names of kernels, and warps that fit. device_resources_test.py BENCHMARKS"""
import sys
import unittest

sys.path.insert(0, sys.argv.pop(1))
from device_resources import readable, warps_held

LAUNCH = "void Kokkos::Impl::cuda_parallel_launch_local_memory<Kokkos::Impl::Parallel"
VIEW = "Kokkos::View<double const**, Kokkos::LayoutRight, Kokkos::Cuda::memory_space> const&"


class Names(unittest.TestCase):
    def test_functors(self):
        self.assertEqual(readable(f"{LAUNCH}For<zspex::kernels::detail::Sum<Kokkos::Cuda, float, 5>, Kokkos::TeamPolicy<Kokkos::Cuda>"
                                  ", Kokkos::Cuda> >(int)"), "Sum<float, 5>")

    def test_lambdas_by_their_function(self):
        of = f"zspex::kernels::resolve<Kokkos::Cuda>(Kokkos::Cuda const&, {VIEW})::{{lambda(Kokkos::Impl::CudaTeamMember const&)#"
        self.assertEqual(readable(f"{LAUNCH}For<{of}1}}, Kokkos::RangePolicy<Kokkos::Cuda>, Kokkos::Cuda> >(int)"), "resolve")
        self.assertEqual(readable(f"{LAUNCH}Scan<{of}2}}, Kokkos::RangePolicy<Kokkos::Cuda>, Kokkos::Cuda> >(int)"), "resolve #2")

    def test_reductions(self):
        self.assertEqual(readable(f"{LAUNCH}Reduce<Kokkos::Impl::CombinedFunctorReducer<zspex::kernels::Most<Kokkos::Cuda>, "
                                  "Kokkos::Impl::FunctorAnalysis<int>, void>, Kokkos::RangePolicy<Kokkos::Cuda> > >(int)"), "Most")

    def test_kokkos_own_are_left_out(self):
        self.assertIsNone(readable(f"{LAUNCH}For<Kokkos::Impl::ViewValueFunctor<Kokkos::Cuda, zspex::kernels::Corner>, int> >(int)"))


class Warps(unittest.TestCase):
    """NVIDIA's occupancy calculator says the same."""

    def test_of_registers(self):
        self.assertEqual(warps_held("sm_90", 32, 0, 256), 64)
        self.assertEqual(warps_held("sm_90", 168, 0, 256), 8)
        self.assertEqual(warps_held("sm_90", 168, 0, 96), 12)
        self.assertEqual(warps_held("sm_90", 255, 0, 128), 8)

    def test_of_shared_memory_and_blocks(self):
        self.assertEqual(warps_held("sm_90", 32, 100 * 1024, 256), 16)
        self.assertEqual(warps_held("sm_80", 32, 100 * 1024, 256), 8)
        self.assertEqual(warps_held("sm_90", 32, 0, 32), 32)


unittest.main()
