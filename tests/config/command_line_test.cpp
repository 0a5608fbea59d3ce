#include "config/command_line.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "config/schema.hpp"
#include "tests/config/refusal.hpp"

namespace zspex::config {
namespace {

using Words = std::vector<std::string>;

CommandLine parse(const Words& words) {
  std::vector<const char*> argv = {"zspex"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

/// zspex extract with what it needs, and more.
CommandLine extract(Words more) {
  more.insert(more.begin(), {"extract", "-i", "i.fits", "-p", "p.fits", "-o", "o.fits"});
  return parse(more);
}

/// zspex redshift with what it needs, and more.
CommandLine redshift(Words more) {
  more.insert(more.begin(), {"redshift", "-i", "i.fits", "-t", "t.fits", "-o", "o.fits"});
  return parse(more);
}

std::string refused(const Words& words) {
  return refusal([&] { parse(words); });
}

std::string extract_refused(const Words& more) {
  return refusal([&] { extract(more); });
}

std::string redshift_refused(const Words& more) {
  return refusal([&] { redshift(more); });
}

TEST(CommandLine, WithoutItsCheckNoListIsReadAndNoFolderLookedAt) {
  for (const char* job : {"extract", "redshift"}) {
    const char* argv[] = {"zspex", job, "--list", "nothing.txt", "-o", "/tmp"};
    CommandLine line;
    EXPECT_NO_THROW(line = parse_command_line(6, argv, false)) << job;
    EXPECT_TRUE(line.redshift_runs.empty());
    EXPECT_TRUE(line.extract.input.empty());
  }
}

class ConfigFile : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    path_ =
        (std::filesystem::path(testing::TempDir()) / ("zspex_" + name + std::to_string(::getpid()) + ".yaml")).string();
  }
  void TearDown() override { std::filesystem::remove(path_); }
  const std::string& with(const std::string& text) const {
    std::ofstream(path_) << text;
    return path_;
  }
  std::string path_;
};

TEST(CommandLine, ReadsTheReferencesOptions) {
  const CommandLine line = parse({"extract",
                                  "-i",
                                  "i.fits",
                                  "-p",
                                  "p.fits",
                                  "-o",
                                  "f.h5",
                                  "-m",
                                  "m.fits",
                                  "-f",
                                  "map.fits",
                                  "-w",
                                  "5760,7620,0.8",
                                  "-s",
                                  "25",
                                  "-n",
                                  "50",
                                  "-r",
                                  "1e-4",
                                  "--bundlesize",
                                  "25",
                                  "--nsubbundles",
                                  "1",
                                  "--nwavestep",
                                  "40",
                                  "--psferr",
                                  "0.04",
                                  "--pixpad-frac",
                                  "0.5",
                                  "--wavepad",
                                  "11",
                                  "--wavepad-frac",
                                  "0.1",
                                  "--solver",
                                  "bundle",
                                  "--decorrelation",
                                  "noise",
                                  "--no-scores",
                                  "--tails",
                                  "--mask",
                                  "any",
                                  "--device",
                                  "gpu",
                                  "--batch",
                                  "7",
                                  "--no-overwrite",
                                  "--dry-run",
                                  "--resume",
                                  "-v"});
  EXPECT_EQ(line.job, Job::extract);
  const ExtractConfig& config = line.extract;
  EXPECT_EQ(config.input, (Words{"i.fits"}));
  EXPECT_EQ(config.psf, (Words{"p.fits"}));
  EXPECT_EQ(config.output, (Words{"f.h5"}));
  EXPECT_EQ(config.model, (Words{"m.fits"}));
  EXPECT_EQ(config.fibermap, "map.fits");
  ASSERT_TRUE(config.wavelength.all());
  EXPECT_EQ(config.wavelength.all()->wavemin, 5760);
  EXPECT_EQ(config.wavelength.all()->wavemax, 7620);
  EXPECT_EQ(config.wavelength.all()->dwave, 0.8);
  EXPECT_EQ(config.specmin, 25);
  EXPECT_EQ(config.nspec, 50);
  EXPECT_EQ(config.regularize, 1e-4);
  EXPECT_EQ(config.nsubbundles, 1);
  EXPECT_EQ(config.nwavestep, 40);
  EXPECT_EQ(config.psferr.all(), 0.04);
  EXPECT_EQ(config.pixpad_frac, 0.5);
  EXPECT_EQ(config.wavepad, 11);
  EXPECT_EQ(config.wavepad_frac, 0.1);
  EXPECT_EQ(config.solver, Solver::bundle);
  EXPECT_EQ(config.decorrelation, Decorrelation::noise);
  EXPECT_FALSE(config.scores);
  EXPECT_TRUE(config.tails);
  EXPECT_EQ(config.mask, MaskPolicy::any);
  EXPECT_EQ(config.device, Device::gpu);
  EXPECT_EQ(config.batch, 7);
  EXPECT_FALSE(config.overwrite);
  EXPECT_TRUE(line.common.dry_run);
  EXPECT_TRUE(line.common.resume);
  EXPECT_EQ(line.common.verbosity, 1);
  EXPECT_TRUE(line.text.empty());
}

TEST(CommandLine, ReadsRedrocksOptions) {
  const CommandLine line = parse({"redshift",
                                  "-i",
                                  "a.fits",
                                  "b.fits",
                                  "-t",
                                  "t1.fits",
                                  "t2.fits",
                                  "-o",
                                  "z.fits",
                                  "-d",
                                  "d.h5",
                                  "--model",
                                  "m.fits",
                                  "--nminima",
                                  "5",
                                  "--priors",
                                  "p.fits",
                                  "--zminfit-npoints",
                                  "9",
                                  "--allspec",
                                  "--chi2-scan",
                                  "s.h5",
                                  "--targetids",
                                  "39627652591521181,-7",
                                  "--negflux-nsig",
                                  "4",
                                  "--no-skymask",
                                  "--precision",
                                  "double",
                                  "--refine",
                                  "adaptive",
                                  "--memory",
                                  "0.25",
                                  "--zscan-star",
                                  "-0.003,0.003,1e-5",
                                  "--no-overwrite",
                                  "--resume"});
  EXPECT_EQ(line.job, Job::redshift);
  const RedshiftConfig& config = line.redshift;
  EXPECT_EQ(config.input, (Words{"a.fits", "b.fits"}));
  EXPECT_EQ(config.templates, (Words{"t1.fits", "t2.fits"}));
  EXPECT_EQ(config.output, "z.fits");
  EXPECT_EQ(config.details, "d.h5");
  EXPECT_EQ(config.model, "m.fits");
  EXPECT_EQ(config.targetids, (std::vector<std::int64_t>{39627652591521181, -7}));
  EXPECT_EQ(config.nminima, 5);
  EXPECT_EQ(config.zminfit_npoints, 9);
  EXPECT_EQ(config.priors, "p.fits");
  EXPECT_EQ(config.chi2_scan, "s.h5");
  EXPECT_TRUE(config.allspec);
  EXPECT_EQ(config.negflux_nsig, 4);
  EXPECT_FALSE(config.skymask);
  EXPECT_EQ(config.precision, Precision::full);
  EXPECT_EQ(config.refine, Refinement::adaptive);
  EXPECT_EQ(config.memory, 0.25);
  ASSERT_TRUE(config.zscan_star);
  EXPECT_EQ(config.zscan_star->zmin, -0.003);
  EXPECT_FALSE(config.zscan_galaxy);
  EXPECT_FALSE(config.overwrite);
  EXPECT_TRUE(line.common.resume);
  const RedshiftConfig fine =
      redshift({"--archetypes", "a.fits", "b.fits", "--archetype-nnearest", "2", "--archetype-legendre-degree", "3",
                "--no-archetype-legendre-percamera", "--archetype-legendre-prior", "0.2"})
          .redshift;
  EXPECT_EQ(fine.archetypes, (Words{"a.fits", "b.fits"}));
  EXPECT_EQ(fine.archetype_nnearest, 2);
  EXPECT_EQ(fine.archetype_legendre_degree, 3);
  EXPECT_FALSE(fine.archetype_legendre_percamera);
  EXPECT_EQ(fine.archetype_legendre_prior, 0.2);
  const RedshiftConfig part = redshift({"--mintarget", "3", "-n", "7", "--cosmics-nsig", "4.5"}).redshift;
  EXPECT_EQ(part.mintarget, 3);
  EXPECT_EQ(part.ntargets, 7);
  EXPECT_EQ(part.cosmics_nsig, 4.5);
  EXPECT_FALSE(part.resolution);
  EXPECT_EQ(redshift({"--resolution", "2500"}).redshift.resolution->r_fwhm, 2500);
  EXPECT_EQ(redshift({"--resolution", "none"}).redshift.resolution->r_fwhm, 0);
  EXPECT_FALSE(redshift({"--resolution", "none", "--resolution=null"}).redshift.resolution);
}

TEST(CommandLine, RedshiftsMayBeNegative) {
  for (const Words& words : {Words{"--zscan-galaxy", "-0.005,1.7,3e-4"}, Words{"--zscan-galaxy=-0.005,1.7,3e-4"},
                             Words{"--set", "redshift.zscan_galaxy=[-0.005, 1.7, 3e-4]"}}) {
    const auto range = redshift(words).redshift.zscan_galaxy;
    ASSERT_TRUE(range) << words[0];
    EXPECT_EQ(range->zmin, -0.005);
    EXPECT_EQ(range->zmax, 1.7);
    EXPECT_EQ(range->dz, 3e-4);
  }
  EXPECT_EQ(redshift({"--zscan-galaxy", "-.5,1,1e-3"}).redshift.zscan_galaxy->zmin, -0.5);
  EXPECT_FALSE(redshift({"--zscan-galaxy=0,1,1e-3", "--zscan-galaxy=null"}).redshift.zscan_galaxy);
  for (const Words& words : {Words{"--targetids", "-7,8"}, Words{"--targetids=-7,8"}, Words{"--targetids", "-7, 8"}})
    EXPECT_EQ(redshift(words).redshift.targetids, (std::vector<std::int64_t>{-7, 8})) << words.back();
}

TEST(CommandLine, RefusesWrongValuesOfRedshift) {
  EXPECT_EQ(redshift_refused({"--zscan-qso", "0.05,6.0"}),
            "command line, --zscan-qso: redshift.zscan_qso: expected zmin,zmax,dz, found \"0.05,6.0\"; for example "
            "-0.005,1.7,3e-4");
  EXPECT_EQ(redshift_refused({"--targetids", "12,a"}),
            "command line, --targetids: redshift.targetids: expected whole numbers, found \"12,a\"; for example "
            "39627652591521181,39627652591521182");
  EXPECT_EQ(redshift_refused({"--precision", "doubel"}),
            "command line, --precision: redshift.precision: expected one of mixed, double, found \"doubel\"; did you "
            "mean double?");
  EXPECT_EQ(redshift_refused({"--precision", "float"}),
            "command line, --precision: redshift.precision: expected one of mixed, double, found \"float\"");
  EXPECT_TRUE(contains(redshift_refused({"--refine", "reference,adaptive"}), "expected one of reference, adaptive"));
  EXPECT_TRUE(contains(redshift_refused({"--nminima", "-1"}),
                       "redshift.nminima: expected a whole number >= 0 and <= 1000, found -1"));
  EXPECT_TRUE(contains(redshift_refused({"--zscan-galxy=0,1,1e-3"}), "did you mean --zscan-galaxy?"));
  EXPECT_TRUE(contains(redshift_refused({"--template", "x"}), "did you mean --templates?"));
  EXPECT_TRUE(contains(redshift_refused({"--target-ids", "1"}), "did you mean --targetids?"));
  EXPECT_TRUE(contains(redshift_refused({"--psf", "p.fits"}), "it is one of zspex extract"));
  EXPECT_EQ(
      refused({"redshift", "coadd.fits", "-o", "o.fits"}),
      "command line: coadd.fits: expected an option or a configuration file (.yaml), found another word; files of "
      "spectra follow -i");
  EXPECT_EQ(refused({"redshift", "-i", "coadd.fits"}),
            "configuration: redshift.output: expected a file for the redshifts, found none; name it with -o, -d or -m");
}

TEST(CommandLine, ListsTakeSeveralValuesAndRepeat) {
  const CommandLine line = parse({"extract", "-i", "a.fits", "b.fits", "-p", "p.fits", "--input=c.fits", "-o", "x/a.h5",
                                  "x/b.h5", "--output", "x/c.h5"});
  EXPECT_EQ(line.extract.input, (Words{"a.fits", "b.fits", "c.fits"}));
  EXPECT_EQ(line.extract.output, (Words{"x/a.h5", "x/b.h5", "x/c.h5"}));
}

TEST(CommandLine, ValuesMayBeAttached) {
  const CommandLine line =
      extract({"--nspec=25", "-s50", "-w5760,7620,0.8", "--scores=false", "--tails=true", "--psferr=null"});
  EXPECT_EQ(line.extract.nspec, 25);
  EXPECT_EQ(line.extract.specmin, 50);
  EXPECT_EQ(line.extract.wavelength.all()->wavemin, 5760);
  EXPECT_FALSE(line.extract.scores);
  EXPECT_TRUE(line.extract.tails);
  EXPECT_EQ(line.extract.psferr.all(), std::nullopt);
  EXPECT_EQ(extract({"--fibermap=-odd.fits"}).extract.fibermap, "-odd.fits");
  EXPECT_EQ(extract({"--fibermap", "a=b.fits"}).extract.fibermap, "a=b.fits");
  EXPECT_EQ(extract({"--fibermap=a=b.fits"}).extract.fibermap, "a=b.fits");
}

TEST(CommandLine, TheLastOneWins) {
  EXPECT_EQ(extract({"-n", "25", "-n", "50"}).extract.nspec, 50);
  EXPECT_EQ(extract({"-n", "25", "--set", "extract.nspec=75"}).extract.nspec, 75);
  EXPECT_EQ(extract({"--set", "extract.nspec=75", "-n", "25"}).extract.nspec, 25);
  EXPECT_TRUE(extract({"--no-scores", "--scores"}).extract.scores);
  EXPECT_EQ(extract({"-q", "--verbose"}).common.verbosity, 1);
  EXPECT_EQ(extract({"--verbose", "--quiet"}).common.verbosity, -1);
}

TEST(CommandLine, SetIsTypedAndCheckedLikeTheFile) {
  const CommandLine line =
      extract({"--set", "extract.wavepad=12", "--set=extract.input=[a.fits]", "--set",
               "extract.wavelength=[5760, 7620, 0.8]", "--set", "job.verbosity=quiet", "--set", "extract.psferr=null"});
  EXPECT_EQ(line.extract.wavepad, 12);
  EXPECT_EQ(line.extract.input, (Words{"a.fits"}));
  EXPECT_EQ(line.extract.wavelength.all()->dwave, 0.8);
  EXPECT_EQ(line.common.verbosity, -1);
  EXPECT_EQ(extract_refused({"--set", "extract.wavepad=\"12\""}),
            "--set: extract.wavepad: expected a whole number >= 0 and <= 1000, found \"12\"; a value in quotes is "
            "text: take the quotes away");
  EXPECT_EQ(extract_refused({"--set", "extract.wavepad=12.5"}),
            "--set: extract.wavepad: expected a whole number >= 0 and <= 1000, found 12.5");
  EXPECT_EQ(extract_refused({"--set", "extract.wavepad=-1"}),
            "--set: extract.wavepad: expected a whole number >= 0 and <= 1000, found -1");
  EXPECT_TRUE(
      contains(extract_refused({"--set", "extract.wavepad="}), "--set: extract.wavepad: expected a whole number"));
  EXPECT_TRUE(contains(extract_refused({"--set", "extract.input=[a.fits"}), "--set: expected YAML"));
  const std::string stray = extract_refused({"--set", "extract.input=,a.fits"});  // from yaml-cpp 0.9 on no YAML at all
  EXPECT_TRUE(contains(stray, "--set: expected one YAML document") || contains(stray, "--set: expected YAML")) << stray;
}

TEST(CommandLine, SetRefusesUnknownKeysWithTheNearest) {
  EXPECT_EQ(extract_refused({"--set", "extract.wavpad=12"}),
            "--set: extract.wavpad: expected a key like extract.wavepad, found an unknown one; did you mean "
            "extract.wavepad?");
  EXPECT_TRUE(contains(extract_refused({"--set", "wavepad=12"}), "did you mean extract.wavepad?"));
  EXPECT_TRUE(contains(extract_refused({"--set", "extrct.wavepad=12"}), "did you mean extract.wavepad?"));
  EXPECT_TRUE(contains(extract_refused({"--set", "redshift.nminima=3"}), "--set: redshift.nminima: "));
  EXPECT_TRUE(contains(extract_refused({"--set", "simulate.seed=3"}), "found one without effect on zspex extract"));
  EXPECT_TRUE(contains(extract_refused({"--set", "extract.wavepad"}), "expected KEY=VALUE"));
  EXPECT_TRUE(contains(extract_refused({"--set", "=12"}), "expected KEY=VALUE"));
  EXPECT_TRUE(contains(extract_refused({"--set"}), "command line: --set: expected KEY=VALUE after it, found nothing"));
}

TEST(CommandLine, RefusesUnknownOptionsWithTheNearest) {
  EXPECT_EQ(
      extract_refused({"--wavepda", "12"}),
      "command line: --wavepda: expected an option of zspex extract, found an unknown one; did you mean --wavepad? "
      "(zspex extract --help lists all)");
  EXPECT_TRUE(contains(extract_refused({"--nspce=25"}), "command line: --nspce: "));
  EXPECT_TRUE(contains(extract_refused({"--nspce=25"}), "did you mean --nspec?"));
  EXPECT_TRUE(contains(extract_refused({"-input", "x"}), "did you mean --input?"));
  EXPECT_TRUE(contains(extract_refused({"-x", "3"}),
                       "command line: -x: expected an option of zspex extract, found an unknown one"));
  EXPECT_TRUE(contains(extract_refused({"--seed", "3"}), "it is one of zspex simulate"));
  EXPECT_TRUE(contains(extract_refused({"--pixpad_frac", "0.8"}), "did you mean --pixpad-frac?"));
}

TEST(CommandLine, KnowsWhatStandsForTheReferencesOtherOptions) {
  EXPECT_TRUE(contains(extract_refused({"--use-specter"}), "--tails adds the tails of the PSF"));
  EXPECT_TRUE(contains(extract_refused({"--async-io"}), "not needed: reading and writing go on beside"));
  EXPECT_TRUE(contains(redshift_refused({"--no-mpi-abort"}), "not needed: an error on one rank ends the run on all"));
  // Advice is given to jobs that can follow it, and so are the names.
  EXPECT_FALSE(contains(redshift_refused({"--use-specter"}), "--tails"));
  EXPECT_TRUE(contains(redshift_refused({"--decorrelate-fibers"}), "expected an option of zspex redshift"));
  EXPECT_TRUE(contains(refused({"inspect", "f.h5", "--mp", "3"}), "expected an option of zspex inspect"));
}

// The command lines that desispec makes: scripts/proc.py, zproc.py, tile_redshifts_bash.py, qsoqn.py.
TEST(CommandLine, TakesTheCommandLinesOfDesiProductions) {
  const ExtractConfig frame =
      parse({"extract", "-w", "3600.0,5800.0,0.8", "-i", "preproc-b0-00000001.fits.gz", "-p", "psf-b0-00000001.fits",
             "-o", "frame-b0-00000001.fits.gz", "--psferr", "0.04", "--mpi", "--no-gpu"})
          .extract;
  EXPECT_EQ(frame.device, Device::cpu);
  EXPECT_EQ(frame.psferr.all(), 0.04);
  const RedshiftConfig tile = parse({"redshift", "-i", "coadd-0-1.fits", "-o", "redrock-0-1.fits", "-d",
                                     "rrdetails-0-1.h5", "--model", "rrmodel-0-1.fits", "--gpu", "--max-gpuprocs", "4"})
                                  .redshift;
  EXPECT_EQ(tile.strategy, StrategyName::gpu_v6);
  EXPECT_EQ(tile.max_gpu_ranks, 4);
  const RedshiftConfig again =
      parse({"redshift", "--infiles", "coadd-0-1.fits", "--templates", "lo.fits", "hi.fits", "--targetids",
             " -7008279,39", "--priors", "priors.fits", "--details", "again.h5", "--outfile", "again.fits"})
          .redshift;
  EXPECT_EQ(again.input, Words{"coadd-0-1.fits"});
  EXPECT_EQ(again.templates, (Words{"lo.fits", "hi.fits"}));
  EXPECT_EQ(again.targetids, (std::vector<std::int64_t>{-7008279, 39}));
  EXPECT_EQ(again.output, "again.fits");
}

TEST(CommandLine, TakesOtherProgramsNamesOfOptions) {
  const auto extract = [](Words words) {
    words.insert(words.begin(), {"extract", "-i", "i.fits", "-p", "p.fits", "-o", "o.fits"});
    return parse(words);
  };
  const auto redshift = [](Words words) {
    words.insert(words.begin(), {"redshift", "-i", "i.fits", "-o", "o.fits"});
    return parse(words);
  };
  for (const char* option : {"--gpu", "--use-gpu"}) EXPECT_EQ(extract({option}).extract.device, Device::gpu) << option;
  EXPECT_EQ(extract({"--decorrelate-fibers"}).extract.decorrelation, Decorrelation::noise);
  EXPECT_EQ(redshift({"--archetypes-no-legendre"}).redshift.archetype_legendre_degree, 0);
  EXPECT_FALSE(redshift({"--archetype-legendre-percamera", "False"}).redshift.archetype_legendre_percamera);
  EXPECT_TRUE(redshift({"--archetype-legendre-percamera", "True"}).redshift.archetype_legendre_percamera);
  EXPECT_FALSE(redshift({"--archetype-legendre-percamera=False"}).redshift.archetype_legendre_percamera);
  EXPECT_TRUE(redshift({"--no-skymask", "--archetype-legendre-percamera"}).redshift.archetype_legendre_percamera);
  EXPECT_TRUE(contains(redshift_refused({"--no-skymask", "True"}), "expected an option or a configuration file"));
  const std::pair<const char*, int> levels[] = {{"debug", 1},    {"info", 0},  {"INFO", 0},
                                                {"warning", -1}, {"warn", -1}, {"error", -1}};
  for (const auto& [level, verbosity] : levels) {
    EXPECT_EQ(extract({"--loglevel", level}).common.verbosity, verbosity) << level;
    EXPECT_EQ(redshift({std::string("--loglevel=") + level}).common.verbosity, verbosity) << level;
  }
  EXPECT_TRUE(contains(extract_refused({"--loglevel", "loud"}), "found \"loud\""));
}

TEST(CommandLine, SaysThatMpirunDealsProcesses) {
  const CommandLine line = parse({"redshift", "-i", "i.fits", "-o", "o.fits", "--mp", "32", "--ncpu=4", "--mpi"});
  EXPECT_EQ(line.notes, (Words{"--mp 32 is accepted without effect: mpirun -n N deals the work to N processes",
                               "--ncpu 4 is accepted without effect: mpirun -n N deals the work to N processes"}));
  EXPECT_TRUE(contains(redshift_refused({"--mp"}), "expected N after it, found nothing"));
  EXPECT_TRUE(contains(redshift_refused({"--mp", "many"}), "expected a whole number >= 0"));
  EXPECT_TRUE(contains(redshift_refused({"--mpi=yes"}), "expected no value"));
}

TEST(CommandLine, RefusesWrongValuesAndNamesTheOption) {
  EXPECT_EQ(extract_refused({"-n", "many"}),
            "command line, -n: extract.nspec: expected a whole number >= 0, found \"many\"");
  EXPECT_EQ(extract_refused({"--nspec=-25"}),
            "command line, --nspec: extract.nspec: expected a whole number >= 0, found -25");
  EXPECT_EQ(extract_refused({"-n", "-25"}), "command line, -n: extract.nspec: expected a whole number >= 0, found -25");
  EXPECT_TRUE(contains(extract_refused({"--solver", "pach"}),
                       "expected one of patch, bundle, found \"pach\"; did you mean patch?"));
  EXPECT_TRUE(
      contains(extract_refused({"-w", "7620,5760,0.8"}), "command line, -w: extract.wavelength: expected wmin < wmax"));
  EXPECT_TRUE(contains(extract_refused({"--scores=maybe"}), "expected true or false, found \"maybe\""));
  EXPECT_TRUE(contains(extract_refused({"--no-scores=true"}), "expected no value"));
  EXPECT_TRUE(contains(extract_refused({"--quiet=1"}), "expected no value"));
}

TEST(CommandLine, RefusesOptionsWithoutTheirValue) {
  EXPECT_EQ(extract_refused({"-n"}), "command line: -n: expected N after it, found nothing");
  EXPECT_TRUE(contains(extract_refused({"-n", "-s", "0"}), "command line: -n: expected N after it, found -s"));
  EXPECT_TRUE(contains(extract_refused({"--fibermap", "--no-scores"}),
                       "a value that starts with - is given as --fibermap=VALUE"));
  EXPECT_TRUE(contains(refused({"extract", "-i", "-p", "p.fits"}), "-i: expected FILE after it, found -p"));
}

TEST(CommandLine, RefusesStrayWords) {
  EXPECT_TRUE(contains(refused({"extract", "preproc.fits"}),
                       "command line: preproc.fits: expected an option or a configuration file"));
  EXPECT_TRUE(contains(refused({"extract", "preproc.fits"}), "preproc files follow -i"));
  EXPECT_TRUE(
      contains(refused({"simulate", "demo"}), "command line: demo: expected an option or a configuration file"));
  EXPECT_TRUE(contains(refused({"inspect", "a.h5", "b.h5"}), "command line: b.h5: expected one results file"));
}

TEST(CommandLine, RefusesUnknownJobs) {
  EXPECT_TRUE(contains(refused({}), "expected a job (extract, redshift, simulate, inspect or measure), found nothing"));
  EXPECT_EQ(refused({"exract"}), "command line: exract: expected a job, found an unknown word; did you mean extract?");
  EXPECT_EQ(refused({"redshifts"}),
            "command line: redshifts: expected a job, found an unknown word; did you mean redshift?");
  EXPECT_TRUE(contains(refused({"sing"}), "valid are extract, redshift, simulate, inspect, measure"));
  EXPECT_TRUE(contains(refused({"job"}), "expected a job, found an unknown word"));
  EXPECT_TRUE(contains(refused({"-i", "a.fits"}), "expected a job first"));
  EXPECT_TRUE(contains(refused({""}), "expected a job, found an unknown word"));
}

TEST(CommandLine, HelpIsTextAndNothingElseMatters) {
  for (const Words& words : {Words{"--help"}, Words{"-h"}, Words{"help"}}) {
    const CommandLine line = parse(words);
    EXPECT_EQ(line.job, Job::help);
    for (const char* job : {"extract", "redshift", "simulate", "inspect", "measure"})
      EXPECT_TRUE(contains(line.text, std::string("\n  ") + job));
  }
  for (const Words& words : {Words{"extract", "--help"}, Words{"extract", "-h"}, Words{"help", "extract"},
                             Words{"extract", "-n", "26", "-h", "--nonsense"}}) {
    const CommandLine line = parse(words);
    EXPECT_EQ(line.job, Job::help);
    EXPECT_TRUE(contains(line.text, "-w, --wavelength WMIN,WMAX,DW"));
    EXPECT_TRUE(line.resolved_yaml.empty());
  }
}

TEST(CommandLine, VersionIsText) {
  for (const Words& words : {Words{"--version"}, Words{"version"}, Words{"extract", "--version"}}) {
    const CommandLine line = parse(words);
    EXPECT_EQ(line.job, Job::version);
    EXPECT_EQ(line.text, "zspex " + std::string(program_version()) + "\n");
  }
}

TEST(CommandLine, InspectTakesItsFileAsAWord) {
  const CommandLine line = parse({"inspect", "frame.h5", "--row", "7", "--frame", "r0-00051060"});
  EXPECT_EQ(line.job, Job::inspect);
  EXPECT_EQ(line.inspect.file, "frame.h5");
  EXPECT_EQ(line.inspect.row, 7);
  EXPECT_EQ(line.inspect.frame, "r0-00051060");
  EXPECT_EQ(line.inspect.width, 0);
  EXPECT_EQ(parse({"inspect", "--row=7", "--", "-odd.h5"}).inspect.file, "-odd.h5");
  EXPECT_TRUE(contains(refused({"inspect"}), "inspect.file: expected a results file, found none"));
  EXPECT_TRUE(
      contains(refused({"inspect", "a.h5", "--row", "-1"}), "inspect.row: expected a whole number >= 0, found -1"));
}

TEST(CommandLine, ChecksFieldsAgainstEachOther) {
  EXPECT_EQ(extract_refused({"-n", "26"}),
            "command line, -n: extract.nspec: expected a multiple of bundlesize (25), found 26; take 25 or 50");
  EXPECT_TRUE(contains(refused({"simulate"}), "simulate.output: expected a folder, found none; name it with -o"));
  EXPECT_TRUE(contains(refused({"extract", "-p", "p.fits", "-o", "o.fits"}),
                       "configuration: extract.input: expected preproc files"));
}

TEST_F(ConfigFile, StandsBetweenDefaultsAndOptions) {
  const std::string& path = with(
      "job:\n  verbosity: quiet\nextract:\n  input: [a.fits, b.fits]\n  psf: p.fits\n  output: out/\n  nspec: 50\n  "
      "wavepad: 11\n");
  for (const Words& start :
       {Words{"extract", "--config", path}, Words{"extract", path}, Words{"extract", "--config=" + path}}) {
    const CommandLine line = parse(start);
    EXPECT_EQ(line.extract.input, (Words{"a.fits", "b.fits"}));
    EXPECT_EQ(line.extract.nspec, 50);
    EXPECT_EQ(line.extract.nwavestep, 50) << "the default";
    EXPECT_EQ(line.common.verbosity, -1);
  }
  // Options win wherever they stand, and a list of options replaces that of the file.
  const CommandLine line = parse({"extract", "-n", "25", path, "-i", "c.fits", "--set", "extract.wavepad=12", "-v"});
  EXPECT_EQ(line.extract.input, (Words{"c.fits"}));
  EXPECT_EQ(line.extract.nspec, 25);
  EXPECT_EQ(line.extract.wavepad, 12);
  EXPECT_EQ(line.common.verbosity, 1);
}

TEST_F(ConfigFile, IsNamedWithLineWhenItsFieldsContradict) {
  const std::string& path = with("extract:\n  input: a.fits\n  psf: p.fits\n  output: out/\n  specmin: 30\n");
  EXPECT_EQ(refused({"extract", path}),
            path + ":5: extract.specmin: expected a multiple of bundlesize (25), found 30; take 25 or 50");
}

TEST_F(ConfigFile, IsGivenOnce) {
  const std::string& path = with("extract:\n  nspec: 25\n");
  EXPECT_TRUE(contains(refused({"extract", path, "--config", path}), "expected one configuration file, found another"));
  EXPECT_TRUE(
      contains(refused({"extract", "--config", "/nowhere/x.yaml"}), "/nowhere/x.yaml: expected a configuration file"));
}

TEST_F(ConfigFile, OfAnotherJobIsReadAndLeft) {
  const CommandLine line = parse({"inspect", "frame.h5", with("extract:\n  nspec: 26\n")});
  EXPECT_EQ(line.inspect.file, "frame.h5");  // 26 is no multiple of 25, but nothing is extracted
}

TEST_F(ConfigFile, MadeOfTheResolvedConfigurationGivesTheSame) {
  const CommandLine first = parse({"extract",
                                   "-i",
                                   "a b.fits",
                                   "c.fits",
                                   "-p",
                                   "p.fits",
                                   "-o",
                                   "out/",
                                   "-w",
                                   "5760,7620.4,0.8",
                                   "-n",
                                   "25",
                                   "--psferr",
                                   "0.04",
                                   "--no-scores",
                                   "--solver",
                                   "bundle",
                                   "--wavepad-frac",
                                   "0.30000000000000004",
                                   "-q",
                                   "-f",
                                   "#odd: name"});
  const CommandLine second = parse({"extract", with(first.resolved_yaml)});
  EXPECT_EQ(first.resolved_yaml, second.resolved_yaml);
  EXPECT_EQ(second.extract.input, (Words{"a b.fits", "c.fits"}));
  EXPECT_EQ(second.extract.fibermap, "#odd: name");
  EXPECT_EQ(second.extract.wavepad_frac, 0.30000000000000004);
  EXPECT_TRUE(contains(first.resolved_yaml, "  wavelength: [5760, 7620.4, 0.8]\n"));
  EXPECT_TRUE(contains(first.resolved_yaml, "  verbosity: quiet\n"));
  for (const Field* field : fields_of("extract"))
    EXPECT_TRUE(contains(first.resolved_yaml, "\n  " + field->key + ": ")) << field->key;
}

// Every option of every job, so that none is found in the table and missed by the parser.
TEST(CommandLine, EveryFieldCanBeSetByItsOption) {
  for (const Field& field : schema()) {
    if (field.section == "machine") continue;  // has no options
    // Their files are read: see DescribesAMachine, work_list_test.cpp.
    if (field.name() == "redshift.machine" || field.key == "list") continue;
    const std::string job = field.section == "job" ? "inspect" : field.section;
    const Words needed =
        field.key == "archetype_nnearest"  ? Words{"-i", "i.fits", "-o", "o.fits", "--archetypes", "a.fits"}
        : field.key.starts_with("plan_")   ? Words{"-i", "i.fits", "-o", "o.fits", "--dry-run"}
        : field.key.starts_with("custom_") ? Words{"-i", "i.fits", "-o", "o.fits", "--strategy", "CUSTOM"}
        : job == "extract"                 ? Words{"-i", "i.fits", "-p", "p.fits", "-o", "o/"}
        : job == "redshift"                ? Words{"-i", "i.fits", "-o", "o.fits"}
        : job == "simulate"                ? Words{"-o", "out"}
        : job == "measure"                 ? Words{"-o", "machine.yaml"}
                                           : Words{"--file", "f.h5"};
    std::vector<std::pair<Words, std::string>> cases;
    for (const Switch& one : field.switches) cases.push_back({{one.option}, one.value});
    for (const std::string& choice : field.choices) cases.push_back({{field.option(), choice}, choice});
    for (const Alias& alias : field.aliases) {
      for (const auto& [theirs, ours] : alias.words) cases.push_back({{alias.option, theirs}, ours});
    }
    if (field.choices.empty()) {
      const std::string value = field.yaml(Settings{}) == "null" ? "" : field.yaml(Settings{});
      if (field.type == "none or number") {
        cases.push_back({{field.option(), "2500"}, "2500"});
        cases.push_back({{field.option(), "none"}, "none"});
      } else if (field.type.ends_with("number")) {
        cases.push_back({{field.option(), value.empty() ? "0" : value}, value.empty() ? "0" : value});
      }
      if (field.type == "text") {
        const std::string file = field.name() == "redshift.model"                     ? "name.fits"
                                 : field.key == "report" || field.key == "plan_table" ? "name.csv"
                                 : field.name() == "measure.output"                   ? "name.yaml"
                                                                                      : "name.h5";
        cases.push_back({{field.option(), file}, file});
      }
      if (field.type == "I/N") cases.push_back({{field.option(), "1/1"}, "1/1"});
      if (field.type == "list of numbers") cases.push_back({{field.option(), "1,2.5"}, "[1, 2.5]"});
      if (field.type == "list of whole numbers" && field.key == "targetids")
        cases.push_back({{field.option(), "-7,8"}, "[-7, 8]"});
      if (field.type == "list of whole numbers") cases.push_back({{field.option(), "7,8"}, "[7, 8]"});
      if (field.type.starts_with("wmin,wmax,dw, or by band")) {
        cases.push_back({{field.option(), "5760,7620,0.8"}, "[5760, 7620, 0.8]"});
        cases.push_back(
            {{field.option(), "z:7520,9824,0.8,b:3600,5800,0.8"}, "{b: [3600, 5800, 0.8], z: [7520, 9824, 0.8]}"});
        cases.push_back({{field.option(), "desi"}, "desi"});
      }
      if (field.type.starts_with("number, or by band"))
        cases.push_back({{field.option(), "b:0.04,r:0.01,z:0.02"}, "{b: 0.04, r: 0.01, z: 0.02}"});
      if (field.type == "latitude,longitude,height")
        cases.push_back({{field.option(), "-30.2,-70.7,2663"}, "[-30.2, -70.7, 2663]"});
      if (field.type == "zmin,zmax,dz") cases.push_back({{field.option(), "-0.5,7,0.8"}, "[-0.5, 7, 0.8]"});
      if (field.type == "wmin,wmax,dw") cases.push_back({{field.option(), "5760,7620,0.8"}, "[5760, 7620, 0.8]"});
    }
    if (field.takes_many) continue;  // see ListsTakeSeveralValuesAndRepeat; needs agreeing counts
    ASSERT_FALSE(cases.empty()) << field.name();
    for (const auto& [option, expected] : cases) {
      Words words = {job};
      if (field.key != "file") words.insert(words.end(), needed.begin(), needed.end());
      words.insert(words.end(), option.begin(), option.end());
      const std::string resolved = parse(words).resolved_yaml;
      EXPECT_TRUE(contains(resolved, "\n  " + field.key + ": " + expected + "\n")) << option[0] << "\n" << resolved;
    }
  }
}

TEST_F(ConfigFile, DescribesAMachine) {
  const Words words = {"redshift", "-i", "i.fits", "-o", "o.fits"};
  EXPECT_FALSE(parse(words).machine);
  const auto with_machine = [&](const std::string& text) {
    Words more = words;
    more.insert(more.end(), {"--machine", with(text)});
    return more;
  };
  const auto machine = parse(with_machine("machine: {name: big, nodes: 2, gpus: 4, gpu_scan: 123.5}\n")).machine;
  ASSERT_TRUE(machine);
  EXPECT_EQ(machine->name, "big");
  EXPECT_EQ(machine->nodes, 2);
  EXPECT_EQ(machine->gpus, 4);
  EXPECT_EQ(machine->gpu_scan, 123.5);
  EXPECT_EQ(machine->host_scan, MachineConfig().host_scan);
  EXPECT_TRUE(contains(refused(with_machine("job: {resume: true}\n")), "expected this section"));
  EXPECT_TRUE(contains(refused(with_machine("machine: {gpu: 4}\n")), "did you mean gpus?"));
  // Or beside the job's own section.
  EXPECT_EQ(
      parse({"redshift", with("redshift: {input: i.fits, output: o.fits}\nmachine: {ranks: 64}\n")}).machine->ranks,
      64);
}

}  // namespace
}  // namespace zspex::config
