#include "pipeline/write_each.hpp"

#include <optional>

#include "core/error.hpp"
#include "pipeline/comm/agree.hpp"

namespace zspex::pipeline {

void write_each(const std::vector<Output>& outputs) {
  std::optional<comm::Failure> failure;
  std::string written;
  for (const Output& output : outputs) {
    try {
      output.write();
      written += (written.empty() ? "" : ", ") + output.path;
    } catch (...) {
      const comm::Failure one = comm::describe(std::current_exception());
      if (failure)
        failure->message += "\n" + one.message;
      else
        failure = one;
    }
  }
  if (!failure) return;
  throw Error(failure->code, failure->message + (written.empty() ? "" : "\nWritten: " + written + "."));
}

}  // namespace zspex::pipeline
