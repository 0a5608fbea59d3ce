#include "pipeline/redshift/results.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "io/spectra.hpp"
#include "kernels/redshift/rank.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/bytes.hpp"
#include "pipeline/comm/gather.hpp"

namespace zspex::kernels {

template <class Archive>
void fields(Archive& archive, Zfit& fit) {
  archive(fit.itemplate, fit.z, fit.zerr, fit.chi2, fit.zwarn, fit.npixels, fit.method, fit.coeff, fit.zz, fit.zzchi2,
          fit.model_chi2, fit.spectype, fit.subtype, fit.ncoeff, fit.znum, fit.deltachi2, fit.legcoeff, fit.pca_coeff,
          fit.pca_spectype, fit.pca_subtype);
}

}  // namespace zspex::kernels

namespace zspex::pipeline {
namespace {

const char* method_name(kernels::FitMethod method) {
  switch (method) {
    case kernels::FitMethod::pca:
      return "PCA";
    case kernels::FitMethod::nmf:
      return "NMF";
    case kernels::FitMethod::archetype:
      return "ARCH";
    case kernels::FitMethod::none:
      break;
  }
  return "NONE";
}

io::RedshiftRow to_row(std::int64_t targetid, const kernels::Zfit& fit) {
  io::RedshiftRow row;
  row.targetid = targetid;
  row.z = fit.z;
  row.zerr = fit.zerr;
  row.chi2 = fit.chi2;
  row.deltachi2 = fit.deltachi2;
  row.zwarn = fit.zwarn;
  row.npixels = fit.npixels;
  row.ncoeff = fit.ncoeff;
  row.znum = fit.znum;
  row.spectype = fit.spectype;
  row.subtype = fit.subtype;
  row.fitmethod = method_name(fit.method);
  row.coeff = fit.coeff;
  row.zz = fit.zz;
  row.zzchi2 = fit.zzchi2;
  row.model_chi2 = fit.model_chi2;
  row.legcoeff = fit.legcoeff;
  row.pca_coeff = fit.pca_coeff;
  row.pca_spectype = fit.pca_spectype;
  row.pca_subtype = fit.pca_subtype;
  return row;
}

/// Indices of the bands, sorted by their names.
std::vector<std::size_t> alphabetical(const std::vector<BandGrid>& bands) {
  std::vector<std::size_t> order(bands.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return bands[a].band < bands[b].band; });
  return order;
}

/// [nband][degree] with the bands in another order; nothing of a fit without polynomials.
std::vector<double> reorder(const std::vector<double>& legcoeff, const std::vector<std::size_t>& order, int degree) {
  std::vector<double> sorted;
  if (legcoeff.empty()) return sorted;
  for (const std::size_t band : order) {
    const auto first = legcoeff.begin() + static_cast<std::ptrdiff_t>(band) * degree;
    sorted.insert(sorted.end(), first, first + degree);
  }
  return sorted;
}

/// Fibers' states by target.
using FiberStates = std::multimap<std::int64_t, kernels::FiberState>;

void add_states(const io::SpectraFile& file, FiberStates& states) {
  const char* column = file.fibermap.find("COADD_FIBERSTATUS") ? "COADD_FIBERSTATUS" : "FIBERSTATUS";
  std::vector<std::int64_t> status(file.targetid.size(), 0);
  if (file.fibermap.find(column)) status = file.fibermap.integers(column, file.path);
  const io::Column* objtype = file.fibermap.find("OBJTYPE");
  std::map<std::int64_t, std::int64_t> of_target;  // of exposures: what all of them have
  for (std::size_t i = 0; i < status.size(); ++i) {
    const auto [at, fresh] = of_target.emplace(file.targetid[i], status[i]);
    if (!fresh) at->second &= status[i];
  }
  std::set<std::int64_t> seen;
  for (std::size_t i = 0; i < file.targetid.size(); ++i) {
    if (!seen.insert(file.targetid[i]).second) continue;
    kernels::FiberState state;
    if (objtype && objtype->code == 'A') state.objtype = std::get<std::vector<std::string>>(objtype->values)[i];
    state.status = of_target[file.targetid[i]];
    states.emplace(file.targetid[i], state);
  }
}

io::Table keep_targets(const io::Table& table, const std::set<std::int64_t>& targets, const std::string& path) {
  const auto ids = table.integers("TARGETID", path);
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (targets.count(ids[i]) != 0) rows.push_back(i);
  return table.pick(rows);
}

io::Table tsnr2_of(const io::Table& scores) {
  io::Table table;
  table.name = "TSNR2";
  table.nrow = scores.nrow;
  for (const io::Column& column : scores.columns)
    if (column.name == "TARGETID" || column.name.starts_with("TSNR2_")) table.columns.push_back(column);
  return table;
}

/// One row a target, the first exposure's, and how many there are.
io::Table coadded_fibermap(const io::SpectraFile& file) {
  std::map<std::int64_t, std::size_t> first;
  std::vector<std::size_t> rows;
  std::vector<std::int16_t> count;
  std::vector<std::int32_t> status;
  std::vector<std::int64_t> all(file.targetid.size(), 0);
  if (file.fibermap.find("FIBERSTATUS")) all = file.fibermap.integers("FIBERSTATUS", file.path);
  for (std::size_t i = 0; i < file.targetid.size(); ++i) {
    const auto [at, fresh] = first.emplace(file.targetid[i], rows.size());
    if (fresh) {
      rows.push_back(i);
      count.push_back(0);
      status.push_back(-1);
    }
    ++count[at->second];
    status[at->second] &= static_cast<std::int32_t>(all[i]);
  }
  io::Table fibermap = file.fibermap.pick(rows);
  std::erase_if(fibermap.columns, [](const io::Column& column) { return column.name == "FIBERSTATUS"; });
  io::Column numexp, coadded;
  numexp.name = "COADD_NUMEXP";
  numexp.code = 'I';
  numexp.values = std::move(count);
  numexp.description = "exposures of the target";
  coadded.name = "COADD_FIBERSTATUS";
  coadded.code = 'J';
  coadded.values = std::move(status);
  coadded.description = "bits that all exposures have";
  fibermap.columns.push_back(std::move(numexp));
  fibermap.columns.push_back(std::move(coadded));
  return fibermap;
}

void append(std::optional<io::Table>& to, const io::Table& more, const std::string& path) {
  if (to)
    to->append(more, path);
  else
    to = more;
}

}  // namespace

std::vector<std::vector<kernels::Zfit>> gather_fits(const comm::Communicator& world, const TargetList& targets,
                                                    const std::vector<int>& mine,
                                                    const std::vector<std::vector<kernels::Zfit>>& fits) {
  std::vector<std::vector<std::byte>> packed;
  std::vector<comm::Part> parts;
  for (const auto& one : fits) packed.push_back(comm::to_bytes(one));
  for (std::size_t i = 0; i < mine.size(); ++i) parts.push_back({static_cast<std::uint64_t>(mine[i]), packed[i]});
  std::vector<std::vector<kernels::Zfit>> all(world.is_root() ? targets.size() : 0);
  std::vector<std::byte> arrived;
  comm::gather(
      world, parts,
      [&](std::uint64_t, std::size_t nbytes) {
        arrived.resize(nbytes);
        return std::span(arrived);
      },
      [&](std::uint64_t i) { all[i] = comm::from_bytes<std::vector<kernels::Zfit>>(arrived); });
  return all;
}

io::RedshiftResults make_results(const config::RedshiftConfig& config, const TargetList& targets,
                                 const TemplateSet& templates, std::vector<std::vector<kernels::Zfit>> fits) {
  io::RedshiftResults results;
  results.targetid = targets.targetid;
  results.templates = templates.names;
  results.coeff_width = templates.max_nbasis();
  const auto band_order = alphabetical(targets.bands);
  if (!templates.archetypes.empty()) {
    const int nband = static_cast<int>(targets.bands.size());
    results.archetypes = templates.archetype_names;
    results.legendre_degree = config.archetype_legendre_degree;
    results.legendre_bands = config.archetype_legendre_percamera && nband > 1 ? nband : 0;
    results.coeff_width = std::max(
        results.coeff_width, results.legendre_bands * results.legendre_degree + std::max(config.archetype_nnearest, 1));
  }
  const std::set<std::int64_t> wanted(targets.targetid.begin(), targets.targetid.end());
  FiberStates states;
  std::optional<io::Table> fibermap;
  for (std::size_t ifile = 0; ifile < config.input.size(); ++ifile) {
    const std::string& path = config.input[ifile];
    const auto file = io::read_spectra_tables(path, targets.rows_of(static_cast<int>(ifile)));
    if (ifile == 0) results.input_header = file.header;
    add_states(file, states);
    const bool coadd = file.kind == io::SpectraKind::coadd;
    append(fibermap, coadd ? file.fibermap : coadded_fibermap(file), path);
    if (file.exp_fibermap)
      append(results.exp_fibermap, keep_targets(*file.exp_fibermap, wanted, path), path);
    else if (!coadd)
      append(results.exp_fibermap, file.fibermap, path);
    if (file.scores && file.scores->find("TARGETID")) append(results.tsnr2, tsnr2_of(*file.scores), path);
  }
  results.fibermap = std::move(*fibermap);
  for (std::size_t i = 0; i < fits.size(); ++i) {
    const auto [begin, end] = states.equal_range(targets.targetid[i]);
    for (auto state = begin; state != end; ++state) kernels::flag_fiber(fits[i], state->second);
    auto& rows = results.zfit.emplace_back();
    for (const auto& fit : fits[i]) {
      rows.push_back(to_row(targets.targetid[i], fit));
      if (results.legendre_bands > 0) rows.back().legcoeff = reorder(fit.legcoeff, band_order, results.legendre_degree);
    }
  }
  return results;
}

std::vector<io::ModelSpectra> gather_models(const comm::Communicator& world, const TargetList& targets,
                                            const std::vector<int>& mine,
                                            const std::vector<std::vector<std::vector<float>>>& models) {
  std::vector<io::ModelSpectra> all;
  for (std::size_t iband = 0; iband < targets.bands.size(); ++iband) {
    const BandGrid& grid = targets.bands[iband];
    std::vector<comm::Part> parts;
    for (std::size_t i = 0; i < mine.size(); ++i)
      parts.push_back({static_cast<std::uint64_t>(mine[i]), std::as_bytes(std::span(models[i][iband]))});
    io::ModelSpectra band;
    comm::agree(world, "make room for the models", [&] {
      if (world.is_root()) band = {grid.band, grid.wave, Array2<float>({targets.size(), grid.wave.size()})};
    });
    comm::gather(world, parts, [&](std::uint64_t i, std::size_t) { return std::as_writable_bytes(band.model.row(i)); });
    all.push_back(std::move(band));
  }
  return all;
}

}  // namespace zspex::pipeline
