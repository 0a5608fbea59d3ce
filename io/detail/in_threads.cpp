#include "io/detail/in_threads.hpp"

#include <sched.h>

namespace zspex::io::detail {

int writer_threads(int asked) {
  if (asked > 0) return asked;
  // More would wait for the disk, and outputs are written while the ranks compute.
  constexpr int most = 8;
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;  // a machine of more than 1024 cores
  return std::clamp(CPU_COUNT(&cores), 1, most);
}

}  // namespace zspex::io::detail
