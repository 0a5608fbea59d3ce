#include "pipeline/simulate/fibermap.hpp"

#include <cmath>
#include <string>

#include "pipeline/simulate/instrument.hpp"
#include "pipeline/simulate/table_builder.hpp"

namespace zspex::pipeline::simulate {
namespace {

constexpr std::int64_t bit(int n) { return std::int64_t{1} << n; }

// Bits of DESI_TARGET (desitarget's mask file) and of FIBERSTATUS (desispec's).
constexpr std::int64_t target_lrg = bit(0), target_elg = bit(1), target_qso = bit(2), target_sky = bit(32),
                       target_std_faint = bit(33), target_bgs_any = bit(60), target_mws_any = bit(61);
constexpr std::int32_t status_broken_fiber = 1 << 2;

std::int64_t desi_target(TargetKind kind) {
  switch (kind) {
    case TargetKind::sky:
      return target_sky;
    case TargetKind::standard:
      return target_std_faint | target_mws_any;
    case TargetKind::star:
    case TargetKind::white_dwarf:
      return target_mws_any;
    case TargetKind::elg:
      return target_elg;
    case TargetKind::lrg:
      return target_lrg;
    case TargetKind::bgs:
      return target_bgs_any;
    case TargetKind::qso:
      return target_qso;
  }
  return 0;
}

}  // namespace

io::Table make_fibermap(int petal, int specmin, const Exposure& exposure, const Pointing& pointing,
                        const std::vector<Target>& targets) {
  TableBuilder table("FIBERMAP", targets.size());
  const auto fiber = [&](std::size_t row) { return specmin + static_cast<std::int32_t>(row); };
  const auto number = [](double value) { return [value](std::size_t) { return static_cast<float>(value); }; };
  const auto flux = [](double value) { return static_cast<float>(value); };
  table.add("TARGETID", "", [&](std::size_t row) { return targets[row].targetid; });
  table.add("PETAL_LOC", "", [&](std::size_t) { return static_cast<std::int16_t>(petal); });
  table.add("DEVICE_LOC", "", fiber);
  table.add("LOCATION", "", [&](std::size_t row) { return static_cast<std::int64_t>(petal * 1000 + fiber(row)); });
  table.add("FIBER", "", [&](std::size_t row) { return static_cast<std::int32_t>(petal * petal_fibers + fiber(row)); });
  table.add("SPECTROID", "", [&](std::size_t) { return static_cast<std::int32_t>(petal); });
  table.add("FIBERSTATUS", "", [&](std::size_t row) {
    return fiber_response({'r', petal}, fiber(row)).transmission > 0 ? 0 : status_broken_fiber;
  });
  table.add("OBJTYPE", "",
            [&](std::size_t row) { return std::string(targets[row].kind == TargetKind::sky ? "SKY" : "TGT"); });
  table.add("TARGET_RA", "deg", [&](std::size_t row) { return targets[row].ra; });
  table.add("TARGET_DEC", "deg", [&](std::size_t row) { return targets[row].dec; });
  table.add("FIBER_RA", "deg", [&](std::size_t row) { return targets[row].ra; });
  table.add("FIBER_DEC", "deg", [&](std::size_t row) { return targets[row].dec; });
  table.add("PMRA", "mas yr^-1", number(0));
  table.add("PMDEC", "mas yr^-1", number(0));
  table.add("REF_EPOCH", "yr", number(2015.5));
  table.add("LAMBDA_REF", "Angstrom", number(5400));
  table.add("FA_TARGET", "", [&](std::size_t row) { return desi_target(targets[row].kind); });
  table.add("FA_TYPE", "", [&](std::size_t row) {
    const TargetKind kind = targets[row].kind;  // 1 science, 2 standard, 4 sky
    return static_cast<std::uint8_t>(kind == TargetKind::sky ? 4 : kind == TargetKind::standard ? 2 : 1);
  });
  table.add("DESI_TARGET", "", [&](std::size_t row) { return desi_target(targets[row].kind); });
  table.add("BGS_TARGET", "",
            [&](std::size_t row) { return std::int64_t{targets[row].kind == TargetKind::bgs ? 2 : 0}; });
  table.add("MWS_TARGET", "",
            [&](std::size_t row) { return std::int64_t{desi_target(targets[row].kind) & target_mws_any ? 1 : 0}; });
  table.add("FIBERASSIGN_X", "mm", [&](std::size_t row) { return static_cast<float>(targets[row].focal_x); });
  table.add("FIBERASSIGN_Y", "mm", [&](std::size_t row) { return static_cast<float>(targets[row].focal_y); });
  table.add("FIBER_X", "mm", [&](std::size_t row) { return targets[row].focal_x; });
  table.add("FIBER_Y", "mm", [&](std::size_t row) { return targets[row].focal_y; });
  table.add("DELTA_X", "mm", [](std::size_t) { return 0.0; });
  table.add("DELTA_Y", "mm", [](std::size_t) { return 0.0; });
  table.add("NUM_ITER", "", [](std::size_t) { return std::int64_t{2}; });
  table.add("MORPHTYPE", "", [&](std::size_t row) {
    const std::string type = targets[row].spectype();
    return std::string(type == "SKY" ? "" : type == "GALAXY" ? "REX" : "PSF");
  });
  table.add("PHOTSYS", "",
            [&](std::size_t row) { return std::string(targets[row].kind == TargetKind::sky ? "" : "S"); });
  table.add("EBV", "mag", number(0));
  table.add("FLUX_G", "nanomaggy", [&](std::size_t row) { return flux(targets[row].flux_g); });
  table.add("FLUX_R", "nanomaggy", [&](std::size_t row) { return flux(targets[row].flux_r); });
  table.add("FLUX_Z", "nanomaggy", [&](std::size_t row) { return flux(targets[row].flux_z); });
  table.add("FLUX_IVAR_G", "nanomaggy^-2", number(400));  // 25.8 mag at 5 sigma
  table.add("FLUX_IVAR_R", "nanomaggy^-2", number(250));
  table.add("FLUX_IVAR_Z", "nanomaggy^-2", number(60));
  table.add("FIBERFLUX_G", "nanomaggy",
            [&](std::size_t row) { return flux(targets[row].flux_g * targets[row].fiber_fraction); });
  table.add("FIBERFLUX_R", "nanomaggy",
            [&](std::size_t row) { return flux(targets[row].flux_r * targets[row].fiber_fraction); });
  table.add("FIBERFLUX_Z", "nanomaggy",
            [&](std::size_t row) { return flux(targets[row].flux_z * targets[row].fiber_fraction); });
  table.add("PLATE_RA", "deg", [&](std::size_t row) { return targets[row].ra; });
  table.add("PLATE_DEC", "deg", [&](std::size_t row) { return targets[row].dec; });
  table.add("EXPTIME", "s", [&](std::size_t) { return exposure.exptime; });
  io::Table fibermap = std::move(table).take();
  fibermap.header.set("TILEID", pointing.tileid);
  fibermap.header.set("EXPID", exposure.expid);
  fibermap.header.set("NIGHT", exposure.night);
  return fibermap;
}

io::Table make_truth_table(const Camera& camera, int specmin, const std::vector<Target>& targets) {
  TableBuilder table("TRUTH", targets.size());
  const auto fiber = [&](std::size_t row) { return specmin + static_cast<std::int32_t>(row); };
  table.add("TARGETID", "", [&](std::size_t row) { return targets[row].targetid; });
  table.add("FIBER", "",
            [&](std::size_t row) { return static_cast<std::int32_t>(camera.petal * petal_fibers + fiber(row)); });
  table.add("OBJTYPE", "",
            [&](std::size_t row) { return std::string(targets[row].kind == TargetKind::sky ? "SKY" : "TGT"); });
  table.add("SPECTYPE", "", [&](std::size_t row) { return std::string(targets[row].spectype()); });
  table.add("SUBTYPE", "", [&](std::size_t row) { return targets[row].subtype(); });
  table.add("Z", "", [&](std::size_t row) { return targets[row].z; });
  table.add("MAG_R", "mag", [&](std::size_t row) { return static_cast<float>(targets[row].magnitude); });
  table.add("TEMPERATURE", "K", [&](std::size_t row) { return static_cast<float>(targets[row].temperature); });
  table.add("FIBER_FRACTION", "", [&](std::size_t row) { return static_cast<float>(targets[row].fiber_fraction); });
  table.add("TRANSMISSION", "",
            [&](std::size_t row) { return static_cast<float>(fiber_response(camera, fiber(row)).transmission); });
  return std::move(table).take();
}

}  // namespace zspex::pipeline::simulate
