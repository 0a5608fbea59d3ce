#include "pipeline/terminal/progress.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "core/format.hpp"

namespace zspex::terminal {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

TEST(Progress, EstimatesTheRestFromTheMeanRate) {
  double now = 100;
  std::ostringstream out;
  Progress progress(out, {Progress::Mode::silent}, "extract", 40, "bundles", [&] { return now; });
  EXPECT_LT(progress.remaining(), 0);  // nothing is known yet
  now += 30;
  progress.update(10);
  EXPECT_DOUBLE_EQ(progress.remaining(), 90);
  progress.finish();
  EXPECT_EQ(out.str(), "");
}

TEST(Progress, RewritesOneLineOnATerminal) {
  double now = 0;
  std::ostringstream out;
  {
    Progress progress(out, {Progress::Mode::terminal}, "extract r0", 100, "bundles", [&] { return now; });
    for (std::size_t done = 1; done <= 100; ++done) {
      now += 0.25;
      progress.update(done);
    }
  }
  const std::string text = out.str();
  EXPECT_EQ(count(text, "\n"), 1u);  // at the end
  EXPECT_EQ(text.back(), '\n');
  EXPECT_EQ(count(text, "\r"), 102u);  // the start, each update, the end
  EXPECT_NE(text.find(" 40 %  40/100 bundles  15 s left"), std::string::npos);
  EXPECT_NE(text.find("100 %  100/100 bundles  in 25 s"), std::string::npos);
}

TEST(Progress, RewritesTheLineTenTimesASecondAtMost) {
  double now = 0;
  std::ostringstream out;
  Progress progress(out, {Progress::Mode::terminal}, "extract r0", 5000, "bundles", [&] { return now; });
  for (std::size_t done = 1; done <= 5000; ++done) {  // ten seconds
    now += 0.002;
    progress.update(done);
  }
  EXPECT_GT(count(out.str(), "\r"), 80u);
  EXPECT_LE(count(out.str(), "\r"), 101u);
}

TEST(Progress, NeverWrapsALine) {
  for (int width : {10, 40, 80, 200})
    for (bool unicode : {false, true}) {
      double now = 0;
      std::ostringstream out;
      Progress progress(out, {Progress::Mode::terminal, width, unicode}, "extract r0-00051060", 123456, "bundles",
                        [&] { return now; });
      for (std::size_t done : {1u, 500u, 123455u, 123456u}) {
        now += 1000;
        progress.update(done);
      }
      progress.finish();
      std::istringstream lines(out.str());
      for (std::string line; std::getline(lines, line, '\r');) {
        line.erase(line.find_last_not_of("\n") + 1);
        EXPECT_LT(display_width(line), static_cast<std::size_t>(width)) << line;
      }
    }
}

TEST(Progress, CoversTheRestOfALongerLine) {
  double now = 0;
  std::ostringstream out;
  Progress progress(out, {Progress::Mode::terminal}, "x", 100, "units", [&] { return now; });
  now = 600;
  progress.update(10);  // "1 h 30 min left"
  now = 601;
  progress.update(99);  // "6.1 s left" is shorter
  std::vector<std::string> lines;
  std::istringstream text(out.str());
  for (std::string line; std::getline(text, line, '\r');) lines.push_back(line);
  ASSERT_GE(lines.size(), 2u);
  EXPECT_GE(lines.back().size(), lines[lines.size() - 2].size());
}

TEST(Progress, WritesFewWholeLinesIntoALog) {
  double now = 0;
  std::ostringstream out;
  Progress progress(out, {Progress::Mode::log}, "extract", 36000, "patches", [&] { return now; });
  for (std::size_t done = 1; done <= 36000; ++done) {  // ten hours, one patch per second
    now += 1;
    progress.update(done);
  }
  progress.finish();
  const std::string text = out.str();
  EXPECT_EQ(count(text, "\r"), 0u);
  // At 10, 30, 70, 150, 310 s, then every five minutes: 5 + 118 and the end.
  EXPECT_EQ(count(text, "\n"), 124u);
  EXPECT_EQ(text.substr(0, text.find('\n')), "extract  0 %  10/36000 patches  10 h 00 min left");
  EXPECT_NE(text.find("extract  100 %  36000/36000 patches  in 10 h 00 min\n"), std::string::npos);
}

TEST(Progress, SaysHundredPercentOnlyWhenAllIsDone) {
  double now = 0;
  std::ostringstream out;
  Progress progress(out, {Progress::Mode::log}, "extract", 1000, "patches", [&] { return now; });
  now = 60;
  progress.update(999);
  EXPECT_NE(out.str().find("99 %"), std::string::npos);
  EXPECT_EQ(out.str().find("100 %"), std::string::npos);
}

TEST(Progress, DoesNotGoBackAndSurvivesAnEmptyJob) {
  double now = 0;
  std::ostringstream out;
  Progress progress(out, {Progress::Mode::silent}, "x", 10, "units", [&] { return now; });
  now = 1;
  progress.update(5);
  progress.update(3);
  EXPECT_DOUBLE_EQ(progress.remaining(), 1);
  progress.update(50);
  EXPECT_DOUBLE_EQ(progress.remaining(), 0);
  std::ostringstream empty;
  {
    Progress nothing(empty, {Progress::Mode::log}, "x", 0, "units", [&] { return now; });
  }
  EXPECT_EQ(empty.str(), "x  100 %  0/0 units  in 0 ms\n");
}

TEST(Progress, MakesRoomForAMessage) {
  double now = 0;
  std::ostringstream out;
  Progress progress(out, {Progress::Mode::terminal}, "x", 10, "units", [&] { return now; });
  progress.clear();
  const std::string before = out.str();
  EXPECT_EQ(before.back(), '\r');
  progress.update(1);  // at once, although no time has passed
  EXPECT_GT(out.str().size(), before.size());
}

}  // namespace
}  // namespace zspex::terminal
