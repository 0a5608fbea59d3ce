#include "io/detail/hdf5.hpp"

#include <algorithm>

#include "core/format.hpp"
#include "io/output.hpp"

namespace zspex::io::detail {
namespace {

/// Keeps the innermost description (the cause) and the outermost (what was tried).
herr_t collect(unsigned n, const H5E_error2_t* error, void* data) {
  auto* words = static_cast<std::string*>(data);
  if (error->desc && (n == 0 || words->empty())) *words += (words->empty() ? "" : "; ") + std::string(error->desc);
  return 0;
}

std::unique_lock<std::recursive_mutex> lock_hdf5() {
  static std::recursive_mutex mutex;
  return hdf5_is_thread_safe() ? std::unique_lock<std::recursive_mutex>() : std::unique_lock(mutex);
}

}  // namespace

H5Context::H5Context(std::string path, ExitCode code) : path_(std::move(path)), code_(code), lock_(lock_hdf5()) {
  H5Eget_auto2(H5E_DEFAULT, &printer_, &printer_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

H5Context::~H5Context() { H5Eset_auto2(H5E_DEFAULT, printer_, printer_data_); }

H5Handle H5Context::own(hid_t id, H5Handle::Close close, const std::string& part, const std::string& doing) const {
  if (id < 0) fail(part, doing);
  return {id, close};
}

void H5Context::check(herr_t status, const std::string& part, const std::string& doing) const {
  if (status < 0) fail(part, doing);
}

void H5Context::fail(const std::string& part, const std::string& doing) const {
  std::string words;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, &collect, &words);
  H5Eclear2(H5E_DEFAULT);
  throw FileError(path_, part,
                  fmt::format("expected to {}, found: {} (HDF5). {}", doing, words.empty() ? "an error" : words,
                              code_ == ExitCode::input ? "Copy the file again, or make it again."
                                                       : "If memory is short, use a larger machine or fewer ranks."),
                  code_);
}

H5Handle h5_text_type(std::size_t size) {
  H5Handle type(H5Tcopy(H5T_C_S1), &H5Tclose);
  H5Tset_size(type, std::max<std::size_t>(1, size));
  if (size != H5T_VARIABLE) H5Tset_strpad(type, H5T_STR_NULLPAD);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

}  // namespace zspex::io::detail

namespace zspex::io {

bool hdf5_is_thread_safe() {
  hbool_t safe = 0;
  return H5is_library_threadsafe(&safe) >= 0 && safe;
}

}  // namespace zspex::io
