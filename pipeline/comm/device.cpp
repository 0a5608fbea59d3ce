#include "pipeline/comm/device.hpp"

namespace zspex::comm {

int choose_device(int node_rank, int visible) { return visible > 0 ? node_rank % visible : -1; }

}  // namespace zspex::comm
