#include "simulate/fibermap.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "simulate/catalog.hpp"
#include "simulate/instrument.hpp"
#include "simulate/table_builder.hpp"

namespace zspex::simulate {
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
    case TargetKind::lamp:
      return 0;
  }
  return 0;
}

std::string objtype(TargetKind kind) {
  return kind == TargetKind::sky ? "SKY" : kind == TargetKind::lamp ? "NON" : "TGT";
}

}  // namespace

io::Table make_fibermap(int petal, int specmin, const Exposure& exposure, const Pointing& pointing,
                        const std::vector<Target>& targets) {
  std::vector<CatalogEntry> catalog;
  for (const Target& target : targets) catalog.push_back(catalog_entry(target));
  TableBuilder table("FIBERMAP", targets.size());
  const auto fiber = [&](std::size_t row) { return specmin + static_cast<std::int32_t>(row); };
  const auto same = [](auto value) { return [value](std::size_t) { return value; }; };
  const auto real = [&](auto member) {
    return [&, member](std::size_t row) { return static_cast<float>(targets[row].*member); };
  };
  const auto place = [&](double Target::*member) {
    return [&, member](std::size_t row) { return targets[row].*member; };
  };
  const auto in_catalog = [&](auto member) { return [&, member](std::size_t row) { return catalog[row].*member; }; };
  const auto in_fiber = [&](double Target::*member) {
    return
        [&, member](std::size_t row) { return static_cast<float>(targets[row].*member * targets[row].fiber_fraction); };
  };
  const auto is_dark = [&](std::size_t row) { return catalog[row].morphtype.empty(); };  // in no catalog

  // Columns, types, units and their order are those of the survey's pipeline.
  table.add("TARGETID", "", [&](std::size_t row) { return targets[row].targetid; });
  table.add("PETAL_LOC", "", same(static_cast<std::int16_t>(petal)));
  table.add("DEVICE_LOC", "", fiber);
  table.add("LOCATION", "", [&](std::size_t row) { return static_cast<std::int64_t>(petal * 1000 + fiber(row)); });
  table.add("FIBER", "", [&](std::size_t row) { return static_cast<std::int32_t>(petal * petal_fibers + fiber(row)); });
  table.add("FIBERSTATUS", "", [&](std::size_t row) {
    return fiber_response({'r', petal}, fiber(row)).transmission > 0 ? 0 : status_broken_fiber;
  });
  table.add("TARGET_RA", "deg", place(&Target::ra));
  table.add("TARGET_DEC", "deg", place(&Target::dec));
  table.add_text("DESINAME", 22, in_catalog(&CatalogEntry::desiname));
  table.add("PMRA", "mas yr-1", same(0.0f));
  table.add("PMDEC", "mas yr-1", same(0.0f));
  table.add("REF_EPOCH", "yr", same(2015.5f));
  table.add("LAMBDA_REF", "Angstrom", same(5400.0f));
  table.add("FA_TARGET", "", [&](std::size_t row) { return desi_target(targets[row].kind); });
  table.add("FA_TYPE", "", [&](std::size_t row) {
    const TargetKind kind = targets[row].kind;  // 0 none, 1 science, 2 standard, 4 sky
    return static_cast<std::uint8_t>(kind == TargetKind::lamp       ? 0
                                     : kind == TargetKind::sky      ? 4
                                     : kind == TargetKind::standard ? 2
                                                                    : 1);
  });
  table.add_text("OBJTYPE", 3, [&](std::size_t row) { return objtype(targets[row].kind); });
  table.add("FIBERASSIGN_X", "mm", real(&Target::focal_x));
  table.add("FIBERASSIGN_Y", "mm", real(&Target::focal_y));
  table.add("PRIORITY", "", in_catalog(&CatalogEntry::priority));
  table.add("SUBPRIORITY", "", in_catalog(&CatalogEntry::subpriority));
  table.add("OBSCONDITIONS", "", same(std::int32_t{1}));  // dark
  table.add("RELEASE", "", in_catalog(&CatalogEntry::release));
  table.add_text("BRICKNAME", 8, in_catalog(&CatalogEntry::brickname));
  table.add("BRICKID", "", in_catalog(&CatalogEntry::brickid));
  table.add("BRICK_OBJID", "", in_catalog(&CatalogEntry::brick_objid));
  table.add_text("MORPHTYPE", 4, in_catalog(&CatalogEntry::morphtype));
  table.add("EBV", "mag", same(0.0f));
  table.add("FLUX_G", "nanomaggy", real(&Target::flux_g));
  table.add("FLUX_R", "nanomaggy", real(&Target::flux_r));
  table.add("FLUX_Z", "nanomaggy", real(&Target::flux_z));
  table.add("FLUX_W1", "nanomaggy", in_catalog(&CatalogEntry::flux_w1));
  table.add("FLUX_W2", "nanomaggy", in_catalog(&CatalogEntry::flux_w2));
  table.add("FLUX_IVAR_G", "nanomaggy^-2", same(400.0f));  // 25.8 mag at 5 sigma
  table.add("FLUX_IVAR_R", "nanomaggy^-2", same(250.0f));
  table.add("FLUX_IVAR_Z", "nanomaggy^-2", same(60.0f));
  table.add("FLUX_IVAR_W1", "nanomaggy^-2", same(2.5f));
  table.add("FLUX_IVAR_W2", "nanomaggy^-2", same(0.6f));
  for (const char* kind : {"FIBERFLUX_", "FIBERTOTFLUX_"})  // nothing else lies in the fibers
    for (const auto& [band, member] : {std::pair{"G", &Target::flux_g}, {"R", &Target::flux_r}, {"Z", &Target::flux_z}})
      table.add(std::string(kind) + band, "nanomaggy", in_fiber(member));
  table.add("MASKBITS", "", same(std::int16_t{0}));
  table.add("SERSIC", "", in_catalog(&CatalogEntry::sersic));
  table.add("SHAPE_R", "arcsec", in_catalog(&CatalogEntry::shape_r));
  table.add("SHAPE_E1", "", in_catalog(&CatalogEntry::shape_e1));
  table.add("SHAPE_E2", "", in_catalog(&CatalogEntry::shape_e2));
  table.add("REF_ID", "", in_catalog(&CatalogEntry::ref_id));
  table.add_text("REF_CAT", 2, in_catalog(&CatalogEntry::ref_cat));
  table.add("GAIA_PHOT_G_MEAN_MAG", "mag", in_catalog(&CatalogEntry::gaia_g));
  table.add("GAIA_PHOT_BP_MEAN_MAG", "mag", in_catalog(&CatalogEntry::gaia_bp));
  table.add("GAIA_PHOT_RP_MEAN_MAG", "mag", in_catalog(&CatalogEntry::gaia_rp));
  table.add("PARALLAX", "mas", in_catalog(&CatalogEntry::parallax));
  table.add_text("PHOTSYS", 1, [&](std::size_t row) { return std::string(is_dark(row) ? "" : "S"); });
  table.add("PRIORITY_INIT", "", [&](std::size_t row) { return std::int64_t{catalog[row].priority}; });
  table.add("NUMOBS_INIT", "", [&](std::size_t row) { return std::int64_t{is_dark(row) ? 0 : 1}; });
  table.add("DESI_TARGET", "", [&](std::size_t row) { return desi_target(targets[row].kind); });
  table.add("BGS_TARGET", "",
            [&](std::size_t row) { return std::int64_t{targets[row].kind == TargetKind::bgs ? 2 : 0}; });
  table.add("MWS_TARGET", "",
            [&](std::size_t row) { return std::int64_t{desi_target(targets[row].kind) & target_mws_any ? 1 : 0}; });
  table.add("SCND_TARGET", "", same(std::int64_t{0}));
  table.add("PLATE_RA", "deg", place(&Target::ra));
  table.add("PLATE_DEC", "deg", place(&Target::dec));
  table.add("NUM_ITER", "", same(std::int64_t{2}));
  table.add("FIBER_X", "mm", place(&Target::focal_x));
  table.add("FIBER_Y", "mm", place(&Target::focal_y));
  table.add("DELTA_X", "mm", same(0.0));
  table.add("DELTA_Y", "mm", same(0.0));
  table.add("FIBER_RA", "deg", place(&Target::ra));
  table.add("FIBER_DEC", "deg", place(&Target::dec));
  table.add("EXPTIME", "s", same(exposure.exptime));
  io::Table fibermap = std::move(table).take();
  fibermap.header.set("TILEID", pointing.tileid);
  fibermap.header.set("EXPID", exposure.expid);
  fibermap.header.set("NIGHT", exposure.night);
  fibermap.header.set("SURVEY", "main");
  return fibermap;
}

io::Table make_truth_table(const Camera& camera, int specmin, const std::vector<Target>& targets) {
  TableBuilder table("TRUTH", targets.size());
  const auto fiber = [&](std::size_t row) { return specmin + static_cast<std::int32_t>(row); };
  table.add("TARGETID", "", [&](std::size_t row) { return targets[row].targetid; });
  table.add("FIBER", "",
            [&](std::size_t row) { return static_cast<std::int32_t>(camera.petal * petal_fibers + fiber(row)); });
  table.add("OBJTYPE", "", [&](std::size_t row) { return objtype(targets[row].kind); });
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

}  // namespace zspex::simulate
