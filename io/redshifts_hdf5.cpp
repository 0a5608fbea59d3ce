#include <algorithm>
#include <cmath>
#include <map>

#include "core/format.hpp"
#include "io/detail/frame_hdf5.hpp"
#include "io/detail/hdf5_reader.hpp"
#include "io/detail/hdf5_writer.hpp"
#include "io/detail/redshift_table.hpp"
#include "io/redshifts.hpp"

namespace zspex::io {
namespace {

std::string scan_group(const std::string& full_type) { return "/zscan/" + full_type + "/"; }

/// Beside a TTYPE card there is no room for these.
void spell_bits(Column& zwarn) {
  zwarn.description =
      "bits: 0 SKY, 1 LITTLE_COVERAGE, 2 SMALL_DELTA_CHI2, 3 NEGATIVE_MODEL, 4 MANY_OUTLIERS, 5 Z_FITLIMIT, 6 "
      "NEGATIVE_EMISSION, 7 UNPLUGGED, 8 BAD_TARGET, 9 NODATA, 10 BAD_MINFIT, 11 POORDATA; 0 = no warning";
}

/// By these Redrock's readers find the targets.
void write_targetids(detail::Hdf5Writer& file, const RedshiftResults& results) {
  file.dataset("/targetids", {results.targetid.size()}, results.targetid.data(), "1", "targets in output order",
               {"target"});
}

void write_ours(detail::Hdf5Writer& file, const RedshiftResults& results, const Provenance& provenance,
                const std::vector<Timing>& timing) {
  file.attribute("/", detail::format_attribute, detail::format_name);
  file.attribute("/", detail::version_attribute, std::int64_t{detail::layout_version});
  detail::write_provenance(file, provenance);
  detail::write_timing(file, timing);
  for (const Table& table : results.run)
    file.table("/" + table.name, table, "what is known of the run's " + table.name,
               table.name == "strategies" ? "strategy" : "rank");
  Table redshifts = detail::best_rows_table(results);
  Column direct;
  direct.name = "MODEL_CHI2";
  direct.description = "direct chi2 of the model that COEFF makes at Z";
  std::vector<double> values;
  for (const auto& fits : results.zfit) values.push_back(fits.front().model_chi2);
  direct.values = std::move(values);
  redshifts.columns.push_back(std::move(direct));
  spell_bits(*redshifts.find("ZWARN"));
  file.table("/redshifts", redshifts, "the best redshift of each target; columns as Redrock's REDSHIFTS", "target");
}

/// \param zfit  of zfit_table(): cut from one table, all have the same type
void write_zfit(detail::Hdf5Writer& file, const RedshiftResults& results, const Table& zfit) {
  std::size_t first = 0;
  for (std::size_t i = 0; i < results.targetid.size(); ++i) {
    file.table(fmt::format("/zfit/{}/zfit", results.targetid[i]), zfit.rows(first, results.zfit[i].size()),
               "all minima of a target, the best first", "minimum");
    first += results.zfit[i].size();
  }
}

void write_zbest(detail::Hdf5Writer& file, const RedshiftResults& results, const Table& zfit) {
  std::vector<std::size_t> best;
  std::size_t first = 0;
  for (const auto& fits : results.zfit) {
    best.push_back(first);
    first += fits.size();
  }
  Table zbest = zfit.pick(best);
  std::erase_if(zbest.columns, [](const Column& column) { return column.name == "znum"; });
  spell_bits(*zbest.find("zwarn"));
  file.table("/zbest", zbest, "the best minimum of each target", "target");
}

}  // namespace

struct DetailsWriter::Impl {
  detail::Hdf5Writer file;
};

DetailsWriter::DetailsWriter(const std::string& path, WriteOptions options)
    : impl_(new Impl{detail::Hdf5Writer(path, options)}) {}
DetailsWriter::~DetailsWriter() = default;
DetailsWriter::DetailsWriter(DetailsWriter&&) noexcept = default;

void DetailsWriter::add_scan(const ZscanTable& scan) {
  begin_scan(scan.full_type, scan.redshifts, scan.zchi2.extent(0), scan.zcoeff.extent(2));
  add_rows(scan, 0);
}

void DetailsWriter::begin_scan(const std::string& full_type, const std::vector<double>& redshifts, std::size_t ntarget,
                               std::size_t nbasis) {
  const std::string group = scan_group(full_type);
  const std::size_t nz = redshifts.size();
  const float* later = nullptr;
  impl_->file.dataset(group + "redshifts", {nz}, redshifts.data(), "1", "redshifts of the scan", {"redshift"});
  impl_->file.dataset(group + "zchi2", {ntarget, nz}, later, "1", "chi2 of each target at each redshift",
                      {"target", "redshift"});
  impl_->file.dataset(group + "penalty", {ntarget, nz}, later, "1", "penalty for negative [OII] emission, not in zchi2",
                      {"target", "redshift"});
  impl_->file.dataset(group + "zcoeff", {ntarget, nz, nbasis}, later, "1", "template coefficients",
                      {"target", "redshift", "basis"});
}

void DetailsWriter::add_rows(const ZscanTable& scan, std::size_t first) {
  const std::string group = scan_group(scan.full_type);
  const std::size_t n = scan.zchi2.extent(0), nz = scan.zchi2.extent(1);
  if (n == 0) return;
  impl_->file.rows(group + "zchi2", first, {n, nz}, scan.zchi2.data());
  impl_->file.rows(group + "penalty", first, {n, nz}, scan.penalty.data());
  impl_->file.rows(group + "zcoeff", first, {n, nz, scan.zcoeff.extent(2)}, scan.zcoeff.data());
}

void DetailsWriter::finish(const RedshiftResults& results, const Provenance& provenance,
                           const std::vector<Timing>& timing) {
  detail::Hdf5Writer& file = impl_->file;
  write_ours(file, results, provenance, timing);
  write_targetids(file, results);
  const Table zfit = detail::zfit_table(results);
  write_zbest(file, results, zfit);
  write_zfit(file, results, zfit);
  file.finish();
}

void write_redshifts_hdf5(const std::string& path, const RedshiftResults& results, const Provenance& provenance,
                          const std::vector<Timing>& timing, WriteOptions options) {
  detail::Hdf5Writer file(path, options);
  write_ours(file, results, provenance, timing);
  write_targetids(file, results);
  write_zfit(file, results, detail::zfit_table(results));
  file.table("/fibermap", results.fibermap, "the fibers of the targets, in the order of the files", "target");
  if (results.exp_fibermap) file.table("/exp_fibermap", *results.exp_fibermap, "their exposures", "exposure");
  if (results.tsnr2) file.table("/tsnr2", *results.tsnr2, "template signal to noise, squared", "target");
  file.finish();
}

std::vector<std::string> zscan_types(const std::string& path) { return detail::Hdf5Reader(path).children("/zscan"); }

ZscanTable read_zscan(const std::string& path, const std::string& full_type,
                      const std::vector<std::int64_t>& targetid) {
  const detail::Hdf5Reader file(path);
  const std::string group = scan_group(full_type);
  if (!file.is_group("/zscan/" + full_type))
    throw FileError(path, "/zscan",
                    "expected the scan of " + full_type + ", found none. Scan again without --chi2-scan.");
  const auto known = file.array1<std::int64_t>("/targetids");
  std::map<std::int64_t, std::size_t> row_of;
  for (std::size_t i = 0; i < known.size(); ++i) row_of[known[i]] = i;
  const auto zchi2 = file.array2<float>(group + "zchi2"), penalty = file.array2<float>(group + "penalty");
  const auto zcoeff = file.array3<float>(group + "zcoeff");
  ZscanTable scan;
  scan.full_type = full_type;
  scan.redshifts = file.array1<double>(group + "redshifts");
  const std::size_t nz = scan.redshifts.size(), ntarget = targetid.size(), nbasis = zcoeff.extent(2);
  if (zchi2.extent(1) != nz || zchi2.extent(0) != known.size() || penalty.shape() != zchi2.shape())
    throw FileError(
        path, group + "zchi2",
        fmt::format("expected {} targets x {} redshifts, found another shape. Make the file again.", known.size(), nz));
  // Where there is no fit, Redrock has more than a float holds.
  const auto is_chi2 = [](float value) { return std::isgreaterequal(value, 0.0F); };
  if (const auto bad = std::find_if_not(zchi2.begin(), zchi2.end(), is_chi2); bad != zchi2.end())
    throw FileError(
        path, group + "zchi2",
        fmt::format("expected chi^2 of zero or more, found {}. Scan again without --chi2-scan.", std::to_string(*bad)));
  scan.zchi2 = Array2<float>({ntarget, nz});
  scan.penalty = Array2<float>({ntarget, nz});
  scan.zcoeff = Array3<float>({ntarget, nz, nbasis});
  for (std::size_t i = 0; i < ntarget; ++i) {
    const auto found = row_of.find(targetid[i]);
    if (found == row_of.end())
      throw FileError(
          path, "/targetids",
          fmt::format("expected target {}, found no such target. Scan again without --chi2-scan.", targetid[i]));
    std::copy_n(zchi2.row(found->second).begin(), nz, scan.zchi2.row(i).begin());
    std::copy_n(penalty.row(found->second).begin(), nz, scan.penalty.row(i).begin());
    std::copy_n(zcoeff.row(found->second).begin(), nz * nbasis, scan.zcoeff.row(i).begin());
  }
  return scan;
}

}  // namespace zspex::io
