/// \file
/// A place for a test's files.
#pragma once

#include <string>

#include "pipeline/comm/communicator.hpp"

namespace zspex::pipeline {

/// A folder of their own for the ranks of a test, removed at its end. Collective.
class TestFolder {
 public:
  explicit TestFolder(const comm::Communicator& comm);
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  const comm::Communicator& comm_;
  std::string path_;
};

}  // namespace zspex::pipeline
