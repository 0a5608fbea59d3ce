// What `zspex simulate` writes for coadds, spectra and templates: which files, and their tables.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <set>
#include <sstream>

#include "core/error.hpp"
#include "io/detail/fits_reader.hpp"
#include "io/model_image.hpp"
#include "simulate/simulate.hpp"
#include "simulate/template_set.hpp"
#include "tests/simulate/run_simulate.hpp"
#include "tests/simulate/small_spectra.hpp"

namespace zspex::simulate {
namespace {

using config::SimulateKind;
namespace fs = std::filesystem;

std::vector<std::string> texts(const io::Table& table, const char* column) {
  return std::get<std::vector<std::string>>(table.find(column)->values);
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SpectraTasks, ThereAreFiveHundredTargetsAFile) {
  auto config = small_spectra_config(SimulateKind::coadds);
  config.ntargets = 1201;
  const auto tasks = plan_spectra(config);
  ASSERT_EQ(tasks.size(), 3u);
  for (int petal = 0; petal < 3; ++petal) {
    const SpectraTask& task = tasks[static_cast<std::size_t>(petal)];
    EXPECT_EQ(task.petal, petal);
    EXPECT_EQ(task.ntargets, (std::array{500, 500, 201}[static_cast<std::size_t>(petal)]));
    EXPECT_EQ(task.spectra, "out/coadd-" + std::to_string(petal) + ".fits");
    EXPECT_EQ(task.truth, "out/truth-" + std::to_string(petal) + ".fits");
  }
  config.kind = SimulateKind::spectra;
  config.compress = config::Compression::gz;
  config.ntargets = 500;
  ASSERT_EQ(plan_spectra(config).size(), 1u);
  EXPECT_EQ(plan_spectra(config)[0].spectra, "out/spectra-0.fits.gz");
}

TEST(SpectraTasks, PetalsHaveTargetsOfTheirOwn) {
  const auto config = small_spectra_config(SimulateKind::coadds);
  std::set<std::int64_t> seen;
  for (const int petal : {0, 1, 9}) {
    const auto made = simulate_spectra(config, {petal, 3, "coadd.fits", "truth.fits"});
    const auto fiber = made.file.fibermap.integers("FIBER", "");
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(seen.insert(made.file.targetid[i]).second) << "petal " << petal;
      EXPECT_EQ(fiber[i], petal * 500 + static_cast<int>(i));
    }
    EXPECT_EQ(made.file.header.integer("PETAL"), petal);
  }
}

TEST(SpectraTables, TruthHasARowATarget) {
  for (const SimulateKind kind : {SimulateKind::coadds, SimulateKind::spectra}) {
    const auto config = small_spectra_config(kind);
    const SimulatedSpectra made = simulate(config);
    const auto targets = targets_of(config);
    ASSERT_EQ(made.truth.nrow, 7u);
    const auto id = made.truth.integers("TARGETID", "");
    const auto z = made.truth.numbers("Z", ""), magnitude = made.truth.numbers("MAG_R", "");
    std::set<std::string> types;
    for (std::size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(id[i], targets[i].targetid);
      EXPECT_EQ(made.file.targetid[i], id[i]);
      EXPECT_EQ(z[i], targets[i].z);
      EXPECT_EQ(magnitude[i], static_cast<float>(targets[i].magnitude));
      EXPECT_EQ(texts(made.truth, "SPECTYPE")[i], targets[i].spectype());
      EXPECT_EQ(texts(made.truth, "SUBTYPE")[i], targets[i].subtype());
      EXPECT_EQ(texts(made.file.fibermap, "OBJTYPE")[i], targets[i].kind == TargetKind::sky ? "SKY" : "TGT");
      types.insert(targets[i].spectype());
    }
    EXPECT_GT(types.size(), 2u) << "or this test would see little";
  }
}

TEST(SpectraTables, SpectraHaveARowATargetAndExposure) {
  auto config = small_spectra_config(SimulateKind::spectra);
  config.nexp = 3;
  config.expid = 12345;
  const io::SpectraFile file = simulate(config).file;
  EXPECT_FALSE(file.exp_fibermap);
  EXPECT_EQ(file.fibermap.find("COADD_NUMEXP"), nullptr);
  const auto expid = file.fibermap.integers("EXPID", ""), night = file.fibermap.integers("NIGHT", "");
  const auto mjd = file.fibermap.numbers("MJD", "");
  ASSERT_EQ(file.fibermap.nrow, 21u);
  for (std::size_t row = 0; row < 21; ++row) {
    EXPECT_EQ(file.targetid[row], file.targetid[row % 7]);
    EXPECT_EQ(expid[row], 12345 + static_cast<int>(row / 7));
    EXPECT_EQ(night[row], config.night);
    if (row >= 7) {
      EXPECT_NEAR(mjd[row] - mjd[row - 7], (config.exptime + 120) / 86400, 1e-9);
    }
  }
  EXPECT_EQ(file.scores->integers("TARGETID", ""), file.targetid);
}

TEST(SpectraTables, ACoaddTellsOfItsExposures) {
  auto config = small_spectra_config(SimulateKind::coadds);
  config.nexp = 3;
  config.exptime = 450;
  config.bad_fibers = 4;
  const io::SpectraFile file = simulate(config).file;
  const auto defects = choose_defects(7, 4);
  ASSERT_EQ(file.fibermap.nrow, 7u);
  EXPECT_EQ(file.fibermap.integers("COADD_NUMEXP", ""), (std::vector<std::int64_t>(7, 3)));
  EXPECT_EQ(file.fibermap.numbers("COADD_EXPTIME", ""), (std::vector<double>(7, 1350)));
  for (const char* name : {"FIBERSTATUS", "EXPID", "NIGHT", "MJD", "EXPTIME", "DELTA_X"})
    EXPECT_EQ(file.fibermap.find(name), nullptr) << name << " differs from exposure to exposure";
  ASSERT_TRUE(file.exp_fibermap);
  const io::Table& exposures = *file.exp_fibermap;
  ASSERT_EQ(exposures.nrow, 21u);
  const auto id = exposures.integers("TARGETID", ""), expid = exposures.integers("EXPID", ""),
             status = exposures.integers("FIBERSTATUS", "");
  const auto coadded = file.fibermap.integers("COADD_FIBERSTATUS", "");
  const auto in_coadd = [&](const char* name) {
    return std::get<std::vector<std::uint8_t>>(exposures.find(name)->values);
  };
  const auto in_b = in_coadd("IN_COADD_B"), in_r = in_coadd("IN_COADD_R"), in_z = in_coadd("IN_COADD_Z");
  for (std::size_t row = 0; row < 21; ++row) {
    const std::size_t target = row / 3;  // a target's exposures one after the other
    EXPECT_EQ(id[row], file.targetid[target]);
    EXPECT_EQ(expid[row], 1 + static_cast<int>(row % 3));
    EXPECT_EQ(status[row], coadded[target]);
    EXPECT_EQ(in_b[row], defects[target] != Defect::no_b);
    EXPECT_EQ(in_r[row], defects[target] != Defect::no_r);
    EXPECT_EQ(in_z[row], defects[target] != Defect::no_z);
  }
}

TEST(SpectraTables, ScoresGrowWithTheSignal) {
  auto config = small_spectra_config(SimulateKind::coadds);
  const auto one = simulate(config).file.scores;
  config.nexp = 8;
  const auto eight = simulate(config).file.scores;
  for (const char* name : {"TSNR2_LRG_R", "TSNR2_LYA_B", "TSNR2_BGS"}) {
    const auto few = one->numbers(name, ""), many = eight->numbers(name, "");
    // Four times the exposures, whose weather differs by a half.
    for (std::size_t i = 0; i < few.size(); ++i) {
      EXPECT_GT(many[i], 2.5 * few[i]) << name;
      EXPECT_LT(many[i], 6 * few[i]) << name;
    }
  }
  for (const char* kind : {"ELG", "LRG", "QSO", "LYA", "BGS"}) {
    const std::string name = std::string("TSNR2_") + kind;
    const auto sum = one->numbers(name, ""), b = one->numbers(name + "_B", ""), r = one->numbers(name + "_R", ""),
               z = one->numbers(name + "_Z", "");
    for (std::size_t i = 0; i < sum.size(); ++i) EXPECT_NEAR(sum[i], b[i] + r[i] + z[i], 1e-6 * sum[i]) << name;
  }
}

/// Runs in a folder of its own. The templates are there already, as small files, so that they need not be made.
class SimulateSpectraRun : public RunSimulateTest {
 protected:
  SimulateSpectraRun() {
    config_ = small_spectra_config(SimulateKind::coadds);
    use("out");
    job_.resume = true;
  }

  void use(const std::string& name) {
    config_.output = folder_ / name;
    fs::create_directories(folder_ / name / "templates");
    for (const TemplatePlan& plan : template_plans())
      io::write_model_image(folder_ / name / "templates" / template_name(plan), Array2<float>({1, 1}), {}, {});
  }
};

TEST_F(SimulateSpectraRun, FilesAreTheSameForAnyNumberOfRanks) {
  config_.ntargets = 502;
  config_.wave_b.wavemax = config_.wave_b.wavemin + 16;
  config_.wave_r.wavemax = config_.wave_r.wavemin + 16;
  config_.wave_z.wavemax = config_.wave_z.wavemin + 16;
  run();
  const fs::path alone = config_.output;
  for (const int nranks : {2, 3}) {
    use("ranks-" + std::to_string(nranks));
    for (int rank = nranks - 1; rank >= 0; --rank) run({rank, nranks});
    std::size_t nfile = 0;
    for (const auto& entry : fs::recursive_directory_iterator(alone)) {
      if (!entry.is_regular_file()) continue;
      ++nfile;
      const fs::path other = config_.output / fs::relative(entry.path(), alone);
      ASSERT_TRUE(fs::exists(other)) << other;
      if (entry.path().extension() == ".yaml") continue;  // it names the folder
      EXPECT_TRUE(contents(entry.path()) == contents(other)) << entry.path().filename() << " differs";
    }
    EXPECT_EQ(nfile, 2u + 2u + 9u + 2u);  // coadds, truths, templates, their list and the configuration
  }
}

TEST_F(SimulateSpectraRun, WritesWhatAFitNeeds) {
  const std::string said = run();
  EXPECT_NE(said.find("7 spectra of 7 targets, 251 bins in 3 bands"), std::string::npos) << said;
  const fs::path out = config_.output;
  const io::SpectraFile file = io::read_spectra(out / "coadd-0.fits");
  EXPECT_EQ(file.kind, io::SpectraKind::coadd);
  EXPECT_EQ(file.targetid.size(), 7u);
  EXPECT_TRUE(file.scores && file.exp_fibermap);
  EXPECT_EQ(file.bands[0].band + file.bands[1].band + file.bands[2].band, "brz");
  io::detail::FitsReader truth(out / "truth-0.fits");
  EXPECT_EQ(truth.table(truth.need("TRUTH")).integers("TARGETID", ""), file.targetid);
  const std::string yaml = contents(out / "redshift.yaml");
  for (const char* part : {"/coadd-0.fits\"", "/templates\"]", "/redshifts.fits\""})
    EXPECT_NE(yaml.find(part), std::string::npos) << yaml;
  config_.kind = SimulateKind::spectra;
  run();
  EXPECT_EQ(io::read_spectra(out / "spectra-0.fits").targetid.size(), 14u);
}

TEST_F(SimulateSpectraRun, ResumeKeepsWhatIsWholeAndMakesTheRest) {
  run();
  const fs::path spectra = fs::path(config_.output) / "coadd-0.fits", truth = fs::path(config_.output) / "truth-0.fits";
  const std::string made = contents(spectra);
  const auto written = fs::last_write_time(spectra);
  EXPECT_NE(run().find("coadd-0.fits  is there already"), std::string::npos);
  EXPECT_EQ(fs::last_write_time(spectra), written);
  std::ofstream(spectra) << "mine";
  EXPECT_EQ(run().find("coadd-0.fits  is there already"), std::string::npos);
  EXPECT_TRUE(contents(spectra) == made) << "a file that is not whole is made again";
  fs::remove(truth);
  run();
  EXPECT_TRUE(contents(spectra) == made) << "a file without its truth is made again";
  EXPECT_TRUE(fs::exists(truth));
  config_.seed += 1;
  const std::string said = run();
  EXPECT_NE(said.find("coadd-0.fits is made again: it is of other settings"), std::string::npos) << said;
  EXPECT_NE(said.find("vsim1.fits  is there already"), std::string::npos) << "templates are of no settings";
  EXPECT_FALSE(contents(spectra) == made);
  job_.resume = false;
  config_.overwrite = false;
  EXPECT_THROW(run(), FileError);
}

TEST_F(SimulateSpectraRun, ADryRunTouchesNothing) {
  config_.output = folder_ / "dry";
  config_.ntargets = 501;
  job_.dry_run = true;
  const std::string said = run();
  for (const char* part : {"coadd-0.fits  500 targets, 2 exposures", "coadd-1.fits  1 targets",
                           "rrtemplate-STAR-WD-vsim1.fits", "11 files"})
    EXPECT_NE(said.find(part), std::string::npos) << said;
  EXPECT_FALSE(fs::exists(config_.output));
}

TEST_F(SimulateSpectraRun, TemplatesAloneGoIntoTheFolderItself) {
  config_ = {};
  config_.kind = SimulateKind::templates;
  config_.output = folder_ / "alone";
  fs::create_directories(config_.output);
  for (const TemplatePlan& plan : template_plans())
    if (plan.subtype != "WD") std::ofstream(fs::path(config_.output) / template_name(plan));
  run();
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(config_.output)) names.insert(entry.path().filename());
  EXPECT_EQ(names.size(), 10u) << "nine templates and their list";
  const io::TemplateFile made = io::read_template(fs::path(config_.output) / "rrtemplate-STAR-WD-vsim1.fits");
  EXPECT_EQ(made.basis.extent(0), 5u);
  EXPECT_EQ(io::find_templates({config_.output}).size(), 9u);
}

}  // namespace
}  // namespace zspex::simulate
