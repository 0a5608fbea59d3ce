#include "io/template.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "io/detail/fits_writer.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::expect_error;
using test::TempDir;

/// Three basis vectors of seven samples.
TemplateFile sample_template() {
  TemplateFile file;
  file.spectype = "GALAXY";
  file.subtype = "BLUE";
  file.method = "NMF";
  file.igm = "Inoue14";
  file.version = "3.0";
  for (int i = 0; i < 7; ++i) file.wave.push_back(1200 + 0.1 * i);
  file.basis = Array2<double>({3, 7});
  double value = -1;
  for (double& one : file.basis) one = value += 0.37;
  return file;
}

/// The header of a template, one card changed or (with an empty value) left out.
std::string write_with(const std::string& path, const std::string& key = "", const std::string& value = "",
                       const std::vector<double>& redshifts = {}) {
  Header header;
  header.append({"CRVAL1", "1200.0", ""});
  header.append({"CDELT1", "0.5", ""});
  header.append({"RRTYPE", "'galaxy '", ""});
  header.append({"VERSION", "'2.6'", ""});
  header.erase(key);
  if (!value.empty()) header.append({key, value, ""});
  const std::vector<double> basis(2 * 5, 1.5);
  detail::FitsWriter file(path, 0);
  file.image("BASIS_VECTORS", {2, 5}, basis.data(), header);
  if (!redshifts.empty()) file.image("REDSHIFTS", {redshifts.size()}, redshifts.data());
  file.finish();
  return path;
}

TEST(Template, WhatIsWrittenIsReadBack) {
  const TempDir folder;
  TemplateFile file = sample_template();
  for (const bool loglam : {false, true})
    for (const bool grid : {false, true}) {
      file.path = folder / "t.fits";
      file.loglam = loglam;
      for (int i = 0; i < 7; ++i)
        file.wave[static_cast<std::size_t>(i)] = loglam ? std::pow(10.0, 3 + 1e-4 * i) : 1200 + 0.1 * i;
      file.redshifts = grid ? std::vector<double>{-0.1, 0.5, 6.9} : std::vector<double>{};
      write_template(file);
      const TemplateFile back = read_template(file.path);
      EXPECT_EQ(back.path, file.path);
      EXPECT_EQ(back.spectype, "GALAXY");
      EXPECT_EQ(back.subtype, "BLUE");
      EXPECT_EQ(back.method, "NMF");
      EXPECT_EQ(back.igm, "Inoue14");
      EXPECT_EQ(back.version, "3.0");
      EXPECT_EQ(back.loglam, loglam);
      EXPECT_EQ(back.basis, file.basis);
      EXPECT_EQ(back.redshifts, file.redshifts);
      ASSERT_EQ(back.wave.size(), 7u);
      for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(back.wave[i], file.wave[i], 1e-9) << "sample " << i;
    }
}

TEST(Template, WavelengthsAreCrval1PlusMultiplesOfCdelt1) {
  const TempDir folder;
  EXPECT_EQ(read_template(write_with(folder / "t.fits")).wave, (std::vector<double>{1200, 1200.5, 1201, 1201.5, 1202}));
  const auto log = read_template(write_with(folder / "l.fits", "CRVAL1", "3.0")).wave;
  EXPECT_EQ(log[4], 5) << "without LOGLAM they are Angstrom";
  Header header;
  header.set("CRVAL1", 3.0);
  header.set("CDELT1", 1e-4);
  header.set("CRPIX1", 5);  // not looked at
  header.set("LOGLAM", 1);
  header.set("RRTYPE", "STAR");
  const std::vector<float> basis(4, 1.5F);
  detail::FitsWriter file(folder / "n.fits", 0);
  file.image("BASIS_VECTORS", {1, 4}, basis.data(), header);
  file.finish();
  const TemplateFile number = read_template(folder / "n.fits");
  EXPECT_TRUE(number.loglam) << "a number but zero is true too";
  EXPECT_EQ(number.wave[3], std::pow(10.0, 3 + 1e-4 * 3));
  EXPECT_EQ(number.basis(0, 3), 1.5) << "float32 in the file";
}

TEST(Template, WhatIsNotSaidHasADefault) {
  const TempDir folder;
  const TemplateFile file = read_template(write_with(folder / "t.fits"));
  EXPECT_EQ(file.spectype, "GALAXY") << "capitals, stripped";
  EXPECT_EQ(file.subtype, "");
  EXPECT_EQ(file.method, "PCA");
  EXPECT_TRUE(file.redshifts.empty());
  EXPECT_EQ(read_template(write_with(folder / "m.fits", "RRMETHOD", "'nmf'")).method, "NMF");
  EXPECT_EQ(read_template(write_with(folder / "s.fits", "RRSUBTYP", "'hiz'")).subtype, "HIZ");
}

TEST(Template, TheIgmModelHangsOnTypeAndVersion) {
  const TempDir folder;
  const auto igm = [&](const char* type, const char* version, const char* given = nullptr) {
    Header header;
    header.set("CRVAL1", 1200.0);
    header.set("CDELT1", 0.5);
    header.set("RRTYPE", type);
    if (version) header.append({"VERSION", version, ""});
    if (given) header.set("RRIGM", given);
    const std::vector<double> basis(6, 1);
    detail::FitsWriter file(folder / "t.fits", 0);
    file.image("BASIS_VECTORS", {2, 3}, basis.data(), header);
    file.finish();
    return read_template(folder / "t.fits").igm;
  };
  EXPECT_EQ(igm("GALAXY", "'2.6'"), "Calura12");
  EXPECT_EQ(igm("QSO", "'0.1'"), "Calura12");
  EXPECT_EQ(igm("QSO", "'1.0'"), "Calura12");
  EXPECT_EQ(igm("QSO", "'1.1'"), "Kamble20");
  EXPECT_EQ(igm("STAR", "'0.1'"), "None");
  EXPECT_EQ(igm("STAR", nullptr), "None");
  EXPECT_EQ(igm("GALAXY", "'9.9'", "inoue14"), "Inoue14") << "what is said counts";
  EXPECT_EQ(igm("QSO", "'1.1'", "None"), "None");
  for (const char* version : {"'2.5'", "2.6", static_cast<const char*>(nullptr)})
    expect_error([&] { (void)igm("GALAXY", version); }, ExitCode::input, {"t.fits[BASIS_VECTORS]", "RRIGM", "GALAXY"});
  expect_error([&] { (void)igm("QSO", "'1.1'", "Madau95"); }, ExitCode::input, {"RRIGM", "Madau95"});
}

TEST(Template, WhatIsWrongIsNamed) {
  const TempDir folder;
  const std::string path = folder / "t.fits";
  const auto refused = [&](const std::string& key, const std::string& value, const std::vector<std::string>& words) {
    expect_error([&] { (void)read_template(write_with(path, key, value)); }, ExitCode::input, words);
  };
  refused("RRTYPE", "", {"BASIS_VECTORS", "RRTYPE"});
  refused("RRMETHOD", "'ICA'", {"RRMETHOD", "ICA"});
  refused("CRVAL1", "", {"CRVAL1", "none"});
  refused("CRVAL1", "-3.0", {"above 0", "-3"});
  refused("CDELT1", "0.0", {"CDELT1 > 0"});
  refused("CDELT1", "-0.5", {"CDELT1 > 0", "-0.5"});
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& [redshifts, word] : std::vector<std::pair<std::vector<double>, std::string>>{
           {{0, 1, 1}, "index 2"}, {{0, nan, 1}, "nan"}, {{-1, 0, 1}, "index 0"}})
    expect_error([&, &grid = redshifts] { (void)read_template(write_with(path, "", "", grid)); }, ExitCode::input,
                 {"t.fits[REDSHIFTS]", "grow", word});
  TemplateFile file = sample_template();
  file.path = path;
  file.basis(1, 4) = nan;
  write_template(file);
  expect_error([&] { (void)read_template(path); }, ExitCode::input, {"BASIS_VECTORS", "finite", "row 1"});
  detail::FitsWriter other(folder / "other.fits", 0);
  other.image("IMAGE", {2, 3}, std::vector<double>(6).data());
  other.finish();
  expect_error([&] { (void)read_template(folder / "other.fits"); }, ExitCode::input,
               {"other.fits[BASIS_VECTORS]", "IMAGE"});
}

TEST(Template, RedrocksOwnAreRead) {
  const std::string data = test::shared_data();
  if (data.empty()) GTEST_SKIP() << "no ../shared/data";
  const auto hiz = read_template(data + "/templates/rrtemplate-QSO-HIZ-v1.1.fits");
  EXPECT_EQ(hiz.spectype + ":::" + hiz.subtype + " " + hiz.igm, "QSO:::HIZ Kamble20");
  EXPECT_EQ(hiz.basis.shape(), (std::array<std::size_t, 2>{4, 10061}));
  EXPECT_EQ(hiz.redshifts.size(), 1046u);
  EXPECT_TRUE(hiz.loglam);
  const auto star = read_template(data + "/templates/rrtemplate-STAR-CV-v0.1.fits");
  EXPECT_EQ(star.basis.shape(), (std::array<std::size_t, 2>{3, 80001}));
  EXPECT_EQ(star.wave.back(), 3000 + 0.1 * 80000);
  const auto archetypes = read_archetypes(data + "/golden/redrock/rrarchetype-galaxy-test.fits");
  EXPECT_EQ(archetypes.spectype, "GALAXY");
  EXPECT_EQ(archetypes.subtypes.size(), archetypes.flux.extent(0));
  EXPECT_TRUE(archetypes.subtypes[1].ends_with("_1")) << archetypes.subtypes[1];
}

/// $RR_TEMPLATE_DIR while it lives.
class TemplateDir {
 public:
  explicit TemplateDir(const std::optional<std::string>& folder) {
    if (const char* before = std::getenv("RR_TEMPLATE_DIR")) before_ = before;
    set(folder);
  }
  ~TemplateDir() { set(before_); }
  TemplateDir(const TemplateDir&) = delete;
  TemplateDir& operator=(const TemplateDir&) = delete;

 private:
  static void set(const std::optional<std::string>& folder) {
    if (folder)
      setenv("RR_TEMPLATE_DIR", folder->c_str(), 1);
    else
      unsetenv("RR_TEMPLATE_DIR");
  }
  std::optional<std::string> before_;
};

TEST(FindTemplates, AFolderIsItsDefaultListOrAllItsTemplates) {
  const TemplateDir none(std::nullopt);
  const TempDir folder;
  for (const char* name : {"rrtemplate-STAR-A-v0.1.fits", "rrtemplate-GALAXY-None-v2.6.fits", "other.fits", "a.txt"})
    test::write_bytes(folder / name, "x");
  EXPECT_EQ(find_templates({folder.path()}), (std::vector<std::string>{folder / "rrtemplate-GALAXY-None-v2.6.fits",
                                                                       folder / "rrtemplate-STAR-A-v0.1.fits"}));
  test::write_bytes(folder / "templates-default.txt", "other.fits\n");
  EXPECT_EQ(find_templates({folder.path()}), (std::vector<std::string>{folder / "other.fits"}));
  const TemplateDir variable(folder.path());
  EXPECT_EQ(find_templates({}), (std::vector<std::string>{folder / "other.fits"}));
  EXPECT_EQ(find_templates({"rrtemplate-STAR-A-v0.1.fits"}),
            (std::vector<std::string>{folder / "rrtemplate-STAR-A-v0.1.fits"}))
      << "a name that isn't here is looked for there";
}

TEST(FindTemplates, AListSkipsCommentsAndTakesTheFirstWord) {
  const TemplateDir none(std::nullopt);
  const TempDir folder;
  for (const char* name : {"one.fits", "two.fits", "three.fits"}) test::write_bytes(folder / name, "x");
  test::write_bytes(folder / "list.txt", "# templates\n\n x\n  two.fits   the second\r\n" + (folder / "three.fits") +
                                             "\n#no.fits\none.fits");
  EXPECT_EQ(find_templates({folder / "list.txt"}),
            (std::vector<std::string>{folder / "two.fits", folder / "three.fits", folder / "one.fits"}));
  test::write_bytes(folder / "bad.txt", "one.fits\nno.fits\n");
  expect_error([&] { (void)find_templates({folder / "bad.txt"}); }, ExitCode::input, {"bad.txt", "no.fits"});
  test::write_bytes(folder / "empty.txt", "# nothing\n");
  expect_error([&] { (void)find_templates({folder / "empty.txt"}); }, ExitCode::input, {"empty.txt", "none"});
}

TEST(FindTemplates, SeveralFilesAreTakenAsTheyAre) {
  const TemplateDir none(std::nullopt);
  const TempDir folder;
  for (const char* name : {"b.fits", "a.fits"}) test::write_bytes(folder / name, "x");
  EXPECT_EQ(find_templates({folder / "b.fits", folder / "a.fits"}),
            (std::vector<std::string>{folder / "b.fits", folder / "a.fits"}));
  EXPECT_EQ(find_templates({folder / "b.fits"}), (std::vector<std::string>{folder / "b.fits"}));
  expect_error([&] { (void)find_templates({folder / "b.fits", folder / "c.fits"}); }, ExitCode::input, {"c.fits"});
  expect_error([&] { (void)find_templates({folder.path()}); }, ExitCode::input, {folder.path(), "rrtemplate-"});
  try {
    (void)find_templates({});
    ADD_FAILURE() << "no error without any templates";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("RR_TEMPLATE_DIR"), std::string::npos) << error.what();
  }
}

TEST(FindTemplates, ArchetypesAreAFolderOrFiles) {
  const TempDir folder;
  for (const char* name : {"rrarchetype-qso.fits", "rrarchetype-galaxy.fits", "no.fits"})
    test::write_bytes(folder / name, "x");
  EXPECT_EQ(find_archetypes({folder.path()}),
            (std::vector<std::string>{folder / "rrarchetype-galaxy.fits", folder / "rrarchetype-qso.fits"}));
  EXPECT_EQ(find_archetypes({folder / "no.fits"}), (std::vector<std::string>{folder / "no.fits"}));
}

template <class T>
Column column(const char* name, char code, int repeat, std::vector<T> values) {
  Column out;
  out.name = name;
  out.code = code;
  out.repeat = repeat;
  out.values = std::move(values);
  return out;
}

std::string write_one_table(const std::string& path, const Table& table) {
  detail::FitsWriter file(path, 0);
  file.primary({});
  file.table(table);
  file.finish();
  return path;
}

Table archetype_table() {
  Table table;
  table.name = "ARCHETYPES";
  table.nrow = 2;
  table.header.set("CRVAL1", 3.5);
  table.header.set("CDELT1", 1e-4);
  table.header.set("LOGLAM", true);
  table.header.set("RRTYPE", "qso");
  table.header.set("VERSION", "1.2");
  table.columns = {column<float>("ARCHETYPE", 'E', 3, {1, 2, 3, 4, 5, 6}),
                   column<std::string>("SUBTYPE", 'A', 4, {"BAL", "LINE"})};
  return table;
}

TEST(Archetypes, RowsAreNamedAfterTheirPlace) {
  const TempDir folder;
  const ArchetypeFile file = read_archetypes(write_one_table(folder / "a.fits", archetype_table()));
  EXPECT_EQ(file.spectype, "QSO");
  EXPECT_EQ(file.version, "1.2");
  EXPECT_EQ(file.subtypes, (std::vector<std::string>{"BAL_0", "LINE_1"}));
  EXPECT_EQ(file.wave[2], std::pow(10.0, 3.5 + 1e-4 * 2));
  EXPECT_EQ(file.flux, (Array2<double>({2, 3}, {1, 2, 3, 4, 5, 6})));
  Table spoilt = archetype_table();
  spoilt.columns.pop_back();
  expect_error([&] { (void)read_archetypes(write_one_table(folder / "a.fits", spoilt)); }, ExitCode::input,
               {"a.fits[ARCHETYPES]", "SUBTYPE"});
  spoilt = archetype_table();
  spoilt.header.erase("RRTYPE");
  expect_error([&] { (void)read_archetypes(write_one_table(folder / "a.fits", spoilt)); }, ExitCode::input,
               {"ARCHETYPES", "RRTYPE"});
  spoilt = archetype_table();
  std::get<std::vector<float>>(spoilt.columns[0].values)[4] = std::numeric_limits<float>::infinity();
  expect_error([&] { (void)read_archetypes(write_one_table(folder / "a.fits", spoilt)); }, ExitCode::input,
               {"ARCHETYPES", "finite", "row 1"});
}

Table prior_table(const std::string& function) {
  Table table;
  table.name = "PRIORS";
  table.nrow = 2;
  table.columns = {column<std::int64_t>("TARGETID", 'K', 1, {-5, 7}), column<double>("Z", 'D', 1, {0.5, 1.5}),
                   column<float>("SIGMA", 'E', 1, {0.25, 0.125}),
                   column<std::string>("FUNCTION", 'A', 10, {function, "gaussian"})};
  return table;
}

TEST(Priors, TheFirstRowNamesTheFunctionOfAll) {
  const TempDir folder;
  const auto read = [&](const Table& table) { return read_priors(write_one_table(folder / "p.fits", table)); };
  const Priors priors = read(prior_table("tophat"));
  EXPECT_EQ(priors.function, PriorFunction::tophat);
  EXPECT_EQ(priors.targetid, (std::vector<std::int64_t>{-5, 7}));
  EXPECT_EQ(priors.z, (std::vector<double>{0.5, 1.5}));
  EXPECT_EQ(priors.sigma, (std::vector<double>{0.25, 0.125}));
  EXPECT_EQ(read(prior_table("Gaussian")).function, PriorFunction::gaussian);
  EXPECT_EQ(read(prior_table("lorentzien")).function, PriorFunction::lorentzian) << "as Redrock spells it";
  expect_error([&] { (void)read(prior_table("box")); }, ExitCode::input, {"PRIORS.FUNCTION", "box"});
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    Table table = prior_table("tophat");
    std::get<std::vector<float>>(table.columns[2].values)[1] = static_cast<float>(bad);
    expect_error([&] { (void)read(table); }, ExitCode::input, {"PRIORS", "SIGMA > 0", "row 1"});
  }
  Table table = prior_table("tophat");
  table.columns.erase(table.columns.begin() + 1);
  expect_error([&] { (void)read(table); }, ExitCode::input, {"PRIORS.Z"});
  expect_error([&] { (void)read(prior_table("tophat").rows(0, 0)); }, ExitCode::input, {"PRIORS", "rows"});
}

}  // namespace
}  // namespace zspex::io
