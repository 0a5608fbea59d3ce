#include "io/detail/hdf5_reader.hpp"

#include <sys/file.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

#include "core/format.hpp"
#include "io/detail/byte_source.hpp"
#include "io/detail/fits_reader.hpp"
#include "io/detail/hdf5_table.hpp"
#include "io/seal.hpp"

namespace zspex::io::detail {
namespace {

herr_t add_name(hid_t, const char* name, const H5L_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

std::string number_name(hid_t type) {
  const std::size_t bits = 8 * H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      return fmt::format("float{}", bits);
    case H5T_INTEGER:
      return fmt::format("{}{}", H5Tget_sign(type) == H5T_SGN_NONE ? "uint" : "int", bits);
    case H5T_STRING:
      return "string";
    case H5T_COMPOUND:
      return fmt::format("table of {} columns", H5Tget_nmembers(type));
    case H5T_ENUM:
      return "bool";
    default:
      return "other";
  }
}

/// True if another program holds the lock that HDF5 takes of files that it writes to.
bool is_locked(int descriptor) {
  if (flock(descriptor, LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK;
  (void)flock(descriptor, LOCK_UN);
  return false;
}

}  // namespace

bool is_hdf5(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  std::array<char, 8> magic{};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  return file && std::fread(magic.data(), 1, magic.size(), file.get()) == magic.size() &&
         std::string_view(magic.data(), magic.size()) == "\x89HDF\r\n\x1a\n";
}

Hdf5Reader::Hdf5Reader(const std::string& path) : context_(path, ExitCode::input), reading_(context_.path()) {
  const FileSource bytes(path, "an HDF5 file");
  size_ = bytes.size();
  const htri_t is_hdf5 = H5Fis_hdf5(path.c_str());
  if (is_hdf5 == 0) context_.refuse("", "expected an HDF5 file, found something else. Check the name.");
  if (read_seal(path) == Seal::broken)
    context_.refuse("",
                    "expected a file that is as zspex wrote it, found other bytes than its seal was made of: it is "
                    "damaged. Copy the file again, or make it again.");
  file_ = H5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), &H5Fclose);
  if (file_ < 0 && is_locked(bytes.descriptor()))
    context_.refuse("",
                    "expected a file that can be read, found one that another program has open for writing (it holds a "
                    "lock). Wait for that program, or close it.");
  context_.check(file_ < 0 ? -1 : 0, "", "open an HDF5 file");
}

bool Hdf5Reader::has(const std::string& name) const {
  // H5Lexists wants every group on the way to exist.
  for (std::size_t end = name.find('/', 1); end != std::string::npos; end = name.find('/', end + 1))
    if (H5Lexists(file_, name.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
  return name == "/" || H5Lexists(file_, name.c_str(), H5P_DEFAULT) > 0;
}

bool Hdf5Reader::is_group(const std::string& name) const {
  if (!has(name)) return false;
  const H5Handle object(H5Oopen(file_, name.c_str(), H5P_DEFAULT), &H5Oclose);
  return object >= 0 && H5Iget_type(object) == H5I_GROUP;
}

std::vector<std::string> Hdf5Reader::children(const std::string& group) const {
  std::vector<std::string> names;
  if (!is_group(group)) return names;
  const H5Handle handle = context_.own(H5Gopen2(file_, group.c_str(), H5P_DEFAULT), &H5Gclose, group, "open the group");
  hsize_t at = 0;
  context_.check(H5Literate(handle, H5_INDEX_NAME, H5_ITER_INC, &at, &add_name, &names), group, "list the group");
  return names;
}

H5Handle Hdf5Reader::open(const std::string& dataset) const {
  if (!has(dataset) || is_group(dataset))
    context_.refuse(
        dataset, "expected a dataset of this name, found none. Check that the file was written by zspex and is whole.");
  return context_.own(H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT), &H5Dclose, dataset, "open the dataset");
}

std::vector<std::size_t> Hdf5Reader::shape_of(hid_t dataset, const std::string& name) const {
  const H5Handle space = context_.own(H5Dget_space(dataset), &H5Sclose, name, "read the dataset's shape");
  const int ndim = H5Sget_simple_extent_ndims(space);
  context_.check(ndim, name, "read the dataset's shape");
  std::vector<hsize_t> size(static_cast<std::size_t>(ndim));
  context_.check(H5Sget_simple_extent_dims(space, size.data(), nullptr), name, "read the dataset's shape");
  return {size.begin(), size.end()};
}

std::vector<std::size_t> Hdf5Reader::shape(const std::string& dataset) const {
  return shape_of(open(dataset), dataset);
}

std::string Hdf5Reader::type_name(const std::string& dataset) const {
  const H5Handle handle = open(dataset);
  const H5Handle type = context_.own(H5Dget_type(handle), &H5Tclose, dataset, "read the dataset's type");
  return number_name(type);
}

std::uint64_t Hdf5Reader::stored_bytes(const std::string& dataset) const { return H5Dget_storage_size(open(dataset)); }

/// The number of values of such a shape. A chunk that was never written takes no room, so that a damaged header can
/// promise more than any memory holds.
std::size_t Hdf5Reader::need_plausible(hid_t handle, const std::string& dataset, const std::vector<std::size_t>& shape,
                                       std::size_t value_size) const {
  constexpr std::size_t best_ratio = 1032 * 8;  // of deflate, and of a row of a chunk that is shared out
  std::size_t bytes = value_size;
  bool fits = true;
  for (const std::size_t length : shape) fits = !__builtin_mul_overflow(bytes, length, &bytes) && fits;
  if (std::find(shape.begin(), shape.end(), std::size_t{0}) != shape.end()) return 0;
  if (!fits || bytes / best_ratio > size_)
    context_.refuse(dataset,
                    "expected a size that {} bytes of a file can hold, found {} values of {} bytes: it is damaged. "
                    "Copy the file again, or make it again.",
                    size_, to_string(shape), value_size);
  const std::size_t stored = H5Dget_storage_size(handle);
  if (stored > size_)
    context_.refuse(dataset,
                    "expected data inside the file, found {} bytes of them in a file of {}: it is damaged. Copy the "
                    "file again, or make it again.",
                    stored, size_);
  return bytes / value_size;
}

template <class T>
std::vector<T> Hdf5Reader::rows(const std::string& dataset, std::size_t first, std::size_t n) const {
  const H5Handle handle = open(dataset);
  const H5Handle type = context_.own(H5Dget_type(handle), &H5Tclose, dataset, "read the dataset's type");
  // HDF5 would turn floats into integers without a word.
  const H5T_class_t kind = H5Tget_class(type), wanted = H5Tget_class(h5_type<T>());
  if (kind != wanted)
    context_.refuse(dataset, "expected {}, found {}. Check the file.", number_name(h5_type<T>()), number_name(type));
  const std::vector<std::size_t> size = shape_of(handle, dataset);
  if (size.empty() || first > size[0] || n > size[0] - first)
    context_.refuse(dataset, "expected at least {} rows, found {}. Check the number.", first + n, to_string(size));
  std::vector<hsize_t> start(size.size(), 0), count(size.begin(), size.end());
  start[0] = first;
  count[0] = n;
  const std::size_t total = need_plausible(handle, dataset, {count.begin(), count.end()}, sizeof(T));
  std::vector<T> out(total);
  if (total == 0) return out;
  const H5Handle file_space = context_.own(H5Dget_space(handle), &H5Sclose, dataset, "read the dataset's shape");
  context_.check(H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr), dataset,
                 "choose rows");
  const H5Handle memory_space = context_.own(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr),
                                             &H5Sclose, dataset, "choose rows");
  context_.check(H5Dread(handle, h5_type<T>(), memory_space, file_space, H5P_DEFAULT, out.data()), dataset,
                 "read the dataset");
  return out;
}

template std::vector<float> Hdf5Reader::rows(const std::string&, std::size_t, std::size_t) const;
template std::vector<std::uint32_t> Hdf5Reader::rows(const std::string&, std::size_t, std::size_t) const;

std::vector<std::size_t> Hdf5Reader::need_dimensions(const std::string& dataset, std::size_t ndim) const {
  std::vector<std::size_t> size = shape(dataset);
  if (size.size() != ndim)
    context_.refuse(dataset, "expected {} dimensions, found {}. Check the file.", ndim, to_string(size));
  return size;
}

template <class T>
std::vector<T> Hdf5Reader::array1(const std::string& dataset) const {
  return rows<T>(dataset, 0, need_dimensions(dataset, 1)[0]);
}

template <class T>
Array2<T> Hdf5Reader::array2(const std::string& dataset) const {
  const auto size = need_dimensions(dataset, 2);
  return {{size[0], size[1]}, rows<T>(dataset, 0, size[0])};
}

template <class T>
Array3<T> Hdf5Reader::array3(const std::string& dataset) const {
  const auto size = need_dimensions(dataset, 3);
  return {{size[0], size[1], size[2]}, rows<T>(dataset, 0, size[0])};
}

template std::vector<std::int64_t> Hdf5Reader::array1(const std::string&) const;
template std::vector<double> Hdf5Reader::array1(const std::string&) const;
template Array2<float> Hdf5Reader::array2(const std::string&) const;
template Array2<std::uint32_t> Hdf5Reader::array2(const std::string&) const;
template Array3<float> Hdf5Reader::array3(const std::string&) const;

Table Hdf5Reader::table(const std::string& dataset) const {
  const std::size_t nrow = need_dimensions(dataset, 1)[0];
  const H5Handle handle = open(dataset);
  const H5Handle type = context_.own(H5Dget_type(handle), &H5Tclose, dataset, "read the table's type");
  Table table = columns_of(context_, type, dataset);
  table.name = dataset;
  const H5Handle memory = memory_type(context_, table);
  const std::size_t stride = H5Tget_size(memory);
  std::vector<std::byte> bytes(stride * need_plausible(handle, dataset, {nrow}, stride));
  if (nrow > 0)
    context_.check(H5Dread(handle, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), dataset, "read the table");
  take_rows(bytes, nrow, table);
  const auto units = texts(dataset, "column_units"), descriptions = texts(dataset, "column_descriptions");
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i < units.size()) table.columns[i].unit = units[i];
    if (i < descriptions.size()) table.columns[i].description = descriptions[i];
  }
  return table;
}

H5Handle Hdf5Reader::open_attribute(const std::string& object, const std::string& attribute) const {
  if (!has(object) || H5Aexists_by_name(file_, object.c_str(), attribute.c_str(), H5P_DEFAULT) <= 0) return {};
  return {H5Aopen_by_name(file_, object.c_str(), attribute.c_str(), H5P_DEFAULT, H5P_DEFAULT), &H5Aclose};
}

std::vector<std::string> Hdf5Reader::texts(const std::string& object, const std::string& attribute) const {
  std::vector<std::string> out;
  const H5Handle handle = open_attribute(object, attribute);
  if (handle < 0) return out;
  const H5Handle type(H5Aget_type(handle), &H5Tclose), space(H5Aget_space(handle), &H5Sclose);
  const hssize_t n = H5Sget_simple_extent_npoints(space);
  if (H5Tget_class(type) != H5T_STRING || n <= 0) return out;
  const auto count = static_cast<std::size_t>(n);
  if (count > size_ / H5Tget_size(type))
    context_.refuse(object,
                    "expected a text inside the file in the attribute {}, found one of {} times {} bytes: it is "
                    "damaged. Copy the file again, or make it again.",
                    attribute, count, H5Tget_size(type));
  if (H5Tis_variable_str(type) > 0) {
    std::vector<char*> texts(count, nullptr);
    const H5Handle memory = h5_text_type(H5T_VARIABLE);
    H5Tset_cset(memory, H5Tget_cset(type));
    context_.check(H5Aread(handle, memory, texts.data()), object, "read the attribute " + attribute);
    for (const char* text : texts) out.emplace_back(text ? text : "");
    H5Dvlen_reclaim(memory, space, H5P_DEFAULT, texts.data());
  } else {
    const std::size_t size = H5Tget_size(type);
    std::string bytes(count * size, '\0');
    context_.check(H5Aread(handle, type, bytes.data()), object, "read the attribute " + attribute);
    for (std::size_t i = 0; i < count; ++i) out.emplace_back(bytes.substr(i * size, size).c_str());
  }
  return out;
}

std::optional<std::string> Hdf5Reader::text(const std::string& object, const std::string& attribute) const {
  const auto all = texts(object, attribute);
  return all.empty() ? std::nullopt : std::optional(all.front());
}

std::optional<std::int64_t> Hdf5Reader::integer(const std::string& object, const std::string& attribute) const {
  const H5Handle handle = open_attribute(object, attribute);
  if (handle < 0) return std::nullopt;
  const H5Handle type(H5Aget_type(handle), &H5Tclose), space(H5Aget_space(handle), &H5Sclose);
  if (H5Tget_class(type) != H5T_INTEGER || H5Sget_simple_extent_npoints(space) != 1) return std::nullopt;
  std::int64_t value = 0;
  context_.check(H5Aread(handle, H5T_NATIVE_INT64, &value), object, "read the attribute " + attribute);
  return value;
}

}  // namespace zspex::io::detail
