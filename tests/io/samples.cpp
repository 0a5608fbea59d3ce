#include "tests/io/samples.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace zspex::io::test {
namespace {

template <class T>
Column column(const char* name, char code, int repeat, std::size_t nvalue, T first, T step) {
  std::vector<T> values(nvalue);
  for (std::size_t i = 0; i < nvalue; ++i) values[i] = static_cast<T>(first + static_cast<T>(static_cast<T>(i) * step));
  Column out;
  out.name = name;
  out.code = code;
  out.repeat = repeat;
  out.values = std::move(values);
  return out;
}

template <class T, std::size_t N>
void fill(Array<T, N>& array, double first, double step) {
  double value = first;
  for (T& element : array) {
    element = static_cast<T>(value);
    value += step;
  }
}

}  // namespace

Table sample_table(const std::string& name, std::size_t nrow) {
  Table table;
  table.name = name;
  table.nrow = nrow;
  table.header.set("TILEID", 80613, "which tile");
  table.columns.push_back(column<std::int64_t>("TARGETID", 'K', 1, nrow, 39627800000000000, 1000003));
  table.columns.push_back(column<std::int32_t>("FIBER", 'J', 1, nrow, -5, 7));
  table.columns.push_back(column<std::int16_t>("PETAL_LOC", 'I', 1, nrow, -300, 11));
  table.columns.push_back(column<std::uint8_t>("FLAGS", 'B', 1, nrow, 250, 1));
  table.columns.push_back(column<double>("TARGET_RA", 'D', 1, nrow, 150.07261986431206, 0.1));
  table.columns.back().unit = "deg";
  table.columns.back().description = "barycentric right ascension";
  table.columns.push_back(column<float>("FLUX_R", 'E', 1, nrow, 1.5e-12f, 1e-13f));
  table.columns.back().unit = "nanomaggy";
  table.columns.push_back(column<float>("XYZ", 'E', 3, 3 * nrow, -1.f, 0.25f));
  table.columns.push_back(column<std::int32_t>("GRID", 'J', 6, 6 * nrow, 100, 1));
  table.columns.back().dim = "(2,3)";
  table.columns.push_back(column<double>("PAIR", 'D', 2, 2 * nrow, 1e300, -1e298));
  Column text = column<std::uint8_t>("OBJTYPE", 'A', 5, 0, 0, 0);
  std::vector<std::string> words;
  for (std::size_t i = 0; i < nrow; ++i) words.push_back(i % 3 == 0 ? "" : i % 3 == 1 ? "SKY" : "ABCDE");
  text.values = words;
  table.columns.push_back(text);
  Column flag = column<std::uint8_t>("GOOD", 'L', 1, nrow, 0, 0);
  for (std::size_t i = 0; i < nrow; ++i) std::get<std::vector<std::uint8_t>>(flag.values)[i] = i % 2;
  table.columns.push_back(flag);
  Column bits = column<std::int32_t>("UMASK", 'J', 1, nrow, std::numeric_limits<std::int32_t>::min(), 3);
  bits.zero = 2147483648.0;
  table.columns.push_back(bits);
  Column ids = column<std::int64_t>("UID", 'K', 1, nrow, std::numeric_limits<std::int64_t>::min(), 5);
  ids.zero = 9223372036854775808.0;
  table.columns.push_back(ids);
  Column signed_bytes = column<std::uint8_t>("SBYTE", 'B', 1, nrow, 120, 3);
  signed_bytes.zero = -128;
  table.columns.push_back(signed_bytes);
  return table;
}

Header sample_header() {
  Header header;
  header.set("LONGSTRN", "OGIP 1.0");
  header.set("CAMERA", "R0", "spectrograph camera");
  header.set("EXPID", 51060, "exposure");
  header.set("EXPTIME", 900.0, "[s]");
  header.set("MJD-OBS", 58898.123456789012);
  header.set("TINY", -1.25e-300);
  header.set("DOMEOPEN", true);
  header.set("PROGRAM",
             "it's a long name, longer than what one record of eighty characters can hold, with 'quotes' in it",
             "joined");
  header.append({"COMMENT", "", "  the first of two equal comments"});
  header.append({"COMMENT", "", "  the first of two equal comments"});
  header.append({"HISTORY", "", "made by hand"});
  header.append({"TCS GUIDE FWHM", "1.25", "of the guider"});
  header.append({"UNKNOWN", "", "a value that nobody knows"});
  header.set("AFTER", "last");
  return header;
}

Preproc sample_preproc(std::size_t ny, std::size_t nx) {
  Preproc frame;
  frame.header = sample_header();
  frame.camera = "r0";
  frame.image = Array2<float>({ny, nx});
  frame.ivar = Array2<float>({ny, nx});
  frame.mask = Array2<std::uint32_t>({ny, nx});
  frame.readnoise = Array2<float>({ny, nx});
  fill(frame.image, -3.3, 0.7);
  fill(frame.ivar, 0.0, 0.01);
  fill(frame.readnoise, 2.5, 0.001);
  for (std::size_t i = 0; i < frame.mask.size(); ++i) frame.mask.data()[i] = i % 5 == 0 ? 1u << (i % 32) : 0;
  frame.fibermap = sample_table("FIBERMAP", 11);
  return frame;
}

PsfFile sample_psf(int nspec) {
  PsfFile psf;
  psf.header.set("MJD", 58898);
  psf.camera = "r0";
  psf.nspec = nspec;
  psf.npix_x = 41;
  psf.npix_y = 53;
  psf.hsizex = 4;
  psf.hsizey = 3;
  psf.ghdegx = 2;
  psf.ghdegy = 1;
  psf.psferr = 0.0125;
  psf.wavemin = 5543;
  psf.wavemax = 5577.5;
  const auto n = static_cast<std::size_t>(nspec);
  const auto series = [&](std::size_t ncoeff, double wavemin, double wavemax, double constant) {
    Legendre out;
    out.wavemin = wavemin;
    out.wavemax = wavemax;
    out.coeff = Array2<double>({n, ncoeff});
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < ncoeff; ++k)
        out.coeff(i, k) = k == 0 ? constant + 0.01 * static_cast<double>(i) : 0.001 * static_cast<double>(k + i);
    return out;
  };
  psf.x = series(5, 5543, 5576, 20);
  psf.y = series(4, 5542, 5575, 26);
  psf.sigmax = series(3, psf.wavemin, psf.wavemax, 1.1);
  psf.sigmay = series(3, psf.wavemin, psf.wavemax, 1.3);
  for (int i = 0; i <= psf.ghdegx; ++i)
    for (int j = 0; j <= psf.ghdegy; ++j)
      psf.gh.push_back(series(3, psf.wavemin, psf.wavemax, i == 0 && j == 0 ? 1.0 : 0.1 * i + 0.01 * j));
  for (int i = 0; i < 5; ++i) psf.tail.push_back(series(3, psf.wavemin, psf.wavemax, 0.5 + i));
  psf.has_tail = true;
  return psf;
}

Frame sample_frame(std::size_t nspec, std::size_t nwave, std::size_t ndiag) {
  Frame frame;
  frame.header = sample_header();
  frame.header.set("FLAVOR", "science");
  for (std::size_t j = 0; j < nwave; ++j) frame.wave.push_back(5760 + 0.8 * static_cast<double>(j));
  frame.flux = Array2<float>({nspec, nwave});
  frame.ivar = Array2<float>({nspec, nwave});
  frame.mask = Array2<std::uint32_t>({nspec, nwave});
  frame.resolution = Array3<float>({nspec, ndiag, nwave});
  frame.chi2pix = Array2<float>({nspec, nwave});
  fill(frame.flux, -7.1, 0.3);
  fill(frame.ivar, 1e-3, 1e-4);
  fill(frame.resolution, 0.5, -1e-3);
  fill(frame.chi2pix, 0.9, 1e-3);
  for (std::size_t i = 0; i < frame.mask.size(); ++i) frame.mask.data()[i] = i % 7 == 0 ? 1u << (i % 32) : 0;
  frame.fibermap = sample_table("FIBERMAP", nspec);
  frame.scores = sample_table("SCORES", nspec);
  return frame;
}

SpectraFile sample_spectra(SpectraKind kind) {
  constexpr std::size_t nspec = 5;
  SpectraFile file;
  file.kind = kind;
  file.header = sample_header();
  file.targetid = {39627800000000007, -8, 39627800000000009, -8, 11};
  for (const bool blue : {true, false}) {
    const std::size_t nwave = blue ? 29 : 23, ndiag = blue ? 7 : 3;
    BandSpectra band;
    band.band = blue ? "b" : "z";
    for (std::size_t j = 0; j < nwave; ++j) band.wave.push_back((blue ? 3600 : 7520) + 0.8 * static_cast<double>(j));
    band.flux = Array2<float>({nspec, nwave});
    band.ivar = Array2<float>({nspec, nwave});
    band.resolution = Array3<float>({nspec, ndiag, nwave});
    fill(band.flux, blue ? -7.1 : 100, 0.3);
    fill(band.ivar, 1e-3, 1e-4);
    fill(band.resolution, 0.5, -1e-3);
    if (kind == SpectraKind::coadd) {
      band.mask = Array2<std::uint32_t>({nspec, nwave});
      for (std::size_t i = 0; i < band.mask.size(); ++i) band.mask.data()[i] = i % 7 == 0 ? 1u << (i % 32) : 0;
    }
    file.bands.push_back(std::move(band));
  }
  const auto with_targets = [&](Table table) {
    std::get<std::vector<std::int64_t>>(table.columns.front().values) = file.targetid;
    return table;
  };
  file.fibermap = with_targets(sample_table("FIBERMAP", nspec));
  file.scores = with_targets(sample_table("SCORES", nspec));
  if (kind == SpectraKind::coadd) file.exp_fibermap = sample_table("EXP_FIBERMAP", 11);
  return file;
}

RedshiftResults sample_redshifts() {
  RedshiftResults results;
  results.targetid = {39627800000000007, -8, 12};
  const auto row = [](std::int64_t targetid, double z, const char* spectype, const char* subtype,
                      const std::vector<double>& coeff) {
    RedshiftRow out;
    out.targetid = targetid;
    out.z = z;
    out.zerr = 1.1e-5;
    out.chi2 = 7926.3;
    out.deltachi2 = 1234.7;
    out.npixels = 7926;
    out.spectype = spectype;
    out.subtype = subtype;
    out.fitmethod = "PCA";
    out.coeff = coeff;
    out.ncoeff = static_cast<int>(coeff.size());
    out.zz = {0.5, 1, 1.5};
    out.zzchi2 = {8000, 7926, 8100};
    return out;
  };
  results.zfit = {{row(39627800000000007, 0.123456789012345678, "GALAXY", "", {1, 2, 3})},
                  {row(-8, 2.5, "QSO", "HIZ", {5, 6, 7, 8}), row(-8, 1e-4, "STAR", "A", {5, 4, 3})},
                  {row(12, 0, "GALAXY", "", {})}};
  results.zfit[1][1].znum = 1;
  results.zfit[1][0].zwarn = 4;
  RedshiftRow& none = results.zfit[2][0];
  none.zwarn = 512 | 2;
  none.fitmethod = "NONE";
  none.npixels = 0;
  none.ncoeff = 3;
  none.zerr = -1;
  for (std::size_t i = 0; i < 3; ++i) results.zfit[i][0].model_chi2 = 101.5 + 100 * static_cast<double>(i);
  results.coeff_width = 4;
  results.basis_width = 3;
  results.templates = {{"GALAXY", "2.6", "rrtemplate-GALAXY-None-v2.6.fits"},
                       {"QSO:::HIZ", "1.1", "rrtemplate-QSO-HIZ-v1.1.fits"}};
  results.input_header.set("EXPTIME", 900.0);
  results.input_header.set("SPGRP", "healpix", "grouping");
  results.input_header.set("SPGRPVAL", 27);
  results.input_header.set("HPXNEST", true);
  const auto with_targets = [&](const char* name) {
    Table table = sample_table(name, 3);
    std::get<std::vector<std::int64_t>>(table.columns.front().values) = results.targetid;
    return table;
  };
  results.fibermap = with_targets("FIBERMAP");
  results.exp_fibermap = sample_table("EXP_FIBERMAP", 7);
  results.tsnr2 = with_targets("TSNR2");
  return results;
}

ZscanTable sample_zscan() {
  ZscanTable scan;
  scan.full_type = "QSO:::HIZ";
  scan.redshifts = {1.5, 1.6, 1.75, 1.9, 2.1};
  scan.zchi2 = Array2<float>({3, 5});
  scan.penalty = Array2<float>({3, 5});
  scan.zcoeff = Array3<float>({3, 5, 2});
  fill(scan.zchi2, 9000, -3.25);
  fill(scan.penalty, 0, 0.5);
  fill(scan.zcoeff, -1, 0.125);
  return scan;
}

Provenance sample_provenance() {
  Provenance p;
  p.version = "0.1.0";
  p.revision = "0a9bdb8";
  p.command = "zspex extract -i 'a b.fits' --set path=c:\\new";
  p.host = "node0017";
  p.kokkos = "3.4.0 Serial";
  p.mpi = "Open MPI 4.1.4";
  p.strategy = "patch";
  p.config =
      "extract:\n  psferr: 0.01\n  note: \"it's \\n text, long enough to go on in a second record of the header\"\n";
  p.nranks = 3;
  p.started = "2020-02-19T03:04:05Z";
  p.finished = "2020-02-19T03:05:06Z";
  p.inputs = {"preproc-r0-00051060.fits.gz", "psf-r0-00051060.fits"};
  return p;
}

std::vector<Timing> sample_timing() {
  return {{"extract", "read", 0.5, 0.75, 1.5, 271739520, 0, 1u << 30},
          {"extract", "solve bundles", 10, 11, 12.25, 0, 7, 3}};
}

void expect_same(const Header& a, const Header& b) {
  ASSERT_EQ(a.cards().size(), b.cards().size());
  for (std::size_t i = 0; i < a.cards().size(); ++i) {
    EXPECT_EQ(a.cards()[i].key, b.cards()[i].key) << "card " << i;
    EXPECT_EQ(a.cards()[i].value, b.cards()[i].value) << a.cards()[i].key;
    EXPECT_EQ(a.cards()[i].comment, b.cards()[i].comment) << a.cards()[i].key;
  }
}

void expect_same(const Table& a, const Table& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.nrow, b.nrow);
  ASSERT_EQ(a.columns.size(), b.columns.size());
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    const Column &p = a.columns[i], &q = b.columns[i];
    EXPECT_EQ(p.name, q.name) << "column " << i;
    EXPECT_EQ(p.code, q.code) << p.name;
    EXPECT_EQ(p.repeat, q.repeat) << p.name;
    EXPECT_EQ(p.zero, q.zero) << p.name;
    EXPECT_EQ(p.scale, q.scale) << p.name;
    EXPECT_EQ(p.unit, q.unit) << p.name;
    EXPECT_EQ(p.dim, q.dim) << p.name;
    if (!p.description.empty()) {
      EXPECT_EQ(p.description, q.description) << p.name;
    }
    EXPECT_EQ(p.values, q.values) << p.name;
  }
  expect_same(a.header, b.header);
}

void expect_same(const Frame& a, const Frame& b) {
  EXPECT_EQ(a.wave, b.wave);
  EXPECT_EQ(a.flux, b.flux);
  EXPECT_EQ(a.ivar, b.ivar);
  EXPECT_EQ(a.mask, b.mask);
  EXPECT_EQ(a.resolution, b.resolution);
  EXPECT_EQ(a.chi2pix, b.chi2pix);
  ASSERT_EQ(a.fibermap.has_value(), b.fibermap.has_value());
  ASSERT_EQ(a.scores.has_value(), b.scores.has_value());
  if (a.fibermap) expect_same(*a.fibermap, *b.fibermap);
  if (a.scores) expect_same(*a.scores, *b.scores);
}

void expect_same(const SpectraFile& a, const SpectraFile& b) {
  EXPECT_EQ(a.path, b.path);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.targetid, b.targetid);
  expect_same(a.header, b.header);
  expect_same(a.fibermap, b.fibermap);
  ASSERT_EQ(a.exp_fibermap.has_value(), b.exp_fibermap.has_value());
  ASSERT_EQ(a.scores.has_value(), b.scores.has_value());
  if (a.exp_fibermap) expect_same(*a.exp_fibermap, *b.exp_fibermap);
  if (a.scores) expect_same(*a.scores, *b.scores);
  ASSERT_EQ(a.bands.size(), b.bands.size());
  for (std::size_t i = 0; i < a.bands.size(); ++i) {
    EXPECT_EQ(a.bands[i].band, b.bands[i].band);
    EXPECT_EQ(a.bands[i].wave, b.bands[i].wave);
    EXPECT_EQ(a.bands[i].flux, b.bands[i].flux);
    EXPECT_EQ(a.bands[i].ivar, b.bands[i].ivar);
    EXPECT_EQ(a.bands[i].mask, b.bands[i].mask);
    EXPECT_EQ(a.bands[i].resolution, b.bands[i].resolution);
  }
}

void expect_same(const Legendre& a, const Legendre& b, const std::string& name) {
  EXPECT_EQ(a.coeff, b.coeff) << name;
  EXPECT_EQ(a.wavemin, b.wavemin) << name;
  EXPECT_EQ(a.wavemax, b.wavemax) << name;
}

}  // namespace zspex::io::test
