#include "config/describe.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "config/schema.hpp"
#include "tests/config/refusal.hpp"

namespace zspex::config {
namespace {

const std::string docs_path = std::string(ZSPEX_SOURCE_DIR) + "/docs/configuration.md";

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// ZSPEX_WRITE_DOCS=1 writes the tables anew instead of comparing them.
TEST(Describe, TheDocumentationHoldsTheTablesOfTheSchema) {
  const std::string begin = "<!-- generated from config/schema.cpp -->\n", end = "<!-- end of generated part -->";
  const std::string text = read_file(docs_path);
  const std::size_t from = text.find(begin), to = text.find(end);
  ASSERT_NE(from, std::string::npos) << docs_path << " has lost its mark " << begin;
  ASSERT_NE(to, std::string::npos) << docs_path << " has lost its mark " << end;
  const std::string expected = std::string("\n").append(describe_markdown()).append("\n");
  const std::string found = text.substr(from + begin.size(), to - from - begin.size());
  if (found != expected && std::getenv("ZSPEX_WRITE_DOCS") != nullptr) {
    std::ofstream(docs_path) << text.substr(0, from + begin.size()) << expected << text.substr(to);
    return;
  }
  EXPECT_EQ(found, expected) << "ZSPEX_WRITE_DOCS=1 config_test writes the tables anew";
}

TEST(Describe, TablesHaveARowForEachFieldWithSixCells) {
  std::istringstream lines(describe_markdown());
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `") || line.starts_with("| `-")) continue;
    ++rows;
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
    EXPECT_EQ(bars, 7u) << line;
  }
  EXPECT_EQ(rows, schema().size());
}

TEST(Describe, HelpNamesEveryOptionItsTextAndDefault) {
  for (const Section& section : sections()) {
    if (section.kind != Section::Kind::job) continue;
    // Line breaks may fall anywhere between words.
    std::istringstream words(help_text(section.name));
    std::string flat;
    for (std::string word; words >> word;) flat += word + " ";
    for (const std::string& shown : {section.name, std::string("job")}) {
      for (const Field* field : fields_of(shown)) {
        EXPECT_TRUE(contains(flat, field->option())) << field->name();
        EXPECT_TRUE(contains(flat, field->help)) << field->name();
        EXPECT_TRUE(contains(flat, "(default " + field->yaml(Settings{}) + ")")) << field->name();
      }
    }
    for (const MetaOption& meta : meta_options()) EXPECT_TRUE(contains(flat, meta.option)) << meta.option;
  }
}

TEST(Describe, HelpFitsTheTerminal) {
  for (const std::string job : {"", "extract", "redshift", "simulate", "inspect", "measure"}) {
    std::istringstream lines(help_text(job));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110u) << line;
  }
}

TEST(Describe, ResolvedYamlHoldsTheJobsSectionOnly) {
  Settings settings;
  settings.inspect.file = "a.h5";
  EXPECT_EQ(resolved_yaml(settings, "inspect"),
            "job:\n  dry_run: false\n  resume: false\n  verbosity: normal\n  progress: auto\n"
            "inspect:\n  file: a.h5\n  frame: \"\"\n  row: null\n  width: 0\n");
}

}  // namespace
}  // namespace zspex::config
