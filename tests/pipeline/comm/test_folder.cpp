#include "tests/pipeline/comm/test_folder.hpp"

#include <stdlib.h>

#include <filesystem>

#include "pipeline/comm/agree.hpp"

namespace zspex::pipeline {

TestFolder::TestFolder(const comm::Communicator& comm) : comm_(comm) {
  path_ = comm::share(comm, [] {
    std::string name = (std::filesystem::temp_directory_path() / "zspex-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw Error(ExitCode::output, "can't make " + name);
    return name;
  });
}

TestFolder::~TestFolder() {
  comm_.barrier();
  std::error_code error;
  if (comm_.is_root()) std::filesystem::remove_all(path_, error);
}

}  // namespace zspex::pipeline
