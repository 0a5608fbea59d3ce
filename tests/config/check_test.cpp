#include "config/check.hpp"

#include "config/redshift_files.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/config/refusal.hpp"

namespace zspex::config {
namespace {

ExtractConfig good_extract() {
  ExtractConfig config;
  config.input = {"a/preproc-r0-1.fits", "a/preproc-r0-2.fits"};
  config.psf = {"psf.fits"};
  config.output = {"frame-1.h5", "frame-2.fits"};
  return config;
}

RedshiftConfig good_redshift() {
  RedshiftConfig config;
  config.input = {"a/coadd-1.fits", "a/coadd-2.fits"};
  config.templates = {"templates/"};
  config.output = "redrock.fits";
  return config;
}

std::string refused(const std::function<void(ExtractConfig&)>& change) {
  ExtractConfig config = good_extract();
  change(config);
  return refusal([&] { check(config); });
}

std::string redshift_refused(const std::function<void(RedshiftConfig&)>& change) {
  RedshiftConfig config = good_redshift();
  change(config);
  return refusal([&] { check(config); });
}

TEST(CheckExtract, LooksAtTheValuesOfEachBand) {
  EXPECT_TRUE(contains(refused([](auto& c) {
                         c.psferr = std::map<char, double>{{'b', 0.04}, {'r', 2}};
                       }),
                       "extract.psferr.r: expected a number >= 0 and <= 1, found 2"));
}

TEST(CheckExtract, LetsGoodOnesPass) {
  EXPECT_NO_THROW(check(good_extract()));
  for (const auto& change : std::vector<std::function<void(ExtractConfig&)>>{
           [](auto& c) { c.output = {"frames/"}; },
           [](auto& c) {
             c.psf = {"p1.fits", "p2.fits"};
           },
           [](auto& c) { c.model = {"models/"}; },
           [](auto& c) {
             c.model = {"m1.fits", "m2.fits.gz"};
           },
           [](auto& c) { c.specmin = 475, c.nspec = 25; },
           [](auto& c) { c.bundlesize = 20, c.nsubbundles = 4, c.specmin = 40, c.nspec = 60; },
           [](auto& c) {
             c.output = {"frame-1.fits.gz", "frame-2.fits.gz"};
           },
           [](auto& c) {
             c.wavelength = WaveRange{5760, 7620, 0.8};
           },
       })
    EXPECT_EQ(refused(change), "(not refused)");
}

TEST(CheckExtract, NeedsInputPsfAndOutput) {
  EXPECT_EQ(
      refused([](auto& c) { c.input.clear(); }),
      "configuration: extract.input: expected preproc files, found none; name them with -i, or a list of them with -l");
  EXPECT_EQ(refused([](auto& c) { c.psf.clear(); }),
            "configuration: extract.psf: expected a PSF file, found none; name it with -p");
  EXPECT_EQ(refused([](auto& c) { c.output.clear(); }),
            "configuration: extract.output: expected a frame file, found none; name it with -o");
}

TEST(CheckExtract, CountsOfFilesAgree) {
  EXPECT_EQ(refused([](auto& c) {
              c.psf = {"1.fits", "2.fits", "3.fits"};
            }),
            "configuration: extract.psf: expected one PSF file, or one for each input (2), found 3");
  EXPECT_EQ(
      refused([](auto& c) { c.output = {"frame.h5"}; }),
      "configuration: extract.output: expected one file for each input (2) or one folder that ends in /, found 1 file");
  EXPECT_TRUE(contains(refused([](auto& c) { c.output.push_back("frame-3.h5"); }), "found 3 files"));
  EXPECT_TRUE(
      contains(refused([](auto& c) { c.model = {"m.fits"}; }), "extract.model: expected one file for each input (2)"));
  EXPECT_TRUE(contains(refused([](auto& c) { c.output = {"x.h5", "frames/"}; }), "found the folder frames/"));
}

TEST(CheckExtract, NoFileIsWrittenTwiceOrOverAnInput) {
  EXPECT_TRUE(contains(refused([](auto& c) {
                         c.output = {"x.h5", "x.h5"};
                       }),
                       "extract.output: expected names that are not in use, found x.h5"));
  EXPECT_TRUE(contains(refused([](auto& c) { c.output = {"x.h5", "y/.././x.h5"}; }), "which is also in output"));
  EXPECT_TRUE(contains(refused([](auto& c) { c.output[0] = "a/preproc-r0-2.fits"; }), "which is also in input"));
  EXPECT_TRUE(contains(refused([](auto& c) { c.output[0] = "./psf.fits"; }), "which is also in psf"));
  EXPECT_TRUE(contains(refused([](auto& c) { c.fibermap = c.output[1]; }), "which is also in fibermap"));
  EXPECT_TRUE(contains(refused([](auto& c) {
                         c.model = {"m.fits", "frame-2.fits"};
                       }),
                       "extract.model: expected names that are not in use"));
  EXPECT_TRUE(contains(refused([](auto& c) {
                         c.input = {"a/preproc.fits", "b/preproc.fits"};
                         c.output = {"frames/"};
                       }),
                       "expected inputs of different names for one folder, found a/preproc.fits and b/preproc.fits"));
}

TEST(CheckExtract, KnowsTheSuffixesOfOutputs) {
  for (const std::string name : {"frame", "frame.txt", "frame.fits.fz", ".fits", "frame.fit", "frame.h5.gz", "frames"})
    EXPECT_TRUE(contains(refused([&](auto& c) { c.output[0] = name; }),
                         "extract.output: expected a name that ends in .fits, .fits.gz or .h5, found " + name))
        << name;
  EXPECT_TRUE(contains(refused([](auto& c) {
                         c.model = {"m.h5", "n.h5"};
                       }),
                       "expected a name that ends in .fits or .fits.gz, found m.h5"));
}

TEST(CheckExtract, FibersAreWholeBundles) {
  EXPECT_EQ(refused([](auto& c) { c.specmin = 30; }),
            "configuration: extract.specmin: expected a multiple of bundlesize (25), found 30; take 25 or 50");
  EXPECT_EQ(refused([](auto& c) { c.nspec = 10; }),
            "configuration: extract.nspec: expected a multiple of bundlesize (25), found 10; take 25");
  EXPECT_TRUE(contains(refused([](auto& c) { c.bundlesize = 20, c.nspec = 25; }),
                       "multiple of bundlesize (20), found 25; take 20 or 40"));
  EXPECT_EQ(refused([](auto& c) { c.nsubbundles = 4; }),
            "configuration: extract.nsubbundles: expected a divisor of bundlesize (25), found 4; sub-bundles have "
            "equal numbers of fibers");
  EXPECT_TRUE(contains(refused([](auto& c) { c.nsubbundles = 50; }), "extract.nsubbundles: "));
}

TEST(CheckExtract, RepeatsTheRangesOfSingleFields) {
  // For configurations that were made in the program and not read.
  EXPECT_TRUE(
      contains(refused([](auto& c) { c.specmin = -25; }), "extract.specmin: expected a whole number >= 0, found -25"));
  EXPECT_TRUE(contains(refused([](auto& c) { c.bundlesize = 0; }), "extract.bundlesize: "));
  EXPECT_TRUE(contains(refused([](auto& c) { c.nsubbundles = 0; }), "extract.nsubbundles: "));
  EXPECT_TRUE(contains(refused([](auto& c) { c.nwavestep = 0; }), "extract.nwavestep: "));
  EXPECT_TRUE(contains(refused([](auto& c) { c.pixpad_frac = 1.1; }), "extract.pixpad_frac: "));
  EXPECT_TRUE(contains(refused([](auto& c) { c.psferr = std::nan(""); }), "extract.psferr: "));
  EXPECT_TRUE(contains(refused([](auto& c) { c.regularize = -1; }), "extract.regularize: "));
  EXPECT_TRUE(contains(refused([](auto& c) {
                         c.wavelength = WaveRange{7620, 5760, 0.8};
                       }),
                       "extract.wavelength: expected wmin < wmax"));
  EXPECT_TRUE(contains(refused([](auto& c) {
                         c.wavelength = WaveRange{5760, 7620, 0};
                       }),
                       "extract.wavelength: expected a step dw > 0"));
  EXPECT_TRUE(contains(refused([](auto& c) { c.solver = static_cast<Solver>(9); }),
                       "extract.solver: expected one of patch, bundle"));
  EXPECT_TRUE(contains(refused([](auto& c) { c.input[0] = ""; }), "extract.input: expected text"));
}

TEST(CheckExtract, SaysWhereTheValueCameFrom) {
  ExtractConfig config = good_extract();
  config.nspec = 26;
  EXPECT_TRUE(contains(refusal([&] {
                         check(config, {{"extract.nspec", "survey.yaml:12"}});
                       }),
                       "survey.yaml:12: extract.nspec: "));
}

TEST(CheckRedshift, LetsGoodOnesPass) {
  for (const auto& change : std::vector<std::function<void(RedshiftConfig&)>>{
           [](auto&) {},
           [](auto& c) { c.output = "redrock.fits.gz", c.details = "details.h5", c.model = "model.fits.gz"; },
           [](auto& c) { c.output = "redshifts.h5", c.model = "model.fits"; },
           [](auto& c) { c.output.clear(), c.details = "details.h5"; },
           [](auto& c) { c.output.clear(), c.model = "model.fits"; },
           [](auto& c) { c.templates.clear(); },  // $RR_TEMPLATE_DIR
           [](auto& c) { c.mintarget = 5, c.ntargets = 10; },
           [](auto& c) {
             c.targetids = {39627652591521181, -7};
           },
           [](auto& c) { c.priors = "priors.fits", c.chi2_scan = "details.h5", c.details = "more.h5"; },
           [](auto& c) {
             c.zscan_galaxy = {-0.005, 1.7, 1e-4};
           },
           [](auto& c) { c.archetypes = {"rrarchetype-galaxy.fits"}, c.archetype_nnearest = 2; },
           [](auto& c) { c.cosmics_nsig = 5; },
           [](auto& c) { c.allspec = true; },
       })
    EXPECT_EQ(redshift_refused(change), "(not refused)");
}

TEST(CheckRedshift, NeedsInputAndSomethingToWrite) {
  EXPECT_EQ(redshift_refused([](auto& c) { c.input.clear(); }),
            "configuration: redshift.input: expected files of spectra, found none; name them with -i, or a list of "
            "them with -l");
  EXPECT_EQ(redshift_refused([](auto& c) { c.output.clear(); }),
            "configuration: redshift.output: expected a file for the redshifts, found none; name it with -o, -d or -m");
}

TEST(CheckRedshift, NoFileIsReadTwice) {
  EXPECT_EQ(redshift_refused([](auto& c) { c.input.push_back("a/./coadd-1.fits"); }),
            "configuration: redshift.input: expected each file once, found a/./coadd-1.fits again; its spectra would "
            "count twice");
}

TEST(CheckRedshift, NoFileIsWrittenTwiceOrOverAnInput) {
  EXPECT_EQ(redshift_refused([](auto& c) { c.output = "a/../a/coadd-2.fits"; }),
            "configuration: redshift.output: expected a name that is not in use, found a/../a/coadd-2.fits, which is "
            "also in input; it would be overwritten");
  EXPECT_TRUE(contains(redshift_refused([](auto& c) {
                         c.templates = {"t1.fits", "redrock.fits"};
                       }),
                       "redshift.output: expected a name that is not in use, found redrock.fits, which is also in "
                       "templates"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.archetypes = {"redrock.fits"}; }),
                       "redshift.output: expected a name that is not in use, found redrock.fits, which is also in "
                       "archetypes"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.priors = "redrock.fits"; }),
                       "redshift.output: expected a name that is not in use, found redrock.fits, which is also in "
                       "priors"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.chi2_scan = c.details = "details.h5"; }),
                       "redshift.details: expected a name that is not in use, found details.h5, which is also in "
                       "chi2_scan"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.output = "x.h5", c.details = "./x.h5"; }),
                       "redshift.details: expected a name that is not in use, found ./x.h5, which is also in output"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.model = "redrock.fits"; }),
                       "redshift.model: expected a name that is not in use, found redrock.fits, which is also in "
                       "output"));
}

TEST(CheckRedshift, KnowsTheSuffixesOfOutputs) {
  for (const std::string name : {"redrock", "redrock.txt", "redrock.fits.fz", ".fits", "redrock.h5.gz"})
    EXPECT_EQ(redshift_refused([&](auto& c) { c.output = name; }),
              "configuration: redshift.output: expected a name that ends in .fits, .fits.gz or .h5, found " + name);
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.details = "details.fits"; }),
                       "redshift.details: expected a name that ends in .h5, found details.fits"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.model = "model.h5"; }),
                       "redshift.model: expected a name that ends in .fits or .fits.gz, found model.h5"));
}

TEST(CheckRedshift, TargetsAreChosenInOneWayAndOnceEach) {
  const std::string both = "redshift.targetids: expected either targetids or mintarget and ntargets, found both";
  EXPECT_TRUE(contains(redshift_refused([](auto& c) {
                         c.targetids = {1};
                         c.mintarget = 5;
                       }),
                       both));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) {
                         c.targetids = {1};
                         c.ntargets = 5;
                       }),
                       both));
  EXPECT_EQ(redshift_refused([](auto& c) {
              c.targetids = {1, -2, 3, -2};
            }),
            "configuration: redshift.targetids: expected each target once, found -2 again; take it out");
}

TEST(CheckRedshift, NearestArchetypesNeedArchetypes) {
  EXPECT_EQ(redshift_refused([](auto& c) { c.archetype_nnearest = 2; }),
            "configuration: redshift.archetype_nnearest: expected 0 without archetypes, found 2; name archetypes with "
            "--archetypes, or take it out");
}

TEST(CheckRedshift, DefaultMinimaHangOnArchetypes) {
  RedshiftConfig config = good_redshift();
  EXPECT_EQ(config.minima(), 3);
  config.archetypes = {"rrarchetype-galaxy.fits"};
  EXPECT_EQ(config.minima(), 9);
  config.nminima = 4;
  EXPECT_EQ(config.minima(), 4);
}

TEST(CheckRedshift, CosmicRaysAreRejectedInCoaddsOnly) {
  EXPECT_EQ(
      redshift_refused([](auto& c) { c.allspec = true, c.cosmics_nsig = 4.5; }),
      "configuration: redshift.cosmics_nsig: expected 0 with allspec, found 4.5; cosmic rays are looked for where "
      "exposures are coadded: take one of the two out");
}

TEST(CheckRedshift, ColumnsAreThoseOfCustomAndErasHaveTheirStrategies) {
  EXPECT_EQ(
      redshift_refused([](auto& c) { c.custom_refine = Place::host; }),
      "configuration: redshift.custom_refine: expected strategy CUSTOM beside this key, found another; set strategy "
      "to CUSTOM, or take the key out");
  EXPECT_EQ(redshift_refused([](auto& c) { c.era = Era::published, c.strategy = StrategyName::gpu_v6; }),
            "configuration: redshift.era: expected today with GPU_V6, found 2021; it was not among the strategies of "
            "2021: take one of the two out");
  RedshiftConfig config = good_redshift();
  config.strategy = StrategyName::custom;
  config.custom_refine = Place::host;
  config.era = Era::published;
  EXPECT_NO_THROW(check(config));
}

TEST(CheckRedshift, PlansNeedNoFilesButTheirNumbers) {
  RedshiftConfig config;
  config.plan_targets = {500, 5000};
  config.plan_table = "plans.csv";
  EXPECT_NO_THROW(check(config));
  config = {};
  config.plan_ranks = {4};
  EXPECT_ANY_THROW(check(config)) << "how many targets?";
  config = {};
  config.plan_frames = {1200};
  EXPECT_NO_THROW(check(config));
  EXPECT_EQ(redshift_refused([](auto& c) {
              c.plan_nodes = {1, 0};
            }),
            "configuration: redshift.plan_nodes: expected numbers from 1 to 1000000, found 0");
  EXPECT_EQ(redshift_refused([](auto& c) { c.plan_table = "plans.csv"; }), "(not refused)");
  EXPECT_EQ(redshift_refused([](auto& c) { c.list = "list.txt", c.input = {}, c.plan_table = "plans.csv"; }),
            "configuration: redshift.plan_table: expected none beside a list, found plans.csv; name one input");
  EXPECT_EQ(redshift_refused([](auto& c) { c.input = {}, c.plan_frames = {1200}, c.plan_table = "plans.csv"; }),
            "configuration: redshift.plan_table: expected an input or plan_targets beside it, found none: frames have "
            "no such "
            "table; name some");
  EXPECT_EQ(redshift_refused([](auto& c) { c.plan_ranks = {4}, c.plan_table = "plans.fits"; }),
            "configuration: redshift.plan_table: expected a name that ends in .csv, found plans.fits");
}

TEST(CheckRedshift, RepeatsTheRangesOfSingleFields) {
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.mintarget = -1; }), "redshift.mintarget: "));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.ntargets = -1; }), "redshift.ntargets: "));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.nminima = -1; }),
                       "redshift.nminima: expected a whole number >= 0 and <= 1000, found -1"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.archetype_legendre_degree = 11; }),
                       "redshift.archetype_legendre_degree: expected a whole number >= 0 and <= 10, found 11"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.archetype_legendre_prior = -1; }),
                       "redshift.archetype_legendre_prior: expected a number >= 0, found -1"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.zminfit_npoints = 2; }),
                       "redshift.zminfit_npoints: expected a whole number >= 3 and <= 1000, found 2"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.negflux_nsig = -5; }), "redshift.negflux_nsig: "));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.cosmics_nsig = std::nan(""); }), "redshift.cosmics_nsig: "));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.memory = 0; }), "redshift.memory: expected a number > 0"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) {
                         c.zscan_qso = {6, 0.05, 5e-4};
                       }),
                       "redshift.zscan_qso: expected -1 < zmin < zmax"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.precision = static_cast<Precision>(9); }),
                       "redshift.precision: expected one of mixed, double"));
  EXPECT_TRUE(contains(redshift_refused([](auto& c) { c.refine = static_cast<Refinement>(9); }),
                       "redshift.refine: expected one of reference, adaptive"));
}

TEST(CheckRedshift, SaysWhereTheValueCameFrom) {
  RedshiftConfig config = good_redshift();
  config.details = "details.fits";
  EXPECT_TRUE(contains(refusal([&] {
                         check(config, {{"redshift.details", "survey.yaml:12"}});
                       }),
                       "survey.yaml:12: redshift.details: "));
}

TEST(CheckMeasure, WritesYaml) {
  EXPECT_NO_THROW(check(MeasureConfig{}));
  EXPECT_TRUE(contains(refusal([] { check(MeasureConfig{.output = "machine.txt", .scratch = ""}); }),
                       "measure.output: expected a name that ends in .yaml, found machine.txt"));
}

TEST(CheckInspect, NeedsAFile) {
  EXPECT_TRUE(contains(refusal([] { check(InspectConfig{}); }), "inspect.file: expected a results file, found none"));
  EXPECT_NO_THROW(check(InspectConfig{.file = "a.h5", .frame = "", .row = {}, .width = 0}));
}

TEST(RunsOf, FoldersHaveFilesForEachInput) {
  RedshiftConfig config;
  config.input = {"a/coadd-1-80605-thru20210205.fits", "b/coadd-2.fits.gz", "b/spectra-3.fits",
                  "cframe-b4-00000001.fits"};
  config.output = "out/";
  config.details = "out/";
  const auto runs = runs_of(config);
  ASSERT_EQ(runs.size(), 4u);
  EXPECT_EQ(runs[0].output, "out/redrock-1-80605-thru20210205.fits");
  EXPECT_EQ(runs[0].input, std::vector<std::string>{config.input[0]});
  EXPECT_EQ(runs[1].output, "out/redrock-2.fits");
  EXPECT_EQ(runs[1].details, "out/rrdetails-2.h5");
  EXPECT_EQ(runs[1].model, "");
  EXPECT_EQ(runs[2].output, "out/redrock-3.fits");
  EXPECT_EQ(runs[3].output, "out/redrock-cframe-b4-00000001.fits");
  config.output = "all.fits";
  config.details = "";
  EXPECT_EQ(runs_of(config).size(), 1u);
  EXPECT_EQ(runs_of(config)[0].input, config.input);
}

}  // namespace
}  // namespace zspex::config
