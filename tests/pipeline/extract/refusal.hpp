/// \file
/// What is refused, and in which words.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace zspex::pipeline {

template <class Kind, class Function>
void expect_refused(Function&& fn, const std::vector<std::string>& words) {
  try {
    fn();
    FAIL() << "nothing was thrown; expected an error with " << words.front();
  } catch (const Kind& error) {
    for (const std::string& word : words) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << "no '" << word << "' in: " << error.what();
    }
  }
}

}  // namespace zspex::pipeline
