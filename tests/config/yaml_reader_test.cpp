#include "config/yaml_reader.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/config/refusal.hpp"

namespace zspex::config {
namespace {

Settings read_text(const std::string& text) {
  Settings settings;
  read_yaml_text(text, "survey.yaml", settings);
  return settings;
}

std::string refused(const std::string& text) {
  return refusal([&] { read_text(text); });
}

/// A folder of its own that goes away.
class YamlFile : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = std::filesystem::path(testing::TempDir()) / ("zspex_config_" + name + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write_file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  std::filesystem::path folder_;
};

TEST(YamlReader, ReadsEverySection) {
  const Settings settings = read_text(R"(# a comment
job:
  verbosity: verbose
  dry_run: true
extract:
  input:
    - a.fits
    - b.fits
  psf: p.fits
  wavelength: [5760, 7620, 0.8]
  nspec: 50
  solver: bundle
  psferr: 0.04
  device: auto
simulate:
  cameras: [r0, z3]
  compress: fz
inspect:
  row: 3
)");
  EXPECT_EQ(settings.job.verbosity, 1);
  EXPECT_TRUE(settings.job.dry_run);
  EXPECT_EQ(settings.extract.input, (std::vector<std::string>{"a.fits", "b.fits"}));
  EXPECT_EQ(settings.extract.psf, (std::vector<std::string>{"p.fits"}));
  EXPECT_EQ(settings.extract.wavelength.all()->wavemax, 7620);
  EXPECT_EQ(settings.extract.nspec, 50);
  EXPECT_EQ(settings.extract.solver, Solver::bundle);
  EXPECT_EQ(settings.extract.psferr.all(), 0.04);
  EXPECT_EQ(settings.extract.device, Device::automatic);
  EXPECT_EQ(settings.extract.wavepad, 10) << "not in the file: the default";
  EXPECT_EQ(settings.simulate.cameras, (std::vector<std::string>{"r0", "z3"}));
  EXPECT_EQ(settings.simulate.compress, Compression::fz);
  EXPECT_EQ(settings.inspect.row, 3);
  EXPECT_EQ(settings.origins.at("extract.nspec"), "survey.yaml:11");
  EXPECT_EQ(settings.origins.count("extract.wavepad"), 0u);
}

TEST(YamlReader, AnEmptySectionIsAllDefaults) {
  EXPECT_EQ(read_text("extract:\n  # nspec: 25\njob:\n  resume: true\n").job.resume, true);
}

TEST(YamlReader, RefusesUnknownKeysWithLineAndNearest) {
  EXPECT_EQ(
      refused("extract:\n  nspec: 25\n\n  # comment\n  sovler: patch\n"),
      "survey.yaml:5: extract.sovler: expected a key of section extract, found an unknown one; did you mean solver?");
  EXPECT_TRUE(contains(refused("extract:\n  Bundlesize: 25\n"), "survey.yaml:2: extract.Bundlesize: "));
  EXPECT_TRUE(contains(refused("extract:\n  pixpad-frac: 0.8\n"), "did you mean pixpad_frac?"));
  EXPECT_TRUE(contains(refused("extract: {nspec: 25,\n  nspecc: 25}\n"), "survey.yaml:2: extract.nspecc: "));
  EXPECT_TRUE(contains(refused("job:\n  temperature: 3\n"), "valid are dry_run, resume, verbosity"));
}

TEST(YamlReader, RefusesKeysOfAnotherSectionAndSaysWhichOne) {
  EXPECT_TRUE(contains(refused("extract:\n  dry_run: true\n"), "survey.yaml:2: extract.dry_run: "));
  EXPECT_TRUE(contains(refused("extract:\n  dry_run: true\n"), "dry_run is a key of section job"));
  EXPECT_TRUE(contains(refused("nspec: 25\n"), "survey.yaml:1: nspec: expected a section"));
  EXPECT_TRUE(contains(refused("nspec: 25\n"), "nspec is a key of section extract, simulate"));
}

TEST(YamlReader, RefusesUnknownSections) {
  EXPECT_EQ(refused("job:\n  resume: true\nextrakt:\n  nspec: 25\n"),
            "survey.yaml:3: extrakt: expected a section, found an unknown word; did you mean extract?");
  EXPECT_EQ(refused("redshifts:\n"),
            "survey.yaml:1: redshifts: expected a section, found an unknown word; did you mean redshift?");
  // Jobs that are planned but not there yet are no exception.
  for (const std::string name : {"run", "scaling"})
    EXPECT_EQ(refused(name + ":\n"),
              "survey.yaml:1: " + name +
                  ": expected a section, found an unknown word; valid are job, extract, redshift, simulate, inspect, "
                  "measure, machine");
}

TEST(YamlReader, RefusesWrongTypesWithLine) {
  EXPECT_EQ(refused("extract:\n  psf: p.fits\n  nspec: many\n"),
            "survey.yaml:3: extract.nspec: expected a whole number >= 0, found \"many\"");
  EXPECT_TRUE(contains(refused("extract:\n  scores: yes\n"),
                       "survey.yaml:2: extract.scores: expected true or false, found \"yes\""));
  EXPECT_TRUE(contains(refused("extract:\n\n  nspec: [25]\n"),
                       "extract.nspec: expected a whole number >= 0, found a list of 1"));
  EXPECT_TRUE(contains(refused("extract:\n  nspec:\n  specmin: 0\n"), "survey.yaml:2: extract.nspec: "));
  EXPECT_TRUE(contains(refused("extract:\n  nspec:\n    value: 25\n"), "survey.yaml:2: extract.nspec: "));
  EXPECT_TRUE(
      contains(refused("extract:\n  fibermap:\n"), "survey.yaml:2: extract.fibermap: expected text, found nothing"));
  EXPECT_TRUE(contains(refused("extract:\n  input:\n    - a.fits\n    - [b.fits]\n"),
                       "survey.yaml:4: extract.input[1]: expected text"));
  EXPECT_TRUE(contains(refused("extract:\n  wavelength:\n    - 5760\n    - x\n    - 0.8\n"),
                       "survey.yaml:4: extract.wavelength: "));
}

TEST(YamlReader, RefusesAliasesWithoutEnd) {
  for (const std::string input : {"&a [*a]", "&a [*a, *a, *a, *a, *a, *a, *a, *a]", "&a {b: *a}", "[&a [x, {y: *a}]]"})
    EXPECT_TRUE(contains(refused("redshift:\n  input: " + input + "\n"), "survey.yaml:2: ")) << input;
  EXPECT_TRUE(contains(refused("redshift:\n  input: &a [*a]\n"), "an alias (*name) may not stand within"));
  // Aliases of something else are as good as writing it twice.
  Settings settings;
  read_yaml_text("redshift: {input: &files [a.fits], templates: *files}\n", "survey.yaml", settings);
  EXPECT_EQ(settings.redshift.templates, settings.redshift.input);
}

TEST(YamlReader, RefusesValuesOutOfRangeWithLine) {
  EXPECT_EQ(refused("extract:\n  nspec: 25\n  specmin: -25\n"),
            "survey.yaml:3: extract.specmin: expected a whole number >= 0, found -25");
  EXPECT_TRUE(contains(refused("extract:\n  pixpad_frac: 1.5\n"),
                       "survey.yaml:2: extract.pixpad_frac: expected a number >= 0 and <= 1"));
  EXPECT_TRUE(contains(refused("simulate:\n  exptime: 0\n"), "survey.yaml:2: simulate.exptime: expected a number > 0"));
  EXPECT_TRUE(contains(refused("extract:\n  wavelength: 7620,5760,0.8\n"),
                       "survey.yaml:2: extract.wavelength: expected wmin < wmax"));
}

TEST(YamlReader, RefusesUnknownChoicesAndNamesThemAll) {
  EXPECT_EQ(refused("extract:\n  solver: pach\n"),
            "survey.yaml:2: extract.solver: expected one of patch, bundle, found \"pach\"; did you mean patch?");
  EXPECT_TRUE(contains(refused("extract:\n  device: [gpu]\n"), "expected one of auto, cpu, gpu, found a list of 1"));
  EXPECT_TRUE(contains(refused("extract:\n  device:\n"), "expected one of auto, cpu, gpu, found nothing"));
}

TEST(YamlReader, RefusesRepeatedKeysAndNamesBothLines) {
  EXPECT_EQ(refused("extract:\n  nspec: 25\n  specmin: 0\n  nspec: 50\n"),
            "survey.yaml:4: extract.nspec: expected each key once, found it again (first at survey.yaml:2); keep one");
  EXPECT_EQ(refused("extract:\n  nspec: 25\njob:\nextract:\n  specmin: 0\n"),
            "survey.yaml:4: extract: expected each key once, found it again (first at survey.yaml:1); keep one");
}

TEST(YamlReader, RefusesWhatIsNoYamlWithItsLine) {
  EXPECT_TRUE(contains(refused("extract:\n  nspec: 25\n  input: [a.fits\n"), "survey.yaml:4: expected YAML"));
  EXPECT_TRUE(contains(refused("extract:\n  nspec: 25\n\tspecmin: 0\n"), "survey.yaml:3: expected YAML"));
  EXPECT_TRUE(contains(refused("extract:\n  nspec: 25\n specmin: 0\n"), "survey.yaml:3: expected YAML"));
  EXPECT_TRUE(contains(refused("extract:\n  psf: *unknown\n"), "survey.yaml:2: expected YAML"));
  EXPECT_TRUE(contains(refused(std::string(100000, '[')), "survey.yaml:1: expected YAML"));
}

TEST(YamlReader, RefusesYamlThatIsNoConfiguration) {
  EXPECT_TRUE(contains(refused(""), "survey.yaml: expected sections, found nothing"));
  EXPECT_TRUE(contains(refused("# only a comment\n"), "survey.yaml: expected sections, found nothing"));
  EXPECT_TRUE(contains(refused("just words\n"), "survey.yaml:1: expected sections, found \"just words\""));
  EXPECT_TRUE(contains(refused("- extract\n"), "survey.yaml:1: expected sections, found a list of 1"));
  EXPECT_TRUE(contains(refused("extract: 5\n"), "survey.yaml:1: extract: expected keys below it, found 5"));
  EXPECT_TRUE(contains(refused("job:\n  resume: true\nextract:\n  - nspec\n"),
                       "survey.yaml:3: extract: expected keys below it, found a list"));
  EXPECT_TRUE(contains(refused("extract:\n  [a, b]: 5\n"), "survey.yaml:2: "));
  EXPECT_TRUE(contains(refused("job:\n---\njob:\n  resume: true\n"), "survey.yaml:2: expected one YAML document"));
  // A comma where none can be sends some readers into an endless loop.
  const std::string stray = refused(", extract:\n  nspec: 25\n");  // from yaml-cpp 0.9 on it is no YAML at all
  EXPECT_TRUE(contains(stray, "survey.yaml:1: expected one YAML document") ||
              contains(stray, "survey.yaml:1: expected YAML"))
      << stray;
  EXPECT_TRUE(contains(refused("]\n"), "survey.yaml:1: expected "));
}

TEST(YamlReader, ChecksSectionsOfOtherJobsToo) {
  EXPECT_TRUE(
      contains(refused("extract:\n  nspec: 25\nsimulate:\n  nspec: 1000\n"), "survey.yaml:4: simulate.nspec: "));
}

TEST_F(YamlFile, IsNamedInMessages) {
  const std::string path = write_file("my survey.yaml", "extract:\n  nspec: x\n");
  Settings settings;
  EXPECT_TRUE(contains(refusal([&] { read_yaml_file(path, settings); }), path + ":2: extract.nspec: "));
}

TEST_F(YamlFile, WithWindowsLineEndsIsRead) {
  Settings settings;
  read_yaml_file(write_file("dos.yaml", "extract:\r\n  nspec: 25\r\n  psf: p.fits\r\n"), settings);
  EXPECT_EQ(settings.extract.nspec, 25);
  EXPECT_EQ(settings.extract.psf, (std::vector<std::string>{"p.fits"}));
}

TEST_F(YamlFile, ThatIsMissingAFolderOrNoTextIsRefused) {
  Settings settings;
  const auto refused_file = [&](const std::string& path) { return refusal([&] { read_yaml_file(path, settings); }); };
  const std::string missing = (folder_ / "missing.yaml").string();
  EXPECT_EQ(refused_file(missing),
            missing + ": expected a configuration file, found none that can be read; check name and permissions");
  EXPECT_TRUE(contains(refused_file(folder_.string()), "found a folder"));
  EXPECT_TRUE(contains(refused_file(write_file("binary.yaml", std::string("extract:\0", 9))), "zero bytes"));
  EXPECT_TRUE(contains(refused_file(write_file("large.yaml", std::string(2 << 20, '#'))), "more than 1 MiB"));
  EXPECT_TRUE(contains(refused_file(write_file("empty.yaml", "")), "found nothing"));
}

}  // namespace
}  // namespace zspex::config
