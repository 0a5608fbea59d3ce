#include "simulate/target.hpp"

namespace zspex::simulate {

const char* Target::spectype() const {
  switch (kind) {
    case TargetKind::sky:
      return "SKY";
    case TargetKind::lamp:
      return "LAMP";
    case TargetKind::qso:
      return "QSO";
    case TargetKind::elg:
    case TargetKind::lrg:
    case TargetKind::bgs:
      return "GALAXY";
    default:
      return "STAR";
  }
}

std::string Target::subtype() const {
  switch (kind) {
    case TargetKind::elg:
      return "ELG";
    case TargetKind::lrg:
      return "LRG";
    case TargetKind::bgs:
      return "BGS";
    case TargetKind::white_dwarf:
      return "WD";
    case TargetKind::standard:
    case TargetKind::star:
      return {temperature > 7500   ? 'A'
              : temperature > 6000 ? 'F'
              : temperature > 5200 ? 'G'
              : temperature > 3900 ? 'K'
                                   : 'M'};
    default:
      return "";
  }
}

}  // namespace zspex::simulate
