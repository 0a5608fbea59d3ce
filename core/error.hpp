/// \file
/// What can go wrong, as types. Each message says what was expected, what was found and what to do.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace zspex {

/// What the program returns to the shell. Nothing that failed returns 0.
enum class ExitCode : int {
  success = 0,
  internal = 1,  ///< a defect of zspex
  usage = 2,     ///< command line or configuration
  input = 3,     ///< a file that can't be read or doesn't hold what it should
  output = 4,    ///< a file that can't be written
  numerics = 5,  ///< a computation that failed as a whole
  parallel = 6,  ///< MPI, or another rank
  partial = 7,   ///< some files of several failed; the others are done
  memory = 8,    ///< not enough of it
};

/// The base of all errors that zspex throws on purpose.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// A file, or a part of it, that is not what it should be.
class FileError : public Error {
 public:
  /// \param path  the file
  /// \param part  HDU name, dataset or table column; may be empty
  /// \param what  "expected ..., found ...", then what to do
  FileError(std::string_view path, std::string_view part, std::string_view what, ExitCode code = ExitCode::input)
      : Error(code,
              std::string(path) + (part.empty() ? "" : "[" + std::string(part) + "]") + ": " + std::string(what)) {}
};

/// A configuration file, option or key that is refused.
class ConfigError : public Error {
 public:
  /// \param where  "file.yaml:12" or "--set" or "command line"
  /// \param key    the key or option, may be empty
  ConfigError(std::string_view where, std::string_view key, std::string_view what)
      : ConfigError(where, (key.empty() ? "" : std::string(key) + ": ") + std::string(what)) {}
  /// The message without where: "redshift.gpu_ranks: expected ..."
  const std::string& reason() const { return reason_; }

 private:
  ConfigError(std::string_view where, const std::string& reason)
      : Error(ExitCode::usage, std::string(where) + ": " + reason), reason_(reason) {}
  std::string reason_;
};

/// A computation that failed as a whole: too many bad patches, a grid off the CCD.
class NumericsError : public Error {
 public:
  NumericsError(std::string_view stage, std::string_view what)
      : Error(ExitCode::numerics, std::string(stage) + ": " + std::string(what)) {}
};

/// An MPI call that failed, or the error of another rank.
class CommError : public Error {
 public:
  CommError(std::string_view operation, std::string_view what, ExitCode code = ExitCode::parallel)
      : Error(code, std::string(operation) + ": " + std::string(what)) {}
};

}  // namespace zspex
