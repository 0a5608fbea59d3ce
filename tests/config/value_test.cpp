#include "config/value.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "config/yaml_reader.hpp"
#include "tests/config/refusal.hpp"

namespace zspex::config {
namespace {

template <class T>
T parsed(const std::string& yaml, const Limits& limits = {}) {
  T result{};
  read(parse_yaml_value(yaml, "x.yaml:7"), "extract.key", limits, result);
  return result;
}

template <class T>
std::string refused(const std::string& yaml, const Limits& limits = {}) {
  return refusal([&] { parsed<T>(yaml, limits); });
}

TEST(Value, WholeNumbersAreWhole) {
  EXPECT_EQ(parsed<int>("25"), 25);
  EXPECT_EQ(parsed<int>("-3"), -3);
  EXPECT_EQ(parsed<int>("+3"), 3);
  EXPECT_EQ(parsed<int>("2147483647"), 2147483647);
  EXPECT_EQ(refused<int>("25.0"), "x.yaml:7: extract.key: expected a whole number, found 25.0");
  EXPECT_EQ(refused<int>("2147483648"), "x.yaml:7: extract.key: expected a whole number, found 2147483648");
  EXPECT_EQ(refused<int>("abc"), "x.yaml:7: extract.key: expected a whole number, found \"abc\"");
  for (const std::string text : {"1e3", "25 26", "0x10", "--3", "+-3", "true", "[25]", "{a: 1}", "~", ""})
    EXPECT_TRUE(contains(refused<int>(text), "expected a whole number, found ")) << text << ": " << refused<int>(text);
}

TEST(Value, QuotesMakeText) {
  EXPECT_EQ(
      refused<int>("\"25\""),
      "x.yaml:7: extract.key: expected a whole number, found \"25\"; a value in quotes is text: take the quotes away");
  EXPECT_TRUE(contains(refused<double>("'0.5'"), "take the quotes away"));
  EXPECT_TRUE(contains(refused<bool>("\"true\""), "expected true or false"));
  EXPECT_EQ(parsed<std::string>("\"25\""), "25");
  EXPECT_EQ(parsed<std::string>("25"), "25");  // a file may be called 25
}

TEST(Value, NumbersAreFinite) {
  EXPECT_EQ(parsed<double>("0.8"), 0.8);
  EXPECT_EQ(parsed<double>("1e-15"), 1e-15);
  EXPECT_EQ(parsed<double>("5"), 5.0);
  EXPECT_EQ(parsed<double>("-.5"), -0.5);
  for (const std::string text : {"nan", ".nan", "inf", "-inf", ".inf", "1e400", "0,8", "0.8x", "0.8 A", "", "[]"})
    EXPECT_TRUE(contains(refused<double>(text), "expected a number, found ")) << text << ": " << refused<double>(text);
}

TEST(Value, LimitsAreNamed) {
  EXPECT_EQ(parsed<int>("0", {.at_least = 0}), 0);
  EXPECT_EQ(refused<int>("-1", {.at_least = 0}), "x.yaml:7: extract.key: expected a whole number >= 0, found -1");
  EXPECT_EQ(refused<double>("0", {.above = 0, .at_most = 1e6}),
            "x.yaml:7: extract.key: expected a number > 0 and <= 1000000, found 0");
  EXPECT_EQ(parsed<double>("1e6", {.above = 0, .at_most = 1e6}), 1e6);
  EXPECT_EQ(refused<double>("1", {.at_least = 0, .below = 1}),
            "x.yaml:7: extract.key: expected a number >= 0 and < 1, found 1");
  EXPECT_EQ(Limits{}.text(), "");
  EXPECT_FALSE((Limits{.at_least = 0}.allow(std::nan(""))));
}

TEST(Value, OnlyTrueAndFalseAreBoolean) {
  EXPECT_TRUE(parsed<bool>("true"));
  EXPECT_FALSE(parsed<bool>("false"));
  for (const std::string text : {"yes", "no", "on", "1", "True", "~", "[true]"})
    EXPECT_TRUE(contains(refused<bool>(text), "x.yaml:7: extract.key: expected true or false, found ")) << text;
}

TEST(Value, TextIsOneLine) {
  EXPECT_EQ(parsed<std::string>("\"\""), "");
  EXPECT_EQ(parsed<std::string>("a b.fits"), "a b.fits");
  EXPECT_TRUE(contains(refused<std::string>("~"), "expected text, found nothing; write \"\" for none"));
  EXPECT_TRUE(contains(refused<std::string>("[a]"), "expected text, found a list of 1"));
  EXPECT_TRUE(contains(refused<std::string>("{a: b}"), "expected text, found keys below it"));
  EXPECT_TRUE(contains(refused<std::string>("\"a\\nb\""), "expected text on one line"));
}

TEST(Value, ListsTakeOneValueAsAListOfOne) {
  using List = std::vector<std::string>;
  EXPECT_EQ(parsed<List>("[a, b]"), (List{"a", "b"}));
  EXPECT_EQ(parsed<List>("a.fits"), (List{"a.fits"}));
  EXPECT_EQ(parsed<List>("[]"), List{});
  EXPECT_TRUE(contains(refused<List>("[a, [b]]"), "extract.key[1]: expected text, found a list of 1"));
  EXPECT_TRUE(contains(refused<List>("[a, \"\"]"), "write [] for an empty list"));
  EXPECT_TRUE(contains(refused<List>("~"), "expected a list, found nothing"));
  EXPECT_TRUE(contains(refused<List>("{a: b}"), "expected a list, found keys below it"));
}

TEST(Value, WavelengthsAreTextOrAListOfThree) {
  for (const std::string text : {"[5760, 7620, 0.8]", "5760,7620,0.8", "\"5760, 7620, 0.8\""}) {
    const auto range = parsed<WaveRange>(text);
    EXPECT_EQ(range.wavemin, 5760) << text;
    EXPECT_EQ(range.wavemax, 7620) << text;
    EXPECT_EQ(range.dwave, 0.8) << text;
  }
  for (const std::string text :
       {"5760,7620", "5760,7620,0.8,1", "5760,,0.8", "a,b,c", "5760", "", "[5760, 7620]", "~", "{a: 1}"})
    EXPECT_TRUE(contains(refused<WaveRange>(text), "expected wmin,wmax,dw in Angstrom, found "))
        << text << refused<WaveRange>(text);
  EXPECT_TRUE(contains(refused<WaveRange>("[5760, x, 0.8]"), "expected a number, found \"x\""));
}

TEST(Value, WavelengthsMakeAGridOfASpectrograph) {
  EXPECT_TRUE(contains(refused<WaveRange>("7620,5760,0.8"), "expected wmin < wmax, found 7620,5760,0.8"));
  EXPECT_TRUE(contains(refused<WaveRange>("5760,5760,0.8"), "expected wmin < wmax"));
  EXPECT_TRUE(contains(refused<WaveRange>("5760,7620,0"), "expected a step dw > 0"));
  EXPECT_TRUE(contains(refused<WaveRange>("5760,7620,-0.8"), "expected a step dw > 0"));
  EXPECT_TRUE(contains(refused<WaveRange>("5760,7620,0.0001"), "expected a step dw from 0.01 to 50"));
  EXPECT_TRUE(contains(refused<WaveRange>("5760,7620,80"), "expected a step dw from 0.01 to 50"));
  EXPECT_TRUE(contains(refused<WaveRange>("5760,5761,2"), "not above wmax - wmin"));
  EXPECT_TRUE(contains(refused<WaveRange>("576,762,0.08"), "expected wavelengths in Angstrom, from 1000 to 50000"));
  EXPECT_NO_THROW(parsed<WaveRange>("5760,5768,0.8"));
}

TEST(Value, CamerasHaveOneValueOrOneForEachBandOrARule) {
  using Waves = ByCamera<WaveRange>;
  EXPECT_EQ(parsed<Waves>("5760,7620,0.8").of("r0")->wavemax, 7620);
  EXPECT_EQ(parsed<Waves>("[5760, 7620, 0.8]").of("any camera")->wavemin, 5760);
  for (const std::string text : {"{b: [3600, 5800, 0.8], r: \"5760,7620,0.8\"}", "b:3600,5800,0.8,r:5760,7620,0.8",
                                 "\"b:3600, 5800, 0.8, r:5760,7620,0.8\""}) {
    const auto waves = parsed<Waves>(text);
    EXPECT_EQ(waves.of("b7")->wavemin, 3600) << text;
    EXPECT_EQ(waves.of("r0")->wavemax, 7620) << text;
    EXPECT_FALSE(waves.of("z0")) << text;
    EXPECT_FALSE(waves.of("red")) << text;
    EXPECT_EQ(waves.rule(), CameraRule::automatic) << text;
    EXPECT_EQ(write(waves), "{b: [3600, 5800, 0.8], r: [5760, 7620, 0.8]}");
  }
  for (const std::string text : {"auto", "null", "~"}) EXPECT_EQ(parsed<Waves>(text).rule(), CameraRule::automatic);
  EXPECT_EQ(parsed<Waves>("desi").rule(), CameraRule::desi);
  EXPECT_EQ(parsed<ByCamera<double>>("psf").rule(), CameraRule::psf);
  EXPECT_EQ(parsed<ByCamera<double>>("b:0.04").of("b1"), 0.04);
  EXPECT_EQ(parsed<ByCamera<double>>("0.02").of("z1"), 0.02);
}

TEST(Value, ValuesOfCamerasAreCheckedLikeOthers) {
  using Waves = ByCamera<WaveRange>;
  using Errors = ByCamera<double>;
  EXPECT_TRUE(
      contains(refused<Waves>("desy"), "expected wmin,wmax,dw, or by band, or auto, desi, psf, found \"desy\""));
  EXPECT_TRUE(contains(refused<Waves>("desy"), "did you mean desi?"));
  EXPECT_TRUE(contains(refused<Waves>("b:5800,3600,0.8"), "extract.key.b: expected wmin < wmax"));
  EXPECT_TRUE(contains(refused<Waves>("{z: [7520, 9824]}"), "extract.key.z: expected wmin,wmax,dw in Angstrom"));
  EXPECT_TRUE(contains(refused<Waves>("{r0: [5760, 7620, 0.8]}"), "expected bands b, r and z, found r0"));
  EXPECT_TRUE(
      contains(refused<Waves>("5760,7620,0.8,r:5760,7620,0.8"), "expected a band and a colon before each value"));
  EXPECT_TRUE(contains(refused<Errors>("r:0.1,r:0.2"), "expected each band once, found r again"));
  EXPECT_TRUE(contains(refused<Errors>("{}"), "expected a value of a band, found none"));
  EXPECT_TRUE(contains(refused<Errors>("b:,r:0.1"), "extract.key.b: expected a number"));
}

TEST(Value, ASiteIsAPlaceOnEarth) {
  const auto site = parsed<Site>("[-30.24463, -70.74942, 2663]");
  EXPECT_EQ(site.latitude, -30.24463);
  EXPECT_EQ(site.longitude, -70.74942);
  EXPECT_EQ(site.height, 2663);
  EXPECT_EQ(parsed<Site>("31.96403,-111.59989,2097").longitude, -111.59989);
  for (const std::string text : {"31.9", "31.9,-111.6", "Kitt Peak"})
    EXPECT_TRUE(contains(refused<Site>(text), "expected latitude,longitude,height, found ")) << refused<Site>(text);
  for (const std::string text : {"-111.59989,31.96403,2097", "31.9,-1111,2097", "31.9,-111,2097000"})
    EXPECT_TRUE(contains(refused<Site>(text), "expected a place on Earth")) << refused<Site>(text);
}

TEST(Value, WholeNumbersComeInListsOrBetweenCommas) {
  using List = std::vector<std::int64_t>;
  EXPECT_EQ(parsed<List>("[39627652591521181, -7, +3]"), (List{39627652591521181, -7, 3}));
  EXPECT_EQ(parsed<List>("39627652591521181,-7"), (List{39627652591521181, -7}));
  EXPECT_EQ(parsed<List>("\"1, 2\""), (List{1, 2}));
  EXPECT_EQ(parsed<List>("9223372036854775807"), (List{9223372036854775807}));
  EXPECT_EQ(parsed<List>("-5"), (List{-5}));
  EXPECT_EQ(parsed<List>("[]"), List{});
  EXPECT_EQ(refused<List>("1,x"),
            "x.yaml:7: extract.key: expected whole numbers, found \"1,x\"; for example "
            "39627652591521181,39627652591521182");
  for (const std::string text : {"1,,2", "1,", "", "1.5", "1e3", "9223372036854775808", "1 2", "[1, [2]]", "[x]"})
    EXPECT_TRUE(contains(refused<List>(text), "extract.key: expected whole numbers, found ")) << text;
  for (const std::string text : {"~", "{a: 1}"})
    EXPECT_TRUE(contains(refused<List>(text), "expected a list of whole numbers, found ")) << text;
}

TEST(Value, ScansAreTextOrAListOfThree) {
  for (const std::string text : {"[-0.005, 1.7, 3e-4]", "-0.005,1.7,3e-4", "\"-0.005, 1.7, 3e-4\""}) {
    const auto range = parsed<ZscanRange>(text);
    EXPECT_EQ(range.zmin, -0.005) << text;
    EXPECT_EQ(range.zmax, 1.7) << text;
    EXPECT_EQ(range.dz, 3e-4) << text;
  }
  for (const std::string text : {"0,1", "0,1,1e-3,4", "0,,1e-3", "a,b,c", "1", "", "[0, 1]", "~", "{a: 1}"})
    EXPECT_TRUE(contains(refused<ZscanRange>(text), "expected zmin,zmax,dz, found ")) << text;
  EXPECT_TRUE(contains(refused<ZscanRange>("[0, x, 1e-3]"), "expected a number, found \"x\""));
}

TEST(Value, ScansGoUpwardsInSteps) {
  EXPECT_EQ(refused<ZscanRange>("1.7,-0.005,3e-4"),
            "x.yaml:7: extract.key: expected -1 < zmin < zmax, found 1.7,-0.005,3e-04");
  EXPECT_TRUE(contains(refused<ZscanRange>("1,1,1e-3"), "expected -1 < zmin < zmax"));
  EXPECT_TRUE(contains(refused<ZscanRange>("-1,1,1e-3"), "expected -1 < zmin < zmax"));
  EXPECT_TRUE(contains(refused<ZscanRange>("0,1,0"), "expected a step dz > 0, found 0,1,0"));
  EXPECT_TRUE(contains(refused<ZscanRange>("0,1,-1e-3"), "expected a step dz > 0"));
  EXPECT_EQ(refused<ZscanRange>("0,7,1e-9"),
            "x.yaml:7: extract.key: expected at most 10000000 redshifts, found more in 0,7,1e-09; take a larger step");
  EXPECT_NO_THROW(parsed<ZscanRange>("-0.999,7,1e-6"));
}

TEST(Value, OptionalTakesNull) {
  EXPECT_EQ(parsed<std::optional<double>>("null"), std::nullopt);
  EXPECT_EQ(parsed<std::optional<double>>("~"), std::nullopt);
  EXPECT_EQ(parsed<std::optional<double>>("0.01"), 0.01);
  EXPECT_TRUE(contains(refused<std::optional<double>>("none"), "expected a number, found \"none\""));
  std::optional<double> psferr = 0.5;
  read(scalar("null", "command line"), "extract.psferr", {}, psferr);
  EXPECT_EQ(psferr, std::nullopt);
}

TEST(Value, TextSurvivesWritingAndReading) {
  for (const std::string text : {"",
                                 "a.fits",
                                 "a b",
                                 "it's",
                                 "\"quoted\"",
                                 "back\\slash",
                                 "a: b",
                                 "# no comment",
                                 "[a]",
                                 "true",
                                 "Yes",
                                 "null",
                                 "~",
                                 "1e3",
                                 "0x10",
                                 "12",
                                 "-",
                                 "- a",
                                 "*a",
                                 "&a",
                                 "!a",
                                 "%a",
                                 "@a",
                                 "tab\there",
                                 "é",
                                 "a,b",
                                 "a#b",
                                 "..",
                                 "/x/y_z-1+2.fits.gz",
                                 "{a}",
                                 "<<",
                                 "nan",
                                 ".inf",
                                 "\x01",
                                 "trailing "}) {
    EXPECT_EQ(parsed<std::string>(write(text)), text) << write(text);
    const std::vector<std::string> list = {"first", text.empty() ? "x" : text, "last"};
    EXPECT_EQ(parsed<std::vector<std::string>>(write(list)), list) << write(list);
  }
}

TEST(Value, NumbersSurviveWritingAndReadingToTheLastBit) {
  std::mt19937_64 random(20260101);
  for (int i = 0; i < 10000; ++i) {
    const double number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    EXPECT_EQ(parsed<double>(write(number)), number) << write(number);
  }
  for (const double number : {0.0, 0.1, 1.0 - 0.8, 5760.0, 1e300, std::numeric_limits<double>::denorm_min()})
    EXPECT_EQ(parsed<double>(write(number)), number);
  EXPECT_EQ(write(0.8), "0.8");
  EXPECT_EQ(write(WaveRange{5760, 7620, 0.8}), "[5760, 7620, 0.8]");
  EXPECT_EQ(write(ZscanRange{-0.005, 1.7, 0.0003}), "[-0.005, 1.7, 3e-04]");
  EXPECT_EQ(write(std::vector<std::int64_t>{39627652591521181, -7}), "[39627652591521181, -7]");
  EXPECT_EQ(write(std::vector<std::int64_t>{}), "[]");
  EXPECT_EQ(write(std::optional<int>{}), "null");
  EXPECT_EQ(write(std::optional<int>{3}), "3");
}

}  // namespace
}  // namespace zspex::config
