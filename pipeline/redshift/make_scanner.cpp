#include "pipeline/redshift/make_scanner.hpp"

#include "pipeline/redshift/scan_dynamic.hpp"
#include "pipeline/redshift/scan_held.hpp"
#include "pipeline/redshift/scan_ring.hpp"

namespace zspex::pipeline {

std::unique_ptr<Scanner> make_scanner(const ScanSetup& setup) {
  switch (setup.strategy.templates) {
    case Holding::full:
    case Holding::gathered:
    case Holding::node:
      return make_held_scanner(setup);
    case Holding::tiles:
      return make_dynamic_scanner(setup);
    case Holding::ring:
      break;
  }
  return make_ring_scanner(setup);
}

}  // namespace zspex::pipeline
