/// \file
/// What a call is refused with.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/error.hpp"

namespace zspex::config {

/// The message of the ConfigError that `call` throws; its exit code must be that of wrong usage. A test that expects a
/// message fails when nothing is thrown.
template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "(not refused)";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace zspex::config
