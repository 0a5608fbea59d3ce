#include "pipeline/terminal/text_plot.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <vector>

#include "core/format.hpp"

namespace zspex::terminal {
namespace {

struct Curve {
  std::vector<double> x, y;
  std::vector<std::uint8_t> good;
};

Curve flat(std::size_t n, double value = 100) {
  Curve curve;
  for (std::size_t i = 0; i < n; ++i) curve.x.push_back(5760 + 0.8 * static_cast<double>(i));
  curve.y.assign(n, value);
  curve.good.assign(n, 1);
  return curve;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> draw(const Curve& curve, bool unicode, int width = 80, int height = 10) {
  PlotStyle style;
  style.unicode = unicode;
  style.width = width;
  style.height = height;
  return lines_of(text_plot(curve.x, curve.y, curve.good, style));
}

/// Column of the only character of `marks` in a line.
std::size_t column_of(const std::string& line, const std::string& marks) {
  const std::size_t at = line.find_first_of(marks);
  return at == std::string::npos ? at : display_width(line.substr(0, at));
}

TEST(TextPlot, FitsTheWidth) {
  Curve curve = flat(2326);
  for (std::size_t i = 0; i < curve.y.size(); ++i) {
    curve.y[i] += 50 * std::sin(static_cast<double>(i) / 77);
    curve.good[i] = i % 91 != 0;
  }
  for (bool unicode : {true, false})
    for (int width : {40, 80, 133})
      for (double scale : {1.0, 1e-17, 1e12}) {
        Curve scaled = curve;
        for (double& y : scaled.y) y *= scale;
        const auto lines = draw(scaled, unicode, width);
        ASSERT_EQ(lines.size(), 10u + 3u);  // the curve, the axis, the marks, the numbers
        std::size_t widest = 0;
        for (const std::string& line : lines) widest = std::max(widest, display_width(line));
        EXPECT_LE(widest, static_cast<std::size_t>(width));
        EXPECT_GE(widest, static_cast<std::size_t>(width) - 1);
      }
}

TEST(TextPlot, AsciiIsAscii) {
  const Curve curve = flat(100);
  PlotStyle style;
  style.unicode = false;
  style.x_label = "wavelength (Angstrom)";
  for (char c : text_plot(curve.x, curve.y, curve.good, style)) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(TextPlot, ALineOfOneBinIsSeenAtItsPlaceAndHeight) {
  for (std::size_t peak : {0u, 100u, 1163u, 2325u}) {
    Curve curve = flat(2326);
    curve.y[peak] = 300;
    for (std::size_t i = 0; i < 60; ++i) curve.y[(peak + 400 + i) % 2326] = 300;  // so that it does not stick out alone
    const auto lines = draw(curve, false);
    const std::size_t expected = 6 + static_cast<std::size_t>(74 * (static_cast<double>(peak) + 0.5) / 2326);
    const char top = lines[0].size() > expected ? lines[0][expected] : ' ';
    EXPECT_NE(top, ' ') << "peak " << peak << "\n" << lines[0];
  }
}

TEST(TextPlot, RisingCurveRises) {
  Curve curve = flat(200);
  for (std::size_t i = 0; i < curve.y.size(); ++i) curve.y[i] = static_cast<double>(i);
  const auto lines = draw(curve, false);
  // In the lowest line the curve stands at the left, in the highest at the right.
  EXPECT_LT(column_of(lines[9].substr(6), ".:'"), 2u);
  EXPECT_GT(column_of(lines[0].substr(6), ".:'"), 60u);
  std::size_t before = 100;
  for (std::size_t row = 0; row < 10; ++row) {
    const std::size_t column = column_of(lines[row].substr(6), ".:'");
    EXPECT_LT(column, before) << row;
    before = column;
  }
}

TEST(TextPlot, LabelsStandWhereTheirValuesAre) {
  const Curve curve = flat(2326);
  const auto lines = draw(curve, false);
  const std::string &axis = lines[10], &numbers = lines[11];
  for (double wave : {6000.0, 6500.0, 7000.0, 7500.0}) {
    const std::string label = std::to_string(static_cast<int>(wave));
    const std::size_t at = numbers.find(label);
    ASSERT_NE(at, std::string::npos) << numbers;
    const std::size_t mark = at + 2;
    EXPECT_EQ(axis[mark], '+') << axis;
    // 74 columns between 5759.6 and 7620.4.
    EXPECT_NEAR(static_cast<double>(mark) - 6, (wave - 5759.6) / 1860.8 * 74, 1.0);
  }
}

TEST(TextPlot, MaskedBinsAreMarkedAndNotDrawn) {
  Curve curve = flat(1000);
  for (std::size_t i = 0; i < 300; ++i) curve.y[i] = 90;  // some height
  for (std::size_t i = 500; i < 600; ++i) {
    curve.good[i] = 0;
    curve.y[i] = 1e9;  // would dwarf all else
  }
  curve.good[100] = 0;
  curve.y[800] = std::numeric_limits<double>::quiet_NaN();
  const auto lines = draw(curve, false);
  const std::string& mask = lines[11];
  EXPECT_EQ(mask.substr(0, 4), "mask");
  const auto column = [](std::size_t bin) { return 6 + bin * 74 / 1000; };
  EXPECT_EQ(mask[column(100)], 'x');  // some bins of the column
  EXPECT_EQ(mask[column(550)], 'X');  // all of them
  EXPECT_EQ(mask[column(800)], 'x');
  EXPECT_EQ(mask[column(700)], ' ');
  for (std::size_t row = 0; row < 10; ++row)
    if (lines[row].size() > column(550)) {
      EXPECT_EQ(lines[row][column(550)], ' ') << row;
    }
}

TEST(TextPlot, AFewOutliersDoNotHideTheRestAndAreCounted) {
  Curve curve = flat(2326);
  for (std::size_t i = 0; i < curve.y.size(); ++i) curve.y[i] += 20 * std::sin(static_cast<double>(i) / 50);
  curve.y[1000] = 1e7;
  curve.y[1500] = -1e7;
  const auto lines = draw(curve, true);
  EXPECT_NE(lines.back().find("above the picture: 1, below: 1"), std::string::npos) << lines.back();
  bool drawn = false;
  for (std::size_t row = 0; row < 10; ++row) drawn |= lines[row].find(" 100 ") != std::string::npos;
  EXPECT_TRUE(drawn) << "the axis has no label 100";
}

TEST(TextPlot, BrailleDotsAreTheRightOnes) {
  // 80 - 6 = 74 characters, two dots each; one bin per dot. The first bin is the lowest, all others the highest.
  Curve curve;
  for (int i = 0; i < 148; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(i == 1 ? -100 : 100);
    curve.good.push_back(1);
  }
  const auto lines = draw(curve, true);
  // Bins 0 and 1 share the first character: dot 0 at the top, dot 1 with the stroke down to the lowest line.
  EXPECT_NE(lines[9].find("⢸"), std::string::npos) << lines[9];  // U+28B8: all four dots of the right side
}

TEST(TextPlot, SurvivesNothing) {
  EXPECT_NE(draw({}, true)[0].find("no bins"), std::string::npos);
  Curve curve = flat(10);
  curve.good.assign(10, 0);
  EXPECT_NE(draw(curve, true)[0].find("masked"), std::string::npos);
  EXPECT_EQ(draw(flat(1), false).size(), 12u);
  EXPECT_EQ(draw(flat(50, 0.0), false).size(), 12u);
  EXPECT_EQ(draw(flat(50, 1e-300), false).size(), 12u);
}

}  // namespace
}  // namespace zspex::terminal
