#include "io/header.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "io/detail/fits_cards.hpp"
#include "tests/io/samples.hpp"

namespace zspex::io {
namespace {

std::string records_of(const std::vector<Card>& cards) {
  std::string out;
  for (const Card& card : cards)
    for (const std::string& record : detail::format_card(card)) {
      EXPECT_EQ(record.size(), 80u) << record;
      out += record;
    }
  return out + "END" + std::string(77, ' ');
}

std::string record(std::string text) {
  text.resize(80, ' ');
  return text;
}

TEST(Header, ValuesComeBackByType) {
  Header header;
  header.set("A", "it's");
  header.set("B", 0.1);
  header.set("C", -12345678901234LL);
  header.set("D", true);
  EXPECT_EQ(header.text("A"), "it's");
  EXPECT_EQ(header.number("B"), 0.1);
  EXPECT_EQ(header.integer("C"), -12345678901234LL);
  EXPECT_EQ(header.number("C"), -12345678901234.0);
  EXPECT_EQ(header.logical("D"), true);
  // Of another type: nothing, not something converted.
  EXPECT_EQ(header.number("A"), std::nullopt);
  EXPECT_EQ(header.integer("B"), std::nullopt);
  EXPECT_EQ(header.text("C"), std::nullopt);
  EXPECT_EQ(header.text("NONE"), std::nullopt);
  EXPECT_FALSE(header.has("NONE"));
}

TEST(Header, SetReplacesTheFirstAndKeepsItsPlaceAndComment) {
  Header header;
  header.set("A", 1, "first");
  header.set("B", 2);
  header.set("A", 3);
  ASSERT_EQ(header.cards().size(), 2u);
  EXPECT_EQ(header.cards()[0].key, "A");
  EXPECT_EQ(header.integer("A"), 3);
  EXPECT_EQ(header.cards()[0].comment, "first");
  header.erase("A");
  EXPECT_FALSE(header.has("A"));
}

TEST(Header, DoublesKeepAllTheirBits) {
  std::mt19937_64 random(20200219);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    Header header;
    header.set("X", value);
    EXPECT_EQ(header.number("X"), value) << header.cards()[0].value;
    EXPECT_NE(header.cards()[0].value.find_first_of(".E"), std::string::npos) << "an integer to other programs";
  }
}

TEST(Header, NaNBecomesAnUndefinedValue) {
  Header header;
  header.set("X", std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(header.cards()[0].value, "");
  EXPECT_EQ(header.number("X"), std::nullopt);
}

TEST(Cards, WhatIsWrittenIsReadBack) {
  const Header header = test::sample_header();
  const auto cards = detail::parse_records(records_of(header.cards()));
  Header back;
  for (const Card& card : cards) back.append(card);
  test::expect_same(header, back);
}

TEST(Cards, LongStringsSurviveWhereverTheQuotesFall) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    const auto length = random() % 300;
    while (text.size() < length) text += random() % 3 == 0 ? "'" : random() % 5 == 0 ? "&" : "x";
    const bool hierarch = random() % 2 == 0;
    const Card card{hierarch ? "TCS SOME LONG KEY" : "KEY", detail::quote(text), random() % 2 == 0 ? "why" : ""};
    const auto cards = detail::parse_records(records_of({card}));
    ASSERT_EQ(cards.size(), 1u) << text;
    EXPECT_EQ(detail::unquote(cards[0].value), text);
    EXPECT_EQ(cards[0].key, card.key);
  }
}

TEST(Cards, ReadsWhatOthersWrite) {
  const auto cards = detail::parse_records(
      record("RA      =   1.5D+02 / Fortran") + record("EMPTY   =                      / no value") +
      record("FREE='a / b'/c") + record("QUOTED  = 'O''HARA / x' / y") + record("LONG    = 'one &'") +
      record("CONTINUE  'two&'  / first") + record("CONTINUE  '' / second") + record("AMPER   = 'ends in &'") +
      record("CONTINUED nothing") + record("") + record("lower   =   1") + record("END") + record("AFTER   = 1"));
  Header header;
  for (const Card& card : cards) header.append(card);
  EXPECT_EQ(header.number("RA"), 150.0);
  EXPECT_TRUE(header.has("EMPTY"));
  EXPECT_EQ(header.number("EMPTY"), std::nullopt);
  EXPECT_EQ(header.text("QUOTED"), "O'HARA / x");
  EXPECT_EQ(header.text("LONG"), "one two");
  EXPECT_EQ(header.text("AMPER"), "ends in &");
  EXPECT_EQ(header.integer("LOWER"), 1);
  EXPECT_FALSE(header.has("AFTER")) << "stops at END";
  for (const Card& card : cards)
    if (card.key == "LONG") {
      EXPECT_EQ(card.comment, "first second");
    }
}

TEST(Cards, LongCommentsGoOnInMoreCards) {
  const std::string words(200, 'w');
  const auto cards = detail::parse_records(records_of({{"COMMENT", "", words}}));
  std::string all;
  for (const Card& card : cards) all += card.comment;
  EXPECT_EQ(all, words);
  EXPECT_EQ(cards.size(), 3u);
}

TEST(Cards, OnlyPrintableCharactersGoIntoAFile) {
  for (const std::string& line : detail::format_card({"KEY", "'caf\xc3\xa9\n'", "tab\t"}))
    for (const char c : line) EXPECT_TRUE(c >= ' ' && c <= '~');
}

TEST(Cards, StructureIsToldFromContents) {
  for (const char* key :
       {"NAXIS", "NAXIS2", "TFORM12", "TTYPE1", "BZERO", "CHECKSUM", "EXTNAME", "ZTILE1", "ZIMAGE", "SIMPLE"})
    EXPECT_TRUE(detail::is_structural(key)) << key;
  for (const char* key : {"BUNIT", "CAMERA", "DEPNAM00", "COMMENT", "NAXISX", "TILEID", "ZD", "T1", "TUNITX"})
    EXPECT_FALSE(detail::is_structural(key)) << key;
}

}  // namespace
}  // namespace zspex::io
