#include <algorithm>
#include <numeric>
#include <string_view>

#include "simulate/fibermap.hpp"
#include "simulate/spectra.hpp"
#include "simulate/table_builder.hpp"

namespace zspex::simulate {
namespace {

// What an exposure tells of a fiber, and a coadd does not; what both tell.
constexpr std::string_view exposure_columns[] = {"FIBERSTATUS", "FIBER_RA", "FIBER_DEC", "FIBER_X",
                                                 "FIBER_Y",     "DELTA_X",  "DELTA_Y",   "NUM_ITER",
                                                 "EXPTIME",     "NIGHT",    "EXPID",     "MJD"};
constexpr std::string_view shared_columns[] = {"TARGETID", "PETAL_LOC",     "DEVICE_LOC",    "LOCATION",
                                               "FIBER",    "FIBERASSIGN_X", "FIBERASSIGN_Y", "LAMBDA_REF",
                                               "PLATE_RA", "PLATE_DEC",     "TILEID"};

template <std::size_t N>
bool among(const std::string_view (&names)[N], const std::string& name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

void add_columns(io::Table& table, io::Table more) {
  for (io::Column& column : more.columns) table.columns.push_back(std::move(column));
}

/// The fibermap of an exposure with what tells exposures apart.
io::Table exposure_fibermap(int petal, const Exposure& exposure, const std::vector<Target>& targets,
                            const std::vector<Defect>& defects) {
  const Pointing pointing;
  io::Table fibermap = make_fibermap(petal, 0, exposure, pointing, targets);
  fibermap.header = {};
  std::erase_if(fibermap.columns, [](const io::Column& column) { return column.name == "FIBERSTATUS"; });
  TableBuilder table("FIBERMAP", targets.size());
  table.add("FIBERSTATUS", "",
            [&](std::size_t row) { return fiber_status(petal, static_cast<int>(row), defects[row]); });
  table.add("NIGHT", "", [&](std::size_t) { return static_cast<std::int32_t>(exposure.night); });
  table.add("EXPID", "", [&](std::size_t) { return static_cast<std::int32_t>(exposure.expid); });
  table.add("MJD", "d", [&](std::size_t) { return exposure.mjd; });
  table.add("TILEID", "", [&](std::size_t) { return static_cast<std::int32_t>(pointing.tileid); });
  add_columns(fibermap, std::move(table).take());
  return fibermap;
}

}  // namespace

std::int32_t fiber_status(int petal, int ispec, Defect defect) {
  // Bits of desispec's fibermask: BROKENFIBER, BADAMPB, BADAMPR, BADAMPZ.
  const std::int32_t broken = fiber_response({'r', petal}, ispec).transmission > 0 ? 0 : 1 << 2;
  return broken | (defect == Defect::no_b   ? 1 << 22
                   : defect == Defect::no_r ? 1 << 23
                   : defect == Defect::no_z ? 1 << 24
                                            : 0);
}

io::Table exposures_fibermap(int petal, const std::vector<Exposure>& exposures, const std::vector<Target>& targets,
                             const std::vector<Defect>& defects) {
  io::Table all;
  for (const Exposure& exposure : exposures) {
    io::Table one = exposure_fibermap(petal, exposure, targets, defects);
    if (all.columns.empty())
      all = std::move(one);
    else
      all.append(one);
  }
  return all;
}

CoaddTables coadd_fibermaps(int petal, const std::vector<Exposure>& exposures, const std::vector<Target>& targets,
                            const std::vector<Defect>& defects) {
  const std::size_t ntarget = targets.size(), nexp = exposures.size();
  const io::Table all = exposures_fibermap(petal, exposures, targets, defects);
  std::vector<std::size_t> order;  // a target's exposures one after the other
  for (std::size_t itarget = 0; itarget < ntarget; ++itarget)
    for (std::size_t iexp = 0; iexp < nexp; ++iexp) order.push_back(iexp * ntarget + itarget);

  CoaddTables out{all.rows(0, ntarget), all.pick(order)};
  std::erase_if(out.fibermap.columns, [](const io::Column& column) { return among(exposure_columns, column.name); });
  std::erase_if(out.exp_fibermap.columns, [](const io::Column& column) {
    return !among(exposure_columns, column.name) && !among(shared_columns, column.name);
  });
  TableBuilder coadd("FIBERMAP", ntarget);
  const double seconds = std::accumulate(exposures.begin(), exposures.end(), 0.0,
                                         [](double sum, const Exposure& exposure) { return sum + exposure.exptime; });
  coadd.add("COADD_FIBERSTATUS", "",
            [&](std::size_t row) { return fiber_status(petal, static_cast<int>(row), defects[row]); });
  coadd.add("COADD_NUMEXP", "", [&](std::size_t) { return static_cast<std::int16_t>(nexp); });
  coadd.add("COADD_EXPTIME", "s", [&](std::size_t) { return static_cast<float>(seconds); });
  coadd.add("COADD_NUMNIGHT", "", [](std::size_t) { return std::int16_t{1}; });
  coadd.add("COADD_NUMTILE", "", [](std::size_t) { return std::int16_t{1}; });
  add_columns(out.fibermap, std::move(coadd).take());
  TableBuilder in_coadd("EXP_FIBERMAP", ntarget * nexp);
  for (const auto& [name, lost] :
       {std::pair{"IN_COADD_B", Defect::no_b}, {"IN_COADD_R", Defect::no_r}, {"IN_COADD_Z", Defect::no_z}})
    in_coadd.add(name, "", [&, lost = lost](std::size_t row) { return defects[row / nexp] != lost; });
  add_columns(out.exp_fibermap, std::move(in_coadd).take());
  return out;
}

io::Table spectra_truth(int petal, const std::vector<Target>& targets, const std::vector<Defect>& defects) {
  io::Table truth = make_truth_table({'r', petal}, 0, targets);
  TableBuilder table("TRUTH", targets.size());
  table.add("DEFECT", "", [&](std::size_t row) {
    constexpr const char* names[] = {"none", "no b", "no r", "no z", "masked"};
    return std::string(names[static_cast<std::size_t>(defects[row])]);
  });
  add_columns(truth, std::move(table).take());
  return truth;
}

}  // namespace zspex::simulate
