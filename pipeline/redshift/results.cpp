#include "pipeline/redshift/results.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <numeric>

#include "kernels/redshift/rank_fits.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/bytes.hpp"
#include "pipeline/comm/gather.hpp"

namespace zspex {

template <class Archive>
void fields(Archive& archive, Zfit& fit) {
  archive(fit.itemplate, fit.z, fit.zerr, fit.chi2, fit.zwarn, fit.npixels, fit.method, fit.coeff, fit.zz, fit.zzchi2,
          fit.model_chi2, fit.null_chi2, fit.spectype, fit.subtype, fit.ncoeff, fit.znum, fit.deltachi2, fit.archetypes,
          fit.legcoeff, fit.pca_coeff, fit.pca_spectype, fit.pca_subtype);
}

}  // namespace zspex

namespace zspex::pipeline {
namespace {

/// Of a type without archetypes the fit before archetypes is the fit.
void keep_template_fit(Zfit& fit) {
  if (!fit.pca_spectype.empty()) return;
  fit.pca_coeff = fit.coeff;
  fit.pca_spectype = fit.spectype;
  fit.pca_subtype = fit.subtype;
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

void gather_fits(const comm::Communicator& world, std::span<const int> ours, std::size_t ntemplate,
                 std::vector<TemplateFits> mine, const kernels::RedshiftFitter& fitter, AllFits& all) {
  const auto key = [&](const TemplateFits& one) {
    return static_cast<std::uint64_t>(ours[one.itarget]) * ntemplate + static_cast<std::uint64_t>(one.itemplate);
  };
  std::sort(mine.begin(), mine.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  std::vector<std::vector<std::byte>> packed;
  std::vector<comm::Part> parts;
  for (const TemplateFits& one : mine) {
    comm::ByteWriter writer;
    writer(fitter.npixels(one.itarget), one.fits);
    packed.push_back(writer.take());
  }
  for (std::size_t i = 0; i < mine.size(); ++i) parts.push_back({key(mine[i]), packed[i]});
  std::vector<std::byte> arrived;
  comm::gather(
      world, parts,
      [&](std::uint64_t, std::size_t nbytes) {
        arrived.resize(nbytes);
        return std::span(arrived);
      },
      [&](std::uint64_t i) {  // in the order of targets, and of a target's templates
        comm::ByteReader reader(arrived);
        std::vector<Zfit> fits;
        const std::size_t target = i / ntemplate;
        reader(all.npixels[target], fits);
        std::move(fits.begin(), fits.end(), std::back_inserter(all.fits[target]));
      });
}

namespace {

/// Rows of one template on their way into the details: those that follow each other are written together.
class RowWriter {
 public:
  RowWriter(const kernels::Template& tmpl, io::DetailsWriter* details)
      : tmpl_(tmpl), details_(details), row_(tmpl.redshifts.size() * (2 + nbasis())) {}

  std::span<std::byte> place() { return std::as_writable_bytes(std::span(row_)); }
  /// The row of target i is there. Errors are kept for the end.
  void placed(std::uint64_t i) {
    constexpr std::size_t most = 25;
    if (count_ == most || i != first_ + count_) write();
    if (count_ == 0) first_ = i;
    const auto from = row_.begin();
    const auto nz = static_cast<std::ptrdiff_t>(tmpl_.redshifts.size());
    chi2_.insert(chi2_.end(), from, from + nz);
    penalty_.insert(penalty_.end(), from + nz, from + 2 * nz);
    coeff_.insert(coeff_.end(), from + 2 * nz, row_.end());
    ++count_;
  }
  /// Writes the rest. \throws what has gone wrong
  void finish() {
    write();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::size_t nbasis() const { return static_cast<std::size_t>(tmpl_.nbasis()); }
  void write() {
    if (count_ == 0) return;
    try {
      const std::size_t nz = tmpl_.redshifts.size();
      if (!failure_)
        details_->add_rows({tmpl_.full_type(),
                            {},
                            Array2<float>({count_, nz}, std::move(chi2_)),
                            Array2<float>({count_, nz}, std::move(penalty_)),
                            Array3<float>({count_, nz, nbasis()}, std::move(coeff_))},
                           first_);
    } catch (...) {
      failure_ = std::current_exception();
    }
    chi2_.clear();
    penalty_.clear();
    coeff_.clear();
    count_ = 0;
  }

  const kernels::Template& tmpl_;
  io::DetailsWriter* details_;
  std::vector<float> row_, chi2_, penalty_, coeff_;
  std::size_t first_ = 0, count_ = 0;
  std::exception_ptr failure_;
};

/// This rank's share of a team's targets.
kernels::TargetRange share_of(const comm::Communicator& team, std::size_t ntarget) {
  const std::size_t n = static_cast<std::size_t>(team.size()), rank = static_cast<std::size_t>(team.rank());
  const std::size_t first = ntarget * rank / n;
  return {first, ntarget * (rank + 1) / n - first};
}

}  // namespace

void gather_scans(const comm::Communicator& world, const comm::Communicator& team, const ScanStore& store,
                  std::span<const int> ours, const std::vector<kernels::Template>& templates,
                  io::DetailsWriter* details) {
  const kernels::TargetRange share = share_of(team, ours.size());
  for (std::size_t it = 0; it < templates.size(); ++it) {
    const std::size_t nz = templates[it].redshifts.size(), nbasis = static_cast<std::size_t>(templates[it].nbasis());
    const kernels::ScanRows from = store.rows(static_cast<int>(it));
    std::vector<std::vector<float>> rows(share.n);
    std::vector<comm::Part> parts;
    for (std::size_t i = 0; i < share.n; ++i) {
      const std::size_t target = share.first + i;
      rows[i].assign(from.chi2 + target * nz, from.chi2 + (target + 1) * nz);
      rows[i].insert(rows[i].end(), from.penalty + target * nz, from.penalty + (target + 1) * nz);
      rows[i].insert(rows[i].end(), from.coeff + target * nz * nbasis, from.coeff + (target + 1) * nz * nbasis);
      parts.push_back({static_cast<std::uint64_t>(ours[target]), std::as_bytes(std::span(rows[i]))});
    }
    RowWriter writer(templates[it], details);
    comm::gather(
        world, parts, [&](std::uint64_t, std::size_t) { return writer.place(); },
        [&](std::uint64_t i) { writer.placed(i); });
    comm::agree(world, "", [&] { writer.finish(); });
  }
}

io::RedshiftResults make_results(const config::RedshiftConfig& config, const TargetList& targets,
                                 const TemplateSet& templates, const InputTables& tables,
                                 std::vector<std::vector<Zfit>> fits) {
  io::RedshiftResults results;
  results.targetid = targets.targetid;
  results.templates = templates.names;
  results.coeff_width = results.basis_width = templates.max_nbasis();
  const auto band_order = alphabetical(targets.bands);
  if (!templates.archetypes.empty()) {
    const int nband = static_cast<int>(targets.bands.size());
    results.archetypes = templates.archetype_names;
    results.legendre_degree = config.archetype_legendre_degree;
    results.legendre_bands = config.archetype_legendre_percamera && nband > 1 ? nband : 0;
    results.coeff_width = std::max(
        results.coeff_width, results.legendre_bands * results.legendre_degree + std::max(config.archetype_nnearest, 1));
  }
  results.input_header = tables.header;
  results.fibermap = tables.fibermap;
  results.exp_fibermap = tables.exp_fibermap;
  results.tsnr2 = tables.tsnr2;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    if (!results.archetypes.empty()) std::for_each(fits[i].begin(), fits[i].end(), keep_template_fit);
    const auto [begin, end] = tables.states.equal_range(targets.targetid[i]);
    for (auto state = begin; state != end; ++state) kernels::flag_fiber(fits[i], state->second);
    auto& rows = results.zfit.emplace_back();
    for (const auto& fit : fits[i]) {
      rows.push_back({fit, targets.targetid[i], method_name(fit.method)});
      if (results.legendre_bands > 0) rows.back().legcoeff = reorder(fit.legcoeff, band_order, results.legendre_degree);
    }
  }
  return results;
}

void gather_models(const comm::Communicator& world, const comm::Communicator& team, kernels::TargetRange round,
                   std::span<const int> ours, std::vector<Zfit> best, const kernels::RedshiftFitter& fitter,
                   std::vector<io::ModelSpectra>& models) {
  best = comm::share(world, [&] { return std::move(best); });
  const kernels::TargetRange share = share_of(team, ours.size());
  std::vector<std::vector<std::vector<float>>> mine(share.n);
  comm::agree(world, "make the models", [&] {
    for (std::size_t i = 0; i < share.n; ++i) {
      const std::size_t target = share.first + i;
      mine[i] = fitter.model(target, best[static_cast<std::size_t>(ours[target]) - round.first]);
    }
  });
  for (std::size_t iband = 0; iband < models.size(); ++iband) {
    std::vector<comm::Part> parts;
    for (std::size_t i = 0; i < share.n; ++i)
      parts.push_back({static_cast<std::uint64_t>(ours[share.first + i]), std::as_bytes(std::span(mine[i][iband]))});
    comm::gather(world, parts,
                 [&](std::uint64_t i, std::size_t) { return std::as_writable_bytes(models[iband].model.row(i)); });
  }
}

void blank_models(const io::RedshiftResults& results, std::vector<io::ModelSpectra>& models) {
  for (std::size_t i = 0; i < results.zfit.size(); ++i) {
    if (results.zfit[i].front().fitmethod != method_name(FitMethod::none)) continue;
    for (auto& band : models) std::fill(band.model.row(i).begin(), band.model.row(i).end(), 0.0F);
  }
}

}  // namespace zspex::pipeline
