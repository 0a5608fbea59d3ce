/// \file
/// Kokkos from start to end of the program, and the devices there are. No Kokkos in this header.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace zspex::kernels {

/// Whose processors run kernels: the host's cores, or a device.
enum class BackendKind { host, device };

/// Starts and stops Kokkos. Call once, after MPI_Init.
class KokkosSession {
 public:
  /// \param kind       host: in a program that was built for a GPU, no GPU is touched; elsewhere without effect
  /// \param device_id  among the visible ones; < 0: chosen by Kokkos
  KokkosSession(BackendKind kind, int device_id, bool quiet);
  ~KokkosSession();
  KokkosSession(const KokkosSession&) = delete;
  KokkosSession& operator=(const KokkosSession&) = delete;

 private:
  bool host_only_ = false;
};

/// Version and backends, for provenance: "Kokkos 3.4.1 (Serial)".
std::string kokkos_description();

/// Whether this program was built for a GPU: Kokkos doesn't start on a device without one then.
bool needs_device();

/// The GPUs that this process can see, by names that are the same in all processes of a node (place on the bus and
/// unique id; only to be compared). An instance of a GPU (MIG) is one. None without a GPU backend. Touches no GPU.
std::vector<std::string> visible_devices();

/// Memory of the device that Kokkos uses, bytes; 0 where that is the host.
struct DeviceMemory {
  std::size_t free = 0, total = 0;
};
DeviceMemory device_memory();
/// The name of that device, for example "NVIDIA A100-SXM4-40GB"; empty where it is the host.
std::string device_name();

}  // namespace zspex::kernels
