#include "pipeline/redshift/results.hpp"

#include <algorithm>
#include <numeric>

#include "kernels/redshift/rank.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/bytes.hpp"
#include "pipeline/comm/gather.hpp"
#include "pipeline/redshift/input_tables.hpp"

namespace zspex::kernels {

template <class Archive>
void fields(Archive& archive, Zfit& fit) {
  archive(fit.itemplate, fit.z, fit.zerr, fit.chi2, fit.zwarn, fit.npixels, fit.method, fit.coeff, fit.zz, fit.zzchi2,
          fit.model_chi2, fit.null_chi2, fit.spectype, fit.subtype, fit.ncoeff, fit.znum, fit.deltachi2, fit.legcoeff,
          fit.pca_coeff, fit.pca_spectype, fit.pca_subtype);
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
                                 const TemplateSet& templates, std::vector<std::vector<kernels::Zfit>> fits,
                                 std::vector<std::string>& warnings) {
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
  InputTables tables = read_input_tables(config, targets);
  results.input_header = std::move(tables.header);
  results.fibermap = std::move(tables.fibermap);
  results.exp_fibermap = std::move(tables.exp_fibermap);
  results.tsnr2 = std::move(tables.tsnr2);
  warnings.insert(warnings.end(), tables.warnings.begin(), tables.warnings.end());
  for (std::size_t i = 0; i < fits.size(); ++i) {
    const auto [begin, end] = tables.states.equal_range(targets.targetid[i]);
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

void blank_models(const io::RedshiftResults& results, std::vector<io::ModelSpectra>& models) {
  for (std::size_t i = 0; i < results.zfit.size(); ++i) {
    if (results.zfit[i].front().fitmethod != method_name(kernels::FitMethod::none)) continue;
    for (auto& band : models) std::fill(band.model.row(i).begin(), band.model.row(i).end(), 0.0F);
  }
}

}  // namespace zspex::pipeline
