#include "config/man_page.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/command_line.hpp"
#include "config/describe.hpp"
#include "config/schema.hpp"
#include "tests/config/refusal.hpp"

namespace zspex::config {
namespace {

std::string without(std::string text, const std::string& part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at)) text.erase(at, part.size());
  return text;
}

/// The page's text as it is read, without fonts.
std::string plain_page() {
  std::string text = man_page("1.2.3");
  for (const char* font : {"\\fB", "\\fI", "\\fR", "\\&"}) text = without(text, font);
  for (std::size_t at = text.find("\\-"); at != std::string::npos; at = text.find("\\-", at)) text.erase(at, 1);
  return text;
}

/// The page's part under a heading.
std::string part(const std::string& heading) {
  const std::string page = plain_page();
  const std::size_t from = page.find(".SH " + heading + "\n");
  EXPECT_NE(from, std::string::npos) << heading;
  return page.substr(from, page.find(".SH ", from + 4) - from);
}

TEST(ManPage, NamesEveryOptionItsTextAndDefault) {
  for (const Field& field : schema()) {
    const std::string text = field.section == "job"       ? part("OPTIONS OF EVERY JOB")
                             : field.section == "machine" ? part("CONFIGURATION FILE")
                                                          : part("OPTIONS OF " + field.section);
    EXPECT_TRUE(contains(text, field.section == "machine" ? field.key : field.option())) << field.name();
    EXPECT_TRUE(contains(text, field.help)) << field.name();
    EXPECT_TRUE(contains(text, "(default " + field.yaml(Settings{}) + ")")) << field.name();
    for (const Switch& one : field.switches) EXPECT_TRUE(contains(text, one.option)) << one.option;
    for (const Alias& one : field.aliases) EXPECT_TRUE(contains(text, one.option)) << one.option;
    for (const std::string& choice : field.choices) EXPECT_TRUE(contains(text, choice)) << choice;
  }
  for (const MetaOption& meta : meta_options())
    EXPECT_TRUE(contains(part("OPTIONS OF EVERY JOB"), meta.option)) << meta.option;
  for (const IdleOption& idle : idle_options()) {
    EXPECT_TRUE(contains(part("OPTIONS OF extract"), idle.option)) << idle.option;
    EXPECT_FALSE(contains(part("OPTIONS OF simulate"), idle.option)) << idle.option;
  }
}

TEST(ManPage, NoTextIsTakenForAMacro) {
  std::istringstream lines(man_page("1.2.3"));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_FALSE(line.empty());
    EXPECT_FALSE(line.starts_with('\'')) << line;
    if (!line.starts_with('.')) continue;
    const std::string macro = line.substr(1, 2);
    EXPECT_TRUE(macro == "\\\"" || macro == "TH" || macro == "SH" || macro == "TP" || macro == "PP" || macro == "nf" ||
                macro == "fi" || macro == "nh" || macro == "ad")
        << line;
  }
}

TEST(ManPage, HasTheExitStatusesOfTheDocumentation) {
  std::ifstream file(std::string(ZSPEX_SOURCE_DIR) + "/docs/configuration.md");
  std::ostringstream text;
  text << file.rdbuf();
  const std::string page = part("EXIT STATUS");
  for (int code = 0; code <= 8; ++code) {
    const std::string row = "\n| " + std::to_string(code) + " | ";
    const std::size_t at = text.str().find(row);
    ASSERT_NE(at, std::string::npos) << row;
    const std::string meaning = text.str().substr(at + row.size(), text.str().find(" |\n", at) - at - row.size());
    EXPECT_TRUE(contains(page, ".TP\n" + std::to_string(code) + "\n" + without(meaning, "`") + "\n")) << meaning;
  }
}

TEST(ManPage, TheCommandLinePrintsIt) {
  const std::vector<const char*> words = {"zspex", "help", "man"};
  EXPECT_EQ(parse_command_line(3, words.data()).text, man_page(program_version()));
}

}  // namespace
}  // namespace zspex::config
