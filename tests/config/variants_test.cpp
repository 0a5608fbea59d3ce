// The ready files of config/ do what they say.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/check.hpp"
#include "config/command_line.hpp"
#include "config/describe.hpp"
#include "config/schema.hpp"
#include "config/yaml_reader.hpp"

namespace zspex::config {
namespace {

const std::filesystem::path folder = std::filesystem::path(ZSPEX_SOURCE_DIR) / "config";

Settings read_variant(const std::string& name) {
  Settings settings;
  read_yaml_file((folder / name).string(), settings);
  return settings;
}

/// Lines of a file that are neither empty nor comments only.
std::vector<std::string> lines_of(const std::string& name) {
  std::ifstream file(folder / name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find_first_not_of(' ');
    if (first != std::string::npos && line[first] != '#') lines.push_back(line);
  }
  return lines;
}

/// The comment that a file starts with.
std::string head_of(const std::string& name) {
  std::ifstream file(folder / name);
  std::string head;
  for (std::string line; std::getline(file, line) && line.starts_with("#");) head += line + "\n";
  return head;
}

/// The job that a file is for: its first section that names one.
std::string job_of(const std::string& name) {
  for (const std::string& line : lines_of(name))
    for (const std::string job : {"extract", "redshift", "simulate", "machine"})
      if (line == job + ":") return job;
  return "";
}

TEST(Variants, EachOneIsReadAndRuns) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    // Studies are not zspex's: tests/scaling/study_test.py reads them.
    if (entry.path().extension() != ".yaml" || entry.path().filename().string().starts_with("study_")) continue;
    ++count;
    const std::string path = entry.path().string(), name = entry.path().filename().string(), job = job_of(name);
    std::vector<const char*> argv = {"zspex", "simulate", path.c_str()};
    if (job == "extract") argv = {"zspex", "extract", path.c_str(), "-i", "i.fits", "-p", "p.fits", "-o", "o.fits"};
    if (job == "redshift") argv = {"zspex", "redshift", path.c_str(), "-i", "i.fits", "-o", "o.fits"};
    if (job == "machine")
      argv = {"zspex", "redshift", "-i", "i.fits", "-o", "o.fits", "--machine", path.c_str(), "--dry-run"};
    EXPECT_NO_THROW({
      const CommandLine line = parse_command_line(static_cast<int>(argv.size()), argv.data());
      EXPECT_EQ(line.machine.has_value(), job == "machine") << name;
    }) << name;
  }
  EXPECT_GE(count, 16u) << folder;
}

TEST(Variants, EachStrategyHasItsFile) {
  using S = StrategyName;
  const std::pair<std::string, S> files[] = {{"cpu", S::cpu},       {"gpu_v1", S::gpu_v1}, {"gpu_v2", S::gpu_v2},
                                             {"gpu_v3", S::gpu_v3}, {"gpu_v4", S::gpu_v4}, {"gpu_v5", S::gpu_v5},
                                             {"gpu_v6", S::gpu_v6}, {"auto", S::automatic}};
  for (const auto& [name, strategy] : files) {
    const Settings settings = read_variant(name + ".yaml");
    EXPECT_EQ(settings.redshift.strategy, strategy) << name;
    // Its knobs stand there with what they are without the file: it only names the strategy.
    for (const Field* field : fields_of("redshift"))
      if (field->key != "strategy") {
        EXPECT_EQ(field->yaml(settings), field->yaml(Settings{})) << name << " " << field->key;
      }
  }
}

// ZSPEX_WRITE_DOCS=1 writes the keys anew, after the file's first comment, instead of comparing them.
TEST(Variants, TheFileOfAJobListsEveryKeyWithItsDefault) {
  for (const std::string job : {"extract", "redshift"}) {
    const std::string name = job + ".yaml";
    std::vector<std::string> expected;
    for (const std::string& section : {std::string("job"), job}) {
      expected.push_back(section + ":");
      for (const std::string& line : commented_defaults(section)) expected.push_back(line);
    }
    if (lines_of(name) != expected && std::getenv("ZSPEX_WRITE_DOCS") != nullptr) {
      const std::string head = head_of(name);
      std::ofstream file(folder / name);
      file << head;
      for (const std::string& line : expected) file << (line.starts_with(" ") ? "" : "\n") << line << "\n";
    }
    EXPECT_EQ(lines_of(name), expected) << "ZSPEX_WRITE_DOCS=1 config_test writes them anew";
    const Settings settings = read_variant(name);
    for (const Field* field : fields_of(job)) {
      EXPECT_EQ(settings.origins.count(field->name()), 1u) << field->name() << " is not in " << name;
      EXPECT_EQ(field->yaml(settings), field->yaml(Settings{})) << field->name();
    }
  }
}

TEST(Variants, ReferenceHasTheReferencesSettings) {
  const ExtractConfig config = read_variant("extract_reference.yaml").extract;
  EXPECT_EQ(config.solver, Solver::patch);
  EXPECT_EQ(config.decorrelation, Decorrelation::signal);
  EXPECT_EQ(config.bundlesize, 25);
  EXPECT_EQ(config.nsubbundles, 5);
  EXPECT_EQ(config.nwavestep, 50);
  EXPECT_EQ(config.wavepad, 10);
  EXPECT_EQ(config.wavepad_frac, 0.2);
  EXPECT_EQ(config.pixpad_frac, 0.8);
  EXPECT_EQ(config.regularize, 0);
  EXPECT_EQ(config.wavelength.rule(), CameraRule::psf);
  EXPECT_EQ(config.psferr.rule(), CameraRule::psf);
  EXPECT_FALSE(config.tails);
  EXPECT_EQ(config.mask, MaskPolicy::any);
}

TEST(Variants, DesisProductionIsWhatDesiProcAsksFor) {
  const ExtractConfig config = read_variant("extract_desi.yaml").extract;
  EXPECT_EQ(config.wavelength.rule(), CameraRule::desi);
  EXPECT_EQ(config.psferr.rule(), CameraRule::desi);
  EXPECT_TRUE(config.barycentric_correction);
  EXPECT_EQ(config.mask, MaskPolicy::desi);
}

TEST(Variants, BundleSolvesWithoutPatches) {
  EXPECT_EQ(read_variant("extract_bundle.yaml").extract.solver, Solver::bundle);
}

TEST(Variants, DemoIsSmallAndFullIsWhole) {
  const SimulateConfig demo = read_variant("simulate_demo.yaml").simulate;
  EXPECT_NO_THROW(check(demo));
  EXPECT_EQ(demo.cameras, (std::vector<std::string>{"r0"}));
  EXPECT_EQ(demo.nspec, 50);
  EXPECT_EQ(demo.wave_r.wavemin, 5760);
  EXPECT_LE(demo.wave_r.wavemax, 6200);
  const SimulateConfig full = read_variant("simulate_full.yaml").simulate;
  EXPECT_NO_THROW(check(full));
  EXPECT_EQ(full.cameras, (std::vector<std::string>{"b0", "r0", "z0"}));
  EXPECT_EQ(full.nspec, 500);
  EXPECT_EQ(full.wave_z.wavemax, 9824);
}

}  // namespace
}  // namespace zspex::config
