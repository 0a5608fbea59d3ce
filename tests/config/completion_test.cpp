#include "config/completion.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "config/command_line.hpp"
#include "config/describe.hpp"
#include "config/schema.hpp"
#include "tests/config/refusal.hpp"

namespace zspex::config {
namespace {

/// The part of a script that is for one job: from its label to the end of its case.
std::string part_for(const std::string& script, const std::string& job) {
  const std::size_t from = script.find("\n    " + job + ")\n");
  EXPECT_NE(from, std::string::npos) << job;
  return script.substr(from, script.find("\n      ;;\n", from) - from);
}

std::set<std::string> words_of(std::string text) {
  for (char& letter : text) {
    if (std::string_view("'[]()=*|:").find(letter) != std::string_view::npos) letter = ' ';
  }
  std::istringstream stream(text);
  std::set<std::string> words;
  for (std::string word; stream >> word;) words.insert(word);
  return words;
}

/// Every name of an option, and every word that it takes.
std::vector<std::string> what_can_be_typed(const std::string& job) {
  std::vector<std::string> result;
  for (const std::string& section : {job, std::string("job")}) {
    for (const Field* field : fields_of(section)) {
      if (!field->metavar.empty()) result.push_back(field->option());
      for (const Switch& one : field->switches) result.push_back(one.option);
      for (const std::string& choice : field->choices) result.push_back(choice);
      for (const Alias& alias : field->aliases) {
        result.push_back(alias.option);
        for (const auto& [theirs, ours] : alias.words) result.push_back(theirs);
      }
    }
  }
  for (const MetaOption& meta : meta_options()) result.push_back(meta.option);
  return result;
}

TEST(Completion, KnowsEveryOptionOfAJobAndTheWordsThatItTakes) {
  for (const Section& section : sections()) {
    if (section.kind != Section::Kind::job) continue;
    const auto bash = words_of(part_for(bash_completion(), section.name));
    const auto zsh = words_of(part_for(zsh_completion(), section.name));
    for (const std::string& word : what_can_be_typed(section.name)) {
      EXPECT_TRUE(bash.contains(word)) << section.name << " " << word;
      EXPECT_TRUE(zsh.contains(word)) << section.name << " " << word;
    }
  }
}

TEST(Completion, KnowsNoOptionOfAnotherJob) {
  EXPECT_FALSE(words_of(part_for(bash_completion(), "extract")).contains("--templates"));
  EXPECT_FALSE(words_of(part_for(zsh_completion(), "inspect")).contains("--solver"));
}

TEST(Completion, BashKnowsTheKeysForSet) {
  for (const Field& field : schema()) {
    if (is_job(field.section)) {
      EXPECT_TRUE(words_of(part_for(bash_completion(), field.section)).contains(field.name())) << field.name();
    }
  }
}

TEST(Completion, TheCommandLinePrintsIt) {
  const auto text = [](std::vector<const char*> words) {
    words.insert(words.begin(), "zspex");
    return parse_command_line(static_cast<int>(words.size()), words.data()).text;
  };
  EXPECT_EQ(text({"completion", "bash"}), bash_completion());
  EXPECT_EQ(text({"completion", "zsh"}), zsh_completion());
  EXPECT_EQ(refusal([&] {
              text({"completion", "fish"});
            }),
            "command line: completion: expected one shell, bash or zsh, found fish");
  EXPECT_TRUE(contains(refusal([&] { text({"completion"}); }), "found nothing"));
}

}  // namespace
}  // namespace zspex::config
