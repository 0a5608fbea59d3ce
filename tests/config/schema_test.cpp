#include "config/schema.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <initializer_list>
#include <map>
#include <set>
#include <string>

#include "config/describe.hpp"
#include "config/yaml_reader.hpp"

namespace zspex::config {
namespace {

/// Each member has exactly one row, and each row a member.
void expect_rows(const Settings& settings, const std::string& section, std::initializer_list<const void*> members) {
  std::multiset<const void*> rows;
  for (const Field* field : fields_of(section)) rows.insert(field->address(settings));
  std::size_t imember = 0;
  for (const void* member : members) {
    EXPECT_EQ(rows.count(member), 1u) << "rows of section " << section << " for member " << imember << " of its struct";
    ++imember;
  }
  EXPECT_EQ(rows.size(), members.size()) << section;
}

// The structured bindings do not compile when a struct gets a member that is not listed here.
TEST(Schema, EveryMemberOfEveryStructHasItsRow) {
  const Settings settings;
  {
    const auto& [a, b, c, d] = settings.job;
    expect_rows(settings, "job", {&a, &b, &c, &d});
  }
  {
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac, ad, ae, af,
                 ag, ah, ai, aj, ak, al] = settings.extract;
    expect_rows(settings, "extract",
                {&a, &b, &c, &d, &e, &f, &g, &h,  &i,  &j,  &k,  &l,  &m,  &n,  &o,  &p,  &q,  &r,  &s,
                 &t, &u, &v, &w, &x, &y, &z, &aa, &ab, &ac, &ad, &ae, &af, &ag, &ah, &ai, &aj, &ak, &al});
  }
  {
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac, ad, ae, af,
                 ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, as, at, au, av, aw, ax, ay, az, ba, bb, bc, bd, be, bf,
                 bg, bh, bi] = settings.redshift;
    expect_rows(settings, "redshift", {&a,  &b,  &c,  &d,  &e,  &f,  &g,  &h,  &i,  &j,  &k,  &l,  &m,  &n,  &o,  &p,
                                       &q,  &r,  &s,  &t,  &u,  &v,  &w,  &x,  &y,  &z,  &aa, &ab, &ac, &ad, &ae, &af,
                                       &ag, &ah, &ai, &aj, &ak, &al, &am, &an, &ao, &ap, &aq, &ar, &as, &at, &au, &av,
                                       &aw, &ax, &ay, &az, &ba, &bb, &bc, &bd, &be, &bf, &bg, &bh, &bi});
  }
  {
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac, ad, ae, af,
                 ag] = settings.simulate;
    expect_rows(settings, "simulate", {&a, &b, &c, &d, &e, &f, &g, &h, &i, &j,  &k,  &l,  &m,  &n,  &o,  &p, &q,
                                       &r, &s, &t, &u, &v, &w, &x, &y, &z, &aa, &ab, &ac, &ad, &ae, &af, &ag});
  }
  {
    const auto& [a, b, c, d] = settings.inspect;
    expect_rows(settings, "inspect", {&a, &b, &c, &d});
  }
  {
    const auto& [a, b, c, d] = settings.measure;
    expect_rows(settings, "measure", {&a, &b, &c, &d});
  }
  {
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac, ad, ae, af,
                 ag, ah, ai, aj] = settings.machine;
    expect_rows(settings, "machine",
                {&a, &b, &c, &d, &e, &f, &g, &h, &i,  &j,  &k,  &l,  &m,  &n,  &o,  &p,  &q,  &r,
                 &s, &t, &u, &v, &w, &x, &y, &z, &aa, &ab, &ac, &ad, &ae, &af, &ag, &ah, &ai, &aj});
  }
}

TEST(Schema, KeysAreWordsOnceASectionAndHelpIsOneLine) {
  std::set<std::string> names;
  for (const Field& field : schema()) {
    EXPECT_TRUE(names.insert(field.name()).second) << field.name();
    for (const char letter : field.key)
      EXPECT_TRUE(std::islower(static_cast<unsigned char>(letter)) ||
                  std::isdigit(static_cast<unsigned char>(letter)) || letter == '_')
          << field.name();
    EXPECT_TRUE(std::islower(static_cast<unsigned char>(field.key[0]))) << field.name();
    EXPECT_FALSE(field.help.empty()) << field.name();
    EXPECT_EQ(field.help.find('\n'), std::string::npos) << field.name();
    EXPECT_FALSE(field.type.empty()) << field.name();
    EXPECT_EQ(field.metavar.empty() && field.switches.empty(), field.section == "machine")
        << field.name() << ": all but a machine's can be set by an option";
  }
}

TEST(Schema, NoJobHasTwoMeaningsForAnOptionOrLetter) {
  for (const Section& section : sections()) {
    if (section.kind != Section::Kind::job) continue;
    std::map<std::string, int> options;
    std::map<char, int> letters;
    const auto count = [&](const std::string& option, char letter) {
      ++options[option];
      if (letter != 0) ++letters[letter];
    };
    for (const std::string& name : {std::string("job"), section.name}) {
      for (const Field* field : fields_of(name)) {
        if (!field->metavar.empty()) count(field->option(), field->letter);
        for (const Switch& one : field->switches) count(one.option, one.letter);
        for (const Alias& one : field->aliases) count(one.option, 0);
      }
    }
    for (const IdleOption& idle : idle_options()) count(idle.option, 0);
    for (const MetaOption& meta : meta_options()) count(meta.option, meta.letter);
    for (const auto& [option, times] : options) EXPECT_EQ(times, 1) << section.name << " " << option;
    for (const auto& [letter, times] : letters) EXPECT_EQ(times, 1) << section.name << " -" << letter;
  }
}

TEST(Schema, DefaultsReadBackThroughTheirOwnChecks) {
  for (const Field& field : schema()) {
    Settings settings;
    ASSERT_NO_THROW(field.set(settings, parse_yaml_value(field.yaml(Settings{}), "default"))) << field.name();
    EXPECT_EQ(field.yaml(settings), field.yaml(Settings{})) << field.name();
  }
}

TEST(Schema, StoredValuesAreWrittenAsTheyWere) {
  // A value other than the default, for each field: a row that reads one member and writes another shows.
  const std::map<std::string, std::string> by_type = {
      {"whole number", "25"},
      {"number", "0.5"},
      {"none or number", "2500"},
      {"I/N", "2/3"},
      {"text", "some.fits"},
      {"list of text", "[a.fits, \"b c.fits\"]"},
      {"list of whole numbers", "[39627652591521181, -7]"},
      {"list of numbers", "[1, 2.5]"},
      {"wmin,wmax,dw", "[6001, 6102.5, 0.7]"},
      {"latitude,longitude,height", "[-30.24463, -70.74942, 2663]"},
      {"wmin,wmax,dw, or by band, or auto, desi, psf", "{b: [3600, 5800, 0.8], z: [7520, 9824, 0.7]}"},
      {"number, or by band, or auto, desi, psf", "{r: 0.02}"},
      {"zmin,zmax,dz", "[-0.005, 1.8, 0.001]"}};
  for (const Field& field : schema()) {
    std::vector<std::string> values = field.choices;
    if (field.type == "true or false") values = {"false", "true"};
    if (const auto value = by_type.find(field.type); value != by_type.end()) values = {value->second};
    if (field.name() == "simulate.night") values = {"20260203"};
    if (field.name() == "redshift.archetype_legendre_degree") values = {"7"};
    ASSERT_FALSE(values.empty()) << field.name() << " of type " << field.type;
    for (const std::string& value : values) {
      Settings settings;
      field.set(settings, parse_yaml_value(value, "here"));
      EXPECT_EQ(field.yaml(settings), value) << field.name();
      EXPECT_EQ(settings.origins.at(field.name()), "here");
      for (const Field& other : schema()) {
        if (&other == &field) continue;
        EXPECT_EQ(other.yaml(settings), other.yaml(Settings{})) << field.name() << " changed " << other.name();
      }
    }
  }
}

TEST(Schema, UsersFindTheLettersThatTheyKnow) {
  const std::map<std::string, std::map<std::string, char>> of_job = {{"extract",
                                                                      {{"input", 'i'},
                                                                       {"psf", 'p'},
                                                                       {"output", 'o'},
                                                                       {"fibermap", 'f'},
                                                                       {"model", 'm'},
                                                                       {"list", 'l'},
                                                                       {"wavelength", 'w'},
                                                                       {"specmin", 's'},
                                                                       {"nspec", 'n'},
                                                                       {"regularize", 'r'}}},
                                                                     {"redshift",
                                                                      {{"input", 'i'},
                                                                       {"templates", 't'},
                                                                       {"output", 'o'},
                                                                       {"details", 'd'},
                                                                       {"model", 'm'},
                                                                       {"list", 'l'},
                                                                       {"ntargets", 'n'}}}};
  for (const auto& [job, letters] : of_job) {
    for (const Field* field : fields_of(job)) {
      const auto letter = letters.find(field->key);
      EXPECT_EQ(field->letter, letter == letters.end() ? 0 : letter->second) << field->name();
    }
  }
  EXPECT_EQ(find_field("extract", "pixpad_frac")->option(), "--pixpad-frac");
}

TEST(Schema, RedrocksOptionsHaveTheirNames) {
  for (const std::string option : {"--details",
                                   "--model",
                                   "--templates",
                                   "--targetids",
                                   "--mintarget",
                                   "--ntargets",
                                   "--nminima",
                                   "--zminfit-npoints",
                                   "--zscan-galaxy",
                                   "--zscan-qso",
                                   "--zscan-star",
                                   "--priors",
                                   "--chi2-scan",
                                   "--allspec",
                                   "--cosmics-nsig",
                                   "--negflux-nsig",
                                   "--no-skymask",
                                   "--archetypes",
                                   "--archetype-nnearest",
                                   "--archetype-legendre-degree",
                                   "--archetype-legendre-percamera",
                                   "--archetype-legendre-prior"}) {
    bool there = false;
    for (const Field* field : fields_of("redshift")) {
      there = there || field->option() == option;
      for (const Switch& one : field->switches) there = there || one.option == option;
    }
    EXPECT_TRUE(there) << option;
  }
}

TEST(Schema, FieldsAreFoundBySectionAndKey) {
  EXPECT_EQ(find_field("extract", "nspec")->name(), "extract.nspec");
  EXPECT_EQ(find_field("job", "nspec"), nullptr);
  EXPECT_EQ(find_field("redshift", "nspec"), nullptr);
  EXPECT_EQ(sections_with("nspec"), (std::vector<std::string>{"extract", "simulate"}));
  EXPECT_TRUE(sections_with("nothing").empty());
}

}  // namespace
}  // namespace zspex::config
