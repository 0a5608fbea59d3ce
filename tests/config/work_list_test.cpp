// Lists of work: what they say, and how mistakes in them are told.
#include "config/work_list.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "config/check.hpp"
#include "config/extract_files.hpp"
#include "config/output_names.hpp"
#include "config/redshift_files.hpp"
#include "config/value.hpp"
#include "tests/config/refusal.hpp"

namespace zspex::config {
namespace {

namespace fs = std::filesystem;
using Files = std::vector<std::string>;

class WorkList : public testing::Test {
 protected:
  WorkList() { fs::create_directories(folder_); }
  ~WorkList() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  RedshiftConfig redshifts(const std::string& text, const std::string& output = "",
                           const std::string& name = "list.txt") const {
    RedshiftConfig config;
    config.list = write(name, text);
    config.output = output;
    return config;
  }
  ExtractConfig frames(const std::string& text, const std::string& name = "list.txt") const {
    ExtractConfig config;
    config.list = write(name, text);
    return config;
  }

  fs::path folder_ = fs::path(testing::TempDir()) / ("zspex_work_list_" + std::to_string(::getpid()));
};

TEST_F(WorkList, ALineIsARun) {
  const auto runs = runs_of(redshifts("# night 1\n a.fits  x.fits # first\r\n\r\nb.fits\ty.h5\n"));
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].input, Files{"a.fits"});
  EXPECT_EQ(runs[0].output, "x.fits");
  EXPECT_EQ(runs[1].input, Files{"b.fits"});
  EXPECT_EQ(runs[1].output, "y.h5");
}

TEST_F(WorkList, FolderOutputsAreNamedAsDesiDoes) {
  auto config = redshifts("a/coadd-1.fits\nb/coadd-2.fits.gz\n", "out/");
  config.details = "details/";
  const auto runs = runs_of(config);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].output, "out/redrock-1.fits");
  EXPECT_EQ(runs[1].output, "out/redrock-2.fits");
  EXPECT_EQ(runs[1].details, "details/rrdetails-2.h5");
}

TEST_F(WorkList, ResultsInAFolderAreNamedAfterTheirInputs) {
  EXPECT_EQ(name_in_folder("out/", "frame", "in/preproc-r0-00051060.fits.fz", ".fits"), "out/frame-r0-00051060.fits");
  EXPECT_EQ(name_in_folder("out/", "model", "in/other.fits.gz", ".fits"), "out/model-other.fits");
  EXPECT_EQ(name_in_folder("out", "rrdetails", "spectra-7.fits", ".h5"), "out/rrdetails-7.h5");
}

TEST_F(WorkList, EqualOutputsAreOneRun) {
  auto config = redshifts("a.fits x.fits\nb.fits\nc.fits x.fits\nd.fits\n", "all.fits");
  config.details = "all.h5";
  const auto runs = runs_of(config);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].input, (Files{"a.fits", "c.fits"}));
  EXPECT_EQ(runs[0].details, "") << "details go with the output beside which they are named";
  EXPECT_EQ(runs[1].input, (Files{"b.fits", "d.fits"}));
  EXPECT_EQ(runs[1].output, "all.fits");
  EXPECT_EQ(runs[1].details, "all.h5");
}

TEST_F(WorkList, AYamlListHoldsWhatAConfigurationCallsTheFiles) {
  const auto runs =
      runs_of(redshifts("- input: [my coadd.fits, b.fits]\n  output: x.h5\n  details: d.h5\n  priors: p.fits\n"
                        "- {input: c.fits, output: y.h5}\n",
                        "", "list.yaml"));
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].input, (Files{"my coadd.fits", "b.fits"}));
  EXPECT_EQ(runs[0].details, "d.h5");
  EXPECT_EQ(runs[0].priors, "p.fits");
  EXPECT_EQ(runs[1].output, "y.h5");
  EXPECT_EQ(runs[1].priors, "");
}

TEST_F(WorkList, FramesHaveTheirPsfs) {
  const auto config = with_frames_of_list(frames("p1.fits psf1.fits f1.fits\np2.fits psf2.fits f2.fits\n"));
  EXPECT_EQ(config.input, (Files{"p1.fits", "p2.fits"}));
  EXPECT_EQ(config.psf, (Files{"psf1.fits", "psf2.fits"}));
  EXPECT_EQ(config.output, (Files{"f1.fits", "f2.fits"}));
  auto shared = frames("- input: p1.fits\n  model: m1.fits\n- input: p2.fits\n  model: m2.fits\n", "list.yaml");
  shared.psf = {"psf.fits"};
  shared.output = {"out/"};
  const auto together = with_frames_of_list(shared);
  EXPECT_EQ(together.psf, Files{"psf.fits"});
  EXPECT_EQ(together.model, (Files{"m1.fits", "m2.fits"}));
  EXPECT_NO_THROW(check(shared));
}

TEST_F(WorkList, MistakesAreToldWithTheirLine) {
  const auto told = [&](const RedshiftConfig& config) { return refusal([&] { check(config); }); };
  EXPECT_TRUE(contains(told(redshifts("a.fits x.fits\nb.fits y.fits z.fits\n")),
                       "list.txt:2: redshift.list: expected COADD [OUTPUT], found 3 words"));
  EXPECT_TRUE(
      contains(told(redshifts("a.fits\n")), "list.txt:1: redshift.list: expected where the redshifts of a.fits go"));
  EXPECT_TRUE(
      contains(told(redshifts("# nothing\n")), "list.txt: redshift.list: expected a run on each line, found none"));
  EXPECT_TRUE(
      contains(told(redshifts("a.fits x.txt\n")),
               "list.txt:1: redshift.output: expected a name that ends in .fits, .fits.gz or .h5, found x.txt"));
  EXPECT_TRUE(
      contains(told(redshifts("a/coadd-1.fits\nb/coadd-1.fits\n", "out/")), "found out/redrock-1.fits, which is also"));
  EXPECT_TRUE(contains(told(redshifts("- {input: a.fits, output: x.fits}\n- {input: b.fits, details: d.h5}\n"
                                      "- {input: [c.fits, d.fits], output: y.fits, details: d.h5}\n",
                                      "", "l.yaml")),
                       "l.yaml:3: redshift.details: expected a name that is not in use, found d.h5, which is also in "
                       "details of "));
  EXPECT_TRUE(contains(
      told(redshifts("a.fits b.fits\nb.fits c.fits\n")),
      "list.txt:1: redshift.output: expected a name that is not in use, found b.fits, which is also in input of "));
  EXPECT_TRUE(contains(told(redshifts("a.fits x.fits\na.fits x.fits\n")),
                       "list.txt:2: redshift.input: expected each file once, found a.fits again"));
  EXPECT_TRUE(
      contains(told(redshifts("input: a.fits\n", "", "l.yaml")), "l.yaml:1: redshift.list: expected a list, found"));
  EXPECT_TRUE(contains(told(redshifts("- input: a\n- outptu: b\n", "", "l.yaml")),
                       "l.yaml:2: redshift.list: expected a key of a run's files, found outptu; did you mean output?"));
  EXPECT_TRUE(
      contains(told(redshifts("- output: b.fits\n", "", "l.yaml")), "expected an input of each run, found none"));
  EXPECT_TRUE(contains(told(redshifts("- {input: a.fits, output: [b.fits, c.fits]}\n", "", "l.yaml")),
                       "l.yaml:1: output: expected one file, found 2"));
  EXPECT_TRUE(
      contains(told(redshifts("- {input: a.fits, output: x.fits, priors: p.fits}\n- {input: b.fits, output: x.fits}\n",
                              "", "l.yaml")),
               "l.yaml:2: priors: expected one for all files that go to x.fits"));
  auto missing = redshifts("a.fits x.fits\n");
  missing.list = folder_ / "nothing.txt";
  EXPECT_TRUE(contains(told(missing), "nothing.txt: expected a list, found none that can be read"));
  auto both = redshifts("a.fits x.fits\n");
  both.input = {"b.fits"};
  EXPECT_TRUE(contains(told(both), "redshift.input: expected none beside a list, found b.fits"));
  EXPECT_TRUE(
      contains(told(redshifts(std::string("SIMPLE\0=", 8))), "expected a list, found something else than text"));
}

TEST_F(WorkList, LinesEndAsOnAnySystem) {
  for (const char* end : {"\n", "\r\n", "\r"}) {
    const std::string text = std::string("\xEF\xBB\xBF") + "a.fits x.fits" + end + "b.fits y.fits" + end;
    const auto runs = runs_of(redshifts(text));
    ASSERT_EQ(runs.size(), 2u);
    EXPECT_EQ(runs[0].input, Files{"a.fits"});
    EXPECT_EQ(runs[1].output, "y.fits");
  }
}

TEST_F(WorkList, TheListItselfIsNoOutput) {
  const auto told = [&](const RedshiftConfig& config) { return refusal([&] { check(config); }); };
  auto report = redshifts("a.fits x.fits\n", "", "list.csv");
  report.report = folder_ / "./list.csv";
  EXPECT_TRUE(contains(told(report), "which is also in list"));
  auto output = redshifts("a.fits\n", folder_ / "list.fits", "list.fits");
  EXPECT_TRUE(contains(told(output), "which is also in list"));
  auto frame = frames("p.fits psf.fits " + (folder_ / "list.fits").string() + "\n", "list.fits");
  EXPECT_TRUE(contains(refusal([&] { check(frame); }), "which is also in list"));
}

TEST_F(WorkList, WhatCanBeReadOnlyOnceIsRefused) {
  auto config = redshifts("a.fits x.fits\n");
  config.list = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(config.list.c_str(), 0600), 0);
  EXPECT_TRUE(contains(refusal([&] { check(config); }), "expected a list, found a pipe or a device"));
  EXPECT_TRUE(contains(refusal([&] { check(redshifts("- {input: a, output: b.h5, output: c.h5}\n", "", "l.yaml")); }),
                       "expected each key of a run once, found output again"));
}

TEST_F(WorkList, FramesSayAllOrNothing) {
  const auto told = [&](ExtractConfig config) { return refusal([&] { check(config); }); };
  EXPECT_TRUE(contains(told(frames("p1.fits psf1.fits f1.fits\np2.fits psf2.fits\n")),
                       "expected output of every frame, or of none, found it of 1 of 2"));
  EXPECT_TRUE(
      contains(told(frames("p1.fits psf1.fits f1.fits\np2.fits psf2.fits f1.fits\n")),
               "list.txt:2: extract.output: expected names that are not in use, found f1.fits, which is also in "
               "output of "));
  EXPECT_TRUE(contains(told(frames("p1.fits psf1.fits f1.fits\np2.fits psf2.fits p1.fits\n")),
                       "list.txt:2: extract.output: expected names that are not in use, found p1.fits"));
  EXPECT_TRUE(
      contains(told(frames("p1.fits psf1.fits f1.txt\n")), "list.txt:1: extract.output: expected a name that ends in"));
  auto twice = frames("p1.fits psf1.fits f1.fits\n");
  twice.output = {"out/"};
  EXPECT_TRUE(contains(told(twice), "extract.output: expected nothing where the list names it"));
  EXPECT_TRUE(contains(told(frames("p1.fits psf1.fits\n")), "expected a frame file, found none"));
}

TEST_F(WorkList, PartsTogetherAreTheList) {
  auto config = redshifts("a.fits\nb.fits x.fits\nc.fits\nd.fits x.fits\ne.fits\n", "out/");
  std::vector<Files> inputs;
  for (config.part = {1, 3}; config.part.index <= 3; ++config.part.index) {
    EXPECT_NO_THROW(check(config));
    for (const auto& run : runs_of(config)) inputs.push_back(run.input);
  }
  // Every third, the files of one output together.
  EXPECT_EQ(inputs, (std::vector<Files>{{"a.fits"}, {"e.fits"}, {"b.fits", "d.fits"}, {"c.fits"}}));
  config.list.clear();
  config.input = {"a.fits", "b.fits", "c.fits"};
  config.part = {2, 2};
  ASSERT_EQ(runs_of(config).size(), 1u);
  EXPECT_EQ(runs_of(config)[0].output, "out/redrock-b.fits") << "files that the command line names have parts, too";
}

TEST_F(WorkList, RunsOfPartsHaveTheirPlaceInTheList) {
  for (int count = 1; count <= 4; ++count)
    for (Part part{1, count}; part.index <= count; ++part.index) {
      const auto mine = part.of(std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6});
      for (std::size_t own = 0; own < mine.size(); ++own)
        EXPECT_EQ(part.place_of(own), mine[own]) << config::write(part);
    }
}

TEST_F(WorkList, PartsOfFramesKeepWhatBelongsTogether) {
  auto listed = frames("p1.fits psf1.fits f1.fits\np2.fits psf2.fits f2.fits\np3.fits psf3.fits f3.fits\n");
  listed.part = {1, 2};
  auto mine = with_frames_of_list(listed);
  EXPECT_EQ(mine.input, (Files{"p1.fits", "p3.fits"}));
  EXPECT_EQ(mine.psf, (Files{"psf1.fits", "psf3.fits"}));
  EXPECT_EQ(mine.output, (Files{"f1.fits", "f3.fits"}));
  listed.part = {2, 2};
  EXPECT_EQ(with_frames_of_list(listed).output, Files{"f2.fits"});
  ExtractConfig shared;
  shared.input = {"p1.fits", "p2.fits"};
  shared.psf = {"psf.fits"};
  shared.output = {"out/"};
  shared.model = {"m1.fits", "m2.fits"};
  shared.part = {2, 2};
  mine = with_frames_of_list(shared);
  EXPECT_EQ(mine.input, Files{"p2.fits"});
  EXPECT_EQ(mine.psf, Files{"psf.fits"}) << "one PSF is that of all";
  EXPECT_EQ(mine.output, Files{"out/"});
  EXPECT_EQ(mine.model, Files{"m2.fits"});
}

TEST_F(WorkList, MistakesInPartsAreTold) {
  const auto told = [](const std::string& text) {
    Part part;
    return refusal([&] { read(scalar(text, "command line"), "redshift.part", {}, part); });
  };
  for (const char* text : {"2", "", "/", "0/2", "1/0", "-1/2", "1/2/3", "one/2", "1 /2", "1/99999999999"})
    EXPECT_TRUE(contains(told(text), "command line: redshift.part: expected I/N, the I-th of N parts, found")) << text;
  EXPECT_TRUE(contains(told("5/4"), "expected a part from 1/4 to 4/4, found \"5/4\"; they are counted from 1"));
  auto config = redshifts("a.fits x.fits\nb.fits y.fits\nc.fits y.fits\n");
  config.part = {1, 3};
  EXPECT_TRUE(
      contains(refusal([&] { check(config); }), "redshift.part: expected no more parts than 2 runs, found 3 parts"));
  auto listed = frames("p1.fits psf1.fits f1.fits\n");
  listed.part = {2, 2};
  EXPECT_TRUE(contains(refusal([&] { check(listed); }), "extract.part: expected no more parts than 1 frame, found 2"));
  // All parts refuse what is wrong with one.
  config = redshifts("a.fits x.fits\nb.fits y.txt\n");
  config.part = {1, 2};
  EXPECT_TRUE(contains(refusal([&] { check(config); }), "found y.txt"));
}

TEST_F(WorkList, TheReportIsATableOfItsOwn) {
  auto config = redshifts("a.fits x.fits\n");
  config.report = "report.txt";
  EXPECT_TRUE(contains(refusal([&] { check(config); }), "redshift.report: expected a name that ends in .csv"));
  config.report = "report.csv";
  EXPECT_NO_THROW(check(config));
}

}  // namespace
}  // namespace zspex::config
